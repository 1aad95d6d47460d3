"""What pulling weights refuses.

PullRefused
├── CatalogueInvalid    a catalogue cannot be read, or one of its entries can't be right
├── NameUnknown         the catalogue has no weights of that name
├── LicenceNotAccepted  a licence with conditions, and nobody said that they are kept
├── AddressInsecure     an address, or one that it leads to, without TLS
├── PullUnderWay        another process fetches the same file
├── DiskRefused         what came cannot be written
└── NotFetched          the file did not come; each says how another machine can fetch it
    ├── Unreachable     no connection to where it lies
    ├── AnswerRefused   the server answers something else than the file
    ├── CutOff          the connection was cut too often; what came is kept
    ├── TooLarge        longer than it may be
    └── ChecksumWrong   not the file that the catalogue speaks of; thrown away
"""

from __future__ import annotations

import shlex
from pathlib import Path

from model_repository.errors import ModelError
from model_repository.pull.catalogue import Listed, import_words, megabytes


class PullRefused(ModelError):  # noqa: N818 - says what is the case
    """Anything that pulling refuses."""


class CatalogueInvalid(PullRefused):
    """A catalogue cannot be read."""

    def __init__(self, path: Path, reason: str) -> None:
        """Hold the file and what is wrong with it."""
        super().__init__(path, reason)
        self.path, self.reason = path, reason

    def __str__(self) -> str:
        """Name both."""
        return f"catalogue {self.path}: {self.reason}"


class NameUnknown(PullRefused):
    """The catalogue has no weights of that name."""

    def __init__(self, name: str, names: tuple[str, ...]) -> None:
        """Hold what was asked for and what there is."""
        super().__init__(name, names)
        self.name, self.names = name, names

    def __str__(self) -> str:
        """Name what there is."""
        return f"the catalogue has no weights {self.name!r}; there are: {', '.join(self.names) or 'none'}"


class LicenceNotAccepted(PullRefused):
    """A licence with conditions was not accepted, or another one was."""

    def __init__(self, listed: Listed, accepted: str) -> None:
        """Hold the entry and the licence that was accepted, '' for none."""
        super().__init__(listed, accepted)
        self.listed, self.accepted = listed, accepted

    def __str__(self) -> str:
        """Name the licence, its condition and how to accept it."""
        told = f", not {self.accepted}" if self.accepted else ""
        condition = f": {self.listed.condition}" if self.listed.condition else ""
        return (
            f"{self.listed.name} is licensed {self.listed.licence}{told}{condition}. Nothing was fetched; if you keep "
            f"to that, say --accept-licence {self.listed.licence}"
        )


class AddressInsecure(PullRefused):
    """An address without TLS, or with credentials in it."""

    def __init__(self, address: str) -> None:
        """Hold the address, without credentials."""
        super().__init__(address)
        self.address = address

    def __str__(self) -> str:
        """Say what is allowed."""
        return f"{self.address} is not fetched: weights come over https, without credentials (http on loopback alone)"


class PullUnderWay(PullRefused):
    """Another process fetches the same file."""

    def __init__(self, path: Path) -> None:
        """Hold the file."""
        super().__init__(path)
        self.path = path

    def __str__(self) -> str:
        """Name the file."""
        return f"{self.path} is being fetched by another process: wait for it"


class DiskRefused(PullRefused):
    """What came cannot be written."""

    def __init__(self, path: Path, reason: str) -> None:
        """Hold the file and the reason."""
        super().__init__(path, reason)
        self.path, self.reason = path, reason

    def __str__(self) -> str:
        """Name both."""
        return f"{self.path} cannot be written: {self.reason}"


class NotFetched(PullRefused):
    """The file did not come."""

    def __init__(self, listed: Listed, reason: str) -> None:
        """Hold the entry and why."""
        super().__init__(listed, reason)
        self.listed, self.reason = listed, reason

    def __str__(self) -> str:
        """Say why, and how to get the file by another machine."""
        return f"{self.listed.name}: {self.reason}. {by_hand(self.listed)}"


class Unreachable(NotFetched):
    """No connection to where the file lies."""


class AnswerRefused(NotFetched):
    """The server answers something else than the file."""


class CutOff(NotFetched):
    """The connection was cut too often."""

    def __init__(self, listed: Listed, done_bytes: int, tries: int, reason: str) -> None:
        """Hold the entry, how much is kept, how often it was tried, and the last reason."""
        kept = f"{megabytes(done_bytes)} are kept, run it again to go on" if done_bytes else "nothing is kept"
        super().__init__(listed, f"given up after {tries} tries ({reason}): {kept}")
        self.done_bytes, self.tries = done_bytes, tries


class TooLarge(NotFetched):
    """The file is longer than it may be."""

    def __init__(self, listed: Listed, size_bytes_max: int) -> None:
        """Hold the entry and the limit."""
        super().__init__(listed, f"what comes is longer than {megabytes(size_bytes_max)}, and was thrown away")
        self.size_bytes_max = size_bytes_max


class ChecksumWrong(NotFetched):
    """Not the file that the catalogue speaks of."""

    def __init__(self, listed: Listed, found: str) -> None:
        """Hold the entry and the SHA-256 of what came."""
        super().__init__(
            listed, f"what came has SHA-256 {found}, the catalogue says {listed.sha256}: it was thrown away"
        )
        self.found = found


def by_hand(listed: Listed) -> str:
    """One sentence: how to get the file by another machine, and how to import it then."""
    file = f"{listed.name}.onnx"
    check = f", compare `sha256sum {file}` with {listed.sha256}" if listed.sha256 else ""
    words = shlex.join(["zool", "models", "import", *import_words(listed, Path(file))])
    return (
        f"On a machine that reaches it run `curl -L -o {file} {shlex.quote(listed.address)}`{check}, "
        f"bring the file here and run `{words}`"
    )

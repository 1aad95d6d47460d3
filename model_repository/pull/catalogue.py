"""The catalogue of public weights: where each file lies, under which licence, and what it is imported as.

Rules of this file
- Pure. What people write is read strictly: an unknown key or an impossible value names itself.
- An entry is no promise of ours about the weights: the licence is that of whoever made them.
"""

from __future__ import annotations

import ipaddress
import re
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
"""Names files, weights and, for a further detector, an ensemble."""

SIZE_BYTES_MAX = 512 * 1024 * 1024
"""How long a file may be whose size the catalogue does not know."""


class Listed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry: weights that lie somewhere in public."""

    name: str
    task: str
    """What they are imported as, where nobody says otherwise."""
    about: str
    address: str
    licence: str
    """As SPDX names it, where it does."""
    accept: bool = False
    """Whether somebody has to say that the licence is kept before anything is fetched."""
    condition: str = ""
    """What the licence asks, in a few words."""
    sha256: str = ""
    """In hex; empty: not known."""
    size_bytes: int = 0
    """Exact; 0: not known."""
    import_: tuple[str, ...] = msgspec.field(default=(), name="import")
    """What `zool models import` has to be told beside."""

    def __post_init__(self) -> None:
        """Refuse what can't be right."""
        if not NAME.fullmatch(self.name):
            raise ValueError(f"name {self.name!r}: 1 to 40 of a-z, 0-9, _ and -, a letter or digit first")
        if not secure(self.address):
            raise ValueError(f"{self.name}: the address must be https, without credentials (http on loopback alone)")
        if self.sha256 and not re.fullmatch(r"[0-9a-f]{64}", self.sha256):
            raise ValueError(f"{self.name}: sha256 must be 64 hexadecimal digits, small ones, or left out")
        if not 0 <= self.size_bytes <= SIZE_BYTES_MAX:
            raise ValueError(f"{self.name}: size_bytes must be 0 to {SIZE_BYTES_MAX}")
        if not self.licence:
            raise ValueError(f"{self.name}: licence must be said")

    @property
    def size_bytes_max(self) -> int:
        """Nothing longer is read."""
        return self.size_bytes or SIZE_BYTES_MAX


class Catalogue(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file of entries."""

    weights: tuple[Listed, ...]

    def __post_init__(self) -> None:
        """Refuse a name that stands there twice."""
        names = [each.name for each in self.weights]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"{twice[0]!r} stands there twice")

    def find(self, name: str) -> Listed | None:
        """The entry of that name."""
        return next((each for each in self.weights if each.name == name), None)


def read(text: str) -> Catalogue:
    """Parse TOML. Raises tomllib.TOMLDecodeError and msgspec.ValidationError."""
    return msgspec.convert(tomllib.loads(text), Catalogue)


def import_words(listed: Listed, file: Path, *, task: str = "", name: str = "") -> list[str]:
    """What `zool models import` is told: the same words for a file that was pulled and for one brought by hand."""
    words = [str(file), "--as", task or listed.task, "--name", name or listed.name, "--licence", listed.licence]
    return [*words, *listed.import_]


def secure(address: str, *, plaintext_loopback: bool = True) -> bool:
    """Whether weights may come from there: https, or http on loopback; never with credentials in the address."""
    try:
        parts = urlsplit(address)
        parts.port  # noqa: B018 - raises for one that can't be
    except ValueError:
        return False
    if not parts.hostname or parts.username is not None or parts.password is not None:
        return False
    return parts.scheme == "https" or (plaintext_loopback and parts.scheme == "http" and loopback(parts.hostname))


def loopback(host: str) -> bool:
    """Whether a name or address is this machine's own."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def megabytes(count: int) -> str:
    """1234567 → '1.2 MB'."""
    return f"{count / 1e6:.1f} MB"


def table(catalogue: Catalogue) -> list[str]:
    """One line for each entry: name, task, licence, size, whether its sum is known, what it is."""
    return [
        f"{each.name:16} {each.task:15} {each.licence:26} {megabytes(each.size_bytes) if each.size_bytes else '-':>8}  "
        f"{'SHA-256 ' + each.sha256[:12] if each.sha256 else 'SHA-256 not known':20}  {each.about}"
        f"{f' (needs --accept-licence {each.licence})' if each.accept else ''}"
        for each in catalogue.weights
    ]

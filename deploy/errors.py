"""What can go wrong while the system is started on one machine.

DeployError
├── PortTaken           another program listens there
├── AlreadyRunning      a second start on the same data folder
├── DataDirUnusable     the folder can't be made or written
├── ProgramMissing      a server is not in this environment
├── AptMissing          a program of the distribution that a benchmark stands beside is not installed
├── ChildFailed         a process that a benchmark measures beside ours ended too early
├── ComponentFailed     a component did not come up; carries the last lines it said
├── SiteMissing         the demo site's clips or truth are not there
├── FileUnusable        a file that a command was given can't be read or written
├── ConfigUnusable      a configuration file says what can't be
├── RendererMissing     what draws scenes is not in this environment
├── PlaintextRefused    a token would leave this machine without TLS
├── AcsRefused          the gRPC stream refused a client for good
├── ApiRefused          the running system refused a request
├── ApiAway             nothing answers where the API is looked for
├── BrokerAway          nothing answers where NATS is looked for
├── BrokerRefused       JetStream refused a call of its API
├── StoreRefused        ClickHouse refused a statement, or does not answer
├── ArchiveUnusable     a file is no whole backup
├── TargetNotEmpty      a backup is put back only where there is nothing
├── NothingChosen       an act on many that does not say on which
├── PasswordsDiffer     a password that was typed twice, differently
└── NothingMeasured     a benchmark ended without a figure
"""

from __future__ import annotations

from pathlib import Path


class DeployError(Exception):
    """Root: `str()` is a sentence that says what is wrong, where, and what to do."""

    exit_code = 2
    """2: it was asked for in a way that can't work; 1: it did not work."""


class PortTaken(DeployError):  # noqa: N818 - named by what happened
    """Another program listens on the port that the user asked for."""

    def __init__(self, host: str, port: int, option: str) -> None:
        self.host, self.port, self.option = host, port, option
        super().__init__(f"port {port} on {host} is taken by another program: stop it or choose another with {option}")


class AlreadyRunning(DeployError):  # noqa: N818 - as above
    """A supervisor already holds the data folder."""

    def __init__(self, data_dir: Path, pid: str) -> None:
        self.data_dir, self.pid = data_dir, pid
        who = f" (process {pid})" if pid else ""
        super().__init__(f"zool already runs on {data_dir}{who}: stop it, or choose another folder with --data-dir")


class DataDirUnusable(DeployError):  # noqa: N818 - as above
    """The data folder can't be made or written."""

    def __init__(self, data_dir: Path, reason: str) -> None:
        self.data_dir, self.reason = data_dir, reason
        super().__init__(f"can't use the data folder {data_dir}: {reason}; choose another with --data-dir")


class ProgramMissing(DeployError):  # noqa: N818 - as above
    """A server that zool starts is not in this environment."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"{name} is not in this environment: install zool with the extra `onebox` (`make install`)")


class AptMissing(DeployError):  # noqa: N818 - as above
    """A program of the distribution is not installed."""

    def __init__(self, program: str, package: str) -> None:
        self.program, self.package = program, package
        super().__init__(f"{program} is not installed, and is measured beside ours: apt-get install {package}")


class ChildFailed(DeployError):  # noqa: N818 - as above
    """A process that is measured beside ours ended too early; what it said stands above."""

    exit_code = 1

    def __init__(self, name: str, code: int | None) -> None:
        self.name, self.code = name, code
        super().__init__(f"{name} ended with code {code} while it was measured: see what it said above")


class ComponentFailed(DeployError):  # noqa: N818 - as above
    """A component did not become ready."""

    exit_code = 1

    def __init__(self, name: str, reason: str, log_file: Path, said: list[str]) -> None:
        self.name, self.reason, self.log_file, self.said = name, reason, log_file, said
        lines = "".join(f"\n    {line}" for line in said)
        super().__init__(f"{name} did not come up: {reason}. Its last lines (all in {log_file}):{lines}")


class SiteMissing(DeployError):  # noqa: N818 - as above
    """The demo site is not complete."""

    def __init__(self, folder: Path, what: str) -> None:
        self.folder, self.what = folder, what
        super().__init__(f"the demo site in {folder} is not complete ({what}): make it with `zool site clips`")


class ApiRefused(DeployError):  # noqa: N818 - as above
    """The running system refused a request."""

    exit_code = 1

    def __init__(self, method: str, path: str, status: int, body: str) -> None:
        self.method, self.path, self.status, self.body = method, path, status, body
        super().__init__(f"{method} {path} was answered with {status}: {body[:300]}")


class ApiAway(DeployError):  # noqa: N818 - as above
    """Nobody answers at the address of the API."""

    exit_code = 1

    def __init__(self, url: str, reason: str) -> None:
        self.url, self.reason = url, reason
        super().__init__(f"{url} does not answer ({reason}): start `zool up`, or name its address with --url")


class BrokerAway(DeployError):  # noqa: N818 - as above
    """Nobody answers at the address of NATS."""

    exit_code = 1

    def __init__(self, url: str, reason: str) -> None:
        self.url, self.reason = url, reason
        super().__init__(f"NATS at {url} does not answer ({reason}): start `zool up`, or see its log")


class BrokerRefused(DeployError):  # noqa: N818 - as above
    """JetStream answered a call of its API with an error."""

    exit_code = 1

    def __init__(self, call: str, code: int, reason: str) -> None:
        self.call, self.code, self.reason = call, code, reason
        super().__init__(f"JetStream refused {call}: {reason} ({code})")


class StoreRefused(DeployError):  # noqa: N818 - as above
    """ClickHouse refused a statement, or does not answer."""

    exit_code = 1

    def __init__(self, where: str, reason: str) -> None:
        self.where, self.reason = where, reason
        super().__init__(f"ClickHouse at {where}: {reason[:400]}")


class ArchiveUnusable(DeployError):  # noqa: N818 - as above
    """A file is no whole backup: nothing was put back."""

    exit_code = 1

    def __init__(self, path: Path, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(f"{path} is no whole backup: {reason}. Nothing was put back")


class TargetNotEmpty(DeployError):  # noqa: N818 - as above
    """A backup is put back only where there is nothing."""

    exit_code = 1

    def __init__(self, where: str, reason: str) -> None:
        self.where, self.reason = where, reason
        super().__init__(f"{where} is not empty ({reason}): a backup is put back only where there is nothing")


class NothingChosen(DeployError):  # noqa: N818 - as above
    """An act on many that does not say on which."""

    def __init__(self, act: str, hint: str) -> None:
        self.act, self.hint = act, hint
        super().__init__(f"{act}: {hint}")


class FileUnusable(DeployError):  # noqa: N818 - as above
    """A file that a command was given is of no use."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(f"{path} {reason}")


class ConfigUnusable(DeployError):  # noqa: N818 - as above
    """`zool config` can't do what it was asked for; 2 is what its plan says of changes."""

    exit_code = 1

    def __init__(self, *faults: str) -> None:
        self.faults = faults
        super().__init__("\n  ".join(faults))


class RendererMissing(DeployError):  # noqa: N818 - as above
    """Scenes are to be drawn, and the dependency group that draws them is not installed."""

    def __init__(self) -> None:
        super().__init__("scenes are drawn by panda3d, which is not installed: uv sync --group train --inexact")


class PlaintextRefused(DeployError):  # noqa: N818 - as above
    """A token would cross a network in the clear."""

    def __init__(self, address: str, instead: str = "use --tls or --ca-file") -> None:
        self.address = address
        super().__init__(f"the token would go to {address} in the clear: {instead}, or say --plaintext if that is fine")


class AcsRefused(DeployError):  # noqa: N818 - as above
    """The gRPC stream refused a client, and would again."""

    exit_code = 1

    def __init__(self, address: str, code: str, words: str) -> None:
        self.address, self.code, self.words = address, code, words
        super().__init__(f"{address} answers {code}: {words}")


class PasswordsDiffer(DeployError):  # noqa: N818 - as above
    """A password was typed twice, differently."""

    def __init__(self) -> None:
        super().__init__("the two passwords differ: nothing was changed, try again")


class NothingMeasured(DeployError):  # noqa: N818 - as above
    """A benchmark ended without a figure."""

    exit_code = 1

    def __init__(self, name: str, window_s: float, logs: Path) -> None:
        self.name, self.window_s, self.logs = name, window_s, logs
        super().__init__(
            f"bench {name}: nothing to measure came in {window_s:.0f} s; measure longer with --for, or see {logs}"
        )

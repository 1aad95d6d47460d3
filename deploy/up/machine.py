"""What the supervisor needs of this machine: the data folder, its lock, passwords, the token, free ports.

Edge (files, sockets).
"""

from __future__ import annotations

import fcntl
import json
import os
import resource
import secrets
import shutil
import socket
import sys
from pathlib import Path

from deploy.errors import AlreadyRunning, DataDirUnusable, PortTaken, ProgramMissing
from deploy.up.plan import ACCOUNTS, KEEPER, LOOPBACK, Ports
from ingest.sealed import new_key


def open_data_dir(path: Path) -> int:
    """Make the folder (0700) and take its lock; returns the lock's descriptor, which must stay open."""
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise DataDirUnusable(path, error.strerror or str(error)) from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        pid = os.read(handle, 32).decode(errors="replace").strip()
        os.close(handle)
        raise AlreadyRunning(path, pid) from None
    os.ftruncate(handle, 0)
    os.write(handle, str(os.getpid()).encode())
    return handle


def passwords(data_dir: Path) -> dict[str, str]:
    """Passwords between the components: made at the first start, kept (0600), never shown."""
    path = data_dir / "passwords.json"
    kept: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    missing = [name for name in (*ACCOUNTS, KEEPER, "clickhouse", "cluster") if name not in kept]
    if missing:
        kept |= {name: secrets.token_urlsafe(24) for name in missing}
        write_private(path, json.dumps(kept))
    return kept


def admin_token(path: Path) -> str:
    """The administrator's token: made at the first start, kept (0600)."""
    if not path.exists():
        write_private(path, secrets.token_urlsafe(32) + "\n")
    return path.read_text().strip()


def secrets_key(path: Path) -> None:
    """The key that credentials of cameras are sealed with: made at the first start, kept (0600)."""
    if not path.exists():
        write_private(path, new_key() + "\n")


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    fresh.replace(path)


def choose_ports(
    api_host: str, api_port: int, acs: tuple[str, int] | None = None, *, kept: Path | None = None
) -> Ports:
    """Free loopback ports for all; of the API and of `acs` (None = there is none) those asked for, 0 = any.

    `kept` is a file that remembers them: what was chosen before is chosen again where it is still free, so that
    Prometheus and Grafana go on finding what runs. Raises `PortTaken` where a wish can't be met.
    """
    refuse_taken(api_host, api_port, option="--port")
    if acs is not None:
        refuse_taken(*acs, option="--acs-port")
    before: list[int] = json.loads(kept.read_text()) if kept is not None and kept.exists() else []
    count = 7 + len(ACCOUNTS)
    free = _free_ports([*before, *[0] * count][:count])
    if kept is not None:
        write_private(kept, json.dumps(free))
    return _ports(free, api_port or free[5], None if acs is None else acs[1] or free[6])


def kept_ports(data_dir: Path) -> Ports | None:
    """Those of the last start (of the API and of gRPC only where they were any); None where there was none."""
    try:
        kept: list[int] = json.loads((data_dir / "ports.json").read_text())
        return _ports(kept, kept[5], kept[6])
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _ports(free: list[int], api: int, acs: int | None) -> Ports:
    return Ports(
        nats=free[0],
        triton_grpc=free[1],
        triton_http=free[2],
        triton_metrics=free[3],
        clickhouse=free[4],
        api=api,
        acs=acs,
        faces=dict(zip(ACCOUNTS, free[7:], strict=True)),
    )


def holder(data_dir: Path) -> int | None:
    """The process that runs on a data folder, as the kernel's table of locks says; None = nobody. Takes no lock."""
    try:
        own = (data_dir / "lock").stat()
        listed = Path("/proc/locks").read_text()
    except OSError:
        return None
    place = f"{os.major(own.st_dev):02x}:{os.minor(own.st_dev):02x}:{own.st_ino}"
    for line in listed.splitlines():
        words = line.split()
        if "FLOCK" in words and place in words:
            return int(words[words.index(place) - 1])
    return None


def _free_ports(wanted: list[int]) -> list[int]:
    """For each wanted port that port if it is free, else any that is."""
    sockets = [socket.socket() for _ in wanted]
    for each, port in zip(sockets, wanted, strict=True):
        try:
            each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(port > 0))
            each.bind((LOOPBACK, port))
        except OSError:
            each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
            each.bind((LOOPBACK, 0))
    free = [int(each.getsockname()[1]) for each in sockets]
    for each in sockets:
        each.close()
    return free


def refuse_taken(host: str, port: int, *, option: str) -> None:
    """Raise `PortTaken`, which names the option, where another program listens; 0 is never taken."""
    if taken(host, port):
        raise PortTaken(host, port, option)


def taken(host: str, port: int) -> bool:
    """Whether a port can't be bound now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False


def free_port() -> int:
    """A loopback port that is free now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def find_nats_server() -> str:
    """The binary beside this Python, or on the path."""
    beside = Path(sys.executable).with_name("nats-server")
    found = str(beside) if beside.exists() else shutil.which("nats-server")
    if not found:
        raise ProgramMissing("nats-server")
    return found


def raise_limits() -> None:
    """As many open files as this user may have."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536) if hard > 0 else 65536, hard))

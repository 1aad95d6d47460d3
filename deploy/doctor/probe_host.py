"""What this machine is, read from it. Edge (files, /proc, ctypes, sockets, one program). Judges nothing."""

from __future__ import annotations

import contextlib
import ctypes
import importlib.metadata
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from deploy.doctor.host import Cards, Clock, Disk, Listener, Machine
from deploy.errors import ProgramMissing
from deploy.up import machine
from model_repository import triton
from model_repository.errors import ModelError

NVIDIA_SMI_S_MAX = 10.0
FOLDERS = ("nats", "clickhouse", "clickhouse-spool", "logs", "spool", "triton", "models")
_EXTRAS = frozenset({"", "onebox", "ingest", "postprocess", "api", "models"})
_REQUIRED = re.compile(r"^([A-Za-z0-9._-]+)(\[[^\]]*\])?")
_EXTRA = re.compile(r"extra\s*==\s*['\"]([^'\"]+)['\"]")
_STA_UNSYNC, _TIME_ERROR = 0x40, 5


def missing_packages() -> list[str]:
    """Distributions that `zool[onebox]` asks for and that are not installed."""
    missing = set()
    for line in importlib.metadata.requires("zool") or ():
        name, extra = _REQUIRED.match(line), _EXTRA.search(line)
        if name is None or name[1] == "zool" or (extra[1] if extra else "") not in _EXTRAS:
            continue
        try:
            importlib.metadata.version(name[1])
        except importlib.metadata.PackageNotFoundError:
            missing.add(name[1])
    return sorted(missing)


def faults_of_programs() -> tuple[str, str]:
    """Why nats-server and Triton can't be started from this environment; empty = they can."""
    faults = ["", ""]
    try:
        machine.find_nats_server()
    except ProgramMissing as error:
        faults[0] = str(error)
    try:
        triton.locate()
    except ModelError as error:
        faults[1] = str(error)
    return faults[0], faults[1]


def computer() -> Machine:
    """Processor and memory as this process may use them."""
    info = Path("/proc/cpuinfo").read_text()
    flags = re.search(r"^flags\s*:\s*(.*)$", info, re.MULTILINE)
    memory = dict(re.findall(r"^(\w+):\s+(\d+) kB$", Path("/proc/meminfo").read_text(), re.MULTILINE))
    whole, free = int(memory["MemTotal"]) * 1024, int(memory["MemAvailable"]) * 1024
    limit = _control_group("memory.max")
    return Machine(
        flags=frozenset(flags[1].split() if flags else ()),
        cores=min(float(len(os.sched_getaffinity(0))), _quota()),
        memory_bytes=min(whole, int(limit)) if limit.isdecimal() else whole,
        available_bytes=min(free, int(limit)) if limit.isdecimal() else free,
    )


def _quota() -> float:
    share, _, period = _control_group("cpu.max").partition(" ")
    return int(share) / int(period) if share.isdecimal() and period.isdecimal() else float("inf")


def _control_group(name: str) -> str:
    try:
        return Path("/sys/fs/cgroup", name).read_text().strip()
    except OSError:
        return ""


def cards() -> Cards:
    """Cards as nvidia-smi names them."""
    driver = Path("/proc/driver/nvidia/version").exists()
    program = shutil.which("nvidia-smi")
    if program is None:
        return Cards(driver=driver, fault="nvidia-smi is not there" if driver else "")
    asked = [program, "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
    try:
        done = subprocess.run(asked, capture_output=True, text=True, timeout=NVIDIA_SMI_S_MAX, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return Cards(driver=driver, fault=str(error))
    if done.returncode:
        return Cards(driver=driver, fault=" ".join((done.stdout + done.stderr).split())[:200])
    return Cards(driver=driver, named=tuple(line.strip() for line in done.stdout.splitlines() if line.strip()))


def decoders(names: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Those of `names` that libav decodes, and kinds of hardware that it knows."""
    try:
        import av  # noqa: PLC0415 - what is broken is told, not raised
        from av.codec.hwaccel import hwdevices_available  # noqa: PLC0415 - as above
    except ImportError:
        return [], []
    there = []
    for name in names:
        try:
            av.Codec(name, "r")
        except ValueError:
            continue
        there.append(name)
    return there, sorted(hwdevices_available())


def disk(path: Path) -> Disk:
    """The file system under a folder (or where it would be made), and what its folders hold."""
    there = next((one for one in (path, *path.absolute().parents) if one.exists()), Path("/"))
    stat, room = os.statvfs(there), shutil.disk_usage(there)
    held = {name: _bytes_under(path / name) for name in FOLDERS if (path / name).is_dir()}
    return Disk(
        path=str(there),
        writable=os.access(there, os.W_OK | os.X_OK) and not stat.f_flag & os.ST_RDONLY,
        free_bytes=room.free,
        total_bytes=room.total,
        inodes_free=stat.f_favail,
        inodes=stat.f_files,
        held_bytes=held,
    )


def _bytes_under(folder: Path) -> int:
    return sum(size for size in (_size(Path(root, name)) for root, _, names in os.walk(folder) for name in names))


def _size(path: Path) -> int:
    try:
        return path.lstat().st_blocks * 512
    except OSError:  # gone meanwhile: a stream's block, a merged part
        return 0


class _Timex(ctypes.Structure):
    """`struct timex` of linux/timex.h, 64 bits."""

    _fields_ = (
        ("modes", ctypes.c_uint), ("offset", ctypes.c_long), ("freq", ctypes.c_long), ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long), ("status", ctypes.c_int), ("constant", ctypes.c_long),
        ("precision", ctypes.c_long), ("tolerance", ctypes.c_long), ("rest", ctypes.c_byte * 256),
    )  # fmt: skip


def clock() -> Clock | None:
    """What the kernel says of its clock; None where it says nothing. Sets nothing (modes = 0)."""
    told = _Timex()
    state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(told))
    if state < 0:
        return None
    synchronised = state != _TIME_ERROR and not told.status & _STA_UNSYNC
    return Clock(synchronised=synchronised, error_us_max=int(told.maxerror))


def listener(host: str, port: int, supervisor: int | None) -> Listener | None:
    """Who listens on a port, as far as /proc tells; None = it can be bound."""
    if not machine.taken(host, port):
        return None
    pid = _owner(port)
    return Listener(pid=pid, command=_command(pid), ours=supervisor is not None and _under(pid, supervisor))


def _owner(port: int) -> int:
    wanted = {f"socket:[{inode}]" for inode in _inodes(port)}
    for folder in Path("/proc").glob("[0-9]*/fd"):
        with contextlib.suppress(OSError):  # another user's, or ended
            if any(_link(entry) in wanted for entry in folder.iterdir()):
                return int(folder.parent.name)
    return 0


def _link(entry: Path) -> str:
    try:
        return os.readlink(entry)  # noqa: PTH115 - the text, not a path
    except OSError:  # closed meanwhile, as that of this very listing
        return ""


def _inodes(port: int) -> Iterator[str]:
    for table in ("tcp", "tcp6"):
        try:
            lines = Path("/proc/net", table).read_text().splitlines()[1:]
        except OSError:
            continue
        for words in (line.split() for line in lines):
            if words[3] == "0A" and int(words[1].rpartition(":")[2], 16) == port:
                yield words[9]


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def _under(pid: int, ancestor: int) -> bool:
    while pid > 1:
        if pid == ancestor:
            return True
        try:
            pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            return False
    return False

"""Reads /proc: the table of processes, what a component uses, what machine this is.

Edge (files).
"""

from __future__ import annotations

import contextlib
import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from deploy.bench.series import Reading
from deploy.bench.usage import Stat, Units, members, parse_stat, total

PROC = Path("/proc")
SHM = Path("/dev/shm")  # noqa: S108 - where shared memory has its names
REGION_PREFIX = "zool_"


def units() -> Units:
    """Of this kernel."""
    return Units(page_bytes=os.sysconf("SC_PAGE_SIZE"), ticks_per_s=os.sysconf("SC_CLK_TCK"))


def table() -> dict[int, Stat]:
    """Every process there is; those that end meanwhile are left out."""
    found = {}
    for entry in os.listdir(PROC):  # noqa: PTH208 - names are all that is needed, every few seconds
        if entry.isdigit():
            with contextlib.suppress(OSError):
                stat = parse_stat((PROC / entry / "stat").read_text(encoding="utf-8", errors="replace"))
                found[stat.pid] = stat
    return found


def readings(heads: Mapping[str, int], alone: Mapping[str, int] = {}) -> dict[str, Reading]:
    """What every component uses now, and the `alone` processes without what they started; who is away is left out."""
    processes, kernel = table(), units()
    groups = {name: (head, members(head, processes)) for name, head in heads.items()}
    groups |= {name: (pid, [processes[pid]] if pid in processes else []) for name, pid in alone.items()}
    found = {}
    for name, (head, inside) in groups.items():
        if inside:
            files = {stat.pid: open_files(stat.pid) for stat in inside}
            found[name] = Reading(head=head, usage=total(inside, files, kernel))
    return found


class Regions(msgspec.Struct, frozen=True, kw_only=True):
    """Shared memory of ours: regions that the system's processes have mapped, and names that no process has."""

    mapped: int
    orphans: tuple[str, ...]


def regions(heads: Mapping[str, int]) -> Regions:
    """Look at /dev/shm; other systems on this machine are told apart by who has a region mapped."""
    names = {path.name for path in SHM.glob(f"{REGION_PREFIX}*")}
    processes = table()
    ours = {stat.pid for head in heads.values() for stat in members(head, processes)}
    mapped = {pid: _mapped(pid) for pid in processes}
    here = set().union(*(found for pid, found in mapped.items() if pid in ours))
    anywhere = set().union(*mapped.values())
    return Regions(mapped=len(here), orphans=tuple(sorted(names - anywhere)))


def _mapped(pid: int) -> set[str]:
    try:
        lines = (PROC / str(pid) / "maps").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return set()
    return {Path(line.split(maxsplit=5)[5]).name for line in lines if f"{SHM}/{REGION_PREFIX}" in line}


def machine() -> dict[str, Any]:
    """What the figures were taken on."""
    lines = (PROC / "cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "cpu": models[0] if models else platform.machine(),
        "cpus": len(os.sched_getaffinity(0)),
        "memory_gb": round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9, 1),
        "kernel": platform.release(),
        "python": platform.python_version(),
    }


def pss_bytes(pid: int) -> int:
    """Memory of a process, shared pages by its share of them (proc_pid_smaps_rollup(5)); raises `OSError`."""
    lines = (PROC / str(pid) / "smaps_rollup").read_text(encoding="ascii", errors="replace").splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def open_files(pid: int) -> int:
    """How many handles a process has; 0 where it is gone."""
    try:
        return len(os.listdir(PROC / str(pid) / "fd"))  # noqa: PTH208 - as above
    except OSError:
        return 0

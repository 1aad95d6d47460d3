"""What processes use, out of the text of /proc.

Pure: text comes in.

Rules
- A component is its head process, all that is in the head's session, and all that descends from these.
- CPU counts a process and the children it has waited for, so that time is not lost when a child ends.
- Resident memory is summed over processes: pages that two of them share count twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

_AFTER_NAME = {"ppid": 1, "session": 3, "utime": 11, "stime": 12, "cutime": 13, "cstime": 14, "threads": 17, "rss": 21}
"""Places in /proc/PID/stat counted behind the name, which may hold blanks and brackets (proc_pid_stat(5))."""


class Stat(msgspec.Struct, frozen=True, kw_only=True):
    """One process, in the kernel's own units."""

    pid: int
    ppid: int
    session: int
    cpu_ticks: int
    threads: int
    rss_pages: int


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """One component at one time."""

    rss_bytes: int = 0
    threads: int = 0
    files: int = 0
    cpu_s: float = 0.0
    processes: int = 0


class Units(msgspec.Struct, frozen=True, kw_only=True):
    """What the kernel counts in."""

    page_bytes: int = 4096
    ticks_per_s: int = 100


def parse_stat(text: str) -> Stat:
    """A line of /proc/PID/stat; raises `ValueError` for anything else."""
    before, bracket, behind = text.rpartition(")")
    fields = behind.split()
    if not bracket or len(fields) <= _AFTER_NAME["rss"]:
        raise ValueError(f"no line of /proc/PID/stat: {text[:80]!r}")
    number = {name: int(fields[place]) for name, place in _AFTER_NAME.items()}
    return Stat(
        pid=int(before.partition(" ")[0]),
        ppid=number["ppid"],
        session=number["session"],
        cpu_ticks=number["utime"] + number["stime"] + number["cutime"] + number["cstime"],
        threads=number["threads"],
        rss_pages=number["rss"],
    )


def members(head: int, table: Mapping[int, Stat]) -> list[Stat]:
    """The processes of a component, head first where it lives."""
    inside = {pid for pid, stat in table.items() if head in {pid, stat.session}}
    fresh = set(inside)
    while fresh:
        fresh = {pid for pid, stat in table.items() if stat.ppid in fresh} - inside
        inside |= fresh
    return sorted((table[pid] for pid in inside), key=lambda stat: (stat.pid != head, stat.pid))


def total(stats: Iterable[Stat], files: Mapping[int, int], units: Units) -> Usage:
    """Sum of some processes; `files` are open files by process, where they could be counted."""
    found = list(stats)
    return Usage(
        rss_bytes=sum(stat.rss_pages for stat in found) * units.page_bytes,
        threads=sum(stat.threads for stat in found),
        files=sum(files.get(stat.pid, 0) for stat in found),
        cpu_s=sum(stat.cpu_ticks for stat in found) / units.ticks_per_s,
        processes=len(found),
    )

"""The last seconds of a stream, coded: what a crop is decoded from when it is wanted. Pure: no I/O, no clock.

Rules
- Groups of pictures are kept whole, from their key frame on: whatever lies in them can be decoded.
- Two streams of one camera are compared by its own clock (RTCP) where both have it, else by arrival.
- Bounded by time and by bytes; what no longer fits goes group by group.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import msgspec

from ingest.clock import Clock

HISTORY_US = 3_000_000
"""So long back a moment can be asked for: how long a look may take, and more."""
BYTES_MAX = 16 * 1024 * 1024
REORDER = 2
"""Packets behind the wanted one that a decoder may need before it gives the picture."""
APART_US_MAX: dict[Clock, int] = {"rtcp": 100_000, "arrival": 250_000}
"""How far a picture may be from the moment: by one clock half a period of 5 fps, by arrival what encoders differ."""


class When(msgspec.Struct, frozen=True, kw_only=True):
    """When a picture was taken: its stamp, whose clock that is, and when it came."""

    captured_us: int
    clock: Clock
    arrival_us: int


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A packet as it came."""

    packet: Any
    key: bool
    size: int
    when: When


def apart_us(one: When, other: When) -> int:
    """How much later `one` was taken than `other`."""
    if one.clock == other.clock == "rtcp":
        return one.captured_us - other.captured_us
    return one.arrival_us - other.arrival_us


def near(one: When, other: When) -> bool:
    """Whether both may pass for one moment."""
    clock: Clock = "rtcp" if one.clock == other.clock == "rtcp" else "arrival"
    return abs(apart_us(one, other)) <= APART_US_MAX[clock]


class Recent:
    """The groups of pictures of a connection."""

    def __init__(self) -> None:
        self._groups: deque[list[Kept]] = deque()
        self.bytes = 0

    def put(self, kept: Kept) -> None:
        """Take the next packet; one before the first key frame is no use."""
        if kept.key:
            self._groups.append([])
        if not self._groups:
            return
        self._groups[-1].append(kept)
        self.bytes += kept.size
        while self._groups and self._too_much(kept.when.arrival_us):
            self.bytes -= sum(each.size for each in self._groups.popleft())

    def _too_much(self, now_us: int) -> bool:
        """Whether the oldest group is too old (the next one covers the history) or there are too many bytes."""
        old = len(self._groups) > 1 and self._groups[1][0].when.arrival_us <= now_us - HISTORY_US
        return old or self.bytes > BYTES_MAX

    def reached(self, moment: When) -> bool:
        """Whether what was taken then is here, and what its decoder needs."""
        return bool(self._groups) and apart_us(self._groups[-1][-1].when, moment) > 0

    def run_to(self, moment: When) -> list[Kept]:
        """What has to be decoded for the picture nearest to a moment, from its key frame on; empty = there is none."""
        placed = [(group, n) for group in self._groups for n in range(len(group))]
        if not placed:
            return []
        group, n = min(placed, key=lambda place: abs(apart_us(place[0][place[1]].when, moment)))
        return group[: n + 1 + REORDER] if near(group[n].when, moment) else []

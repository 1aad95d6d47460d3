"""Which process decides on which cameras: partitions, and who takes over whose. Pure: no I/O, no clock.

Rules
- Cameras fall into `PARTITIONS` parts by a hash of their id; a part belongs to one process at a time.
- A member says every `BEAT_S` that it lives; one of whom nothing new was seen for `TTL_S` *by the observer's own clock*
  is dead, so that clocks of hosts need not agree.
- That clock goes by the observer's own beats as they come back from the broker: while it takes nobody's word (its
  servers elect a leader), nobody's silence counts.
- Shares are fair to one part. A member that has more than its share gives the surplus back, after writing its state.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable, Mapping

import msgspec

from ingest.sharing import TTL_S, Heard

PARTITIONS = 16
MEMBER_PREFIX = "member."
PART_PREFIX = "part."


class Seen(Heard, frozen=True, kw_only=True):
    """A key of the bucket `shares`."""

    owner: str


class Moves(msgspec.Struct, frozen=True, kw_only=True):
    """What a member does next."""

    take: tuple[int, ...] = ()
    give: tuple[int, ...] = ()


def partition_of(camera: str) -> int:
    """The part that a camera belongs to."""
    return zlib.crc32(camera.encode()) % PARTITIONS


def alive(members: Mapping[str, Seen], me: str) -> set[str]:
    """Names of those that live, this one among them, as of the last beat of our own that was seen."""
    now_s = members[me].at_s if me in members else 0.0
    return {me, *(name for name, seen in members.items() if now_s - seen.at_s < TTL_S)}


def moves(parts: Mapping[int, Seen], members: Mapping[str, Seen], me: str, held: Iterable[int]) -> Moves:
    """What to take and what to give back; parts that a member of this very name left behind are free.

    Nothing while no beat of our own was seen: who lives is not known.
    """
    if me not in members:
        return Moves()
    living, mine = alive(members, me), sorted(held)
    share = math.ceil(PARTITIONS / len(living))
    if len(mine) > share:
        return Moves(give=tuple(mine[share:]))
    free = [
        part
        for part in range(PARTITIONS)
        if part not in mine and (part not in parts or parts[part].owner == me or parts[part].owner not in living)
    ]
    return Moves(take=tuple(free[: share - len(mine)]))

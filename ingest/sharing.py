"""Which process watches which cameras: what to take and what to give back. Pure: no I/O, no clock.

Rules
- A member says every `BEAT_S` that it lives; one of whom nothing new was seen for `TTL_S` *by the observer's own clock*
  is dead, so that clocks of hosts need not agree.
- Shares go by capacity (cores), to one camera; a member that has more than its share gives the surplus back.
- A camera is free that nobody holds, whose holder is dead or gone, or that a process of this very name left behind.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping

import msgspec

BEAT_S = 1.0
TTL_S = 5.0
MEMBER_PREFIX = "member."


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """What a member says of itself (bucket `leases`, key `member.<name>`)."""

    nonce: str = ""
    """Tells two processes of one name apart."""
    capacity: float = 1.0


class LeaseValue(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in the bucket for a camera; the revision of its key is the epoch."""

    looked_us: int
    """Since when nobody had looked when the lease was taken."""
    owner: str = ""
    """The member that watches it; empty = it was given back."""


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """A member as it was last seen; `at_s` by the observer's steady clock."""

    capacity: float
    revision: int
    at_s: float


class Moves(msgspec.Struct, frozen=True, kw_only=True):
    """What a member does next."""

    take: tuple[str, ...] = ()
    give: tuple[str, ...] = ()


def alive(members: Mapping[str, Seen], now_s: float) -> dict[str, float]:
    """Capacities of those that live."""
    return {name: seen.capacity for name, seen in members.items() if now_s - seen.at_s < TTL_S}


def share(total: int, living: Mapping[str, float], me: str) -> int:
    """How many cameras of all are this member's."""
    return math.ceil(total * living[me] / sum(living.values()))


def moves(
    wanted: Collection[str],
    owners: Mapping[str, str],
    living: Mapping[str, float],
    *,
    me: str,
    held: Iterable[str],
    held_max: int,
) -> Moves:
    """What to take and what to give back; `living` has this member in it, `owners` whom each lease names."""
    mine = sorted(set(held) & set(wanted))
    most = min(held_max, share(len(wanted), living, me))
    if len(mine) > most:
        return Moves(give=tuple(mine[most:]))
    free = [name for name in sorted(wanted) if name not in mine and owners.get(name, "") not in living.keys() - {me}]
    return Moves(take=tuple(free[: most - len(mine)]))

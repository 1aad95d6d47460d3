"""Which process watches which cameras: what to take and what to give back. Pure: no I/O, no clock.

Rules
- A member says every `BEAT_S` that it lives; one of whom nothing new was seen for `TTL_S` *by the observer's own clock*
  is dead, so that clocks of hosts need not agree.
- That clock goes by the observer's own beats as they come back from the broker: while it takes nobody's word (its
  servers elect a leader, 4 to 9 s), nobody's silence counts.
- Shares go by capacity (cores), to one camera; a member that has more than its share offers the surplus, one that is
  about to end (capacity 0) all it has. It goes on watching until somebody, who watches by then, holds the camera.
- A camera is free that nobody holds, whose holder is dead or gone, or that a process of this very name left behind.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from typing import TypeVar

import msgspec

BEAT_S = 1.0
TTL_S = 5.0
SILENCE_S_MAX = 12.0
"""Longer than an election at the broker may take: only then what is ours counts as somebody else's. Until then both may
look at a camera; readers drop what is of the older epoch."""
MEMBER_PREFIX = "member."


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """What a member says of itself (bucket `leases`, key `member.<name>`)."""

    nonce: str = ""
    """Tells two processes of one name apart."""
    capacity: float = 1.0
    """0 = it ends: it takes nothing more."""
    offers: tuple[str, ...] = ()
    """Cameras that it would give to whoever watches them already."""


class LeaseValue(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in the bucket for a camera; the revision of its key is the epoch."""

    looked_us: int
    """Since when nobody had looked when the lease was taken."""
    owner: str = ""
    """The member that watches it; empty = it was given back."""


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """A key of a bucket by which members know of each other, as last seen; `at_s` by the observer's steady clock."""

    revision: int
    at_s: float


H = TypeVar("H", bound=Heard)


class Seen(Heard, frozen=True, kw_only=True):
    """A member."""

    capacity: float
    offers: tuple[str, ...] = ()


class Moves(msgspec.Struct, frozen=True, kw_only=True):
    """What a member does next."""

    take: tuple[str, ...] = ()
    give: tuple[str, ...] = ()
    """To be offered."""


def alive(members: Mapping[str, Seen], me: str) -> dict[str, float]:
    """Capacities of those that live, as of the last beat of our own that was seen; none while there was none."""
    if me not in members:
        return {}
    now_s = members[me].at_s
    return {name: seen.capacity for name, seen in members.items() if now_s - seen.at_s < TTL_S}


def seen_again(keys: Mapping[str, H], me: str, now_s: float) -> dict[str, H]:
    """All keys, when our own beat (key `me`) comes back: while it was away, nobody else could be heard either."""
    gap_s = now_s - keys[me].at_s - BEAT_S if me in keys else 0.0
    if gap_s < BEAT_S:
        return dict(keys)
    return {key: msgspec.structs.replace(seen, at_s=min(now_s, seen.at_s + gap_s)) for key, seen in keys.items()}


def share(total: int, living: Mapping[str, float], me: str) -> int:
    """How many cameras of all are this member's."""
    return math.ceil(total * living[me] / sum(living.values())) if living[me] > 0.0 else 0


def moves(
    wanted: Collection[str],
    owners: Mapping[str, str],
    living: Mapping[str, float],
    *,
    me: str,
    held: Iterable[str],
    held_max: int,
    offered: Collection[str] = (),
) -> Moves:
    """What to take and what to give back; `living` has this member in it, `owners` whom each lease names.

    Of what others have in `offered`, what is left of the share is taken.
    """
    mine = sorted(set(held) & set(wanted))
    most = min(held_max, share(len(wanted), living, me))
    if len(mine) > most:
        return Moves(give=tuple(mine[most:]))
    free = [name for name in sorted(wanted) if name not in mine and owners.get(name, "") not in living.keys() - {me}]
    there = [name for name in sorted(wanted) if name in offered and name not in mine and name not in free]
    return Moves(take=tuple((free + there)[: most - len(mine)]))

"""Passages paired to stays. Pure: no I/O, no clock.

Rules
- What comes out is a function of the set of passages, never of the order in which they came: cameras don't promise an
  order among each other, reads come late, people correct plates.
- A plate enters, then leaves: a session. A second entry within `repeat_us` is the same one (two cameras at a gate); a
  later one ends the session before without an exit (`no_exit`), and so does `lost_us`. An exit without an entry is a
  session of its own (`no_entry`).
- An exit without an entry and an entry without an exit whose plates differ in one character are one vehicle, if neither
  could be anybody else's and not both were read surely.
- Vehicles without a readable plate are counted: the one that came first left first, and no stay is told.
- Anti-passback (entry of a plate that is inside, exit of one that is not) follows from the pairs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Literal, cast

import msgspec

from postprocess.contract import Parking

State = Literal["open", "closed", "no_exit", "no_entry"]
Flag = Literal["already_inside", "not_inside"]


class Passage(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A vehicle that went in or out."""

    event: str
    at_us: int
    inward: bool
    plate: str
    """As it is compared; empty = not readable."""
    shown: str
    """As it is written."""
    sure: bool
    region: str
    listed: str
    label: str
    version: int = 0
    judged: bool = False
    """A person said so: later versions of the event change nothing."""
    void: bool = False
    """A false alarm: it did not happen."""


class Session(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A stay in the lot."""

    entry: Passage | None
    exit: Passage | None
    state: State
    closed_us: int | None
    alike: bool = False
    """The plates of entry and exit differ in one character."""

    @property
    def key(self) -> str:
        """Id of the event that began it."""
        return self.first.event

    @property
    def first(self) -> Passage:
        """Its entry, or the exit where there is none."""
        return cast("Passage", self.entry or self.exit)

    @property
    def stay_us(self) -> int | None:
        """From entry to exit; None where that is not known."""
        if self.entry is None or self.exit is None or not self.entry.plate:
            return None
        return self.exit.at_us - self.entry.at_us


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for a lot."""

    lot: str
    """Id of its region."""
    capacity: int | None = None
    lost_us: int = 48 * 3600 * 1_000_000
    repeat_us: int = 60 * 1_000_000
    antipassback: Literal["off", "entry", "both"] = "off"


class Paired(msgspec.Struct, frozen=True, kw_only=True):
    """The sessions of a lot, and what is wrong with some passages."""

    sessions: tuple[Session, ...]
    flags: dict[str, Flag]

    def occupied(self, now_us: int, lost_us: int) -> int:
        """How many vehicles are inside: open sessions, less late exits of vehicles that nobody could name."""
        inside = sum(one.state == "open" for one in self.sessions)
        unnamed = (one for one in self.sessions if one.state == "no_entry" and not one.first.plate)
        return max(0, inside - sum(now_us - one.first.at_us <= lost_us for one in unnamed))


def policy_of(lot: str, settings: Parking) -> Policy:
    """The policy of a lot with these settings."""
    return Policy(
        lot=lot,
        capacity=settings.capacity,
        lost_us=round(settings.lost_h * 3600 * 1_000_000),
        repeat_us=round(settings.repeat_s * 1_000_000),
        antipassback=settings.antipassback,
    )


def pair(passages: Iterable[Passage], policy: Policy, now_us: int) -> Paired:
    """All sessions of a set of passages, at a time."""
    by_plate: dict[str, list[Passage]] = {}
    for passage in sorted((one for one in passages if not one.void), key=lambda one: (one.at_us, one.event)):
        by_plate.setdefault(passage.plate, []).append(passage)
    sessions = list(_unnamed(by_plate.pop("", []), policy, now_us))
    flags: dict[str, tuple[Flag, str]] = {}
    for plate in sorted(by_plate):
        sessions += _named(by_plate[plate], policy, now_us, flags)
    joined, gone = _alike(sessions, policy)
    kept = [one for one in sessions if one.key not in gone]
    stand: dict[str, Flag] = {event: flag for event, (flag, on) in flags.items() if on not in gone}
    ordered = sorted((*kept, *joined), key=lambda one: (one.first.at_us, one.key))
    return Paired(sessions=tuple(ordered), flags=stand)


def _named(
    passages: list[Passage], policy: Policy, now_us: int, flags: dict[str, tuple[Flag, str]]
) -> Iterator[Session]:
    """The sessions of one plate; `flags` gets event → what is wrong, and the session that it hangs on."""
    inside: Passage | None = None
    left: Passage | None = None
    for passage in passages:
        if inside is not None and passage.at_us - inside.at_us > policy.lost_us:
            yield _without_exit(inside, inside.at_us + policy.lost_us)
            inside = None
        if passage.inward:
            if inside is not None and passage.at_us - inside.at_us <= policy.repeat_us:
                continue
            if inside is not None:
                yield _without_exit(inside, passage.at_us)
                flags[passage.event] = ("already_inside", inside.event)
            inside, left = passage, None
        elif inside is not None:
            yield Session(entry=inside, exit=passage, state="closed", closed_us=passage.at_us)
            inside, left = None, passage
        elif left is None or passage.at_us - left.at_us > policy.repeat_us:
            yield Session(entry=None, exit=passage, state="no_entry", closed_us=passage.at_us)
            flags[passage.event] = ("not_inside", passage.event)
            left = passage
    if inside is not None:
        yield _standing(inside, policy, now_us)


def _unnamed(passages: list[Passage], policy: Policy, now_us: int) -> Iterator[Session]:
    """Vehicles without plates: first in, first out."""
    inside: deque[Passage] = deque()
    for passage in passages:
        while inside and passage.at_us - inside[0].at_us > policy.lost_us:
            yield _standing(inside.popleft(), policy, passage.at_us)
        if passage.inward:
            inside.append(passage)
        elif inside:
            yield Session(entry=inside.popleft(), exit=passage, state="closed", closed_us=passage.at_us)
        else:
            yield Session(entry=None, exit=passage, state="no_entry", closed_us=passage.at_us)
    for passage in inside:
        yield _standing(passage, policy, now_us)


def _standing(entry: Passage, policy: Policy, now_us: int) -> Session:
    """A vehicle that has not left: inside, or lost."""
    if now_us - entry.at_us > policy.lost_us:
        return _without_exit(entry, entry.at_us + policy.lost_us)
    return Session(entry=entry, exit=None, state="open", closed_us=None)


def _without_exit(entry: Passage, closed_us: int) -> Session:
    return Session(entry=entry, exit=None, state="no_exit", closed_us=closed_us)


def _alike(sessions: list[Session], policy: Policy) -> tuple[list[Session], set[str]]:
    """Sessions joined by plates that differ in one character, and the keys of those that they replace."""
    orphans = [one for one in sessions if one.state == "no_entry" and one.first.plate]
    begun: dict[str, list[Session]] = {}
    for one in sessions if orphans else []:
        if one.exit is None and one.first.plate:
            for mask in _masks(one.first.plate):
                begun.setdefault(mask, []).append(one)
    choices = {
        end.key: [one for mask in _masks(end.first.plate) for one in begun.get(mask, ()) if _fits(one, end, policy)]
        for end in orphans
    }
    wooed: dict[str, int] = {}
    for found in choices.values():
        for one in found:
            wooed[one.key] = wooed.get(one.key, 0) + 1
    joined, gone = [], set[str]()
    for end in orphans:
        found = choices[end.key]
        if len(found) == 1 and wooed[found[0].key] == 1:
            last = end.first
            joined.append(Session(entry=found[0].entry, exit=last, state="closed", closed_us=last.at_us, alike=True))
            gone |= {end.key, found[0].key}
    return joined, gone


def _masks(plate: str) -> list[str]:
    return [f"{plate[:place]}?{plate[place + 1 :]}" for place in range(len(plate))]


def _fits(begun: Session, end: Session, policy: Policy) -> bool:
    first, last = begun.first, end.first
    until_us = first.at_us + policy.lost_us if begun.closed_us is None else begun.closed_us
    return first.at_us < last.at_us <= until_us and not (first.sure and last.sure)

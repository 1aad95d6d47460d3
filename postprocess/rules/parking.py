"""Who stands in a lot: passages of its cameras paired to sessions. Pure: no I/O, no clock.

`step(memory, input, policy) -> (memory, events)`. The input are final vehicle events of all cameras of the lot,
feedback on them, and ticks.

Rules
- After each input all pairs are made anew (`stays`); what differs from what was said is a newer version, what is no
  longer so is withdrawn. So what stands in the end does not depend on the order of the inputs.
- Whether the lot is full is told as it happens, and not corrected afterwards.
- A plate is forgotten, by a tick, when its last passage is older than twice `lost_us`: nothing can be paired with it
  any more.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, cast

import msgspec

from postprocess.contract import PARKING, Event, event_id, feedback_of, lot_token
from postprocess.plates import canonical
from postprocess.rules.lots import Flag, Paired, Passage, Policy, Session, pair
from postprocess.rules.scene import Memory, Tick

PASSAGES_MAX = 8192
"""Of one lot; beyond it the plates that moved longest ago are forgotten."""
SESSION, FULL, ANTIPASSBACK = "parking_session", "parking_full", "antipassback"
PASSAGE_KINDS = ("vehicle_entry", "vehicle_exit")
WITHDRAWN = "withdrawn"


class Said(msgspec.Struct, kw_only=True, array_like=True):
    """What was last said under an id; `what` None = it was withdrawn."""

    version: int
    what: Session | None


class Warned(msgspec.Struct, kw_only=True, array_like=True):
    """An anti-passback that was said; `flag` empty = it was withdrawn."""

    version: int
    flag: Flag | Literal[""]
    passage: Passage


class Full(msgspec.Struct, kw_only=True, array_like=True):
    """The last time that the lot was full."""

    opened_us: int
    version: int = 0
    over: bool = False


class LotMemory(Memory, kw_only=True):
    """All that is remembered of a lot."""

    now_us: int = 0
    passages: dict[str, Passage] = {}
    """By event id."""
    said: dict[str, Said] = {}
    warned: dict[str, Warned] = {}
    full: Full | None = None
    forgotten: int = 0
    """Passages that fell off the limit."""


def step(memory: LotMemory, message: Event | Tick, policy: Policy) -> tuple[LotMemory, list[Event]]:
    """Take a final passage, a word on one, or time; `memory` is used up and handed back."""
    if isinstance(message, Tick):
        memory.now_us = max(memory.now_us, message.now_us)
    elif not _take(memory, message):
        return memory, []
    paired = pair(memory.passages.values(), policy, memory.now_us)
    said = [*_sessions(memory, paired, policy), *_warnings(memory, paired, policy), *_full(memory, paired, policy)]
    if isinstance(message, Tick) or len(memory.passages) > PASSAGES_MAX:
        _forget(memory, paired, policy)
    return memory, said


def _take(memory: LotMemory, event: Event) -> bool:
    """Remember a passage or a correction; False = it says nothing new."""
    feedback = feedback_of(event)
    if feedback is not None:
        known = memory.passages.get(feedback.event_id)
        if known is None or feedback.verdict not in {"corrected", "false_alarm"}:
            return False
        void, plate = (
            feedback.verdict == "false_alarm",
            known.shown if feedback.verdict == "false_alarm" else feedback.plate,
        )
        memory.passages[known.event] = msgspec.structs.replace(
            known, plate=canonical(plate), shown=plate, sure=True, judged=True, void=void
        )
        return True
    known = memory.passages.get(event.event_id)
    if event.kind not in PASSAGE_KINDS or not event.final or (known is not None and known.version >= event.version):
        return False
    if known is not None and known.judged:
        return False
    memory.passages[event.event_id] = Passage(
        event=event.event_id,
        at_us=event.opened_at_us,
        inward=event.direction == "entry",
        plate=canonical(event.plate),
        shown=event.plate,
        sure=event.plate_sure,
        region=event.plate_region,
        listed=event.listed,
        label=event.label,
        version=event.version,
    )
    memory.now_us = max(memory.now_us, event.opened_at_us)
    return True


def _forget(memory: LotMemory, paired: Paired, policy: Policy) -> None:
    """What nothing can be paired with any more, a plate with all its passages; then those that moved longest ago."""
    groups = _groups(memory, paired)
    ages = {name: max(passage.at_us for passage in group) for name, group in groups.items()}
    for one in paired.sessions:
        if one.alike and one.entry is not None and one.exit is not None:
            names = (one.entry.plate, one.exit.plate)
            ages.update(dict.fromkeys(names, max(ages[name] for name in names)))
    kept = len(memory.passages)
    for name in sorted(groups, key=lambda name: (ages[name], name)):
        old = memory.now_us - ages[name] > 2 * policy.lost_us
        if not old and kept <= PASSAGES_MAX:
            break
        kept -= len(groups[name])
        memory.forgotten += 0 if old else len(groups[name])
        for passage in groups[name]:
            for by_event in (memory.passages, memory.said, memory.warned):
                by_event.pop(passage.event, None)


def _groups(memory: LotMemory, paired: Paired) -> dict[str, list[Passage]]:
    """Passages that are remembered and forgotten together: those of a plate, or of the stay of an unnamed vehicle."""
    stays = {
        passage.event: one.key
        for one in paired.sessions
        if not one.first.plate
        for passage in (one.entry, one.exit)
        if passage is not None
    }
    groups: dict[str, list[Passage]] = {}
    for passage in memory.passages.values():
        groups.setdefault(passage.plate or stays.get(passage.event, passage.event), []).append(passage)
    return groups


def _sessions(memory: LotMemory, paired: Paired, policy: Policy) -> Iterator[Event]:
    """What has changed since it was said."""
    now = {one.key: one for one in paired.sessions}
    for key in sorted(memory.said.keys() - now.keys()):
        said = memory.said[key]
        if said.what is not None:
            yield _session_event(said.what, said.version + 1, policy, withdrawn=True)
            said.version, said.what = said.version + 1, None
    for key, one in now.items():
        before = memory.said.get(key)
        if before is not None and before.what is not None and _same(before.what, one, policy):
            continue
        version = 1 if before is None else before.version + 1
        memory.said[key] = Said(version=version, what=one)
        yield _session_event(one, version, policy)


def _same(one: Session, two: Session, policy: Policy) -> bool:
    """Whether two sessions say the same: passages may be newer and no different."""
    return one == two or _session_event(one, 0, policy) == _session_event(two, 0, policy)


def _session_event(one: Session, version: int, policy: Policy, *, withdrawn: bool = False) -> Event:
    first, stay_us = one.first, one.stay_us
    why = "" if one.state in {"open", "closed"} else one.state
    return Event(
        event_id=_id(policy, SESSION, one.key),
        version=version,
        kind=SESSION,
        camera=lot_token(policy.lot),
        opened_at_us=first.at_us,
        closed_at_us=first.at_us if withdrawn else one.closed_us,
        final=withdrawn or one.state != "open",
        function=PARKING,
        rule=policy.lot,
        track=one.exit.event if one.exit is not None else "",
        label=first.label,
        plate=first.shown,
        plate_region=first.region,
        plate_sure=first.sure,
        listed=first.listed,
        cause=WITHDRAWN if withdrawn else why or ("alike" if one.alike else ""),
        value=None if stay_us is None or withdrawn else round(stay_us / 1e6, 3),
        about=one.entry.event if one.entry is not None else "",
    )


def _warnings(memory: LotMemory, paired: Paired, policy: Policy) -> Iterator[Event]:
    """Anti-passback: new, changed, withdrawn."""
    wanted = {"off": (), "entry": ("already_inside",), "both": ("already_inside", "not_inside")}[policy.antipassback]
    flags = {event: flag for event, flag in paired.flags.items() if flag in wanted}
    for event in sorted(flags.keys() | memory.warned.keys()):
        passage, flag = memory.passages[event], cast("Flag | Literal['']", flags.get(event, ""))
        warned = memory.warned.setdefault(event, Warned(version=0, flag="", passage=passage))
        same = not flag or passage == msgspec.structs.replace(warned.passage, version=passage.version)
        if warned.flag == flag and same:
            continue
        warned.version, warned.flag, warned.passage = warned.version + 1, flag, passage
        yield Event(
            event_id=_id(policy, ANTIPASSBACK, event),
            version=warned.version,
            kind=ANTIPASSBACK,
            camera=lot_token(policy.lot),
            opened_at_us=passage.at_us,
            closed_at_us=passage.at_us,
            final=True,
            function=PARKING,
            rule=policy.lot,
            direction="entry" if passage.inward else "exit",
            label=passage.label,
            plate=passage.shown,
            plate_region=passage.region,
            plate_sure=passage.sure,
            listed=passage.listed,
            severity="warning" if flag else "info",
            cause=flag or WITHDRAWN,
            about=event,
        )


def _full(memory: LotMemory, paired: Paired, policy: Policy) -> Iterator[Event]:
    """The lot is full as of now; told as it happens and not corrected afterwards."""
    occupied = paired.occupied(memory.now_us, policy.lost_us)
    full = policy.capacity is not None and occupied >= policy.capacity
    if full == (memory.full is not None and not memory.full.over):
        return
    if memory.full is None or (full and memory.full.opened_us != memory.now_us):
        memory.full = Full(opened_us=memory.now_us)
    memory.full.version, memory.full.over = memory.full.version + 1, not full
    opened_us = memory.full.opened_us
    yield Event(
        event_id=_id(policy, FULL, policy.lot, opened_us),
        version=memory.full.version,
        kind=FULL,
        camera=lot_token(policy.lot),
        opened_at_us=opened_us,
        closed_at_us=None if full else max(memory.now_us, opened_us),
        final=not full,
        function=PARKING,
        rule=policy.lot,
        severity="warning" if full else "info",
        value=float(occupied),
    )


def _id(policy: Policy, kind: str, subject: str, occurrence: int = 0) -> str:
    return event_id(
        camera=lot_token(policy.lot),
        function=PARKING,
        rule=policy.lot,
        kind=kind,
        subject=subject,
        occurrence=occurrence,
    )

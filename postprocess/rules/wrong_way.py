"""Against the allowed way: over a line, or through a zone. Pure: no I/O, no clock.

Rules
- A line allows the way that is its `entry`. Whoever crosses it the other way and then gets `travel_min` away from
  where that was makes one event; who turns back over the line before makes none.
- In a zone the allowed way is a heading. Whoever has gone `travel_min` from where it came in, within `ANGLE_DEG` of
  the opposite way, makes one event per stay.
"""

from __future__ import annotations

import math

import msgspec

from postprocess.contract import Event, Read, event_id
from postprocess.geometry import bottom_centre, distance
from postprocess.rules import cases
from postprocess.rules.lines import Crossed, LinePolicy, LineScene, Seen, cross
from postprocess.rules.scene import Input, Note, Output, Tick, track_key
from postprocess.rules.schedule import holds
from postprocess.rules.zones import Look, Visit, Visited

ANGLE_DEG = 60.0


class WrongWayPolicy(LinePolicy, frozen=True, kw_only=True):
    """Which way is allowed."""

    heading_deg: float = 0.0
    """In zones: 0 = up the picture, 90 = to the right, 180 = down."""
    way_min: float = 0.05
    """How far against it, frame heights."""


class WrongWayMemory(LineScene, kw_only=True):
    """What is remembered of a camera."""

    pending: dict[str, Crossed] = {}
    """Thing and line → its crossing."""


def step(memory: WrongWayMemory, message: Input, policy: WrongWayPolicy) -> tuple[WrongWayMemory, list[Output]]:
    """Take one input; `memory` is used up and handed back."""
    outputs: list[Output] = []
    aspect = 1.0
    if isinstance(message, Read):
        outputs += cases.hear(memory, message, policy)
    elif not isinstance(message, Tick):
        aspect = message.width / max(1, message.height)
    for happened in cross(memory, message, policy):
        match happened:
            case Note():
                outputs.append(happened)
            case Crossed():
                _crossed(memory, happened, policy)
                outputs += _gone_on(memory, happened.root, happened.look, policy, aspect)
            case Seen():
                outputs += _gone_on(memory, happened.thing.root, happened.look, policy, aspect)
            case Visited():
                outputs += _in_zone(memory, happened, policy, aspect)
    alive = memory.things.keys() | {root for walker in memory.walkers.values() for root in walker.origins}
    memory.pending = {key: one for key, one in memory.pending.items() if one.root in alive}
    cases.tidy(memory, policy)
    return memory, outputs


def _crossed(memory: WrongWayMemory, crossed: Crossed, policy: WrongWayPolicy) -> None:
    key = f"{crossed.line.id}/{crossed.root}"
    if crossed.direction == "entry":
        for root in (crossed.root, *memory.walkers[crossed.root].origins):
            memory.pending.pop(f"{crossed.line.id}/{root}", None)
    elif holds(policy.schedule, crossed.at_us, policy.timezone):
        memory.pending[key] = crossed


def _gone_on(memory: WrongWayMemory, root: str, look: Look, policy: WrongWayPolicy, aspect: float) -> list[Output]:
    """Whether somebody who crossed the wrong way is far enough behind the line by now."""
    outputs: list[Output] = []
    roots = {root, *(memory.walkers[root].origins if root in memory.walkers else ())}
    for key, one in list(memory.pending.items()):
        line = one.line
        if one.root in roots and _behind(one, look, aspect) >= policy.way_min:
            del memory.pending[key]
            told = _event(memory, look, policy, rule=line.id, root=one.root, occurrence=one.occurrence)
            told = msgspec.structs.replace(told, label=memory.things[root].label)
            at_us = one.at_us
            told = msgspec.structs.replace(told, direction="exit", opened_at_us=at_us, closed_at_us=at_us)
            outputs += cases.open_case(memory, told.event_id, told, [track_key(look.epoch, look.track)])
    return outputs


def _behind(one: Crossed, look: Look, aspect: float) -> float:
    """How far from the line a thing is, on the side that it crossed to, frame heights."""
    line = one.line
    forward = line.entry != "forward"  # an exit is what goes the other way
    away = distance((line.a, line.b), bottom_centre(look.box), aspect)
    return away if forward else -away


def _in_zone(memory: WrongWayMemory, happened: Visited, policy: WrongWayPolicy, aspect: float) -> list[Output]:
    visit, look = happened.visit, happened.look
    if look is None or visit.said_version or not _against(visit, look, policy, aspect):
        return []
    visit.said_version = 1
    told = _event(memory, look, policy, rule=visit.zone, root=visit.root, occurrence=visit.occurrence)
    told = msgspec.structs.replace(told, closed_at_us=told.opened_at_us, label=visit.label)
    return cases.open_case(memory, visit.key, told, cases.tracks_of(visit, look))


def _against(visit: Visit, look: Look, policy: WrongWayPolicy, aspect: float) -> bool:
    (x1, y1), (x2, y2) = bottom_centre(visit.first.box), bottom_centre(look.box)
    right, down = (x2 - x1) * aspect, y2 - y1
    way = math.hypot(right, down)
    if way < policy.way_min:
        return False
    heading = math.radians(policy.heading_deg)
    along = (right * math.sin(heading) - down * math.cos(heading)) / way
    return along <= -math.cos(math.radians(ANGLE_DEG))


def _event(
    memory: WrongWayMemory, look: Look, policy: WrongWayPolicy, *, rule: str, root: str, occurrence: int
) -> Event:
    return cases.event_of(
        memory,
        look,
        policy,
        event_id=event_id(
            camera=memory.camera,
            function="wrong_way",
            rule=rule,
            kind="wrong_way",
            subject=root,
            occurrence=occurrence,
        ),
        kind="wrong_way",
        function="wrong_way",
        rule=rule,
        final=True,
        confidence=look.confidence,
    )

"""Clips of which it is known what must be told of them: rendered ones by their facts, real ones by people's counting.

Pure: no I/O, no clock.

Rules
- A clip of `zool site trials` has facts (`Facts`): where everybody's foot is at which time, what they wear, a line and
  a zone. What must be told follows from them by the geometry of `scenes`, by nothing of the rules.
- A real clip has its lines, zones and counted events in one file (`real/<clip>.json`, a `Clip`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from deploy.truth.scenes import Expected, Scene, Walk, crossed, crowded, stays
from ingest.contract import Point
from postprocess.contract import Line, Zone

LOITER_S, HOLD_S, LIMIT, SHORTEST_S = 10.0, 3.0, 2, 2.5
WORN_AFTER_S = 12.0
"""So long after somebody's first sight the equipment that is missing must have been told at the latest."""
SPLIT_S = 0.5
"""Who is not in the picture for longer than this comes again."""


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """What one function must tell of a clip."""

    name: str
    """Under which it is counted: the function, and what of it."""
    function: str
    settings: dict[str, Any]
    expected: tuple[Expected, ...] = ()


class Clip(msgspec.Struct, frozen=True, kw_only=True):
    """A clip and all that it is measured for; `file` lies in the folder of the clips."""

    file: str
    cases: tuple[Case, ...]
    note: str = ""
    until_s: float | None = None
    """Only the clip's beginning; None = all of it."""


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody, or a vehicle: `stops` are (second, x, y) of the foot while it is in the picture."""

    name: str
    label: str
    plate: str = ""
    worn: dict[str, bool] = {}
    stops: tuple[tuple[float, float, float], ...] = ()


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """All that is true of a rendered clip."""

    name: str
    seconds: float
    kinds: tuple[str, ...]
    line: tuple[Point, Point]
    zone: tuple[Point, ...]
    subjects: tuple[Subject, ...]


def clip_of(facts: Facts) -> Clip:
    """The cases of a rendered clip."""
    scene = Scene(walks=tuple(walk for each in facts.subjects for walk in _walks(each)), seconds=facts.seconds)
    line = Line(id="line", a=facts.line[0], b=facts.line[1])
    zone = Zone(id="zone", points=facts.zone)
    return Clip(
        file=f"{facts.name}.mp4",
        cases=tuple(
            Case(name=kind, function=kind.split()[0], settings=settings, expected=tuple(expected))
            for kind in facts.kinds
            for settings, expected in [_CASES[kind](facts, scene, line, zone)]
        ),
    )


Made = tuple[dict[str, Any], list[Expected]]


def _lines(line: Line, **more: Any) -> dict[str, Any]:
    return {"lines": [msgspec.to_builtins(line)], **more}


def _zones(zone: Zone, **more: Any) -> dict[str, Any]:
    return {"zones": [msgspec.to_builtins(zone)], **more}


def _crossings(kinds: dict[str, str], **more: Any) -> Callable[[Facts, Scene, Line, Zone], Made]:
    return lambda _, scene, line, __: (_lines(line, **more), crossed(scene, line, kinds))


def _stays(kind: str, **more: Any) -> Callable[[Facts, Scene, Line, Zone], Made]:
    return lambda _, scene, __, zone: (_zones(zone, **more), stays(scene, zone, kind, SHORTEST_S))


def _loitering(_: Facts, scene: Scene, __: Line, zone: Zone) -> Made:
    return _zones(zone, dwell_s=LOITER_S), stays(scene, zone, "loitering", LOITER_S, after_s=LOITER_S)


def _occupancy(_: Facts, scene: Scene, __: Line, zone: Zone) -> Made:
    return _zones(zone, limit=LIMIT, hold_s=HOLD_S), crowded(scene, zone, LIMIT, HOLD_S)


def _ppe(facts: Facts, _: Scene, __: Line, ___: Zone) -> Made:
    expected = [
        Expected(
            kind="ppe_violation",
            rule="",
            at_s=each.stops[0][0],
            until_s=each.stops[0][0] + WORN_AFTER_S,
            missing=missing,
        )
        for each in facts.subjects
        if each.stops and (missing := tuple(sorted(item for item, worn in each.worn.items() if not worn)))
    ]
    return {"visits": False}, expected


_CASES: dict[str, Callable[[Facts, Scene, Line, Zone], Made]] = {
    "counting": _crossings(dict.fromkeys(("entry", "exit"), "count_crossing")),
    "attendance lines": _crossings({"entry": "person_entry", "exit": "person_exit"}),
    "attendance zones": _stays("presence"),
    "wrong_way": _crossings({"exit": "wrong_way"}),
    "vehicles": _crossings({"entry": "vehicle_entry", "exit": "vehicle_exit"}, confidence_ratio=0.35),
    "intrusion": _stays("intrusion"),
    "loitering": _loitering,
    "occupancy": _occupancy,
    "object": _stays("object_detected", class_list=["car", "truck", "bus"], confidence_ratio=0.35),
    "ppe": _ppe,
}
KINDS = tuple(_CASES)


def _walks(subject: Subject) -> list[Walk]:
    """Its ways through the picture, one for each time that it is there."""
    found: list[list[tuple[float, float, float]]] = []
    for stop in subject.stops:
        if found and stop[0] - found[-1][-1][0] <= SPLIT_S:
            found[-1].append(stop)
        else:
            found.append([stop])
    return [Walk(name=subject.name, label=subject.label, stops=tuple(stops)) for stops in found]

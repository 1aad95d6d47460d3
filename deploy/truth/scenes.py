"""Scenes of things that go their ways, and what must be told of them. Pure: no I/O, no clock; chance by seed.

Rules
- The truth is computed from the ways alone, by its own plain geometry, twenty times a second.
- What is a matter of taste (a foot on the rim, a stay about as long as the limit) is no part of a scene: such ways
  are drawn again.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise

import msgspec

from ingest.contract import Box, Point
from postprocess.contract import Line, Zone

WIDTH, HEIGHT = 1280, 720
ASPECT = WIDTH / HEIGHT
SAMPLE_S = 0.05
DRAWS_MAX, SCENES_MAX = 500, 10
DOORS_X = (0.02, 0.98)
"""Where persons come and go: at the sides of the picture."""
HIDDEN_PART, HIDDEN_S_MAX = 0.5, 3
"""A box of which more is covered can't be told, for seconds in a row."""
WELL = 0.05
"""Deeper in a zone than this, nobody doubts it; frame heights."""

YARD = Zone(id="yard", points=((0.25, 0.45), (0.75, 0.40), (0.80, 0.80), (0.20, 0.85)))
GATE = Line(id="gate", a=(0.1, 0.6), b=(0.9, 0.6))
"""Downwards is an entry."""


class Walk(msgspec.Struct, frozen=True, kw_only=True):
    """A thing: where its foot is at which second, straight in between; not there before and after."""

    name: str
    label: str
    stops: tuple[tuple[float, float, float], ...]
    """(second, x, y), in order of time."""

    def foot(self, at_s: float) -> Point | None:
        """Where it stands; None where it is not in the scene."""
        for (t1, x1, y1), (t2, x2, y2) in pairwise(self.stops):
            if t1 <= at_s <= t2:
                part = (at_s - t1) / (t2 - t1)
                return (x1 + (x2 - x1) * part, y1 + (y2 - y1) * part)
        return None


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """Things, for so many seconds."""

    walks: tuple[Walk, ...]
    seconds: float


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """An event that must be told: its kind, rule, direction, and when it opens at the earliest and the latest."""

    kind: str
    rule: str
    at_s: float
    until_s: float
    direction: str = ""
    missing: tuple[str, ...] = ()
    """Equipment that is not worn."""


Span = tuple[float, float]
Fits = Callable[[Walk], bool]


def box_of(foot: Point) -> Box:
    """A person whose foot is there: the lower in the picture, the nearer and taller."""
    tall = 0.08 + 0.3 * max(0.0, foot[1])
    wide = 0.4 * tall / ASPECT
    return (foot[0] - wide / 2, foot[1] - tall, foot[0] + wide / 2, foot[1])


def inside(zone: Zone, point: Point) -> bool:
    """Even-odd."""
    x, y = point
    odd = False
    for (x1, y1), (x2, y2) in zip(zone.points, zone.points[1:] + zone.points[:1], strict=True):
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) / (y2 - y1) * (x2 - x1):
            odd = not odd
    return odd


def spans(walk: Walk, zone: Zone) -> list[Span]:
    """From when to when it is in a zone."""
    found: list[list[float]] = []
    for at_s, foot in _samples(walk):
        if not inside(zone, foot):
            continue
        if found and at_s - found[-1][1] < 1.5 * SAMPLE_S:
            found[-1][1] = at_s
        else:
            found.append([at_s, at_s])
    return [(since, until) for since, until in found]


def doubtless(walk: Walk, zone: Zone, span: Span) -> float:
    """From when on it is well inside."""
    return min(_well(walk, zone, span), default=span[1])


def crossings(walk: Walk, line: Line) -> list[tuple[float, str]]:
    """When it crosses a line, and which way."""
    found: list[tuple[float, str]] = []
    before: tuple[float, float] | None = None
    for at_s, foot in _samples(walk):
        here = (_side(line, foot), _along(line, foot))
        if before is not None and before[0] * here[0] < 0 and 0.0 <= here[1] <= 1.0:
            forward = here[0] > 0
            found.append((at_s, "entry" if forward == (line.entry == "forward") else "exit"))
        before = here if here[0] != 0 else before
    return found


def crowd_spans(walks: tuple[Walk, ...], zone: Zone, limit: int, seconds: float) -> list[Span]:
    """From when to when there are more than `limit` in a zone."""
    stays = [span for walk in walks for span in spans(walk, zone)]
    found: list[list[float]] = []
    for number in range(round(seconds / SAMPLE_S)):
        at_s = number * SAMPLE_S
        if sum(since <= at_s <= until for since, until in stays) <= limit:
            continue
        if found and at_s - found[-1][1] < 1.5 * SAMPLE_S:
            found[-1][1] = at_s
        else:
            found.append([at_s, at_s])
    return [(since, until) for since, until in found]


def stays(scene: Scene, zone: Zone, kind: str, shortest_s: float, *, after_s: float = 0.0) -> list[Expected]:
    """An event for each stay of `shortest_s` or more, told when it has lasted for `after_s`."""
    return [
        Expected(kind=kind, rule=zone.id, at_s=since + after_s, until_s=doubtless(walk, zone, (since, until)) + after_s)
        for walk in scene.walks
        for since, until in spans(walk, zone)
        if until - since >= shortest_s
    ]


def crossed(scene: Scene, line: Line, kinds: Mapping[str, str]) -> list[Expected]:
    """An event for each crossing; `kinds`: way → kind, other ways are no events."""
    return [
        Expected(kind=kinds[way], rule=line.id, at_s=at_s, until_s=at_s, direction=way)
        for walk in scene.walks
        for at_s, way in crossings(walk, line)
        if way in kinds
    ]


def crowded(scene: Scene, zone: Zone, limit: int, hold_s: float) -> list[Expected]:
    """An event for each span in which there are too many for longer than `hold_s`."""
    return [
        Expected(kind="occupancy_exceeded", rule=zone.id, at_s=since, until_s=since + hold_s)
        for since, until in crowd_spans(scene.walks, zone, limit, scene.seconds)
        if until - since > hold_s
    ]


def stays_clear(zone: Zone, *, shortest_s: float, brief_s: float = 0.5, apart_s: float = 9.0) -> Fits:
    """Ways whose stays are no matter of taste: long ones go well into the zone, others are brief, returns are late."""

    def fits(walk: Walk) -> bool:
        found = spans(walk, zone)
        if any(two[0] - one[1] < apart_s for one, two in pairwise(found)):
            return False
        if any(rim(zone, (x, y)) < WELL for _, x, y in walk.stops):
            return False
        return all(until - since <= brief_s or _deep(walk, zone, (since, until), shortest_s) for since, until in found)

    return fits


def crossings_clear(line: Line) -> Fits:
    """Ways that cross a line clear of its ends, and go well beyond it each time."""

    def fits(walk: Walk) -> bool:
        near = [foot for _, foot in _samples(walk) if abs(_side(line, foot)) < 0.05]
        if any(-0.08 <= _along(line, foot) <= 0.06 or 0.94 <= _along(line, foot) <= 1.08 for foot in near):
            return False
        turns = [foot for _, *foot in walk.stops]
        return all(abs(_side(line, (x, y))) > 0.09 for x, y in turns)

    return fits


def covered(box: Box, other: Box) -> float:
    """Which part of a box another one covers."""
    wide = min(box[2], other[2]) - max(box[0], other[0])
    tall = min(box[3], other[3]) - max(box[1], other[1])
    if wide <= 0 or tall <= 0:
        return 0.0
    return wide * tall / ((box[2] - box[0]) * (box[3] - box[1]))


def hides(scene: Scene) -> bool:
    """Whether somebody stands so long behind another that nobody can tell whether they are there."""
    for one in scene.walks:
        hidden_s = 0
        for at_s in range(math.floor(scene.seconds)):
            foot = one.foot(at_s)
            others = [other.foot(at_s) for other in scene.walks if other is not one]
            hidden = foot is not None and any(
                nearer is not None and nearer[1] >= foot[1] and covered(box_of(foot), box_of(nearer)) > HIDDEN_PART
                for nearer in others
            )
            hidden_s = hidden_s + 1 if hidden else 0
            if hidden_s > HIDDEN_S_MAX:
                return True
    return False


def draw(seed: int, fits: Fits, *, persons: int, pauses_s: tuple[float, ...], seconds: float = 90.0) -> Scene:
    """A scene of persons on random ways, each with pauses at its turning points; raises `ValueError` if none fits."""
    chance = random.Random(seed)
    for _ in range(SCENES_MAX):
        walks = tuple(_draw_walk(chance, f"p{number}", fits, pauses_s, seconds) for number in range(persons))
        scene = Scene(walks=walks, seconds=seconds + 25.0)
        if not hides(scene):
            return scene
    raise ValueError(f"of {SCENES_MAX} scenes none in which everybody is to be seen")


def _draw_walk(chance: random.Random, name: str, fits: Fits, pauses_s: tuple[float, ...], seconds: float) -> Walk:
    for _ in range(DRAWS_MAX):
        at_s, stops = chance.uniform(1.0, seconds / 2), list[tuple[float, float, float]]()
        x, y = chance.choice(DOORS_X), chance.uniform(0.25, 0.95)
        turns = chance.randint(2, 5)
        for turn in range(turns):
            pause_s = chance.choice(pauses_s) * chance.uniform(0.9, 1.1)
            stops += [(at_s, x, y), (at_s + 0.01 + pause_s, x, y)]
            nx = chance.choice(DOORS_X) if turn == turns - 1 else chance.uniform(0.05, 0.95)
            ny = chance.uniform(0.25, 0.95)
            at_s += 0.01 + pause_s + math.hypot((nx - x) * ASPECT, ny - y) / chance.uniform(0.06, 0.18)
            x, y = nx, ny
        stops.append((at_s, x, y))
        walk = Walk(name=name, label="person", stops=tuple(stops))
        if at_s <= seconds and fits(walk):
            return walk
    raise ValueError(f"no way of {DRAWS_MAX} fits")


def _samples(walk: Walk) -> Iterator[tuple[float, Point]]:
    since, until = walk.stops[0][0], walk.stops[-1][0]
    for number in range(math.floor((until - since) / SAMPLE_S) + 1):
        foot = walk.foot(since + number * SAMPLE_S)
        if foot is not None:
            yield since + number * SAMPLE_S, foot


def _deep(walk: Walk, zone: Zone, span: Span, shortest_s: float) -> bool:
    """Whether it is well inside for long enough."""
    well = _well(walk, zone, span)
    return bool(well) and well[-1] - well[0] >= shortest_s


def _well(walk: Walk, zone: Zone, span: Span) -> list[float]:
    return [at_s for at_s, foot in _samples(walk) if span[0] <= at_s <= span[1] and rim(zone, foot) >= WELL]


def rim(zone: Zone, point: Point) -> float:
    """Distance from the nearest edge, frame heights."""
    nearest = math.inf
    for a, b in zip(zone.points, zone.points[1:] + zone.points[:1], strict=True):
        dx, dy = (b[0] - a[0]) * ASPECT, b[1] - a[1]
        px, py = (point[0] - a[0]) * ASPECT, point[1] - a[1]
        along = min(1.0, max(0.0, (px * dx + py * dy) / (dx * dx + dy * dy)))
        nearest = min(nearest, math.hypot(px - along * dx, py - along * dy))
    return nearest


def _side(line: Line, point: Point) -> float:
    """Distance from the endless line, frame heights; > 0 to the right of a→b."""
    dx, dy = (line.b[0] - line.a[0]) * ASPECT, line.b[1] - line.a[1]
    return (dx * (point[1] - line.a[1]) - dy * (point[0] - line.a[0]) * ASPECT) / math.hypot(dx, dy)


def _along(line: Line, point: Point) -> float:
    dx, dy = (line.b[0] - line.a[0]) * ASPECT, line.b[1] - line.a[1]
    px, py = (point[0] - line.a[0]) * ASPECT, point[1] - line.a[1]
    return (px * dx + py * dy) / (dx * dx + dy * dy)

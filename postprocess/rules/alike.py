"""Whether two things are one: two boxes on it, or one lost and another found in its place. Pure: no I/O, no clock."""

from __future__ import annotations

import math

import msgspec

from ingest.contract import Box, Point
from postprocess.contract import Zone
from postprocess.geometry import bottom_centre, overlap
from postprocess.rules.zones import TWINS_MAX, Place, Thing, Visit, ZonePolicy, ZoneScene

BESIDE_US = 400_000
"""A new thing and the one that it continues may be seen together for so long."""
TWIN_OVERLAP_MIN = 0.6
TWIN_LOOKS_SHARE = 0.8
ALIKE_RATIO_MIN = 0.5
WAY_SHARE = 0.5
KIN = frozenset({"car", "bus", "truck"})
"""Labels between which detectors waver."""


def note_twins(scene: ZoneScene, thing: Thing, place: Place) -> None:
    """Count the look for each thing that lies over this one."""
    for other in scene.things.values():
        if other.root == thing.root or abs(other.seen_us - thing.seen_us) > BESIDE_US or not kin(other, thing):
            continue
        known = other.root in place.twins or len(place.twins) < TWINS_MAX
        if known and overlap(other.box, thing.box) >= TWIN_OVERLAP_MIN:
            place.twins[other.root] = place.twins.get(other.root, 0) + 1


def kin(one: Thing, two: Thing) -> bool:
    """Whether detectors may take one for the other."""
    return one.label == two.label or {one.label, two.label} <= KIN


def twin(scene: ZoneScene, thing: Thing, zone: Zone, place: Place) -> Visit | None:
    """The visit of a thing that has lain over this one nearly all the time: two boxes on one thing."""
    if place.looks < 2:
        return None
    for root, looks in sorted(place.twins.items()):
        other = scene.things.get(root)
        there = None if other is None else other.places.get(zone.id)
        lasted = looks >= TWIN_LOOKS_SHARE * place.looks
        if there is not None and there.visit and lasted and root != thing.root:
            return scene.visits[there.visit]
    return None


def predecessor(scene: ZoneScene, thing: Thing, zone: Zone, policy: ZonePolicy, aspect: float) -> Visit | None:
    """The visit whose thing was lost where this one began; the nearest."""
    nearest: tuple[float, str] | None = None
    for key, visit in scene.visits.items():
        away = off_place(scene, visit, thing, policy, aspect) if visit.zone == zone.id else None
        if away is not None and (nearest is None or (away, key) < nearest):
            nearest = (away, key)
    return None if nearest is None else scene.visits[nearest[1]]


def off_place(scene: ZoneScene, visit: Visit, thing: Thing, policy: ZonePolicy, aspect: float) -> float | None:
    """How far from where the visit's thing was or would have been another one began, frame heights; None = too far."""
    members = [scene.things[root] for root in visit.roots if root in scene.things]
    if any(other.root == thing.root or other.seen_us > thing.first_us + BESIDE_US for other in members):
        return None
    if not members or not any(kin(other, thing) for other in members):
        return None
    last = Last(point=visit.point, velocity=visit.velocity, seen_us=visit.seen_us, box=members[-1].box)
    return gone_to(last, thing, policy, aspect)


class Last(msgspec.Struct, frozen=True, kw_only=True):
    """Where something was when it was lost."""

    point: Point
    velocity: Point
    seen_us: int
    box: Box


def gone_to(last: Last, thing: Thing, policy: ZonePolicy, aspect: float) -> float | None:
    """How far from where it was lost or would have been another thing began, frame heights; None = too far."""
    if not _alike(last.box, thing.first_box):
        return None
    gap_s = min(max(0, thing.first_us - last.seen_us), policy.bridge_us) / 1e6
    way = (last.velocity[0] * gap_s, last.velocity[1] * gap_s)
    foot = bottom_centre(thing.first_box)
    x, y = (foot[0] - last.point[0]) * aspect, foot[1] - last.point[1]
    away = min(math.hypot(x, y), math.hypot(x - way[0] * aspect, y - way[1]))
    return away if away <= policy.join_distance + WAY_SHARE * math.hypot(way[0] * aspect, way[1]) else None


def _alike(one: Box, two: Box) -> bool:
    heights = sorted((one[3] - one[1], two[3] - two[1]))
    return heights[0] >= ALIKE_RATIO_MIN * heights[1]

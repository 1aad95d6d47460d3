"""Whether two things are one: two boxes on it, or one lost and another found in its place. Pure: no I/O, no clock.

A detector may see a part of a vehicle beside the whole (the cab of a lorry): its box lies within the other's and no
lower. Of people this is not said: who is small and far may stand before nobody and still lie within another's box.
"""

from __future__ import annotations

import math
from typing import Protocol

import msgspec

from ingest.contract import Box, Point
from postprocess.contract import Zone
from postprocess.geometry import bottom_centre, covered, overlap
from postprocess.polygons import depth
from postprocess.rules.zones import TWINS_MAX, Place, Thing, Visit, ZonePolicy, ZoneScene

BESIDE_US = 400_000
"""A new thing and the one that it continues may be seen together for so long."""
TWIN_OVERLAP_MIN = 0.6
TWIN_LOOKS_SHARE = 0.8
TWIN_US = 1_000_000
PART_US = 2_000_000
"""A part and the whole of a long vehicle cross a line one after the other."""
BRIDGES_MAX = 2
"""Between a visit and its heir there may be a piece of a track too short to count, but not one after the other."""
EXCHANGE_US = 800_000
EXCHANGE_DEPTH_MIN = 0.05
"""Deeper in a zone, frame heights, than one step from its rim."""
PART_COVERED_MIN = 0.85
LOWER_MAX = 0.05
ALIKE_RATIO_MIN = 0.5
WAY_SHARE = 0.5
KIN = frozenset({"car", "bus", "truck"})
"""Labels between which detectors waver."""


def note_twins(scene: ZoneScene, thing: Thing, place: Place) -> None:
    """Count the look for each thing that lies over this one."""
    for other in scene.things.values():
        if other.root == thing.root or abs(other.seen_us - thing.seen_us) > BESIDE_US:
            continue
        known = other.root in place.twins or len(place.twins) < TWINS_MAX
        if known and over_each_other(other, thing):
            place.twins[other.root] = place.twins.get(other.root, 0) + 1


def kin(one: Labelled, two: Labelled) -> bool:
    """Whether detectors may take one for the other."""
    return one.label == two.label or {one.label, two.label} <= KIN


class Labelled(Protocol):
    """What is called something."""

    @property
    def label(self) -> str:
        """As the detector calls it."""


class Boxed(Labelled, Protocol):
    """What has a box, too."""

    @property
    def box(self) -> Box:
        """Where it is."""


class Began(Protocol):
    """What began somewhere."""

    @property
    def first_us(self) -> int:
        """When."""

    @property
    def first_box(self) -> Box:
        """Where."""


class Bridging(Protocol):
    """Over which gaps what is lost may be found again."""

    @property
    def bridge_us(self) -> int:
        """At most so long."""

    @property
    def join_distance(self) -> float:
        """Frame heights; part of the expected way is added."""


def over_each_other(one: Boxed, two: Boxed) -> bool:
    """Whether two boxes are on one thing: nearly the same box, or a part of a vehicle within the whole."""
    return kin(one, two) and (overlap(one.box, two.box) >= TWIN_OVERLAP_MIN or _part(one, two))


def crossed_together(one: Boxed, two: Boxed, apart_us: int) -> bool:
    """Whether two that lie over each other and crossed a line the same way so long apart are one."""
    if not kin(one, two):
        return False
    near = abs(apart_us) <= TWIN_US and overlap(one.box, two.box) >= TWIN_OVERLAP_MIN
    return near or (abs(apart_us) <= PART_US and _part(one, two))


def _part(one: Boxed, two: Boxed) -> bool:
    """Whether one of two vehicles is a part of the other."""
    vehicles = {one.label, two.label} <= KIN
    return vehicles and (_within(one.box, two.box) or _within(two.box, one.box))


def _within(small: Box, large: Box) -> bool:
    lower = small[3] > large[3] + LOWER_MAX * (large[3] - large[1])
    return not lower and covered(small, large) >= PART_COVERED_MIN


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
    exchanged = _exchanged(members, visit, thing, policy, aspect)
    if exchanged is not None:
        return exchanged
    if any(other.root == thing.root or other.seen_us > thing.first_us + BESIDE_US for other in members):
        return None
    if not members or not any(kin(other, thing) for other in members):
        return None
    if thing.first_us - visit.seen_us - visit.unlooked_us > BRIDGES_MAX * policy.bridge_us:
        return None
    last = Last(point=visit.point, velocity=visit.velocity, seen_us=visit.seen_us, box=members[-1].box)
    return gone_to(last, thing, policy, aspect)


def _exchanged(members: list[Thing], visit: Visit, thing: Thing, policy: ZonePolicy, aspect: float) -> float | None:
    """How far from where a visit's thing was seen last another came in, just when that one was seen outside.

    Whoever walks out is last seen at the rim. Who was deep inside and then outside has changed tracks with another.
    """
    place, zone = thing.places.get(visit.zone), next((zone for zone in policy.zones if zone.id == visit.zone), None)
    if zone is None or place is None or place.box is None or not members:
        return None
    other = max(members, key=lambda each: (each.seen_us, each.root))
    theirs = other.places.get(visit.zone)
    outside = theirs is not None and not theirs.inside and other.seen_us > visit.seen_us
    just_then = abs(place.since_us - visit.seen_us) <= EXCHANGE_US
    if not outside or not just_then or other.root == thing.root or not kin(other, thing):
        return None
    if depth(zone.points, visit.point, aspect) < EXCHANGE_DEPTH_MIN:
        return None
    foot = bottom_centre(place.box)
    away = math.hypot((foot[0] - visit.point[0]) * aspect, foot[1] - visit.point[1])
    return away if away <= policy.join_distance else None


class Last(msgspec.Struct, frozen=True, kw_only=True):
    """Where something was when it was lost."""

    point: Point
    velocity: Point
    seen_us: int
    box: Box


def gone_to(last: Last, thing: Began, policy: Bridging, aspect: float) -> float | None:
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

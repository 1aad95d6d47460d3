"""What is remembered of things in zones, and the policy that says when something is in one. Pure: no I/O, no clock.

`visits.watch` is the engine that works on it.

Rules
- A *thing* is what the tracks of one root follow (see `scene`). Its *place* in a zone is a candidate until it has been
  seen inside for `debounce_us`; then it belongs to a *visit*. One visit may be continued by further things.
- A visit is known by zone, root and occurrence: whatever reads, repeats and ticks come between the frames, its id and
  what is said of it are the same.
- Three spans are kept apart: seen inside, looked and not seen there (absent), not looked. Only the second can end a
  visit before `suspend_us`, and only the first is its stay.
- Everything is bounded; a limit that bites is a `Note`, never silence.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from ingest.contract import Box, Point
from model_repository.contract import ModelRef
from postprocess.contract import Hours, Zone
from postprocess.geometry import bottom_centre
from postprocess.polygons import depth, share, widest
from postprocess.rules.scene import FollowPolicy, Scene

THINGS_MAX = 512
VISITS_MAX = 256
ROOTS_MAX = 16
"""Things that one visit remembers to consist of."""
STILLS_MAX = 64
TWINS_MAX = 4
BAND_OF_HEIGHT = 0.04
BAND_OF_ZONE = 0.25
"""A narrow zone has a narrower band: at most this part of its greatest depth."""
OVERLAP_BAND = 0.05

Anchor = Literal["foot", "centre", "overlap"]
"""What of an object has to be in a zone: bottom centre of its box, centre, or a share of the box."""

WHOLE = Zone(id="", points=((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)))
"""The whole picture, for rules that hold without a zone."""


class ZonePolicy(FollowPolicy, frozen=True, kw_only=True):
    """When something counts as being in a zone."""

    zones: tuple[Zone, ...] = ()
    """None = nothing is in any; see `WHOLE`."""
    anchor: Anchor = "foot"
    overlap_min: float = 0.5
    """Share of the box in the zone, for the anchor `overlap`."""
    debounce_us: int = 1_000_000
    """From the first to the last look inside, before it counts."""
    looks_min: int = 2
    leave_us: int = 1_000_000
    """Seen outside for no longer than this: it has not left."""
    bridge_us: int = 5_000_000
    """Not found for no longer than this (looked time), or found again as another thing: it has not left."""
    suspend_us: int = 120_000_000
    """Not looked for this long: the visit is over as of the last look."""
    size_min: float = 0.0
    """Shorter side of the box, frame heights."""
    travel_min: float = 0.0
    """How far from where it was first seen a thing must have been, frame heights."""
    still_us: int = 60_000_000
    """What has not moved for this long starts no visit; 0 = it may."""
    schedule: tuple[Hours, ...] = ()
    timezone: str = "UTC"


class Place(msgspec.Struct, kw_only=True):
    """A thing in a zone: a candidate, or part of a visit."""

    since_us: int
    seen_us: int
    """Last look at which it was inside."""
    inside: bool = True
    looks: int = 0
    visit: str = ""
    twins: dict[str, int] = {}
    """Other things that lay over it → at how many looks."""
    box: Box | None = None
    """At the first of those looks."""


class Thing(msgspec.Struct, kw_only=True):
    """What the tracks of a root follow."""

    root: str
    label: str
    first_us: int
    first_box: Box
    seen_us: int
    box: Box
    rest: Point
    """Centre of the box when it last moved."""
    rest_us: int
    travelled: float = 0.0
    """Farthest it has been from where it was first seen, frame heights."""
    total: float = 0.0
    boxes: int = 0
    """Sum of confidences, and of how many boxes."""
    counts: dict[str, int] = {}
    """Zone → visits begun."""
    places: dict[str, Place] = {}

    @property
    def confidence(self) -> float:
        """Mean of its boxes."""
        return round(self.total / max(1, self.boxes), 6)


class Still(msgspec.Struct, kw_only=True):
    """Where something has not moved for long: what begins there is the same again."""

    box: Box
    since_us: int
    seen_us: int


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """One sight of a thing: what an event shows."""

    track: str
    epoch: int
    frame_seq: int
    at_us: int
    box: Box
    confidence: float
    model: ModelRef

    @property
    def worth(self) -> float:
        """How good it is to show: size and confidence."""
        return (self.box[2] - self.box[0]) * (self.box[3] - self.box[1]) * self.confidence


class Visit(msgspec.Struct, kw_only=True):
    """A stay of something in a zone. The first part never changes."""

    key: str
    zone: str
    root: str
    """Subject of its event ids."""
    occurrence: int
    since_us: int
    settings_revision: int
    first: Look
    """At which it counted."""
    best: Look
    seen_us: int
    """Last look inside."""
    point: Point
    """Of its foot at that look, and how fast that went, per second."""
    velocity: Point = (0.0, 0.0)
    roots: list[str] = []
    votes: dict[str, tuple[float, int]] = {}
    """Label → (sum of confidences, boxes)."""
    travelled: float = 0.0
    absent_us: int = 0
    """Looked and not seen inside, since then."""
    unlooked_us: int = 0
    """Not looked, since then."""
    blind_us: int = 0
    """Not looked, within the stay."""
    said_version: int = 0
    """For the rule: the last version told of it, or whether it was told at all."""

    @property
    def stay_us(self) -> int:
        """How long it has been inside, spans of not looking left out."""
        return self.seen_us - self.since_us - self.blind_us

    @property
    def label(self) -> str:
        """Majority label; ties go to the smaller name."""
        return max(sorted(self.votes), key=lambda name: self.votes[name][0])

    @property
    def confidence(self) -> float:
        """Mean over the boxes of that label."""
        total, count = self.votes[self.label]
        return round(total / count, 6)


class ZoneScene(Scene, kw_only=True):
    """What a rule over zones remembers of a camera; rules add fields."""

    things: dict[str, Thing] = {}
    visits: dict[str, Visit] = {}
    stills: list[Still] = []


class Visited(msgspec.Struct, frozen=True, kw_only=True):
    """What happened to a visit: it counts from now on, its thing was seen inside again, or it is over.

    `look` is the sight of it on this frame, None where it left.
    """

    what: Literal["entered", "inside", "left"]
    visit: Visit
    look: Look | None = None


def visit_key(zone: str, root: str, occurrence: int) -> str:
    """Name of a visit within its camera and function."""
    return f"{zone}/{root}/{occurrence}"


def inside(zone: Zone, box: Box, aspect: float, policy: ZonePolicy, *, before: bool) -> bool:
    """Whether an object is in a zone; in the band around the rim it stays what it was."""
    if policy.anchor == "overlap":
        away, band = share(zone.points, box) - policy.overlap_min, OVERLAP_BAND
    else:
        point = bottom_centre(box) if policy.anchor == "foot" else centre(box)
        away = depth(zone.points, point, aspect)
        band = policy.band + BAND_OF_HEIGHT * (box[3] - box[1])
        band = min(band, BAND_OF_ZONE * widest(zone.points, aspect))
    return away >= band or (before and away > -band)


def centre(box: Box) -> Point:
    """The middle of a box."""
    return ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)


def side(box: Box, aspect: float) -> float:
    """Shorter side of a box, frame heights."""
    return min((box[2] - box[0]) * aspect, box[3] - box[1])

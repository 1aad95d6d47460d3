"""Things: how far they went, how long they stand, and when they are forgotten. Pure: no I/O, no clock.

Rules
- What has not moved for `still_us` without being part of a visit is furniture (a parked car, a poster): its place is
  remembered, and what begins there is the same again until it moves.
- A thing is forgotten once its tracks are over for longer than any other could continue it.
"""

from __future__ import annotations

import math

from ingest.contract import Detection, FrameReport
from postprocess.geometry import overlap
from postprocess.rules.scene import Moved, Note
from postprocess.rules.zones import STILLS_MAX, THINGS_MAX, Still, Thing, Visit, ZonePolicy, ZoneScene, centre

STILL_MOVE_MIN = 0.02
STILL_MOVE_OF_HEIGHT = 0.15
STILL_OVERLAP_MIN = 0.6
STILL_KEPT_US = 3_600_000_000
FORGET_US = 600_000_000


def seen(scene: ZoneScene, moved: Moved, found: Detection, report: FrameReport) -> tuple[Thing, Note | None]:
    """The thing behind a track, moved to where it was found."""
    at_us, aspect, root = report.stamp.captured_at_us, report.width / max(1, report.height), moved.track.root
    middle, note = centre(found.box), None
    thing = scene.things.get(root)
    if thing is None:
        note = _make_room(scene)
        known = next((still for still in scene.stills if overlap(still.box, found.box) >= STILL_OVERLAP_MIN), None)
        thing = scene.things[root] = Thing(
            root=root,
            label=found.label,
            first_us=at_us,
            first_box=found.box,
            seen_us=at_us,
            box=found.box,
            rest=middle if known is None else centre(known.box),
            rest_us=at_us if known is None else known.since_us,
        )
    first = centre(thing.first_box)
    thing.total, thing.boxes = thing.total + found.confidence, thing.boxes + 1
    thing.label, thing.box, thing.seen_us = found.label, found.box, max(thing.seen_us, at_us)
    thing.travelled = max(thing.travelled, math.hypot((middle[0] - first[0]) * aspect, middle[1] - first[1]))
    moved_far = max(STILL_MOVE_MIN, STILL_MOVE_OF_HEIGHT * (found.box[3] - found.box[1]))
    if math.hypot((middle[0] - thing.rest[0]) * aspect, middle[1] - thing.rest[1]) > moved_far:
        thing.rest, thing.rest_us = middle, at_us
    return thing, note


def _make_room(scene: ZoneScene) -> Note | None:
    if len(scene.things) < THINGS_MAX:
        return None
    busy = {root for visit in scene.visits.values() for root in visit.roots}
    oldest = min(scene.things.values(), key=lambda thing: (thing.root in busy, thing.seen_us, thing.root))
    _drop(scene, {oldest.root})
    return Note(kind="overflow", subject=oldest.root)


def is_still(thing: Thing, policy: ZonePolicy) -> bool:
    """Whether it had not moved for long when it was last seen."""
    return policy.still_us > 0 and thing.seen_us - thing.rest_us >= policy.still_us


def forget(scene: ZoneScene, policy: ZonePolicy) -> None:
    """Drop the things that can't come again; remember where one stands still that is no part of a visit."""
    for thing in scene.things.values():
        visiting = any(place.visit for place in thing.places.values())
        if thing.seen_us == scene.looked_us and not visiting and is_still(thing, policy):
            _furnish(scene, thing)
    scene.stills = [still for still in scene.stills if scene.now_us - still.seen_us <= STILL_KEPT_US]
    kept_us = policy.bridge_us + policy.join_us + policy.debounce_us
    over = [
        key
        for key, track in scene.tracks.items()
        if scene.now_us - track.seen_us > (kept_us if _told_over(scene, key) else FORGET_US)
    ]
    for key in over:
        del scene.tracks[key]
    needed = {track.root for track in scene.tracks.values()}
    needed |= {root for visit in scene.visits.values() for root in visit.roots}
    scene.things = {root: thing for root, thing in scene.things.items() if root in needed}


def visit_over(scene: ZoneScene, visit: Visit, policy: ZonePolicy, *, looked: bool) -> None:
    """Take a visit from its things; what stood still when it was lost is furniture from now on.

    Where nobody looked (`looked` false) it may have begun anew: it may start another visit.
    """
    for thing in scene.things.values():
        place = thing.places.get(visit.zone)
        if place is None or place.visit != visit.key:
            continue
        del thing.places[visit.zone]
        if not looked:
            thing.rest_us = max(thing.rest_us, visit.seen_us + policy.suspend_us)
        elif is_still(thing, policy):
            _furnish(scene, thing)


def _told_over(scene: ZoneScene, key: str) -> bool:
    track = scene.tracks[key]
    return track.epoch < scene.epoch or (track.ended_us is not None and not track.cut)


def _furnish(scene: ZoneScene, thing: Thing) -> None:
    for still in scene.stills:
        if overlap(still.box, thing.box) >= STILL_OVERLAP_MIN:
            still.box, still.seen_us = thing.box, thing.seen_us
            still.since_us = min(still.since_us, thing.rest_us)
            return
    if len(scene.stills) >= STILLS_MAX:
        scene.stills.remove(min(scene.stills, key=lambda still: still.seen_us))
    scene.stills.append(Still(box=thing.box, since_us=thing.rest_us, seen_us=thing.seen_us))


def _drop(scene: ZoneScene, roots: set[str]) -> None:
    scene.tracks = {key: track for key, track in scene.tracks.items() if track.root not in roots}
    scene.things = {root: thing for root, thing in scene.things.items() if root not in roots}

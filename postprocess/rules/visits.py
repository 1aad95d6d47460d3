"""Things against zones: who came in, is in, has left. Pure: no I/O, no clock.

Rules
- A visit begins when a thing has been inside for `debounce_us`, is large enough, has moved (`travel_min`) and is no
  furniture (`still_us`). What it is afterwards does not matter: a visit goes on while its thing is seen inside.
- One stay is one visit: (a) a thing that is lost inside and another that begins near its place, of like size, within
  `bridge_us` (occlusion, broken tracks, takeover) are the same, and so are two that change tracks where they meet; (b)
  two boxes on one thing are one thing; (c) whoever is seen outside for less than `leave_us` has not left.
- A span in which nobody looked is no absence and no presence: the visit waits, for up to `suspend_us`.
- Ticks only end what nobody has looked at for that long; a frame that comes after it says the same.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from ingest.contract import FrameReport
from postprocess.contract import Read, Zone
from postprocess.rules import alike, things
from postprocess.rules.scene import Input, Moved, Note, Tick
from postprocess.rules.schedule import holds
from postprocess.rules.tracks import follow, refused, unlooked_us
from postprocess.rules.zones import (
    ROOTS_MAX,
    VISITS_MAX,
    Look,
    Place,
    Thing,
    Visit,
    Visited,
    ZonePolicy,
    ZoneScene,
    inside,
    side,
    visit_key,
)

BEST_GAIN = 1.2

Happened = Visited | Moved | Note


def watch(scene: ZoneScene, message: Input, policy: ZonePolicy) -> Iterator[Happened]:
    """Take an input: yields what every track did and what became of the visits, one after the other.

    The scene is as of the thing yielded, so that the caller may change it in between; reads change nothing.
    """
    if isinstance(message, Read):
        return
    if isinstance(message, Tick):
        scene.now_us = max(scene.now_us, message.now_us)
        pause_us = scene.now_us - scene.looked_us
        yield from _suspended(scene, policy, pause_us if pause_us > policy.gap_us else 0)
        return
    if policy.detector:
        if policy.detector not in message.further:
            return
        message = msgspec.structs.replace(message, before_us=0, model=message.further[policy.detector])
    yield from _look(scene, message, policy)


def _look(scene: ZoneScene, report: FrameReport, policy: ZonePolicy) -> Iterator[Happened]:
    refusal = refused(scene, report)
    if refusal is not None:
        yield refusal
        return
    yield from _time_passes(scene, report, policy)
    armed = holds(policy.schedule, report.stamp.captured_at_us, policy.timezone)
    for moved in follow(scene, report, policy):
        if isinstance(moved, Note) or moved.found is None:
            yield moved
            continue
        thing, note = things.seen(scene, moved, moved.found, report)
        if note is not None:
            yield note
        yield moved
        for zone in policy.zones:
            yield from _judge(_Sight(scene, report, policy, moved, thing), zone, armed=armed)
    yield from _ends(scene, policy, report.width / max(1, report.height))
    things.forget(scene, policy)


def _time_passes(scene: ZoneScene, report: FrameReport, policy: ZonePolicy) -> Iterator[Visited]:
    """Count the span before a frame as absence or as not looked; a look inside takes the absence back."""
    blind_us = unlooked_us(scene, report, policy)
    looked_us = max(0, report.stamp.captured_at_us - scene.looked_us - blind_us)
    yield from _suspended(scene, policy, blind_us)
    if blind_us:
        for thing in scene.things.values():
            thing.places = {zone: place for zone, place in thing.places.items() if place.visit}
    for visit in scene.visits.values():
        visit.absent_us += looked_us
        visit.unlooked_us += blind_us


def _suspended(scene: ZoneScene, policy: ZonePolicy, blind_us: int) -> Iterator[Visited]:
    for visit in list(scene.visits.values()):
        if visit.unlooked_us + blind_us >= policy.suspend_us:
            yield _left(scene, visit, policy, looked=False)


class _Sight:
    """A thing as seen on a frame."""

    def __init__(self, scene: ZoneScene, report: FrameReport, policy: ZonePolicy, moved: Moved, thing: Thing) -> None:
        self.scene, self.policy, self.track, self.thing = scene, policy, moved.track, thing
        self.at_us, self.aspect = report.stamp.captured_at_us, report.width / max(1, report.height)
        found = moved.found
        self.look = Look(
            track=moved.track.name,
            epoch=moved.track.epoch,
            frame_seq=report.stamp.seq,
            at_us=self.at_us,
            box=moved.track.box,
            confidence=0.0 if found is None else found.confidence,
            model=report.model,
        )


def _judge(sight: _Sight, zone: Zone, *, armed: bool) -> Iterator[Happened]:
    """Whether the thing is in a zone, and what follows from it."""
    thing, policy = sight.thing, sight.policy
    place = thing.places.get(zone.id)
    before = place is not None and place.inside
    if not armed or not inside(zone, thing.box, sight.aspect, policy, before=before):
        if place is not None:
            place.inside = False
            if not place.visit and (not armed or sight.at_us - place.seen_us > policy.leave_us):
                del thing.places[zone.id]
        return
    candidate = place is None or not place.visit
    if candidate and side(thing.box, sight.aspect) < policy.size_min:
        return
    if place is None or (candidate and sight.at_us - place.seen_us > _patience_us(place, policy)):
        place = thing.places[zone.id] = Place(since_us=sight.at_us, seen_us=sight.at_us, box=thing.box)
    place.inside, place.seen_us, place.looks = True, sight.at_us, place.looks + 1
    if candidate:
        yield from _candidate(sight, zone, place)
    else:
        yield _goes_on(sight, sight.scene.visits[place.visit])


def _patience_us(place: Place, policy: ZonePolicy) -> int:
    return policy.bridge_us if place.inside else policy.leave_us


def _candidate(sight: _Sight, zone: Zone, place: Place) -> Iterator[Happened]:
    """It is inside and belongs to no visit yet."""
    thing, policy, scene = sight.thing, sight.policy, sight.scene
    alike.note_twins(scene, thing, place)
    if sight.at_us - place.since_us < policy.debounce_us:
        return
    if policy.debounce_us and place.looks < policy.looks_min:
        return
    known = alike.twin(scene, thing, zone, place) or alike.predecessor(scene, thing, zone, policy, sight.aspect)
    if known is not None:
        _release(scene, known)
        place.visit = known.key
        known.roots = [*known.roots[-ROOTS_MAX + 1 :], thing.root]
        yield Note(kind="joined", subject=known.root)
        yield _goes_on(sight, known)
        return
    if thing.travelled < policy.travel_min or things.is_still(thing, policy):
        return
    if len(scene.visits) >= VISITS_MAX:
        oldest = min(scene.visits.values(), key=lambda visit: (visit.seen_us, visit.key))
        yield Note(kind="overflow", subject=oldest.root)
        yield _left(scene, oldest, policy)
    yield _begin(sight, zone, place)


def _release(scene: ZoneScene, visit: Visit) -> None:
    """What is seen outside while another goes on with its visit has changed tracks with that one."""
    for root in list(visit.roots):
        thing = scene.things.get(root)
        place = None if thing is None else thing.places.get(visit.zone)
        if thing is not None and place is not None and place.visit == visit.key and not place.inside:
            del thing.places[visit.zone]
            visit.roots.remove(root)


def _begin(sight: _Sight, zone: Zone, place: Place) -> Visited:
    thing, occurrence = sight.thing, sight.thing.counts.get(zone.id, 0)
    thing.counts[zone.id] = occurrence + 1
    place.visit = visit_key(zone.id, thing.root, occurrence)
    visit = sight.scene.visits[place.visit] = Visit(
        key=place.visit,
        zone=zone.id,
        root=thing.root,
        occurrence=occurrence,
        since_us=place.since_us,
        settings_revision=sight.policy.settings_revision,
        first=sight.look,
        best=sight.look,
        seen_us=place.since_us,
        point=sight.track.point,
        roots=[thing.root],
    )
    return msgspec.structs.replace(_goes_on(sight, visit), what="entered")


def _goes_on(sight: _Sight, visit: Visit) -> Visited:
    look, thing = sight.look, sight.thing
    visit.seen_us = max(visit.seen_us, sight.at_us)
    visit.blind_us, visit.unlooked_us, visit.absent_us = visit.blind_us + visit.unlooked_us, 0, 0
    visit.point, visit.velocity = sight.track.point, sight.track.velocity
    visit.travelled = max(visit.travelled, thing.travelled)
    total, count = visit.votes.get(thing.label, (0.0, 0))
    visit.votes[thing.label] = (total + look.confidence, count + 1)
    if look.worth > BEST_GAIN * visit.best.worth:
        visit.best = look
    return Visited(what="inside", visit=visit, look=look)


def _ends(scene: ZoneScene, policy: ZonePolicy, aspect: float) -> Iterator[Visited]:
    """Visits whose thing has been away for long enough, unless an heir is about to be known."""
    known = {zone.id for zone in policy.zones}
    for visit in list(scene.visits.values()):
        away = visit.absent_us > 0 and visit.absent_us >= _absence_us(scene, visit, policy, aspect)
        if visit.zone not in known or (away and not _awaits_heir(scene, visit, policy, aspect)):
            yield _left(scene, visit, policy)


def _absence_us(scene: ZoneScene, visit: Visit, policy: ZonePolicy, aspect: float) -> int:
    """Whoever was last seen inside may be hidden; whoever was last seen outside has gone."""
    members = [scene.things[root] for root in visit.roots if root in scene.things]
    last = max(members, key=lambda thing: (thing.seen_us, thing.root), default=None)
    place = None if last is None else last.places.get(visit.zone)
    hidden = place is not None and place.inside
    return policy.bridge_us if hidden and not _heir_left(scene, visit, policy, aspect) else policy.leave_us


def _heir_left(scene: ZoneScene, visit: Visit, policy: ZonePolicy, aspect: float) -> bool:
    """Whether a thing that went on in its place was seen to leave before it counted."""
    for thing in scene.things.values():
        place = thing.places.get(visit.zone)
        if place is None or place.visit or place.inside or thing.seen_us <= visit.seen_us:
            continue
        if alike.off_place(scene, visit, thing, policy, aspect) is not None:
            return True
    return False


def _awaits_heir(scene: ZoneScene, visit: Visit, policy: ZonePolicy, aspect: float) -> bool:
    for thing in scene.things.values():
        place = thing.places.get(visit.zone)
        if place is None or place.visit or scene.looked_us - place.seen_us >= _patience_us(place, policy):
            continue
        if alike.off_place(scene, visit, thing, policy, aspect) is not None:
            return True
    return False


def _left(scene: ZoneScene, visit: Visit, policy: ZonePolicy, *, looked: bool = True) -> Visited:
    del scene.visits[visit.key]
    things.visit_over(scene, visit, policy, looked=looked)
    return Visited(what="left", visit=visit)

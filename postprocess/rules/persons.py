"""What the rules about persons share: tracks with the faces read on them, and events that both belong to.

Pure: no I/O, no clock.

Rules
- A face belongs to the track that it was read on, and to nothing else. It may come before or after the frames that
  show what its track did: what is said is decided from the set of notes.
- A *case* is a crossing or a stay as frames alone decide it; its id, times and roots never depend on reads. Its version
  is 1 + 2 x (64 x minutes told + notes) + final: it grows with time told, with every note, and with its end.
- Everything is bounded; a limit that bites is a `Note`, never silence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec

from ingest.contract import FrameReport
from model_repository.contract import ModelRef
from postprocess.contract import Event, EventPhoto, FaceRead, Read
from postprocess.rules import alike
from postprocess.rules.adopt import Walker, adopt
from postprocess.rules.identity import FaceNote, IdentityPolicy, note_of
from postprocess.rules.scene import Hit, Input, Moved, Note, Track, track_key
from postprocess.rules.visits import watch
from postprocess.rules.zones import Look, Visit, Visited, ZonePolicy, ZoneScene

CASES_MAX = 256
HEARD_MAX = 256
"""Tracks with reads; where there are more, the oldest are forgotten."""
NOTES_MAX = 32
"""Of one track: the best are kept."""
PHOTOS_MAX = 4
THUMBNAILS_BYTES_MAX = 500_000
NOTES_BASE = 64
"""More notes than this in one case don't make its version grow."""


Way = Literal["entry", "exit"]


class PersonPolicy(ZonePolicy, frozen=True, kw_only=True):
    """How persons are followed, known and told."""

    labels: tuple[str, ...] = ("person",)
    still_us: int = 0
    identity: IdentityPolicy = IdentityPolicy()
    settle_us: int = 3_000_000
    """After the end of what a case is about it waits this long for late reads."""
    unread_us: int = 20_000_000
    """The same where no read came at all."""
    open_us_max: int = 60_000_000
    """A crossing of a track that does not end is final after this."""
    late_us: int = 120_000_000
    echo_us: int = 5_000_000
    """The same track over the same line the same way within this is the same crossing."""


class Heard(msgspec.Struct, kw_only=True):
    """What was read on one track."""

    heard_us: int
    notes: list[FaceNote] = []
    thumbnail: bytes = b""
    """Of the best note."""


class Case(msgspec.Struct, kw_only=True):
    """A crossing or a stay. The first part never changes."""

    key: str
    event_id: str
    rule: str
    direction: Literal["", "entry", "exit"]
    opened_at_us: int
    look: Look
    label: str
    confidence: float
    settings_revision: int
    stay: bool
    roots: list[str]
    seen_us: int
    """Last sight of it."""
    stay_us: int = 0
    over: bool = False
    """Its stay has ended, as frames say."""
    final: bool = False
    said_version: int = 0
    said_person: str = ""
    said_minutes: int = -1
    silent: bool = False
    """It is known to be an echo."""
    waiting: bool = False
    """It would be told, but for another that ended shortly before it."""


class Claimed(msgspec.Struct, frozen=True, kw_only=True):
    """Reads that had come before belong to a root from now on."""

    root: str


class PersonScene(ZoneScene, kw_only=True):
    """All that rules about persons remember of a camera."""

    owners: dict[str, str] = {}
    """Track → its root."""
    members: dict[str, list[str]] = {}
    """Root → its tracks."""
    heard: dict[str, Heard] = {}
    """Track → what was read on it."""
    cases: dict[str, Case] = {}
    passed: dict[str, int] = {}
    """Root, line and direction → when last."""
    counts: dict[str, int] = {}
    """Root and line → crossings so far."""
    walkers: dict[str, Walker] = {}
    """Root → whether it continues another one over a line."""


def take(scene: PersonScene, message: Input, policy: PersonPolicy) -> Iterator[Visited | Moved | Note | Claimed]:
    """Take an input: reads are kept; yields what every track did and what became of the visits."""
    if isinstance(message, Read):
        if isinstance(message.read, FaceRead):
            yield from _hear(scene, message, message.read, policy)
        return
    for seen in watch(scene, message, policy):
        happened = seen
        if isinstance(seen, Moved) and isinstance(message, FrameReport):
            happened = _continued(scene, seen, policy, message.width / max(1, message.height))
        yield happened
        if isinstance(happened, Moved) and happened.found is not None:
            key, root = track_key(happened.track.epoch, happened.track.name), happened.track.root
            if key not in scene.owners:
                scene.owners[key] = root
                scene.members.setdefault(root, []).append(key)
                if key in scene.heard:  # what was read before the first frame belongs to somebody now
                    yield Claimed(root=root)


def _continued(scene: PersonScene, moved: Moved, policy: PersonPolicy, aspect: float) -> Moved:
    """With the crossings that fell between a track that broke at a line and this one."""
    thing = scene.things.get(moved.track.root)
    if thing is None or moved.found is None or not policy.lines:
        return moved
    before, hits = adopt(scene, moved.track, thing, policy, aspect)
    if before is not None:
        old = f"{before.root}/"
        scene.passed |= {
            f"{thing.root}/{way.removeprefix(old)}": at_us for way, at_us in scene.passed.items() if way.startswith(old)
        }
    return msgspec.structs.replace(moved, hits=(*moved.hits, *hits))


def _hear(scene: PersonScene, read: Read, face: FaceRead, policy: PersonPolicy) -> Iterator[Note]:
    key = track_key(read.epoch, read.track)
    if not read.track:
        return
    if read.captured_at_us + policy.late_us < scene.now_us and key not in scene.owners:
        yield Note(kind="late_read", subject=key)
        return
    there = scene.heard.get(key)
    if there is None:
        if len(scene.heard) >= HEARD_MAX:
            oldest = min(scene.heard, key=lambda each: (scene.heard[each].heard_us, each))
            del scene.heard[oldest]
            yield Note(kind="overflow", subject=oldest)
        there = scene.heard[key] = Heard(heard_us=read.captured_at_us)
    if any(known.shot_id == read.shot_id for known in there.notes):
        yield Note(kind="repeated_read", subject=key)
        return
    note = note_of(read, face)
    if all(note.rank > known.rank for known in there.notes):
        there.thumbnail = read.thumbnail
    there.notes.append(note)
    there.heard_us = max(there.heard_us, read.captured_at_us)
    if len(there.notes) > NOTES_MAX:
        there.notes.remove(min(there.notes, key=lambda known: known.rank))
    _limit_thumbnails(scene)


def _limit_thumbnails(scene: PersonScene) -> None:
    kept = 0
    for key in sorted(scene.heard, key=lambda key: (scene.heard[key].heard_us, key), reverse=True):
        kept += len(scene.heard[key].thumbnail)
        if kept > THUMBNAILS_BYTES_MAX:
            scene.heard[key].thumbnail = b""


def tracks_of(scene: PersonScene, roots: Iterable[str]) -> list[str]:
    """The tracks of some roots."""
    return [key for root in roots for key in scene.members.get(root, ())]


def notes_of(scene: PersonScene, roots: Iterable[str]) -> list[FaceNote]:
    """What was read on the tracks of some roots."""
    return [note for key in tracks_of(scene, roots) if key in scene.heard for note in scene.heard[key].notes]


def touched(scene: PersonScene, root: str | None) -> list[Case]:
    """The cases that what was read of a root belongs to."""
    return [case for case in scene.cases.values() if root is not None and root in case.roots]


def owner_of(scene: PersonScene, read: Read) -> str | None:
    """The root of the track that a read is of; None while no frame has shown it."""
    return scene.owners.get(track_key(read.epoch, read.track))


def crossing(scene: PersonScene, track: Track, hit: Hit, policy: PersonPolicy) -> tuple[str, Way, int] | Note:
    """Key, direction and number of a crossing that counts, or why it does not."""
    direction: Way = "entry" if hit.forward == (hit.line.entry == "forward") else "exit"
    way, place = f"{track.root}/{hit.line.id}/{direction}", f"{track.root}/{hit.line.id}"
    last_us = scene.passed.get(way)
    if (last_us is not None and hit.at_us - last_us <= policy.echo_us) or _twin(scene, track, way, hit.at_us):
        scene.passed[way] = hit.at_us
        return Note(kind="echo", subject=track.root)
    number = scene.counts.get(place, 0)
    scene.counts[place], scene.passed[way] = number + 1, hit.at_us
    return f"{place}/{number}", direction, number


def _twin(scene: PersonScene, track: Track, way: str, at_us: int) -> bool:
    """Whether another thing that lies over this one has just made this very crossing: two boxes on one person."""
    thing = scene.things.get(track.root)
    _, _, crossed = way.partition("/")
    for known, passed_us in scene.passed.items():
        root, _, theirs = known.partition("/")
        other = scene.things.get(root)
        if thing is None or other is None or root == thing.root or theirs != crossed:
            continue
        beside = abs(other.seen_us - thing.seen_us) <= alike.BESIDE_US
        if beside and alike.crossed_together(other, thing, at_us - passed_us):
            return True
    return False


def case_of(
    scene: PersonScene,
    moved: Moved,
    hit: Hit,
    report: FrameReport,
    policy: PersonPolicy,
    *,
    key: str,
    way: Way,
    event: str,
) -> Case:
    """A crossing as a case; `event` is the id of its event."""
    track, thing = moved.track, scene.things.get(moved.track.root)
    confidence = policy.confidence_min if moved.found is None else moved.found.confidence
    return Case(
        key=key,
        event_id=event,
        rule=hit.line.id,
        direction=way,
        opened_at_us=hit.at_us,
        look=Look(
            track=track.name,
            epoch=track.epoch,
            frame_seq=report.stamp.seq,
            at_us=report.stamp.captured_at_us,
            box=track.box,
            confidence=confidence,
            model=report.model,
        ),
        label=thing.label if thing is not None else policy.labels[0],
        confidence=confidence,
        settings_revision=policy.settings_revision,
        stay=False,
        roots=[track.root],
        seen_us=hit.at_us,
    )


def stay_of(visit: Visit, *, event: str) -> Case:
    """A stay as a case; `event` is the id of its event."""
    return Case(
        key=visit.key,
        event_id=event,
        rule=visit.zone,
        direction="",
        opened_at_us=visit.since_us,
        look=visit.first,
        label=visit.label,
        confidence=visit.confidence,
        settings_revision=visit.settings_revision,
        stay=True,
        roots=list(visit.roots),
        seen_us=visit.seen_us,
        stay_us=visit.stay_us,
    )


def open_case(scene: PersonScene, case: Case) -> list[Note]:
    """Remember a case; where there are too many, the oldest is forgotten as it was told last."""
    notes = []
    if len(scene.cases) >= CASES_MAX:
        oldest = min(scene.cases.values(), key=lambda each: (not each.final, each.seen_us, each.key))
        del scene.cases[oldest.key]
        notes.append(Note(kind="overflow", subject=oldest.key))
    scene.cases[case.key] = case
    return notes


def goes_on(case: Case, visit: Visit) -> None:
    """A stay was seen to last."""
    case.roots, case.seen_us, case.stay_us = list(visit.roots), visit.seen_us, visit.stay_us


def settle(scene: PersonScene, case: Case, policy: PersonPolicy) -> bool:
    """Make a case final when it has had its time; whether it became so just now."""
    if case.final:
        return False
    end_us = case.seen_us if case.stay and case.over else None if case.stay else _tracks_over_us(scene, case, policy)
    waits_us = policy.settle_us if notes_of(scene, case.roots) else policy.unread_us
    settled = end_us is not None and scene.now_us >= end_us + waits_us
    waited = not case.stay and scene.now_us >= case.opened_at_us + policy.open_us_max
    case.final = settled or waited
    return case.final


def _tracks_over_us(scene: PersonScene, case: Case, policy: PersonPolicy) -> int | None:
    """When the last of a case's tracks was over; None while one goes on."""
    end_us = case.seen_us
    for key in tracks_of(scene, case.roots):
        track = scene.tracks.get(key)
        if track is None:
            continue
        lost_us = track.seen_us + policy.lost_us
        if track.ended_us is None and scene.now_us < lost_us:
            return None
        end_us = max(end_us, lost_us if track.ended_us is None else track.ended_us)
    return end_us


def tidy(scene: PersonScene, policy: PersonPolicy, *, kept_us: int = 0) -> None:
    """Forget what nothing more can be said of; cases are kept for `kept_us` at least."""
    kept_us = max(kept_us, policy.late_us)
    scene.cases = {
        key: case for key, case in scene.cases.items() if not case.final or scene.now_us < case.seen_us + kept_us
    }
    roots = {root for case in scene.cases.values() for root in case.roots}
    roots |= {track.root for track in scene.tracks.values()}
    if not roots.issuperset(scene.members):
        scene.members = {root: keys for root, keys in scene.members.items() if root in roots}
        scene.owners = {key: root for root, keys in scene.members.items() for key in keys}
    scene.heard = {
        key: heard
        for key, heard in scene.heard.items()
        if key in scene.owners or scene.now_us < heard.heard_us + policy.late_us
    }
    scene.walkers = {root: walker for root, walker in scene.walkers.items() if root in scene.things}
    scene.passed = {way: at_us for way, at_us in scene.passed.items() if way.partition("/")[0] in roots}
    scene.counts = {place: count for place, count in scene.counts.items() if place.partition("/")[0] in roots}


def lighten(scene: PersonScene) -> None:
    """Drop the thumbnails: the state does not fit into one message."""
    for heard in scene.heard.values():
        heard.thumbnail = b""


def version_of(case: Case, notes: int, minutes: int) -> int:
    """See the rules of this file."""
    return 1 + 2 * (NOTES_BASE * minutes + min(notes, NOTES_BASE - 1)) + int(case.final)


def event_of(scene: PersonScene, case: Case, notes: list[FaceNote], *, kind: str, function: str, version: int) -> Event:
    """What every event of a case says."""
    return Event(
        event_id=case.event_id,
        version=version,
        kind=kind,
        camera=scene.camera,
        opened_at_us=case.opened_at_us,
        closed_at_us=case.opened_at_us if not case.stay else case.seen_us if case.final else None,
        final=case.final,
        function=function,
        rule=case.rule,
        track=case.look.track,
        epoch=case.look.epoch,
        direction=case.direction,
        label=case.label,
        confidence=case.confidence,
        box=case.look.box,
        photos=_photos(scene, case, notes),
        models=_models(case.look.model, notes),
        settings_revision=case.settings_revision,
        frame_seq=case.look.frame_seq,
    )


def _photos(scene: PersonScene, case: Case, notes: list[FaceNote]) -> tuple[EventPhoto, ...]:
    """The best first, the others by time."""
    best = sorted(notes, key=lambda note: note.rank, reverse=True)[:PHOTOS_MAX]
    others = sorted(best[1:], key=lambda note: (note.captured_at_us, note.shot_id))
    thumbnails = {
        note.shot_id: scene.heard[key].thumbnail
        for key in tracks_of(scene, case.roots)
        if key in scene.heard
        for note in scene.heard[key].notes
    }
    return tuple(
        EventPhoto(
            shot_id=note.shot_id,
            captured_at_us=note.captured_at_us,
            role="context" if number else "best",
            thumbnail=b"" if number else thumbnails.get(note.shot_id, b""),
        )
        for number, note in enumerate([*best[:1], *others])
    )


def _models(detector: ModelRef, notes: list[FaceNote]) -> tuple[ModelRef, ...]:
    readers = {(note.model.name, note.model.version, note.model.sha256): note.model for note in notes}
    return (detector, *(readers[key] for key in sorted(readers)))

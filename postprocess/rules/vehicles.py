"""Vehicles over lines: frames, reads and ticks of one camera in, events out. Pure: no I/O, no clock.

`step(memory, input, policy) -> (memory, outputs)`; `now` is the event-time watermark, moved by stamps and ticks only.

Rules
- Frames come in the order of their stream, reads and ticks in any order to them; older epochs and repeats are dropped.
- An event opens at once, with the plate as voted so far; reads before and after the crossing count alike. It is final
  when the vehicle's tracks are over and reads had time to come, or `open_us_max` after the crossing. A read that comes
  later still (the recogniser was away) makes one more final version, up to `late_us` after the end.
- One passage is one event: (a) a track cut by a restart or by a span of not looking goes on in its successor,
  see `tracks`; (b) a second crossing of the same line the same way within `echo_us` by the same vehicle is none;
  (c) two tracks on one vehicle (boxes over each other, or a part within the whole, while both cross) are one vehicle,
  and so is a track that broke at a line with the one that begins near its place (see `adopt`); (d) a crossing within
  `echo_us` after one of an earlier epoch waits until the plates tell whether both are one vehicle.
- With zones only what stands in one of them is seen: a lane beside the gate is as if it were not in the picture.
- The reads, crossings and final versions do not depend on how reads and frames were interleaved.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import Literal, NamedTuple

import msgspec

from ingest.contract import Box, Detection, FrameReport
from postprocess.contract import Line, PlateRead, Read, Zone, event_id, fold_plate
from postprocess.geometry import bottom_centre, inside
from postprocess.rules import alike
from postprocess.rules.adopt import ADOPT_US, made_up, nearest
from postprocess.rules.passage import label_of, said, tell, verdict, worth_telling
from postprocess.rules.scene import Hit, Input, Moved, Note, NoteKind, Output, Track, track_key
from postprocess.rules.state import (
    READS_MAX,
    SUBJECTS_MAX,
    THUMBNAILS_BYTES_MAX,
    CameraMemory,
    Crossing,
    ReadNote,
    Root,
    Subject,
    VehiclesPolicy,
)
from postprocess.rules.tracks import follow


class _Turn:
    """One step under way: what is remembered, what holds, and what has been said so far."""

    def __init__(self, memory: CameraMemory, policy: VehiclesPolicy) -> None:
        self.memory, self.policy = memory, policy
        self.outputs: list[Output] = []

    def note(self, kind: NoteKind, subject: str = "") -> None:
        self.outputs.append(Note(kind=kind, subject=subject))


class _Boxed(NamedTuple):
    label: str
    box: Box


OVERLAP_US = 500_000
RIVAL_READS_MIN = 2
RIVAL_LETTERS_MIN = 3
FORGET_US = 5_000_000
"""What never crossed a line is kept this long: longer than tracks are joined over."""


def step(memory: CameraMemory, message: Input, policy: VehiclesPolicy) -> tuple[CameraMemory, list[Output]]:
    """Take one input; `memory` is used up and handed back."""
    turn = _Turn(memory, policy)
    if isinstance(message, FrameReport):
        _see(turn, message)
    elif isinstance(message, Read):
        if isinstance(message.read, PlateRead):
            _hear(turn, message, message.read)
    else:
        memory.now_us = max(memory.now_us, message.now_us)
    _sweep(turn)
    return memory, turn.outputs


def _see(turn: _Turn, report: FrameReport) -> None:
    for moved in follow(turn.memory, _within(report, turn.policy.zones), turn.policy):
        if isinstance(moved, Note):
            turn.outputs.append(moved)
            continue
        hits = list(moved.hits)
        if moved.found is not None:
            _note(turn, moved, moved.found, report.stamp.captured_at_us)
            hits += _adopt(turn, moved.track, report.width / max(1, report.height))
        for hit in hits:
            _pass(turn, report, moved.track, hit)


def _within(report: FrameReport, zones: tuple[Zone, ...]) -> FrameReport:
    """The frame without what stands in none of the zones; no zones = all of it."""
    if not zones:
        return report
    kept = [found for found in report.detections if any(inside(z.points, bottom_centre(found.box)) for z in zones)]
    return msgspec.structs.replace(report, detections=tuple(kept))


def _note(turn: _Turn, moved: Moved, found: Detection, at_us: int) -> None:
    """Remember that a vehicle was seen, and as what."""
    track = moved.track
    if moved.joined:
        turn.note("joined", track.subject)
        _merge(turn, track_key(track.epoch, track.name), track.subject)
    subject = _subject(turn, track.subject, track.root, at_us)
    subject.touched_us = max(subject.touched_us, at_us)
    root = turn.memory.roots.setdefault(track.root, Root(first_us=at_us, first_box=found.box))
    root.label = found.label
    total, count = root.votes.get(found.label, (0.0, 0))
    root.votes[found.label] = (total + found.confidence, count + 1)


def _adopt(turn: _Turn, track: Track, aspect: float) -> list[Hit]:
    """The crossings that fell between a track that broke at a line and this one, which is then of the same vehicle."""
    root = turn.memory.roots[track.root]
    if root.settled or track.seen_us - root.first_us < ADOPT_US:
        return []
    root.settled = True
    before = nearest(
        [other for other in turn.memory.tracks.values() if _broke(turn, other, track)], root, turn.policy, aspect
    )
    hits = [] if before is None else made_up(before, track, root, turn.policy.lines)
    if before is not None and hits:
        _unite(turn, track, before)
    return hits


def _broke(turn: _Turn, before: Track, track: Track) -> bool:
    """Whether a track may go on in another: what a span of not looking has cut is joined elsewhere (see `tracks`)."""
    memory, roots = turn.memory, turn.memory.roots
    watched = before.epoch == track.epoch and not before.seen_us < memory.resumed_us <= roots[track.root].first_us
    lasted = before.seen_us - roots[before.root].first_us >= ADOPT_US
    newest = all(each.seen_us <= before.seen_us for each in memory.tracks.values() if each.root == before.root)
    return (
        before.root != track.root and watched and lasted and newest and alike.kin(roots[before.root], roots[track.root])
    )


def _pass(turn: _Turn, report: FrameReport, track: Track, hit: Hit) -> None:
    direction = "entry" if hit.forward == (hit.line.entry == "forward") else "exit"
    way = f"{hit.line.id}.{direction}"
    twin = _twin(turn, track, way, hit.at_us)
    if twin is not None:
        _unite(turn, track, twin)
    root = turn.memory.roots[track.root]
    if hit.at_us - root.passed.get(way, hit.at_us - turn.policy.echo_us - 1) <= turn.policy.echo_us:
        turn.note("echo", track.subject)
        return
    occurrence = root.counts.get(hit.line.id, 0)
    root.counts[hit.line.id], root.passed[way] = occurrence + 1, hit.at_us
    label, confidence = label_of(root)
    crossing = Crossing(
        event_id=event_id(
            camera=turn.memory.camera,
            function="vehicles",
            rule=hit.line.id,
            kind=f"vehicle_{direction}",
            subject=track.root,
            occurrence=occurrence,
        ),
        root=track.root,
        line=hit.line.id,
        direction="entry" if direction == "entry" else "exit",
        opened_at_us=hit.at_us,
        epoch=track.epoch,
        track=track.name,
        label=label,
        confidence=confidence,
        box=track.box,
        frame_seq=report.stamp.seq,
        model=report.model,
        settings_revision=turn.policy.settings_revision,
        rival=_rival(turn, track, hit, direction),
    )
    subject = turn.memory.subjects[track.subject]
    subject.crossings.append(crossing)
    _say(turn, subject)


def _same_way(crossing: Crossing, line: Line, direction: str) -> bool:
    return crossing.line == line.id and crossing.direction == direction


def _twin(turn: _Turn, track: Track, way: str, at_us: int) -> Track | None:
    """Another track that lies over this one and has just made this very crossing."""
    for other in turn.memory.tracks.values():
        if other.root == track.root or abs(track.seen_us - other.seen_us) > OVERLAP_US:
            continue
        passed_us = turn.memory.roots[other.root].passed.get(way)
        one, two = (_Boxed(turn.memory.roots[each.root].label, each.box) for each in (track, other))
        if passed_us is not None and alike.crossed_together(one, two, at_us - passed_us):
            return other
    return None


def _unite(turn: _Turn, track: Track, twin: Track) -> None:
    """A track turned out to follow the vehicle of another one: one root from now on, and one subject."""
    gone = track.root
    for other in turn.memory.tracks.values():
        if other.root == gone:
            other.root = twin.root
    del turn.memory.roots[gone]
    _merge(turn, track.subject, twin.subject)


def _rival(turn: _Turn, track: Track, hit: Hit, direction: str) -> str:
    """The root that made this crossing shortly before, in an earlier epoch."""
    if not turn.policy.plates:
        return ""
    rivals = [
        (crossing.opened_at_us, crossing.root)
        for subject in turn.memory.subjects.values()
        for crossing in subject.crossings
        if crossing.epoch < track.epoch
        and crossing.root != track.root
        and _same_way(crossing, hit.line, direction)
        and 0 <= hit.at_us - crossing.opened_at_us <= turn.policy.echo_us
    ]
    return max(rivals, default=(0, ""))[1]


def _hear(turn: _Turn, read: Read, plate: PlateRead) -> None:
    key = track_key(read.epoch, read.track)
    if not read.track:
        return
    if read.captured_at_us + turn.policy.late_us < turn.memory.now_us and key not in turn.memory.tracks:
        turn.note("late_read", key)
        return
    track = turn.memory.tracks.get(key)
    place = (key, key) if track is None else (track.subject, track.root)
    subject = _subject(turn, *place, read.captured_at_us)
    note = ReadNote(
        shot_id=read.shot_id,
        captured_at_us=read.captured_at_us,
        text=plate.text,
        confidence=plate.confidence,
        chars=plate.char_confidence,
        quad=plate.quad,
        quality=read.quality,
        model=read.model,
        region=plate.region,
        found=bool(plate.text) or plate.plate_score > 0.0,
    )
    refused = _add_read(subject, note, read.thumbnail)
    if refused is not None:
        turn.outputs.append(refused)
        return
    _limit_thumbnails(turn)
    _say(turn, subject)


def _add_read(subject: Subject, note: ReadNote, thumbnail: bytes) -> Note | None:
    if any(known.shot_id == note.shot_id for known in subject.reads):
        return Note(kind="repeated_read", subject=subject.key)
    if len(subject.reads) >= READS_MAX:
        return Note(kind="overflow", subject=subject.key)
    if all(note.rank > known.rank for known in subject.reads):
        subject.thumbnail = thumbnail
    subject.reads.append(note)
    return None


def _limit_thumbnails(turn: _Turn) -> None:
    kept = 0
    for subject in sorted(turn.memory.subjects.values(), key=lambda s: (s.touched_us, s.key), reverse=True):
        kept += len(subject.thumbnail)
        if kept > THUMBNAILS_BYTES_MAX:
            subject.thumbnail = b""


def _subject(turn: _Turn, key: str, root: str, at_us: int) -> Subject:
    if key not in turn.memory.subjects:
        if len(turn.memory.subjects) >= SUBJECTS_MAX:
            oldest = min(turn.memory.subjects.values(), key=lambda s: (bool(s.crossings), s.touched_us, s.key))
            _forget(turn, oldest.key)
            turn.note("overflow", oldest.key)
        turn.memory.subjects[key] = Subject(key=key, touched_us=at_us, roots=[root])
    return turn.memory.subjects[key]


def _forget(turn: _Turn, key: str) -> None:
    del turn.memory.subjects[key]
    turn.memory.tracks = {name: track for name, track in turn.memory.tracks.items() if track.subject != key}
    roots = {track.root for track in turn.memory.tracks.values()}
    turn.memory.roots = {name: root for name, root in turn.memory.roots.items() if name in roots}


def _merge(turn: _Turn, source: str, target: str) -> None:
    """`source` turned out to be the vehicle `target`: its tracks, reads and told crossings go over."""
    if source == target or source not in turn.memory.subjects:
        return
    gone = turn.memory.subjects.pop(source)
    for track in turn.memory.tracks.values():
        if track.subject == source:
            track.subject = target
    subject = turn.memory.subjects[target]
    subject.touched_us = max(subject.touched_us, gone.touched_us)
    subject.roots.extend(gone.roots)
    for note in gone.reads:
        best = all(note.rank >= known.rank for known in gone.reads)
        _add_read(subject, note, gone.thumbnail if best else b"")
    subject.crossings.extend(gone.crossings)
    turn.note("merged", target)
    _say(turn, subject)


def _say(turn: _Turn, subject: Subject) -> None:
    """Tell what is worth telling of a subject's crossings, once it is known whether they are its own."""
    subject.crossings = [c for c in subject.crossings if c.rival not in subject.roots]
    for crossing in subject.crossings:
        if crossing.rival:
            rival = next((s for s in turn.memory.subjects.values() if crossing.rival in s.roots), None)
            fate = "other" if rival is None else _fate(subject, rival)
            if rival is not None and fate == "same":
                _merge(turn, subject.key, rival.key)
                return
            if fate == "unknown" and not crossing.final:
                continue
            crossing.rival = ""
        if worth_telling(crossing, subject):
            turn.outputs.append(tell(turn.memory.camera, crossing, subject, turn.policy))
            said(crossing, subject)


def _fate(subject: Subject, rival: Subject) -> Literal["same", "other", "unknown"]:
    """Whether two vehicles are one, by plate: a misread letter or two don't make another number."""
    voted = verdict(subject)
    mine, theirs = fold_plate(voted.text), fold_plate(verdict(rival).text)
    if not mine or not theirs:
        return "unknown"
    unlike = sum(one != two for one, two in zip_longest(mine, theirs))
    if unlike < RIVAL_LETTERS_MIN:
        return "same"
    return "other" if voted.reads >= RIVAL_READS_MIN else "unknown"


def _sweep(turn: _Turn) -> None:
    """Make final what had its time, forget what nothing more can be said of."""
    ends = _ends(turn)
    for key, subject in list(turn.memory.subjects.items()):
        over_us = ends.get(key, subject.touched_us)
        waits_us = turn.policy.settle_us if subject.reads or not turn.policy.plates else turn.policy.unread_us
        for crossing in subject.crossings:
            settled = over_us is not None and turn.memory.now_us >= over_us + waits_us
            crossing.final |= settled or turn.memory.now_us >= crossing.opened_at_us + turn.policy.open_us_max
        _say(turn, subject)
        kept_us = turn.policy.late_us if subject.crossings else FORGET_US
        if over_us is not None and turn.memory.now_us >= over_us + kept_us and key in turn.memory.subjects:
            _forget(turn, key)


def _ends(turn: _Turn) -> dict[str, int | None]:
    """Subject → when the last of its tracks was over; None while one goes on."""
    ends: dict[str, int | None] = {}
    for track in turn.memory.tracks.values():
        lost_us = track.seen_us + turn.policy.lost_us
        end_us = track.ended_us if track.ended_us is not None else lost_us if turn.memory.now_us >= lost_us else None
        before = ends.get(track.subject, 0)
        ends[track.subject] = None if end_us is None or before is None else max(before, end_us)
    return ends

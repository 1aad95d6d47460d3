"""Equipment of persons in zones: frames, reads and ticks of one camera in, events out. Pure: no I/O, no clock.

`step(memory, input, policy) -> (memory, outputs)`; `now` is the event-time watermark, moved by stamps and ticks only.

Rules
- Who is in a zone, since when and until when, is said by frames alone (`visits`): a *stay*. Equipment belongs to the
  person by the track: a read counts for a stay when its picture was taken while its track was seen in it.
- What the reads of a stay come to is a fold in the order of their pictures (`kit`, `ledger`). One violation is one
  event, opened when it is confirmed, told again when more is missing, when the kit is put on, or when the person
  leaves.
- Each stay that is over gives one `ppe_visit` with what it came to: the ground of compliance per shift.
- Final is what can't change any more: a violation that is over for longer than it could go on, everything of a stay
  that is over and whose reads had time to come. Reads that come later still make one more final version.
- The last word does not depend on how reads and frames were interleaved, nor on repeats.
"""

from __future__ import annotations

from ingest.contract import FrameReport
from postprocess.contract import EquipmentRead, Read
from postprocess.geometry import bottom_centre
from postprocess.geometry import inside as lies_in
from postprocess.rules.kit import KitNote, weigh
from postprocess.rules.ledger import HOLD_US, enter, settle, tell
from postprocess.rules.ppe_events import violation, visited
from postprocess.rules.ppe_state import STAYS_MAX, PpePolicy, PpeScene, Stay, limit_thumbnails, notes_max, thin
from postprocess.rules.scene import Input, Note, NoteKind, Output, track_key
from postprocess.rules.schedule import holds
from postprocess.rules.visits import watch
from postprocess.rules.zones import Visit, Visited

KNOWN_MIN = 0.5
"""The models' own word for "cannot tell", see `model_repository.contract`."""
PENDING_US = 10_000_000
"""A read waits so long (looked time) for the frames that say where its person stood."""
RECENT_MAX = 512
TRACKS_MAX = 64


class _Turn:
    """One step under way: what is remembered, what holds, and what has been said so far."""

    def __init__(self, memory: PpeScene, policy: PpePolicy) -> None:
        self.memory, self.policy = memory, policy
        self.outputs: list[Output] = []

    def note(self, kind: NoteKind, subject: str = "") -> None:
        self.outputs.append(Note(kind=kind, subject=subject))


def step(memory: PpeScene, message: Input, policy: PpePolicy) -> tuple[PpeScene, list[Output]]:
    """Take one input; `memory` is used up and handed back."""
    turn = _Turn(memory, policy)
    if isinstance(message, Read):
        if isinstance(message.read, EquipmentRead) and message.track:
            _hear(turn, message, message.read)
    else:
        for happened in watch(memory, message, policy):
            if isinstance(happened, Note):
                turn.outputs.append(happened)
            elif isinstance(happened, Visited):
                _visit(turn, happened)
        if isinstance(message, FrameReport):
            _forget_recent(turn)
    _sweep(turn)
    return memory, turn.outputs


# ---------------------------------------------------------------------------------------------------- who stays where


def _visit(turn: _Turn, happened: Visited) -> None:
    visit, look = happened.visit, happened.look
    stay = turn.memory.stays.get(visit.key)
    if happened.what == "left":
        if stay is not None:
            stay.left, stay.changed = True, True
        return
    if look is None or visit.zone not in turn.policy.required:
        return
    after_us = visit.since_us
    if stay is None:
        stay = _begin(turn, visit)
    else:
        after_us = stay.seen_us + 1
    stay.seen_us, stay.stay_us = visit.seen_us, visit.stay_us
    track = track_key(look.epoch, look.track)
    # Reads of earlier pictures don't count: they may be gone by the time it is known that this track is here, and the
    # fold would have to be made again behind what was said.
    since_us, _ = stay.tracks.pop(track, (max(after_us, look.at_us - PENDING_US), 0))
    stay.tracks[track] = (since_us, look.at_us)
    if len(stay.tracks) > TRACKS_MAX:
        del stay.tracks[next(iter(stay.tracks))]
    for note in turn.memory.recent.get(track, ()):
        if since_us <= note.at_us <= look.at_us:
            _enter(turn, stay, note)


def _begin(turn: _Turn, visit: Visit) -> Stay:
    stays = turn.memory.stays
    if len(stays) >= STAYS_MAX:
        oldest = min(stays.values(), key=lambda stay: (not stay.left, stay.seen_us, stay.key))
        oldest.left, oldest.final, oldest.changed = True, True, True
        _say(turn, oldest)
        del stays[oldest.key]
        turn.note("overflow", oldest.root)
    first = visit.first
    stays[visit.key] = Stay(
        key=visit.key,
        zone=visit.zone,
        root=visit.root,
        occurrence=visit.occurrence,
        since_us=visit.since_us,
        settings_revision=visit.settings_revision,
        first=first,
        label=visit.label,
        confidence=first.confidence,
        seen_us=visit.seen_us,
        stay_us=visit.stay_us,
    )
    return stays[visit.key]


# ------------------------------------------------------------------------------------------------------ what is worn


def _hear(turn: _Turn, read: Read, said: EquipmentRead) -> None:
    memory, note = turn.memory, _noted(read, said, turn.policy)
    refused: list[NoteKind | None] = [
        _enter(turn, stay, note)
        for stay in memory.stays.values()
        if (span := stay.tracks.get(note.track)) is not None and span[0] <= note.at_us <= span[1]
    ]
    if note.at_us + PENDING_US >= memory.looked_us:
        refused.append(_keep(turn, note))
    elif not refused and note.at_us + turn.policy.late_us < memory.now_us:
        refused.append("late_read")
    if refused and None not in refused:
        turn.note(refused[0] or "late_read", note.track)
    limit_thumbnails(memory)


def _noted(read: Read, said: EquipmentRead, policy: PpePolicy) -> KitNote:
    """A read as it is kept: what it can tell of items that anything asks for."""
    asked = {item for items in policy.required.values() for item in items}
    worn = {
        item: said.worn[item] for item in sorted(asked & said.worn.keys()) if said.known.get(item, 0.0) >= KNOWN_MIN
    }
    shows = any(value <= policy.votes.missing_max for value in worn.values())
    return KitNote(
        shot_id=read.shot_id,
        at_us=read.captured_at_us,
        track=track_key(read.epoch, read.track),
        worn=worn,
        exempt=_is_exempt(read, policy),
        quality=read.quality,
        box=read.box,
        model=read.model,
        thumbnail=read.thumbnail if shows else b"",
    )


def _is_exempt(read: Read, policy: PpePolicy) -> bool:
    """The one place that says who need not wear anything. A person known by name would be asked for here."""
    foot = None if read.box is None else bottom_centre(read.box)
    if foot is not None and any(lies_in(zone.points, foot) for zone in policy.exempt):
        return True
    return bool(policy.exempt_hours) and holds(policy.exempt_hours, read.captured_at_us, policy.timezone)


def _keep(turn: _Turn, note: KitNote) -> NoteKind | None:
    recent = turn.memory.recent
    if sum(map(len, recent.values())) >= RECENT_MAX:
        return "overflow"
    return enter(recent.setdefault(note.track, []), note, (-1, ""))


def _forget_recent(turn: _Turn) -> None:
    memory = turn.memory
    oldest_us = memory.looked_us - PENDING_US
    kept = {track: [note for note in notes if note.at_us >= oldest_us] for track, notes in memory.recent.items()}
    memory.recent = {track: notes for track, notes in kept.items() if notes}


def _enter(turn: _Turn, stay: Stay, note: KitNote) -> NoteKind | None:
    shuffled = bool(stay.notes) and note.key < stay.notes[-1].key
    refused = enter(stay.notes, note, stay.floor)
    if refused is not None:
        return refused
    stay.changed = True
    if shuffled or stay.final:
        stay.hold_until_us = turn.memory.now_us + HOLD_US
    thin(stay)
    required, votes = turn.policy.required.get(stay.zone, ()), turn.policy.votes
    keep = notes_max(len(turn.memory.stays))
    stay.base, floor = settle(stay.base, stay.notes, keep, lambda course, note: weigh(course, note, required, votes))
    stay.floor = floor or stay.floor
    return None


# -------------------------------------------------------------------------------------------------------- what is said


def _sweep(turn: _Turn) -> None:
    """Tell what changed, make final what had its time, forget what nothing more can be said of."""
    memory, policy = turn.memory, turn.policy
    for key, stay in list(memory.stays.items()):
        waits_us = policy.settle_us if stay.notes or stay.base.reads else policy.unread_us
        if stay.left and not stay.final and memory.now_us >= stay.seen_us + waits_us:
            stay.final, stay.changed = True, True
        forgotten = stay.left and memory.now_us >= stay.seen_us + policy.late_us
        if stay.changed and (forgotten or memory.now_us >= stay.hold_until_us):
            _say(turn, stay)
        if forgotten:
            del memory.stays[key]


def _say(turn: _Turn, stay: Stay) -> None:
    course, required = stay.base, turn.policy.required.get(stay.zone, ())
    for note in stay.notes:
        course = weigh(course, note, required, turn.policy.votes)
    views = [violation(turn.memory.camera, stay, spell) for spell in course.spells]
    if stay.final and turn.policy.visits:
        views.append(visited(turn.memory.camera, stay, course, required))
    turn.outputs.extend(tell(stay.said, views))
    stay.changed = False

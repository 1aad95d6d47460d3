"""How a passage is told: event, photos, plate as voted, version. Pure: no I/O, no clock.

Rules
- What an event says is a function of the crossing, the set of reads, `final` and the lists as they stand; its version
  is 1 + 2 × reads + final. So the same version says the same, however detections and reads were interleaved, and what
  is said last depends on the whole set only.
- `plate_sure` says that a plate is safe to act on before the event is final: see `vote`. It can be taken back by later
  reads; who acts on it has acted.
- An event without a plate says why: `plate_pending` (nothing is known yet), `plate_unread` (no read came at all),
  `plate_none` (no plate on any picture), `plate_unreadable` (one was seen, no text), `plate_unsure` (a text below the
  camera's `plate_confidence_min`).
"""

from __future__ import annotations

from model_repository.contract import ModelRef
from postprocess.contract import Event, EventPhoto
from postprocess.rules.state import Crossing, ReadNote, Root, Subject, VehiclesPolicy
from postprocess.vote import Ballot, Verdict, vote

CONFIDENCE_STEP = 0.05
"""A voted confidence that moved by less is not told again."""
PHOTOS_MAX = 8


def verdict(subject: Subject) -> Verdict:
    """The plate as voted by all reads of a subject."""
    ballots = [Ballot(text=r.text, confidence=r.confidence, chars=r.chars, region=r.region) for r in subject.reads]
    return vote(ballots)


def label_of(root: Root) -> tuple[str, float]:
    """Majority label and the mean confidence of its boxes; ties go to the smaller name."""
    name = max(sorted(root.votes), key=lambda key: root.votes[key][0])
    total, count = root.votes[name]
    return name, round(total / count, 6)


def tell(camera: str, crossing: Crossing, subject: Subject, policy: VehiclesPolicy) -> Event:
    """The event of a crossing as known now."""
    voted = verdict(subject)
    shown = bool(voted.text) and voted.confidence >= policy.plate_confidence_min
    found = policy.lists.find(voted if shown else Verdict(), crossing.opened_at_us, crossing.direction)
    unread = "" if shown or not policy.plates else _why_unread(crossing, subject)
    return Event(
        event_id=crossing.event_id,
        version=version_of(crossing, subject),
        kind=f"vehicle_{crossing.direction}",
        camera=camera,
        opened_at_us=crossing.opened_at_us,
        closed_at_us=crossing.opened_at_us,
        final=crossing.final,
        function="vehicles",
        rule=crossing.line,
        track=crossing.track,
        epoch=crossing.epoch,
        direction=crossing.direction,
        label=crossing.label,
        confidence=crossing.confidence,
        plate=voted.text if shown else "",
        plate_confidence=voted.confidence,
        plate_reads=voted.reads,
        plate_region=voted.country if shown else "",
        plate_sure=shown and voted.sure,
        box=crossing.box,
        photos=_photos(subject),
        models=_models(crossing.model, subject.reads),
        settings_revision=crossing.settings_revision,
        frame_seq=crossing.frame_seq,
        cause=unread or found.cause,
        severity=policy.lists.severity(found, known=shown or crossing.final),
        listed=found.listed,
    )


def _why_unread(crossing: Crossing, subject: Subject) -> str:
    """Why an event has no plate to show."""
    if any(read.text for read in subject.reads):
        return "plate_unsure"
    if not crossing.final:
        return "plate_pending"
    if not subject.reads:
        return "plate_unread"
    return "plate_unreadable" if any(read.found for read in subject.reads) else "plate_none"


def version_of(crossing: Crossing, subject: Subject) -> int:
    """Grows with every read and once more when final."""
    return 1 + 2 * len(subject.reads) + int(crossing.final)


def worth_telling(crossing: Crossing, subject: Subject) -> bool:
    """Whether readers would learn something: first word, last word, another plate, a surer plate, the first photo."""
    if version_of(crossing, subject) <= crossing.said_version:
        return False
    if crossing.said_version == 0 or crossing.final:
        return True
    voted = verdict(subject)
    moved = abs(voted.confidence - crossing.said_confidence) >= CONFIDENCE_STEP or voted.sure != crossing.said_sure
    return voted.text != crossing.said_plate or moved or len(subject.reads) == 1


def said(crossing: Crossing, subject: Subject) -> None:
    """Remember what was just told."""
    voted = verdict(subject)
    crossing.said_version = version_of(crossing, subject)
    crossing.said_plate, crossing.said_confidence, crossing.said_sure = voted.text, voted.confidence, voted.sure


def _photos(subject: Subject) -> tuple[EventPhoto, ...]:
    if not subject.reads:
        return ()
    best = max(subject.reads, key=lambda r: r.rank)
    others = sorted((r for r in subject.reads if r is not best), key=lambda r: r.rank, reverse=True)[: PHOTOS_MAX - 1]
    first = EventPhoto(
        shot_id=best.shot_id, captured_at_us=best.captured_at_us, quad=best.quad, thumbnail=subject.thumbnail
    )
    return (
        first,
        *(
            EventPhoto(shot_id=r.shot_id, captured_at_us=r.captured_at_us, role="context", quad=r.quad)
            for r in sorted(others, key=lambda r: (r.captured_at_us, r.shot_id))
        ),
    )


def _models(detector: ModelRef, reads: list[ReadNote]) -> tuple[ModelRef, ...]:
    readers = {(r.model.name, r.model.version, r.model.sha256): r.model for r in reads}
    return (detector, *(readers[key] for key in sorted(readers)))

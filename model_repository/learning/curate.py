"""From people's words on events to drafts of examples. Pure: answers of the REST API in, drafts out.

What each verdict says, by kind of data set:

| | detector | plates | faces | ppe |
|---|---|---|---|---|
| confirmed | the object is in its box | the plate as read | the person as named | the items that were missing are |
| false_alarm | no such object is in that box | – | – | the items were worn |
| corrected | – | the right plate | the right person | – |
| not_person | – | – | a pair that is not one | – |
| missed | an object that nobody told of | – | – | – |

A false alarm may be the fault of a rule, and no object a detector's mistake: a vehicle that did not cross, a person
who did wear the helmet. Who judges is not asked. So only kinds that say no more than "such an object is here"
(`OF_OBJECTS`) teach a detector by their false alarms.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from model_repository.contract import ModelRef
from model_repository.learning.contract import Box, Kind, Provenance

MISSED = "missed"
MISSED_KIND = "missed_object"
"""Kind of the event that a mark of somebody is: label, box, and the whole frame as its photo."""
OF_OBJECTS = frozenset({"intrusion", "object_detected"})

VERDICTS: dict[Kind, frozenset[str]] = {
    "detector": frozenset({"confirmed", "false_alarm", MISSED}),
    "plates": frozenset({"confirmed", "corrected"}),
    "faces": frozenset({"confirmed", "corrected", "not_person"}),
    "ppe": frozenset({"confirmed", "false_alarm"}),
}


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """A word of a person, as the API gives it."""

    verdict: str
    plate: str = ""
    person: str = ""
    reason: str = ""
    user: str = ""
    at: str = ""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """An event, as the API gives it: what is used of it."""

    id: str
    kind: str
    camera: str
    opened_at: str
    function: str = ""
    track: str = ""
    label: str = ""
    confidence: float = 0.0
    plate: str = ""
    plate_region: str = ""
    box: Box | None = None
    models: tuple[ModelRef, ...] = ()
    epoch: int = 0
    frame_seq: int = 0
    cause: str = ""
    text: str = ""
    person: str = ""
    items: dict[str, float] = {}
    missing: tuple[str, ...] = ()
    author: str = ""
    feedback: Said | None = None


class Crop(msgspec.Struct, frozen=True, kw_only=True):
    """A shot behind an event, as `trace` gives it."""

    id: str
    url: str
    at: str
    recogniser: str = ""
    box: Box | None = None
    crop: Box | None = None
    quality: float = 0.0


class Meaning(msgspec.Struct, frozen=True, kw_only=True):
    """What a word says of the pictures behind its event."""

    label: str = ""
    present: bool = True
    text: str = ""
    person: str = ""
    not_person: str = ""
    items: dict[str, bool] = {}


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """An example before its picture is there."""

    event: Told
    crop: Crop
    said: Said
    meaning: Meaning


class Curated(msgspec.Struct, frozen=True, kw_only=True):
    """Drafts, and why other events gave none."""

    drafts: tuple[Draft, ...]
    left_out: dict[str, int]


def curate(kind: Kind, events: Iterable[tuple[Told, tuple[Crop, ...]]], *, shots_max: int = 3) -> Curated:
    """Drafts of all judged events, each from at most so many of its crops, best first; the newest word counts."""
    drafts: list[Draft] = []
    left_out: dict[str, int] = {}
    for event, crops in events:
        made, why = _drafts(kind, event, crops, shots_max)
        drafts += made
        if why:
            left_out[why] = left_out.get(why, 0) + 1
    return Curated(drafts=tuple(drafts), left_out=left_out)


def provenance(draft: Draft, captured_at_us: int) -> Provenance:
    """Where the example of a draft comes from."""
    event = draft.event
    return Provenance(
        event=event.id, event_kind=event.kind, camera=event.camera, captured_at_us=captured_at_us, epoch=event.epoch,
        frame_seq=event.frame_seq, track=event.track, shot=draft.crop.id, models=event.models,
        confidence=event.confidence, verdict=draft.said.verdict, said_by=draft.said.user, said_at=draft.said.at,
        reason=draft.said.reason,
    )  # fmt: skip


def _drafts(kind: Kind, event: Told, crops: tuple[Crop, ...], shots_max: int) -> tuple[list[Draft], str]:
    said = _word(event)
    if said is None or said.verdict not in VERDICTS[kind]:
        return [], f"says nothing for {kind}"
    meaning = _MEANINGS[kind](event, said)
    if isinstance(meaning, str):
        return [], meaning
    if event.kind == MISSED_KIND:
        crops = tuple(_whole(event, crop) for crop in crops)
    usable = [crop for crop in crops if crop.crop is not None and (kind != "detector" or crop.box is not None)]
    usable.sort(key=lambda crop: (-crop.quality, crop.id))
    if not usable:
        return [], "its pictures are no longer kept, or have no box"
    return [Draft(event=event, crop=crop, said=said, meaning=meaning) for crop in usable[:shots_max]], ""


def _whole(event: Told, still: Crop) -> Crop:
    """A kept frame with the box that somebody marked in it."""
    return msgspec.structs.replace(still, box=event.box, crop=(0.0, 0.0, 1.0, 1.0))


def _word(event: Told) -> Said | None:
    """What was said of an event; a missed object is an event of its own."""
    if event.kind == MISSED_KIND:
        if event.feedback is not None and event.feedback.verdict == "false_alarm":
            return None  # taken back
        return Said(verdict=MISSED, reason=event.text, user=event.author, at=event.opened_at)
    return event.feedback


def _of_detector(event: Told, said: Said) -> Meaning | str:
    if not event.label:
        return "names no object"
    if said.verdict == "false_alarm" and event.kind not in OF_OBJECTS:
        return "a false alarm whose rule may be at fault, not the detector"
    return Meaning(label=event.label, present=said.verdict != "false_alarm")


def _of_plates(event: Told, said: Said) -> Meaning | str:
    text = said.plate if said.verdict == "corrected" else event.plate
    return Meaning(text=text) if text else "no plate that can be read"


def _of_faces(event: Told, said: Said) -> Meaning | str:
    if said.verdict == "not_person":
        return Meaning(not_person=said.person or event.person)
    person = said.person if said.verdict == "corrected" else event.person
    return Meaning(person=person) if person else "names no person"


def _of_ppe(event: Told, said: Said) -> Meaning | str:
    if not event.missing:
        return "names no item"
    return Meaning(items=dict.fromkeys(event.missing, said.verdict == "false_alarm"))


_MEANINGS = {"detector": _of_detector, "plates": _of_plates, "faces": _of_faces, "ppe": _of_ppe}

"""Events as other systems and people see them: the shapes of REST, of the event stream and of webhooks.

Pure: no I/O, no clock.

Rules
- Times go out as RFC 3339 in UTC with microseconds; coordinates are relative to the full frame, 0..1, origin top left.
- Photos are links to the REST API; small ones may be inside.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Literal
from urllib.parse import quote

import msgspec

from ingest.contract import Box, Point
from model_repository.contract import ModelRef
from postprocess.contract import Act, Event, EventPhoto, Feedback, Judgement

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US_MAX = 253_402_300_799_999_999


class FeedbackOut(msgspec.Struct, frozen=True, kw_only=True):
    """What a person said of an event."""

    verdict: Judgement
    plate: str
    person: str
    reason: str
    user: str
    at: str


class HandlingOut(msgspec.Struct, frozen=True, kw_only=True):
    """Where the handling of an event stands: the newest act, and whom the event is given to."""

    act: Act
    assignee: str
    note: str
    user: str
    at: str


class PhotoOut(msgspec.Struct, frozen=True, kw_only=True):
    """A photo behind an event."""

    url: str
    role: str
    captured_at: str
    shot_id: str
    quad: tuple[Point, ...] = ()
    """Corners of the plate, relative to the full frame: tl, tr, br, bl."""
    thumbnail: str = ""
    """JPEG, base64; only on the event stream."""


class EventOut(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened, with the evidence behind it."""

    id: str
    version: int
    kind: str
    camera: str
    opened_at: str
    closed_at: str | None
    final: bool
    function: str
    rule: str
    track: str
    direction: Literal["", "entry", "exit"]
    label: str
    confidence: float
    plate: str
    plate_confidence: float
    plate_reads: int
    box: Box | None
    photos: tuple[PhotoOut, ...]
    models: tuple[ModelRef, ...]
    settings_revision: int
    epoch: int
    frame_seq: int
    cause: str
    text: str
    severity: Literal["info", "warning", "alarm"]
    plate_region: str
    listed: str
    """List that the plate or the person stands on."""
    person: str
    """Id of the person; empty = unidentified, or nobody."""
    person_confidence: float
    items: dict[str, float]
    """Equipment and the probability that it is worn."""
    missing: tuple[str, ...]
    value: float | None
    """By kind: seconds of stay, persons in the zone, count so far, score of a defect."""
    tiles: tuple[float, ...]
    """Heat map of a defect, rows from the top, over the whole of the best photo; 1 = the limit."""
    plate_sure: bool
    """The plate is safe to act on, be the event final or not."""
    about: str
    """Id of the event that this one speaks of."""
    author: str
    """The user who said it, where a person did."""
    feedback: FeedbackOut | None = None
    """The newest word of a person on this event; absent from the event stream."""
    handling: HandlingOut | None = None
    """Where its handling stands; absent from the event stream."""


def moment(us: int) -> str:
    """RFC 3339 in UTC with microseconds; times past the year 9999 are held at its end."""
    at = _EPOCH + timedelta(microseconds=min(max(us, 0), _US_MAX))
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")


def event_view(
    event: Event,
    *,
    thumbnails: bool = False,
    feedback: Feedback | None = None,
    handling: HandlingOut | None = None,
) -> EventOut:
    """An event for people: photos are links; `thumbnails` puts the small pictures inside (event stream)."""
    photo = _photo_view(event.event_id, thumbnails=thumbnails)
    return EventOut(
        id=event.event_id,
        version=event.version,
        kind=event.kind,
        camera=event.camera,
        opened_at=moment(event.opened_at_us),
        closed_at=None if event.closed_at_us is None else moment(event.closed_at_us),
        final=event.final,
        function=event.function,
        rule=event.rule,
        track=event.track,
        direction=event.direction,
        label=event.label,
        confidence=round(event.confidence, 4),
        plate=event.plate,
        plate_confidence=round(event.plate_confidence, 4),
        plate_reads=event.plate_reads,
        box=event.box,
        photos=tuple(photo(number, one) for number, one in enumerate(event.photos)),
        models=event.models,
        settings_revision=event.settings_revision,
        epoch=event.epoch,
        frame_seq=event.frame_seq,
        cause=event.cause,
        text=event.text,
        severity=event.severity,
        plate_region=event.plate_region,
        listed=event.listed,
        person=event.person,
        person_confidence=round(event.person_confidence, 4),
        items=event.items,
        missing=event.missing,
        value=event.value,
        tiles=event.tiles,
        plate_sure=event.plate_sure,
        about=event.about,
        author=event.author,
        feedback=None if feedback is None else feedback_view(feedback),
        handling=handling,
    )


def feedback_view(feedback: Feedback) -> FeedbackOut:
    """A person's word for people."""
    return FeedbackOut(
        verdict=feedback.verdict,
        plate=feedback.plate,
        person=feedback.person,
        reason=feedback.reason,
        user=feedback.user,
        at=moment(feedback.at_us),
    )


def photo_url(event_id: str, number: int) -> str:
    """Path of an event's photo at the REST API."""
    return f"/api/v1/events/{quote(event_id, safe='')}/photos/{number}.jpg"


def _photo_view(event_id: str, *, thumbnails: bool) -> Callable[[int, EventPhoto], PhotoOut]:
    def view(number: int, photo: EventPhoto) -> PhotoOut:
        return PhotoOut(
            url=photo_url(event_id, number),
            role=photo.role,
            captured_at=moment(photo.captured_at_us),
            shot_id=photo.shot_id,
            quad=photo.quad,
            thumbnail=base64.b64encode(photo.thumbnail).decode() if thumbnails else "",
        )

    return view

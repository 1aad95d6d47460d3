"""What is stored or said inside, as what people see outside.

Pure: `now_us` is passed in.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from api.contract import (
    CameraOut,
    CameraStateOut,
    EventOut,
    FeedbackOut,
    HandlingOut,
    PhotoOut,
    ProbeOut,
)
from api.contract_work import WordOut
from api.etag import etag
from api.language import Language, Words
from ingest.contract import Camera, CameraState, Cause, ProbeReply, mask_url
from postprocess.contract import FEEDBACK, Event, EventPhoto, Feedback

STATE_AGE_US_MAX = 5_000_000
"""Ingest says a camera's state once a second; older than this it is unknown."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US_MAX = 253_402_300_799_999_999

_CAUSES: dict[Cause, Words] = {
    "none": Words("", ""),
    "dns": Words("The host name is unknown", "Имя узла не найдено"),
    "refused": Words("The host refuses the connection", "Узел отклоняет соединение"),
    "timeout": Words("The camera does not answer", "Камера не отвечает"),
    "auth": Words("User or password is wrong", "Неверное имя пользователя или пароль"),
    "not_found": Words("The camera has no stream under this path", "По этому пути у камеры нет потока"),
    "no_video": Words("The stream has no video track", "В потоке нет видеодорожки"),
    "codec": Words("The video is neither H.264 nor H.265", "Видео не в формате H.264 или H.265"),
    "broken": Words("The stream is broken", "Поток повреждён"),
    "unsafe_url": Words("This address must not be opened", "Такой адрес открывать нельзя"),
}


def moment(us: int) -> str:
    """RFC 3339 in UTC with microseconds; times past the year 9999 are held at its end."""
    at = _EPOCH + timedelta(microseconds=min(max(us, 0), _US_MAX))
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")


def cause_words(cause: Cause, detail: str, language: Language) -> str:
    """The cause in the reader's language; English keeps ingest's own sentence, which knows more."""
    words = _CAUSES[cause]
    if language == "en":
        return detail or words.en
    return f"{words.ru} ({detail})" if words.ru and detail else words.ru or detail


def state_view(state: CameraState | None, heard_at_us: int, now_us: int, language: Language) -> CameraStateOut:
    """Where a camera stands now, as far as ingest has said lately."""
    if state is None or now_us - heard_at_us > STATE_AGE_US_MAX:
        return CameraStateOut(phase="unknown")
    return CameraStateOut(
        phase=state.phase,
        cause=state.cause,
        detail=cause_words(state.cause, state.detail, language) if state.phase in {"lost", "connecting"} else "",
        since=moment(state.since_us) if state.since_us else None,
        codec=state.codec,
        width=state.width,
        height=state.height,
        fps=round(state.fps, 1),
        frames_decoded=state.frames_decoded,
        frames_analysed=state.frames_analysed,
        frames_gated=state.frames_gated,
        frames_dropped=state.frames_dropped,
        inference_ok=state.inference_ok,
        crops=state.crops,
        crops_detail=state.crops_detail,
    )


def camera_view(camera: Camera, revision: int, state: CameraStateOut, functions: tuple[str, ...]) -> CameraOut:
    """A camera for people: address masked, version as ETag."""
    return CameraOut(
        id=camera.id,
        name=camera.name,
        url=mask_url(camera.url),
        analysis_url=mask_url(camera.analysis_url),
        enabled=camera.enabled,
        region=camera.region,
        analysis_fps=camera.analysis_fps,
        transport=camera.transport,
        motion_masks=camera.motion_masks,
        functions=functions,
        etag=etag(revision),
        state=state,
    )


def probe_view(reply: ProbeReply, language: Language) -> ProbeOut:
    """A probe for people, the snapshot inline."""
    return ProbeOut(
        ok=reply.ok,
        cause=reply.cause,
        detail=cause_words(reply.cause, reply.detail, language),
        codec=reply.codec,
        width=reply.width,
        height=reply.height,
        fps=round(reply.fps, 2),
        snapshot=base64.b64encode(reply.jpeg).decode(),
    )


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


def handling_view(row: Mapping[str, Any]) -> HandlingOut:
    """A row of `query.handling_query`."""
    return HandlingOut(
        act=row["act"], assignee=row["assignee"], note=row["note"], user=row["user"], at=moment(row["at_us"])
    )


def word_view(event: Event) -> WordOut:
    """An event of kind `feedback` or `handling` as what a person said or did."""
    return WordOut(
        kind="feedback" if event.kind == FEEDBACK else "handling",
        what=event.cause,
        assignee=event.label,
        plate=event.plate,
        person=event.person,
        note=event.text,
        user=event.author,
        at=moment(event.opened_at_us),
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

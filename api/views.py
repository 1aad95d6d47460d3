"""What is stored or said inside, as what people see outside.

Pure: `now_us` is passed in.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from typing import Any

from api.contract import CameraOut, CameraStateOut, ProbeOut
from api.contract_work import WordOut
from api.etag import etag
from api.language import Language, Words
from ingest.contract import Camera, CameraState, Cause, PictureFault, ProbeReply, mask_url
from postprocess.contract import FEEDBACK, Event
from postprocess.shown import HandlingOut, event_view, feedback_view, moment, photo_url

__all__ = [
    "camera_view", "cause_words", "event_view", "feedback_view", "handling_view", "moment", "photo_url", "probe_view",
    "state_view", "word_view",
]  # fmt: skip

STATE_AGE_US_MAX = 5_000_000
"""Ingest says a camera's state once a second; older than this it is unknown."""

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
    "decoder": Words("The video can't be decoded", "Видео не декодируется"),
    "unsafe_url": Words("This address must not be opened", "Такой адрес открывать нельзя"),
}
_FAULTS: dict[PictureFault, Words] = {
    "network_loss": Words("Packets are lost on the way: pictures are broken", "Потери пакетов в сети: кадры битые"),
    "decoder_overload": Words("The server can't keep up with decoding", "Сервер не успевает декодировать видео"),
    "camera_fault": Words("The camera sends broken pictures", "Камера присылает битые кадры"),
    "black": Words("The picture is black", "Картинка чёрная"),
    "over_exposed": Words("The picture is over-exposed", "Картинка засвечена"),
    "covered": Words("The camera is covered", "Камера закрыта"),
    "blurred": Words("The picture is blurred", "Картинка размыта"),
    "moved": Words("The camera was moved", "Камера сдвинута"),
    "frozen": Words("The picture is frozen", "Картинка застыла"),
    "noise": Words("The picture is much noisier than usual", "Картинка гораздо шумнее обычного"),
    "low_fps": Words("Far fewer pictures come than usual", "Кадров гораздо меньше обычного"),
    "bitrate": Words("Far more data come than usual", "Данных гораздо больше обычного"),
    "clock": Words("The camera's clock has moved", "Часы камеры ушли"),
}


def cause_words(cause: Cause, detail: str, language: Language) -> str:
    """The cause in the reader's language; English keeps ingest's own sentence, which knows more."""
    words = _CAUSES[cause]
    if language == "en":
        return detail or words.en
    return f"{words.ru} ({detail})" if words.ru and detail else words.ru or detail


def fault_words(faults: Iterable[str], language: Language) -> str:
    """What is wrong with the pictures, in the reader's language; a fault of a newer ingest by its own name."""
    known: dict[str, Words] = {str(fault): words for fault, words in _FAULTS.items()}
    return "; ".join(known[fault].to(language) if fault in known else fault for fault in faults)


def _detail(state: CameraState, language: Language) -> str:
    if state.faults:
        return fault_words(state.faults, language)
    return "" if state.phase == "live" else cause_words(state.cause, state.detail, language)


def state_view(state: CameraState | None, heard_at_us: int, now_us: int, language: Language) -> CameraStateOut:
    """Where a camera stands now, as far as ingest has said lately."""
    if state is None or now_us - heard_at_us > STATE_AGE_US_MAX:
        return CameraStateOut(phase="unknown")
    return CameraStateOut(
        phase=state.phase,
        cause=state.cause,
        detail=_detail(state, language),
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
        faults=state.faults,
        frames_broken=state.frames_broken,
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
        privacy_masks=camera.privacy_masks,
        functions=functions,
        maintenance=camera.maintenance,
        picture=camera.picture,
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

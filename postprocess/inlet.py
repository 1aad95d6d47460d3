"""Is a message what it claims to be? Everything that enters postprocess from a stream passes here.

Pure: no I/O, no clock.

Rules
- What can't be read, names another camera than its subject, or holds numbers no camera can mean, is poison.
- One message with a wild time must not move a camera's watermark: stamps have to lie near the time of the stream.
"""

from __future__ import annotations

import math
from typing import TypeVar

import msgspec

from ingest.contract import Box, FrameReport, Shot, decode
from postprocess.contract import DefectRead, EquipmentRead, Event, FaceRead, OtherRead, PlateRead, Read, ReadOf
from postprocess.errors import PoisonError

T = TypeVar("T", bound=msgspec.Struct)

STAMP_US_MAX = 48 * 3600 * 1_000_000
"""How far a stamp may lie from the time at which the stream took the message."""
CONTENT_CHARS_MAX = 200


def frame_report(subject: str, payload: bytes, stored_us: int) -> FrameReport:
    """Read a message of DETECTIONS; raises `PoisonError`."""
    report = _decoded(payload, FrameReport, "frame report")
    what = f"frame report {report.message_id}"
    _same(what, "camera", report.stamp.camera, subject.rsplit(".", maxsplit=1)[-1])
    _near(what, report.stamp.captured_at_us, stored_us)
    if report.width < 1 or report.height < 1:
        raise PoisonError(what, f"a frame of {report.width}×{report.height} pixels")
    for found in report.detections:
        _sane(what, found.box)
        if not 0.0 <= found.confidence <= 1.0:
            raise PoisonError(what, f"a confidence of {found.confidence}")
    return report


def read(subject: str, payload: bytes, stored_us: int) -> Read:
    """Read a message of READS; raises `PoisonError`."""
    message = _decoded(payload, Read, "read")
    what = f"read {message.message_id}"
    _same(what, "camera", message.camera, subject.rsplit(".", maxsplit=1)[-1])
    _near(what, message.captured_at_us, stored_us)
    if not all(math.isfinite(number) for number in (message.quality, *_numbers(message.read))):
        raise PoisonError(what, "a confidence that is no number")
    return message


def _numbers(said: ReadOf) -> tuple[float, ...]:
    match said:
        case PlateRead():
            return (said.confidence, *said.char_confidence)
        case FaceRead():
            return (said.score, said.quality, said.liveness, *(match.similarity for match in said.matches))
        case EquipmentRead():
            return (*said.worn.values(), *said.known.values())
        case DefectRead():
            return (said.score, *said.tiles)
        case OtherRead():
            return tuple(said.values.values())


def shot(subject: str, payload: bytes) -> Shot:
    """Read a message of SHOTS; raises `PoisonError`."""
    message = _decoded(payload, Shot, "shot")
    what = f"shot {message.shot_id}"
    recogniser, camera = subject.split(".")[-2:]
    _same(what, "camera", message.stamp.camera, camera)
    _same(what, "recogniser", message.recogniser, recogniser)
    _sane(what, message.box)
    _sane(what, message.crop)
    return message


def event(subject: str, payload: bytes) -> Event:
    """Read a message of EVENTS (also a camera's notice); raises `PoisonError`."""
    message = _decoded(payload, Event, "event")
    what = f"event {message.message_id}"
    camera, kind = subject.split(".")[-2:]
    _same(what, "camera", message.camera, camera)
    _same(what, "kind", message.kind, kind)
    return message


def _decoded(payload: bytes, kind: type[T], name: str) -> T:
    try:
        return decode(payload, kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise PoisonError(f"{name} of {len(payload)} bytes", str(error)[:CONTENT_CHARS_MAX]) from None


def _same(what: str, field: str, told: str, subject: str) -> None:
    if told != subject:
        raise PoisonError(what, f"its {field} is {told!r}, its subject says {subject!r}")


def _near(what: str, stamp_us: int, stored_us: int) -> None:
    if abs(stamp_us - stored_us) > STAMP_US_MAX:
        raise PoisonError(what, f"its time {stamp_us} µs is days away from when it came ({stored_us} µs)")


def _sane(what: str, box: Box) -> None:
    if not all(math.isfinite(value) and -1.0 <= value <= 2.0 for value in box):
        raise PoisonError(what, f"a box that lies on no picture: {box}")

"""What enters postprocess from a stream, and what is refused with which words."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from ingest.contract import CameraNotice, Shot, encode
from postprocess import inlet
from postprocess.contract import Event
from postprocess.errors import PoisonError
from tests.support.vehicles import T0_US, drive, events, frame, play, read

FRAME = frame(0, {"1-1": (0.5, 0.5)})
READ = read("s1")
SHOT = Shot(
    shot_id="s1", stamp=FRAME.stamp, recogniser="plate_reader", track="1-1", label="car", box=(0.1, 0.1, 0.2, 0.2),
    crop=(0.1, 0.1, 0.2, 0.2), jpeg=b"\xff\xd8", width=10, height=10, quality=0.5, ordinal=0,
)  # fmt: skip
EVENT = events(play(drive((0.4, 0.6)))[1])[0]


def test_sound_messages_pass() -> None:
    """Each comes out as it went in; a camera's notice reads as an event."""
    assert inlet.frame_report("zool.detections.cam-1", encode(FRAME), T0_US) == FRAME
    assert inlet.read("zool.reads.cam-1", encode(READ), T0_US) == READ
    assert inlet.shot("zool.shots.plate_reader.cam-1", encode(SHOT)) == SHOT
    assert inlet.event("zool.events.cam-1.vehicle_entry", encode(EVENT)) == EVENT
    notice = CameraNotice(event_id="n", version=1, kind="camera_lost", camera="cam-1", opened_at_us=T0_US, text="gone")
    assert inlet.event("zool.events.cam-1.camera_lost", encode(notice)).text == "gone"


def test_unknown_fields_are_ignored() -> None:
    """Versions differ during an upgrade."""
    newer = msgspec.to_builtins(EVENT) | {"invented_later": 1}
    assert inlet.event("zool.events.cam-1.vehicle_entry", msgspec.msgpack.encode(newer)) == EVENT


def _moved(message: msgspec.Struct, **fields: object) -> bytes:
    return encode(msgspec.structs.replace(message, **fields))


WILD = msgspec.structs.replace(FRAME.detections[0], box=(0.0, 0.0, float("nan"), 1.0))
UNSURE = msgspec.structs.replace(FRAME.detections[0], confidence=float("nan"))
Call = Callable[[], object]
REFUSED: dict[str, tuple[Call, str]] = {
    "garbage": (lambda: inlet.frame_report("zool.detections.cam-1", b"\xc1", T0_US), "frame report of 1 bytes"),
    "not utf-8": (lambda: inlet.event("zool.events.cam-1.x", b"\x81\xa8event_id\xa1\xff"), "event of 12 bytes"),
    "another camera": (lambda: inlet.frame_report("zool.detections.cam-2", encode(FRAME), T0_US), "says 'cam-2'"),
    "another recogniser": (lambda: inlet.shot("zool.shots.faces.cam-1", encode(SHOT)), "recogniser"),
    "another kind": (lambda: inlet.event("zool.events.cam-1.vehicle_exit", encode(EVENT)), "kind"),
    "another day": (lambda: inlet.frame_report("zool.detections.cam-1", encode(FRAME), 0), "days away"),
    "a read of another day": (lambda: inlet.read("zool.reads.cam-1", encode(READ), 9 * T0_US), "days away"),
    "no pixels": (lambda: inlet.frame_report("zool.detections.cam-1", _moved(FRAME, height=0), T0_US), "1280×0"),
    "no box": (
        lambda: inlet.frame_report("zool.detections.cam-1", _moved(FRAME, detections=(WILD,)), T0_US),
        "no picture",
    ),
    "no confidence": (
        lambda: inlet.frame_report("zool.detections.cam-1", _moved(FRAME, detections=(UNSURE,)), T0_US),
        "a confidence of nan",
    ),
    "a read without": (lambda: inlet.read("zool.reads.cam-1", _moved(READ, quality=float("inf")), T0_US), "no number"),
    "a crop from afar": (
        lambda: inlet.shot("zool.shots.plate_reader.cam-1", _moved(SHOT, crop=(0.0, 0.0, 7.0, 1.0))),
        "no picture",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_poison(name: str) -> None:
    """Refused with a sentence that names what it was and what is wrong."""
    call, words = REFUSED[name]
    with pytest.raises(PoisonError) as caught:
        call()
    assert words in str(caught.value)


def test_event_type() -> None:
    """What the inlet hands on is the contract's type."""
    assert isinstance(inlet.event("zool.events.cam-1.vehicle_entry", encode(EVENT)), Event)

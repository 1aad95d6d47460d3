"""Wire messages of every schema version so far: their bytes are read for ever.

A message that gains a field keeps the files of the older versions and adds a new one:
`python -m tests.contract.test_postprocess_golden` writes what is missing, never over what stands.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from ingest.contract import CameraNotice, Detection, FrameReport, FrameStamp, Shot, decode, encode
from model_repository.contract import ModelRef
from postprocess.contract import Event, EventPhoto, Feedback, PlateRead, Read

FOLDER = Path(__file__).parent / "golden"
NEWEST = {"frame_report": 3, "event": 4, "feedback": 2, "camera_notice": 2}
"""The newest version of a message; 1 where it is not named."""

STAMP = FrameStamp(camera="cam-7f3a", epoch=3, seq=41, captured_at_us=1_790_000_000_123_456, clock="rtcp")
DETECTOR = ModelRef(name="starter-detector", version="2", sha256="ab12", starter=True)
READER = ModelRef(name="starter-plates", version="1", sha256="cd34", starter=True)
QUAD = ((0.5, 0.5), (0.625, 0.5), (0.625, 0.5625), (0.5, 0.5625))

MESSAGES: dict[str, msgspec.Struct] = {
    "frame_report": FrameReport(
        stamp=STAMP,
        detections=(
            Detection(box=(0.25, 0.25, 0.5, 0.5), label="truck", confidence=0.75, track="3-1", label_seen="bus"),
            Detection(box=(0.0, 0.0, 0.125, 0.25), label="person", confidence=0.5),
        ),
        ended_tracks=("3-0",),
        model=DETECTOR,
        width=1280,
        height=720,
    ),
    "shot": Shot(
        shot_id="cam-7f3a.3.41.3-1", stamp=STAMP, recogniser="plate_reader", track="3-1", label="truck",
        box=(0.25, 0.25, 0.5, 0.5), crop=(0.1875, 0.1875, 0.5625, 0.5625), jpeg=b"\xff\xd8\xff\xd9",
        width=480, height=270, quality=0.625, ordinal=2,
    ),
    "read": Read(
        shot_id="cam-7f3a.3.41.3-1", recogniser="plate_reader", camera="cam-7f3a", epoch=3, track="3-1",
        captured_at_us=1_790_000_000_123_456,
        read=PlateRead(
            text="А123ВС77", confidence=0.875, char_confidence=(0.875,) * 8, quad=QUAD, plate_score=0.9375, region="ru"
        ),
        model=READER, label="truck", box=(0.25, 0.25, 0.5, 0.5), quality=0.625, thumbnail=b"\xff\xd8\xff\xd9",
    ),
    "event": Event(
        event_id="df11a644-d1b7-5e0d-8348-4af1ae7313f1", version=6, kind="vehicle_entry", camera="cam-7f3a",
        opened_at_us=1_790_000_000_123_456, closed_at_us=1_790_000_000_123_456, final=True, function="vehicles",
        rule="gate", track="3-1", epoch=3, direction="entry", label="truck", confidence=0.75, plate="А123ВС77",
        plate_confidence=0.875, plate_reads=2, box=(0.25, 0.25, 0.5, 0.5),
        photos=(
            EventPhoto(
                shot_id="cam-7f3a.3.41.3-1", captured_at_us=1_790_000_000_123_456, quad=QUAD,
                thumbnail=b"\xff\xd8\xff\xd9",
            ),
            EventPhoto(shot_id="cam-7f3a.3.39.3-1", captured_at_us=1_790_000_000_000_000, role="context"),
        ),
        models=(DETECTOR, READER), settings_revision=12, frame_seq=41, cause="", text="",
    ),
    "feedback": Feedback(
        event_id="df11a644-d1b7-5e0d-8348-4af1ae7313f1", camera="cam-7f3a", user="admin", verdict="corrected",
        plate="А123ВС177", reason="last digit", at_us=1_790_000_100_000_000,
    ).event(),
    "camera_notice": CameraNotice(
        event_id="n-1", version=1, kind="camera_blind", camera="cam-7f3a", opened_at_us=1_790_000_000_000_000,
        closed_at_us=1_790_000_002_000_000, cause="restart", text="not looked at for 2.0 s",
    ),
}  # fmt: skip


def golden(name: str, version: int) -> Path:
    """Where the bytes of a message lie."""
    return FOLDER / f"{name}.v{version}.msgpack"


VERSIONS = [(name, version) for name in MESSAGES for version in range(1, NEWEST.get(name, 1) + 1)]


@pytest.mark.parametrize(("name", "version"), VERSIONS)
def test_old_bytes_are_read(name: str, version: int) -> None:
    """Every version ever written means the same today."""
    assert decode(golden(name, version).read_bytes(), type(MESSAGES[name])) == MESSAGES[name]


@pytest.mark.parametrize("name", MESSAGES)
def test_new_bytes_are_those(name: str) -> None:
    """What is written today is the newest golden version: a change of the wire form is a decision, not an accident."""
    assert encode(MESSAGES[name]) == golden(name, NEWEST.get(name, 1)).read_bytes()


def test_ids_of_messages() -> None:
    """The keys by which repeats are known."""
    ids = {name: message.message_id for name, message in MESSAGES.items() if hasattr(message, "message_id")}
    assert ids == {
        "frame_report": "cam-7f3a.3.41",
        "read": "cam-7f3a.3.41.3-1.plate_reader",
        "event": "df11a644-d1b7-5e0d-8348-4af1ae7313f1.6",
        "feedback": "8fd01724-5a22-5608-8941-c2581aa815f1.1",
    }


if __name__ == "__main__":
    for each, message in MESSAGES.items():
        path = golden(each, NEWEST.get(each, 1))
        if not path.exists():
            path.write_bytes(encode(message))

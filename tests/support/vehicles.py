"""Frames and reads of vehicles for tests: a track as a list of foot points, one every 200 ms."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from ingest.contract import Detection, FrameReport, FrameStamp
from model_repository.contract import ModelRef
from postprocess.contract import Event, Line, PlateRead, Read
from postprocess.rules.scene import Input, Output, Tick
from postprocess.rules.state import CameraMemory, VehiclesPolicy
from postprocess.rules.vehicles import step

CAMERA = "cam-1"
T0_US = 1_790_000_000_000_000
STEP_US = 200_000
DETECTOR_REF = ModelRef(name="starter-detector", version="1", sha256="d" * 8, starter=True)
READER_REF = ModelRef(name="starter-plates", version="1", sha256="p" * 8, starter=True)
GATE = Line(id="gate", a=(0.1, 0.5), b=(0.9, 0.5))
"""Lies across the picture; downwards is forward: an entry."""
POLICY = VehiclesPolicy(lines=(GATE,), settings_revision=7)
PLATE = "А123ВС77"


def box(x: float, y: float, *, width: float = 0.2, height: float = 0.2) -> tuple[float, float, float, float]:
    """A box whose foot (bottom centre) is at (x, y)."""
    return (x - width / 2, y - height, x + width / 2, y)


def frame(
    seq: int,
    feet: dict[str, tuple[float, float]],
    *,
    epoch: int = 1,
    ended: tuple[str, ...] = (),
    label: str = "car",
    at_us: int | None = None,
) -> FrameReport:
    """One looked-at frame; `feet` names the tracks and where they stand."""
    return FrameReport(
        stamp=FrameStamp(
            camera=CAMERA, epoch=epoch, seq=seq, captured_at_us=T0_US + seq * STEP_US if at_us is None else at_us
        ),
        detections=tuple(Detection(box=box(*at), label=label, confidence=0.9, track=name) for name, at in feet.items()),
        ended_tracks=ended,
        model=DETECTOR_REF,
        width=1280,
        height=720,
    )


def drive(
    ys: Iterable[float], *, track: str = "1-1", epoch: int = 1, first: int = 0, x: float = 0.5, end: bool = True
) -> list[Input]:
    """A vehicle that stands at (x, y) on one frame after the other, and whose track then ends."""
    frames: list[Input] = [frame(first + n, {track: (x, y)}, epoch=epoch) for n, y in enumerate(ys)]
    if end:
        frames.append(frame(first + len(frames), {}, epoch=epoch, ended=(track,)))
    return frames


def read(
    shot: str,
    *,
    text: str = PLATE,
    track: str = "1-1",
    epoch: int = 1,
    seq: int = 0,
    confidence: float = 0.9,
    plate_score: float = 0.9,
) -> Read:
    """What the reader said of a shot of a track, taken on frame `seq`."""
    return Read(
        shot_id=shot,
        recogniser="plate_reader",
        camera=CAMERA,
        epoch=epoch,
        track=track,
        captured_at_us=T0_US + seq * STEP_US,
        read=PlateRead(
            text=text, confidence=confidence, char_confidence=(confidence,) * len(text), plate_score=plate_score
        ),
        model=READER_REF,
        label="car",
        quality=0.5,
        thumbnail=f"jpeg of {shot}".encode(),
    )


def play(
    inputs: Iterable[Input], policy: VehiclesPolicy = POLICY, memory: CameraMemory | None = None
) -> tuple[CameraMemory, list[Output]]:
    """All inputs one after the other; the memory and everything said."""
    memory = CameraMemory(camera=CAMERA) if memory is None else memory
    said: list[Output] = []
    for message in inputs:
        memory, outputs = step(memory, message, policy)
        said += outputs
    return memory, said


def events(outputs: Iterable[Output]) -> list[Event]:
    """The events among what was said, in order."""
    return [output for output in outputs if isinstance(output, Event)]


def newest(outputs: Iterable[Output]) -> dict[str, Event]:
    """Event id → its highest version."""
    latest: dict[str, Event] = {}
    for event in events(outputs):
        if event.event_id not in latest or event.version > latest[event.event_id].version:
            latest[event.event_id] = event
    return latest


def at(message: Input, base_us: int) -> FrameReport | Read:
    """The same message as of another day: streams refuse stamps that lie days off."""
    assert not isinstance(message, Tick), "ticks don't travel"
    shift = base_us - T0_US
    if isinstance(message, Read):
        return msgspec.structs.replace(message, captured_at_us=message.captured_at_us + shift)
    stamp = msgspec.structs.replace(message.stamp, captured_at_us=message.stamp.captured_at_us + shift)
    return msgspec.structs.replace(message, stamp=stamp)

"""Functions over zones and lines, played in tests: settings as people write them, inputs in, events out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ingest.contract import Camera
from postprocess.contract import Event, Line, OtherRead, Read
from postprocess.functions.registry import read_settings
from postprocess.functions.unit import AnyFunction, Context, Site
from postprocess.rules.scene import Input, Output, Scene
from tests.support.vehicles import CAMERA, READER_REF, STEP_US, T0_US, newest
from tests.support.zones import YARD

ZONES: dict[str, Any] = {"zones": [{"id": YARD.id, "points": [list(point) for point in YARD.points]}]}
GATE = Line(id="gate", a=(0.1, 0.5), b=(0.9, 0.5))
"""Lies across the picture; downwards is an entry."""
LINES: dict[str, Any] = {"lines": [{"id": GATE.id, "a": list(GATE.a), "b": list(GATE.b)}]}


def policy_for(function: AnyFunction, timezone: str = "UTC", **settings: Any) -> Any:
    """The policy that settings give."""
    context = Context(camera=Camera(id=CAMERA, name="", url=""), revision=7, site=Site(timezone=timezone))
    return function.policy(read_settings(function, settings), context)


def play(
    function: AnyFunction, inputs: Iterable[Input], memory: Scene | None = None, **settings: Any
) -> tuple[Scene, list[Output]]:
    """All inputs one after the other; the memory and everything said."""
    policy = policy_for(function, settings.pop("timezone", "UTC"), **settings)
    memory = function.memory(camera=CAMERA) if memory is None else memory
    said: list[Output] = []
    for message in inputs:
        memory, outputs = function.step(memory, message, policy)
        said += outputs
    return memory, said


def told(function: AnyFunction, inputs: Iterable[Input], **settings: Any) -> list[Event]:
    """The last version of each event, by the time at which it opened."""
    return sorted(newest(play(function, inputs, **settings)[1]).values(), key=lambda event: event.opened_at_us)


def photo(shot: str, *, track: str = "1-1", epoch: int = 1, seq: int = 0, quality: float = 0.5) -> Read:
    """A picture of a track, taken on frame `seq`."""
    return Read(
        shot_id=shot,
        recogniser="photo",
        camera=CAMERA,
        epoch=epoch,
        track=track,
        captured_at_us=T0_US + seq * STEP_US,
        read=OtherRead(),
        model=READER_REF,
        label="person",
        quality=quality,
        thumbnail=f"jpeg of {shot}".encode(),
    )

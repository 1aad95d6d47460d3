"""Things that walk through zones, for tests: a way as foot points over time, looked at five times a second."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

from ingest.contract import Detection, FrameReport, FrameStamp, Point
from postprocess.contract import Zone
from postprocess.rules.scene import Input
from postprocess.rules.visits import watch
from postprocess.rules.zones import Visited, ZonePolicy, ZoneScene
from tests.support.vehicles import CAMERA, DETECTOR_REF, STEP_US, T0_US, box

YARD = Zone(id="yard", points=((0.3, 0.4), (0.7, 0.4), (0.7, 0.8), (0.3, 0.8)))
#   0.3      0.7
#    ┌────────┐ 0.4
#    │  yard  │
#    └────────┘ 0.8
POLICY = ZonePolicy(zones=(YARD,), labels=("person",), settings_revision=7)

Way = Callable[[float], Point | None]
"""Seconds → foot point, None where it is not seen."""


def walk(*stops: tuple[float, float, float]) -> Way:
    """Straight ways between (second, x, y); not there before the first and after the last."""

    def at(second: float) -> Point | None:
        for (t1, x1, y1), (t2, x2, y2) in pairwise(stops):
            if t1 <= second <= t2:
                part = (second - t1) / (t2 - t1) if t2 > t1 else 0.0
                return (x1 + (x2 - x1) * part, y1 + (y2 - y1) * part)
        return None

    return at


def look(
    seq: int,
    found: Iterable[tuple[str, Point]],
    *,
    label: str = "person",
    epoch: int = 1,
    height: float = 0.2,
    at_us: int | None = None,
    before_us: int = 0,
    ended: tuple[str, ...] = (),
) -> FrameReport:
    """One looked-at frame: tracks and where their feet are."""
    return FrameReport(
        stamp=FrameStamp(
            camera=CAMERA, epoch=epoch, seq=seq, captured_at_us=T0_US + seq * STEP_US if at_us is None else at_us
        ),
        detections=tuple(
            Detection(box=box(*foot, width=height / 4, height=height), label=label, confidence=0.8, track=name)
            for name, foot in found
        ),
        ended_tracks=ended,
        model=DETECTOR_REF,
        width=1280,
        height=720,
        before_us=before_us,
    )


def film(seconds: float, ways: dict[str, Way], *, first: int = 0, epoch: int = 1) -> list[Input]:
    """Frames from second 0 on; each name is a track."""
    frames: list[Input] = []
    for number in range(round(seconds * 1e6 / STEP_US)):
        at_s = number * STEP_US / 1e6
        found = [(name, foot) for name, way in ways.items() if (foot := way(at_s)) is not None]
        frames.append(look(first + number, found, epoch=epoch))
    return frames


def visits(inputs: Iterable[Input], policy: ZonePolicy = POLICY, scene: ZoneScene | None = None) -> list[Visited]:
    """What `watch` says of all inputs, "inside" left out."""
    scene = ZoneScene(camera=CAMERA) if scene is None else scene
    said = [happened for message in inputs for happened in watch(scene, message, policy)]
    return [each for each in said if isinstance(each, Visited) and each.what != "inside"]


def second(at_us: int) -> float:
    """Of the film."""
    return round((at_us - T0_US) / 1e6, 3)


def told(said: Sequence[Visited]) -> list[tuple[str, str, float, float]]:
    """What happened, root, since and last seen, in seconds of the film."""
    return [(v.what, v.visit.root, second(v.visit.since_us), second(v.visit.seen_us)) for v in said]

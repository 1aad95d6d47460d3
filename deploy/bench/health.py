"""`zool bench health`: pictures of files, spoilt in known ways, through ingest's eye. Edge (files, processor time).

Nothing runs in real time: a sample stands for a second. What is measured is the judgement of pictures and rates; that
of broken streams needs a stream.

Rules
- Clean spans have what is no fault: day and night, light that rises and falls, a loop's seam. What is told in them is a
  false alarm.
- A fault is found when its own name is told while it is there; other names beside it are counted.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import av
import cv2
import msgspec
import numpy as np

from deploy.bench import procfs
from deploy.bench.result import Result, finish
from deploy.demo.command import SITE
from deploy.simulate.spoil import SPOILS, Planes
from ingest.config import PictureSettings
from ingest.health import Flow, Health
from ingest.health_picture import Eye
from ingest.planes import Picture

FAULTS: Mapping[str, str] = {
    "black": "black", "over": "over_exposed", "cover": "covered", "cover=0.8": "covered", "blur": "blurred",
    "blur=0.6": "blurred", "move": "moved", "move=0.3": "moved", "noise": "noise", "freeze": "frozen",
    "slow": "low_fps", "bitrate": "bitrate", "clock": "clock",
}  # fmt: skip
WARM_S, FAULT_S, AFTER_S = 60, 60, 30
FRAMES_MAX = 240
"""Pictures kept of a clip."""
NIGHT_EVERY_S, NIGHT_S = 3600, 120
LIGHT_S, LIGHT_SHARE = 1200.0, 0.25
"""Light rises and falls by this share in so many seconds."""


class Clip(msgspec.Struct, frozen=True, kw_only=True):
    """Pictures of a file, evenly spread over it."""

    name: str
    pictures: tuple[Any, ...]
    per_s: float


class Found(msgspec.Struct, kw_only=True):
    """What came of the runs of one fault."""

    runs: int = 0
    delays_s: list[int] = []
    ends_s: list[int] = []
    beside: int = 0
    """Other names told while it was there."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare its options."""
    parser.add_argument(
        "--clips", type=Path, nargs="+", default=[SITE], help="folders of clips of fixed cameras, or files"
    )
    parser.add_argument("--hours", type=float, default=24.0, help="clean camera-hours (default: %(default)s)")
    parser.add_argument("--repeats", type=int, default=3, help="runs per clip and fault (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Measure and print."""
    paths = [path for given in args.clips for path in (sorted(given.glob("*.mp4")) if given.is_dir() else [given])]
    found, alarms, hours, cost_ms = {name: Found() for name in FAULTS}, dict[str, int](), 0.0, list[float]()
    for path in paths:
        clip = load(path)
        print(f"bench health: {clip.name}", file=sys.stderr, flush=True)
        for fault in FAULTS:
            for repeat in range(args.repeats):
                _fault(clip, fault, repeat, found[fault])
        seconds = round(args.hours * 3600 / len(paths))
        begun_s = time.thread_time()
        for name in _clean(clip, seconds):
            alarms[name] = alarms.get(name, 0) + 1
        cost_ms.append((time.thread_time() - begun_s) * 1000 / seconds)
        hours += seconds / 3600
    result = report(found, alarms, hours, conditions={"clips": len(paths), "machine": procfs.machine()})
    return finish(result, json_wanted=args.json)


def report(
    found: Mapping[str, Found], alarms: Mapping[str, int], hours: float, *, conditions: dict[str, Any]
) -> Result:
    """The figure: false alarms per camera-day, at most (95 %)."""
    table = {fault: _row(one, alarms.get(FAULTS[fault], 0), hours) for fault, one in found.items()}
    bound = upper(sum(alarms.values())) / (hours / 24)
    return Result(
        name="health",
        value=round(bound, 3),
        unit="false alarms per camera-day at most (95 %)",
        floor=None,
        ratio=None,
        target=None,
        spread=None,
        conditions=conditions
        | {"camera_hours": round(hours, 2), "false_alarms": sum(alarms.values()), "details": {"faults": table}},
    )


def _row(one: Found, alarms: int, hours: float) -> dict[str, Any]:
    delays = sorted(one.delays_s)
    return {
        "found": f"{len(delays)}/{one.runs}",
        "delay_s": delays[len(delays) // 2] if delays else None,
        "delay_max_s": delays[-1] if delays else None,
        "end_s": sorted(one.ends_s)[len(one.ends_s) // 2] if one.ends_s else None,
        "others": one.beside,
        "false": alarms,
        "false_day_max": round(upper(alarms) / (hours / 24), 2),
    }


def upper(count: int) -> float:
    """Upper end of the one-sided 95 % interval of a Poisson mean of which `count` were seen (exact, by bisection)."""
    low, high = 0.0, count + 10.0 + 4.0 * math.sqrt(count)
    for _ in range(60):
        mean = (low + high) / 2
        tail = sum(math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(count + 1)) if mean else 1.0
        low, high = (mean, high) if tail > 0.05 else (low, mean)
    return high


def load(path: Path) -> Clip:
    """Decode a file, and keep some of it."""
    with av.open(str(path), options={"protocol_whitelist": "file"}) as container:
        stream = container.streams.video[0]
        frames = int(stream.frames or 1000)
        step = max(1, -(-frames // FRAMES_MAX))
        pictures = tuple(_planes(frame) for n, frame in enumerate(container.decode(video=0)) if n % step == 0)
        return Clip(name=path.name, pictures=pictures, per_s=float(stream.average_rate or 25) / step)


def _planes(frame: Any) -> Planes:
    plain = frame if frame.format.name in {"yuv420p", "yuvj420p"} else frame.reformat(format="yuv420p")
    sizes = ((frame.height, frame.width), *[((frame.height + 1) // 2, (frame.width + 1) // 2)] * 2)
    return tuple(  # type: ignore[return-value]
        np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[:rows, :columns].copy()
        for plane, (rows, columns) in zip(plain.planes, sizes, strict=True)
    )


class Camera:
    """A clip in a loop as ingest sees it; each step is a second."""

    def __init__(self, clip: Clip, begin: float) -> None:
        self._clip, self._begin = clip, begin
        self._eye, self._health, self._settings = Eye(), Health(), PictureSettings()
        self.second = 0

    def planes(self) -> Planes:
        """What it shows now."""
        pictures = self._clip.pictures
        shown: Planes = pictures[int(self._begin + self.second * self._clip.per_s) % len(pictures)]
        return shown

    def step(self, planes: Planes, flow: Flow) -> set[str]:
        """Names of what is told after this second."""
        sample = self._eye.look(Picture(y=planes[0], u=planes[1], v=planes[2]))
        if "moved" in self._health.step(sample, flow, self._settings, self.second * 1_000_000):
            self._eye.forget()
        self.second += 1
        return {*self._health.faults}


GOOD = Flow(span_s=1.0, pictures=25, octets=150_000, skew_s=0.02)
_FLOWS = {
    "slow": msgspec.structs.replace(GOOD, pictures=1, octets=30_000),
    "bitrate": msgspec.structs.replace(GOOD, octets=1_500_000),
    "clock": msgspec.structs.replace(GOOD, skew_s=30.0),
}


def _fault(clip: Clip, fault: str, repeat: int, found: Found) -> None:
    """One run: warm, spoilt, and well again."""
    rng = np.random.default_rng(repeat)
    camera = Camera(clip, float(rng.uniform(0, len(clip.pictures))))
    name, kind, value = FAULTS[fault], *_parts(fault)
    kept, told_at, ended_at, beside = camera.planes(), None, None, set[str]()
    for second in range(WARM_S + FAULT_S + AFTER_S):
        there = WARM_S <= second < WARM_S + FAULT_S
        planes = camera.planes()
        if there and fault == "freeze":
            planes = kept
        elif there and kind in SPOILS:
            planes = SPOILS[kind](planes, value, rng)
        kept = planes
        told = camera.step(planes, _FLOWS.get(fault, GOOD) if there else GOOD)
        if there and name in told and told_at is None:
            told_at = second - WARM_S
        if not there and told_at is not None and second >= WARM_S and name not in told and ended_at is None:
            ended_at = second - WARM_S - FAULT_S
        beside |= (told - {name}) if there else set()
    found.runs += 1
    found.beside += len(beside)
    found.delays_s += [told_at] if told_at is not None else []
    found.ends_s += [ended_at] if ended_at is not None else []


def _parts(fault: str) -> tuple[str, float]:
    kind, _, value = fault.partition("=")
    return kind, float(value or 1.0)


def _clean(clip: Clip, seconds: int) -> Iterator[str]:
    """Names that are told though nothing is wrong, each when it begins to be told."""
    rng, before = np.random.default_rng(7), set[str]()
    camera = Camera(clip, 0.0)
    for second in range(seconds):
        planes = camera.planes()
        gain = 1.0 + LIGHT_SHARE * math.sin(2 * math.pi * second / LIGHT_S)
        levels = np.clip(16 + (np.arange(256) - 16) * gain, 0, 255).astype(np.uint8)
        planes = (np.asarray(cv2.LUT(planes[0], levels), np.uint8), planes[1], planes[2])
        if second % NIGHT_EVERY_S >= NIGHT_EVERY_S - NIGHT_S:
            planes = SPOILS["night"](planes, 1.0, rng)
        told = camera.step(planes, _busy(second))
        yield from sorted(told - before)
        before = told


def _busy(second: int) -> Flow:
    """Traffic comes and goes: bytes double for a minute in five."""
    return msgspec.structs.replace(GOOD, octets=GOOD.octets * (2 if second % 300 < 60 else 1))

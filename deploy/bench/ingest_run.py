"""`zool bench ingest`: what a camera costs in ingest, beside others who only decode it, one after the other.

Edge (asyncio, processes, clock).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import shutil
import sys
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec

from deploy.bench import child, decoding, fleet, metrics, procfs, profile, report, rig, series
from deploy.bench.decoding import Cost
from deploy.bench.result import Result, ratio
from deploy.bench.rig import Watched
from deploy.errors import AptMissing, ChildFailed
from deploy.up import command as up

WARM_UP_S = 10.0
FILE_S = 5.0
PARTS = 3
FFMPEG, FILE = "ffmpeg processes", "libav from a file"
TARGET_RATIO = 0.85
TARGET_RATIO_FILE = 1.4

add_arguments = profile.add_profile


def run(args: argparse.Namespace) -> Result | None:
    """The figure; raises `AptMissing` without ffmpeg, before anything is started."""
    if shutil.which("ffmpeg") is None:
        raise AptMissing("ffmpeg", "ffmpeg")
    cameras = profile.plain_fleet(args)
    args.site = profile.site_of(args)
    return asyncio.run(_run(args, cameras))


async def _run(args: argparse.Namespace, cameras: fleet.Fleet) -> Result | None:
    stop = up.stop_event()
    with contextlib.suppress(up.StoppedEarly):
        async with rig.running(args, cameras, stop, spread=True) as system:
            await system.show(cameras.seats)
            if await rig.stopped(stop, WARM_UP_S):
                return None
            watched = await system.window(stop, args.seconds, sample_s=args.seconds / PARTS)
            if stop.is_set():
                return None
            await system.show(())
            costs = {"ingest": _of_ingest(cameras, watched)}
            for name, commands in _others([system.told[seat.camera].url for seat in cameras.seats]).items():
                if not stop.is_set():
                    up.say(f"  {name}: {args.seconds:.0f} s")
                    costs[name] = await _measured(name, commands, len(cameras.seats), args.seconds, stop)
            file = None if stop.is_set() else await _from_file(args, cameras, stop)
            if file is None:
                return None
            costs[FILE] = file
        return _result(cameras, watched, costs, args)
    return None


def _others(urls: Sequence[str]) -> dict[str, list[tuple[str, ...]]]:
    plain = ("-nostdin", "-loglevel", "error", "-progress", "pipe:1", "-rtsp_transport", "tcp", "-threads", "1")
    return {
        FFMPEG: [("ffmpeg", *plain, "-i", url, "-an", "-f", "null", "-") for url in urls],
        "cv2.VideoCapture": [(sys.executable, "-m", "deploy.bench.decoders", "opencv", *urls)],
    }


def _of_ingest(cameras: fleet.Fleet, watched: Watched) -> Cost:
    faces = [metrics.read(one) for one in watched.scrapes]
    decoded = sum(metrics.grown(faces, metrics.DECODED, seat.camera) or 0.0 for seat in cameras.seats)
    points = [(one.at_s, one.components["ingest"].usage.cpu_s) for one in watched.samples if "ingest" in one.components]
    span_s = metrics.span_s(faces, metrics.DECODED) or 1.0
    return decoding.cost(points, len(cameras.seats), decoded / span_s)


class _Reader:
    """Counts the frames that a process says it has decoded: `frame=N` (ffmpeg) or {"frames": N}."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process, self.frames = process, 0
        self.task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stdout is not None  # noqa: S101 - it was started with a pipe
        async for line in self.process.stdout:
            self.frames = decoding.frames_said(line.decode(errors="replace"), self.frames)


@contextlib.asynccontextmanager
async def _running(commands: Sequence[Sequence[str]]) -> AsyncIterator[list[_Reader]]:
    readers: list[_Reader] = []
    try:
        for command in commands:
            process = await asyncio.create_subprocess_exec(
                *command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, start_new_session=True
            )
            readers.append(_Reader(process))
        yield readers
    finally:
        for reader in readers:
            with contextlib.suppress(ProcessLookupError):
                reader.process.kill()
        await asyncio.gather(*(reader.process.wait() for reader in readers))
        await asyncio.gather(*(reader.task for reader in readers), return_exceptions=True)


async def _measured(
    name: str, commands: Sequence[Sequence[str]], cameras: int, seconds: float, stop: asyncio.Event
) -> Cost:
    """Processor time of processes after a warm-up; raises `ComponentFailed` where one of them ends."""
    async with _running(commands) as readers:
        await rig.stopped(stop, WARM_UP_S)
        heads = {str(reader.process.pid): reader.process.pid for reader in readers}
        points, begun, frames = list[tuple[float, float]](), time.monotonic(), sum(one.frames for one in readers)
        for part in range(PARTS + 1):
            await rig.stopped(stop, begun + part * seconds / PARTS - time.monotonic())
            used_s = sum(one.usage.cpu_s for one in procfs.readings(heads).values())
            points.append((time.monotonic() - begun, used_s))
        ended = [one.process.returncode for one in readers if one.process.returncode is not None]
        if ended and not stop.is_set():
            raise ChildFailed(name, ended[0])
        seen = sum(one.frames for one in readers) - frames
        return decoding.cost(points, cameras, seen / max(1e-9, points[-1][0]))


async def _from_file(args: argparse.Namespace, cameras: fleet.Fleet, stop: asyncio.Event) -> Cost | None:
    """The same clips without a network, in one thread of one process, a few times; None where it was stopped."""
    up.say(f"  {FILE}: {PARTS} times {FILE_S:.0f} s")
    files = [str(args.site / f"{clip}.mp4") for clip in cameras.clips]
    parts, fps = list[float](), 0.0
    for _ in range(PARTS):
        said = await child.said(FILE, "deploy.bench.decoders", "libav", str(FILE_S), *files, stop=stop)
        if said is None:
            return None
        answer = json.loads(said)
        parts.append(1000.0 * answer["cpu_s"] / answer["video_s"])
        fps = answer["frames"] / answer["video_s"]
    return Cost(core_ms_per_s=sum(parts) / len(parts), parts=tuple(parts), fps=fps)


def _result(cameras: fleet.Fleet, watched: Watched, costs: dict[str, Cost], args: argparse.Namespace) -> Result:
    ours, ffmpeg, file = (costs[name] for name in ("ingest", FFMPEG, FILE))
    faces = [metrics.read(one) for one in watched.scrapes]
    looked = sum(metrics.looks(faces, seat.camera) for seat in cameras.seats)
    gated = [metrics.grown(faces, metrics.GATED, seat.camera) for seat in cameras.seats]
    details: dict[str, Any] = {
        "costs": {name: decoding.shown(one, ffmpeg) for name, one in costs.items()},
        "target_ratio_ffmpeg": TARGET_RATIO,
        "ratio_file": ratio(ours.core_ms_per_s, file.core_ms_per_s),
        "target_ratio_file": TARGET_RATIO_FILE,
        "looks_per_s": series.rounded(looked / len(cameras.seats) / (metrics.span_s(faces, metrics.ANALYSED) or 1.0)),
        "gated_ratio": None if None in gated else series.rounded(sum(one or 0.0 for one in gated) / max(1.0, looked)),
        "components": report.components(watched),
    }
    return Result(
        name="ingest",
        value=series.rounded(ours.core_ms_per_s),
        unit="core-ms per second and camera (the whole process of ingest)",
        floor=series.rounded(ffmpeg.core_ms_per_s),
        ratio=ratio(ours.core_ms_per_s, ffmpeg.core_ms_per_s),
        target=series.rounded(TARGET_RATIO * ffmpeg.core_ms_per_s),
        spread=series.spread(msgspec.structs.asdict(ours)["parts"]),
        conditions=report.conditions(cameras, watched, procfs.machine())
        | {"profile": profile.name_of(args), "warm_up_s": WARM_UP_S, "copies_in_step": 1, "details": details},
    )

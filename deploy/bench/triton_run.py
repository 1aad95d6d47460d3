"""`zool bench triton`: pictures a second through the ensemble `detector`, beside the engine without a server.

Edge (asyncio, processes, files, PyAV). The client runs on the same cores: what it takes is missing to the engine.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import av
import numpy as np

from deploy.bench import child, procfs, series, speed
from deploy.bench.result import Result
from deploy.bench.triton_client import Frames, Run, Way, connected
from deploy.demo.command import SITE
from deploy.up import command as up
from deploy.up import machine
from deploy.up.plan import LOOPBACK, Component, Layout, components
from deploy.up.supervisor import Supervisor
from model_repository.contract import ModelCard

WAYS: tuple[Way, ...] = ("grpc", "shared memory")
LANES = (1, 2, 4, 8)
WARM_UP_S = 2.0
PICTURES = 50
EVERY = 20
CLIP = "gate-day"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `zool bench triton` understands beyond what all understand."""
    parser.add_argument("--repeats", type=int, choices=range(1, 21), default=3, metavar="N", help="runs of each kind")
    parser.set_defaults(site=SITE)


def run(args: argparse.Namespace) -> Result | None:
    """The figure, or None where it was stopped before there was one."""
    return asyncio.run(_run(args))


async def _run(args: argparse.Namespace) -> Result | None:
    stop = up.stop_event()
    with contextlib.suppress(up.StoppedEarly):
        async with alone(args.data_dir.absolute(), stop) as url, connected(url) as client:
            frames = pictures(args.site / f"{CLIP}.mp4", client.card)
            file = args.data_dir.absolute() / "pictures.npy"
            np.save(file, frames)
            runs: dict[str, list[Run]] = {}
            raw: list[float] = []
            for repeat in range(args.repeats):
                for way in WAYS:  # the engine before each way: what the machine can do changes over a run
                    up.say(f"  round {repeat + 1} of {args.repeats}: the engine, then {way}")
                    alone_per_s = await _raw(args, file, stop)
                    if alone_per_s is None:
                        return None
                    raw.append(alone_per_s)
                    for lanes in LANES:
                        await client.run(way, frames, lanes=lanes, seconds=WARM_UP_S, stop=stop)
                        one = await client.run(way, frames, lanes=lanes, seconds=args.seconds, stop=stop)
                        if stop.is_set():
                            return None
                        runs.setdefault(f"{way}, {lanes}", []).append(one)
            card = client.card
        return _result(args, card, raw, runs)
    return None


@contextlib.asynccontextmanager
async def alone(data_dir: Path, stop: asyncio.Event) -> AsyncIterator[str]:
    """Triton by itself on the folder's models; yields its gRPC address."""
    lock = machine.open_data_dir(data_dir)
    try:
        ports = machine.choose_ports(LOOPBACK, 0)
        layout = Layout(data_dir=data_dir, python=sys.executable, nats_server="")
        table = components(layout, ports, machine.passwords(data_dir))
        async with started((next(one for one in table if one.name == "triton"),), data_dir, stop):
            yield f"{LOOPBACK}:{ports.triton_grpc}"
    finally:
        os.close(lock)


@contextlib.asynccontextmanager
async def started(table: tuple[Component, ...], data_dir: Path, stop: asyncio.Event) -> AsyncIterator[Supervisor]:
    """Some components, ready; raises `ComponentFailed`, `StoppedEarly`."""
    supervisor = Supervisor(table, logs=data_dir / "logs", say=up.say)
    try:
        await supervisor.start()
        await up.ready_or_stopped(supervisor, stop)
        yield supervisor
    finally:
        await supervisor.stop()


def pictures(clip: Path, card: ModelCard) -> Frames:
    """Pictures of a clip in the size of the detector, I420, uint8 [PICTURES, height*3/2, width]."""
    size = {"width": card.input_width, "height": card.input_height}
    with av.open(str(clip)) as container:
        every = (frame for number, frame in enumerate(container.decode(video=0)) if number % EVERY == 0)
        taken = [
            frame.reformat(**size, format="yuv420p").to_ndarray()
            for frame, _ in zip(every, range(PICTURES), strict=False)
        ]
    return np.stack(taken)


async def _raw(args: argparse.Namespace, frames: Path, stop: asyncio.Event) -> float | None:
    """Pictures a second of the engine in a process of its own, while Triton idles; None where it was stopped."""
    words = ("--data-dir", str(args.data_dir.absolute()), "--frames", str(frames), "--seconds", str(args.seconds))
    answer = await child.said("the engine alone", "model_repository.speed", *words, stop=stop)
    return None if answer is None else float(json.loads(answer)["images_per_s"])


def _result(args: argparse.Namespace, card: ModelCard, raw: list[float], runs: dict[str, list[Run]]) -> Result:
    table = {name: speed.row(several) for name, several in runs.items()}
    details: dict[str, Any] = {"runs": table, "engine_images_per_s": [series.rounded(one) for one in raw]}
    conditions = {
        "model": card.name,
        "input": f"{card.input_width}x{card.input_height} I420",
        "client": "one process on the same cores, stub of gRPC as in ingest",
        "seconds": args.seconds,
        "repeats": args.repeats,
        "load_average": [round(os.getloadavg()[0], 2)],
        "machine": procfs.machine(),
        "details": details,
    }
    return speed.result(table, runs, raw, conditions)

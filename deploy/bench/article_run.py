"""`zool bench article`: how many of the same cameras one Python loop of OpenCV and a detector holds.

Edge (asyncio, processes). ONNX Runtime with our weights stands for ultralytics, which no running part of zool imports.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
from pathlib import Path

import msgspec

from deploy.bench import article, child, fleet, procfs, profile, rig, triton_run
from deploy.bench.article import Rates
from deploy.bench.result import Result
from deploy.bench.streams import Search
from deploy.simulate.command import Announcement
from deploy.up import command as up
from deploy.up import machine

add_arguments = profile.add_profile
"""Beyond what all understand; `--cameras` is the most that are tried."""


def run(args: argparse.Namespace) -> Result | None:
    """The figure, or None where it was stopped before there was one."""
    cameras = profile.plain_fleet(args)
    args.site = profile.site_of(args)
    return asyncio.run(_run(args, cameras))


async def _run(args: argparse.Namespace, cameras: fleet.Fleet) -> Result | None:
    stop, data_dir = up.stop_event(), args.data_dir.absolute()
    lock = machine.open_data_dir(data_dir)
    load = os.getloadavg()[0]
    try:
        model = await _model(data_dir, stop)
        if model is None:
            return None
        simulator = rig.simulator(args.site, cameras, spread=True)
        windows: list[Rates] = []
        with contextlib.suppress(up.StoppedEarly):
            async with triton_run.started((simulator,), data_dir, stop) as supervisor:
                told = await rig.announced(supervisor.children["simulator"], cameras)
                search = Search(failed=len(cameras.seats) + 1)
                while (count := search.next()) is not None:
                    shown = [told[seat.camera] for seat in cameras.seats[:count]]
                    one = await _window(model, shown, args.seconds, stop)
                    if one is None:
                        return None
                    windows.append(one)
                    up.say(article.line(one))
                    search = search.after(count, holds=one.holds)
            first = told[cameras.seats[0].camera]
            conditions = {
                "profile": profile.name_of(args),
                "detector": "the detector's own weights in ONNX Runtime, in place of ultralytics; boxes are not read",
                "stream": f"{first.width}x{first.height} {first.fps:g} fps {first.codec}",
                "window_s": args.seconds,
                "load_average": [round(load, 2), round(os.getloadavg()[0], 2)],
                "machine": procfs.machine(),
            }
            return article.result(search, windows, conditions)
    finally:
        os.close(lock)
    return None


async def _model(data_dir: Path, stop: asyncio.Event) -> Path | None:
    """The detector's network, out of the same repository that Triton gets."""
    out = data_dir / "triton"
    words = ("build", "--out", str(out), "--data-dir", str(data_dir))
    answer = await child.said("building the models", "model_repository", *words, stop=stop)
    return None if answer is None else out / "detector_network" / "1"


async def _window(model: Path, shown: list[Announcement], seconds: float, stop: asyncio.Event) -> Rates | None:
    every = ",".join(str(article.look_every(camera.fps)) for camera in shown)
    words = ("--model", str(model), "--seconds", str(seconds), "--every", every, *(camera.url for camera in shown))
    answer = await child.said("the loop", "deploy.bench.article_loop", *words, stop=stop)
    if answer is None:
        return None
    rates = msgspec.json.decode(answer, type=Rates)
    return msgspec.structs.replace(rates, fps=tuple(camera.fps for camera in shown))

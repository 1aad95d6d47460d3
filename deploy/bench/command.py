"""`zool bench NAME`: measures the running system and prints one figure with its conditions."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path

import msgspec

from deploy.bench import (
    api_run,
    article_run,
    away_run,
    cluster_run,
    faces,
    faults_run,
    fleet,
    gate_run,
    glass,
    health,
    ingest_run,
    models,
    outage_run,
    procfs,
    report,
    rig,
    store_run,
    streams_run,
    triton_run,
)
from deploy.bench.result import Result, finish
from deploy.demo.command import SITE, read_site
from deploy.errors import NothingMeasured, SiteMissing
from deploy.up import command as up

DATA_DIR = Path("var/bench")
FACES_HELP = "searches among very many faces, beside the bare product of the same size"
MODELS_HELP = "pictures a second of every ensemble through Triton, beside its networks alone"
FAULTS_HELP = "every fault of a camera, one after the other, in one of several: named how, how soon, what others notice"
HEALTH_HELP = "pictures spoilt in known ways: how soon each fault is told, and how often falsely (not in real time)"
CLUSTER_HELP = (
    "three hosts: one is cut off, one dies, programs are replaced; what took over how soon, and what is missing"
)
API_HELP = "many clients of the event stream before a feed of events, and lists of events with filters"
AWAY_HELP = "a controller of a barrier and a webhook go away: what comes afterwards, in which order, and what opens"
STORE_HELP = "events a second from their stream into the store, and panels of a large store"


OWN: dict[str, Callable[[argparse.Namespace], int]] = {
    "models": models.run,
    "api": api_run.run,
    "away": away_run.run,
    "store": store_run.run,
    "faces": faces.run,
    "health": health.run,
    "faults": faults_run.run,
    "cluster": cluster_run.run,
}
"""Benchmarks without cameras: they declare and print by themselves."""


class Bench(msgspec.Struct, frozen=True, kw_only=True):
    """A benchmark: how many cameras and how long unless said otherwise, its own options, and what makes the figure."""

    help: str
    cameras: int
    seconds: float
    run: Callable[[argparse.Namespace], Result | None]
    """None: it was stopped before there was a figure."""
    options: Callable[[argparse.ArgumentParser], None] = lambda _parser: None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `zool bench` understands."""
    names = parser.add_subparsers(dest="bench", required=True, metavar="NAME")
    models.add_arguments(names.add_parser("models", help=MODELS_HELP, description=MODELS_HELP))
    store_run.add_arguments(names.add_parser("store", help=STORE_HELP, description=STORE_HELP))
    api_run.add_arguments(names.add_parser("api", help=API_HELP, description=API_HELP))
    away_run.add_arguments(names.add_parser("away", help=AWAY_HELP, description=AWAY_HELP))
    faces.add_arguments(names.add_parser("faces", help=FACES_HELP, description=FACES_HELP))
    faults_run.add_arguments(names.add_parser("faults", help=FAULTS_HELP, description=FAULTS_HELP))
    health.add_arguments(names.add_parser("health", help=HEALTH_HELP, description=HEALTH_HELP))
    cluster_run.add_arguments(names.add_parser("cluster", help=CLUSTER_HELP, description=CLUSTER_HELP))
    for name, bench in BENCHES.items():
        sub = names.add_parser(name, help=bench.help, description=bench.help)
        up.add_arguments(sub, DATA_DIR)
        sub.set_defaults(port=0)
        sub.add_argument(
            "--cameras", type=_cameras, default=bench.cameras, help="simulated cameras (default: %(default)s)"
        )
        sub.add_argument(
            "--for", dest="seconds", type=_seconds, default=bench.seconds, metavar="SECONDS",
            help="length of the measured window (default: %(default)s)",
        )  # fmt: skip
        sub.add_argument("--site", type=Path, default=SITE, help="folder with the clips and their truth")
        sub.add_argument("--json", action="store_true", help="print one JSON object")
        bench.options(sub)


def run(args: argparse.Namespace) -> int:
    """0 when there is a figure, whether it meets its target or not; 1 when nothing was measured."""
    if args.bench in OWN:
        return OWN[args.bench](args)
    return finish(BENCHES[args.bench].run(args), json_wanted=args.json)


def cameras_of(args: argparse.Namespace) -> fleet.Fleet:
    """The cameras that are asked for; raises `SiteMissing`."""
    cameras = fleet.fleet(read_site(args.site), args.cameras)
    if cameras is None:
        raise SiteMissing(args.site, "no clip has a line")
    return cameras


def _latency(args: argparse.Namespace) -> Result | None:
    cameras = cameras_of(args)
    seen = asyncio.run(_watched_with_glass(args, cameras))
    if seen is None:
        return None
    return _measured(args, report.latency(cameras, seen[0], seen[1], procfs.machine()), seen[0].window_s)


async def _watched_with_glass(args: argparse.Namespace, cameras: fleet.Fleet) -> tuple[rig.Watched, glass.Glass] | None:
    stop = up.stop_event()
    with contextlib.suppress(up.StoppedEarly):
        async with rig.running(args, cameras, stop) as system:
            looked = await asyncio.to_thread(glass.check, system.told[cameras.seats[0].camera])
            await system.show(cameras.seats)
            return await system.window(stop, args.seconds), looked
    return None


def _soak(args: argparse.Namespace) -> Result | None:
    cameras = cameras_of(args)
    watched = asyncio.run(rig.watch(args, cameras))
    if watched is None:
        return None
    return _measured(args, report.soak(cameras, watched, procfs.machine()), watched.window_s)


def _measured(args: argparse.Namespace, result: Result | None, window_s: float) -> Result:
    if result is None:
        raise NothingMeasured(args.bench, window_s, args.data_dir / "logs")
    return result


BENCHES: dict[str, Bench] = {
    "streams": Bench(
        help="how many cameras hold on this machine, and what each costs",
        cameras=streams_run.CAMERAS, seconds=120.0, run=streams_run.run, options=streams_run.add_arguments,
    ),
    "ingest": Bench(
        help="processor time of ingest per stream, beside ffmpeg, libav and OpenCV",
        cameras=10, seconds=30.0, run=ingest_run.run, options=ingest_run.add_arguments,
    ),
    "triton": Bench(
        help="pictures a second through the detector, beside the engine without a server",
        cameras=1, seconds=10.0, run=triton_run.run, options=triton_run.add_arguments,
    ),
    "latency": Bench(
        help="from a crossing to the event at an SSE client", cameras=10, seconds=120.0, run=_latency
    ),
    "gate": Bench(
        help="from a crossing to the decision at a controller of barriers, and whom it let in wrongly",
        cameras=10, seconds=120.0, run=lambda args: gate_run.run(args, cameras_of(args)),
    ),
    "outage": Bench(
        help="the recogniser stands still: how its backlog is worked off, and how fresh the new is meanwhile",
        cameras=8, seconds=180.0, run=lambda args: outage_run.run(args, cameras_of(args)),
        options=outage_run.add_arguments,
    ),
    "soak": Bench(help="growth of memory, open files and delay over time", cameras=8, seconds=300.0, run=_soak),
    "article": Bench(
        help="how many cameras one Python loop of OpenCV and a detector holds",
        cameras=8, seconds=20.0, run=article_run.run, options=article_run.add_arguments,
    ),
}  # fmt: skip


def _cameras(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 500:
        raise argparse.ArgumentTypeError(f"{text} is no number of cameras; allowed: 1 to 500")
    return number


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 5.0 <= seconds <= 7 * 86400.0:
        raise argparse.ArgumentTypeError(f"{text} s can't be measured; allowed: 5 s to 7 days")
    return seconds

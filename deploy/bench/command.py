"""`zool bench NAME`: measures the running system and prints one figure with its conditions."""

from __future__ import annotations

import argparse
import asyncio
import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from deploy.bench import fleet, procfs, report, rig
from deploy.bench.result import Result, as_json, as_text
from deploy.demo.command import SITE, read_site
from deploy.errors import NothingMeasured, SiteMissing
from deploy.up import command as up

DATA_DIR = Path("var/bench")
MODELS_HELP = "pictures a second of every ensemble through Triton, beside its networks alone"


class Bench(msgspec.Struct, frozen=True, kw_only=True):
    """A benchmark of the whole system: how long, with how many cameras, and how its figure is made."""

    help: str
    cameras: int
    seconds: float
    result: Callable[[fleet.Fleet, rig.Watched, Mapping[str, Any]], Result | None]


BENCHES: dict[str, Bench] = {
    "latency": Bench(
        help="from a crossing to the event at an SSE client", cameras=4, seconds=120.0, result=report.latency
    ),
    "soak": Bench(
        help="growth of memory, open files and delay over time", cameras=8, seconds=300.0, result=report.soak
    ),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `zool bench` understands."""
    names = parser.add_subparsers(dest="bench", required=True, metavar="NAME")
    sub = names.add_parser("models", help=MODELS_HELP, description=MODELS_HELP)
    importlib.import_module("deploy.bench.models").add_arguments(sub)
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


def run(args: argparse.Namespace) -> int:
    """0 when there is a figure, whether it meets its target or not; 1 when nothing was measured."""
    if args.bench == "models":
        return int(importlib.import_module("deploy.bench.models").run(args))
    cameras = fleet.fleet(read_site(args.site), args.cameras)
    if cameras is None:
        raise SiteMissing(args.site, "no clip has a line")
    machine = procfs.machine()
    watched = asyncio.run(rig.watch(args, cameras))
    if watched is None:
        return 130
    result = BENCHES[args.bench].result(cameras, watched, machine)
    if result is None:
        raise NothingMeasured(args.bench, watched.window_s, args.data_dir / "logs")
    print(as_json(result) if args.json else as_text(result), flush=True)
    return 0


def _cameras(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 500:
        raise argparse.ArgumentTypeError(f"{text} is no number of cameras; allowed: 1 to 500")
    return number


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 10.0 <= seconds <= 7 * 86400.0:
        raise argparse.ArgumentTypeError(f"{text} s can't be measured; allowed: 10 s to 7 days")
    return seconds

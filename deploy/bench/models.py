"""`zool bench models`: pictures a second of every ensemble through Triton, beside its networks alone."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from deploy.bench import procfs
from deploy.bench.result import Result, finish
from deploy.errors import NothingMeasured
from model_repository.__main__ import measure_cycles, measure_speed

TARGET_SHARE = 0.6
"""Of what the engine alone gives on the same cores: what may go into transport, heads, suppression and the client."""

SECONDS = 5.0
CYCLE_MB_MAX = 0.5
"""What a cycle may leave behind: a version a day for a year is 180 MB then."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `zool bench models` understands."""
    parser.add_argument("--data-dir", type=Path, default=Path("data"), help="weights in use there (default: starters)")
    parser.add_argument("--ensemble", action="append", metavar="NAME", help="default: all that have weights")
    parser.add_argument(
        "--for", dest="seconds", type=_seconds, default=SECONDS, metavar="SECONDS",
        help="length of every point (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--cycles", type=int, default=0, metavar="N", help="memory over N times loading and unloading a model instead"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Measure and print one object: the figure is the first ensemble's, the others stand in the details."""
    if args.cycles > 0:
        found = measure_cycles(args.data_dir, tuple(args.ensemble or ()), args.cycles)
        return finish(cycles_of(found, procfs.machine()), json_wanted=args.json)
    speeds = measure_speed(args.data_dir, tuple(args.ensemble or ()), args.seconds)
    if not speeds:
        raise NothingMeasured("models", args.seconds, args.data_dir)
    return finish(result_of(speeds, args.seconds, procfs.machine()), json_wanted=args.json)


def result_of(speeds: list[dict[str, Any]], seconds: float, machine: dict[str, Any]) -> Result:
    """The best rate of the first ensemble over its engine alone, and every point of every ensemble. Pure."""
    first = speeds[0]
    rates = [point["images_per_s"] for point in first["points"]]
    alone = first["alone_images_per_s"]
    details: dict[str, Any] = {}
    for speed in speeds:
        name = speed["ensemble"]
        details[f"{name} weights"] = ", ".join(speed["models"])
        for point in speed["points"]:
            details[f"{name} {point['transport']} {point['clients']}"] = {
                key: point[key] for key in ("images_per_s", "p50_ms", "p95_ms")
            }
        details[f"{name} alone"] = {"images_per_s": speed["alone_images_per_s"], "memory_mb": speed["memory_mb"]}
    return Result(
        name="models",
        value=max(rates),
        unit=f"images/s of {first['ensemble']}",
        floor=alone,
        ratio=round(max(rates) / alone, 2) if alone else None,
        target=round(TARGET_SHARE * alone, 1) if alone else 0.0,
        spread=[min(rates), max(rates)],
        conditions={**machine, "seconds": seconds, "details": details},
    )


def cycles_of(found: dict[str, Any], machine: dict[str, Any]) -> Result:
    """How much memory a cycle leaves behind, from the first tenth of the cycles on: the start warms up. Pure."""
    memory = found["memory_mb"]
    warm = max(1, len(memory) // 10)
    left = (memory[-1] - memory[warm]) / max(1, len(memory) - 1 - warm)
    details = {"memory_mb": memory, "processes": [found["processes"][0], found["processes"][-1]]}
    return Result(
        name="models-cycles",
        value=round(left, 2),
        unit=f"MB left by a cycle of {found['ensemble']}",
        floor=None,
        ratio=None,
        target=CYCLE_MB_MAX,
        spread=[min(memory), max(memory)],
        conditions={**machine, "cycles": len(memory) - 1, "details": details},
    )


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0.5 <= seconds <= 600:
        raise argparse.ArgumentTypeError(f"{text} s is no length of a point; allowed: 0.5 s to 10 min")
    return seconds

"""`zool bench faces`: how long it takes to find the people that a face looks like, among very many.

Edge (processes, files). The search runs in a process of its own as `recognise` is started: one thread of OpenBLAS.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
from pathlib import Path
from typing import Any

from deploy.bench import child, procfs, series
from deploy.bench.result import Result, finish, ratio
from deploy.errors import NothingMeasured
from deploy.up import command as up
from deploy.up.plan import ONE_THREAD

TARGET_MS = 20.0
PARTS = 5
STRANGERS = 0.01
"""Share of strangers that may be taken for somebody, for which the needed rate of one comparison is said."""
ACCEPTED = "falsely accepted at cosine "


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `zool bench faces` understands."""
    parser.add_argument("--people", type=int, default=100_000, help="in the gallery (default: %(default)s)")
    parser.add_argument("--dimension", type=int, default=512, help="numbers of an embedding (default: %(default)s)")
    parser.add_argument("--searches", type=int, default=300, help="(default: %(default)s)")
    parser.add_argument(
        "--eval", type=Path, metavar="FILE",
        help="result of `zool models eval face_embedder`: what it says of the error among so many people",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """0 when there is a figure; 130 when it was stopped before."""
    words = [f"--{name}={getattr(args, name)}" for name in ("people", "dimension", "searches")]
    evaluated = json.loads(args.eval.read_bytes()) if args.eval is not None else None
    answer = asyncio.run(_measured(words))
    if answer is None:
        return 130
    if not answer:
        raise NothingMeasured("faces", 0.0, Path())
    result = result_of(json.loads(answer), evaluated, procfs.machine(), os.getloadavg()[0])
    return finish(result, json_wanted=args.json)


async def _measured(words: list[str]) -> bytes | None:
    stop = up.stop_event()
    return await child.said("the gallery", "postprocess.gallery_speed", *words, stop=stop, environ=ONE_THREAD)


def result_of(told: dict[str, Any], evaluated: dict[str, Any] | None, machine: dict[str, Any], load: float) -> Result:
    """The 95th percentile of a search over that of the bare product of the same size. Pure."""
    search, bare = told["search_ms"], told["bare_ms"]
    size = max(1, len(search) // PARTS)
    parts = [_rank(search[start : start + size], 0.95) for start in range(0, size * PARTS, size)]
    value, floor = _rank(search, 0.95), _rank(bare, 0.95)
    return Result(
        name="faces",
        value=round(value, 2),
        unit="ms at the 95th percentile",
        floor=round(floor, 2),
        ratio=ratio(value, floor),
        target=TARGET_MS,
        spread=[round(min(parts), 2), round(max(parts), 2)],
        conditions={
            "people": told["people"],
            "dimension": told["dimension"],
            "searches": len(search),
            "threads": f"{told['threads']} side by side, one of OpenBLAS in each, as recognise has",
            "load_average": round(load, 2),
            "machine": machine,
            "details": {
                "p50_ms": round(_rank(search, 0.5), 2),
                "bare_p50_ms": round(_rank(bare, 0.5), 2),
                "processor_p50_ms": round(_rank(told["cpu_ms"], 0.5), 2),
                "processor_p95_ms": round(_rank(told["cpu_ms"], 0.95), 2),
                "found": told["found"],
                "change_p95_ms": round(_rank(told["change_ms"], 0.95), 3),
                "built_s": round(told["built_s"], 2),
                "resident_mb": round(told["resident_mb"], 1),
                "blocks_mb": round(told["blocks_mb"], 1),
                "error at this size": error_at(evaluated, told["people"]),
            },
        },
    )


def _rank(values: list[float], share: float) -> float:
    return series.percentile(values, share) or 0.0


def error_at(evaluated: dict[str, Any] | None, people: int) -> str:
    """What an evaluation says of strangers taken for somebody among so many people; "unknown" where it says nothing.

    With N people and independent comparisons of rate r a stranger is taken for somebody with 1 - (1 - r)^N.
    """
    needed = 1 - (1 - STRANGERS) ** (1 / people)
    wanted = f"{STRANGERS:.0%} of strangers among {people} people needs {needed:.1e} in one comparison"
    served = evaluated["measured"]["served"] if evaluated is not None else []
    found = next((figure for figure in served if figure["name"].startswith(ACCEPTED)), None)
    if found is None:
        return f"unknown: no evaluation was given; {wanted}"
    rate = found["high"]
    taken = 1 - (1 - rate) ** people
    said = (
        f"{found['n']} pairs of different people bound one comparison above cosine {found['name'][len(ACCEPTED) :]} "
        f"at {rate:.2g} (measured {found['value']:.2g}, 95 %)"
    )
    return f"below {taken:.2g}: {said}" if taken < 0.5 else f"unknown: {said}; {wanted}"

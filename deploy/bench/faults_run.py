"""`zool bench faults`: every fault of a camera, one after the other, in one of several. Edge (processes, time).

A broker, the simulator and `python -m ingest`; no Triton: cameras are connected to, decoded and judged, which is what a
fault is seen by. What is said of the camera is its state; what happens to its neighbours, their rate of decoding.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from deploy.bench import faults_soak, procfs
from deploy.bench.faults_rig import NAMED, Board, broker, ingest, rate, until, well
from deploy.bench.result import Result, finish
from deploy.demo.command import SITE
from deploy.simulate.faults import Fault, read
from deploy.simulate.server import CameraServer, ServerSettings, Source
from ingest.bus import Bus
from ingest.contract import Camera, state_subject

WARM_S, QUIET_S, KEPT_S = 30.0, 10.0, 10.0
NAMED_S_MAX = LIVE_S_MAX = 90.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare its options."""
    parser.add_argument("--clip", type=Path, default=SITE / "office-door.mp4", help="what the cameras show")
    parser.add_argument("--cameras", type=int, default=8, help="one of them is spoilt (default: %(default)s)")
    parser.add_argument(
        "--only", nargs="+", choices=NAMED, default=tuple(NAMED), metavar="FAULT", help=", ".join(NAMED)
    )
    parser.add_argument(
        "--soak", type=duration, metavar="DURATION", help="instead: random faults in all cameras for so long (60m)"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the faults of a soak (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """0 when there is a figure."""
    result = faults_soak.measure(args) if args.soak is not None else _in_turn(args)
    return finish(result, json_wanted=args.json)


def _in_turn(args: argparse.Namespace) -> Result:
    load = os.getloadavg()[0]
    rows, live_max_s = asyncio.run(_measure(args.clip, max(2, args.cameras), args.only))
    named = sum(row["named"] == NAMED[fault] for fault, row in rows.items())
    return Result(
        name="faults",
        value=named,
        unit=f"of {len(rows)} faults named as what they are",
        floor=len(rows),
        ratio=round(named / len(rows), 3),
        target=len(rows),
        spread=None,
        conditions={
            "cameras": args.cameras, "clip": args.clip.name, "machine": procfs.machine(),
            "load_average": [round(load, 1), round(os.getloadavg()[0], 1)],
            "live_again_max_s": live_max_s, "details": {"faults": rows},
        },
    )  # fmt: skip


def duration(text: str) -> float:
    """Seconds of a length as people write it; raises `ValueError`, `argparse.ArgumentTypeError`."""
    number, unit = text[:-1], text[-1:]
    seconds = float(number) * {"s": 1.0, "m": 60.0, "h": 3600.0}[unit] if unit in {"s", "m", "h"} else float(text)
    if not 60 <= seconds <= 7 * 86400:
        raise argparse.ArgumentTypeError(f"{text} is no length of a soak; allowed: 60s to 168h, as 90s, 60m or 2h")
    return seconds


async def _measure(clip: Path, cameras: int, only: Sequence[str]) -> tuple[dict[str, dict[str, Any]], float]:
    spoilt = f"{clip.stem}-1"
    faults = tuple(read(f"{spoilt}:{text}@never") for text in only)
    server = CameraServer([Source(path=clip, copies=cameras)], settings=ServerSettings(faults=faults))
    print("bench faults: the clip is coded once for each fault of the picture", file=sys.stderr, flush=True)
    async with broker() as nats, server, Bus.open(nats, name="bench") as bus, ingest(nats):
        board = Board()
        await bus.listen(state_subject("*"), board.hear)
        await bus.ensure_buckets("cameras", "plans", "leases")
        site = {name: Camera(id=name, name=name, url=server.url(name)) for name in server.names}

        async def put(camera: Camera) -> None:
            await bus.bucket("cameras").put(camera.id, msgspec.json.encode(camera))

        for camera in site.values():
            await put(camera)
        await until(lambda: all(name in board.states and well(board.states[name]) for name in site), 120.0)
        await asyncio.sleep(WARM_S)
        rows = dict[str, dict[str, Any]]()
        for text, fault in zip(only, faults, strict=True):
            rows[text] = await _one(server, board, fault, (text, site[spoilt], put))
            print(f"bench faults: {text}: {rows[text]}", file=sys.stderr, flush=True)
        return rows, max(LIVE_S_MAX if row["live_s"] is None else row["live_s"] for row in rows.values())


async def _one(
    server: CameraServer,
    board: Board,
    fault: Fault,
    subject: tuple[str, Camera, Callable[[Camera], Awaitable[None]]],
) -> dict[str, Any]:
    """One fault: until it is named, a while longer, and until the camera is well again. Rates beside quiet."""
    text, camera, put = subject
    quiet = await _rate(board, camera.id, QUIET_S)
    wanted, begun_s, decoded = NAMED[text], time.monotonic(), board.decoded(camera.id)
    server.switch(camera.id, fault.kind, on=True)
    if wanted == "none":
        await asyncio.sleep(KEPT_S)
        named = board.names(camera.id) == {"none"}
    else:
        named = await until(lambda: wanted in board.names(camera.id), NAMED_S_MAX)
    delay_s = time.monotonic() - begun_s
    said = board.names(camera.id) - {"none"}
    await asyncio.sleep(KEPT_S)
    others = rate(decoded, board.decoded(camera.id))
    server.switch(camera.id, fault.kind, on=False)
    ended_s = time.monotonic()
    if fault.kind == "auth":  # somebody mends the settings
        await put(msgspec.structs.replace(camera, url=camera.url.replace("://", "://user:new@")))
    live = await until(lambda: board.states[camera.id].phase in {"live", "degraded"}, LIVE_S_MAX)
    live_s = time.monotonic() - ended_s
    await until(lambda: well(board.states[camera.id]), LIVE_S_MAX)
    well_s = time.monotonic() - ended_s
    quiet = (quiet + await _rate(board, camera.id, QUIET_S)) / 2
    return {
        "named": wanted if named else ",".join(sorted(said)) or "nothing",
        "delay_s": round(delay_s, 1) if wanted != "none" else None,
        "live_s": round(live_s, 1) if live else None,
        "well_s": round(well_s, 1),
        "others_rate": round(others / quiet, 3),
    }


async def _rate(board: Board, without: str, seconds: float) -> float:
    decoded = board.decoded(without)
    await asyncio.sleep(seconds)
    return rate(decoded, board.decoded(without))

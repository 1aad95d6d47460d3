"""`zool bench faults`: every fault of a camera, one after the other, in one of several. Edge (processes, time).

A broker, the simulator and `python -m ingest`; no Triton: cameras are connected to, decoded and judged, which is what a
fault is seen by. What is said of the camera is its state; what happens to its neighbours, their rate of decoding.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from deploy.bench import procfs
from deploy.bench.result import Result, as_json, as_text
from deploy.demo.command import SITE
from deploy.simulate.faults import Fault, read
from deploy.simulate.server import CameraServer, ServerSettings, Source
from deploy.up import machine
from ingest.bus import Bus
from ingest.contract import Camera, CameraState, decode, state_subject
from ingest.settings import NatsSettings

NAMED = {
    "refuse": "refused", "auth": "auth", "disconnect=1": "broken", "stall": "timeout", "drip=200": "timeout",
    "loss=5": "network_loss", "corrupt=5": "camera_fault", "bitrate=10": "bitrate", "clock=30": "clock",
    "slow": "low_fps", "black": "black", "over": "over_exposed", "blur": "blurred", "cover": "covered",
    "move": "moved", "noise": "noise", "freeze": "frozen", "resolution": "none", "parameters": "none",
}  # fmt: skip
"""Fault → how it is to be named; none: it is no fault, and nothing is to be said."""
WARM_S, QUIET_S, KEPT_S = 30.0, 30.0, 10.0
NAMED_S_MAX = LIVE_S_MAX = 90.0
POLL_S = 0.1


class Board:
    """What the cameras say of themselves."""

    def __init__(self) -> None:
        self.states: dict[str, CameraState] = {}

    async def hear(self, _subject: str, payload: bytes) -> None:
        """Take one state."""
        state = decode(payload, CameraState)
        self.states[state.camera] = state

    def names(self, camera: str) -> set[str]:
        """What is said of a camera now."""
        state = self.states[camera]
        return {state.cause, *state.faults}

    def decoded(self, without: str) -> int:
        """Pictures decoded by all cameras but one."""
        return sum(state.frames_decoded for name, state in self.states.items() if name != without)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare its options."""
    parser.add_argument("--clip", type=Path, default=SITE / "office-door.mp4", help="what the cameras show")
    parser.add_argument("--cameras", type=int, default=8, help="one of them is spoilt (default: %(default)s)")
    parser.add_argument(
        "--only", nargs="+", choices=NAMED, default=tuple(NAMED), metavar="FAULT", help=", ".join(NAMED)
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """0 when there is a figure."""
    load = os.getloadavg()[0]
    rows, live_max_s = asyncio.run(_measure(args.clip, max(2, args.cameras), args.only))
    named = sum(row["named"] == NAMED[fault] for fault, row in rows.items())
    result = Result(
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
    print(as_json(result) if args.json else as_text(result), flush=True)
    return 0


async def _measure(clip: Path, cameras: int, only: Sequence[str]) -> tuple[dict[str, dict[str, Any]], float]:
    spoilt = f"{clip.stem}-1"
    faults = tuple(read(f"{spoilt}:{text}@never") for text in only)
    server = CameraServer([Source(path=clip, copies=cameras)], settings=ServerSettings(faults=faults))
    print("bench faults: the clip is coded once for each fault of the picture", file=sys.stderr, flush=True)
    async with _broker() as nats, server, Bus.open(nats, name="bench") as bus, _ingest(nats):
        board = Board()
        await bus.listen(state_subject("*"), board.hear)
        await bus.ensure_buckets("cameras", "plans", "leases")
        site = {name: Camera(id=name, name=name, url=server.url(name)) for name in server.names}

        async def put(camera: Camera) -> None:
            await bus.bucket("cameras").put(camera.id, msgspec.json.encode(camera))

        for camera in site.values():
            await put(camera)
        await _until(lambda: all(name in board.states and _well(board.states[name]) for name in site), 120.0)
        await asyncio.sleep(WARM_S)
        quiet, rows = await _rate(board, spoilt, QUIET_S), dict[str, dict[str, Any]]()
        for text, fault in zip(only, faults, strict=True):
            rows[text] = await _one(server, board, fault, (text, site[spoilt], put), quiet)
            print(f"bench faults: {text}: {rows[text]}", file=sys.stderr, flush=True)
        return rows, max(LIVE_S_MAX if row["live_s"] is None else row["live_s"] for row in rows.values())


async def _one(
    server: CameraServer,
    board: Board,
    fault: Fault,
    subject: tuple[str, Camera, Callable[[Camera], Awaitable[None]]],
    quiet: float,
) -> dict[str, Any]:
    """One fault: until it is named, a while longer, and until the camera is well again."""
    text, camera, put = subject
    wanted, begun_s, decoded = NAMED[text], time.monotonic(), board.decoded(camera.id)
    server.switch(camera.id, fault.kind, on=True)
    if wanted == "none":
        await asyncio.sleep(KEPT_S)
        named = board.names(camera.id) == {"none"}
    else:
        named = await _until(lambda: wanted in board.names(camera.id), NAMED_S_MAX)
    delay_s = time.monotonic() - begun_s
    said = board.names(camera.id) - {"none"}
    await asyncio.sleep(KEPT_S)
    rate = (board.decoded(camera.id) - decoded) / (time.monotonic() - begun_s)
    server.switch(camera.id, fault.kind, on=False)
    ended_s = time.monotonic()
    if fault.kind == "auth":  # somebody mends the settings
        await put(msgspec.structs.replace(camera, url=camera.url.replace("://", "://user:new@")))
    live = await _until(lambda: board.states[camera.id].phase in {"live", "degraded"}, LIVE_S_MAX)
    live_s = time.monotonic() - ended_s
    await _until(lambda: _well(board.states[camera.id]), LIVE_S_MAX)
    well_s = time.monotonic() - ended_s
    await asyncio.sleep(KEPT_S)
    return {
        "named": wanted if named else ",".join(sorted(said)) or "nothing",
        "delay_s": round(delay_s, 1) if wanted != "none" else None,
        "live_s": round(live_s, 1) if live else None,
        "well_s": round(well_s, 1),
        "others_rate": round(rate / quiet, 3),
    }


def _well(state: CameraState) -> bool:
    return state.phase == "live" and not state.faults


async def _rate(board: Board, without: str, seconds: float) -> float:
    begun_s, decoded = time.monotonic(), board.decoded(without)
    await asyncio.sleep(seconds)
    return (board.decoded(without) - decoded) / (time.monotonic() - begun_s)


async def _until(reached: Callable[[], bool], seconds: float) -> bool:
    until_s = time.monotonic() + seconds
    while not reached() and time.monotonic() < until_s:  # noqa: ASYNC110 - states are polled as people would
        await asyncio.sleep(POLL_S)
    return reached()


@contextlib.asynccontextmanager
async def _broker() -> AsyncIterator[NatsSettings]:
    port = machine.free_port()
    with tempfile.TemporaryDirectory(prefix="zool-bench-") as folder:
        argv = (machine.find_nats_server(), "-js", "-sd", folder, "-a", "127.0.0.1", "-p", str(port))
        process = await asyncio.create_subprocess_exec(*argv, stderr=asyncio.subprocess.DEVNULL)
        try:
            yield NatsSettings(url=f"nats://127.0.0.1:{port}")
        finally:
            process.terminate()
            await process.wait()


@contextlib.asynccontextmanager
async def _ingest(nats: NatsSettings) -> AsyncIterator[None]:
    environ = os.environ | {"ZOOL_NATS_URL": nats.url, "ZOOL_TRITON_URL": "127.0.0.1:1", "ZOOL_CONFIG": ""}
    argv = (sys.executable, "-m", "ingest")
    process = await asyncio.create_subprocess_exec(*argv, env=environ, stderr=asyncio.subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        await process.wait()

"""What `zool bench faults` runs on: a broker, ingest, and a board of what cameras say.

Edge (processes, time).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable

from deploy.up import machine
from ingest.contract import CameraState, decode
from ingest.settings import NatsSettings

NAMED = {
    "refuse": "refused", "auth": "auth", "disconnect=1": "broken", "stall": "timeout", "drip=200": "timeout",
    "loss=5": "network_loss", "corrupt=5": "camera_fault", "bitrate=10": "bitrate", "clock=30": "clock",
    "slow": "low_fps", "black": "black", "over": "over_exposed", "blur": "blurred", "cover": "covered",
    "move": "moved", "noise": "noise", "freeze": "frozen", "resolution": "none", "parameters": "none",
}  # fmt: skip
"""Fault → how it is to be named; none: it is no fault, and nothing is to be said."""
POLL_S = 0.1
Counts = dict[str, tuple[float, int]]
"""Camera → when it was heard, and its count of pictures."""


class Board:
    """What the cameras say of themselves."""

    def __init__(self) -> None:
        self.states: dict[str, CameraState] = {}
        self.heard_s: dict[str, float] = {}

    async def hear(self, _subject: str, payload: bytes) -> None:
        """Take one state."""
        state = decode(payload, CameraState)
        self.states[state.camera], self.heard_s[state.camera] = state, time.monotonic()

    def names(self, camera: str) -> set[str]:
        """What is said of a camera now."""
        state = self.states[camera]
        return {state.cause, *state.faults}

    def decoded(self, without: str) -> Counts:
        """Pictures decoded by every camera but one, and when it said so: counters come once a second."""
        return {
            name: (self.heard_s[name], state.frames_decoded) for name, state in self.states.items() if name != without
        }


def rate(before: Counts, now: Counts) -> float:
    """Pictures a second over all cameras, each from its own report to its own report."""
    pairs = [(before[name], now[name]) for name in before.keys() & now.keys()]
    return sum((last - first) / (until_s - since_s) for (since_s, first), (until_s, last) in pairs if until_s > since_s)


def well(state: CameraState) -> bool:
    """Live, and nothing is said of its pictures."""
    return state.phase == "live" and not state.faults


async def until(reached: Callable[[], bool], seconds: float) -> bool:
    """Wait for it so long; whether it came."""
    until_s = time.monotonic() + seconds
    while not reached() and time.monotonic() < until_s:  # noqa: ASYNC110 - states are polled as people would
        await asyncio.sleep(POLL_S)
    return reached()


@contextlib.asynccontextmanager
async def broker() -> AsyncIterator[NatsSettings]:
    """A nats-server with an empty folder; yields how to reach it."""
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
async def ingest(nats: NatsSettings, triton: str = "127.0.0.1:1", **settings: str) -> AsyncIterator[int]:
    """`python -m ingest`, without Triton unless told where it is; yields its process id."""
    environ = os.environ | {"ZOOL_NATS_URL": nats.url, "ZOOL_TRITON_URL": triton, "ZOOL_CONFIG": ""} | settings
    argv = (sys.executable, "-m", "ingest")
    process = await asyncio.create_subprocess_exec(*argv, env=environ, stderr=asyncio.subprocess.DEVNULL)
    try:
        yield process.pid
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()

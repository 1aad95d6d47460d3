"""`zool bench faults --soak 60m`: random faults in all cameras for long, and what ingest still holds afterwards.

Edge (processes, time, /proc). A broker, Triton with the detector, the simulator in this process, `python -m ingest`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import httpx
import msgspec
from prometheus_client.parser import text_string_to_metric_families

from deploy.bench import procfs, soaking
from deploy.bench.faults_rig import NAMED, Board, broker, ingest, until, well
from deploy.bench.result import Result
from deploy.bench.soaking import Level, Soaked
from deploy.bench.triton_run import alone
from deploy.simulate.faults import Fault, read
from deploy.simulate.server import CameraServer, ServerSettings, Source
from deploy.up import command as up
from deploy.up import machine
from ingest.bus import Bus
from ingest.contract import Camera, IngestPlan, ShotPolicy, state_subject

EVERY_S = 10.0
PAUSE_S, HOLD_S = (15.0, 60.0), (5.0, 25.0)
"""A camera is well for so long, then spoilt for so long; at random."""
WARM_S, SETTLED_S = 60.0, 15.0
BACK_S_MAX = 180.0
FACE_S_MAX = 60.0
"""An hour is not to be lost because the machine was busy for some seconds."""
READINGS = 5
BATCHES, BATCH = 8, 25
CUT_EVERY_S = 0.4
CONNECTS = "zool_ingest_connects_total"
SHOTS = (ShotPolicy(recogniser="soak", labels=("person", "car", "truck", "bus")),)
Put = Callable[[Camera], Awaitable[None]]


def measure(args: argparse.Namespace) -> Result:
    """One run of `args.soak` seconds and the reconnects behind it."""
    load = os.getloadavg()[0]
    soaked = asyncio.run(_measure(args.clip, max(2, args.cameras), args.soak, args.seed))
    return soaking.result(soaked, procfs.machine(), [round(load, 1), round(os.getloadavg()[0], 1)])


async def _measure(clip: Path, cameras: int, seconds: float, seed: int) -> Soaked:
    faults = tuple(read(f"{text}@never") for text in NAMED)
    server = CameraServer([Source(path=clip, copies=cameras)], settings=ServerSettings(faults=faults, spread=True))
    up.say("bench faults: the clip is coded once for each fault of the picture")
    port = machine.free_port()
    with tempfile.TemporaryDirectory(prefix="zool-bench-") as folder:
        async with (
            alone(Path(folder), up.stop_event()) as triton,
            broker() as nats,
            server,
            Bus.open(nats, name="bench") as bus,
            ingest(nats, triton, ZOOL_FACE_PORT=str(port), ZOOL_INGEST_ANALYSIS_FPS="1") as pid,
        ):
            board = Board()
            await bus.listen(state_subject("*"), board.hear)
            await bus.ensure_buckets("cameras", "plans", "leases")

            async def put(camera: Camera) -> None:
                await bus.bucket("cameras").put(camera.id, msgspec.json.encode(camera))

            site = [
                Camera(id=name, name=name, url=server.url(name), transport="udp" if number % 4 == 3 else "tcp")
                for number, name in enumerate(server.names)
            ]
            for camera in site:
                plan = IngestPlan(camera=camera.id, shots=SHOTS, class_floor=dict.fromkeys(SHOTS[0].labels, 0.4))
                await bus.bucket("plans").put(camera.id, msgspec.json.encode(plan))
                await put(camera)
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=FACE_S_MAX) as face:
                return await Soak(server, board, site, put, Gauge(pid, face)).run(seconds, faults, seed)


class Gauge:
    """Reads what ingest holds."""

    def __init__(self, pid: int, face: httpx.AsyncClient) -> None:
        self._pid, self._face, self._begun_s = pid, face, time.monotonic()

    async def read(self) -> Level:
        """Now; raises `OSError` where the process is gone."""
        connects = await self._connects()
        return Level(
            at_s=time.monotonic() - self._begun_s,
            pss_bytes=procfs.pss_bytes(self._pid),
            handles=procfs.open_files(self._pid),
            threads=procfs.table()[self._pid].threads,
            regions=procfs.regions({"ingest": self._pid}).mapped,
            connects=connects,
        )

    async def _connects(self) -> int:
        families = text_string_to_metric_families((await self._face.get("/metrics")).text)
        samples = (sample for family in families for sample in family.samples if sample.name == CONNECTS)
        return sum(int(sample.value) for sample in samples if sample.labels["cause"] == "none")


class Soak:
    """One run: who is spoilt when, and what is read meanwhile."""

    def __init__(self, server: CameraServer, board: Board, site: list[Camera], put: Put, gauge: Gauge) -> None:
        self._server, self._board, self._site, self._put, self._gauge = server, board, site, put, gauge
        self._samples = list[Level]()
        self._faults, self._slow = Counter[str](), 0

    async def run(self, seconds: float, faults: tuple[Fault, ...], seed: int) -> Soaked:
        """Two thirds, a stop, the last third, a stop, and reconnects."""
        await until(self._all_well, BACK_S_MAX)
        await asyncio.sleep(WARM_S)
        stops = [await self._stop()]
        async with self._sampled():
            for number, share in enumerate((1 - soaking.LAST_SHARE, soaking.LAST_SHARE)):
                end_s = time.monotonic() + share * seconds
                chances = (random.Random(f"{seed}.{number}.{camera.id}") for camera in self._site)
                await asyncio.gather(
                    *(self._trouble(c, faults, r, end_s) for c, r in zip(self._site, chances, strict=True))
                )
                stops.append(await self._stop())
        batches = [stops[-1]]
        for _ in range(BATCHES):
            for number in range(BATCH):
                self._server.cut(self._site[number % len(self._site)].id)
                await asyncio.sleep(CUT_EVERY_S)
            batches.append(await self._stop())
        return Soaked(
            cameras=len(self._site), seconds=seconds, samples=self._samples, stops=stops, batches=batches,
            faults=self._faults, slow=self._slow,
        )  # fmt: skip

    async def _trouble(self, camera: Camera, faults: tuple[Fault, ...], chance: random.Random, end_s: float) -> None:
        """One fault after the other in a camera, with pauses."""
        while (pause_s := chance.uniform(*PAUSE_S)) + HOLD_S[1] < end_s - time.monotonic():
            await asyncio.sleep(pause_s)
            fault = chance.choice(faults)
            self._faults[fault.kind] += 1
            self._server.switch(camera.id, fault.kind, on=True)
            await asyncio.sleep(chance.uniform(*HOLD_S))
            self._server.switch(camera.id, fault.kind, on=False)
            if fault.kind == "auth":  # somebody mends the settings
                user = f"user:{self._faults['auth']}@"
                await self._put(msgspec.structs.replace(camera, url=camera.url.replace("://", f"://{user}")))
            self._slow += not await until(lambda: self._board.states[camera.id].phase != "lost", BACK_S_MAX)

    @contextlib.asynccontextmanager
    async def _sampled(self) -> AsyncIterator[None]:
        async def sample() -> None:
            while True:
                self._samples.append(await self._gauge.read())
                if len(self._samples) % 6 == 1:
                    self._tell(self._samples[-1])
                await asyncio.sleep(EVERY_S)

        task = asyncio.create_task(sample())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _stop(self) -> Level:
        """All cameras well, and a while for what is being freed."""
        self._slow += not await until(self._all_well, BACK_S_MAX)
        await asyncio.sleep(SETTLED_S)
        levels = []
        for _ in range(READINGS):
            levels.append(await self._gauge.read())
            await asyncio.sleep(1.0)
        self._tell(soaking.median(levels), "stop")
        return soaking.median(levels)

    def _all_well(self) -> bool:
        states = self._board.states
        return all(camera.id in states and well(states[camera.id]) for camera in self._site)

    @staticmethod
    def _tell(level: Level, word: str = "") -> None:
        up.say(
            f"bench faults: {level.at_s:.0f} s {word} PSS {level.pss_bytes / 1e6:.1f} MB, {level.handles} handles, "
            f"{level.threads} threads, {level.regions} regions, {level.connects} connects"
        )

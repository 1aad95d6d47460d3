"""The whole system with simulated cameras, as a benchmark needs it: started, set up, watched for a time, stopped.

Edge (asyncio, clock, files).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import shutil
import sys
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import msgspec

from deploy.bench import procfs
from deploy.bench.fleet import Fleet, Seat, Window
from deploy.bench.metrics import Scrape
from deploy.bench.series import Sample
from deploy.demo.client import Client
from deploy.demo.command import CONFIDENCE
from deploy.demo.record import Record
from deploy.errors import ComponentFailed
from deploy.simulate.command import Announcement
from deploy.up import command as up
from deploy.up import machine
from deploy.up.plan import Component
from deploy.up.supervisor import Child

SAMPLE_S = 5.0
LIVE_S_MAX = 90.0
ANNOUNCE_S_MAX = 15.0
SETTLE_S = 6.0
"""After the window: time for the last crossings to arrive."""
LOOKS_BEFORE = 10
"""A camera is live when it was looked at this often."""
TIME_CODE = ((0.0, 0.0), (0.23, 0.0), (0.23, 0.09), (0.0, 0.09))
"""Where the frame number stands that benchmarks measure by. It changes in every picture, which no camera's clock does:
the motion gate does not look there."""
FACES = ("ingest", "decide")
FACE_S_MAX = 2.0

Json = dict[str, Any]


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """What a run gave."""

    window_us: Window
    told: dict[str, Announcement]
    record: Record
    before: Json
    after: Json
    samples: list[Sample]
    scrapes: list[Scrape] = []
    load: tuple[float, float]
    live_after_s: float
    live: bool

    @property
    def window_s(self) -> float:
        """Length of the measured window; shorter than asked for after Ctrl-C."""
        return (self.window_us[1] - self.window_us[0]) / 1e6


async def watch(args: argparse.Namespace, fleet: Fleet) -> Watched | None:
    """Run the system and watch all cameras for `args.seconds`; None where it was stopped before it was ready."""
    stop = up.stop_event()
    with contextlib.suppress(up.StoppedEarly):
        async with running(args, fleet, stop) as rig:
            await rig.show(fleet.seats)
            return await rig.window(stop, args.seconds)
    return None


@contextlib.asynccontextmanager
async def running(
    args: argparse.Namespace, fleet: Fleet, stop: asyncio.Event, *, spread: bool = False
) -> AsyncIterator[Rig]:
    """The system without cameras, and a simulator that has all of the fleet's; `spread`: copies are not in step.

    Raises `DeployError`, `SettingsError`, `StoppedEarly`.
    """
    _clear(args.data_dir.absolute())
    cameras = simulator(args.site, fleet, spread=spread)
    async with up.running(args, say=up.say, stop=stop, extra=(cameras,)) as system, Rig(fleet, system) as rig:
        yield rig


def _clear(data_dir: Path) -> None:
    """Every run begins without cameras and events, but never under a running system; built models stay."""
    lock = machine.open_data_dir(data_dir)
    try:
        for name in ("nats", "clickhouse", "clickhouse-spool", "logs"):
            shutil.rmtree(data_dir / name, ignore_errors=True)
    finally:
        os.close(lock)


def simulator(site: Path, fleet: Fleet, *, spread: bool) -> Component:
    """The process that stands for the cameras."""
    port = machine.free_port()
    clips = [str(site / f"{name}.mp4") for name in fleet.clips]
    options: tuple[str, ...] = ("--json", "--loop", "--port", str(port), "--copies", str(fleet.copies))
    options += ("--spread",) if spread else ()
    argv = (sys.executable, "-m", "deploy", "simulate", *options, *clips)
    return Component(name="simulator", argv=argv, ready_port=port, wave=1)


async def announced(child: Child, fleet: Fleet) -> dict[str, Announcement]:
    """What the simulator says of its cameras; raises `ComponentFailed` where it does not name the fleet's."""
    deadline = time.monotonic() + ANNOUNCE_S_MAX
    while True:
        lines = child.log_file.read_bytes().splitlines() if child.log_file.exists() else []
        told = [msgspec.json.decode(one, type=Announcement) for one in lines if one.startswith(b"{")]
        found = {one.name: one for one in told}
        if all(seat.camera in found for seat in fleet.seats):
            return found
        if time.monotonic() > deadline:
            raise ComponentFailed("simulator", "it did not announce its cameras", child.log_file, list(child.said))
        await asyncio.sleep(0.1)


class Rig:
    """A running system under measurement: any of the fleet's cameras may be shown to it."""

    def __init__(self, fleet: Fleet, system: up.System) -> None:
        self._fleet, self.system = fleet, system
        self.client = Client(system.url, system.token)
        self._faces = httpx.AsyncClient(timeout=FACE_S_MAX, trust_env=False)
        self.record = Record()
        self.told: dict[str, Announcement] = {}
        self.seats: tuple[Seat, ...] = ()
        self.begun = asyncio.Event()
        """Set while a window is measured."""
        self.base = Sample(at_s=0.0, components={})
        """Everything without a camera."""

    async def __aenter__(self) -> Self:
        self.told = await announced(self.system.supervisor.children["simulator"], self._fleet)
        self.base = Sample(at_s=0.0, components=procfs.readings(self.heads()))
        self._hearing = asyncio.create_task(self._hear())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hearing.cancel()
        await asyncio.gather(self._hearing, return_exceptions=True)
        await self._faces.aclose()
        await self.client.close()

    async def show(self, seats: Sequence[Seat]) -> None:
        """Make these the system's cameras: others go, missing ones are set up."""
        wanted = {seat.camera for seat in seats}
        there = {seat.camera for seat in self.seats}
        for camera in sorted(there - wanted):
            now = await self.client.call("GET", f"/cameras/{camera}")
            await self.client.call("DELETE", f"/cameras/{camera}", If_Match=now["etag"])
        for seat in seats:
            if seat.camera not in there:
                await self._set_up(seat)
        self.seats = tuple(seats)

    async def window(self, stop: asyncio.Event, seconds: float, *, sample_s: float = SAMPLE_S) -> Watched:
        """Wait until every camera is looked at, then watch."""
        begun, load = time.monotonic(), os.getloadavg()[0]
        before, live = await self._all_live(stop)
        live_after_s = time.monotonic() - begun
        up.say(f"  {len(self.seats)} cameras {'live' if live else 'NOT ALL LIVE'}, {seconds:.0f} s are measured")
        since_us = time.time_ns() // 1000
        self.begun.set()
        samples, scrapes = await self._sample(stop, seconds, sample_s)
        self.begun.clear()
        until_us = time.time_ns() // 1000
        after = await self._states()
        if not stop.is_set():
            await stopped(stop, SETTLE_S)
        return Watched(
            window_us=(since_us, until_us),
            told=self.told,
            record=self.record,
            before=before,
            after=after,
            samples=samples,
            scrapes=scrapes,
            load=(load, os.getloadavg()[0]),
            live_after_s=live_after_s,
            live=live,
        )

    def pid(self, component: str) -> int | None:
        """The head process of a component, while there is one."""
        process = self.system.supervisor.children[component].process
        return process.pid if process is not None and process.returncode is None else None

    async def scrape(self, at_s: float) -> Scrape:
        """What the faces say now."""
        texts = {}
        for name in FACES:
            url = self.system.supervisor.children[name].component.ready_url.removesuffix("/health/ready")
            with contextlib.suppress(httpx.HTTPError):
                answer = await self._faces.get(f"{url}/metrics")
                if answer.status_code == httpx.codes.OK:
                    texts[name] = answer.text
        return Scrape(at_s=at_s, texts=texts)

    async def _set_up(self, seat: Seat) -> None:
        camera: Json = {"id": seat.camera, "name": seat.camera, "url": self.told[seat.camera].url}
        if seat.truth.lines:  # a clip of ours, with its time code
            camera["motion_masks"] = [TIME_CODE]
        await self.client.ensure_camera(camera)
        if not seat.truth.lines:
            return
        lines = [{"id": one.id, "a": one.a, "b": one.b, "entry": one.entry} for one in seat.truth.lines]
        path = f"/cameras/{seat.camera}/functions/vehicles"
        body = {"settings": {"lines": lines, "confidence_ratio": CONFIDENCE}}
        await self.client.call("PUT", path, body, If_None_Match="*")

    async def _states(self) -> Json:
        cameras = await self.client.call("GET", "/cameras")
        return {camera["id"]: camera["state"] for camera in cameras["items"]}

    async def _all_live(self, stop: asyncio.Event) -> tuple[Json, bool]:
        """Wait until every camera is looked at; after `LIVE_S_MAX` begin all the same and say so."""
        deadline = time.monotonic() + LIVE_S_MAX
        while True:
            states = await self._states()
            looked = [_looked(states.get(seat.camera, {})) for seat in self.seats]
            live = min(looked) >= LOOKS_BEFORE
            if live or stop.is_set() or time.monotonic() > deadline:
                return states, live
            await asyncio.sleep(0.2)

    async def _hear(self) -> None:
        async for event in self.client.events():
            self.record.hear(event, time.time_ns() // 1000)

    async def _sample(self, stop: asyncio.Event, seconds: float, sample_s: float) -> tuple[list[Sample], list[Scrape]]:
        """Sample at even times until the end of the window."""
        samples, scrapes, begun = list[Sample](), list[Scrape](), time.monotonic()
        while not stop.is_set():
            at_s = time.monotonic() - begun
            samples.append(Sample(at_s=at_s, components=procfs.readings(self.heads(), {"bench": os.getpid()})))
            scrapes.append(await self.scrape(time.monotonic() - begun))
            left_s = seconds - at_s
            if left_s <= 0:
                break
            await stopped(stop, min(left_s, sample_s - at_s % sample_s))
        return samples, scrapes

    def heads(self) -> dict[str, int]:
        """The head process of every component."""
        children = self.system.supervisor.children.items()
        return {name: child.process.pid for name, child in children if child.process is not None}


def _looked(state: Json) -> int:
    return int(state.get("frames_analysed", 0)) + int(state.get("frames_gated", 0))


async def stopped(stop: asyncio.Event, seconds: float) -> bool:
    """Wait so long, or until it is to stop; whether it is."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
    return stop.is_set()

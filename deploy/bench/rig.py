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
from pathlib import Path
from typing import Any

import msgspec

from deploy.bench import procfs
from deploy.bench.fleet import Fleet, Window
from deploy.bench.series import Sample
from deploy.demo.client import Client
from deploy.demo.command import CONFIDENCE
from deploy.demo.record import Record
from deploy.errors import ComponentFailed
from deploy.simulate.command import Announcement
from deploy.up import command as up
from deploy.up import machine
from deploy.up.plan import Component

SAMPLE_S = 5.0
LIVE_S_MAX = 90.0
ANNOUNCE_S_MAX = 15.0
SETTLE_S = 6.0
"""After the window: time for the last crossings to arrive."""
LOOKS_BEFORE = 10
"""A camera is live when it was looked at this often."""

Json = dict[str, Any]


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """What a run gave."""

    window_us: Window
    told: dict[str, Announcement]
    record: Record
    before: Json
    after: Json
    samples: list[Sample]
    load: tuple[float, float]
    live_after_s: float
    live: bool

    @property
    def window_s(self) -> float:
        """Length of the measured window; shorter than asked for after Ctrl-C."""
        return (self.window_us[1] - self.window_us[0]) / 1e6


async def watch(args: argparse.Namespace, fleet: Fleet) -> Watched | None:
    """Run the system and watch it for `args.seconds`; None where it was stopped before it was ready."""
    stop = up.stop_event()
    _clear(args.data_dir.absolute())
    with contextlib.suppress(up.StoppedEarly):
        async with up.running(args, say=up.say, stop=stop, extra=(_simulator(args.site, fleet),)) as system:
            rig = Rig(fleet, system)
            try:
                return await rig.run(stop, args.seconds)
            finally:
                await rig.client.close()
    return None


def _clear(data_dir: Path) -> None:
    """Every run begins without cameras and events, but never under a running system; built models stay."""
    lock = machine.open_data_dir(data_dir)
    try:
        for name in ("nats", "clickhouse", "clickhouse-spool", "logs"):
            shutil.rmtree(data_dir / name, ignore_errors=True)
    finally:
        os.close(lock)


def _simulator(site: Path, fleet: Fleet) -> Component:
    port = machine.free_port()
    clips = [str(site / f"{name}.mp4") for name in fleet.clips]
    options = ("--json", "--loop", "--port", str(port), "--copies", str(fleet.copies))
    argv = (sys.executable, "-m", "deploy", "simulate", *options, *clips)
    return Component(name="simulator", argv=argv, ready_port=port, wave=1)


class Rig:
    """A running system under measurement."""

    def __init__(self, fleet: Fleet, system: up.System) -> None:
        self._fleet, self._system = fleet, system
        self.client = Client(system.url, system.token)
        self._record = Record()
        self._samples: list[Sample] = []

    async def run(self, stop: asyncio.Event, seconds: float) -> Watched:
        """Set up, wait until every camera is looked at, watch."""
        told = await self._announced()
        load = os.getloadavg()[0]
        hearing = asyncio.create_task(self._hear())
        try:
            begun = time.monotonic()
            await self._set_up(told)
            before, live = await self._all_live(stop)
            live_after_s = time.monotonic() - begun
            up.say(
                f"  {len(self._fleet.seats)} cameras {'live' if live else 'NOT ALL LIVE'}, {seconds:.0f} s are measured"
            )
            since_us = time.time_ns() // 1000
            await self._sample(stop, seconds)
            until_us = time.time_ns() // 1000
            after = await self._states()
            if not stop.is_set():
                await _stopped(stop, SETTLE_S)
        finally:
            hearing.cancel()
            await asyncio.gather(hearing, return_exceptions=True)
        return Watched(
            window_us=(since_us, until_us),
            told=told,
            record=self._record,
            before=before,
            after=after,
            samples=self._samples,
            load=(load, os.getloadavg()[0]),
            live_after_s=live_after_s,
            live=live,
        )

    async def _announced(self) -> dict[str, Announcement]:
        child = self._system.supervisor.children["simulator"]
        deadline = time.monotonic() + ANNOUNCE_S_MAX
        while True:
            lines = child.log_file.read_bytes().splitlines() if child.log_file.exists() else []
            told = [msgspec.json.decode(one, type=Announcement) for one in lines if one.startswith(b"{")]
            found = {one.name: one for one in told}
            if all(seat.camera in found for seat in self._fleet.seats):
                return found
            if time.monotonic() > deadline:
                raise ComponentFailed("simulator", "it did not announce its cameras", child.log_file, list(child.said))
            await asyncio.sleep(0.1)

    async def _set_up(self, told: dict[str, Announcement]) -> None:
        for seat in self._fleet.seats:
            await self.client.ensure_camera({"id": seat.camera, "name": seat.camera, "url": told[seat.camera].url})
            lines = [{"id": one.id, "a": one.a, "b": one.b, "entry": one.entry} for one in seat.truth.lines]
            path = f"/cameras/{seat.camera}/functions/vehicles"
            body = {"settings": {"type": "vehicles", "lines": lines, "confidence_ratio": CONFIDENCE}}
            await self.client.call("PUT", path, body, If_None_Match="*")

    async def _states(self) -> Json:
        cameras = await self.client.call("GET", "/cameras")
        return {camera["id"]: camera["state"] for camera in cameras["items"]}

    async def _all_live(self, stop: asyncio.Event) -> tuple[Json, bool]:
        """Wait until every camera is looked at; after `LIVE_S_MAX` begin all the same and say so."""
        deadline = time.monotonic() + LIVE_S_MAX
        while True:
            states = await self._states()
            looked = [states.get(seat.camera, {}).get("frames_analysed", 0) for seat in self._fleet.seats]
            live = min(looked) >= LOOKS_BEFORE
            if live or stop.is_set() or time.monotonic() > deadline:
                return states, live
            await asyncio.sleep(0.2)

    async def _hear(self) -> None:
        async for event in self.client.events():
            self._record.hear(event, time.time_ns() // 1000)

    async def _sample(self, stop: asyncio.Event, seconds: float) -> None:
        """Sample at even times until the end of the window."""
        begun = time.monotonic()
        while not stop.is_set():
            at_s = time.monotonic() - begun
            self._samples.append(Sample(at_s=at_s, components=procfs.readings(self._heads(), {"bench": os.getpid()})))
            left_s = seconds - at_s
            if left_s <= 0:
                return
            await _stopped(stop, min(left_s, SAMPLE_S - at_s % SAMPLE_S))

    def _heads(self) -> dict[str, int]:
        children = self._system.supervisor.children.items()
        return {name: child.process.pid for name, child in children if child.process is not None}


async def _stopped(stop: asyncio.Event, seconds: float) -> bool:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
    return stop.is_set()

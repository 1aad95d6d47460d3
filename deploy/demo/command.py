"""`zool demo`: the system on the demo site; with `--for` it ends by itself and says how it compares with the truth.

Edge (asyncio, clock, files).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import msgspec

from deploy.demo import gate, truth
from deploy.demo.client import Client
from deploy.demo.record import Record, line
from deploy.errors import ComponentFailed, SiteMissing
from deploy.language import Language, language_of
from deploy.simulate.command import Announcement
from deploy.up import command as up
from deploy.up import machine
from deploy.up.plan import Component

DATA_DIR = Path("var/demo")
SITE = Path(__file__).resolve().parent.parent / "site"
SETTLE_S = 6.0
"""After the window: time for the final versions of its last events."""
CONFIDENCE = 0.35
"""The starter detector is less sure of lorries and buses than of cars: 0.40 to 0.55 where it sees them right."""
EARLY_SETTLE_S = 3.0
"""The same where Ctrl-C ended the window."""
LIVE_S_MAX = 60.0

Json = dict[str, Any]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `zool demo` understands."""
    up.add_arguments(parser, DATA_DIR)
    parser.add_argument(
        "--for", dest="seconds", type=float, metavar="SECONDS", help="end by itself, with a report (Ctrl-C: earlier)"
    )
    parser.add_argument("--json", action="store_true", help="print the report as one JSON object")
    parser.add_argument("--keep", action="store_true", help="keep the events of the last demo (default: start afresh)")
    parser.add_argument("--site", type=Path, default=SITE, help="folder with the clips and their truth")
    parser.add_argument("--lang", choices=("ru", "en"), default=language_of(os.environ), help="language of the lines")


def run(args: argparse.Namespace) -> int:
    """Run until Ctrl-C, or for the asked time; 0 if it compares well with the truth."""
    return asyncio.run(_run(args))


def read_site(folder: Path) -> dict[str, truth.Truth]:
    """The truth of every clip, by camera; raises `SiteMissing`."""
    found: dict[str, truth.Truth] = {}
    for path in sorted(folder.glob("*.json")):
        if not path.with_suffix(".mp4").exists():
            raise SiteMissing(folder, f"{path.with_suffix('.mp4').name} is missing")
        try:
            found[path.stem] = msgspec.json.decode(path.read_bytes(), type=truth.Truth)
        except msgspec.MsgspecError as error:
            raise SiteMissing(folder, f"{path.name}: {error}") from None
    if not found:
        raise SiteMissing(folder, "no truth was found")
    return found


async def _run(args: argparse.Namespace) -> int:
    site = read_site(args.site)
    stop = up.stop_event()
    if not args.keep:
        _clear(args.data_dir.absolute())
    with contextlib.suppress(up.StoppedEarly):
        async with up.running(args, say=up.say, stop=stop, extra=(_simulator(args.site, site),)) as system:
            demo = Demo(site, system, args.lang)
            try:
                return await demo.run(stop, args.seconds, as_json=args.json)
            finally:
                await demo.client.close()
    return 0


def _clear(data_dir: Path) -> None:
    """Remove what the last demo left, but never under a running one."""
    if not data_dir.exists():
        return
    lock = machine.open_data_dir(data_dir)
    try:
        for name in ("nats", "clickhouse", "clickhouse-spool", "logs"):
            shutil.rmtree(data_dir / name, ignore_errors=True)
    finally:
        os.close(lock)


def _simulator(folder: Path, site: dict[str, truth.Truth]) -> Component:
    port = machine.free_port()
    clips = [str(folder / f"{name}.mp4") for name in site]
    argv = (sys.executable, "-m", "deploy", "simulate", "--json", "--loop", "--port", str(port), *clips)
    return Component(name="simulator", argv=argv, ready_port=port, wave=1)


class Demo:
    """A running demo."""

    def __init__(self, site: dict[str, truth.Truth], system: up.System, language: Language) -> None:
        self._site, self._system, self._language = site, system, language
        self.client = Client(system.url, system.token)
        self._record = Record()
        self._clips: dict[str, Announcement] = {}

    async def run(self, stop: asyncio.Event, seconds: float | None, *, as_json: bool) -> int:
        """Set up, watch, report."""
        self._clips = await self._announced()
        beside = [asyncio.create_task(self._hear())]
        try:
            await self._set_up()
            if self._system.acs:
                beside.append(asyncio.create_task(self._doors()))
            up.say(f"console  {self._system.url}/#token={self._system.token}")
            if seconds is None:
                await stop.wait()
                return 0
            before = await self._all_live(stop)
            since_us = time.time_ns() // 1000
            early = await _stopped(stop, seconds)
            until_us = time.time_ns() // 1000
            after = await self._frames()
            await asyncio.sleep(EARLY_SETTLE_S if early else SETTLE_S)
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
        return self._report((since_us, until_us), before, after, as_json=as_json)

    async def _hear(self) -> None:
        async for event in self.client.events():
            now_us = time.time_ns() // 1000
            if self._record.hear(event, now_us):
                up.say(line(self._record.events[event["id"]], self._record.latency_us(event["id"]), self._language))

    async def _doors(self) -> None:
        """The barriers of the site, by a controller of their own."""
        async with gate.controller(self._system, note=lambda _: None, say=up.say) as simulator:
            await simulator.run(gate.nothing_read())

    async def _announced(self) -> dict[str, Announcement]:
        child = self._system.supervisor.children["simulator"]
        deadline = time.monotonic() + 10.0
        while True:
            lines = child.log_file.read_bytes().splitlines() if child.log_file.exists() else []
            told = [msgspec.json.decode(one, type=Announcement) for one in lines if one.startswith(b"{")]
            found = {one.name: one for one in told}
            if found.keys() >= self._site.keys():
                return found
            if time.monotonic() > deadline:
                raise ComponentFailed("simulator", "it did not announce its cameras", child.log_file, list(child.said))
            await asyncio.sleep(0.1)

    async def _set_up(self) -> None:
        for name, scene in self._site.items():
            camera = {"id": name, "name": scene.title or name, "url": self._clips[name].url}
            await self.client.ensure_camera(camera)
            if scene.lines:
                lines = [{"id": one.id, "a": one.a, "b": one.b, "entry": one.entry} for one in scene.lines]
                await self._put_function(name, {"lines": lines, "confidence_ratio": CONFIDENCE})
        if self._system.acs:
            gates = [(name, scene.title or name) for name, scene in self._site.items() if scene.lines]
            await gate.set_up(self.client, gates, self._site.values())

    async def _put_function(self, camera: str, settings: Json) -> None:
        path = f"/cameras/{camera}/functions"
        listed = await self.client.call("GET", path)
        known = {one["name"]: {"If_Match": one["etag"]} for one in listed["items"]}
        await self.client.call("PUT", f"{path}/vehicles", {"settings": settings}, **known.get("vehicles", {}))

    async def _frames(self) -> dict[str, Json]:
        listed = await self.client.call("GET", "/cameras")
        return {camera["id"]: camera["state"] for camera in listed["items"]}

    async def _all_live(self, stop: asyncio.Event) -> dict[str, Json]:
        """Wait until every camera is looked at; after `LIVE_S_MAX` begin all the same: the report will show it."""
        deadline = time.monotonic() + LIVE_S_MAX
        while True:
            states = await self._frames()
            live = all(states.get(name, {}).get("frames_analysed", 0) >= 10 for name in self._site)
            if live or stop.is_set() or time.monotonic() > deadline:
                return states
            await asyncio.sleep(0.2)

    def _report(
        self, window: tuple[int, int], before: dict[str, Json], after: dict[str, Json], *, as_json: bool
    ) -> int:
        moments = [
            moment
            for name, scene in self._site.items()
            for moment in truth.expected(scene, self._schedule(name), *window)
        ]
        said, blind = self._record.happenings(), self._record.blind()
        found = truth.compare(moments, said, blind=blind, window_us=window)
        crossings = truth.compare(truth.bare(moments), truth.bare(said), blind=blind, window_us=window)
        latencies = [self._record.latency_us(event.event_id) for _, event in found.matched]
        report = {
            "window_s": round((window[1] - window[0]) / 1e6, 1),
            "cameras": {name: _difference(before.get(name, {}), after.get(name, {})) for name in self._site},
            "events": self._record.kinds(),
            "latency_ms": truth.percentiles_ms(latencies),
            "truth": {
                "expected": found.expected,
                "matched": len(found.matched),
                "missed": [_shown(one) for one in found.missed],
                "extra": [_shown(one) for one in found.extra],
                "excluded_as_blind": [_shown(one) for one in found.excluded],
            },
            "crossings": {
                "expected": crossings.expected,
                "missed": [_shown(one) for one in crossings.missed],
                "extra": [_shown(one) for one in crossings.extra],
            },
            "blind": [msgspec.to_builtins(span) for span in blind],
            "good": found.good,
        }
        if as_json:
            print(json.dumps(report, ensure_ascii=False), flush=True)
        else:
            print(_text(report), flush=True)
        return 0 if found.good else 1

    def _schedule(self, name: str) -> truth.Schedule:
        clip = self._clips[name]
        return truth.Schedule(started_at_s=clip.started_at, duration_s=clip.duration_s)


def _difference(before: Json, after: Json) -> dict[str, int]:
    keys = {"decoded": "frames_decoded", "analysed": "frames_analysed", "dropped": "frames_dropped"}
    return {name: int(after.get(key, 0)) - int(before.get(key, 0)) for name, key in keys.items()}


def _shown(one: truth.Happening) -> Json:
    return {"camera": one.camera, "kind": one.kind, "plate": one.plate, "at_s": round(one.at_us / 1e6, 2)}


def _text(report: Json) -> str:
    latency = report["latency_ms"]
    compared = report["truth"]
    rows = [f"\n{report['window_s']} s on {len(report['cameras'])} cameras"]
    for name, frames in report["cameras"].items():
        counts = "  ".join(f"{key} {value}" for key, value in frames.items())
        rows.append(f"  {name:<12} {counts}")
    rows.append("events       " + "  ".join(f"{kind} {count}" for kind, count in report["events"].items()))
    rows.append("latency      " + "  ".join(f"{key} {value} ms" for key, value in latency.items()))
    missed, extra = len(compared["missed"]), len(compared["extra"])
    rows.append(
        f"truth        expected {compared['expected']}  matched {compared['matched']}  missed {missed}  extra {extra}"
    )
    for word in ("missed", "extra"):
        rows += [f"  {word}: {one['camera']} {one['kind']} {one['plate'] or '—'}" for one in compared[word]]
    rows.append("good" if report["good"] else "NOT GOOD: under 95 % matched, or 5 % and more extra")
    return "\n".join(rows)


async def _stopped(stop: asyncio.Event, seconds: float) -> bool:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
    return stop.is_set()

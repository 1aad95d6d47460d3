"""`zool bench streams`: how many cameras hold on this machine, and what each costs.

Edge (asyncio, clock, signals, /dev/shm).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Sequence
from typing import Any

import msgspec

from deploy.bench import fleet as fleets
from deploy.bench import kill as kills
from deploy.bench import metrics, procfs, report, rig, series, streams
from deploy.bench.fleet import Fleet, Seat
from deploy.bench.kill import Kill
from deploy.bench.procfs import Regions
from deploy.bench.profile import add_profile, name_of, site_of
from deploy.bench.result import Result
from deploy.bench.rig import Rig, Watched
from deploy.bench.series import Sample
from deploy.bench.streams import CAMERAS_MAX, Demand, Found, Search
from deploy.demo.command import read_site
from deploy.errors import SiteMissing
from deploy.up import command as up

VICTIMS = ("nats", "triton", "clickhouse", "ingest", "recognise", "decide", "store", "deliver", "api")
CAMERAS = 10
WARM_UP_S = 15.0
STEP_S = 40.0
CONFIRMATIONS_MAX = 4
KILL_SAMPLE_S = 1.0


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """A window that was measured."""

    watched: Watched
    found: Found
    faces: list[metrics.Faces]
    regions: Regions
    base: Sample


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `zool bench streams` understands beyond what all understand."""
    add_profile(parser)
    parser.add_argument(
        "--find",
        action="store_true",
        help=f"find the number by bisection between 1 and {CAMERAS_MAX} (or --cameras), then confirm it",
    )
    parser.add_argument(
        "--kill", type=victims, default=(), metavar="NAME,…", help=f"kill -9 these in the window: {', '.join(VICTIMS)}"
    )
    parser.add_argument(
        "--step", type=float, default=STEP_S, help="seconds of a window of --find (default: %(default)s)"
    )
    parser.set_defaults(cameras=None)


def victims(text: str) -> tuple[str, ...]:
    """Components to kill, in order."""
    names = tuple(text.split(","))
    for name in names:
        if name not in VICTIMS:
            raise argparse.ArgumentTypeError(f"{name} can't be killed; there are: {', '.join(VICTIMS)}")
    return names


def run(args: argparse.Namespace) -> Result | None:
    """The figure, or None where it was stopped before there was one."""
    args.site = site_of(args)
    cameras = args.cameras or (CAMERAS_MAX if args.find else CAMERAS)
    fleet = fleets.fleet(read_site(args.site), cameras)
    if fleet is None:
        raise SiteMissing(args.site, "no clip has a line")
    return asyncio.run(_run(args, fleet))


async def _run(args: argparse.Namespace, fleet: Fleet) -> Result | None:
    stop = up.stop_event()
    with contextlib.suppress(up.StoppedEarly):
        async with rig.running(args, fleet, stop, spread=True) as system:
            if args.find:
                return await _find(args, fleet, system, stop)
            if args.kill:
                return await _killed(args, fleet, system, stop)
            one = await _window(system, fleet.seats, args.seconds, stop)
            return _result(args, fleet, one, [one], confirmed=one.found.holds) if one else None
    return None


async def _window(
    system: Rig, seats: Sequence[Seat], seconds: float, stop: asyncio.Event, *, sample_s: float = rig.SAMPLE_S
) -> Window | None:
    """Show so many cameras, let them warm up, measure; None where it was stopped."""
    await system.show(seats)
    if await rig.stopped(stop, WARM_UP_S):
        return None
    watched = await system.window(stop, seconds, sample_s=sample_s)
    if stop.is_set():
        return None
    faces = [metrics.read(one) for one in watched.scrapes]
    due = fleets.moments(seats, watched.told, watched.window_us)
    found = streams.found(seats, due, watched.record, watched.window_us, faces=faces, demand=Demand())
    up.say(streams.line(found))
    return Window(watched=watched, found=found, faces=faces, regions=procfs.regions(system.heads()), base=system.base)


async def _find(args: argparse.Namespace, fleet: Fleet, system: Rig, stop: asyncio.Event) -> Result | None:
    search, windows = Search(failed=len(fleet.seats) + 1), list[Window]()
    while (cameras := search.next()) is not None:
        one = await _window(system, fleet.seats[:cameras], args.step, stop)
        if one is None:
            return None
        windows.append(one)
        search = search.after(cameras, holds=one.found.holds)
    cameras = search.held
    for _ in range(CONFIRMATIONS_MAX):
        if cameras < 1:
            break
        one = await _window(system, fleet.seats[:cameras], args.seconds, stop)
        if one is None:
            return None
        windows.append(one)
        if one.found.holds:
            return _result(args, fleet, one, windows, confirmed=True)
        cameras = streams.step_down(cameras)
    return _result(args, fleet, windows[-1], windows, confirmed=False)


def _result(
    args: argparse.Namespace, fleet: Fleet, last: Window, windows: Sequence[Window], *, confirmed: bool
) -> Result:
    """The number that held in the last window; 0 where none did."""
    value = float(last.found.cameras) if confirmed else 0.0
    target = streams.TARGETS.get(name_of(args))
    held = [one.found.cameras for one in windows if one.found.holds]
    failed = [one.found.cameras for one in windows if not one.found.holds]
    details = {
        "window": streams.shown(last.found),
        "budget": streams.budget(last.watched.samples, last.found.cameras),
        "components": report.components(last.watched),
        "windows": [streams.line(one.found).strip() for one in windows],
        "most_held_fewest_failed": [max(held, default=0), min(failed, default=None)],
        "rss_mb_per_camera": streams.rss_mb_per_camera(last.base, last.watched.samples[-1], last.found.cameras),
        "shared_memory": msgspec.to_builtins(last.regions),
        "stages": report.stages(last.faces, last.found.latency_mean_ms),
    }
    return Result(
        name=f"streams-{name_of(args)}",
        value=value,
        unit="cameras that hold (720p25, 5 looks a second each)",
        floor=None,
        ratio=None,
        target=target,
        spread=[float(max(held, default=0)), float(min(failed, default=last.found.cameras))],
        conditions=_conditions(args, fleet, last) | {"details": details},
    )


def _conditions(args: argparse.Namespace, fleet: Fleet, last: Window) -> dict[str, Any]:
    own = {
        "profile": name_of(args),
        "demand": msgspec.to_builtins(Demand()),
        "copies_in_step": 1,
        "copies_spread_over_their_clips": fleet.copies,
        "warm_up_s": WARM_UP_S,
        "step_s": args.step if args.find else None,
        "confirmed_s": args.seconds,
    }
    shown = Fleet(seats=fleet.seats[: last.found.cameras], clips=fleet.clips, copies=fleet.copies)
    return report.conditions(shown, last.watched, procfs.machine()) | own


async def _killed(args: argparse.Namespace, fleet: Fleet, system: Rig, stop: asyncio.Event) -> Result | None:
    """Kill what was asked for within the window; the figure is the longest time until the looks were back."""
    killing = _Killing(system, args.kill, args.seconds, stop)
    await system.show(fleet.seats)
    if await rig.stopped(stop, WARM_UP_S):
        return None
    before = procfs.regions(system.heads())
    task = asyncio.create_task(killing.run())
    try:
        watched = await system.window(stop, args.seconds, sample_s=KILL_SAMPLE_S)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    if stop.is_set():
        return None
    return _kill_result(args, fleet, watched, killing.done, (before, procfs.regions(system.heads())))


class _Killing:
    """Kills beside the window."""

    def __init__(self, system: Rig, names: Sequence[str], seconds: float, stop: asyncio.Event) -> None:
        self._system, self._times, self._stop = system, kills.times_s(names, seconds), stop
        self.done: list[Kill] = []

    async def run(self) -> None:
        """Kill each at its time, counted from the beginning of the window."""
        await self._system.begun.wait()
        begun = time.monotonic()
        for at_s, name in self._times:
            if await rig.stopped(self._stop, at_s - (time.monotonic() - begun)):
                return
            pid = self._system.pid(name)
            if pid is not None:
                kill = Kill(component=name, at_s=time.monotonic() - begun, at_us=time.time_ns() // 1000, pid=pid)
                os.kill(pid, signal.SIGKILL)
                up.say(f"  {name} (process {pid}) killed")
                self.done.append(kill)


def _kill_result(
    args: argparse.Namespace, fleet: Fleet, watched: Watched, done: Sequence[Kill], left: tuple[Regions, Regions]
) -> Result | None:
    faces = [metrics.read(one) for one in watched.scrapes]
    demand, blind = Demand(), watched.record.blind()
    ends_us = [*(kill.at_us for kill in done[1:]), watched.window_us[1]]
    rows = [
        kills.told(kill, fleet.seats, faces, blind, looks_per_s=demand.looks_per_s, until_us=end_us)
        for kill, end_us in zip(done, ends_us, strict=True)
    ]
    if not rows:
        return None
    due = fleets.moments(fleet.seats, watched.told, watched.window_us)
    found = streams.found(fleet.seats, due, watched.record, watched.window_us, faces=faces, demand=demand)
    back_s = [row["back_after_s"] for row in rows]
    details = {
        "kills": rows,
        "window": streams.shown(found),
        "shared_memory_before": msgspec.to_builtins(left[0]),
        "shared_memory_after": msgspec.to_builtins(left[1]),
        "orphans_more": sorted(set(left[1].orphans) - set(left[0].orphans)),
        "components": report.components(watched),
    }
    conditions = report.conditions(fleet, watched, procfs.machine())
    return Result(
        name=f"streams-{name_of(args)}-kill",
        value=max(row["next_after_s"] if row["back_after_s"] is None else row["back_after_s"] for row in rows),
        unit="s until the looks were back" + (" (AT LEAST: not back by the next kill)" if None in back_s else ""),
        floor=None,
        ratio=None,
        target=kills.TARGET_S,
        spread=series.spread(one for one in back_s if one is not None),
        conditions=conditions
        | {"profile": name_of(args), "warm_up_s": WARM_UP_S, "sample_s": KILL_SAMPLE_S, "copies_in_step": 1}
        | {"details": details},
    )

"""`zool bench outage`: the recogniser stands still for minutes; how its backlog is worked off, how fresh the new is.

Edge (asyncio, signals, clock). SIGSTOP rather than a kill: a supervisor would put a killed one back at once.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import time

from deploy.bench import fleet, procfs, rig, series
from deploy.bench.report import conditions
from deploy.bench.result import Result
from deploy.demo.record import Record, at_us
from deploy.demo.truth import Span
from deploy.errors import NothingMeasured
from deploy.up import command as up

COMPONENT = "recognise"
BEFORE_S = 30.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What only this benchmark takes."""
    parser.add_argument(
        "--after",
        type=float,
        default=90.0,
        metavar="SECONDS",
        help="how long to watch afterwards (default: %(default)s)",
    )


def run(args: argparse.Namespace, cameras: fleet.Fleet) -> Result | None:
    """The figure; None where it was stopped before there was one."""
    seen = asyncio.run(_watched(args, cameras))
    if seen is None:
        return None
    found = result(cameras, *seen)
    if found is None:
        raise NothingMeasured("outage", args.seconds, args.data_dir / "logs")
    return found


async def _watched(args: argparse.Namespace, cameras: fleet.Fleet) -> tuple[rig.Watched, Span] | None:
    stop = up.stop_event()
    with contextlib.suppress(up.StoppedEarly):
        async with rig.running(args, cameras, stop) as system:
            await system.show(cameras.seats)
            outage = asyncio.create_task(_stand_still(system, stop, args.seconds))
            watched = await system.window(stop, BEFORE_S + args.seconds + args.after)
            span = await outage
            return None if span is None else (watched, span)
    return None


async def _stand_still(system: rig.Rig, stop: asyncio.Event, seconds: float) -> Span | None:
    await system.begun.wait()
    pid = None if await rig.stopped(stop, BEFORE_S) else system.pid(COMPONENT)
    if pid is None:
        return None
    up.say(f"  {COMPONENT} stands still for {seconds:.0f} s")
    from_us = time.time_ns() // 1000
    os.kill(pid, signal.SIGSTOP)
    try:
        await rig.stopped(stop, seconds)
    finally:
        os.kill(pid, signal.SIGCONT)
    up.say("  it goes on")
    return Span(camera="", from_us=from_us, to_us=time.time_ns() // 1000)


def result(cameras: fleet.Fleet, watched: rig.Watched, span: Span) -> Result | None:
    """How long after its end the last plate of the outage was there."""
    during = _plates(watched.record, (span.from_us, span.to_us))
    caught_s = [(at - span.to_us) / 1e6 for _, at in during.values() if at is not None and at >= span.to_us]
    if not caught_s:
        return None
    before = _plates(watched.record, (watched.window_us[0], span.from_us))
    after = _plates(watched.record, (span.to_us, watched.window_us[1]))
    end_us = span.to_us + round(max(caught_s) * 1e6)
    meanwhile = {key: one for key, one in after.items() if one[0] < end_us}
    due = fleet.moments(cameras.seats, watched.told, watched.window_us)
    details = {
        "outage_s": series.rounded((span.to_us - span.from_us) / 1e6),
        "passages_in_outage": len(during),
        "plates_after_outage_s": series.percentiles(caught_s),
        "without_plate": {"before": _unread(before), "outage": _unread(during), "after": _unread(after)},
        "crossing_to_plate_ms": {
            "before": series.percentiles(_delays_ms(before)),
            "while_catching_up": series.percentiles(_delays_ms(meanwhile)),
            "after": series.percentiles(_delays_ms(after)),
        },
        "crossing_to_event_ms": series.percentiles([ms for _, ms in fleet.delays(watched.record, watched.window_us)]),
        "truth": fleet.against_truth(due, watched.record, watched.window_us),
    }
    return Result(
        name="outage",
        value=series.rounded(max(caught_s)),
        unit="s (from the end of the outage to the last plate of a passage in it)",
        floor=None,
        ratio=None,
        target=None,
        spread=series.spread(caught_s),
        conditions=conditions(cameras, watched, procfs.machine()) | {"details": details},
    )


def _plates(record: Record, window_us: tuple[int, int]) -> dict[str, tuple[int, int | None]]:
    """Passages of a span: when they were, and when their plate was there."""
    return {
        key: (at_us(event["opened_at"]), record.read_us.get(key))
        for key, event in record.events.items()
        if event["kind"].startswith("vehicle_") and window_us[0] <= at_us(event["opened_at"]) < window_us[1]
    }


def _unread(found: dict[str, tuple[int, int | None]]) -> int:
    return sum(read is None for _, read in found.values())


def _delays_ms(found: dict[str, tuple[int, int | None]]) -> list[float]:
    return [(read - opened) / 1e3 for opened, read in found.values() if read is not None]

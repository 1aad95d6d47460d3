"""`zool bench gate`: from a vehicle's crossing to the decision at the controller, and whom it let in wrongly.

Edge (asyncio, gRPC, clock), but for `result`, which is pure. The clips' plates stand on the lists of the site by half.

Rules
- The clock starts when the vehicle crosses the line, by the time code of the picture: its plate was readable before,
  and no decision can be made sooner. It stops when the controller has the decision in its hands.
- Granted wrongly is a grant at a camera where, within the tolerance, no listed vehicle crossed. Denied wrongly is a
  listed vehicle without a grant; both are counted, the second with its reasons.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Sequence

import msgspec

from deploy.acs.barrier import Command
from deploy.acs.doors import DoorClient
from deploy.acs.keep import Nowhere
from deploy.bench import fleet, procfs, rig, series
from deploy.bench.report import conditions
from deploy.bench.result import Result
from deploy.demo import gate
from deploy.demo.truth import Comparison, Happening, bare, compare
from deploy.errors import NothingMeasured
from deploy.up import command as up

TARGET_MS = 1000.0


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """A decision, and when the controller had it."""

    command: Command
    at_us: int


def run(args: argparse.Namespace, cameras: fleet.Fleet) -> Result | None:
    """The figure; None where it was stopped before there was one."""
    seen = asyncio.run(_watched(args, cameras))
    if seen is None:
        return None
    found = result(cameras, *seen)
    if found is None:
        raise NothingMeasured("gate", args.seconds, args.data_dir / "logs")
    return found


async def _watched(args: argparse.Namespace, cameras: fleet.Fleet) -> tuple[rig.Watched, list[Heard]] | None:
    stop, heard = up.stop_event(), list[Heard]()
    with contextlib.suppress(up.StoppedEarly):
        async with rig.running(args, cameras, stop) as system:
            gates = [(seat.camera, seat.camera) for seat in cameras.seats]
            await gate.set_up(system.client, gates, [seat.truth for seat in cameras.seats])
            await system.show(cameras.seats)
            listening = asyncio.create_task(_listen(system, heard))
            try:
                return await system.window(stop, args.seconds), heard
            finally:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)
    return None


async def _listen(system: rig.Rig, heard: list[Heard]) -> None:
    async with DoorClient(gate.target(system.system), (), Nowhere(lambda _: None), say=up.say) as client:
        async for command in client.decisions():
            one = Heard(command=command, at_us=time.time_ns() // 1000)
            heard.append(one)


def result(cameras: fleet.Fleet, watched: rig.Watched, heard: Sequence[Heard]) -> Result | None:
    """Decisions beside the truth; None where nobody was let in."""
    allowed = set(gate.plates([seat.truth for seat in cameras.seats])[0])
    due = fleet.moments(cameras.seats, watched.told, watched.window_us)
    crossed = {event.event_id: moment for moment, event in _crossings(watched, due).matched}
    grants = [one for one in heard if one.command.granted and _within(one, watched)]
    late_ms = [(one.at_us - crossed[one.command.event].at_us) / 1e3 for one in grants if one.command.event in crossed]
    if not late_ms:
        return None
    wrongly = [
        one for one in grants if one.command.event in crossed and crossed[one.command.event].plate not in allowed
    ]
    strange = [one for one in grants if one.command.event not in crossed and one.command.plate not in allowed]
    granted = {one.command.event for one in grants}
    shut = [name for name, moment in crossed.items() if moment.plate in allowed and name not in granted]
    reasons = Counter(
        next((one.command.reason for one in reversed(heard) if one.command.event == name), "no decision")
        for name in shut
    )
    details = {
        "crossing_to_decision_ms": series.percentiles(late_ms),
        "passages": len(crossed),
        "listed": sum(moment.plate in allowed for moment in crossed.values()),
        "granted": len(grants),
        "granted_wrongly": [one.command.plate for one in (*wrongly, *strange)],
        "denied_wrongly": dict(reasons),
        "decisions": dict(Counter(one.command.reason for one in heard if _within(one, watched))),
    }
    p95 = series.percentile(late_ms, 0.95)
    return Result(
        name="gate",
        value=series.rounded(p95 or 0.0),
        unit="ms (p95, crossing by the picture's time code to the decision at the controller)",
        floor=None,
        ratio=None,
        target=TARGET_MS,
        spread=series.spread(late_ms),
        conditions=conditions(cameras, watched, procfs.machine()) | {"details": details},
    )


def _crossings(watched: rig.Watched, due: list[Happening]) -> Comparison:
    """Crossings that were seen, each with its true plate, whatever was read."""
    kept = {(one.camera, one.kind, one.at_us): one.plate for one in due}
    said = bare(watched.record.happenings())
    found = compare(bare(due), said, blind=watched.record.blind(), window_us=watched.window_us)
    matched = tuple(
        (msgspec.structs.replace(one, plate=kept[one.camera, one.kind, one.at_us]), event)
        for one, event in found.matched
    )
    return msgspec.structs.replace(found, matched=matched)


def _within(one: Heard, watched: rig.Watched) -> bool:
    since_us, until_us = watched.window_us
    return since_us <= one.at_us < until_us

"""`zool bench gate`: from a vehicle's crossing to the decision at the controller, and whom it let in wrongly.

Edge (asyncio, gRPC, clock), but for `result`, which is pure. The clips' plates stand on the lists of the site by half.

Rules
- The clock starts when the vehicle crosses the line, by the time code of the picture: its plate was readable before,
  and no decision can be made sooner. It stops when the controller has the decision in its hands.
- Granted wrongly is a grant where no listed vehicle with this plate crossed at this camera within `NEAR_US`.
  Denied wrongly is a listed vehicle without a grant; both are counted, the second with its reasons.
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
from deploy.demo.record import at_us
from deploy.demo.truth import Happening
from deploy.errors import NothingMeasured
from deploy.up import command as up

TARGET_MS = 1000.0
NEAR_US = 12_000_000
"""How far on a busy machine an event's crossing may lie from the truth's; every plate passes once in 40 s."""


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
    async with (
        DoorClient(gate.target(system.system), (), Nowhere(lambda _: None), say=up.say) as client,
        contextlib.aclosing(client.decisions()) as decisions,
    ):
        async for command in decisions:
            one = Heard(command=command, at_us=time.time_ns() // 1000)
            heard.append(one)


def result(cameras: fleet.Fleet, watched: rig.Watched, heard: Sequence[Heard]) -> Result | None:
    """Decisions beside the truth; None where nobody was let in."""
    allowed = set(gate.plates([seat.truth for seat in cameras.seats])[0])
    since_us, until_us = watched.window_us
    due = fleet.moments(cameras.seats, watched.told, (since_us - 2 * NEAR_US, until_us + NEAR_US))
    grants = [one for one in heard if one.command.granted and since_us <= one.at_us < until_us]
    crossed = {name: at_us(event["opened_at"]) for name, event in watched.record.events.items()}
    own = [(one, nearest(due, one.command, crossed.get(one.command.event, one.at_us))) for one in grants]
    late_ms = [(one.at_us - moment.at_us) / 1e3 for one, moment in own if moment is not None]
    if not late_ms:
        return None
    wrongly = [one.command.plate for one, moment in own if moment is None or moment.plate not in allowed]
    listed = [moment for moment in due if moment.plate in allowed and since_us <= moment.at_us < until_us - NEAR_US]
    let_in = {(moment.camera, moment.at_us) for _, moment in own if moment is not None}
    shut = [moment for moment in listed if (moment.camera, moment.at_us) not in let_in]
    details = {
        "crossing_to_decision_ms": series.percentiles(late_ms),
        "granted": len(grants),
        "granted_wrongly": wrongly,
        "listed": len(listed),
        "denied_wrongly": dict(Counter(why(moment, heard, watched) for moment in shut)),
        "decisions": dict(Counter(one.command.reason for one in heard if since_us <= one.at_us < until_us)),
    }
    return Result(
        name="gate",
        value=series.rounded(series.percentile(late_ms, 0.95) or 0.0),
        unit="ms (p95, crossing by the picture's time code to the decision at the controller)",
        floor=None,
        ratio=None,
        target=TARGET_MS,
        spread=series.spread(late_ms),
        conditions=conditions(cameras, watched, procfs.machine()) | {"details": details},
    )


def nearest(due: Sequence[Happening], command: Command, crossed_us: int) -> Happening | None:
    """The passage that a grant is of: this plate at this camera, about when the event says that it crossed."""
    own = [
        moment
        for moment in due
        if moment.camera == command.door and moment.plate == command.plate and abs(moment.at_us - crossed_us) <= NEAR_US
    ]
    return min(own, key=lambda moment: abs(moment.at_us - crossed_us), default=None)


def why(moment: Happening, heard: Sequence[Heard], watched: rig.Watched) -> str:
    """Why a listed vehicle stood before a shut barrier, as far as the decisions tell."""
    for one in heard:
        same = one.command.plate == moment.plate and one.command.door == moment.camera and not one.command.granted
        if same and 0 <= one.at_us - moment.at_us <= NEAR_US:
            return one.command.reason.removeprefix("REASON_").lower()
    blind = any(
        span.camera == moment.camera and span.from_us <= moment.at_us <= span.to_us for span in watched.record.blind()
    )
    return "blind" if blind else "misread_or_not_seen"

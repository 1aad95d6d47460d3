"""A client of zool.acs.v1.Doors for controllers: decisions of some doors, reports of what was done, questions, lists.

Edge (grpc, asyncio, clock).

- Commands are handed on at most once: the cursor is kept before. Killed in between, a car waits; no barrier opens
  twice.
- Reports are queued in memory, sent in their order, and sent again until they are taken; saying one twice changes
  nothing.
- Whether a command still holds is judged by the server's clock, as late as it may be by what is known here: a message
  that was under way for long, a stalled line and a wrong wall clock open nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Callable
from typing import Any, Literal, Self

import grpc  # type: ignore[import-untyped]
import grpc.aio  # type: ignore[import-untyped]
import msgspec
from google.protobuf.timestamp_pb2 import Timestamp

from api.acs.v1 import acs_pb2 as pb
from api.acs.v1 import doors_pb2 as dp
from api.acs.v1 import doors_pb2_grpc
from deploy.acs.barrier import Command
from deploy.acs.client import FINAL, Target, stay
from deploy.acs.keep import Keeper
from deploy.errors import AcsRefused
from postprocess.contract import Hours
from postprocess.functions.offline import OfflineEntry, OfflineList

ASK_S_MAX = 2.0
"""A question that is not answered within this is none: then the offline list holds."""
REPORT_S_MAX = 10.0
REPORTS_MAX = 4096
RETRY_S = 0.5
_WAYS: dict[int, Literal["entry", "exit"]] = {pb.DIRECTION_ENTRY: "entry", pb.DIRECTION_EXIT: "exit"}
WAYS_BACK = {"": pb.DIRECTION_UNSPECIFIED, "entry": pb.DIRECTION_ENTRY, "exit": pb.DIRECTION_EXIT}


def steady_us() -> int:
    """A clock that nobody sets and that runs on while the machine sleeps."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000


class ServerClock:
    """The server's time, as late as it may be. Pure but for the clock that is handed in."""

    def __init__(self, steady_us: Callable[[], int]) -> None:
        self._steady_us = steady_us
        self._begun_us = 0
        self._ahead_us: int | None = None

    def begin(self) -> None:
        """A call begins: what the server says in it is said later than now."""
        self._begun_us = self._steady_us()
        self._ahead_us = None

    def hear(self, sent_at_us: int) -> None:
        """A message says when it was sent: not before the call began."""
        if self._ahead_us is None:
            self._ahead_us = sent_at_us - self._begun_us
        self._ahead_us = max(self._ahead_us, sent_at_us - self._steady_us())

    def latest_us(self) -> int:
        """Not earlier than the server's clock now; the end of time where nothing is known."""
        return 2**62 if self._ahead_us is None else self._steady_us() + self._ahead_us


class DoorClient:
    """A controller's line to the server."""

    def __init__(self, target: Target, doors: tuple[str, ...], keeper: Keeper, *, say: Callable[[str], None]) -> None:
        self._target, self._doors, self._keeper, self._say = target, doors, keeper, say
        self._reports: asyncio.Queue[dp.ReportPassageRequest] = asyncio.Queue(REPORTS_MAX)
        self.clock = ServerClock(steady_us)
        self.online = False
        self.reports_lost = 0

    async def __aenter__(self) -> Self:
        self._channel = self._target.channel()
        self._calls = doors_pb2_grpc.DoorsStub(self._channel)
        self._reporting = asyncio.create_task(self._report())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._reporting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._reporting
        await self._channel.close()

    async def decisions(self) -> AsyncGenerator[Command]:
        """Decisions for ever, in their order; raises `AcsRefused` where coming back would not help."""
        staying = stay(self._target, self._begin, say=self._say, ended=self._ended)
        async with contextlib.aclosing(staying) as messages:
            async for message in messages:
                self.online = True
                self.clock.hear(message.sent_at.ToMicroseconds())
                self._keeper.take(message.cursor, None)
                if message.HasField("decision"):
                    yield command_of(message.decision)

    def report(self, door: str, outcome: str, *, decision: str = "", at_us: int | None = None, **who: str) -> None:
        """Queue what was done; the oldest of too many is dropped and counted."""
        at = Timestamp()
        at.FromMicroseconds(time.time_ns() // 1000 if at_us is None else at_us)
        direction = WAYS_BACK[who.pop("direction", "")]
        if self._reports.full():
            self._reports.get_nowait()
            self._reports.task_done()
            self.reports_lost += 1
        request = dp.ReportPassageRequest(
            decision_id=decision, door=door, outcome=f"OUTCOME_{outcome.upper()}", at=at, direction=direction, **who
        )
        self._reports.put_nowait(request)

    async def reported(self) -> None:
        """Wait until every report was taken."""
        await self._reports.join()

    async def decide(self, request: dp.DecideRequest) -> Command | None:
        """Ask about what a reader saw; None where nobody answers. Raises `AcsRefused`."""
        try:
            found = await self._calls.Decide(request, metadata=self._target.metadata, timeout=ASK_S_MAX)
        except grpc.aio.AioRpcError as error:
            if error.code() in FINAL:
                raise AcsRefused(self._target.address, error.code().name, error.details() or "") from None
            return None
        return command_of(found)

    async def offline_list(self, door: str) -> OfflineList | None:
        """Whom a door lets in while it is offline; None where nobody answers."""
        try:
            request = dp.OfflineListRequest(door=door)
            found = await self._calls.OfflineList(request, metadata=self._target.metadata, timeout=REPORT_S_MAX)
        except grpc.aio.AioRpcError as error:
            self._say(f"no offline list of {door}: {error.code().name}: {error.details()}")
            return None
        return offline_of(found)

    def _begin(self, channel: Any) -> Any:
        self.clock.begin()
        request = dp.DecisionsRequest(doors=self._doors, cursor=self._keeper.cursor)
        return doors_pb2_grpc.DoorsStub(channel).Decisions(request, metadata=self._target.metadata)

    def _ended(self) -> None:
        self.online = False

    async def _report(self) -> None:
        while True:
            request = await self._reports.get()
            taken = await self._taken(request)
            while not taken:
                await asyncio.sleep(RETRY_S)
                taken = await self._taken(request)
            self._reports.task_done()

    async def _taken(self, request: dp.ReportPassageRequest) -> bool:
        try:
            await self._calls.ReportPassage(request, metadata=self._target.metadata, timeout=REPORT_S_MAX)
        except grpc.aio.AioRpcError as error:
            if error.code() not in {*FINAL, grpc.StatusCode.NOT_FOUND}:
                return False
            self.reports_lost += 1
            self._say(f"a report was refused: {error.code().name}: {error.details()}")
        return True


def command_of(found: dp.Decision) -> Command:
    """A decision as the controller understands it: a verdict that it does not know opens nothing."""
    return Command(
        id=found.id,
        version=found.version,
        door=found.door,
        granted=found.verdict == dp.VERDICT_GRANT and found.HasField("expires_at"),
        expired=found.verdict == dp.VERDICT_EXPIRED,
        expires_at_us=found.expires_at.ToMicroseconds() if found.HasField("expires_at") else 0,
        reason=dp.Reason.Name(found.reason) if found.reason in dp.Reason.values() else str(found.reason),
        text=found.text,
        plate=found.plate,
        person=found.person,
        card=found.card,
        direction=_WAYS.get(found.direction, ""),
        event=found.event_id,
        decided_at_us=found.decided_at.ToMicroseconds(),
    )


def offline_of(found: dp.OfflineListResponse) -> OfflineList:
    """An offline list as it is kept."""
    return OfflineList(
        door=found.door,
        made_at_us=found.made_at.ToMicroseconds(),
        valid_until_us=found.valid_until.ToMicroseconds(),
        timezone=found.timezone,
        schedule=_hours(found.schedule),
        entries=tuple(
            OfflineEntry(
                plate=one.plate,
                card=one.card,
                valid_from_us=one.valid_from.ToMicroseconds() if one.HasField("valid_from") else None,
                valid_until_us=one.valid_until.ToMicroseconds() if one.HasField("valid_until") else None,
                directions=tuple(_WAYS[way] for way in one.directions if way in _WAYS),
                schedule=_hours(one.schedule),
            )
            for one in found.entries
        ),
    )


def _hours(schedule: Any) -> tuple[Hours, ...]:
    wanted = [{"days": tuple(one.days), "since": one.since, "until": one.until} for one in schedule]
    return msgspec.convert(wanted, tuple[Hours, ...])

"""What `deliver` says: the log of deliveries, the state of its targets, messages of trial. Edge (asyncio, NATS)."""

from __future__ import annotations

import asyncio

import msgspec

from api.errors import Unavailable
from api.link import Link, within
from api.metrics import GARBAGE
from ingest.bus import BusTimeout, BusUnavailable
from ingest.contract import decode, encode
from postprocess.deliver.log import (
    STATE_SUBJECT,
    STREAM,
    TEST_SUBJECT,
    Delivery,
    States,
    TargetState,
    TestReply,
    TestRequest,
)

STATE_S_MAX = 1.5
TRIAL_S_MAX = 65.0
"""Longer than the longest time that a target's settings allow."""
LOOK_MAX = 2000
"""Entries that one page looks at; it ends there, and the next one goes on."""
AT_ONCE = 50


class Dispatch:
    """Event loop only."""

    def __init__(self, link: Link) -> None:
        self._link = link

    async def states(self) -> dict[str, TargetState]:
        """How each target is doing; empty where `deliver` does not answer. Raises `Unavailable`."""
        bus = self._link.bus()
        try:
            found = decode(await bus.ask(STATE_SUBJECT, b"", timeout_s=STATE_S_MAX), States)
        except (BusTimeout, BusUnavailable, msgspec.DecodeError):
            return {}
        return {state.id: state for state in found.targets}

    async def trial(self, target: str, *, really: bool) -> TestReply:
        """Send a message of trial; raises `Unavailable`."""
        request = encode(TestRequest(target=target, open=really))
        try:
            return decode(await self._link.bus().ask(TEST_SUBJECT, request, timeout_s=TRIAL_S_MAX), TestReply)
        except BusUnavailable as error:
            raise Unavailable(component="nats", reason=str(error)) from error
        except (BusTimeout, msgspec.DecodeError) as error:
            raise Unavailable(component="deliver", reason=str(error)) from error

    async def log(
        self, *, target: str, outcome: str, before: int, limit: int
    ) -> tuple[list[tuple[int, Delivery]], int | None]:
        """Entries before a place (0 = from the newest on), newest first, and where to go on; raises `Unavailable`."""
        bus = self._link.bus()
        async with within():
            span = await bus.span(STREAM)
        found: list[tuple[int, Delivery]] = []
        seq = span.last_seq if before <= 0 else min(before - 1, span.last_seq)
        last = max(span.first_seq, seq - LOOK_MAX + 1, 1)
        while seq >= last:
            wanted = range(seq, max(last, seq - AT_ONCE + 1) - 1, -1)
            async with within():
                stored = await asyncio.gather(*(bus.message(STREAM, one) for one in wanted))
            for message in stored:
                entry = None if message is None else _entry(message.payload)
                if message is None or entry is None:
                    continue
                if target in {"", entry.target} and outcome in {"", entry.outcome}:
                    found.append((message.seq, entry))
                    if len(found) == limit:
                        return found, message.seq if message.seq > span.first_seq else None
            seq = wanted[-1] - 1
        return found, last if last > span.first_seq else None


def _entry(payload: bytes) -> Delivery | None:
    try:
        return decode(payload, Delivery)
    except (msgspec.DecodeError, UnicodeDecodeError):
        GARBAGE.labels("delivery").inc()
        return None

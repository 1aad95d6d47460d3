"""Messages of a durable consumer, taken with care. Edge (broker, clock).

Rules
- A message that comes for the third time may be what stopped its reader: it is handed out alone, nothing else is in
  hand until it is settled. So those that were only near it get through, and it alone comes again and again. A reader
  that finds messages which another had in hand when it ended begins with one.
- At its last delivery it goes to the dead letters before it is tried; the broker delivers it no more often.
- A stage over its limit of dead letters takes nothing, then one message (`grave`).
- What the stream discarded before it was read is told as an event.
"""

from __future__ import annotations

import asyncio
import time

from ingest.bus import Bus, BusUnavailable, Message
from postprocess.errors import ReaderLostError
from postprocess.grave import Grave
from postprocess.metrics import STREAM_GAPS
from postprocess.system import gap, say

DELIVERIES_MAX = 6
SUSPECT_MIN = 3
"""Twice is what any kill does to all that was in hand."""
PAUSE_S = 0.05
LOOK_S = 10.0
"""How often an idle reader marks that it has everything."""


class Intake:
    """One durable consumer; event loop only. Ask for `room`, take as much, and hand what came to `received`."""

    def __init__(self, bus: Bus, grave: Grave, *, stream: str, durable: str) -> None:
        self._bus, self._grave, self._stream, self._durable = bus, grave, stream, durable
        self._hand: dict[int, list[Message]] = {}
        self._careful = False
        self._placed = False
        self._last: int | None = None
        """Up to here everything that was meant for this reader was seen; None = not known."""
        self._looked_s = 0.0

    async def room(self, count: int) -> int:
        """How many messages may be taken now, up to `count`; waits a moment where it is none."""
        await self._settle()
        room = self._room(count) if count > 0 and await self._know_place() else 0
        if room <= 0:
            await asyncio.sleep(PAUSE_S)
        return room

    async def received(self, messages: list[Message]) -> list[Message]:
        """What of it is to be processed; the rest was dealt with here."""
        if messages:
            self._careful = any(message.deliveries >= SUSPECT_MIN for message in messages)
            await self._look_for_gaps(messages)
        else:
            await self._look_around()
        return [message for message in messages if await self._may_be_tried(message)]

    async def _know_place(self) -> bool:
        if not self._placed:
            try:
                found = await self._bus.consumer_place(self._stream, self._durable)
            except BusUnavailable:
                return False
            if found is not None:
                self._last, self._careful = found.given_seq, found.in_hand > 0
            self._placed = True
        return True

    async def _settle(self) -> None:
        """Forget what is no longer in hand; a copy of a message that comes twice is settled with the other one."""
        for seq, copies in list(self._hand.items()):
            done = [message for message in copies if message.settled]
            if done:
                del self._hand[seq]
                if not any(message.failed for message in done):
                    await self._grave.went_well()

    def _room(self, count: int) -> int:
        takes = self._grave.takes()
        suspected = any(message.deliveries >= SUSPECT_MIN for copies in self._hand.values() for message in copies)
        if suspected or takes == 0 or (takes == 1 and self._hand):
            return 0
        return 1 if self._careful or takes == 1 else count

    async def _may_be_tried(self, message: Message) -> bool:
        if message.deliveries >= DELIVERIES_MAX:
            await self._grave.reject(message, ReaderLostError(message.deliveries))
            return False
        self._hand.setdefault(message.seq, []).append(message)
        return True

    # -- gaps

    async def _look_for_gaps(self, messages: list[Message]) -> None:
        for message in messages:
            if message.deliveries > 1:
                continue
            last, self._last = self._last, message.seq
            if last is None or message.seq <= last + 1:
                continue
            kept = await self._first_kept()
            missing = min(kept, message.seq) - 1 - last
            if missing > 0:
                STREAM_GAPS.labels(self._stream, self._durable).inc(missing)
                await say(self._bus, gap(self._durable, self._stream, last + 1, last + missing, message.time_us))

    async def _first_kept(self) -> int:
        try:
            return await self._bus.first_seq(self._stream)
        except BusUnavailable:
            return 0

    async def _look_around(self) -> None:
        """Nothing came: what the stream holds now, and none of it is for this reader, is no gap when it goes."""
        if time.monotonic() - self._looked_s < LOOK_S:
            return
        self._looked_s = time.monotonic()
        try:
            newest = await self._bus.last_seq(self._stream)
            found = await self._bus.consumer_place(self._stream, self._durable)
        except BusUnavailable:
            return
        if found is not None and found.waiting == 0:
            self._last = max(self._last or 0, newest)

"""Messages of a durable consumer in their order, also after a kill and after an outage. Edge (broker).

JetStream gives again what was not acknowledged, but only when its time is over, and new messages before it. So after a
start and after an outage nothing is handed out until all that the consumer counts as given is here again.

Rules
- What is in hand stays there until it is acknowledged; copies of it are dropped. It is kept alive at the broker.
- Where order does not matter (`ordered` False) nothing waits.
"""

from __future__ import annotations

import asyncio

from ingest.bus import Bus, BusUnavailable, Message

BYTES_MAX = 4 * 1024 * 1024
TAKE_MAX = 64
RETRY_S = 0.25


class Reader:
    """One durable consumer; event loop only."""

    def __init__(
        self, bus: Bus, stream: str, durable: str, *, subjects: tuple[str, ...], start_seq: int | None,
        pending_max: int, ack_wait_s: float, ordered: bool,
    ) -> None:  # fmt: skip
        self.stream, self._bus, self._durable = stream, bus, durable
        self._ordered, self._ack_wait_s = ordered, ack_wait_s
        self._inflow = bus.inflow(
            stream, durable, subjects=subjects, ack_wait_s=ack_wait_s, pending_max=pending_max, start_seq=start_seq
        )
        self._hand: dict[int, Message] = {}
        self._aside: dict[int, Message] = {}
        self._outages = -1

    async def take(self) -> list[Message]:
        """What is to be dealt with next, in order; none after a while, or without a broker."""
        if not self._ordered or self._outages == self._bus.outages:
            return self._fresh(await self._inflow.take(TAKE_MAX, bytes_max=BYTES_MAX, linger_s=0.0))
        outages = self._bus.outages
        missing = await self._missing()
        if missing is None:
            await asyncio.sleep(RETRY_S)
            return []
        if missing > 0:
            waiting = asyncio.create_task(self._inflow.take(TAKE_MAX, bytes_max=BYTES_MAX, linger_s=0.0))
            await asyncio.wait({waiting}, timeout=RETRY_S)
            if not waiting.done():
                waiting.cancel()
            else:
                for message in waiting.result():
                    self._set_aside(message)
            return []
        self._outages = outages
        ready = [self._aside[seq] for seq in sorted(self._aside)]
        self._aside.clear()
        return self._fresh(ready)

    async def done(self, seq: int) -> None:
        """Acknowledge."""
        if (message := self._hand.pop(seq, None)) is not None:
            await message.ack()

    def message(self, seq: int) -> Message:
        """What is in hand under a sequence."""
        return self._hand[seq]

    @property
    def in_hand(self) -> int:
        """How many messages are in hand."""
        return len(self._hand)

    async def keep(self) -> None:
        """Keep alive what is in hand, for ever."""
        while True:
            await asyncio.sleep(self._ack_wait_s / 3)
            for message in [*self._hand.values(), *self._aside.values()]:
                await message.progress()

    async def close(self) -> None:
        """Give back what is in hand, and stop listening."""
        await self._inflow.close()
        for message in [*self._hand.values(), *self._aside.values()]:
            await message.nak(0)
        self._hand.clear()

    def _fresh(self, messages: list[Message]) -> list[Message]:
        new = [message for message in messages if message.seq not in self._hand]
        self._hand.update((message.seq, message) for message in messages)
        return new

    def _set_aside(self, message: Message) -> None:
        if message.seq in self._hand:
            self._hand[message.seq] = message
        else:
            self._aside[message.seq] = message

    async def _missing(self) -> int | None:
        """How many messages were given and are not here; None = the broker does not say."""
        try:
            place = await self._bus.consumer_place(self.stream, self._durable)
        except BusUnavailable:
            return None
        return 0 if place is None else place.in_hand - len(self._hand) - len(self._aside)

"""Letters for messages that no reader acknowledged, however often they were delivered. Edge (broker).

The broker stops delivering a message after so many times and says so on a subject of its own, once. The stream
ADVISORIES keeps what it says, so that it is heard also by a stage that was dead at that moment.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

import msgspec

from ingest.bus import Bus, BusUnavailable, Message
from ingest.contract import undelivered_subject
from postprocess.errors import ReaderLostError
from postprocess.grave import Grave

log = logging.getLogger(__name__)

FETCH_S = 1.0
ACK_WAIT_S = 120.0
RETRY_S = 1.0


class Advisory(msgspec.Struct, frozen=True):
    """io.nats.jetstream.advisory.v1.max_deliver, as far as it is needed."""

    stream: str
    stream_seq: int
    deliveries: int


class Undertaker:
    """Of one stage, for its durable consumers (`(stream, durable)`)."""

    def __init__(self, bus: Bus, grave: Grave, consumers: Sequence[tuple[str, str]]) -> None:
        self._bus, self._grave = bus, grave
        self._subjects = tuple(undelivered_subject(*consumer) for consumer in consumers)

    async def work(self) -> None:
        """For ever."""
        consumer = await self._bus.consumer(
            "ADVISORIES", f"undertaker-{self._grave.stage}", subjects=self._subjects, ack_wait_s=ACK_WAIT_S
        )
        while True:
            for message in await consumer.fetch(16, timeout_s=FETCH_S):
                await self._bury(message)
                await message.ack()

    async def _bury(self, message: Message) -> None:
        try:
            told = msgspec.json.decode(message.payload, type=Advisory)
        except msgspec.DecodeError as error:
            log.warning("advisory %s: %s", message.subject, error)
            return
        grave = self._grave.of(message.subject.rsplit(".", 1)[-1])
        while True:
            await message.progress()
            try:
                body = await self._bus.message(told.stream, told.stream_seq)
            except BusUnavailable:
                await asyncio.sleep(RETRY_S)
                continue
            if body is None:
                log.warning("%s seq %d was never acknowledged, and is no longer kept", told.stream, told.stream_seq)
                return
            if grave.takes() is None and await grave.accept(body, ReaderLostError(told.deliveries)):
                return
            await asyncio.sleep(RETRY_S)

"""Dead letters: where poison goes with its reason, so that it can be looked at and replayed.

Edge (broker, clock). A dead letter is a `DeadLetter`; its own message id is made of the stage and the original's.

Rules
- A letter is published before its message is acknowledged: killed in between, it comes twice rather than not at all.
- A reader that would bury more than its limit stops instead (`breaker`): what fails is given back to its stream, health
  and an event say so, and one message a minute is tried until one goes well or somebody says "resume".
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Protocol

import msgspec

from ingest.bus import Bus, BusUnavailable, HealthBoard, Message
from ingest.contract import DeadLetter, dead_subject, encode, resume_subject
from postprocess.breaker import Breaker, BreakerPolicy, Change
from postprocess.errors import PostprocessError
from postprocess.metrics import DEAD, STOPPED
from postprocess.system import resumed, say, stopped

log = logging.getLogger(__name__)

RETRY_S = 0.5
PUBLISH_S_MAX = 1.0


class Body(Protocol):
    """What is buried: a message, delivered or as its stream keeps it."""

    @property
    def subject(self) -> str:
        """Its subject."""

    @property
    def payload(self) -> bytes:
        """What it holds."""

    @property
    def seq(self) -> int:
        """Its place in its stream."""

    @property
    def message_id(self) -> str:
        """Its id; empty where it had none."""


async def bury(bus: Bus, stage: str, message: Body, reason: PostprocessError) -> None:
    """Put a message into `zool.dead.<stage>`, for as long as it takes; the caller acknowledges it afterwards."""
    log.warning("dead letter: %s seq %d: %s", message.subject, message.seq, reason)
    letter = DeadLetter(
        subject=message.subject,
        seq=message.seq,
        reason=str(reason),
        payload=message.payload,
        message_id=message.message_id,
    )
    subject = dead_subject(stage)
    if not bus.fits(encode(letter), subject):
        reason_too = f"{reason}; its {len(message.payload)} bytes are too many to keep beside the reason"
        letter = msgspec.structs.replace(letter, reason=reason_too, payload=b"")
    identity = message.message_id or f"{message.subject}.{message.seq}"
    await publish_surely(bus, subject, encode(letter), f"dead.{stage}.{identity}")
    DEAD.labels(stage).inc()


async def publish_surely(bus: Bus, subject: str, payload: bytes, message_id: str) -> None:
    """Publish, again and again with the same id until the broker has it."""
    while True:
        try:
            await bus.publish(subject, payload, message_id=message_id, timeout_s=PUBLISH_S_MAX)
        except BusUnavailable:
            await asyncio.sleep(RETRY_S)
            continue
        return


class Grave:
    """The dead letters of one stage, with a limit for each of its readers (`of`); event loop only."""

    def __init__(self, bus: Bus, stage: str, policy: BreakerPolicy, health: HealthBoard, *, name: str = "") -> None:
        self.stage, self.name = stage, name or stage
        self._bus, self._policy, self._health = bus, policy, health
        self._breaker = Breaker(policy)
        self._readers: dict[str, Grave] = {}

    def of(self, durable: str) -> Grave:
        """The same grave for one durable consumer: where one reader stops, the others go on."""
        if durable not in self._readers:
            name = durable if durable.startswith(self.stage) else f"{self.stage}-{durable}"
            self._readers[durable] = Grave(self._bus, self.stage, self._policy, self._health, name=name)
            STOPPED.labels(name).set(0)
        return self._readers[durable]

    async def listen(self) -> None:
        """Hear those who say "resume" (`zool dead resume`)."""
        await self._bus.serve(resume_subject(self.stage), self._hear)

    def takes(self) -> int | None:
        """How many messages the stage may have in hand; None = as many as it likes."""
        return self._breaker.takes(time.monotonic())

    async def accept(self, message: Body, reason: PostprocessError) -> bool:
        """Bury a message, unless that is beyond the limit: False = it has to be tried again later."""
        may, change = self._breaker.failed(time.monotonic())
        if may:
            await bury(self._bus, self.stage, message, reason)
        await self._tell(change, reason)
        return may

    async def reject(self, message: Message, reason: PostprocessError) -> None:
        """Bury a delivered message and acknowledge it; beyond the limit, give it back."""
        message.failed = True
        if await self.accept(message, reason):
            await message.ack()
        else:
            await message.nak(self._policy.pause_s)

    async def went_well(self) -> None:
        """A message was processed."""
        await self._tell(self._breaker.went_well())

    async def _hear(self, _subject: str, _payload: bytes) -> bytes:
        changes = [await grave.resume() for grave in (self, *self._readers.values())]
        return b"resumed" if any(changes) else b""

    async def resume(self) -> bool:
        """Go on; whether it had stopped."""
        change = self._breaker.resume()
        await self._tell(change)
        return bool(change)

    async def _tell(self, change: Change, reason: PostprocessError | None = None) -> None:
        if not change:
            return
        now_us = time.time_ns() // 1000
        if change == "stopped":
            limit = self._policy.per_minute_max
            event = stopped(self.stage, self.name, now_us, per_minute_max=limit, reason=str(reason))
        else:
            event = resumed(self.name, now_us)
        STOPPED.labels(self.name).set(change == "stopped")
        self._health.set(f"dead_letters {self.name}", ok=change == "resumed", detail=event.text)
        await say(self._bus, event)

"""Dead letters: where poison goes with its reason, so that it can be looked at and replayed.

Edge (broker). A dead letter is a `DeadLetter`; its own message id is made of the stage and the original's.
"""

from __future__ import annotations

import asyncio
import logging

from ingest.bus import Bus, BusUnavailable, Message
from ingest.contract import DeadLetter, dead_subject, encode
from postprocess.errors import PostprocessError
from postprocess.metrics import DEAD

log = logging.getLogger(__name__)

RETRY_S = 0.5
PUBLISH_S_MAX = 1.0


async def bury(bus: Bus, stage: str, message: Message, reason: PostprocessError) -> None:
    """Put a message into `zool.dead.<stage>`, for as long as it takes; the caller acknowledges it afterwards."""
    log.warning("dead letter: %s seq %d: %s", message.subject, message.seq, reason)
    letter = DeadLetter(
        subject=message.subject,
        seq=message.seq,
        reason=str(reason),
        payload=message.payload,
        message_id=message.message_id,
    )
    identity = message.message_id or f"{message.subject}.{message.seq}"
    await publish_surely(bus, dead_subject(stage), encode(letter), f"dead.{stage}.{identity}")
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

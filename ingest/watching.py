"""Changes of a bucket as they come, from a push consumer of its stream. Edge (asyncio, nats-py).

Rules
- The server says every `HEARTBEAT_S` that the consumer stands. It lives on one server of a cluster and dies with it:
  silence, or a number left out, ends the watcher, and its owner begins anew from the present keys. (nats-py's own
  watcher notices after ten to twenty seconds, which is longer than a member of a group may be silent.)
- Flow control: the server is answered once what came before was taken.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Self

import nats.errors
import nats.js.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

HEARTBEAT_S = 1.0
SILENCE_S_MAX = 3.5
INACTIVE_S_MAX = 60.0
"""The server forgets a consumer whose reader is gone this much later."""
LISTENING_S_MAX = 0.2
"""Within which a lost connection is noticed."""


class Watcher:
    """One watcher of some keys; event loop only."""

    def __init__(self, client: Client, subscription: Subscription, heard: asyncio.Queue[Msg], pending: int) -> None:
        self._client, self._sub, self._heard = client, subscription, heard
        self.pending = pending
        """Messages that were there when it was made."""

    @classmethod
    async def open(cls, client: Client, js: JetStreamContext, stream: str, subject: str) -> Self:
        """A watcher of the newest message of each subject and of all that come; raises what nats-py raises."""
        heard: asyncio.Queue[Msg] = asyncio.Queue()
        inbox = client.new_inbox()

        async def hear(raw: Msg) -> None:
            heard.put_nowait(raw)

        subscription = await client.subscribe(inbox, cb=hear)
        config = ConsumerConfig(
            deliver_subject=inbox,
            deliver_policy=DeliverPolicy.LAST_PER_SUBJECT,
            ack_policy=AckPolicy.NONE,
            max_deliver=1,
            filter_subject=subject,
            flow_control=True,
            idle_heartbeat=HEARTBEAT_S,
            inactive_threshold=INACTIVE_S_MAX,
            num_replicas=1,
            mem_storage=True,
        )
        try:
            info = await js.add_consumer(stream, config)
        except (nats.errors.Error, nats.js.errors.Error, TimeoutError, OSError):
            await subscription.unsubscribe()
            raise
        return cls(client, subscription, heard, int(info.num_pending or 0))

    async def messages(self) -> AsyncIterator[Msg | None]:
        """Messages in order; None every now and then while there are none. Ends where the consumer is not as it was."""
        last, loop = 0, asyncio.get_running_loop()
        told_s = loop.time()
        while loop.time() - told_s < SILENCE_S_MAX:
            try:
                async with asyncio.timeout(LISTENING_S_MAX):  # not `wait_for`: Python 3.11's loses a cancellation
                    raw = await self._heard.get()
            except TimeoutError:
                yield None
                continue
            told_s = loop.time()
            if not raw.data and (raw.headers or {}).get("Status"):
                await self._answer(raw)
                continue
            own = _numbers(raw)[0]
            if own != last + 1:
                return
            last = own
            yield raw

    async def _answer(self, raw: Msg) -> None:
        stalled = (raw.headers or {}).get("Nats-Consumer-Stalled", "")
        if raw.reply or stalled:
            await self._client.publish(raw.reply or stalled)

    async def stop(self) -> None:
        """Hear no more."""
        await self._sub.unsubscribe()


def pending_of(raw: Msg) -> int:
    """How many messages waited behind this one when it was sent."""
    return _numbers(raw)[1]


def _numbers(raw: Msg) -> tuple[int, int]:
    """Sequence in the consumer, and how many waited behind it (NATS ADR-15, as `bus.told`)."""
    words = raw.reply.split(".")
    own, _, pending = words[6:9] if len(words) == 9 else words[8:11]
    return int(own), int(pending)

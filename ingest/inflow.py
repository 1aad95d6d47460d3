"""A durable consumer read in batches: what `Consumer.fetch` does, for streams of thousands of messages a second.

Edge (asyncio, nats-py). nats-py's own `fetch` makes a task and a timer for each message (about 35 µs); here messages
are heard by a callback (about 10 µs), and the server is asked for the next ones by JetStream's pull protocol
(https://docs.nats.io/reference/reference-protocols/nats_api_reference, CONSUMER.MSG.NEXT).

Rules
- One request is open at a time. It ends with a status, or is given up when it should have ended and when the connection
  was lost: what it would still have brought comes again by the consumer's own clock.
- A request has bounds in messages and bytes, so that memory has.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import nats.errors
import nats.js.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

log = logging.getLogger(__name__)

T = TypeVar("T")
EXPIRES_S = 5.0
"""How long the server holds a request for messages that are not there yet."""
LATE_S = 2.0
AGAIN_S = 0.25
_AWAY = (nats.errors.Error, nats.js.errors.Error, TimeoutError, OSError)
_ENDS = frozenset({"404", "408"})
"""No messages now; the time is over. All others but 409 for its bytes say that the consumer is not as it was."""


class Inflow(Generic[T]):
    """Event loop only; one reader."""

    def __init__(
        self,
        client: Client,
        subject: str,
        *,
        prepare: Callable[[], Awaitable[object]],
        message: Callable[[Msg], T],
        outages: Callable[[], int],
    ) -> None:
        """`subject` asks for the next messages; `prepare` makes sure of the consumer; `outages` grows with each."""
        self._client, self._subject = client, subject
        self._prepare, self._message, self._outages = prepare, message, outages
        self._heard: deque[Msg] = deque()
        self._news = asyncio.Event()
        self._sub: Subscription | None = None
        self._inbox, self._open, self._ends_s, self._seen = "", 0, 0.0, 0

    async def take(self, count: int, *, bytes_max: int, linger_s: float) -> list[T]:
        """Up to `count` messages, `linger_s` after the first one at most; none after a while, or without a broker."""
        try:
            await self._ask(count, bytes_max)
        except _AWAY as error:
            log.debug("%s: %s", self._subject, error)
            self._open, self._sub = 0, None
            await asyncio.sleep(AGAIN_S)
        if await self._until(lambda: bool(self._heard), EXPIRES_S):
            await self._until(lambda: len(self._heard) >= count or not self._open, linger_s)
        return [self._message(self._heard.popleft()) for _ in range(min(count, len(self._heard)))]

    async def close(self) -> None:
        """Stop listening; what was heard and not taken comes again by the consumer's own clock."""
        subscription, self._sub, self._open = self._sub, None, 0
        if subscription is not None:
            with contextlib.suppress(*_AWAY):
                await subscription.unsubscribe()

    async def _ask(self, count: int, bytes_max: int) -> None:
        now_s = asyncio.get_running_loop().time()
        if self._sub is None or self._seen != self._outages():
            await self._listen()
        if self._open and now_s > self._ends_s:
            self._open = 0
        if not self._open and len(self._heard) < count:
            asked = {"batch": count - len(self._heard), "max_bytes": bytes_max, "expires": int(EXPIRES_S * 1e9)}
            await self._client.publish(self._subject, json.dumps(asked).encode(), self._inbox)
            self._open, self._ends_s = asked["batch"], now_s + EXPIRES_S + LATE_S

    async def _listen(self) -> None:
        """A new inbox: what was on its way to the old one comes again."""
        self._seen, self._open = self._outages(), 0
        await self._prepare()
        if self._sub is not None:
            with contextlib.suppress(*_AWAY):
                await self._sub.unsubscribe()
        self._inbox = self._client.new_inbox()
        self._sub = await self._client.subscribe(self._inbox, cb=self._hear)

    async def _hear(self, raw: Msg) -> None:
        status = (raw.headers or {}).get("Status", "") if not raw.data else ""
        if not status:
            self._heard.append(raw)
            self._open -= 1
        elif status != "100":
            self._open = 0
            words = (raw.headers or {}).get("Description", "")
            if status not in _ENDS and "MaxBytes" not in words:
                log.debug("%s: %s %s", self._subject, status, words)
                self._seen = -1
        self._news.set()

    async def _until(self, there: Callable[[], bool], seconds: float) -> bool:
        """Whether it became true in time; an end of the request is reason enough to look again."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not there() and self._open:
                    self._news.clear()
                    await self._news.wait()
        return there()

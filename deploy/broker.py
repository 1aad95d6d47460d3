"""JetStream's own API, for commands that look at a broker, copy it and fill it.

Edge (asyncio, nats-py). One connection, not re-made: whoever looks wants to know at once that nobody answers.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Self

import nats
import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg

from deploy.errors import BrokerAway, BrokerRefused

ANSWER_S_MAX = 10.0
CONNECT_S_MAX = 3.0
_AWAY = (nats.errors.Error, TimeoutError, OSError)


class Broker:
    """A connection under one account."""

    def __init__(self, client: Client, url: str, user: str) -> None:
        self.client, self.url, self.user = client, url, user

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, url: str, user: str, password: str) -> AsyncIterator[Self]:
        """Raises `BrokerAway`."""
        client = Client()
        account: dict[str, Any] = {"user": user, "password": password} if user else {}
        if user:
            account["inbox_prefix"] = f"_INBOX_{user}".encode()
        try:
            await client.connect(
                url, name="zool", connect_timeout=int(CONNECT_S_MAX), allow_reconnect=False,
                max_reconnect_attempts=0, error_cb=_silent, **account,
            )  # fmt: skip
        except _AWAY as error:
            raise BrokerAway(url, str(error) or type(error).__name__) from None
        try:
            yield cls(client, url, user)
        finally:
            with contextlib.suppress(*_AWAY):
                await client.close()

    async def ask(self, subject: str, payload: bytes = b"", *, timeout_s: float = ANSWER_S_MAX) -> Msg:
        """Request and reply; raises `BrokerAway`."""
        try:
            return await self.client.request(subject, payload, timeout=timeout_s)
        except _AWAY as error:
            raise BrokerAway(self.url, f"{subject}: {error or type(error).__name__}") from None

    async def api(self, call: str, asked: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """A call of JetStream's API; raises `BrokerAway`, `BrokerRefused`."""
        reply = await self.ask(f"$JS.API.{call}", json.dumps(asked).encode() if asked is not None else b"")
        told: dict[str, Any] = json.loads(reply.data)
        if "error" in told:
            raise BrokerRefused(call, int(told["error"].get("err_code", 0)), str(told["error"].get("description", "")))
        return told

    async def names(self) -> list[str]:
        """Names of all streams, buckets included."""
        found: list[str] = []
        while True:
            told = await self.api("STREAM.NAMES", {"offset": len(found)})
            page = told.get("streams") or []
            found += page
            if not page or len(found) >= int(told.get("total", 0)):
                return sorted(found)

    async def readers(self, stream: str) -> list[dict[str, Any]]:
        """Every consumer of a stream, as the API tells it."""
        found: list[dict[str, Any]] = []
        while True:
            told = await self.api(f"CONSUMER.LIST.{stream}", {"offset": len(found)})
            page = told.get("consumers") or []
            found += page
            if not page or len(found) >= int(told.get("total", 0)):
                return found

    async def listen(self, subject: str, handler: Callable[[str, bytes], Awaitable[None]]) -> None:
        """Hear what is said on a subject."""

        async def hear(raw: Msg) -> None:
            await handler(raw.subject, raw.data)

        await self.client.subscribe(subject, cb=hear)
        await self.client.flush(timeout=int(CONNECT_S_MAX))


async def _silent(error: Exception) -> None:
    """What goes wrong is raised where it was asked for."""
    await asyncio.sleep(0)
    del error

"""Streams out of a broker and into one, by JetStream's snapshots. Edge (NATS).

A snapshot keeps sequences, revisions, times and where durable consumers stand: cursors of clients, epochs of cameras
and the chain of the audit go on behind it as before.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable
from typing import Any

import nats.errors

from deploy.backup.manifest import StreamPart
from deploy.broker import Broker
from deploy.errors import BrokerAway, BrokerRefused

CHUNK_BYTES = 1024 * 1024
CHUNK_S_MAX = 60.0


class Snapshot:
    """One stream on its way out; `config` and `state` are there before the first chunk."""

    def __init__(self, name: str, told: dict[str, Any], chunks: AsyncIterator[bytes]) -> None:
        self.name, self.config, self.state, self.chunks = name, told["config"], told["state"], chunks

    def part(self, chunks: int) -> StreamPart:
        """What the manifest says of it."""
        return StreamPart(name=self.name, config=self.config, state=self.state, chunks=chunks)


async def snapshot(broker: Broker, name: str) -> Snapshot:
    """Begin; raises `BrokerAway`, `BrokerRefused`."""
    inbox = broker.client.new_inbox()
    subscription = await broker.client.subscribe(inbox)
    asked = {"deliver_subject": inbox, "no_consumers": False, "chunk_size": CHUNK_BYTES}
    told = await broker.api(f"STREAM.SNAPSHOT.{name}", asked)

    async def chunks() -> AsyncIterator[bytes]:
        try:
            while True:
                try:
                    one = await subscription.next_msg(timeout=CHUNK_S_MAX)
                except (nats.errors.Error, TimeoutError) as error:
                    reason = f"snapshot of {name}: {error or type(error).__name__}"
                    raise BrokerAway(broker.url, reason) from None
                if not one.data:
                    if (status := (one.headers or {}).get("Status", "")) not in {"", "204"}:
                        raise BrokerRefused(f"STREAM.SNAPSHOT.{name}", int(status), str(one.headers))
                    return
                yield bytes(one.data)
                if one.reply:
                    await one.respond(b"")
        finally:
            await subscription.unsubscribe()

    return Snapshot(name, told, chunks())


class Restore:
    """One stream on its way in."""

    def __init__(self, broker: Broker, part: StreamPart) -> None:
        self._broker, self._part, self._subject = broker, part, ""

    async def begin(self) -> None:
        """Raises `BrokerAway`, `BrokerRefused`."""
        config = {**self._part.config, "num_replicas": self._part.config.get("num_replicas", 1)}
        asked = {"config": config, "state": self._part.state}
        told = await self._broker.api(f"STREAM.RESTORE.{self._part.name}", asked)
        self._subject = told["deliver_subject"]

    async def put(self, chunk: bytes) -> None:
        """The next chunk; raises as `begin`."""
        reply = await self._broker.ask(self._subject, chunk, timeout_s=CHUNK_S_MAX)
        if reply.data:
            self._raise(json.loads(reply.data))

    async def end(self) -> None:
        """All chunks are there; raises as `begin`."""
        reply = await self._broker.ask(self._subject, b"", timeout_s=CHUNK_S_MAX)
        self._raise(json.loads(reply.data or b"{}"))

    def _raise(self, told: dict[str, Any]) -> None:
        if error := told.get("error"):
            raise BrokerRefused(
                f"STREAM.RESTORE.{self._part.name}", int(error.get("err_code", 0)), str(error.get("description", ""))
            )


async def taken(broker: Broker, wanted: Iterable[str]) -> list[str]:
    """Streams of a backup that are there already."""
    there = set(await broker.names())
    return [name for name in wanted if name in there]

"""One stream into one table: batches, several under way at once. Edge (broker; ClickHouse through `clickhouse`).

Rules
- A message is acknowledged after the insert that holds it, never before; what comes twice collapses in the store by its
  sort key.
- A batch has bounds in rows and in bytes; `INFLIGHT_MAX` of them are under way, then nothing more is fetched.
- Poison goes to zool.dead.store, then it is acknowledged; a batch refused for one row is tried row by row. Of streams
  that `decide` reads too, poison is only counted here: decide buries it. What stops this process is buried in any case.
- The store being away costs nothing: the batches in hand wait, the rest stays in the stream. What the stream dropped
  meanwhile is told as a gap (`intake`).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

import msgspec

from ingest.bus import Bus, Message
from postprocess.clickhouse import ClickHouse
from postprocess.errors import PoisonError, PostprocessError, RowsError
from postprocess.grave import Grave
from postprocess.intake import DELIVERIES_MAX, Intake
from postprocess.metrics import BATCH_ROWS, INSERT_SECONDS, ROWS_STORED, STORE_LAG_SECONDS, STORE_SKIPPED
from postprocess.rows import Columns

log = logging.getLogger(__name__)

ACK_WAIT_S = 10.0
"""After a kill -9 what was in hand comes again this much later."""
INFLIGHT_MAX = 2
BATCH_BYTES_MAX = 16 * 1024 * 1024
"""Photos hardly compress, and the face of the engine takes 64 MiB in one body."""


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """One stream into one table."""

    stream: str
    durable: str
    subjects: tuple[str, ...]
    table: str
    columns: Columns[Any]
    item: Callable[[Message], Any]
    """What the columns are made of; raises `PoisonError`."""
    linger_s: float
    """How long a batch that is not full waits for more: a part of the table is made for each."""
    buries: bool = True


class Surely(Protocol):
    """Does a call again and again until the store has done it."""

    def __call__(self, what: str, call: Callable[[], Awaitable[Any]]) -> Awaitable[None]:
        """Wait for it."""


class Drain:
    """Event loop only."""

    def __init__(
        self, bus: Bus, house: ClickHouse, target: Target, grave: Grave, *, rows_max: int, surely: Surely
    ) -> None:
        self._bus, self._house, self._target, self._grave = bus, house, target, grave.of(target.durable)
        self._rows_max, self._surely = rows_max, surely
        self._slots = asyncio.Semaphore(INFLIGHT_MAX)

    async def run(self) -> None:
        """For ever."""
        target = self._target
        inflow = self._bus.inflow(
            target.stream,
            target.durable,
            subjects=target.subjects,
            ack_wait_s=ACK_WAIT_S,
            deliver_max=DELIVERIES_MAX,
            pending_max=self._rows_max * (INFLIGHT_MAX + 1),
        )
        intake = Intake(self._bus, self._grave, stream=target.stream, durable=target.durable)
        async with asyncio.TaskGroup() as group:
            while True:
                room = await intake.room(self._rows_max)
                if room <= 0:
                    continue
                await self._slots.acquire()
                came = await inflow.take(room, bytes_max=BATCH_BYTES_MAX, linger_s=target.linger_s)
                messages = await intake.received(came)
                group.create_task(self._keep(messages)).add_done_callback(lambda _: self._slots.release())

    async def _keep(self, messages: Sequence[Message]) -> None:
        kept: list[tuple[Message, Any]] = []
        for message in messages:
            try:
                kept.append((message, self._target.item(message)))
            except PoisonError as error:
                await self._reject(message, error)
        try:
            await self._insert([item for _, item in kept])
        except RowsError:
            for message, item in kept:
                await self._insert_alone(message, item)
        now_us = time.time_ns() // 1000
        for message, _ in kept:
            if not message.settled:  # else it was rejected
                STORE_LAG_SECONDS.labels(self._target.table).observe(max(0.0, (now_us - message.time_us) / 1e6))
                await message.ack()

    async def _insert_alone(self, message: Message, item: Any) -> None:
        try:
            await self._insert([item])
        except RowsError as error:
            await self._reject(message, error)

    async def _reject(self, message: Message, reason: PostprocessError) -> None:
        if self._target.buries:
            await self._grave.reject(message, reason)
            return
        log.warning("not stored: %s seq %d: %s", message.subject, message.seq, reason)
        STORE_SKIPPED.labels(self._target.table).inc()
        message.failed = True
        await message.ack()

    async def _insert(self, items: Sequence[Any]) -> None:
        if not items:
            return
        table, started_s = self._target.table, time.monotonic()
        await self._surely(table, lambda: self._house.insert(table, self._target.columns, items))
        INSERT_SECONDS.observe(time.monotonic() - started_s)
        ROWS_STORED.labels(table).inc(len(items))
        BATCH_ROWS.labels(table).observe(len(items))

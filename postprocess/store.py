"""`store`: events, photos and camera names into the analytics store. Edge (broker; ClickHouse through `clickhouse`).

Rules
- A message is acknowledged after the insert. What comes twice collapses in the store by its sort key.
- Poison goes to zool.dead.store, then it is acknowledged; a batch refused for one row is tried row by row.
- The store being away costs nothing: the batch in hand waits, the rest stays in the stream.
- Cameras follow the bucket `cameras`; every start writes all of them again, which collapses too.
- Every shot's picture is kept for `photos_days`: an event may come long after its shots, and name any of them.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from ingest.bus import Bus, Consumer, Entry, Message
from ingest.contract import Camera
from ingest.process import Health
from postprocess import inlet
from postprocess.clickhouse import ClickHouse
from postprocess.config import StoreSettings
from postprocess.ddl import Keep
from postprocess.errors import PoisonError, PostprocessError, RowsError, StoreAway
from postprocess.grave import bury
from postprocess.metrics import INSERT_RETRIES, INSERT_SECONDS, ROWS_STORED
from postprocess.rows import (
    CAMERA_COLUMNS,
    EVENT_COLUMNS,
    PHOTO_COLUMNS,
    CameraChange,
    camera_row,
    event_row,
    photo_row,
)

log = logging.getLogger(__name__)

STREAMS = ("EVENTS", "SHOTS", "DEAD")
BUCKETS = ("cameras",)
FETCH_S = 1.0
RETRY_S = 0.5
ACK_WAIT_S = 10.0
"""After a kill -9 what was in hand comes again this much later."""


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """One stream into one table."""

    stream: str
    durable: str
    subjects: tuple[str, ...]
    table: str
    columns: tuple[str, ...]
    build: Callable[[str, bytes], list[object]]
    linger_s: float
    """How long a batch that is not full waits for more."""


def _event(subject: str, payload: bytes) -> list[object]:
    return event_row(inlet.event(subject, payload))


def _photo(subject: str, payload: bytes) -> list[object]:
    return photo_row(inlet.shot(subject, payload))


TARGETS = (
    Target(
        stream="EVENTS", durable="store", subjects=("zool.events.*.*",), table="events",
        columns=tuple(EVENT_COLUMNS), build=_event, linger_s=0.05,
    ),
    Target(
        stream="SHOTS", durable="photos", subjects=("zool.shots.*.*",), table="photos",
        columns=tuple(PHOTO_COLUMNS), build=_photo, linger_s=0.5,
    ),
)  # fmt: skip


def _camera(entry: Entry | None) -> CameraChange | None:
    """What a change of the bucket says; None for the mark behind the present keys and for what can't be read."""
    if entry is None:
        return None
    if entry.value is None:
        return CameraChange(camera=entry.key, revision=entry.revision, settings=None)
    try:
        settings = msgspec.json.decode(entry.value, type=Camera)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        log.warning("bucket cameras, key %s: %s", entry.key, error)
        return None
    return CameraChange(camera=entry.key, revision=entry.revision, settings=settings)


def keep_of(settings: StoreSettings) -> Keep:
    """For how long rows are kept."""
    return msgspec.convert(settings, Keep, from_attributes=True)


class Store:
    """One process for all cameras; event loop only."""

    def __init__(self, bus: Bus, house: ClickHouse, settings: StoreSettings, health: Health) -> None:
        self._bus, self._house, self._settings, self._health = bus, house, settings, health

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop; what is in hand then is delivered again at the next start. Raises `SchemaError`."""
        if not await self._prepared(stop):
            return
        async with asyncio.TaskGroup() as group:
            working = group.create_task(self._work(group))
            await stop.wait()
            working.cancel()

    async def _prepared(self, stop: asyncio.Event) -> bool:
        """The schema is there; False where it was told to stop before."""
        working, stopping = (
            asyncio.ensure_future(self._surely("schema", self._migrate)),
            asyncio.create_task(stop.wait()),
        )
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not working.done():
            working.cancel()
            return False
        await working
        return True

    async def _work(self, group: asyncio.TaskGroup) -> None:
        tasks = [group.create_task(self._follow(target)) for target in TARGETS]
        tasks.append(group.create_task(self._follow_cameras()))
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()

    async def _migrate(self) -> None:
        await self._house.migrate(keep_of(self._settings))

    async def _follow(self, target: Target) -> None:
        consumer = await self._bus.consumer(
            target.stream,
            target.durable,
            subjects=target.subjects,
            ack_wait_s=ACK_WAIT_S,
            pending_max=self._settings.batch_rows_max * 4,
        )
        while True:
            messages = await self._batch(consumer, target)
            if messages:
                await self._keep(target, messages)

    async def _follow_cameras(self) -> None:
        waiting: list[list[object]] = []
        loaded = False
        async for entry in self._bus.bucket("cameras").watch():
            loaded = loaded or entry is None
            if (change := _camera(entry)) is not None:
                waiting.append(camera_row(change))
            if loaded or len(waiting) >= self._settings.batch_rows_max:
                await self._insert("cameras", tuple(CAMERA_COLUMNS), waiting)
                waiting.clear()

    async def _batch(self, consumer: Consumer, target: Target) -> list[Message]:
        most = self._settings.batch_rows_max
        messages = await consumer.fetch(most, timeout_s=FETCH_S)
        if messages and len(messages) < most:
            await asyncio.sleep(target.linger_s)
            messages += await consumer.fetch(most - len(messages), timeout_s=0.01)
        return messages

    async def _keep(self, target: Target, messages: list[Message]) -> None:
        rows: list[tuple[Message, list[object]]] = []
        for message in messages:
            try:
                rows.append((message, target.build(message.subject, message.payload)))
            except PoisonError as error:
                await self._reject(message, error)
        try:
            await self._insert(target.table, target.columns, [row for _, row in rows])
        except RowsError:
            for message, row in rows:
                await self._insert_alone(target, message, row)
        for message, _ in rows:
            await message.ack()

    async def _insert_alone(self, target: Target, message: Message, row: list[object]) -> None:
        try:
            await self._insert(target.table, target.columns, [row])
        except RowsError as error:
            await self._reject(message, error)

    async def _reject(self, message: Message, reason: PostprocessError) -> None:
        await bury(self._bus, "store", message, reason)
        await message.ack()

    async def _insert(self, table: str, columns: Sequence[str], rows: Sequence[list[object]]) -> None:
        if not rows:
            return
        started_s = time.monotonic()
        await self._surely(table, lambda: self._house.insert(table, columns, rows))
        INSERT_SECONDS.observe(time.monotonic() - started_s)
        ROWS_STORED.labels(table).inc(len(rows))

    async def _surely(self, what: str, call: Callable[[], Any]) -> None:
        """Again and again until the store has done it; its health says so meanwhile."""
        while True:
            try:
                await call()
            except StoreAway as error:
                self._health.set("clickhouse", ok=False, detail=str(error))
                INSERT_RETRIES.labels(what).inc()
                await asyncio.sleep(RETRY_S)
                continue
            self._health.set("clickhouse", ok=True)
            return

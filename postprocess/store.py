"""`store`: events, photos, looks, reads and camera names into the analytics store. Edge (broker, ClickHouse).

Rules
- Streams go through `drain`, which acknowledges after the insert.
- Cameras follow the bucket `cameras`; every start writes all of them again, which collapses.
- Every shot's picture is kept for `photos_days`: an event may come long after its shots, and name any of them.
- Counts by hour are brought up to date once a minute (`rollup`).
- Looks and reads are kept `looks_days`, so that changed rules can be run over them; 0 = not at all.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from ingest.bus import Bus, Entry, Message
from ingest.contract import Camera, Shot
from ingest.process import Health
from postprocess import inlet
from postprocess.clickhouse import ClickHouse
from postprocess.config import StoreSettings
from postprocess.contract import Event, Read
from postprocess.ddl import Keep
from postprocess.drain import Drain, Target
from postprocess.errors import StoreAway
from postprocess.grave import Grave
from postprocess.looks import LOOK_COLUMNS, READ_COLUMNS, Look, look
from postprocess.metrics import INSERT_RETRIES, ROWS_STORED
from postprocess.rollup import EVERY_S, RollUp
from postprocess.rows import CAMERA_COLUMNS, EVENT_COLUMNS, PHOTO_COLUMNS, CameraChange
from postprocess.undertaker import Undertaker

log = logging.getLogger(__name__)

STREAMS = ("EVENTS", "SHOTS", "DETECTIONS", "READS", "DEAD", "ADVISORIES")
BUCKETS = ("cameras",)
RETRY_S = 0.5


def _event(message: Message) -> Event:
    return inlet.event(message.subject, message.payload)


def _photo(message: Message) -> Shot:
    return inlet.shot(message.subject, message.payload)


def _look(message: Message) -> Look:
    return look(inlet.frame_report(message.subject, message.payload, message.time_us))


def _read(message: Message) -> Read:
    return inlet.read(message.subject, message.payload, message.time_us)


TARGETS = (
    Target(
        stream="EVENTS", durable="store", subjects=("zool.events.*.*",), table="events",
        columns=EVENT_COLUMNS, item=_event, linger_s=0.05,
    ),
    Target(
        stream="SHOTS", durable="photos", subjects=("zool.shots.*.*",), table="photos",
        columns=PHOTO_COLUMNS, item=_photo, linger_s=0.5,
    ),
)  # fmt: skip
PAST = (
    Target(
        stream="DETECTIONS", durable="looks", subjects=("zool.detections.*",), table="looks",
        columns=LOOK_COLUMNS, item=_look, linger_s=3.0, buries=False,
    ),
    Target(
        stream="READS", durable="reads", subjects=("zool.reads.*",), table="reads",
        columns=READ_COLUMNS, item=_read, linger_s=3.0, buries=False,
    ),
)  # fmt: skip
"""Nobody waits for these: their batches may gather."""


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

    def __init__(self, bus: Bus, house: ClickHouse, settings: StoreSettings, health: Health, grave: Grave) -> None:
        self._bus, self._house, self._settings, self._health, self._grave = bus, house, settings, health, grave

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop; what is in hand then is delivered again at the next start. Raises `SchemaError`."""
        if not await self._prepared(stop):
            return
        async with asyncio.TaskGroup() as group:
            stored = TARGETS + (PAST if self._settings.looks_days > 0 else ())
            undertaker = Undertaker(self._bus, self._grave, [(each.stream, each.durable) for each in stored])
            tasks = [group.create_task(self._drain(target).run()) for target in stored]
            tasks.append(group.create_task(undertaker.work()))
            tasks.append(group.create_task(self._follow_cameras()))
            tasks.append(group.create_task(self._roll_up()))
            await stop.wait()
            for task in tasks:
                task.cancel()

    async def _prepared(self, stop: asyncio.Event) -> bool:
        """The schema is there; False where it was told to stop before."""
        working = asyncio.create_task(self._surely("schema", lambda: self._house.migrate(keep_of(self._settings))))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not working.done():
            working.cancel()
            return False
        await working
        return True

    def _drain(self, target: Target) -> Drain:
        return Drain(
            self._bus, self._house, target, self._grave, rows_max=self._settings.batch_rows_max, surely=self._surely
        )

    async def _follow_cameras(self) -> None:
        waiting: list[CameraChange] = []
        loaded = False
        async for entry in self._bus.bucket("cameras").watch():
            loaded = loaded or entry is None
            if (change := _camera(entry)) is not None:
                waiting.append(change)
            if waiting and (loaded or len(waiting) >= self._settings.batch_rows_max):
                batch, waiting = waiting, []
                await self._surely("cameras", lambda batch=batch: self._house.insert("cameras", CAMERA_COLUMNS, batch))  # type: ignore[misc]
                ROWS_STORED.labels("cameras").inc(len(batch))

    async def _roll_up(self) -> None:
        rolling = RollUp(self._house.patient(), keep_of(self._settings))
        while True:
            await self._surely("events_hourly", rolling.refresh)
            await asyncio.sleep(EVERY_S)

    async def _surely(self, what: str, call: Callable[[], Awaitable[Any]]) -> None:
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

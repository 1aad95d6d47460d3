"""store over a real broker and the real engine: events and photos become rows, each once."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import clickhouse_connect
import msgspec
import pytest

from ingest.bus import Bus
from ingest.contract import (
    BUCKETS,
    STREAMS,
    Camera,
    CameraNotice,
    Detection,
    FrameStamp,
    Shot,
    encode,
    events_subject,
    shots_subject,
)
from ingest.process import Health
from postprocess.clickhouse import ClickHouse
from postprocess.config import StoreSettings
from postprocess.contract import ClickHouseSettings, Event, EventPhoto
from postprocess.errors import RowsError
from postprocess.past import SLICE_US, kept, looks
from postprocess.store import Store
from tests.support.clickhouse import ClickHouseServer, running_clickhouse
from tests.support.nats import running_nats
from tests.support.postprocess import grave_of, program, reasons, until
from tests.support.vehicles import frame, read


def event(number: int, version: int = 1, **fields: Any) -> Event:
    """An event of now."""
    now_us = int(time.time()) * 1_000_000
    photo = EventPhoto(shot_id=f"s{number}", captured_at_us=now_us, thumbnail=b"\xff\xd8thumb")
    return msgspec.structs.replace(
        Event(
            event_id=f"e{number}", version=version, kind="vehicle_entry", camera="cam-1", opened_at_us=now_us + number,
            plate="А123ВС77", photos=(photo,),
        ),
        **fields,
    )  # fmt: skip


STARTED_US = int(time.time() - 3600) * 1_000_000


def now_us(step: int) -> int:
    """Some minutes ago, steps across the border of two slices."""
    return STARTED_US + step * (SLICE_US // 3)


async def consumers(bus: Bus, stream: str) -> list[str]:
    """Names of a stream's consumers."""
    reply = await bus.ask(f"$JS.API.CONSUMER.NAMES.{stream}", b"", timeout_s=10)
    return list(msgspec.json.decode(reply)["consumers"] or [])


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseServer]:
    """One engine for all tests; each has a database of its own."""
    with running_clickhouse(tmp_path_factory.mktemp("clickhouse")) as server:
        yield server


class Bench:
    """What a test holds in hand."""

    def __init__(self, bus: Bus, settings: ClickHouseSettings, health: Health) -> None:
        self.bus, self.settings, self.health = bus, settings, health
        self.clickhouse = ClickHouse(settings)
        self.store = Store(bus, self.clickhouse, StoreSettings(), health, grave_of(bus, "store"))

    async def send(self, message: Event | Shot | CameraNotice, message_id: str) -> None:
        """As decide and ingest do."""
        if isinstance(message, Shot):
            subject = shots_subject(message.recogniser, message.stamp.camera)
        else:
            subject = events_subject(message.camera, message.kind)
        await self.bus.publish(subject, encode(message), message_id=message_id)

    async def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows, pictures as bytes; none while the store or its tables are not there."""

        def rows() -> list[tuple[Any, ...]]:
            client = clickhouse_connect.get_client(
                host=self.settings.host, port=self.settings.port, username=self.settings.user,
                password=self.settings.password, autogenerate_session_id=False,
            )  # fmt: skip
            return list(
                client.query(sql.replace("DB", self.settings.database), query_formats={"String": "bytes"}).result_rows
            )

        return await asyncio.to_thread(rows)

    async def rows(self, count: int, sql: str) -> list[tuple[Any, ...]]:
        """Wait for so many rows."""

        async def there() -> bool:
            with contextlib.suppress(clickhouse_connect.driver.exceptions.ClickHouseError, OSError):
                return len(await self.ask(sql)) >= count
            return False

        await until(there, f"{count} rows of {sql}")
        return await self.ask(sql)


@contextlib.asynccontextmanager
async def bench(folder: Path, server: ClickHouseServer) -> AsyncIterator[Bench]:
    """Broker and the program's parts wired as `__main__` does."""
    health = Health("store")
    settings = msgspec.structs.replace(server.settings, database=f"zool_{time.monotonic_ns()}")
    async with running_nats(folder) as nats, Bus.open(nats.settings, name="test", health=health) as bus:
        await bus.ensure_streams(*STREAMS)
        await bus.ensure_buckets(*BUCKETS)
        held = Bench(bus, settings, health)
        yield held
        held.clickhouse.close()


async def test_versions_collapse_to_the_newest(tmp_path: Path, house: ClickHouseServer) -> None:
    """Whatever came twice or in the wrong order: one row per event, the newest."""
    async with bench(tmp_path, house) as b, program(b.store.run):
        first = event(1)
        for n, version in enumerate((3, 1, 8, 8)):
            await b.send(msgspec.structs.replace(first, version=version, final=version == 8), f"m{n}")
        notice = CameraNotice(
            event_id="n1", version=1, kind="camera_lost", camera="cam-1", opened_at_us=first.opened_at_us
        )
        await b.send(notice, "n1")
        await b.rows(2, "SELECT event_id FROM DB.events_latest WHERE version IN (1, 8) AND (final OR event_id = 'n1')")
        rows = await b.ask("SELECT event_id, version, thumbnail FROM DB.events_latest ORDER BY event_id")
        assert rows == [(b"e1", 8, b"\xff\xd8thumb"), (b"n1", 1, b"")]


async def test_photos_are_kept_byte_for_byte(tmp_path: Path, house: ClickHouseServer) -> None:
    """Found by camera, time and shot id."""
    jpeg = bytes(range(256)) * 8
    shot = Shot(
        shot_id="s1", stamp=FrameStamp(camera="cam-1", epoch=1, seq=1, captured_at_us=int(time.time() * 1e6)),
        recogniser="plate_reader", track="1-1", label="car", box=(0, 0, 1, 1), crop=(0, 0, 1, 1), jpeg=jpeg,
        width=10, height=10, quality=0.5, ordinal=0,
    )  # fmt: skip
    async with bench(tmp_path, house) as b, program(b.store.run):
        await b.send(shot, "s1")
        assert await b.rows(1, "SELECT shot_id, jpeg FROM DB.photos_latest") == [(b"s1", jpeg)]


async def test_cameras_follow_their_bucket(tmp_path: Path, house: ClickHouseServer) -> None:
    """Name and region of the newest revision; a deleted camera keeps them; garbage is passed over."""
    async with bench(tmp_path, house) as b:
        bucket = b.bus.bucket("cameras")

        async def put(name: str, region: str) -> None:
            camera = Camera(id="cam-1", name=name, url="rtsp://user:secret@camera/1", region=region)
            await bucket.put("cam-1", msgspec.json.encode(camera))

        await put("Gate", "North")
        await bucket.put("cam-2", b"garbage")
        asked = "SELECT camera, name, region, enabled, deleted FROM DB.cameras_latest"
        async with program(b.store.run):
            assert await b.rows(1, asked) == [(b"cam-1", b"Gate", b"North", True, False)]
            await put("Gate 2", "South")
            await b.rows(1, f"{asked} WHERE name = 'Gate 2'")
            await bucket.delete("cam-1")
            await b.rows(1, f"{asked} WHERE deleted")
        async with program(b.store.run):
            await b.rows(4, "SELECT * FROM DB.cameras")
            assert await b.ask(asked) == [(b"cam-1", b"Gate 2", b"South", False, True)]


async def test_looks_and_reads_come_back_as_they_were(tmp_path: Path, house: ClickHouseServer) -> None:
    """Merged by time, each once though sent twice, with what fits no column; other cameras and times stay out."""
    odd = Detection(box=(0.1 + 0.2, -0.0, 1 / 3, 1e-9), label="truck", confidence=2 / 3, track="1-1", detector="other")
    frames = [frame(seq, {"1-1": (0.5, 0.1 * seq)}, at_us=now_us(seq)) for seq in range(1, 6)]
    frames[2] = msgspec.structs.replace(
        frames[2], detections=(odd,), further={"other": frames[2].model}, ended_tracks=("1-0",)
    )
    said = msgspec.structs.replace(
        read("s1", text="А1", track="1-1", seq=1), captured_at_us=now_us(3), thumbnail=b"jpeg"
    )
    async with bench(tmp_path, house) as b, program(b.store.run):
        for copy in range(2):
            for one in frames:
                await b.bus.publish("zool.detections.cam-1", encode(one), message_id=f"{one.message_id}/{copy}")
            await b.bus.publish("zool.reads.cam-1", encode(said), message_id=f"{said.message_id}/{copy}")
        await b.bus.publish("zool.detections.cam-1", b"garbage", message_id="g")
        stranger = msgspec.structs.replace(frames[0], stamp=msgspec.structs.replace(frames[0].stamp, camera="cam-2"))
        await b.bus.publish("zool.detections.cam-2", encode(stranger), message_id="stranger")
        await b.rows(6, "SELECT seq FROM DB.looks FINAL")
        await b.rows(1, "SELECT shot_id FROM DB.reads FINAL")
        wanted = [*frames[:3], msgspec.structs.replace(said, thumbnail=b""), frames[3]]
        found = looks(b.clickhouse, "cam-1", since_us=now_us(1), until_us=now_us(5))
        assert [encode(one) async for one in found] == [encode(one) for one in wanted]
        assert await kept(b.clickhouse, "cam-1") == (now_us(1), now_us(5))
        assert await kept(b.clickhouse, "cam-3") is None
        assert await reasons(b.bus) == []


async def test_looks_need_not_be_kept(tmp_path: Path, house: ClickHouseServer) -> None:
    """0 days: nobody reads the stream of detections."""
    async with bench(tmp_path, house) as b:
        store = Store(b.bus, b.clickhouse, StoreSettings(looks_days=0), b.health, grave_of(b.bus, "store"))
        async with program(store.run):
            await b.send(event(1), "e1")
            await b.rows(1, "SELECT event_id FROM DB.events_latest")
            assert await consumers(b.bus, "DETECTIONS") == []


async def test_garbage_is_buried_and_neighbours_are_kept(tmp_path: Path, house: ClickHouseServer) -> None:
    """Of both streams."""
    async with bench(tmp_path, house) as b:
        await b.bus.publish("zool.events.cam-1.vehicle_entry", b"garbage", message_id="g1")
        await b.bus.publish("zool.shots.plate_reader.cam-1", b"garbage", message_id="g2")
        await b.send(event(2), "e2")
        async with program(b.store.run):
            await b.rows(1, "SELECT event_id FROM DB.events_latest")

            async def buried() -> bool:
                return len(await reasons(b.bus)) == 2

            await until(buried, "two dead letters")


async def test_one_refused_row_does_not_hold_the_others(
    tmp_path: Path, house: ClickHouseServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch that the store refuses is tried row by row; the bad one is buried."""
    insert = ClickHouse.insert

    async def picky(self: ClickHouse, table: str, columns: Any, items: Any) -> None:
        if any(isinstance(item, Event) and item.event_id == "e13" for item in items):
            raise RowsError("thirteen")
        await insert(self, table, columns, items)

    monkeypatch.setattr(ClickHouse, "insert", picky)
    async with bench(tmp_path, house) as b:
        for number in (12, 13, 14):
            await b.send(event(number), f"e{number}")
        async with program(b.store.run):
            await b.rows(2, "SELECT event_id FROM DB.events_latest")
            assert await reasons(b.bus) == ["rows that don't fit their table: thirteen"]


async def test_the_store_may_be_killed(tmp_path: Path) -> None:
    """Kill -9 of the engine: health says so; what came meanwhile is there after it came back, once."""
    with running_clickhouse(tmp_path / "clickhouse") as server:
        async with bench(tmp_path, server) as b, program(b.store.run):
            await b.send(event(1), "e1")
            await b.rows(1, "SELECT event_id FROM DB.events_latest")
            await asyncio.to_thread(server.kill)
            for number in range(2, 8):
                await b.send(event(number), f"e{number}")

            async def told() -> bool:
                return not b.health.snapshot()["components"]["clickhouse"]["ok"]  # type: ignore[index]

            await until(told, "health says that ClickHouse is away")
            await asyncio.to_thread(server.start)
            rows = await b.rows(7, "SELECT event_id FROM DB.events_latest")
            assert sorted(row[0] for row in rows) == [f"e{number}".encode() for number in range(1, 8)]

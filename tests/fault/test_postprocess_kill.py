"""Kill -9 of decide and store in the middle of their work: no event lost, none doubled."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import clickhouse_connect
import msgspec

from ingest.bus import Bus
from ingest.contract import Camera, FrameReport, FrameStamp, Shot, decode, encode, events_subject, shots_subject
from postprocess.config import DecideSettings
from postprocess.contract import CameraFunction, Event, Read
from postprocess.functions.registry import read_settings
from postprocess.functions.unit import Context
from postprocess.functions.vehicles import VEHICLES as UNIT
from postprocess.rules.scene import Tick
from postprocess.rules.state import CameraMemory
from postprocess.rules.vehicles import step
from tests.support.clickhouse import ClickHouseServer, running_clickhouse
from tests.support.nats import running_nats
from tests.support.postprocess import Killable, everything, published_events, send, set_up, until
from tests.support.vehicles import CAMERA, at, frame, read

CAMERAS = (CAMERA, "cam-2", "cam-3")
VEHICLES = 6
SETTINGS = DecideSettings(snapshot_s=0.3, settle_s=1.0, unread_s=1.0)
ENVIRON = {"ZOOL_DECIDE_SNAPSHOT_S": "0.3", "ZOOL_DECIDE_SETTLE_S": "1", "ZOOL_DECIDE_UNREAD_S": "1"}


def traffic(base_us: int) -> Iterator[FrameReport | Read]:
    """On each camera one vehicle after the other drives in, some turn round; each is read on its way, or not."""
    seq = 0
    for number in range(VEHICLES):
        ys = (0.2, 0.35, 0.44, 0.6, 0.7, *((0.6, 0.4, 0.3) if number % 2 else ()))
        track = f"1-{number}"
        for place, y in enumerate(ys):
            last = place == len(ys) - 1
            report = at(frame(seq, {track: (0.5, y)}, ended=(track,) if last else ()), base_us)
            seq += 1
            for camera in CAMERAS:
                assert isinstance(report, FrameReport)
                stamp = msgspec.structs.replace(report.stamp, camera=camera)
                yield msgspec.structs.replace(report, stamp=stamp)
                if place in (1, 4) and number % 3:
                    known = at(read(f"{camera}.{seq}", text=f"А{number}23ВС77", track=track, seq=seq), base_us)
                    yield msgspec.structs.replace(known, camera=camera)
        seq += 10


def expected(messages: list[FrameReport | Read], functions: dict[str, CameraFunction]) -> dict[str, bytes]:
    """What the pure rules say last of every event."""
    said: dict[str, bytes] = {}
    for camera in CAMERAS:
        place = Camera(id=camera, name=camera, url="")
        context = Context(camera=place, revision=functions[camera].revision, decide=SETTINGS)
        memory, policy = (
            CameraMemory(camera=camera),
            UNIT.policy(read_settings(UNIT, functions[camera].settings), context),
        )  # type: ignore[arg-type]
        own = [m for m in messages if (m.camera if isinstance(m, Read) else m.stamp.camera) == camera]
        for message in [*own, Tick(now_us=2**60)]:
            memory, outputs = step(memory, message, policy)
            said |= {o.event_id: encode(o) for o in outputs if isinstance(o, Event)}
    return said


async def functions_of(bus: Bus) -> dict[str, CameraFunction]:
    """As they stand in the bucket, with their revisions."""
    found = {}
    for entry in (await bus.bucket("functions").all()).values():
        function = msgspec.json.decode(entry.value or b"", type=CameraFunction)
        found[function.camera] = msgspec.structs.replace(function, revision=entry.revision)
    return found


async def test_decide_killed_again_and_again(tmp_path: Path) -> None:
    """Four times, while messages come: the last words of all events are those of the rules, byte for byte."""
    messages = list(traffic(int(time.time() * 1e6)))
    async with running_nats(tmp_path) as nats, Bus.open(nats.settings, name="test") as bus:
        await set_up(bus, *CAMERAS)
        want = expected(messages, await functions_of(bus))
        decide = Killable("decide", nats.settings, environ=ENVIRON)
        decide.start()
        try:
            part = len(messages) // 5
            for n, message in enumerate(messages):
                await send(bus, message)
                if n % part == part - 1 and n < part * 5 - 1:
                    before = len(await published_events(bus))

                    async def more(before: int = before) -> bool:
                        return len(await published_events(bus)) > before

                    if n > part:
                        await until(more, "decide at work")
                    decide.kill()
                    decide.start()

            async def done() -> bool:
                return {e.event_id for e in await published_events(bus) if e.final} == set(want)

            await until(done, "all events final")
            assert decide.stop() == 0
        finally:
            decide.kill()
        said: dict[tuple[str, int], bytes] = {}
        for stored in await everything(bus, "EVENTS", "zool.events.*.*"):
            event = decode(stored.payload, Event)
            key = (event.event_id, event.version)
            assert said.setdefault(key, stored.payload) == stored.payload
        last = dict(sorted(said.items()))
        assert {event_id: payload for (event_id, _), payload in last.items()} == want
        assert len(want) == len(CAMERAS) * (VEHICLES + VEHICLES // 2)


def shot(number: int, now_us: int) -> Shot:
    """A photo of now."""
    return Shot(
        shot_id=f"s{number}", stamp=FrameStamp(camera=CAMERA, epoch=1, seq=number, captured_at_us=now_us + number),
        recogniser="plate_reader", track="1-1", label="car", box=(0, 0, 1, 1), crop=(0, 0, 1, 1), jpeg=b"\xff" * 5000,
        width=10, height=10, quality=0.5, ordinal=0,
    )  # fmt: skip


async def test_store_killed_again_and_again(tmp_path: Path) -> None:
    """Three times, while events and photos come: each is there, and once."""
    now_us, count = int(time.time()) * 1_000_000, 300
    async with running_nats(tmp_path) as nats, Bus.open(nats.settings, name="test") as bus:
        await bus.ensure_streams("EVENTS", "SHOTS", "DEAD")
        with running_clickhouse(tmp_path / "clickhouse") as server:
            store = Killable("store", nats.settings, server.settings)
            store.start()
            try:
                for number in range(count):
                    event = Event(
                        event_id=f"e{number}", version=1 + number % 2, kind="vehicle_entry", camera=CAMERA,
                        opened_at_us=now_us + number,
                    )  # fmt: skip
                    subject = events_subject(CAMERA, event.kind)
                    await bus.publish(subject, encode(event), message_id=event.message_id)
                    picture = shot(number, now_us)
                    await bus.publish(
                        shots_subject("plate_reader", CAMERA), encode(picture), message_id=picture.shot_id
                    )
                    if number in (60, 120, 180):
                        await until(lambda number=number: rows_at_least(server, number // 2), "store at work")  # type: ignore[misc]
                        store.kill()
                        store.start()

                async def all_there() -> bool:
                    return await counted(server) == (count, count)

                # what was under way when the store was killed comes again after the acknowledgement's time
                await until(all_there, f"{count} events and photos", deadline_s=100.0)
                assert await counted(server) == (count, count)
                assert store.stop() == 0
            finally:
                store.kill()


async def rows_at_least(server: ClickHouseServer, count: int) -> bool:
    """Whether so many events are in the store."""
    return (await counted(server))[0] >= count


async def counted(server: ClickHouseServer) -> tuple[int, int]:
    """Distinct events and photos as the views show them; (0, 0) while there are no tables."""

    def ask() -> tuple[int, int]:
        settings = server.settings
        client = clickhouse_connect.get_client(
            host=settings.host, port=settings.port, username=settings.user, password=settings.password,
            autogenerate_session_id=False,
        )  # fmt: skip
        try:
            events = client.query("SELECT count(), uniqExact(event_id) FROM zool.events_latest").result_rows[0]
            photos = client.query("SELECT count(), uniqExact(shot_id) FROM zool.photos_latest").result_rows[0]
        except clickhouse_connect.driver.exceptions.DatabaseError:
            return 0, 0
        assert events[0] == events[1]
        assert photos[0] == photos[1]
        return events[0], photos[0]

    return await asyncio.to_thread(ask)


async def test_two_share_the_cameras_and_one_is_killed(tmp_path: Path) -> None:
    """Each decides on its part; the other goes on with the dead one's: the same last words, byte for byte."""
    messages = list(traffic(int(time.time() * 1e6)))
    async with running_nats(tmp_path) as nats, Bus.open(nats.settings, name="test") as bus:
        await set_up(bus, *CAMERAS)
        want = expected(messages, await functions_of(bus))
        both = {name: Killable("decide", nats.settings, environ=ENVIRON | {"ZOOL_DECIDE_NAME": name}) for name in "ab"}

        async def holders() -> dict[str, int]:
            owners = [
                (entry.value or b"").decode()
                for key, entry in (await bus.bucket("shares").all()).items()
                if key.startswith("part.")
            ]
            return {name: owners.count(name) for name in owners}

        async def shared() -> bool:
            return await holders() == {"a": 8, "b": 8}

        async def inherited() -> bool:
            return await holders() == {"b": 16}

        try:
            for each in both.values():
                each.start()
            await until(shared, "half of the cameras each")
            for number, message in enumerate(messages):
                await send(bus, message)
                if number == len(messages) // 2:
                    both["a"].kill()
            await until(inherited, "all cameras with the one that lives")

            async def done() -> bool:
                return {e.event_id for e in await published_events(bus) if e.final} == set(want)

            await until(done, "all events final")
        finally:
            for each in both.values():
                each.kill()
        stored = [(decode(m.payload, Event), m.payload) for m in await everything(bus, "EVENTS", "zool.events.*.*")]
        last = {event.event_id: payload for event, payload in sorted(stored, key=lambda pair: pair[0].version)}
        assert last == want

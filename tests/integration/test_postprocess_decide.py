"""decide over a real broker: detections and reads in, events and plans out."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, cast

import msgspec

from ingest.bus import Bus
from ingest.contract import Camera, FrameReport, IngestPlan, decode, encode
from ingest.process import Health
from postprocess.config import DecideSettings
from postprocess.contract import CameraFunction, Event, VehicleEntry, fold_plate
from postprocess.decide import Decide
from postprocess.functions.registry import registry
from postprocess.functions.unit import Context
from postprocess.partitions import partition_of
from postprocess.settings_watch import SettingsWatch
from postprocess.snapshot import Positions, positions_key
from tests.support.nats import NatsServer, running_nats
from tests.support.postprocess import everything, program, published_events, reasons, send, set_up, until
from tests.support.vehicles import CAMERA, PLATE, at, drive, read

DOWN = (0.2, 0.3, 0.4, 0.6, 0.7)
Run = Callable[..., Awaitable[None]]


@contextlib.asynccontextmanager
async def broker(folder: Path, *cameras: str) -> AsyncIterator[tuple[Bus, NatsServer]]:
    """A broker on which cameras are set up."""
    async with running_nats(folder) as nats, Bus.open(nats.settings, name="test") as bus:
        await set_up(bus, *cameras)
        yield bus, nats


def decide(bus: Bus, **settings: float) -> Decide:
    """The program's parts wired as `__main__` does."""
    return wired(bus, **settings)[0]


def wired(bus: Bus, **settings: float) -> tuple[Decide, SettingsWatch]:
    """The program and the settings that it follows."""
    chosen = msgspec.convert({"snapshot_s": 0.2, "settle_s": 0.2, "unread_s": 0.5} | settings, DecideSettings)
    plain = Context(camera=Camera(id="none", name="", url=""), decide=chosen)
    watch = SettingsWatch(bus, registry(), plain)
    return Decide(bus, watch, registry(), chosen, Health("decide")), watch


async def final_events(bus: Bus, count: int) -> list[Event]:
    """Wait for so many events to be final; all versions."""

    async def there() -> bool:
        return len({e.event_id for e in await published_events(bus) if e.final}) >= count

    await until(there, f"{count} final events")
    return await published_events(bus)


async def test_a_passage_is_an_event_with_its_plate(tmp_path: Path) -> None:
    """First version at the crossing, final by ticks although no frame follows."""
    base_us = int(time.time() * 1e6)
    async with broker(tmp_path, CAMERA) as (bus, _), program(decide(bus).run):
        for message in (*drive(DOWN), read("s1", seq=1)):
            await send(bus, at(message, base_us))
        events = await final_events(bus, 1)
        assert len({e.event_id for e in events}) == 1
        assert events[-1].final
        assert (events[-1].kind, events[-1].plate) == ("vehicle_entry", PLATE)
        assert [e.version for e in events] == sorted(e.version for e in events)


async def test_plans_follow_cameras_and_functions(tmp_path: Path) -> None:
    """Written for each camera, rewritten with its function, deleted with it; what can't be read harms no other."""
    async with broker(tmp_path, CAMERA) as (bus, _), program(decide(bus).run):
        plans = bus.bucket("plans")

        async def plan(camera: str) -> IngestPlan | None:
            entry = await plans.get(camera)
            return None if entry is None or entry.value is None else msgspec.json.decode(entry.value, type=IngestPlan)

        async def has_shots() -> bool:
            found = await plan(CAMERA)
            return found is not None and len(found.shots) == 1

        await until(has_shots, "a plan with shots")
        await bus.bucket("cameras").put("broken", b"{")
        await bus.bucket("functions").put("broken.vehicles", b"{")
        await bus.bucket("cameras").put("other", msgspec.json.encode(Camera(id="another", name="x", url="rtsp://x")))
        off = CameraFunction(camera=CAMERA, name="vehicles", enabled=False)
        await bus.bucket("functions").put(f"{CAMERA}.vehicles", msgspec.json.encode(off))

        async def no_shots() -> bool:
            found = await plan(CAMERA)
            return found is not None and found.shots == ()

        await until(no_shots, "a plan without shots")
        await bus.bucket("functions").delete(f"{CAMERA}.vehicles")
        await bus.bucket("cameras").delete(CAMERA)

        async def gone() -> bool:
            return await plan(CAMERA) is None

        await until(gone, "no plan")
        assert await plan("broken") is None
        assert await plan("other") is None


async def test_plans_of_cameras_that_went_meanwhile_are_deleted(tmp_path: Path) -> None:
    """Decide was not there when the camera was deleted; a plan that can't be read is written anew."""
    async with broker(tmp_path, CAMERA) as (bus, _):
        await bus.bucket("plans").put("gone", msgspec.json.encode(IngestPlan(camera="gone")))
        await bus.bucket("plans").put(CAMERA, b"{")
        async with program(decide(bus).run):

            async def settled() -> bool:
                standing = await bus.bucket("plans").all()
                return set(standing) == {CAMERA} and (standing[CAMERA].value or b"") != b"{"

            await until(settled, "one sound plan")


async def test_garbage_is_buried_and_the_next_message_counts(tmp_path: Path) -> None:
    """On both streams, also of a camera that nobody knows."""
    base_us = int(time.time() * 1e6)
    async with broker(tmp_path, CAMERA) as (bus, _), program(decide(bus).run):
        await bus.publish(f"zool.detections.{CAMERA}", b"garbage", message_id="1")
        await bus.publish("zool.reads.nobody", b"\x80", message_id="2")
        stale = at(drive((0.2,))[0], 1)
        assert isinstance(stale, FrameReport)
        await bus.publish(f"zool.detections.{CAMERA}", encode(stale), message_id="3")
        for message in (*drive(DOWN), read("s1", seq=1)):
            await send(bus, at(message, base_us))
        await final_events(bus, 1)
        words = await reasons(bus)
        assert len(words) == 3
        assert any("days away" in word for word in words)


async def test_cameras_without_the_function_make_no_events(tmp_path: Path) -> None:
    """And leave no state behind when it is switched off."""
    base_us = int(time.time() * 1e6)
    async with broker(tmp_path, CAMERA) as (bus, _), program(decide(bus).run):
        for message in drive((0.2, 0.3), end=False):
            await send(bus, at(message, base_us))

        async def kept() -> bool:
            return f"vehicles.{CAMERA}" in await bus.bucket("snapshots").all()

        await until(kept, "a snapshot")
        await bus.bucket("functions").delete(f"{CAMERA}.vehicles")

        async def forgotten() -> bool:
            await send(bus, at(drive((0.2,), first=int(time.monotonic() * 5) % 10**9, end=False)[0], base_us))
            return not await kept()

        await until(forgotten, "no snapshot")
        assert await published_events(bus) == []


async def test_what_is_open_ends_where_it_was_seen_when_the_function_is_switched_off(tmp_path: Path) -> None:
    """Somebody who stands in a zone whose watch is switched off does not stand there for ever."""
    base_us = int(time.time() * 1e6)
    whole = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
    watched = CameraFunction(
        camera=CAMERA,
        name="intrusion",
        settings={"zones": [{"id": "yard", "points": whole}], "class_list": ["car"], "travel_min": 0.0},
    )
    async with broker(tmp_path, CAMERA) as (bus, _), program(decide(bus).run):
        await bus.bucket("functions").put(f"{CAMERA}.intrusion", msgspec.json.encode(watched))
        looks = drive([0.2 + 0.002 * n for n in range(40)], end=False)

        async def open_event() -> bool:
            for message in looks:
                await send(bus, at(message, base_us))
            return any(event.kind == "intrusion" for event in await published_events(bus))

        await until(open_event, "no intrusion")
        await bus.bucket("functions").delete(f"{CAMERA}.intrusion")
        events = await final_events(bus, 1)
    last = events[-1]
    seen_us = max(cast("FrameReport", at(message, base_us)).stamp.captured_at_us for message in looks)
    assert (last.kind, last.final, last.closed_at_us) == ("intrusion", True, seen_us)


async def test_state_goes_on_after_a_restart(tmp_path: Path) -> None:
    """Half of a passage, a stop, the other half: one event, with the read of the first half."""
    base_us = int(time.time() * 1e6)
    messages = [at(message, base_us) for message in (*drive(DOWN[:3], end=False), read("s1", seq=1))]
    async with broker(tmp_path, CAMERA) as (bus, _):
        async with program(decide(bus).run):
            for message in messages:
                await send(bus, message)

            async def taken() -> bool:
                entry = await bus.bucket("snapshots").get(positions_key(partition_of(CAMERA)))
                return entry is not None and decode(entry.value or b"", Positions) == Positions(detections=3, reads=1)

            await until(taken, "a snapshot behind all messages")
        async with program(decide(bus).run):
            for later in drive(DOWN[3:], first=3):
                await send(bus, at(later, base_us))
            events = await final_events(bus, 1)
        assert {(e.plate, e.plate_reads) for e in events} == {(PLATE, 1)}


async def test_snapshots_of_another_broker_are_not_believed(tmp_path: Path) -> None:
    """Positions ahead of the streams: the streams were made anew, reading starts at their beginning."""
    base_us = int(time.time() * 1e6)
    async with broker(tmp_path, CAMERA) as (bus, _):
        await bus.bucket("snapshots").put(
            positions_key(partition_of(CAMERA)), encode(Positions(detections=10**6, reads=10**6))
        )
        for message in (*drive(DOWN), read("s1", seq=1)):
            await send(bus, at(message, base_us))
        async with program(decide(bus).run):
            await final_events(bus, 1)


async def test_the_broker_may_be_killed(tmp_path: Path) -> None:
    """Kill -9 of nats-server in the middle of a passage: it goes on when the broker is back."""
    base_us = int(time.time() * 1e6)
    async with broker(tmp_path, CAMERA) as (bus, nats), program(decide(bus).run):
        for message in (*drive(DOWN[:3], end=False), read("s1", seq=1)):
            await send(bus, at(message, base_us))
        await nats.kill()
        await nats.start()

        async def back() -> bool:
            return bus.connected

        await until(back, "the connection")
        for message in drive(DOWN[3:], first=3):
            await send(bus, at(message, base_us))
        events = await final_events(bus, 1)
        assert len({e.event_id for e in events}) == 1
        assert len(await everything(bus, "DEAD", "zool.dead.*")) == 0


async def test_lists_take_effect_at_once(tmp_path: Path) -> None:
    """A plate put on a list, moved to another and taken off while the camera runs: each passage is as it then is."""
    base_us, told = int(time.time() * 1e6), list[str]()
    async with broker(tmp_path, CAMERA) as (bus, _):
        running, watch = wired(bus)

        async def stands(listed: str) -> bool:
            policy = watch.active[CAMERA]["vehicles"].policy if CAMERA in watch.active else None
            entries = policy.lists.entries.get(fold_plate(PLATE), ()) if policy is not None else ()
            return policy is not None and [one.list for one in entries] == ([listed] if listed else [])

        async with program(running.run):
            for epoch, listed in enumerate(("allow", "deny", ""), start=1):
                await bus.bucket("vehicles").delete("one")
                if listed:
                    entry = VehicleEntry(id="one", plate="a 123 bc 77", list=cast("Any", listed))
                    await bus.bucket("vehicles").put("one", msgspec.json.encode(entry))
                await until(lambda listed=listed: stands(listed), f"the list {listed!r}")  # type: ignore[misc]
                track, seq = f"{epoch}-1", epoch * 100
                passage = drive(DOWN, track=track, epoch=epoch, first=seq)
                for message in (*passage, read(f"s{epoch}", track=track, epoch=epoch, seq=seq)):
                    await send(bus, at(message, base_us))
                finals = {e.event_id: e for e in await final_events(bus, epoch) if e.final}
                told = [e.listed for e in sorted(finals.values(), key=lambda e: e.opened_at_us)]
    assert told == ["allow", "deny", ""]

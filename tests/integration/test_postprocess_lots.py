"""Parking lots over a real broker: passages of two cameras in, sessions out, over restarts."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec

from ingest.bus import Bus
from ingest.contract import BUCKETS, STREAMS, Camera, encode, events_subject
from ingest.process import Health
from postprocess.config import DecideSettings
from postprocess.contract import Event, Feedback, Region
from postprocess.decide import Decide
from postprocess.follow import Follower
from postprocess.functions.registry import registry
from postprocess.functions.unit import Context
from postprocess.lots import Lots
from postprocess.rules.lots import Policy
from postprocess.rules.parking import LotMemory
from postprocess.settings_watch import SettingsWatch
from tests.support.nats import running_nats
from tests.support.postprocess import everything, program, published_events, until

YARD = Region(id="yard", name="Двор", functions={"parking": {"capacity": 1, "antipassback": "both"}})
HOUR_US = 3_600_000_000
NOW_US = int(time.time() * 1e6)


@contextlib.asynccontextmanager
async def site(folder: Path) -> AsyncIterator[Bus]:
    """A broker with a lot: its gate has a region of its own below it; another camera belongs to no lot."""
    async with running_nats(folder) as nats, Bus.open(nats.settings, name="test") as bus:
        await bus.ensure_streams(*STREAMS)
        await bus.ensure_buckets(*BUCKETS)
        for region in (YARD, Region(id="gates", name="Ворота", parent="yard")):
            await bus.bucket("regions").put(region.id, msgspec.json.encode(region))
        for name, place in (("in", "gates"), ("out", "yard"), ("street", "")):
            camera = Camera(id=name, name=name, url="rtsp://camera/1", region=place)
            await bus.bucket("cameras").put(name, msgspec.json.encode(camera))
        yield bus


@contextlib.asynccontextmanager
async def running(bus: Bus, **options: Any) -> AsyncIterator[Follower[LotMemory, Policy]]:
    """The program beside the settings that it follows, as `__main__` wires them."""
    plain = Context(camera=Camera(id="none", name="", url=""), decide=DecideSettings())
    watch = SettingsWatch(bus, registry(), plain)
    lots = Follower(bus, watch, Lots(watch), **options)

    async def held() -> None:
        """Nobody else is there."""

    working = [asyncio.create_task(watch.run()), asyncio.create_task(lots.run(held))]
    lots.begin()
    try:
        yield lots
    finally:
        await lots.end(keep=True)
        for task in working:
            task.cancel()
        await asyncio.wait(working)


def passage(name: str, ago_us: int, camera: str, plate: str = "А123ВС77", **fields: Any) -> Event:
    """A final passage, so long ago."""
    way = "exit" if camera == "out" else "entry"
    return Event(
        event_id=name, version=2, kind=f"vehicle_{way}", camera=camera, opened_at_us=NOW_US - ago_us, final=True,
        direction=way, plate=plate, plate_sure=True, **fields,
    )  # type: ignore[arg-type]  # fmt: skip


async def tell(bus: Bus, *events: Event) -> None:
    """As decide and the api do."""
    for event in events:
        await bus.publish(events_subject(event.camera, event.kind), encode(event), message_id=event.message_id)


async def sessions(bus: Bus) -> dict[str, Event]:
    """Newest version of each session that stands, by the event that began it."""
    last = {e.event_id: e for e in await published_events(bus) if e.kind == "parking_session"}
    return {e.about or e.track: e for e in last.values() if e.cause != "withdrawn"}


async def stays(bus: Bus, wanted: dict[str, tuple[str, float | None]]) -> None:
    """Wait until exactly these sessions stand: cause, and seconds of stay where they are over."""

    async def there() -> bool:
        return {key: (e.cause, e.value) for key, e in (await sessions(bus)).items()} == wanted

    await until(there, f"sessions {wanted}")


async def test_cameras_of_a_lot_make_sessions(tmp_path: Path) -> None:
    """Entry at one camera, exit at another; the lot is full and free again; a camera of no lot counts nowhere."""
    async with site(tmp_path) as bus, running(bus):
        await tell(bus, passage("a", HOUR_US, "in"), passage("b", HOUR_US, "street", plate="М777ММ99"))
        await stays(bus, {"a": ("", None)})
        await tell(bus, passage("c", HOUR_US // 2, "out"))
        await stays(bus, {"a": ("", 1800.0)})
        full = [e for e in await published_events(bus) if e.kind == "parking_full"]
        assert [(e.camera, e.final, e.value) for e in full] == [("lot-yard", False, 1.0), ("lot-yard", True, 0.0)]


async def test_a_restart_goes_on(tmp_path: Path) -> None:
    """Stopped between entry and exit, twice; what happened meanwhile is read afterwards, nothing is said twice."""
    async with site(tmp_path) as bus:
        async with running(bus):
            await tell(bus, passage("a", HOUR_US, "in"))
            await stays(bus, {"a": ("", None)})
        assert (await bus.bucket("snapshots").get("lots.position")) is not None
        await tell(bus, passage("c", HOUR_US // 2, "out"))
        async with running(bus):
            await stays(bus, {"a": ("", 1800.0)})
        await bus.bucket("snapshots").delete("lots.lot.yard")
        await bus.bucket("snapshots").delete("lots.position")
        async with running(bus):  # all anew from the stream: the same ids and versions
            await tell(bus, passage("d", HOUR_US // 4, "in", plate="М777ММ99"))
            await stays(bus, {"a": ("", 1800.0), "d": ("", None)})
        told = [(e.event_id, e.version) for e in await published_events(bus) if e.kind == "parking_session"]
        assert len(told) == len(set(told)) == 3


async def test_lost_vehicles_are_settled_by_time(tmp_path: Path) -> None:
    """Nothing more comes, and after 48 hours it counts as gone."""
    async with site(tmp_path) as bus, running(bus, tick_s=0.2):
        await tell(bus, passage("a", 49 * HOUR_US, "in"))
        await stays(bus, {"a": ("no_exit", None)})


async def test_garbage_goes_to_the_dead(tmp_path: Path) -> None:
    """And what comes behind it is read."""
    async with site(tmp_path) as bus, running(bus):
        await bus.publish("zool.events.in.vehicle_entry", b"garbage", message_id="garbage")
        await tell(bus, passage("a", HOUR_US, "in"))

        async def both() -> bool:
            letters = await everything(bus, "DEAD", "zool.dead.decide")
            return (
                len(letters) == 1 and len(await everything(bus, "EVENTS", "zool.events.lot-yard.parking_session")) == 1
            )

        await until(both, "one letter, one session")


async def test_a_corrected_plate_pairs_again(tmp_path: Path) -> None:
    """A person says which plate left: the stay is known, the exit without an entry is withdrawn."""
    async with site(tmp_path) as bus, running(bus):
        await tell(bus, passage("a", HOUR_US, "in"), passage("c", HOUR_US // 2, "out", plate="М777ММ99"))
        await stays(bus, {"a": ("", None), "c": ("no_entry", None)})
        said = Feedback(event_id="c", camera="out", user="guard", verdict="corrected", plate="А123ВС77", at_us=NOW_US)
        await tell(bus, said.event())
        await stays(bus, {"a": ("", 1800.0)})


async def test_a_lot_that_is_no_more(tmp_path: Path) -> None:
    """Its settings are taken away: its state goes, its events stay. Settings that can't be read are as none."""
    async with site(tmp_path) as bus, running(bus, tick_s=0.2):
        await tell(bus, passage("a", HOUR_US, "in"))
        await stays(bus, {"a": ("", None)})
        broken = msgspec.structs.replace(YARD, functions={"parking": {"capacity": "many"}})
        await bus.bucket("regions").put("yard", msgspec.json.encode(broken))

        async def gone() -> bool:
            entry = await bus.bucket("snapshots").get("lots.lot.yard")
            return entry is None or entry.value is None

        await until(gone, "the state of the lot is gone")
        assert (await sessions(bus)).keys() == {"a"}


def decider(bus: Bus, name: str) -> Decide:
    """One of several processes that decide, wired as `__main__` does."""
    settings = DecideSettings(name=name, snapshot_s=0.2)
    watch = SettingsWatch(bus, registry(), Context(camera=Camera(id="none", name="", url=""), decide=settings))
    return Decide(bus, watch, registry(), settings, Health("decide"), second=Follower(bus, watch, Lots(watch)))


async def test_one_of_several_processes_keeps_the_lots(tmp_path: Path) -> None:
    """Two processes decide; the one that leaves first hands the lots over, and nothing is said twice."""
    async with site(tmp_path) as bus:
        async with program(decider(bus, "one").run):
            await tell(bus, passage("a", HOUR_US, "in"))
            await stays(bus, {"a": ("", None)})
            second = asyncio.create_task(decider(bus, "two").run(stop := asyncio.Event()))
            await tell(bus, passage("d", HOUR_US // 3, "in", plate="М777ММ99"))
            await stays(bus, {"a": ("", None), "d": ("", None)})
        await tell(bus, passage("c", HOUR_US // 2, "out"))
        await stays(bus, {"a": ("", 1800.0), "d": ("", None)})
        stop.set()
        await asyncio.wait_for(second, 10)
        told = [(e.event_id, e.version) for e in await published_events(bus) if e.kind == "parking_session"]
        assert len(told) == len(set(told)) == 3

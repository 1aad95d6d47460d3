"""How a camera does, over a real broker: alarms and people's words in, `camera_quality` out, over a restart."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from ingest.bus import Bus
from ingest.contract import BUCKETS, STREAMS, Camera, encode, events_subject
from postprocess.config import DecideSettings
from postprocess.contract import Event, Feedback
from postprocess.follow import Follower
from postprocess.functions.registry import registry
from postprocess.functions.unit import Context
from postprocess.quality import Quality
from postprocess.second import Together
from postprocess.settings_watch import SettingsWatch
from tests.support.nats import running_nats
from tests.support.postprocess import published_events, until

NOW_US = int(time.time() * 1e6)


def alarm(number: int, camera: str = "yard") -> Event:
    """Somebody in a zone, some minutes ago."""
    return Event(
        event_id=f"{camera}{number}", version=1, kind="intrusion", camera=camera, final=True, function="intrusion",
        opened_at_us=NOW_US - (60 - number) * 60_000_000, rule="fence", severity="alarm", confidence=0.7,
    )  # fmt: skip


def false_alarm(about: Event) -> Event:
    """Somebody says that it was a bird."""
    said = Feedback(
        event_id=about.event_id, camera=about.camera, user="ann", verdict="false_alarm", at_us=NOW_US, reason="animal"
    )
    return said.event()


async def tell(bus: Bus, *events: Event) -> None:
    """As decide and the api do."""
    for event in events:
        await bus.publish(events_subject(event.camera, event.kind), encode(event), message_id=event.message_id)


@contextlib.asynccontextmanager
async def running(bus: Bus) -> AsyncIterator[None]:
    """As `__main__` wires it."""
    watch = SettingsWatch(bus, registry(), Context(camera=Camera(id="none", name="", url=""), decide=DecideSettings()))
    second = Together(Follower(bus, watch, Quality(watch)))

    async def held() -> None:
        """Nobody else is there."""

    working = [asyncio.create_task(watch.run()), asyncio.create_task(second.run(held))]
    second.begin()
    try:
        yield
    finally:
        await second.end(keep=True)
        for task in working:
            task.cancel()
        await asyncio.wait(working)


async def told(bus: Bus) -> list[tuple[str, str, str, int]]:
    """What was said of cameras."""
    found = [e for e in await published_events(bus) if e.kind == "camera_quality"]
    return [(e.camera, e.label, e.cause, e.version) for e in found]


async def test_false_alarms_of_a_rule_become_an_event_once(tmp_path: Path) -> None:
    """Five of them, three before a restart and two behind it; a camera that is not set up says nothing."""
    async with running_nats(tmp_path) as nats, Bus.open(nats.settings, name="test") as bus:
        await bus.ensure_streams(*STREAMS)
        await bus.ensure_buckets(*BUCKETS)
        camera = Camera(id="yard", name="Двор", url="rtsp://camera/1")
        await bus.bucket("cameras").put("yard", msgspec.json.encode(camera))
        alarms = [alarm(n) for n in range(8)]
        async with running(bus):
            await tell(bus, *alarms, *(alarm(n, "gone") for n in range(8)))
            await tell(bus, *(false_alarm(alarm(n, "gone")) for n in range(8)), *map(false_alarm, alarms[:3]))

            async def kept() -> bool:
                entry = await bus.bucket("snapshots").get("quality.position")
                return entry is not None and entry.value == b"27"

            await until(kept, "all was read")
        assert await told(bus) == []
        async with running(bus):
            await tell(bus, *map(false_alarm, alarms[3:5]))

            async def said() -> bool:
                return await told(bus) == [("yard", "alarms_false", "animal", 1)]

            await until(said, "camera_quality")
            await tell(bus, *map(false_alarm, alarms[5:]))
        assert await told(bus) == [("yard", "alarms_false", "animal", 1)]

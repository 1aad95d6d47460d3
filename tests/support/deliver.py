"""`deliver` in this process for tests, over a real nats-server: targets and rules in, events in, the log out."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec

from ingest.bus import Bus
from ingest.contract import Camera, decode, encode, events_subject
from ingest.process import Health
from postprocess.config import DeliverSettings
from postprocess.contract import Event, EventPhoto
from postprocess.deliver.log import STREAM, Delivery
from postprocess.deliver.office import BUCKETS, STREAMS, Office
from postprocess.deliver.settings import RULES, TARGETS, DeliveryRule, Kind, Target
from postprocess.deliver.words import Language
from tests.support.nats import NatsServer, running_nats
from tests.support.postprocess import everything, grave_of, program, until

LOCAL = ("127.0.0.0/8",)
SETTINGS = DeliverSettings(networks=LOCAL, backoff_s_max=0.1)
SECRET = "a secret of this test"
JPEG = b"\xff\xd8\xff\xe0small picture\xff\xd9"
DEADLINE_S = 60.0


class Site:
    """A broker and what goes in and out of it."""

    def __init__(self, nats: NatsServer, bus: Bus, health: Health) -> None:
        self.nats, self.bus, self.health = nats, bus, health

    async def target(
        self, id_: str, kind: Kind, *, enabled: bool = True, language: Language = "en", **settings: Any
    ) -> None:
        """Write a target."""
        made = Target(id=id_, kind=kind, enabled=enabled, language=language, settings=settings)
        await self.bus.bucket(TARGETS).put(id_, msgspec.json.encode(made))

    async def rule(self, id_: str, target: str, **fields: Any) -> None:
        """Write a rule."""
        rule = msgspec.convert({"id": id_, "target": target} | fields, DeliveryRule)
        await self.bus.bucket(RULES).put(id_, msgspec.json.encode(rule))

    async def say(self, event: Event, *, message_id: str = "") -> None:
        """Publish an event as `decide` does."""
        subject = events_subject(event.camera, event.kind)
        await self.bus.publish(subject, encode(event), message_id=message_id or event.message_id)

    async def log(self, target: str = "*") -> list[Delivery]:
        """The log."""
        found = await everything(self.bus, STREAM, f"zool.deliveries.{target}")
        return [decode(message.payload, Delivery) for message in found]

    async def standing(self, *targets: str) -> None:
        """Wait until the couriers of targets have their consumers."""

        async def there() -> bool:
            for target in targets:
                for stream in ("EVENTS", "REDELIVER"):
                    if await self.bus.consumer_place(stream, f"deliver-{target}") is None:
                        return False
            return True

        await until(there, f"consumers of {targets}", deadline_s=DEADLINE_S)


@contextlib.asynccontextmanager
async def running_site(folder: Path) -> AsyncIterator[Site]:
    """A broker with streams, buckets and two cameras; `deliver` does not run yet."""
    async with running_nats(folder) as nats:
        health = Health("deliver")
        async with Bus.open(nats.settings, name="deliver", health=health) as bus:
            await bus.ensure_streams(*STREAMS)
            await bus.ensure_buckets(*BUCKETS)
            for name, words in (("gate-1", "Gate 1"), ("gate-2", "Gate 2")):
                camera = Camera(id=name, name=words, url="rtsp://camera/1")
                await bus.bucket("cameras").put(name, msgspec.json.encode(camera))
            yield Site(nats, bus, health)


@contextlib.asynccontextmanager
async def delivering(
    site: Site,
    settings: DeliverSettings = SETTINGS,
    *,
    per_minute_max: int = 1000,
    environ: dict[str, str] | None = None,
) -> AsyncIterator[Office]:
    """`deliver` under way."""
    grave = grave_of(site.bus, "deliver", site.health, per_minute_max=per_minute_max)
    office = Office(
        site.bus, grave, settings, site.health, timezone="UTC", environ=environ or {"ZOOL_SECRET_TEST": SECRET}
    )
    async with program(office.run):
        yield office


def happened(number: int, *, camera: str = "gate-1", version: int = 1, **fields: Any) -> Event:
    """An event of now."""
    values: dict[str, Any] = {
        "event_id": f"00000000-0000-5000-8000-{number:012d}",
        "version": version,
        "kind": "vehicle_entry",
        "camera": camera,
        "opened_at_us": time.time_ns() // 1000,
        "function": "vehicles",
        "rule": "gate",
        "confidence": 0.9,
        "photos": (EventPhoto(shot_id=f"shot-{number}", captured_at_us=time.time_ns() // 1000, thumbnail=JPEG),),
    }
    return Event(**(values | fields))

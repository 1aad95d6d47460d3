"""`python -m postprocess recognise|decide|store|deliver`: wires the edges of postprocess to each other."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import sys
from collections.abc import Awaitable, Callable

import msgspec

from ingest.bus import Bus
from ingest.contract import Camera
from ingest.process import Process, run
from ingest.settings import NatsSettings, SettingsError, TritonSettings, parse
from model_repository.contract import FACE_EMBEDDER
from postprocess.breaker import BreakerPolicy
from postprocess.config import DecideSettings, DeliverSettings, RecogniseSettings, StoreSettings
from postprocess.contract import ClickHouseSettings
from postprocess.errors import SchemaError, StoreAway
from postprocess.functions import registry
from postprocess.functions.unit import Context, Defaults, Site
from postprocess.rules.schedule import zone_of


async def recognise(process: Process) -> None:
    """Shots → reads, with every recogniser of the functions that are installed."""
    from postprocess.enroller import Enroller  # noqa: PLC0415 - each program loads its own edges only
    from postprocess.ensemble import Ensemble  # noqa: PLC0415
    from postprocess.face_watch import BUCKET, FaceWatch  # noqa: PLC0415
    from postprocess.grave import Grave  # noqa: PLC0415
    from postprocess.recognise import STREAMS, Recognise, durable  # noqa: PLC0415
    from postprocess.undertaker import Undertaker  # noqa: PLC0415

    settings = process.settings(RecogniseSettings, "recognise")
    nats, triton = process.settings(NatsSettings, "nats"), process.settings(TritonSettings, "triton")
    async with Bus.open(nats, name="recognise", health=process.health) as bus, contextlib.AsyncExitStack() as stack:
        await bus.ensure_streams(*STREAMS)
        await bus.ensure_buckets(BUCKET)
        grave = Grave(bus, "recognise", BreakerPolicy(per_minute_max=settings.dead_per_minute_max), process.health)
        await grave.listen()
        faces = FaceWatch(bus, process.health)
        programs, installed = [], list(registry.recognisers(registry.load()).values())
        undertaker = Undertaker(bus, grave, [("SHOTS", durable(each)) for each in installed])
        beside = [faces.run, undertaker.work]
        for each in installed:
            if not each.ensemble:
                programs.append(Recognise(bus, None, each, settings, grave))
                continue
            ensemble = Ensemble(
                each.name, each.outputs, triton, deadline_s=settings.deadline_ms / 1000, health=process.health
            )
            await stack.enter_async_context(ensemble)
            known = each.name == FACE_EMBEDDER
            programs.append(Recognise(bus, ensemble, each, settings, grave, complete=faces.matched if known else None))
            if known:
                beside.append(Enroller(bus, ensemble, faces).run)
        process.health.started()
        async with asyncio.TaskGroup() as group:
            for program in programs:
                group.create_task(program.run(process.stop))
            tasks = [group.create_task(each()) for each in beside]
            await process.stop.wait()
            for task in tasks:
                task.cancel()


async def decide(process: Process) -> None:
    """Detections + reads → events; functions → plans."""
    from postprocess.decide import BUCKETS, STREAMS, Decide  # noqa: PLC0415
    from postprocess.follow import Follower  # noqa: PLC0415
    from postprocess.lots import Lots  # noqa: PLC0415
    from postprocess.quality import TICK_S, Quality  # noqa: PLC0415
    from postprocess.second import Together  # noqa: PLC0415
    from postprocess.settings_watch import SettingsWatch  # noqa: PLC0415

    settings, nats = process.settings(DecideSettings, "decide"), process.settings(NatsSettings, "nats")
    _check_zone(settings)
    functions = registry.load()
    plain = Context(
        camera=Camera(id="none", name="", url=""),
        site=Site(timezone=settings.timezone),
        decide=settings,
        defaults=_defaults(process),
    )
    async with Bus.open(nats, name="decide", health=process.health) as bus:
        await bus.ensure_streams(*STREAMS)
        await bus.ensure_buckets(*BUCKETS)
        watch = SettingsWatch(bus, functions, plain)
        second = Together(Follower(bus, watch, Lots(watch)), Follower(bus, watch, Quality(watch), tick_s=TICK_S))
        await Decide(bus, watch, functions, settings, process.health, second=second).run(process.stop)


BATCHES_OF_OBJECTS = (100_000, 20, 50)
"""Thresholds of the collector of cycles for a stage that holds thousands of messages: at Python's own ones it
walks through all of them again and again, a third of the time of a row."""


async def store(process: Process) -> None:
    """Events, photos and cameras → ClickHouse."""
    from postprocess.clickhouse import ClickHouse  # noqa: PLC0415
    from postprocess.forgetter import Forgetter  # noqa: PLC0415
    from postprocess.grave import Grave  # noqa: PLC0415
    from postprocess.store import BUCKETS, STREAMS, Store  # noqa: PLC0415

    gc.set_threshold(*BATCHES_OF_OBJECTS)
    settings, nats = process.settings(StoreSettings, "store"), process.settings(NatsSettings, "nats")
    where = process.settings(ClickHouseSettings, "clickhouse")
    house = ClickHouse(where)
    async with Bus.open(nats, name="store", health=process.health) as bus:
        await bus.ensure_streams(*STREAMS)
        await bus.ensure_buckets(*BUCKETS)
        grave = Grave(bus, "store", BreakerPolicy(per_minute_max=settings.dead_per_minute_max), process.health)
        await grave.listen()
        await Forgetter(bus, house).listen()
        process.health.started()
        try:
            await Store(bus, house, settings, process.health, grave).run(process.stop)
        except SchemaError as error:
            raise _refused(where, error) from error
    house.close()


async def deliver(process: Process) -> None:
    """Events → other systems and people."""
    from postprocess.deliver.office import BUCKETS, STREAMS, Office  # noqa: PLC0415
    from postprocess.grave import Grave  # noqa: PLC0415

    settings, nats = process.settings(DeliverSettings, "deliver"), process.settings(NatsSettings, "nats")
    decide_settings = process.settings(DecideSettings, "decide")
    _check_zone(decide_settings)
    policy = BreakerPolicy(per_minute_max=settings.dead_per_minute_max)
    async with Bus.open(nats, name="deliver", health=process.health) as bus:
        await bus.ensure_streams(*STREAMS)
        await bus.ensure_buckets(*BUCKETS)
        grave = Grave(bus, "deliver", policy, process.health)
        await grave.listen()
        office = Office(
            bus, grave, settings, process.health, timezone=decide_settings.timezone, environ=process.environ
        )
        process.health.started()
        await office.run(process.stop)


async def schema(
    settings: ClickHouseSettings, kept: StoreSettings | None, *, upto: int | None = None
) -> list[tuple[int, str, bool]]:
    """Number, name and whether it is applied of every migration; with `kept` what is missing is applied (`upto`).

    Raises `SettingsError` where the database can't be reached or must not be written.
    """
    from postprocess.clickhouse import ClickHouse  # noqa: PLC0415
    from postprocess.store import keep_of  # noqa: PLC0415

    house = ClickHouse(settings)
    try:
        if kept is not None:
            await house.migrate(keep_of(kept), upto=upto)
        found = await house.status()
    except SchemaError as error:
        raise _refused(settings, error) from error
    except StoreAway as error:
        raise SettingsError(section="clickhouse", key="host", value=settings.host, allowed=str(error)) from error
    finally:
        house.close()
    rows = [(one.number, one.name, True) for one in found.applied]
    return rows + [(one.number, one.name, False) for one in found.pending]


def _refused(settings: ClickHouseSettings, error: SchemaError) -> SettingsError:
    return SettingsError(section="clickhouse", key="database", value=settings.database, allowed=str(error))


def _check_zone(settings: DecideSettings) -> None:
    try:
        zone_of(settings.timezone)
    except KeyError:
        allowed = "an IANA name such as Europe/Moscow"
        raise SettingsError(section="decide", key="timezone", value=settings.timezone, allowed=allowed) from None


def _defaults(process: Process) -> Defaults:
    """The defaults that `[ingest]` holds for all functions; ingest itself checks them."""
    told: dict[str, object] = dict(parse(process.ini).get("ingest", {}))
    for key in ("confidence_ratio", "class_list"):
        told[key] = process.environ.get(f"ZOOL_INGEST_{key.upper()}", told.get(key))
    kept = {key: value for key, value in told.items() if value is not None}
    if "class_list" in kept:
        kept["class_list"] = tuple(part.strip() for part in str(kept["class_list"]).split(",") if part.strip())
    return msgspec.convert(kept, Defaults, strict=False)


PROGRAMS: dict[str, Callable[[Process], Awaitable[None]]] = {
    "recognise": recognise, "decide": decide, "store": store, "deliver": deliver,
}  # fmt: skip


def main(argv: list[str]) -> int:
    """Run the program that the first word names; returns its exit code."""
    if not argv or argv[0] not in PROGRAMS:
        sys.stderr.write(f"usage: python -m postprocess {'|'.join(PROGRAMS)} [--config FILE]\n")
        return 2
    return run(argv[0], PROGRAMS[argv[0]], argv[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

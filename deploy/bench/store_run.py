"""`zool bench store`: drains a stream of events through the program `store`, and asks panels of a large store.

Edge (asyncio, clock). The broker, the face of the engine and `store` are those of `zool up`, on a folder of their own;
nothing else runs. `store` is started when all is there that it is to drain.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import time
from pathlib import Path
from typing import Any

import msgspec

from deploy.bench import child, procfs, storing
from deploy.bench.house import House, connected, history, opened
from deploy.bench.result import Result, finish
from deploy.bench.storing import Asked, Expected, Found, Point
from deploy.errors import NothingMeasured
from deploy.up import command as up
from deploy.up.supervisor import Supervisor
from ingest.bus import Bus
from postprocess.__main__ import schema
from postprocess.config import StoreSettings

DATA_DIR = Path("var/bench-store")
STREAM, DURABLE = "EVENTS", "store"
FLUSH_EVERY = 2000
LOOK_S = 0.25
IDLE_S_MAX = 60.0
"""Nothing moved for so long: it does not drain."""
FLOOR_ROWS, FLOOR_S = 50_000, 5.0
PANEL_DAYS, PANEL_TIMES = 30, 7


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `zool bench store` understands."""
    parser.add_argument(
        "--data-dir", type=Path, default=DATA_DIR, help="its own folder, emptied (default: %(default)s)"
    )
    parser.add_argument("--config", type=Path, help="config.ini, of which [store] is read")
    parser.add_argument("--events", type=_events, default=1_000_000, help="messages to drain (default: %(default)s)")
    parser.add_argument(
        "--rows",
        type=_rows,
        default=5_000_000,
        help="events behind the panels, 0 = don't ask them (default: %(default)s)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """0 when there is a figure; 1 when nothing was measured; 130 where it was stopped."""
    return finish(asyncio.run(_run(args)), json_wanted=args.json)


async def _run(args: argparse.Namespace) -> Result | None:
    stop = up.stop_event()
    up.read_config(args.config)
    with contextlib.suppress(up.StoppedEarly):
        async with opened(args, stop) as house:
            await schema(house.store, StoreSettings())
            told = await _fill(house, args.events, stop)
            points = await _drain(house, told, stop)
            if points is None:
                return None
            found, floor = await asyncio.to_thread(_found, house), await asyncio.to_thread(_floor, house)
            asked = await _panels(house, args.rows, stop)
            return storing.drained(points, found, told, floor=floor, asked=asked, conditions=_conditions(args))
    return None


def _conditions(args: argparse.Namespace) -> dict[str, Any]:
    return {
        "messages": args.events,
        "rows_behind_panels": args.rows,
        "panel_days": PANEL_DAYS,
        "cameras": storing.CAMERAS,
        "thumbnail_bytes": storing.THUMBNAIL_BYTES,
        "load_average": round(os.getloadavg()[0], 2),
        "machine": procfs.machine(),
    }


async def _fill(house: House, count: int, stop: asyncio.Event) -> Expected:
    """Put the messages into the stream; raises `StoppedEarly`."""
    told, begun_s = Expected(), time.monotonic()
    begin_us = time.time_ns() // 1000 - count * storing.STEP_US
    async with Bus.open(house.account("decide"), name="bench") as bus:
        await bus.ensure_streams(STREAM)
        client = await connected(house.account("decide"))
        for sent in storing.messages(count, begin_us):
            await client.publish(sent.subject, sent.payload, headers={"Nats-Msg-Id": sent.message_id})
            told.add(sent)
            if told.messages % FLUSH_EVERY == 0:
                await client.flush(30)
                if stop.is_set():
                    raise up.StoppedEarly
        await client.flush(30)
        await client.close()
        while await bus.last_seq(STREAM) < count:  # noqa: ASYNC110 - it is the server that knows
            await asyncio.sleep(LOOK_S)
    up.say(f"  {count} messages sent in {time.monotonic() - begun_s:.1f} s")
    return told


async def _drain(house: House, told: Expected, stop: asyncio.Event) -> list[Point] | None:
    """From the making of the consumer to the last acknowledgement; None where it was stopped."""
    program = Supervisor((house.table["store"],), logs=house.logs, say=up.say)
    points = list[Point]()
    try:
        await program.start()
        async with Bus.open(house.account("store"), name="bench") as bus:
            moved_s = time.monotonic()
            while not points or points[-1].rows < told.messages:
                if stop.is_set():
                    return None
                done, now_s = await _acknowledged(bus), time.monotonic()
                if done > (points[-1].rows if points else -1):
                    points.append(Point(at_s=now_s, rows=done, cpu_s=_cpu_s(house.servers, program)))
                    moved_s = now_s
                if now_s - moved_s > IDLE_S_MAX:
                    raise NothingMeasured("store", IDLE_S_MAX, house.logs)
                await asyncio.sleep(LOOK_S)
    finally:
        await program.stop()
    return points


def _cpu_s(*supervisors: Supervisor) -> dict[str, float]:
    """Processor time of every component so far."""
    children = (pair for one in supervisors for pair in one.children.items())
    heads = {name: child.process.pid for name, child in children if child.process is not None}
    return {name: reading.usage.cpu_s for name, reading in procfs.readings(heads).items()}


async def _acknowledged(bus: Bus) -> int:
    """Up to which sequence everything is acknowledged; -1 while there is no consumer."""
    reply = msgspec.json.decode(await bus.ask(f"$JS.API.CONSUMER.INFO.{STREAM}.{DURABLE}", b"", timeout_s=10))
    return int(reply["ack_floor"]["stream_seq"]) if "ack_floor" in reply else -1


def _found(house: House) -> Found:
    with contextlib.closing(house.client()) as client:
        rows = client.command("SELECT count() FROM events")
        asked = "SELECT count(), sum(version), countIf(plate != '') FROM events_latest"
        events, versions, plates = client.query(asked).result_rows[0]
    return Found(rows=rows, events=events, versions=versions, plates=plates)


def _floor(house: House) -> float:
    """Rows a second that the ordinary client inserts of rows it has ready, batch after batch, one at a time."""
    batch = StoreSettings().batch_rows_max
    with contextlib.closing(house.client()) as client:
        client.command("CREATE TABLE floor AS events")
        asked = client.query(
            f"SELECT * EXCEPT stored_at FROM events LIMIT {FLOOR_ROWS}",  # noqa: S608 - a number of ours
            query_formats={"String": "bytes", "DateTime64": "int"}, column_oriented=True,
        )  # fmt: skip
        names, columns = list(asked.column_names), [list(column) for column in asked.result_columns]
        begun_s, done = time.monotonic(), 0
        while time.monotonic() - begun_s < FLOOR_S:
            at = done % len(columns[0])
            part = [column[at : at + batch] for column in columns]
            client.insert("floor", part, column_names=names, column_oriented=True)
            done += len(part[0])
        rate = done / (time.monotonic() - begun_s)
        client.command("DROP TABLE floor")
    return rate


async def _panels(house: House, rows: int, stop: asyncio.Event) -> dict[str, Asked]:
    """How long the panels of the board and some over all time take over so many events."""
    if rows == 0:
        return {}
    begun_s = time.monotonic()
    await asyncio.to_thread(_history, house, rows, stop)
    up.say(f"  {rows} events written in {time.monotonic() - begun_s:.0f} s")
    program = Supervisor((house.table["store"],), logs=house.logs, say=up.say)
    begun_s = time.monotonic()
    try:
        await program.start()
        while not await asyncio.to_thread(_counted, house):
            if stop.is_set():
                raise up.StoppedEarly
            await asyncio.sleep(LOOK_S)
    finally:
        await program.stop()
    up.say(f"  hours counted in {time.monotonic() - begun_s:.0f} s")
    said = await child.said("panels", "dashboards", "sql", "--days", str(PANEL_DAYS), stop=stop)
    if said is None:
        raise up.StoppedEarly
    return await asyncio.to_thread(_ask, house, {**json.loads(said), **storing.ALL_TIME})


def _history(house: House, rows: int, stop: asyncio.Event) -> None:
    """Events of most of a year up to now, by parts; raises `StoppedEarly`."""
    span_us = storing.HISTORY_DAYS * 86_400_000_000
    begin_us = time.time_ns() // 1000 - span_us
    wanted = {"cameras": storing.CAMERAS, "begin_us": begin_us, "step_us": span_us // rows}
    with contextlib.closing(house.client()) as client:
        client.command("TRUNCATE TABLE events")
        client.command(storing.NAMES, parameters=wanted)
    history(house, storing.FILL, rows, wanted, stop)


def _counted(house: House) -> bool:
    with contextlib.closing(house.client()) as client:
        whole, counted = (
            client.command(f"SELECT {what}") for what in ("count() FROM events", "sum(events) FROM events_by_hour")
        )
    return bool(whole == counted)


def _ask(house: House, questions: dict[str, str]) -> dict[str, Asked]:
    found = {}
    with contextlib.closing(house.client()) as client:
        for title, sql in questions.items():
            times_ms = []
            for _ in range(PANEL_TIMES + 1):
                begun_s = time.perf_counter()
                client.query(sql)
                times_ms.append(1000.0 * (time.perf_counter() - begun_s))
            found[title] = Asked(times_ms=tuple(times_ms[1:]))  # the first one reads from the disk
    return found


def _rows(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 1_000_000_000:
        raise argparse.ArgumentTypeError(f"{text} is no number of events; allowed: 0 to 1 billion")
    return number


def _events(text: str) -> int:
    number = int(text)
    if not 100 <= number <= 100_000_000:
        raise argparse.ArgumentTypeError(f"{text} is no number of messages; allowed: 100 to 100 million")
    return number

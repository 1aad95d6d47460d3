"""`zool bench api`: many clients of the event stream before a feed of events, and lists of events with filters.

Edge (asyncio, clock). Broker, store, `store` and api are those of `zool up`, on a folder of their own, without cameras:
the events are written to the broker as `decide` does. All clients live in this one process, whose own lateness is told.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import datetime as dt
import os
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import msgspec
from nats.aio.client import Client

from deploy.bench import listening, procfs, storing
from deploy.bench.house import House, connected, history, opened
from deploy.bench.listening import Heard, Listened
from deploy.bench.result import Result, finish
from deploy.bench.usage import Usage
from deploy.errors import NothingMeasured
from deploy.up import command as up
from deploy.up.plan import LOOPBACK
from deploy.up.supervisor import Supervisor
from ingest.bus import Bus
from ingest.contract import encode, events_subject
from postprocess.__main__ import schema
from postprocess.config import StoreSettings

DATA_DIR = Path("var/bench-api")
HISTORY_DAYS = 90
ASK_PAUSE_S = 0.1
ALONE_S = 10
TAIL_S = 5.0
"""After the last event: time for it to arrive."""
HELLO_S_MAX = 60.0
TICK_S = 0.05
TIMEOUT_S = 60.0
MB = 1e6


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `zool bench api` understands."""
    parser.add_argument(
        "--data-dir", type=Path, default=DATA_DIR, help="its own folder, emptied (default: %(default)s)"
    )
    parser.add_argument("--config", type=Path, help="config.ini, of which [store] and [api] are read")
    parser.add_argument("--clients", type=_count(1, 990), default=200, help="clients (default: %(default)s)")
    parser.add_argument("--rate", type=_count(1, 1000), default=5, help="events a second (default: %(default)s)")
    parser.add_argument(
        "--for", dest="seconds", type=_count(5, 86_400), default=60, metavar="SECONDS",
        help="length of the feed (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--rows", type=_count(1000, 100_000_000), default=100_000, help="events in the store (default: %(default)s)"
    )
    parser.add_argument(
        "--asks", type=_count(1, 10_000), default=40, help="how often each list is asked for (default: %(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """0 when there is a figure; 1 when nothing was measured; 130 where it was stopped."""
    return finish(asyncio.run(_run(args)), json_wanted=args.json)


async def _run(args: argparse.Namespace) -> Result | None:
    stop, load = up.stop_event(), os.getloadavg()[0]
    up.read_config(args.config)
    with contextlib.suppress(up.StoppedEarly):
        async with opened(args, stop) as house:
            await schema(house.store, StoreSettings())
            await asyncio.to_thread(_fill, house, args.rows, stop)
            async with _api(house, args.clients, stop) as (http, programs):
                empty_mb = _used(house, programs)["api"].rss_bytes / MB
                quiet = await _ask(http, args.asks, stop)
                alone = await _listen(house, http, programs, (1, args.rate, min(ALONE_S, args.seconds)), stop)
                up.say("  one client was heard out")
                crowd = await _listen(house, http, programs, (args.clients, args.rate, args.seconds), stop)
        conditions = {
            "clients": args.clients, "events_per_s": args.rate, "window_s": args.seconds,
            "events_in_store": args.rows, "load_average": [round(load, 2), round(os.getloadavg()[0], 2)],
            "machine": procfs.machine(),
        }  # fmt: skip
        found = listening.result(alone, crowd, quiet, empty_mb=empty_mb, conditions=conditions)
        if found is None:
            raise NothingMeasured("api", args.seconds, args.data_dir / "logs")
        return found
    return None


def _fill(house: House, rows: int, stop: asyncio.Event) -> None:
    span_us = HISTORY_DAYS * 86_400_000_000
    begin_us = time.time_ns() // 1000 - span_us
    wanted = {"cameras": storing.CAMERAS, "begin_us": begin_us, "step_us": span_us // rows}
    history(house, storing.FILL, rows, wanted, stop)
    up.say(f"  {rows} events are in the store")


@contextlib.asynccontextmanager
async def _api(house: House, clients: int, stop: asyncio.Event) -> AsyncIterator[tuple[httpx.AsyncClient, Supervisor]]:
    """`store` and the api with room for the clients: a client of it, and their supervisor."""
    api = house.table["api"]
    roomy = msgspec.structs.replace(api, environ={**api.environ, "ZOOL_API_STREAM_CLIENTS_MAX": str(clients + 8)})
    programs = Supervisor((house.table["store"], roomy), logs=house.logs, say=up.say)
    try:
        await programs.start()
        await up.ready_or_stopped(programs, stop)
        url = f"http://{LOOPBACK}:{house.ports.api}/api/v1"
        headers = {"Authorization": f"Bearer {house.token}"}
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=4)
        async with httpx.AsyncClient(
            base_url=url, headers=headers, limits=limits, timeout=TIMEOUT_S, trust_env=False
        ) as http:
            yield http, programs
    finally:
        await programs.stop()


def _used(house: House, programs: Supervisor) -> dict[str, Usage]:
    """What every component has used, and this process as `bench`."""
    children = [*house.servers.children.items(), *programs.children.items()]
    heads = {name: child.process.pid for name, child in children if child.process is not None}
    return {name: one.usage for name, one in procfs.readings(heads, {"bench": os.getpid()}).items()}


async def _ask(http: httpx.AsyncClient, times: int, stop: asyncio.Event) -> dict[str, list[float]]:
    """Every question so many times, one at a time; raises `StoppedEarly`, `httpx.HTTPError`."""
    days_ago = dt.datetime.now(dt.UTC) - dt.timedelta(days=30)
    found: dict[str, list[float]] = {title: [] for title in listening.QUERIES}
    for _ in range(times):
        for title, filters in listening.QUERIES.items():
            if stop.is_set():
                raise up.StoppedEarly
            sent = {name: value.format(days_ago_30=days_ago.isoformat()) for name, value in filters.items()}
            begun_s = time.perf_counter()
            (await http.get("/events", params=sent)).raise_for_status()
            found[title].append(1000.0 * (time.perf_counter() - begun_s))
    return found


async def _listen(
    house: House, http: httpx.AsyncClient, programs: Supervisor, wanted: tuple[int, int, float], stop: asyncio.Event
) -> Listened:
    """So many clients before so many events a second for so long; raises `StoppedEarly`."""
    clients, rate, seconds = wanted
    heard, ready = [Heard() for _ in range(clients)], asyncio.Semaphore(0)
    late_ms, queries = list[float](), {title: list[float]() for title in listening.QUERIES}
    tasks = [asyncio.create_task(_client(http, one, ready)) for one in heard]
    try:
        async with asyncio.timeout(HELLO_S_MAX):
            for _ in heard:
                await ready.acquire()
        before = _used(house, programs)
        tasks += [asyncio.create_task(_watch_loop(late_ms))]
        if clients > 1:
            tasks += [asyncio.create_task(_ask_on(http, queries, stop))]
        begun_s = time.perf_counter()
        sent_s = await _feed(house, rate, seconds, stop)
        window_s = time.perf_counter() - begun_s
        await _arrived(heard, sent_s)
        after = _used(house, programs)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return Listened(
        sent_s=sent_s, clients=tuple(heard), late_ms=tuple(late_ms), window_s=window_s, queries=queries,
        rss_mb=after["api"].rss_bytes / MB, cpu_s={name: one.cpu_s - before[name].cpu_s for name, one in after.items()},
    )  # fmt: skip


async def _client(http: httpx.AsyncClient, heard: Heard, ready: asyncio.Semaphore) -> None:
    """One client: notes what comes until its line ends; raises `httpx.HTTPError` where it is not let in."""
    async with http.stream("GET", "/events/stream") as answer:
        answer.raise_for_status()
        seq, name, data = 0, "", False
        async for line in answer.aiter_lines():
            if line:
                field, _, value = line.partition(": ")
                if field == "id":
                    seq = int(value)
                elif field == "event":
                    name = value
                data |= field == "data"
                continue
            if name == "hello":
                ready.release()
            elif name == "cut":
                heard.cuts += 1
            elif data and not name:
                heard.note(seq, time.perf_counter())
            name, data = "", False
    heard.cuts += 1


async def _feed(house: House, rate: int, seconds: float, stop: asyncio.Event) -> dict[int, float]:
    """Write events at an even pace: when each was sent, by its sequence in the stream."""
    async with Bus.open(house.account("decide"), name="bench") as bus:
        await bus.ensure_streams("EVENTS")
    broker, first = await connected(house.account("decide")), time.time_ns()
    try:
        return await _paced(broker, first, round(rate * seconds), 1.0 / rate, stop)
    finally:
        await broker.close()


async def _paced(broker: Client, first: int, count: int, step_s: float, stop: asyncio.Event) -> dict[int, float]:
    js, sent_s, begun_s = broker.jetstream(), dict[int, float](), time.perf_counter()
    for number in range(count):
        if stop.is_set():
            raise up.StoppedEarly
        await asyncio.sleep(begun_s + number * step_s - time.perf_counter())
        event = listening.event(first + number, time.time_ns() // 1000)
        at_s = time.perf_counter()
        told = await js.publish(
            events_subject(event.camera, event.kind), encode(event), headers={"Nats-Msg-Id": event.message_id}
        )
        sent_s[told.seq] = at_s
    return sent_s


async def _arrived(heard: Sequence[Heard], sent_s: dict[int, float]) -> None:
    """Until every client has everything, and no longer than `TAIL_S`."""
    deadline_s = time.perf_counter() + TAIL_S
    while time.perf_counter() < deadline_s and any(sent_s.keys() - one.at_s.keys() for one in heard):  # noqa: ASYNC110 - bounded
        await asyncio.sleep(TICK_S)


async def _watch_loop(late_ms: list[float]) -> None:
    while True:
        begun_s = time.perf_counter()
        await asyncio.sleep(TICK_S)
        late_ms.append(1000.0 * (time.perf_counter() - begun_s - TICK_S))


async def _ask_on(http: httpx.AsyncClient, found: dict[str, list[float]], stop: asyncio.Event) -> None:
    """The same questions beside the streams."""
    while True:
        for title, times_ms in (await _ask(http, 1, stop)).items():
            found[title] += times_ms
        await asyncio.sleep(ASK_PAUSE_S)


def _count(least: int, most: int) -> Any:
    def read(text: str) -> int:
        number = int(text)
        if not least <= number <= most:
            raise argparse.ArgumentTypeError(f"{text} is not allowed; allowed: {least} to {most}")
        return number

    return read

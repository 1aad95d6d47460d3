"""`zool bench away`: a controller of a barrier and a webhook go away for minutes; what comes afterwards, what opens.

Edge (asyncio, threads, gRPC, HTTP, clock). Broker, store, api and `deliver` are those of `zool up`, on a folder of
their own, without cameras: passages are written to the broker as `decide` does. What was decided is known by a second
client of the same doors, which never goes away.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import os
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import msgspec
from nats.js import JetStreamContext

from deploy.acs.barrier import Barrier, Command
from deploy.acs.client import Target
from deploy.acs.doors import DoorClient
from deploy.acs.keep import Nowhere
from deploy.bench import away, procfs
from deploy.bench.away import Arrival, Opening, Told
from deploy.bench.house import House, connected, opened
from deploy.bench.result import Result, finish
from deploy.errors import NothingMeasured
from deploy.up import command as up
from deploy.up.plan import LOOPBACK
from deploy.up.supervisor import Supervisor
from ingest.contract import encode, events_subject
from postprocess.__main__ import schema
from postprocess.config import StoreSettings
from postprocess.contract import Event

DATA_DIR = Path("var/bench-away")
AROUND_S = 10.0
"""Of the feed before and after the outage."""
ARRIVE_S_MAX = 180.0
"""After the last event: the pause of a target that was away is a minute at most."""
TICK_S = 0.05
TIMEOUT_S = 60.0
TARGET = "erp"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `zool bench away` understands."""
    parser.add_argument(
        "--data-dir", type=Path, default=DATA_DIR, help="its own folder, emptied (default: %(default)s)"
    )
    parser.add_argument("--config", type=Path, help="config.ini, of which [api] and [deliver] are read")
    parser.add_argument(
        "--for", dest="seconds", type=float, default=120.0, metavar="SECONDS", help="how long (default: %(default)s)"
    )
    parser.add_argument("--rate", type=float, default=5.0, help="passages a second (default: %(default)s)")
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
            async with _programs(house, stop) as http:
                seen = await _watched(house, http, args, stop)
        conditions = {
            "outage_s": args.seconds, "passages_per_s": args.rate, "versions": away.VERSIONS,
            "load_average": [round(load, 2), round(os.getloadavg()[0], 2)], "machine": procfs.machine(),
        }  # fmt: skip
        found = away.result(*seen, conditions)
        if found is None:
            raise NothingMeasured("away", args.seconds, args.data_dir / "logs")
        return found
    return None


@contextlib.asynccontextmanager
async def _programs(house: House, stop: asyncio.Event) -> AsyncIterator[httpx.AsyncClient]:
    """The api and `deliver`, which may send to this machine; a client of the api."""
    deliver = house.table["deliver"]
    near = msgspec.structs.replace(
        deliver, environ={**deliver.environ, "ZOOL_DELIVER_NETWORKS": "127.0.0.0/8", "ZOOL_SECRET_BENCH": "s" * 32}
    )
    programs = Supervisor((house.table["api"], near), logs=house.logs, say=up.say)
    try:
        await programs.start()
        await up.ready_or_stopped(programs, stop)
        async with httpx.AsyncClient(
            base_url=f"http://{LOOPBACK}:{house.ports.api}/api/v1",
            headers={"Authorization": f"Bearer {house.token}"}, timeout=TIMEOUT_S, trust_env=False,
        ) as http:  # fmt: skip
            yield http
    finally:
        await programs.stop()


class Hook:
    """Somebody's HTTP server: notes what it takes; closed, nobody listens on its port."""

    def __init__(self) -> None:
        self.came: list[Arrival] = []
        self._port = 0
        self._server: ThreadingHTTPServer | None = None
        self.open()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{LOOPBACK}:{self._port}/in"

    def open(self) -> None:
        """Listen, on the same port again."""
        came = self.came

        class Taking(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                event = msgspec.json.decode(self.rfile.read(int(self.headers["Content-Length"])))
                name = str(self.headers["Idempotency-Key"])
                came.append(Arrival(id=name, key=event["plate"], at_s=time.monotonic()))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer((LOOPBACK, self._port), Taking)
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": TICK_S}, daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


class Controller:
    """A client of the doors with a barrier, and all that it heard and did."""

    def __init__(self, target: Target) -> None:
        self._target, self._keeper, self._barrier = target, Nowhere(lambda _: None), Barrier()
        self.heard: list[Command] = []
        self.came: list[Arrival] = []
        self.openings: list[Opening] = []

    @contextlib.asynccontextmanager
    async def there(self) -> AsyncIterator[None]:
        """It listens, behind what it heard before; afterwards it is gone."""
        async with DoorClient(self._target, (away.DOOR,), self._keeper, say=up.say) as client:
            listening = asyncio.create_task(self._listen(client))
            try:
                async with asyncio.timeout(TIMEOUT_S):
                    while not client.online:  # noqa: ASYNC110 - bounded
                        await asyncio.sleep(TICK_S)
                yield
            finally:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)

    async def _listen(self, client: DoorClient) -> None:
        async with contextlib.aclosing(client.decisions()) as decisions:
            async for command in decisions:
                done = self._barrier.hear(command, server_us=client.clock.latest_us(), now_s=time.monotonic())
                self.heard.append(command)
                self.came.append(Arrival(id=command.id, key=command.door, at_s=time.monotonic()))
                if any(one.outcome == "opened" and one.id == command.id for one in done):
                    self.openings.append(Opening(command=command, at_us=time.time_ns() // 1000))


async def _watched(
    house: House, http: httpx.AsyncClient, args: argparse.Namespace, stop: asyncio.Event
) -> tuple[dict[str, Told], list[Command], list[Opening]]:
    """Before, away, back; raises `StoppedEarly`, `httpx.HTTPError`, `TimeoutError`."""
    address = Target(address=f"{LOOPBACK}:{house.ports.acs}", token=house.token)
    hook, witness, controller, said = Hook(), Controller(address), Controller(address), list[Event]()
    broker = await connected(house.account("decide"))
    try:
        await _set_up(http, hook.url)
        async with witness.there():
            await _warm(broker.jetstream(), lambda: bool(hook.came and witness.heard))
            async with controller.there():
                feeding = asyncio.create_task(_feed(broker.jetstream(), args.rate, 2 * AROUND_S + args.seconds, said))
                await _pause(stop, AROUND_S)
            try:
                gone_us = time.time_ns() // 1000
                hook.close()
                up.say(f"  both are away for {args.seconds:g} s")
                await _pause(stop, args.seconds)
                back_us, back_s = time.time_ns() // 1000, time.monotonic()
                hook.open()
                up.say("  both are back")
                async with controller.there():
                    await feeding
                    await _until(stop, lambda: _all_there(said, witness, controller, hook))
            finally:
                feeding.cancel()
    finally:
        hook.close()
        await broker.close()
    own = {event.event_id for event in said}
    decided = [one for one in witness.heard if one.event in own]
    return (
        {
            "controller": Told(
                due=[(one.id, one.door) for one in decided],
                away=frozenset(one.id for one in decided if gone_us <= one.decided_at_us < back_us),
                came=[came for came, one in zip(controller.came, controller.heard, strict=True) if one.event in own],
                back_s=back_s,
            ),
            "webhook": Told(
                due=[(one.message_id, one.plate) for one in said],
                away=frozenset(one.message_id for one in said if gone_us <= one.opened_at_us < back_us),
                came=[one for one in hook.came if one.id.rpartition(".")[0] in own],
                back_s=back_s,
            ),
        },
        controller.heard,
        controller.openings,
    )


def _all_there(said: list[Event], witness: Controller, controller: Controller, hook: Hook) -> bool:
    """Whether each passage was decided about and each version came to both that were away."""
    wanted, events = {one.event_id for one in said}, {one.message_id for one in said}
    return (
        wanted <= {one.event for one in witness.heard}
        and wanted <= {one.event for one in controller.heard}
        and events <= {one.id for one in hook.came}
    )


async def _set_up(http: httpx.AsyncClient, url: str) -> None:
    """A barrier, lists, and a webhook that is sent every version of every passage."""
    hook = {"kind": "webhook", "settings": {"url": url, "secret": {"env": "ZOOL_SECRET_BENCH"}}}
    for method, path, body in (
        ("PUT", f"/doors/{away.DOOR}", {"places": [{"camera": away.CAMERA}]}),
        *(("POST", "/vehicles", {"plate": plate, "list": "allow"}) for plate in away.LISTED),
        ("POST", "/vehicles", {"plate": away.DENIED, "list": "deny"}),
        ("PUT", f"/deliveries/targets/{TARGET}", hook),
        ("PUT", "/deliveries/rules/all", {"target": TARGET, "kinds": ["vehicle_entry"], "versions": "every"}),
    ):
        (await http.request(method, path, json=body)).raise_for_status()


async def _warm(js: JetStreamContext, ready: Callable[[], bool]) -> None:
    """Say passages that don't count until both sides know what they are to do."""
    async with asyncio.timeout(TIMEOUT_S):
        for number in itertools.count():
            if ready():
                return
            await _say(js, away.passages(number, time.time_ns() // 1000, name="warm"))
            await asyncio.sleep(10 * TICK_S)


async def _feed(js: JetStreamContext, rate: float, seconds: float, said: list[Event]) -> None:
    """Passages at an even pace."""
    begun_s = time.monotonic()
    for number in range(round(rate * seconds)):
        await asyncio.sleep(begun_s + number / rate - time.monotonic())
        events = away.passages(number, time.time_ns() // 1000)
        await _say(js, events)
        said += events


async def _say(js: JetStreamContext, events: Iterable[Event]) -> None:
    for event in events:
        headers = {"Nats-Msg-Id": event.message_id}
        await js.publish(events_subject(event.camera, event.kind), encode(event), headers=headers)


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
        raise up.StoppedEarly


async def _until(stop: asyncio.Event, there: Callable[[], bool]) -> None:
    """Until all is there, and no longer than `ARRIVE_S_MAX`: what is missing then is counted as missing."""
    deadline_s = time.monotonic() + ARRIVE_S_MAX
    while not there() and time.monotonic() < deadline_s:
        await _pause(stop, TICK_S)

"""`zool bench cluster`: three hosts; one is cut off, one dies, programs are replaced one at a time.

Edge (asyncio, clock, the broker, HTTP). What is measured: how long each kind of program takes to be taken over for, how
long cameras were blind, and whether every passage of the truth is there once, outside of the spans that were told.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import msgspec

from deploy.bench import cluster, fleet, procfs, rig, wires
from deploy.bench.cluster import HOSTS, PAIR, STAGES, Glance
from deploy.bench.cluster_site import Site, standing
from deploy.bench.fleet import Fleet
from deploy.bench.result import Result, finish
from deploy.bench.series import rounded
from deploy.demo.client import Client
from deploy.demo.command import CONFIDENCE, SITE, read_site
from deploy.demo.record import FOREVER_US, Record
from deploy.errors import NothingMeasured, SiteMissing
from deploy.up import command as up
from ingest.bus import Bus, BusTimeout, BusUnavailable
from ingest.contract import STREAMS
from ingest.sharing import MEMBER_PREFIX, LeaseValue

FAULTS = ("cut", "kill", "roll", "broker")
GLANCE_S = 0.2
EVEN_S_MAX = 120.0
AWAY_S = 25.0
"""A host is away so long: longer than all that takes over for it may take."""
CALM_S = 12.0
"""Between two faults, once both hosts have their halves."""
SETTLE_S = 8.0
SILENCE_S_MAX = 15.0
"""Of the event stream, which beats every ten seconds."""
PAGE = 500

Json = dict[str, Any]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what it understands."""
    parser.add_argument("--data-dir", type=Path, default=Path("var/cluster"), help="default: %(default)s")
    parser.add_argument("--site", type=Path, default=SITE, help="folder with the clips and their truth")
    parser.add_argument("--cameras", type=int, default=6, help="simulated cameras (default: %(default)s)")
    parser.add_argument("--only", nargs="+", choices=FAULTS, default=FAULTS, help="default: all")
    parser.add_argument("--away", type=float, default=AWAY_S, metavar="SECONDS", help="default: %(default)s")
    parser.add_argument("--calm", type=float, default=CALM_S, metavar="SECONDS", help="default: %(default)s")
    parser.add_argument("--roll", nargs="+", choices=STAGES, default=STAGES, help="programs to be rolled; default: all")
    parser.add_argument(
        "--wires", choices=("auto", "netns", "loopback"), default="auto",
        help="hosts are network namespaces, or addresses of loopback; netns: this process has a network of its own",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """0 when there is a figure."""
    if args.wires == "auto":
        args.wires = wires.enter()
    seats = fleet.fleet(read_site(args.site), args.cameras)
    if seats is None:
        raise SiteMissing(args.site, "no clip has a line")
    return finish(asyncio.run(_run(args, seats)), json_wanted=args.json)


async def _run(args: argparse.Namespace, seats: Fleet) -> Result | None:
    stop = up.stop_event()
    with contextlib.suppress(up.StoppedEarly):
        async with (
            standing(args, seats, stop) as site,
            Bus.open(site.broker, name="bench") as bus,
            Watch(site, bus) as watch,
        ):
            return await Scenario(args, seats, site, watch, stop).run()
    return None


class Watch:
    """Looks at the broker's buckets all the time, and hears events from one API or the other."""

    def __init__(self, site: Site, bus: Bus) -> None:
        self._bus = bus
        self.clients: Mapping[str, Client] = {host: site.client(host) for host in PAIR}
        self.glances: list[Glance] = []
        self.record = Record()
        self.heard_from, self.cuts = "", list[tuple[int, int]]()
        """When the event stream was cut, and when it stood again."""

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(self._look()), asyncio.create_task(self._hear())]
        return self

    async def __aexit__(self, *_how: object) -> None:
        left = set(self._tasks)
        while left:  # again: `wait_for` of Python 3.11, in nats-py, loses a cancellation
            for task in left:
                task.cancel()
            _, left = await asyncio.wait(left, timeout=1.0)
        for client in self.clients.values():
            await client.close()

    def stream_back_s(self, since_us: int, until_us: int) -> float:
        """How long after a fault the event stream stood again, 0 where it was never cut."""
        return max(((back - since_us) / 1e6 for cut, back in self.cuts if since_us <= cut < until_us), default=0.0)

    async def _look(self) -> None:
        while True:
            begun_s = time.monotonic()
            asks = [self._bus.span(name, timeout_s=1.0) for name in ("DETECTIONS", "SHOTS", "READS", "EVENTS")]
            answers = await asyncio.gather(*asks, return_exceptions=True)
            wrong = [one for one in answers if isinstance(one, BaseException)]
            for error in wrong:
                if not isinstance(error, BusUnavailable | BusTimeout):
                    raise error
            with contextlib.suppress(BusUnavailable, TimeoutError):
                async with asyncio.timeout(5.0):
                    await self._glance(led=not wrong)
            await asyncio.sleep(max(0.0, GLANCE_S - (time.monotonic() - begun_s)))

    async def _glance(self, *, led: bool) -> None:
        leases, shares = await self._bus.bucket("leases").all(), await self._bus.bucket("shares").all()
        self.glances.append(
            Glance(
                at_us=_now_us(),
                cameras={
                    key: msgspec.json.decode(entry.value or b"{}", type=LeaseValue).owner
                    for key, entry in leases.items()
                    if not key.startswith(MEMBER_PREFIX)
                },
                parts={key: (entry.value or b"").decode() for key, entry in shares.items() if key.startswith("part.")},
                led=led,
            )
        )

    async def _hear(self) -> None:
        """Events, from whichever API answers: with the id of the last one the other goes on where this one ended."""
        last, cut_us = "", 0
        while True:
            for host, client in self.clients.items():
                async for identity, event in client.stream(last, silence_s_max=SILENCE_S_MAX):
                    last, self.heard_from = identity or last, host
                    if cut_us:
                        self.cuts.append((cut_us, _now_us()))
                        cut_us = 0
                    self.record.hear(event, _now_us())
                cut_us = cut_us or _now_us()
                await asyncio.sleep(GLANCE_S)


class Scenario:
    """The faults, one after the other."""

    def __init__(self, args: argparse.Namespace, seats: Fleet, site: Site, watch: Watch, stop: asyncio.Event) -> None:
        self._args, self._fleet, self._site, self._watch, self._stop = args, seats, site, watch, stop
        self._marks: dict[str, tuple[str, int, int]] = {}
        """Fault → host, from and until; what it did is read at the end, when all was heard."""
        self._more: dict[str, Json] = {}

    async def run(self) -> Result:
        """All that was asked for; raises `StoppedEarly`."""
        load, told = os.getloadavg()[0], await self._site.told(self._fleet)
        await self._set_up(told)
        await self._until_even()
        await self._calm()
        since_us = _now_us()
        steps = {"cut": self._cut, "kill": self._kill, "roll": self._roll, "broker": self._broker}
        for name in self._args.only:
            await steps[name]()
        until_us = _now_us()
        await self._sleep(SETTLE_S)
        due = fleet.moments(self._fleet.seats, told, (since_us, until_us))
        truth = fleet.against_truth(due, self._watch.record, (since_us, until_us))
        return self._result(truth, await self._stored(), load, (since_us, until_us))

    async def _set_up(self, told: Mapping[str, Any]) -> None:
        client = self._watch.clients[PAIR[0]]
        for seat in self._fleet.seats:
            camera = {"id": seat.camera, "name": seat.camera, "url": told[seat.camera].url}
            await client.ensure_camera(camera | {"motion_masks": [rig.TIME_CODE]})
            lines = [{"id": one.id, "a": one.a, "b": one.b, "entry": one.entry} for one in seat.truth.lines]
            body = {"settings": {"lines": lines, "confidence_ratio": CONFIDENCE}}
            await client.call("PUT", f"/cameras/{seat.camera}/functions/vehicles", body, If_None_Match="*")

    async def _cut(self) -> None:
        """The host that the events are heard from."""
        host = self._watch.heard_from or PAIR[0]
        self._site.wires.cut(host)
        up.say(f"  host {host} is cut off")
        await self._gone("host cut off", host)
        self._site.wires.mend(host)
        await self._back(host)

    async def _kill(self) -> None:
        host = self._watch.heard_from or PAIR[1]
        await self._site.hosts[host].kill()
        up.say(f"  host {host} is killed")
        await self._gone("host killed", host)
        await self._site.boot(host)
        await up.ready_or_stopped(self._site.hosts[host], self._stop)
        await self._back(host)

    async def _gone(self, name: str, host: str) -> None:
        since_us = _now_us()
        await self._sleep(self._args.away)
        self._note(name, host, since_us)

    async def _back(self, host: str) -> None:
        up.say(f"  host {host} is back")
        since_us = _now_us()
        await self._until_even()
        self._more[list(self._marks)[-1]] = {"even_again_s": rounded((_now_us() - since_us) / 1e6)}
        await self._calm()

    async def _roll(self) -> None:
        for program in self._args.roll:
            for host in PAIR:
                await self._rolled(program, host)

    async def _broker(self) -> None:
        for host in HOSTS:
            await self._rolled("nats", host)

    async def _rolled(self, program: str, host: str) -> None:
        since_us = _now_us()
        ready_s = await self._site.roll(host, program)
        up.say(f"  {program} of host {host} is replaced: {ready_s:.1f} s")
        await self._until_even()
        await self._calm()
        self._note(f"{program} {host} replaced", host, since_us)
        self._more[f"{program} {host} replaced"] = {"ready_s": rounded(ready_s), "ingest_s": None, "decide_s": None}

    def _note(self, name: str, host: str, since_us: int) -> None:
        self._marks[name] = (host, since_us, _now_us())
        up.say(f"    so far: {self._row(name)}")

    def _row(self, name: str) -> Json:
        watch, (host, since_us, until_us) = self._watch, self._marks[name]
        return cluster.row(
            glances=watch.glances,
            host=host,
            since_us=since_us,
            until_us=until_us,
            blind=cluster.blind_s(watch.record.blind(), since_us, until_us),
            api_s=watch.stream_back_s(since_us, until_us),
            delays_ms=[ms for _, ms in fleet.delays(watch.record, (since_us, until_us))],
        ) | self._more.get(name, {})

    async def _until_even(self) -> None:
        """Both hosts hold their halves, and the broker is whole; raises `NothingMeasured` where that never comes."""
        begun, since_us = time.monotonic(), _now_us()
        seats = len(self._fleet.seats)
        while True:
            glance = self._watch.glances[-1] if self._watch.glances else None
            if glance is not None and glance.at_us > since_us and len(glance.cameras) == seats and cluster.even(glance):
                return
            if time.monotonic() - begun > EVEN_S_MAX:
                raise NothingMeasured("cluster", EVEN_S_MAX, self._site.ground.folder / "logs")
            await self._sleep(GLANCE_S)

    async def _calm(self) -> None:
        await self._sleep(self._args.calm)

    async def _sleep(self, seconds: float) -> None:
        if await rig.stopped(self._stop, seconds):
            raise up.StoppedEarly

    async def _stored(self) -> Json:
        """Whether the store has every event that was heard, in its last version, once; waits until it has caught up."""
        begun = time.monotonic()
        while True:
            found = await self._listed()
            late = found["missing"] + found["older"]
            if not late or time.monotonic() - begun > EVEN_S_MAX:
                return found
            await self._sleep(1.0)

    async def _listed(self) -> Json:
        found, after = list[Json](), ""
        while True:
            page = await self._watch.clients[PAIR[0]].call("GET", f"/events?limit={PAGE}{after}")
            found += page["items"]
            if not page["next_cursor"]:
                break
            after = f"&cursor={quote(page['next_cursor'])}"
        heard = self._watch.record.events
        stored = {one["id"]: one["version"] for one in found}
        return {
            "events": len(found),
            "twice": len(found) - len(stored),
            "missing": len(heard.keys() - stored.keys()),
            "older": sum(stored[key] < one["version"] for key, one in heard.items() if key in stored),
        }

    def _still_blind(self) -> list[str]:
        return sorted(span.camera for span in self._watch.record.blind() if span.to_us == FOREVER_US)

    def _result(self, truth: Json, stored: Json, load: float, window_us: tuple[int, int]) -> Result:
        found, rows = truth["crossings"], {name: self._row(name) for name in self._marks}
        return Result(
            name="cluster",
            value=float(found["missed"] + found["extra"]),
            unit="passages missing or doubled outside of told blind spans",
            floor=0.0,
            ratio=None,
            target=0.0,
            spread=None,
            conditions={
                **procfs.machine(),
                "load": [rounded(load), rounded(os.getloadavg()[0])],
                "hosts": "network namespaces on a bridge" if self._args.wires == "netns" else "addresses of loopback",
                "cameras": len(self._fleet.seats),
                "replicas": cluster.REPLICAS,
                "streams": list(STREAMS),
                "window_s": rounded((window_us[1] - window_us[0]) / 1e6),
                "details": {"truth": truth, "stored": stored, "still_blind": self._still_blind(), "faults": rows},
            },
        )


def _now_us() -> int:
    return time.time_ns() // 1000

"""A thousand passages at a gate, through the real broker, api and client: who must not get in never does."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Iterator

import msgspec
import pytest

from deploy.acs.barrier import Barrier, Command
from deploy.acs.client import Target
from deploy.acs.doors import DoorClient
from deploy.acs.keep import Nowhere
from ingest.bus import Bus
from ingest.contract import encode, events_subject
from tests.support.api import TOKEN, Site, running_site
from tests.support.doors import door_calls, now_us, passage
from tests.support.passages import Made, lists, passages

COUNT = 1000
AWAY = slice(400, 600)
"""Passages while the controller is away."""
WAIT_S = 300.0


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A running site."""
    with running_site(tmp_path_factory.mktemp("doors-thousand")) as running:
        yield running


class Controller:
    """A barrier and all that it heard and did."""

    def __init__(self, site: Site, cursor: str) -> None:
        self._target = Target(address=site.api.acs, token=TOKEN)
        self._keeper = Nowhere(lambda _: None)
        self._keeper.cursor = cursor
        self._barrier = Barrier()
        self.heard: list[Command] = []
        self.opened: list[str] = []

    async def listen(self, until: int) -> None:
        """Go on behind what was heard, until so many decisions were heard in all."""
        async with DoorClient(self._target, ("gate",), self._keeper, say=lambda _: None) as client:
            async with contextlib.aclosing(client.decisions()) as decisions:
                async for command in decisions:
                    done = self._barrier.hear(command, server_us=client.clock.latest_us(), now_s=time.monotonic())
                    self.heard.append(command)
                    self.opened += [one.id for one in done if one.outcome == "opened"]
                    for one in done:
                        client.report("gate", one.outcome, decision=one.id)
                    if len(self.heard) >= until:
                        break
            await client.reported()


async def _pass(bus: Bus, made: list[tuple[int, Made]]) -> None:
    for number, one in made:
        event = passage(number, camera="cam-gate", plate=one.plate, age_s=one.age_s, **one.fields)
        await bus.publish(events_subject(event.camera, event.kind), encode(event), message_id=event.message_id)


@pytest.mark.timeout(400)
async def test_a_thousand_passages(site: Site) -> None:
    """Nobody denied, unknown, stale or doubtful gets in; after an outage all is told in order, and nothing opens."""
    async with Bus.open(site.broker.settings, name="thousand") as bus:
        for entry in lists(now_us()):
            await bus.bucket("vehicles").put(entry.id, msgspec.json.encode(entry))
        with site.client() as http:
            body = {"places": [{"camera": "cam-gate"}], "age_s_max": 60}
            assert http.put("/api/v1/doors/gate", json=body).status_code == 201
            every = list(enumerate(passages(random.Random(5), COUNT)))
            site.until(lambda http: http.get("/api/v1/vehicles").json()["total"] == len(lists(0)))
        with door_calls(site) as calls, calls.decisions("gate") as stream:
            controller = Controller(site, next(stream).cursor)
        async with asyncio.timeout(WAIT_S):
            await asyncio.gather(controller.listen(AWAY.start), _pass(bus, every[: AWAY.start]))
            await _pass(bus, every[AWAY])
            last = f"pass-cam-gate-{AWAY.stop - 1:05d}"
            site.until(lambda http: http.get("/api/v1/doors/gate").json()["recent"][0]["event"] == last, timeout_s=60)
            over_us = now_us() + 3_100_000
            site.until(lambda _: now_us() > over_us)
            await asyncio.gather(controller.listen(COUNT), _pass(bus, every[AWAY.stop :]))
    by_event = {f"pass-cam-gate-{number:05d}": (number, made) for number, made in every}
    told = [by_event[command.event] for command in controller.heard]
    assert [number for number, _ in told] == list(range(COUNT))
    opened = set(controller.opened)
    for command, (number, made) in zip(controller.heard, told, strict=True):
        if made.why:
            assert command.id not in opened, made
            assert command.reason == f"REASON_{made.why.upper()}", made
        else:
            assert command.reason == "REASON_PLATE"
            assert command.id not in opened or number not in range(AWAY.start, AWAY.stop), made
            assert command.granted or command.expired
    due = sum(not made.why for number, made in every if number not in range(AWAY.start, AWAY.stop))
    assert len(opened) == len(controller.opened)
    assert len(opened) > due / 2  # a slow machine may be late for some, and then says so
    with site.client() as http:
        recent = http.get("/api/v1/doors/gate").json()["recent"]
    assert any(one["kind"] == "access_passage" for one in recent)

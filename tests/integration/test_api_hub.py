"""One reader of the events for all clients, over a real broker: shared objects, filters, slow clients, outages."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path

import pytest

from api import sse
from api.feed import Feed
from api.hub import Hub
from api.link import Link
from api.live import Happened, Hello, Item, Start, Wanted
from ingest.bus import Bus
from ingest.contract import encode, events_subject
from ingest.process import Health
from postprocess.contract import Event
from tests.support.nats import NatsServer, running_nats
from tests.support.postprocess import until

WAIT_S = 60.0
BUFFER = 4


class House:
    """A broker, and an api's feed on it."""

    def __init__(self, nats: NatsServer, bus: Bus, link: Link, hub: Hub, stop: asyncio.Event) -> None:
        self.nats, self._bus, self._said = nats, bus, 0
        self.feed = Feed(link, hub, stop, face="sse", limit_key="", clients_max=64, buffer_events=BUFFER)

    async def _there(self) -> bool:
        return self._bus.connected

    async def say(self, count: int, camera: str = "gate-1") -> list[str]:
        """Publish events; their ids."""
        first, self._said = self._said, self._said + count
        events = [
            Event(event_id=f"e-{number}", version=1, kind="vehicle_entry", camera=camera, opened_at_us=number)
            for number in range(first, self._said)
        ]
        await until(self._there, "the broker is there", deadline_s=WAIT_S)
        for event in events:
            await self._bus.publish(events_subject(camera, event.kind), encode(event), message_id=event.message_id)
        return [event.event_id for event in events]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """Connected, the hub reading."""
    stop, link = asyncio.Event(), Link()
    hub = Hub(link)
    async with running_nats(tmp_path) as nats, Bus.open(nats.settings, name="test") as bus:
        await bus.ensure_streams("EVENTS")
        tasks = [
            asyncio.create_task(link.keep(nats.settings, Health("api"), stop)),
            asyncio.create_task(hub.follow()),
        ]
        try:
            async with asyncio.timeout(WAIT_S):
                await link.opened()
            yield House(nats, bus, link, hub, stop)
        finally:
            stop.set()
            tasks[1].cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def taken(items: AsyncGenerator[Item], count: int) -> list[Happened]:
    """The next events of a client."""
    found: list[Happened] = []
    async with asyncio.timeout(WAIT_S):
        while len(found) < count:
            item = await anext(items)
            if isinstance(item, Happened):
                found.append(item)
    return found


def ids(found: list[Happened]) -> list[str]:
    """Of the events."""
    return [one.event.event_id for one in found]


@contextlib.asynccontextmanager
async def client(
    house: House, wanted: Wanted | None = None, start: Start | None = None, **more: object
) -> AsyncIterator[AsyncGenerator[Item]]:
    """A client behind its Hello."""
    items = await house.feed.open(wanted or Wanted(), start or Start(), **more)  # type: ignore[arg-type]
    async with contextlib.aclosing(items):
        assert isinstance(await anext(items), Hello)
        yield items


async def shared(one: AsyncGenerator[Item], other: AsyncGenerator[Item], house: House) -> None:
    """Say events until both clients are handed the same object: both sit."""
    async with asyncio.timeout(WAIT_S):
        while True:
            (name,) = await house.say(1)
            (mine,), (theirs,) = await taken(one, 1), await taken(other, 1)
            assert ids([mine]) == ids([theirs]) == [name]
            if mine is theirs:
                return


async def test_an_event_is_decoded_and_written_once_for_all(house: House) -> None:
    """Clients at the end of the stream are handed one object, and its words are the same bytes object."""
    async with client(house) as one, client(house) as other:
        await shared(one, other, house)
        await house.say(1)
        (mine,), (theirs,) = await taken(one, 1), await taken(other, 1)
        assert mine is theirs
        assert sse.written(mine) is sse.written(theirs)


async def test_nobody_is_handed_what_is_not_his(house: House) -> None:
    """Sight, cameras and kinds hold for each client by itself, though one reader serves all."""
    half = await house.feed.open(Wanted(), Start(), sees=lambda camera: camera == "gate-2")
    async with contextlib.aclosing(half), client(house) as whole, client(house, Wanted(cameras=("gate-2",))) as one:
        assert isinstance(await anext(half), Hello)
        async with client(house, Wanted(kinds=("ppe_violation",))) as none:
            await shared(whole, await _twin(house), house)
            hidden, shown = await house.say(3, "gate-1"), await house.say(2, "gate-2")
            assert ids(await taken(half, 2)) == ids(await taken(one, 2)) == shown
            assert ids(await taken(whole, 5)) == hidden + shown
            waiting = asyncio.ensure_future(anext(none))
            await asyncio.wait({waiting}, timeout=0.2)
            assert not waiting.done()
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)


async def _twin(house: House) -> AsyncGenerator[Item]:
    items = await house.feed.open(Wanted(), Start())
    assert isinstance(await anext(items), Hello)
    return items


async def test_a_client_without_room_holds_up_no_other_and_loses_nothing(house: House) -> None:
    """Its buffer is full: it gets up, reads by itself what it missed, and sits down again.

    quick  ●●●●●●●●●●●●   at once
    slow   ●●●●           then the rest, once and in order
    """
    async with client(house) as quick, client(house) as slow:
        await shared(quick, slow, house)
        said = []
        for _ in range(3 * BUFFER):
            said += await house.say(1)
            assert ids(await taken(quick, 1)) == said[-1:]
        assert ids(await taken(slow, len(said))) == said
        await shared(quick, slow, house)


async def test_who_comes_from_far_behind_sits_down_in_the_end(house: House) -> None:
    """From the oldest event on: everything once and in order, the last of it shared."""
    said = await house.say(20)
    async with client(house, start=Start(oldest=True)) as late, client(house) as new:
        assert ids(await taken(late, 20)) == said
        await shared(late, new, house)


async def test_after_an_outage_everybody_goes_on_and_sits_down_again(house: House) -> None:
    """The broker is killed and started: what is said afterwards comes once, and is shared again."""
    async with client(house) as one, client(house) as other:
        await shared(one, other, house)
        await house.nats.kill()
        await house.nats.start()
        await shared(one, other, house)

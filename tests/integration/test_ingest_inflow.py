"""A durable consumer read by callback, over a real broker: bounds, order, acknowledgement, outages."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import nats.errors
import pytest

from ingest.bus import Bus, Message, told
from ingest.inflow import Inflow
from tests.support.nats import NatsServer, running_nats
from tests.support.postprocess import until

MANY = 300


@contextlib.asynccontextmanager
async def filled(folder: Path) -> AsyncIterator[tuple[NatsServer, Bus]]:
    """A stream that holds `MANY` messages of 100 bytes."""
    async with running_nats(folder) as server, Bus.open(server.settings, name="test") as bus:
        await bus.ensure_streams("EVENTS")
        for number in range(MANY):
            await bus.publish("zool.events.cam-1.x", b"%100d" % number, message_id=str(number))
        yield server, bus


def inflow(bus: Bus, *, ack_wait_s: float = 30.0) -> Inflow[Message]:
    """Of all its messages."""
    return bus.inflow("EVENTS", "reader", subjects=("zool.events.*.*",), ack_wait_s=ack_wait_s, pending_max=1000)


async def test_everything_comes_in_order_within_its_bounds(tmp_path: Path) -> None:
    """Of messages and of bytes; what was acknowledged does not come to the next reader."""
    async with filled(tmp_path) as (_, bus):
        reader = inflow(bus)
        first = await reader.take(120, bytes_max=1_000_000, linger_s=5.0)
        assert [message.seq for message in first] == list(range(1, 121))
        assert (first[0].message_id, first[0].deliveries, int(first[0].payload)) == ("0", 1, 0)
        few = await reader.take(120, bytes_max=5_000, linger_s=5.0)
        assert 1 <= len(few) < 50
        for message in (*first, *few):
            await message.ack()
        seen = len(first) + len(few)
        again = await inflow(bus).take(1000, bytes_max=1_000_000, linger_s=5.0)
        assert [message.seq for message in again] == list(range(seen + 1, MANY + 1))


async def test_what_is_not_acknowledged_comes_again(tmp_path: Path) -> None:
    """After its time, with its number of deliveries."""
    async with filled(tmp_path) as (_, bus):
        reader = inflow(bus, ack_wait_s=1.0)
        assert len(await reader.take(MANY, bytes_max=1_000_000, linger_s=5.0)) == MANY
        again: list[Message] = []

        async def come() -> bool:
            again.extend(await reader.take(MANY, bytes_max=1_000_000, linger_s=0.5))
            return len(again) >= MANY

        await until(come, "all of them again")
        assert {message.deliveries for message in again[:MANY]} == {2}


@pytest.mark.parametrize("harm", ["broker killed", "consumer deleted"])
async def test_it_goes_on_after(tmp_path: Path, harm: str) -> None:
    """Kill -9 of the broker, or a consumer that somebody deleted: every message still comes."""
    async with filled(tmp_path) as (server, bus):
        reader, seen = inflow(bus, ack_wait_s=2.0), set[int]()

        async def all_seen() -> bool:
            for message in await reader.take(50, bytes_max=1_000_000, linger_s=0.2):
                await message.ack()
                seen.add(message.seq)
            return len(seen) == MANY

        await all_seen()
        if harm == "broker killed":
            await server.kill()
            await reader.take(50, bytes_max=1_000_000, linger_s=0.2)
            await server.start()
        else:
            await bus.ask("$JS.API.CONSUMER.DELETE.EVENTS.reader", b"", timeout_s=10)
        await until(all_seen, f"all after: {harm}", deadline_s=90)


def test_the_address_of_an_acknowledgement_is_read() -> None:
    """In both forms; anything else is no message of a stream."""
    assert told("$JS.ACK.EVENTS.reader.2.7.9.1700000000000000001.4") == (2, 7, 9, 1_700_000_000_000_000_001)
    assert told("$JS.ACK._.hash.EVENTS.reader.1.7.9.5.4.token") == (1, 7, 9, 5)
    with pytest.raises(nats.errors.NotJSMessageError):
        told("_INBOX.x")

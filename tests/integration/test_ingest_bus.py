"""The bus against a real broker."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from ingest.bus import Bus, BusTimeout, BusUnavailable, RevisionConflict
from tests.support.nats import running_nats


async def test_published_message_is_consumed_once_per_id(tmp_path: Path) -> None:
    """A repeat with the same id is kept once; what is not acknowledged comes again."""
    async with running_nats(tmp_path) as server, Bus.open(server.settings, name="t") as bus:
        await bus.ensure_streams("EVENTS", "EVENTS")
        for _ in range(2):
            await bus.publish("zool.events.cam-1.x", b"a", message_id="1")
        consumer = await bus.consumer("EVENTS", "t", ack_wait_s=0.5)
        first = await consumer.fetch(10, timeout_s=2)
        assert [m.payload for m in first] == [b"a"]
        assert first[0].message_id == "1"
        again = await consumer.fetch(10, timeout_s=3)
        assert [(m.payload, m.deliveries) for m in again] == [(b"a", 2)]
        await again[0].ack()
        assert await consumer.fetch(10, timeout_s=1) == []


async def test_bucket_holds_revisions(tmp_path: Path) -> None:
    """A write that expects a stale revision is refused; a watcher sees the change and the deletion."""
    async with running_nats(tmp_path) as server, Bus.open(server.settings, name="t") as bus:
        await bus.ensure_buckets("cameras")
        bucket = bus.bucket("cameras")
        revision = await bucket.put("a", b"1", expect=0)
        with pytest.raises(RevisionConflict):
            await bucket.put("a", b"2", expect=0)
        newer = await bucket.put("a", b"2", expect=revision)
        with pytest.raises(RevisionConflict):
            await bucket.put("a", b"3", expect=revision)
        watch = bucket.watch()
        present = await anext(watch)
        assert present is not None
        assert (present.key, present.value, present.revision) == ("a", b"2", newer)
        assert await anext(watch) is None
        await bucket.delete("a")
        gone = await anext(watch)
        assert gone is not None
        assert gone.value is None
        assert await bucket.get("a") is None
        assert await bucket.all() == {}
        await watch.aclose()  # type: ignore[attr-defined]


async def test_bus_survives_the_death_of_the_broker(tmp_path: Path) -> None:
    """Killed and started again: publishing fails in words meanwhile, all readers go on by themselves."""
    async with running_nats(tmp_path) as server, Bus.open(server.settings, name="t") as bus:
        await bus.ensure_streams("EVENTS")
        await bus.ensure_buckets("cameras")
        consumer = await bus.consumer("EVENTS", "t")
        reader = await bus.reader("EVENTS", subject="zool.events.>", start_seq=1)
        watch = bus.bucket("cameras").watch()
        assert await anext(watch) is None
        await bus.publish("zool.events.c.x", b"1", message_id="1")
        for source in (consumer, reader):
            for message in await source.fetch(1, timeout_s=2):
                assert message.payload == b"1"
                await message.ack()
        await server.kill()
        with pytest.raises(BusUnavailable):
            await _publish_until_refused(bus)
        await server.start()
        while True:
            try:
                await bus.publish("zool.events.c.x", b"2", message_id="2")
                break
            except BusUnavailable:
                await asyncio.sleep(0.05)
        await bus.bucket("cameras").put("k", b"v")
        for source in (consumer, reader):
            got: list[bytes] = []
            while not got:
                messages = await source.fetch(1, timeout_s=1)
                got = [m.payload for m in messages]
                for message in messages:
                    await message.ack()
            assert got == [b"2"]
        while (entry := await anext(watch)) is None or entry.key != "k":
            pass
        await watch.aclose()  # type: ignore[attr-defined]


async def _publish_until_refused(bus: Bus) -> None:
    while True:
        await bus.publish("zool.events.c.x", b"2", message_id="2", timeout_s=0.5)


async def test_request_and_reply(tmp_path: Path) -> None:
    """A served subject answers; one that nobody serves says so."""
    async with running_nats(tmp_path) as server, Bus.open(server.settings, name="t") as bus:

        async def upper(subject: str, payload: bytes) -> bytes:
            return payload.upper() + subject.encode()

        await bus.serve("zool.rpc.x", upper)
        assert await bus.ask("zool.rpc.x", b"a", timeout_s=2) == b"Azool.rpc.x"
        with pytest.raises(BusTimeout, match=r"zool\.rpc\.y"):
            await bus.ask("zool.rpc.y", b"", timeout_s=1)


async def test_a_reader_skips_nothing_when_lines_break(tmp_path: Path) -> None:
    """The connection is cut again and again while messages are on their way: each comes once, in order."""
    count = 600
    async with running_nats(tmp_path) as server, Bus.open(server.settings, name="writer") as writer:
        await writer.ensure_streams("EVENTS")
        for number in range(count):
            await writer.publish("zool.events.c.x", b"%6d" % number + bytes(16_000), message_id=str(number))
        async with Bus.open(server.settings, name="reader") as bus:
            reader, got = await bus.reader("EVENTS", subject="zool.events.>", start_seq=1), list[int]()
            async with asyncio.timeout(120):
                while len(got) < count:
                    fetching = asyncio.create_task(reader.fetch(50, timeout_s=1))
                    if len(got) // 100 > bus.outages:
                        before = bus._client.stats["in_msgs"]
                        while bus._client.stats["in_msgs"] < before + 3:  # noqa: ASYNC110 - the rest is on its way
                            await asyncio.sleep(0)
                        bus._client._transport._io_writer.transport.abort()
                    got += [int(message.payload[:6]) for message in await fetching]
    assert got == list(range(count))
    assert bus.outages >= 3

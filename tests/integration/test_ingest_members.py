"""Processes among those that share the cameras, on a real broker."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from ingest.bus import Bus
from ingest.members import Members
from ingest.process import Health
from tests.support.nats import NatsServer, running_nats


@contextlib.asynccontextmanager
async def member(nats: NatsServer, name: str, capacity: float = 1.0) -> AsyncIterator[Members]:
    """A member that beats until the block ends; it says no goodbye."""
    async with Bus.open(nats.settings, name="test") as bus:
        await bus.ensure_buckets("leases")
        members = Members(bus, name, capacity, Health("test"))
        running = asyncio.create_task(members.run())
        try:
            yield members
        finally:
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running


async def until(reached: Callable[[], bool]) -> None:
    """Wait for it."""
    async with asyncio.timeout(60):
        while not reached():  # noqa: ASYNC110 - beats pass
            await asyncio.sleep(0.05)


async def test_members_see_each_other_come_and_die(tmp_path: Path) -> None:
    """With their capacities; who says nothing any more is dead after a while."""
    async with running_nats(tmp_path) as nats, member(nats, "a", 2.0) as one:
        async with member(nats, "b", 6.0) as other:
            await until(lambda: one.living() == other.living() == {"a": 2.0, "b": 6.0})
            assert one.ready
        await until(lambda: one.living() == {"a": 2.0})
        assert not one.silenced


async def test_of_two_with_one_name_the_newer_goes_on(tmp_path: Path) -> None:
    """The older one holds nothing and says so; it begins anew when the newer is gone."""
    async with running_nats(tmp_path) as nats, member(nats, "a") as older:
        await until(lambda: older.ready)
        async with member(nats, "a") as newer:
            await until(lambda: older.fenced)
            assert older.silenced
            assert not older.ready
            await until(lambda: newer.ready)
        await until(lambda: older.ready)


async def test_in_company_a_silenced_process_holds_nothing(tmp_path: Path) -> None:
    """Without a broker others may have its cameras by now."""
    async with running_nats(tmp_path) as nats, member(nats, "a") as one, member(nats, "b"):
        await until(lambda: one.ready and len(one.living()) == 2)
        await nats.kill()
        await until(lambda: one.silenced)
        await nats.start()
        await until(lambda: one.ready)


async def test_alone_a_process_keeps_its_cameras(tmp_path: Path) -> None:
    """Without a broker, too: nobody can have taken them."""
    async with running_nats(tmp_path) as nats, member(nats, "a") as one:
        await until(lambda: one.ready)
        await nats.kill()
        await until(lambda: not one.ready)
        assert not one.silenced
        await nats.start()
        await until(lambda: one.ready)

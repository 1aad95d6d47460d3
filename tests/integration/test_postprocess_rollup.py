"""Counts by hour against the real engine: those of the newest versions, whatever comes late, twice or at once."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any, Literal

import msgspec
import pytest

from postprocess.clickhouse import ClickHouse
from postprocess.contract import Event
from postprocess.ddl import Keep
from postprocess.errors import StoreAway
from postprocess.rollup import HOURS_MAX, RollUp, weeks
from postprocess.rows import EVENT_COLUMNS
from tests.support.clickhouse import ClickHouseServer, running_clickhouse

HOUR_US = 3_600_000_000
NOW_US = int(time.time()) * 1_000_000
COUNTED = "SELECT * FROM {{db}}.events_by_hour ORDER BY ALL"
TRUE = """
SELECT kind, camera, toStartOfHour(toDateTime(opened_at, 'UTC')) AS hour, label, direction, count() AS events,
    countIf(plate != '') AS plates, countIf(person != '') AS persons, countIf(severity = 'alarm') AS alarms
FROM {{db}}.events_latest GROUP BY ALL ORDER BY ALL
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseServer]:
    """One engine for all tests; each has a database of its own."""
    with running_clickhouse(tmp_path_factory.mktemp("clickhouse")) as running:
        yield running


@contextlib.asynccontextmanager
async def store(server: ClickHouseServer) -> AsyncIterator[ClickHouse]:
    """A store with its schema."""
    house = ClickHouse(msgspec.structs.replace(server.settings, database=f"zool_{time.monotonic_ns()}"))
    await house.migrate(Keep())
    yield house
    house.close()


def passage(number: int, hours_ago: float, version: int = 1, **fields: Any) -> Event:
    """An event of some hours ago."""
    kind: Literal["vehicle_entry"] = "vehicle_entry"
    plain = Event(
        event_id=f"e{number}", version=version, kind=kind, camera="cam-1", label="car", direction="entry",
        opened_at_us=NOW_US - round(hours_ago * HOUR_US) + number,
    )  # fmt: skip
    return msgspec.structs.replace(plain, **fields)


async def put(house: ClickHouse, *events: Event) -> None:
    """As the program does."""
    await house.insert("events", EVENT_COLUMNS, events)


async def counted(house: ClickHouse) -> list[dict[str, Any]]:
    """The roll-up, which is what counting all would give."""
    found = await house.rows(COUNTED)
    assert found == await house.rows(TRUE)
    return found


async def test_a_label_that_changes_leaves_nothing_behind(server: ClickHouseServer) -> None:
    """A car that turns out to be a truck is counted as one truck; its plate is counted when it is read."""
    async with store(server) as house:
        rolling = RollUp(house, Keep())
        await put(house, passage(1, 1.0), passage(1, 1.0), passage(2, 1.0))
        assert await rolling.refresh() == 1
        assert [(row["label"], row["events"], row["plates"]) for row in await counted(house)] == [("car", 2, 0)]
        await put(house, passage(1, 1.0, version=2, label="truck", plate="А1"))
        await rolling.refresh()
        seen = [(row["label"], row["events"], row["plates"]) for row in await counted(house)]
        assert seen == [("car", 1, 0), ("truck", 1, 1)]
        await put(house, passage(2, 1.0, version=2, label="truck", severity="alarm", person="p1"))
        await rolling.refresh()
        (only,) = await counted(house)
        assert (only["label"], only["events"], only["persons"], only["alarms"]) == ("truck", 2, 1, 1)


async def test_it_is_right_whatever_comes(server: ClickHouseServer) -> None:
    """Versions of two weeks in any order, repeated, in several batches; a new process begins in between."""
    dice = random.Random(5)
    versions = [
        passage(
            number, dice.uniform(0, 24 * 14), version=version, camera=f"cam-{number % 3}",
            label=dice.choice(("car", "truck")), plate="А1" if version > 1 else "",
        )
        for number in range(150) for version in range(1, dice.randint(2, 4))
    ]  # fmt: skip
    first = {one.event_id: one.opened_at_us for one in reversed(versions)}
    versions = [msgspec.structs.replace(one, opened_at_us=first[one.event_id]) for one in versions]
    sent = versions + dice.sample(versions, 60)
    dice.shuffle(sent)
    async with store(server) as house:
        rolling = RollUp(house, Keep())
        for begin in range(0, len(sent), 120):
            await put(house, *sent[begin : begin + 120])
            await rolling.refresh()
            await counted(house)
            rolling = RollUp(house, Keep()) if begin == 240 else rolling
        assert sum(row["events"] for row in await counted(house)) == 150


async def test_two_may_count_at_once(server: ClickHouseServer) -> None:
    """Two processes, the same hours: nothing is doubled."""
    async with store(server) as house:
        both = RollUp(house, Keep()), RollUp(house, Keep())
        for number in range(5):
            await put(house, *(passage(10 * number + one, 30.0 * number) for one in range(10)))
            await asyncio.gather(*(one.refresh() for one in both))
        assert sum(row["events"] for row in await counted(house)) == 50


async def test_a_kill_in_the_middle_leaves_no_week_out(
    server: ClickHouseServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store goes away behind the first of several weeks; the next process counts them all."""
    async with store(server) as house:
        await put(house, *(passage(number, 24.0 * 40 * number) for number in range(4)))
        command, calls = house.command, list[str]()

        async def failing(sql: str, parameters: Any) -> None:
            calls.append(sql)
            if len(calls) > 1:
                raise StoreAway("h", "killed")
            await command(sql, parameters)

        monkeypatch.setattr(house, "command", failing)
        with pytest.raises(StoreAway):
            await RollUp(house, Keep()).refresh()
        monkeypatch.undo()
        assert await RollUp(house, Keep()).refresh() == 4
        assert sum(row["events"] for row in await counted(house)) == 4


async def test_what_may_be_gone_is_final(server: ClickHouseServer) -> None:
    """A version that comes for an hour beyond the shorter age does not count it again."""
    async with store(server) as house:
        await put(house, passage(1, 24 * 9), passage(2, 24 * 9), passage(3, 1.0))
        assert await RollUp(house, Keep()).refresh() == 2
        await house.command("DELETE FROM {{db}}.events WHERE event_id = 'e1'")
        await put(house, passage(2, 24 * 9, version=2))
        assert await RollUp(house, Keep(events_unmatched_days=9)).refresh() == 1
        assert sum(row["events"] for row in await house.rows(COUNTED)) == 3


def test_hours_are_counted_by_the_week() -> None:
    """In order, each once."""
    hours = [hour * 3600 for hour in (0, 1, HOURS_MAX - 1, HOURS_MAX, HOURS_MAX * 3, HOURS_MAX * 4 + 1)]
    assert list(weeks(hours)) == [hours[:3], hours[3:4], hours[4:5], hours[5:]]
    assert list(weeks([])) == []

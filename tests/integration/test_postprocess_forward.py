"""A schema may run ahead of its writers by one step: what the release before writes and reads still works."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import Any

import clickhouse_connect
import pytest

from postprocess import migrate
from postprocess.ddl import Keep, migrations
from postprocess.rows import EVENT_COLUMNS, columns
from tests.support.clickhouse import ClickHouseServer, running_clickhouse
from tests.support.console_past import Past

STEPS = [one.number for one in migrations()][1:]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseServer]:
    """One engine for all steps; each has a database of its own."""
    with running_clickhouse(tmp_path_factory.mktemp("clickhouse")) as server:
        yield server


def described(client: Any, source: str) -> list[str]:
    """Names of columns that a writer gives."""
    return [row[0] for row in client.query(f"DESCRIBE {source}").result_rows if row[0] != "stored_at"]


@pytest.mark.parametrize("number", STEPS)
def test_the_writer_before_a_step_goes_on_behind_it(house: ClickHouseServer, number: int) -> None:
    """Its inserts, with its columns, are taken before and after; its reads give the same; new columns have defaults."""
    database, past = f"zool_{time.monotonic_ns()}", Past(time.time_ns() // 1000, days=1)
    for at in range(6):
        past.passage(at, past.now_us - at * 1_000_000, with_photo=False)
    own = house.settings
    with contextlib.closing(
        clickhouse_connect.get_client(
            host=own.host, port=own.port, username=own.user, password=own.password, autogenerate_session_id=False
        )
    ) as client:
        migrate.migrate(client, database, Keep(), upto=number - 1)
        tables = client.query(f"SELECT name FROM system.tables WHERE database = '{database}'").result_rows
        before = described(client, f"{database}.events")
        builders = {name: EVENT_COLUMNS[name] for name in before}
        reading = f"SELECT {', '.join(before)} FROM {database}.events_latest ORDER BY event_id"

        def write(first: int) -> None:
            events = past.events[first : first + 3]
            client.insert(
                "events",
                columns(builders, events),
                column_names=list(builders),
                column_oriented=True,
                database=database,
            )

        write(0)
        seen = client.query(reading).result_rows
        migrate.migrate(client, database, Keep(), upto=number)
        assert client.query(reading).result_rows == seen
        write(3)
        assert len(client.query(reading).result_rows) == 6
        for (table,) in tables:  # nothing that the release before reads has gone
            client.query(f"SELECT * FROM {database}.{table} LIMIT 1")
        assert set(before) <= set(described(client, f"{database}.events"))

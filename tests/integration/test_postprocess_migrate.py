"""Migrations against the real engine: old databases go on, two at once apply each step once, kills do no harm."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import clickhouse_connect
import pytest

from deploy.__main__ import main
from postprocess import migrate
from postprocess.ddl import LOCK, Keep, migrations
from postprocess.errors import SchemaNewer
from postprocess.rows import EVENT_COLUMNS
from tests.support.clickhouse import ClickHouseServer, free_port, running_clickhouse
from tests.support.nats import running_nats
from tests.support.postprocess import ROOT, Killable

OLD = ROOT / "tests" / "contract" / "golden" / "schema_before_migrations.sql"
ALL = [one.number for one in migrations()]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseServer]:
    """One engine for all tests; each has a database of its own."""
    with running_clickhouse(tmp_path_factory.mktemp("clickhouse")) as server:
        yield server


@pytest.fixture
def database() -> str:
    """A name nobody has used."""
    return f"zool_{time.monotonic_ns()}"


@pytest.fixture
def client(house: ClickHouseServer) -> Iterator[Any]:
    """The ordinary client."""
    with contextlib.closing(connect(house)) as made:
        yield made


def connect(house: ClickHouseServer) -> Any:
    """One more client."""
    own = house.settings
    return clickhouse_connect.get_client(
        host=own.host, port=own.port, username=own.user, password=own.password, autogenerate_session_id=False
    )


def recorded(client: Any, database: str) -> list[int]:
    """Numbers in the record, one for each time that a step was applied."""
    return [row[0] for row in client.query(f"SELECT number FROM {database}.migrations ORDER BY number").result_rows]


def locks(client: Any, database: str) -> list[str]:
    """Tables that say that somebody migrates."""
    rows = client.query(f"SELECT name FROM system.tables WHERE database = '{database}' AND startsWith(name, '{LOCK}')")
    return [row[0] for row in rows.result_rows]


def old(database: str) -> list[str]:
    """The statements that made databases before there were migrations."""
    lines = [line for line in OLD.read_text(encoding="utf-8").splitlines() if not line.startswith("--")]
    filled = "\n".join(lines).replace("{database}", database).replace("{events_days}", "30")
    return [part for part in re.split(r";\s*(?:\n|$)", filled.replace("{photos_days}", "7")) if part.strip()]


def test_a_database_of_the_release_before_goes_on(client: Any, database: str) -> None:
    """Its events are there, with nothing said in the new columns; its TTLs become the settings'."""
    for statement in old(database):
        client.command(statement)
    client.command(
        f"INSERT INTO {database}.events (event_id, version, kind, camera, opened_at, plate) "
        f"VALUES ('e1', 1, 'vehicle_entry', 'cam-1', now64(6), ''), ('e1', 2, 'vehicle_entry', 'cam-1', now64(6), 'A1')"
    )
    client.command(f"INSERT INTO {database}.cameras (camera, revision, name) VALUES ('cam-1', 1, 'Gate')")
    assert [one.number for one in migrate.migrate(client, database, Keep(events_days=99))] == ALL
    row = client.query(
        f"SELECT plate, severity, listed, items, value FROM {database}.events_latest WHERE version = 2"
    ).result_rows
    assert row == [("A1", "info", "", {}, None)]
    assert client.command(f"SELECT name FROM {database}.cameras_latest") == "Gate"
    described = [name for name, *_ in client.query(f"DESCRIBE {database}.events_latest").result_rows]
    assert described == [*EVENT_COLUMNS, "stored_at"]
    assert "toIntervalDay(99)" in client.command(f"SHOW CREATE TABLE {database}.events")
    assert migrate.status(client, database).pending == ()


def test_a_second_start_applies_nothing(client: Any, database: str) -> None:
    """And leaves no lock."""
    assert migrate.status(client, database).applied == ()
    assert len(migrate.migrate(client, database, Keep())) == len(ALL)
    assert migrate.migrate(client, database, Keep()) == []
    assert (recorded(client, database), locks(client, database)) == (ALL, [])
    assert [one.number for one in migrate.status(client, database).applied] == ALL


def test_many_that_start_at_once_apply_each_step_once(house: ClickHouseServer, client: Any, database: str) -> None:
    """Four with clients of their own: the record, which collapses nothing, has each number once."""

    def start(_: int) -> int:
        with contextlib.closing(connect(house)) as own:
            return len(migrate.migrate(own, database, Keep()))

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        done = list(pool.map(start, range(4)))
    assert sorted(done) == [0, 0, 0, len(ALL)]
    assert (recorded(client, database), locks(client, database)) == (ALL, [])


def test_a_lock_of_a_dead_process_is_moved_aside(client: Any, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed in the middle: some tables are there, the lock too, nothing is recorded."""
    client.command(f"CREATE DATABASE {database}")
    client.command(f"CREATE TABLE {database}.{LOCK} (nothing UInt8) ENGINE = TinyLog")
    for statement in migrations()[0].statements(database)[:2]:
        client.command(statement)
    monkeypatch.setattr(migrate, "STALE_S", 0)
    migrate.migrate(client, database, Keep())
    assert (recorded(client, database), locks(client, database)) == (ALL, [])


async def test_a_newer_database_ends_the_program_with_words(
    client: Any, house: ClickHouseServer, database: str, tmp_path: Path
) -> None:
    """Exit code 2 and one sentence; nothing was changed."""
    migrate.migrate(client, database, Keep())
    client.command(f"INSERT INTO {database}.migrations (number, name, checksum) VALUES (9001, 'later', 'x')")
    with pytest.raises(SchemaNewer):
        migrate.migrate(client, database, Keep())
    async with running_nats(tmp_path) as nats:
        environ = Killable("store", nats.settings, house.settings, {"ZOOL_CLICKHOUSE_DATABASE": database}).environ
        done = await asyncio.to_thread(
            subprocess.run, [sys.executable, "-m", "postprocess", "store"],
            cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    assert done.returncode == 2
    assert f"[clickhouse] database = '{database}': the schema of the store is at 9001" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_command_shows_and_applies(
    house: ClickHouseServer, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """On the data folder of a running system, or where the environment points; what can't be is one sentence."""
    monkeypatch.setenv("ZOOL_CLICKHOUSE_DATABASE", database)
    (tmp_path / "ports.json").write_text(json.dumps([0, 0, 0, 0, house.settings.port]))
    assert main(["store", "status", "--data-dir", str(tmp_path)]) == 2
    assert "is no folder of a running zool" in capsys.readouterr().err
    (tmp_path / "passwords.json").write_text(json.dumps({"clickhouse": house.settings.password}))
    assert main(["store", "status", "--data-dir", str(tmp_path)]) == 1
    assert "0001  events_photos_cameras            missing" in capsys.readouterr().out
    assert main(["store", "migrate", "--data-dir", str(tmp_path)]) == 0
    assert capsys.readouterr().out.count("applied") == len(ALL)
    monkeypatch.setenv("ZOOL_CLICKHOUSE_HOST", "127.0.0.1")
    monkeypatch.setenv("ZOOL_CLICKHOUSE_PORT", str(free_port()))
    assert main(["store", "status"]) == 2
    assert "[clickhouse] host = '127.0.0.1'" in capsys.readouterr().err

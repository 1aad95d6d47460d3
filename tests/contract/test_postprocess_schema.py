"""The tables of the real engine against what the row builders write and what the README promises."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from postprocess.looks import LOOK_COLUMNS, READ_COLUMNS
from postprocess.rows import CAMERA_COLUMNS, EVENT_COLUMNS, PHOTO_COLUMNS

README = Path(__file__).parents[2] / "postprocess" / "README.md"

# The engine lives once per process and for its whole life: it gets a process of its own.
SCRIPT = """
import sys, json, clickhouse_connect
from postprocess.ddl import Keep, statements
client = clickhouse_connect.get_client(dsn="chdb://" + sys.argv[1])
for _ in range(2):
    for statement in statements("zool", Keep(events_days=30, events_unmatched_days=14, photos_days=7)):
        client.command(statement)
found = {}
for table in ("events", "photos", "cameras", "looks", "reads", "events_latest", "photos_latest", "cameras_latest"):
    found[table] = [row[0] for row in client.query(f"DESCRIBE TABLE zool.{table}").result_rows]
found["ttl"] = [row[0] for row in client.query(
    "SELECT create_table_query FROM system.tables WHERE database = 'zool' AND name IN ('events', 'photos') "
    "ORDER BY name").result_rows]
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Table → its columns, after every statement ran twice."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path_factory.mktemp("chdb"))],
        cwd=README.parents[1], capture_output=True, text=True, check=True,
    )  # fmt: skip
    return msgspec.json.decode(done.stdout.splitlines()[-1], type=dict[str, list[str]])


def test_columns_are_those_of_the_builders(described: dict[str, list[str]]) -> None:
    """Every column but the store's own clock is written, and nothing else."""
    assert described["events"] == [*EVENT_COLUMNS, "stored_at"]
    assert described["photos"] == [*PHOTO_COLUMNS, "stored_at"]
    assert described["cameras"] == [*CAMERA_COLUMNS, "stored_at"]
    assert described["looks"] == list(LOOK_COLUMNS)
    assert described["reads"] == list(READ_COLUMNS)


def test_views_show_all_columns(described: dict[str, list[str]]) -> None:
    """`*_latest` are the tables without duplicates."""
    assert described["events_latest"] == described["events"]
    assert described["photos_latest"] == described["photos"]
    assert set(described["cameras_latest"]) == set(CAMERA_COLUMNS)


def test_ttl_follows_the_settings(described: dict[str, list[str]]) -> None:
    """Thirty days of events that somebody may ask for by name, fourteen of the others; seven days of photos."""
    events, photos = described["ttl"]
    kept, others = events.split("TTL ")[1].split("toIntervalDay(14)")
    assert kept.startswith("toDateTime(opened_at) + toIntervalDay(30) WHERE (plate != '')")
    assert others.startswith(" WHERE NOT")
    assert "toIntervalDay(7)" in photos


def test_readme_names_every_column() -> None:
    """What api and boards read is written down."""
    named = set(re.findall(r"`(\w+)`", README.read_text()))
    assert {*EVENT_COLUMNS, *PHOTO_COLUMNS, *CAMERA_COLUMNS, *LOOK_COLUMNS, *READ_COLUMNS} <= named

"""The schema of the analytics store as numbered steps, and for how long its rows are kept.

Pure: the texts come with the package (`migrations/NNNN_name.sql`), nothing else is read; no clock.

Rules
- A file is applied once and never changes afterwards; what comes later is a file with the next number.
- Statements end with a semicolon at the end of a line; {database} is filled in. Each may be run again, or twice at
  once, and then changes nothing (`RUN_AGAIN`): ClickHouse has no transactions, a step may have been cut off.
- Sort keys never change; columns are only ever added, each with a default. Whoever adds one makes the view again.
- A database name is checked here: it is the one thing of a setting that ends up in SQL text.
- How long rows are kept follows the settings at every start and is no migration.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from importlib import resources

import msgspec

from postprocess.errors import MigrationChanged, MigrationSkipped, SchemaNameError, SchemaNewer

RECORD = "migrations"
"""Table of what was applied: one row per number, the first one written counts."""
LOCK = "migrating"
"""Table that is there while a process migrates."""
MATCHED = "plate != '' OR person != '' OR listed != '' OR severity = 'alarm'"
"""Events that somebody may ask for by name: these are kept `events_days`, all others `events_unmatched_days`."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_FILE = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")
RUN_AGAIN = re.compile(
    r"CREATE TABLE IF NOT EXISTS |CREATE OR REPLACE VIEW |"
    r"ALTER TABLE \S+\s+(ADD (COLUMN|INDEX) IF NOT EXISTS [^;]*)+$"
)


class Keep(msgspec.Struct, frozen=True, kw_only=True):
    """Days after which rows are deleted."""

    events_days: int = 365
    events_unmatched_days: int = 365
    photos_days: int = 30
    looks_days: int = 7
    """0 = none are written; what is there goes within a day."""


class Migration(msgspec.Struct, frozen=True, kw_only=True):
    """One file."""

    number: int
    name: str
    checksum: str
    """SHA-256 of the file."""
    text: str

    def statements(self, database: str) -> list[str]:
        """Every statement in order, without comments."""
        lines = (line for line in self.text.splitlines() if not line.lstrip().startswith("--"))
        filled = "\n".join(lines).replace("{database}", database)
        return [part.strip() for part in re.split(r";\s*(?:\n|$)", filled) if part.strip()]


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the record."""

    number: int
    name: str
    checksum: str


def migrations() -> tuple[Migration, ...]:
    """All of this program, in order."""
    files = {file.name: file for file in resources.files("postprocess").joinpath("migrations").iterdir()}
    found = []
    for name in sorted(files):
        if (parts := _FILE.fullmatch(name)) is not None:
            text = files[name].read_text(encoding="utf-8")
            checksum = hashlib.sha256(text.encode()).hexdigest()
            found.append(Migration(number=int(parts[1]), name=parts[2], checksum=checksum, text=text))
    return tuple(found)


def pending(known: Sequence[Migration], applied: Sequence[Applied]) -> list[Migration]:
    """What is still to be applied; raises `SchemaNewer`, `MigrationChanged` or `MigrationSkipped`."""
    there: Mapping[int, Applied] = {one.number: one for one in applied}
    newest, last = max(there, default=0), known[-1].number
    if newest > last:
        raise SchemaNewer(newest=newest, known=last)
    for one in known:
        done = there.get(one.number)
        if done is not None and done.checksum != one.checksum:
            raise MigrationChanged(number=one.number, name=one.name)
        if done is None and one.number < newest:
            raise MigrationSkipped(number=one.number, name=one.name, newest=newest)
    return [one for one in known if one.number not in there]


def checked(database: str) -> str:
    """The name again; raises `SchemaNameError` on one that is no plain identifier."""
    if _NAME.fullmatch(database) is None:
        raise SchemaNameError(database)
    return database


def record(database: str) -> list[str]:
    """Database and record: these two are no migrations."""
    columns = "number UInt32, name String, checksum String, applied_at DateTime64(3, 'UTC') DEFAULT now64(3)"
    table = f"CREATE TABLE IF NOT EXISTS {checked(database)}.{RECORD} ({columns})"
    return [f"CREATE DATABASE IF NOT EXISTS {database}", f"{table} ENGINE = MergeTree ORDER BY (number, applied_at)"]


def keeping(database: str, keep: Keep) -> list[str]:
    """Statements that set for how long rows are kept; what is set already costs nothing."""
    opened, captured = "toDateTime(opened_at) + INTERVAL {} DAY", "toDateTime(captured_at) + INTERVAL {} DAY"
    matched = f"{opened.format(keep.events_days)} DELETE WHERE {MATCHED}"
    unmatched = f"{opened.format(keep.events_unmatched_days)} DELETE WHERE NOT ({MATCHED})"
    return [
        f"ALTER TABLE {checked(database)}.events MODIFY TTL {matched}, {unmatched}",
        f"ALTER TABLE {database}.photos MODIFY TTL {captured.format(keep.photos_days)}",
        f"ALTER TABLE {database}.looks MODIFY TTL {captured.format(max(1, keep.looks_days))}",
        f"ALTER TABLE {database}.reads MODIFY TTL {captured.format(max(1, keep.looks_days))}",
    ]


def statements(database: str, keep: Keep = Keep()) -> list[str]:  # noqa: B008 - frozen
    """All that makes an empty database, in order."""
    steps = [statement for one in migrations() for statement in one.statements(database)]
    return [*record(database), *steps, *keeping(database, keep)]

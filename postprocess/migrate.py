"""Brings a database to this program's schema. Edge (a clickhouse_connect client; blocking).

Two processes that start at once: the second waits. Who makes the table `migrating` holds the lock (the server lets one
succeed) and touches it before each statement; when it stands untouched for `STALE_S`, its maker is dead and it is moved
aside under a name that holds its own id, which again lets one succeed. Behind that is a second net: every statement may
be run again and twice at once (`ddl.RUN_AGAIN`), so that neither a kill -9 in the middle nor a holder that was only
slow does harm.
"""

from __future__ import annotations

import logging
import time
from typing import Any

import msgspec
from clickhouse_connect.driver.exceptions import ClickHouseError

from postprocess.ddl import LOCK, RECORD, Applied, Keep, Migration, keeping, migrations, pending, record
from postprocess.errors import StoreAway

log = logging.getLogger(__name__)

STALE_S = 30
LOOK_S = 0.25
WAIT_S_MAX = 300.0
"""A lock that is touched for so long is somebody's work that doesn't end: told, and tried again."""


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """What a database has and lacks."""

    applied: tuple[Applied, ...]
    pending: tuple[Migration, ...]


def status(client: Any, database: str) -> Status:
    """Look only; raises `SchemaError` where this program must not write there."""
    there = client.query(
        "SELECT count() FROM system.tables WHERE database = {database:String} AND name = {name:String}",
        parameters={"database": database, "name": RECORD},
    ).result_rows[0][0]
    applied = _applied(client, database) if there else ()
    return Status(applied=applied, pending=tuple(pending(migrations(), applied)))


def migrate(client: Any, database: str, keep: Keep, *, upto: int | None = None) -> list[Migration]:
    """Apply what is missing, then set for how long rows are kept; raises `SchemaError`, `StoreAway`.

    `upto` ends it with that number, and leaves for how long rows are kept as it is.
    """
    for statement in record(database):
        client.command(statement)
    pending(migrations(), _applied(client, database))  # refuse before waiting for anybody
    lock = _Lock(client, database)
    lock.take()
    try:
        done = []
        for step in pending(migrations(), _applied(client, database)):
            if upto is not None and step.number > upto:
                break
            _apply(client, database, step, lock)
            done.append(step)
        for statement in keeping(database, keep) if upto is None else ():
            lock.touch()
            client.command(statement)
    finally:
        lock.release()
    return done


def _apply(client: Any, database: str, step: Migration, lock: _Lock) -> None:
    for statement in step.statements(database):
        lock.touch()
        client.command(statement)
    row = [step.number, step.name, step.checksum]
    client.insert(RECORD, [row], column_names=["number", "name", "checksum"], database=database)
    log.info("schema of %s: %04d %s applied", database, step.number, step.name)


def _applied(client: Any, database: str) -> tuple[Applied, ...]:
    rows = client.query(
        f"SELECT number, argMin(r.name, r.applied_at), argMin(r.checksum, r.applied_at) "  # noqa: S608 - a checked name
        f"FROM {database}.{RECORD} AS r GROUP BY number ORDER BY number"
    ).result_rows
    return tuple(Applied(number=number, name=name, checksum=checksum) for number, name, checksum in rows)


class _Lock:
    """The table `migrating`."""

    def __init__(self, client: Any, database: str) -> None:
        self._client, self._database, self._table = client, database, f"{database}.{LOCK}"

    def take(self) -> None:
        """Wait until nobody migrates; raises `StoreAway` after `WAIT_S_MAX`."""
        begun_s = time.monotonic()
        while not self._made():
            self._move_stale()
            if time.monotonic() - begun_s > WAIT_S_MAX:
                raise StoreAway(self._table, f"another process has been migrating for {WAIT_S_MAX:g} s")
            time.sleep(LOOK_S)

    def touch(self) -> None:
        """Say that its maker lives."""
        self._client.command(f"ALTER TABLE {self._table} MODIFY COMMENT '{time.time_ns()}'")

    def release(self) -> None:
        """Away with it, and with those that others left."""
        self._client.command(f"DROP TABLE IF EXISTS {self._table} SYNC")
        for name, *_ in self._locks():
            if name != LOCK:
                self._client.command(f"DROP TABLE IF EXISTS {self._database}.{name} SYNC")

    def _made(self) -> bool:
        try:
            self._client.command(f"CREATE TABLE {self._table} (nothing UInt8) ENGINE = TinyLog")
        except ClickHouseError as error:
            if "TABLE_ALREADY_EXISTS" in str(error):
                return False
            raise
        return True

    def _move_stale(self) -> None:
        for name, uuid, idle_s in self._locks():
            if name == LOCK and idle_s >= STALE_S:
                log.warning("%s stands untouched for %d s: its maker is taken for dead", self._table, idle_s)
                aside = f"{self._database}.{LOCK}_{str(uuid).replace('-', '')}"
                try:
                    self._client.command(f"RENAME TABLE {self._table} TO {aside}")
                except ClickHouseError as error:
                    log.info("%s: another process was faster: %s", self._table, str(error)[:100])

    def _locks(self) -> list[tuple[str, object, int]]:
        return list(
            self._client.query(
                "SELECT name, uuid, toInt64(now()) - toInt64(metadata_modification_time) FROM system.tables "
                "WHERE database = {database:String} AND startsWith(name, {lock:String})",
                parameters={"database": self._database, "lock": LOCK},
            ).result_rows
        )

"""The engine: chDB connections, one per worker thread, all on one path.

Edge (threads, files). One engine per process; `run` is called from worker threads only.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import chdb
import msgspec

from deploy.clickhouse.form import Table
from deploy.clickhouse.native import CUSTOM_SERIALISATION_REVISION, revised
from deploy.clickhouse.request import Statement

WORKERS = 4
SERVER_SETTINGS = {
    "max_server_memory_usage": 2 * 1024**3,
    "mark_cache_size": 64 * 1024**2,
    "primary_index_cache_size": 64 * 1024**2,
    "index_mark_cache_size": 16 * 1024**2,
    "compiled_expression_cache_size": 16 * 1024**2,
    "query_condition_cache_size": 16 * 1024**2,
    "threadpool_local_fs_reader_pool_size": 8,
    "threadpool_writer_pool_size": 8,
    "load_marks_threadpool_pool_size": 4,
    "prefetch_threadpool_pool_size": 4,
}
"""The engine's own defaults are for a server of its own: caches of 5 GiB each, hundreds of threads for its files."""


class EngineError(Exception):
    """The engine refused a statement; the text is ClickHouse's own."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a statement gave."""

    body: bytes
    rows_read: int
    rows_written: int


class Engine:
    """chDB on a folder."""

    def __init__(self, path: Path) -> None:
        self._address = f"{path}?config-file={_configuration(path)}"
        self._spool = path.parent / f"{path.name}-spool"
        self._spool.mkdir(parents=True, exist_ok=True)
        for left in self._spool.iterdir():  # of a process that was killed while it inserted: never acknowledged
            left.unlink()
        self._local = threading.local()
        self._open: list[chdb.Connection] = []
        self._lock = threading.Lock()
        self.timezone = (
            self.run(Statement(sql="SELECT timezone()", format="TabSeparatedRaw", rows=True)).body.decode().strip()
        )
        self.version = (
            self.run(Statement(sql="SELECT version()", format="TabSeparatedRaw", rows=True)).body.decode().strip()
        )

    def run(self, statement: Statement) -> Answer:
        """Run one statement on this thread's connection; raises `EngineError`."""
        connection = self._connection()
        self._query(connection, f"USE {_name(statement.database or 'default')}")
        with self._settings(connection, statement.settings), self._tables(connection, statement.tables):
            if statement.data is not None:
                return self._insert(connection, statement)
            result = self._query(connection, statement.sql, statement.format, statement.params)
        answer = _answer(result)
        if statement.format == "Native" and statement.protocol >= CUSTOM_SERIALISATION_REVISION:
            return msgspec.structs.replace(answer, body=revised(answer.body))
        return answer

    def close(self) -> None:
        """Close every connection; no `run` may follow."""
        with self._lock:
            for connection in self._open:
                connection.close()
            self._open.clear()

    def _insert(self, connection: chdb.Connection, statement: Statement) -> Answer:
        answer = self._from_file(
            connection, statement.sql, statement.format, statement.data or b"", params=statement.params
        )
        # An insert from a file reads exactly the rows that it writes; the engine counts only the reading.
        return Answer(body=b"", rows_read=answer.rows_read, rows_written=answer.rows_read)

    def _from_file(
        self, connection: chdb.Connection, insert: str, kind: str, data: bytes, params: dict[str, str] | None = None
    ) -> Answer:
        handle, name = tempfile.mkstemp(dir=self._spool, suffix=f".{kind}")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            sql = f"{insert} FROM INFILE {_text(name)} COMPRESSION 'none' FORMAT {kind}"
            return _answer(self._query(connection, sql, "TabSeparated", params))
        finally:
            Path(name).unlink(missing_ok=True)

    @contextlib.contextmanager
    def _tables(self, connection: chdb.Connection, tables: tuple[Table, ...]) -> Iterator[None]:
        """External tables of a statement are temporary ones of this thread's connection."""
        made: list[str] = []
        try:
            for table in tables:
                name = _name(table.name)
                self._query(connection, f"CREATE TEMPORARY TABLE {name} ({table.structure}) ENGINE = Memory")
                made.append(name)
                if table.data:
                    self._from_file(connection, f"INSERT INTO {name}", table.format, table.data)
            yield
        finally:
            for name in made:
                self._query(connection, f"DROP TEMPORARY TABLE IF EXISTS {name}")

    def _connection(self) -> chdb.Connection:
        connection: chdb.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            with self._lock:
                connection = chdb.connect(self._address)
                self._open.append(connection)
            self._local.connection = connection
        return connection

    @contextlib.contextmanager
    def _settings(self, connection: chdb.Connection, settings: dict[str, str]) -> Iterator[None]:
        done: list[str] = []
        try:
            for key, value in settings.items():
                self._query(connection, f"SET {key} = {_text(value)}")
                done.append(key)
            yield
        finally:
            for key in done:
                self._query(connection, f"SET {key} = DEFAULT")

    @staticmethod
    def _query(
        connection: chdb.Connection, sql: str, name: str = "TabSeparated", params: dict[str, str] | None = None
    ) -> object:
        try:
            result = connection.query(sql, name, params=params or {})
        except RuntimeError as error:  # ChdbError is one
            raise EngineError(str(error)) from None
        if result.has_error():
            raise EngineError(str(result.error_message()))
        return result


def _configuration(path: Path) -> Path:
    """Write the engine's configuration beside its folder."""
    file = path.parent / f"{path.name}.xml"
    lines = "\n".join(f"  <{name}>{value}</{name}>" for name, value in SERVER_SETTINGS.items())
    file.write_text(f"<clickhouse>\n{lines}\n</clickhouse>\n", encoding="utf-8")
    return file


def _answer(result: object) -> Answer:
    rows_read = int(result.rows_read() or 0)  # type: ignore[attr-defined]
    body = bytes(result.bytes() or b"")  # type: ignore[attr-defined]
    return Answer(body=body, rows_read=rows_read, rows_written=int(result.rows_written() or 0))  # type: ignore[attr-defined]


def _text(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _name(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("`", "\\`")
    return f"`{escaped}`"

"""Tables out of ClickHouse and into one, in its native format over HTTP. Edge (HTTP)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import msgspec
from backports import zstd

from deploy.backup import chunks
from deploy.errors import StoreRefused
from postprocess.contract import ClickHouseSettings
from postprocess.ddl import LOCK, RECORD

ANSWER_S_MAX = 600.0


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """A table as the engine describes it."""

    name: str
    columns: tuple[str, ...]
    key: str
    column: str
    """Of time, that it is partitioned by; empty = none."""


class House:
    """One server, one database."""

    def __init__(self, settings: ClickHouseSettings) -> None:
        self.database, self.where = settings.database, f"http://{settings.host}:{settings.port}"
        headers = {"X-ClickHouse-User": settings.user, "X-ClickHouse-Key": settings.password}
        self._http = httpx.Client(base_url=self.where, headers=headers, timeout=ANSWER_S_MAX, trust_env=False)

    def close(self) -> None:
        """Away with the connection."""
        self._http.close()

    def run(self, sql: str, data: bytes | None = None) -> bytes:
        """A statement, or an insert with its data; raises `StoreRefused`."""
        try:
            if data is None:
                answer = self._http.post("/", content=sql.encode())
            else:
                answer = self._http.post("/", params={"query": sql}, content=data)
        except httpx.HTTPError as error:
            raise StoreRefused(self.where, str(error) or type(error).__name__) from None
        if answer.status_code != 200:
            raise StoreRefused(self.where, answer.text)
        return answer.content

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """Rows of a query."""
        return [json.loads(line) for line in self.run(f"{sql} FORMAT JSONEachRow").splitlines()]

    def version(self) -> str:
        """Of the engine."""
        return str(self.rows("SELECT version() AS version")[0]["version"])

    def schema(self) -> int:
        """Number of the newest migration; 0 = the database is not there."""
        if not self.rows(f"SELECT 1 FROM system.tables WHERE database = '{self.database}' AND name = '{RECORD}'"):  # noqa: S608 - a checked name
            return 0
        return int(self.rows(f"SELECT max(number) AS number FROM {self.database}.{RECORD}")[0]["number"])  # noqa: S608 - as above

    def tables(self) -> list[Table]:
        """Tables with rows of their own, but for those that the migrations keep."""
        found = self.rows(
            f"SELECT name, sorting_key, partition_key FROM system.tables WHERE database = '{self.database}' "  # noqa: S608 - a checked name
            f"AND endsWith(engine, 'MergeTree') AND name != '{RECORD}' AND NOT startsWith(name, '{LOCK}') ORDER BY name"
        )
        return [
            Table(
                name=one["name"],
                columns=self._columns(one["name"]),
                key=one["sorting_key"],
                column=chunks.time_column(one["partition_key"]),
            )
            for one in found
        ]

    def _columns(self, table: str) -> tuple[str, ...]:
        found = self.rows(
            f"SELECT name FROM system.columns WHERE database = '{self.database}' AND table = '{table}' "  # noqa: S608 - names are the engine's
            f"AND default_kind NOT IN ('ALIAS', 'MATERIALIZED') ORDER BY position"
        )
        return tuple(one["name"] for one in found)

    def filled(self) -> list[str]:
        """Tables that hold rows."""
        return [one.name for one in self.tables() if self.count(one.name)]

    def count(self, table: str) -> int:
        """Rows of a table, older versions among them."""
        return int(self.rows(f"SELECT count() AS rows FROM {self.database}.{table}")[0]["rows"])  # noqa: S608 - as above

    def pieces(self, table: Table) -> Iterator[bytes]:
        """Rows of the whole table, in compressed pieces."""
        names = ", ".join(f"`{name}`" for name in table.columns)
        source = f"{self.database}.{table.name}"
        for partition, limit in self._partitions(table.name):
            for span in self._spans(table, partition, limit):
                where = chunks.condition(span, column=table.column, partition=partition, key=table.key)
                if body := self.run(f"SELECT {names} FROM {source} WHERE {where} FORMAT Native"):  # noqa: S608 - as above
                    yield zstd.compress(body)

    def _partitions(self, table: str) -> list[tuple[str, int]]:
        found = self.rows(
            "SELECT partition_id, toUInt64(sum(rows)) AS rows, toUInt64(sum(data_uncompressed_bytes)) AS bytes "  # noqa: S608 - as above
            f"FROM system.parts WHERE active AND database = '{self.database}' AND table = '{table}' "
            "GROUP BY partition_id ORDER BY partition_id"
        )
        return [(one["partition_id"], chunks.rows_max(int(one["rows"]), int(one["bytes"]))) for one in found]

    def _spans(self, table: Table, partition: str, limit: int) -> list[chunks.Span]:
        at = f"toUnixTimestamp(toStartOfMinute({table.column}, 'UTC'))" if table.column else "0"
        found = self.rows(
            f"SELECT {at} AS at, count() AS rows FROM {self.database}.{table.name} "  # noqa: S608 - as above
            f"WHERE _partition_id = '{partition}' GROUP BY at ORDER BY at"
        )
        return chunks.spans(((int(one["at"]), int(one["rows"])) for one in found), limit)

    def fill(self, table: str, columns: tuple[str, ...], piece: bytes) -> None:
        """Put a piece back."""
        names = ", ".join(f"`{name}`" for name in columns)
        self.run(f"INSERT INTO {self.database}.{table} ({names}) FORMAT Native", zstd.decompress(piece))

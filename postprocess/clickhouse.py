"""The analytics store. Edge (clickhouse_connect; blocking calls run in threads).

Rules
- `insert` returns after the store has the rows; what can pass by itself raises `StoreAway`.
- Several calls may be under way at once, `CALLS_MAX` at most; the rest wait in order.
- The client is made anew after every failure: a server that came back may be another one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import clickhouse_connect
import urllib3.exceptions
from clickhouse_connect.driver.exceptions import ClickHouseError, DataError

from postprocess.contract import ClickHouseSettings
from postprocess.ddl import Keep
from postprocess.errors import RowsError, StoreAway
from postprocess.migrate import Status, migrate, status
from postprocess.rows import Columns, columns

CONNECT_S_MAX = 3
ANSWER_S_MAX = 30
PATIENCE_S = 600
CALLS_MAX = 4
_AWAY = (ClickHouseError, urllib3.exceptions.HTTPError, OSError)


class ClickHouse:
    """One server, one database."""

    def __init__(self, settings: ClickHouseSettings, *, answer_s_max: int = ANSWER_S_MAX) -> None:
        self._settings, self._answer_s_max = settings, answer_s_max
        self._client: Any = None
        self._turns = asyncio.Semaphore(CALLS_MAX)

    def patient(self) -> ClickHouse:
        """The same for statements that may take minutes: counting, deleting."""
        return ClickHouse(self._settings, answer_s_max=PATIENCE_S)

    async def migrate(self, keep: Keep, *, upto: int | None = None) -> None:
        """Bring the database to this program's schema, or to the number `upto` of it.

        Raises `StoreAway`, or `SchemaError` where it must not.
        """
        await self._run(lambda client: migrate(client, self._settings.database, keep, upto=upto))

    async def status(self) -> Status:
        """What the database has and lacks; raises as `migrate` does."""
        found: Status = await self._run(lambda client: status(client, self._settings.database))
        return found

    async def insert(self, table: str, builders: Columns[Any], items: Sequence[Any]) -> None:
        """Insert a row for each item; raises `StoreAway`, or `RowsError` where a value does not fit its column."""
        summary = await self._run(
            lambda client: client.insert(
                table,
                columns(builders, items),
                column_names=list(builders),
                column_oriented=True,
                database=self._settings.database,
            )
        )
        taken = int(summary.summary.get("written_rows", len(items)))
        if taken < len(items):
            raise StoreAway(self._where, f"took {taken} of {len(items)} rows")

    async def rows(self, sql: str, parameters: Mapping[str, Any] = {}) -> list[dict[str, Any]]:
        """The rows of a question, tables named as `{{db}}.table`; raises `StoreAway`."""
        asked = self._filled(sql)
        found = await self._run(lambda client: list(client.query(asked, parameters=dict(parameters)).named_results()))
        return list(found)

    async def command(self, sql: str, parameters: Mapping[str, Any] = {}) -> None:
        """A statement without rows; raises `StoreAway`."""
        asked = self._filled(sql)
        await self._run(lambda client: client.command(asked, parameters=dict(parameters)))

    def close(self) -> None:
        """Let go of the connections."""
        if self._client is not None:
            self._client.close()
            self._client = None

    @property
    def _where(self) -> str:
        return f"{self._settings.host}:{self._settings.port}"

    def _filled(self, sql: str) -> str:
        return sql.replace("{{db}}", self._settings.database)

    async def _run(self, call: Callable[[Any], Any]) -> Any:
        async with self._turns:
            try:
                return await asyncio.to_thread(lambda: call(self._connected()))
            except DataError as error:
                raise RowsError(str(error)[:300]) from error
            except _AWAY as error:
                self._client = None
                first_line = (str(error) or type(error).__name__).partition("\n")[0]
                raise StoreAway(self._where, first_line[:300]) from error

    def _connected(self) -> Any:
        if self._client is None:
            self._client = clickhouse_connect.get_client(
                host=self._settings.host,
                port=self._settings.port,
                username=self._settings.user,
                password=self._settings.password,
                connect_timeout=CONNECT_S_MAX,
                send_receive_timeout=self._answer_s_max,
                autogenerate_session_id=False,
            )
        return self._client

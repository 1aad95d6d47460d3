"""Rows into ClickHouse. Edge (clickhouse_connect; blocking calls run in a thread).

Rules
- `insert` returns after the store has the rows; what can pass by itself raises `StoreAway`.
- The client is made anew after every failure: a server that came back may be another one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import clickhouse_connect
import urllib3.exceptions
from clickhouse_connect.driver.exceptions import ClickHouseError, DataError

from postprocess.contract import ClickHouseSettings
from postprocess.ddl import Keep
from postprocess.errors import RowsError, StoreAway
from postprocess.migrate import Status, migrate, status

CONNECT_S_MAX = 3
ANSWER_S_MAX = 30
_AWAY = (ClickHouseError, urllib3.exceptions.HTTPError, OSError)


class ClickHouse:
    """One connection to the store; one call at a time."""

    def __init__(self, settings: ClickHouseSettings, *, dsn: str = "") -> None:
        """`dsn` names another way in than HTTP, e.g. `chdb:///path` for the engine in this process."""
        self._settings, self._dsn = settings, dsn
        self._client: Any = None
        self._turn = asyncio.Lock()

    async def migrate(self, keep: Keep) -> None:
        """Bring the database to this program's schema; raises `StoreAway`, or `SchemaError` where it must not."""
        async with self._turn:
            await self._run(lambda client: migrate(client, self._settings.database, keep))

    async def status(self) -> Status:
        """What the database has and lacks; raises as `migrate` does."""
        async with self._turn:
            found: Status = await self._run(lambda client: status(client, self._settings.database))
        return found

    async def insert(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Insert rows; raises `StoreAway`, or `RowsError` where a value does not fit its column."""
        async with self._turn:
            await self._run(
                lambda client: client.insert(table, rows, column_names=list(columns), database=self._settings.database)
            )

    def close(self) -> None:
        """Let go of the connection."""
        if self._client is not None:
            self._client.close()
            self._client = None

    async def _run(self, call: Callable[[Any], Any]) -> Any:
        try:
            return await asyncio.to_thread(lambda: call(self._connected()))
        except DataError as error:
            raise RowsError(str(error)[:300]) from error
        except _AWAY as error:
            self._client = None
            first_line = (str(error) or type(error).__name__).partition("\n")[0]
            raise StoreAway(f"{self._settings.host}:{self._settings.port}", first_line[:300]) from error

    def _connected(self) -> Any:
        if self._client is None:
            where = (
                {"dsn": self._dsn}
                if self._dsn
                else {
                    "host": self._settings.host,
                    "port": self._settings.port,
                    "username": self._settings.user,
                    "password": self._settings.password,
                    "connect_timeout": CONNECT_S_MAX,
                    "send_receive_timeout": ANSWER_S_MAX,
                    "autogenerate_session_id": False,
                }
            )
            self._client = clickhouse_connect.get_client(**where)
        return self._client

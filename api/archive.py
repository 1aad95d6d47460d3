"""The event store, asked from threads of its own: at most so many questions at once, each with an end.

Edge (clickhouse_connect, threads). The store may be away at start and at any time; the next question connects again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import clickhouse_connect
import urllib3.exceptions
from clickhouse_connect.driver.exceptions import ClickHouseError

from api.errors import Unavailable
from api.metrics import STORE_QUERIES
from api.query import Query
from api.sight import limited
from postprocess.contract import ClickHouseSettings

log = logging.getLogger(__name__)

THREADS = 4
WAITING_MAX = 64
CONNECT_S_MAX = 3
_AWAY = (ClickHouseError, urllib3.exceptions.HTTPError, OSError)


class Rows(Protocol):
    """Where rows come from: the whole store, or what somebody may see of it."""

    async def rows(self, query: Query) -> list[Mapping[str, Any]]:
        """Rows of a question; raises `Unavailable`."""

    async def ping(self) -> None:
        """Raise `Unavailable` unless the store answers."""


class LimitedArchive:
    """The store as somebody sees it who is limited to regions."""

    def __init__(self, whole: Rows, cameras: Callable[[], frozenset[str]]) -> None:
        self._whole, self._cameras = whole, cameras

    async def rows(self, query: Query) -> list[Mapping[str, Any]]:
        """Rows of the cameras that are seen now; raises `Unavailable`."""
        return await self._whole.rows(limited(query, self._cameras()))

    async def ping(self) -> None:
        """Raise `Unavailable` unless the store answers."""
        await self._whole.ping()


class Archive:
    """Reads from the store."""

    def __init__(self, settings: ClickHouseSettings, *, timeout_s: float) -> None:
        self._settings, self._timeout_s = settings, timeout_s
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="archive")
        self._waiting = 0
        self._client: Any = None
        self._answers = True
        logging.getLogger("clickhouse_connect").setLevel(
            logging.ERROR
        )  # it warns at every attempt; one line tells it all

    def close(self) -> None:
        """Let go of the threads; a question under way ends by its own time-out."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def rows(self, query: Query) -> list[Mapping[str, Any]]:
        """Rows of a question; raises `Unavailable` when the store is away, too slow, or has no tables yet."""
        return await self._run(lambda: self._ask(query))

    async def ping(self) -> None:
        """Raise `Unavailable` unless the store answers."""
        await self._run(lambda: self._ask(Query(sql="SELECT 1 AS one", parameters={})))

    async def _run(self, call: Callable[[], list[Mapping[str, Any]]]) -> list[Mapping[str, Any]]:
        if self._waiting >= WAITING_MAX:
            STORE_QUERIES.labels("busy").inc()
            raise Unavailable(component="clickhouse", reason=f"{WAITING_MAX} questions wait already")
        self._waiting += 1
        future = asyncio.get_running_loop().run_in_executor(self._threads, call)
        future.add_done_callback(self._done)
        try:
            async with asyncio.timeout(self._timeout_s):
                rows = await asyncio.shield(future)
        except TimeoutError as error:
            STORE_QUERIES.labels("away").inc()
            self._say(answers=False, reason="no answer in time")
            raise Unavailable(component="clickhouse", reason=f"no answer in {self._timeout_s:g} s") from error
        except _AWAY as error:
            STORE_QUERIES.labels("refused").inc()
            self._say(answers=False, reason=str(error).partition("\n")[0][:500])
            raise Unavailable(component="clickhouse", reason=type(error).__name__) from error
        STORE_QUERIES.labels("ok").inc()
        self._say(answers=True)
        return rows

    def _say(self, *, answers: bool, reason: str = "") -> None:
        """Log a change, not every question."""
        if answers != self._answers:
            log.log(logging.INFO if answers else logging.WARNING, "clickhouse: %s", reason or "answers again")
        self._answers = answers

    def _done(self, future: asyncio.Future[list[Mapping[str, Any]]]) -> None:
        self._waiting -= 1
        if not future.cancelled():
            future.exception()  # one that nobody waits for any more is not a fault of the loop

    def _ask(self, query: Query) -> list[Mapping[str, Any]]:
        if self._client is None:
            self._client = clickhouse_connect.get_client(
                host=self._settings.host,
                port=self._settings.port,
                username=self._settings.user,
                password=self._settings.password,
                database=self._settings.database,
                connect_timeout=CONNECT_S_MAX,
                send_receive_timeout=int(self._timeout_s) + 1,
                autogenerate_session_id=False,
                query_retries=1,
            )
        result = self._client.query(query.sql, parameters=query.parameters)
        return list(result.named_results())

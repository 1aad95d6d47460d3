"""Boards asked for real: a store filled by the real row builders, and the panels' queries with macros filled in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import clickhouse_connect
import msgspec

from dashboards.preview.board import Json, variable_queries
from dashboards.preview.macros import ALL, Chosen, Span, filled
from ingest.contract import Camera, CameraNotice, encode
from postprocess.clickhouse import ClickHouse
from postprocess.contract import ClickHouseSettings, Event
from postprocess.ddl import Keep
from postprocess.inlet import event as decoded_event
from postprocess.rows import CAMERA_COLUMNS, EVENT_COLUMNS, CameraChange


async def fill(settings: ClickHouseSettings, cameras: Iterable[Camera], events: Iterable[Event | CameraNotice]) -> None:
    """Schema, cameras and events, as the program `store` would put them in."""
    house = ClickHouse(settings)
    await house.migrate(Keep(events_days=3650, events_unmatched_days=3650))
    changes = [CameraChange(camera=one.id, revision=n, settings=one) for n, one in enumerate(cameras, 1)]
    gone = CameraChange(camera="gone", revision=99, settings=None)
    was = CameraChange(camera="gone", revision=98, settings=Camera(id="gone", name="Ворота 9", url="rtsp://x/1"))
    await house.insert("cameras", CAMERA_COLUMNS, [*changes, was, gone])
    batch = [decoded_event(f"zool.events.{one.camera}.{one.kind}", encode(one)) for one in events]
    for start in range(0, len(batch), 2000):
        await house.insert("events", EVENT_COLUMNS, batch[start : start + 2000])
    house.close()


class Rows(msgspec.Struct, frozen=True, kw_only=True):
    """An answer: names of its fields, and rows."""

    names: tuple[str, ...]
    rows: list[tuple[Any, ...]]

    @property
    def records(self) -> list[dict[str, Any]]:
        """Rows as name → value."""
        return [dict(zip(self.names, row, strict=True)) for row in self.rows]


class Asker:
    """Asks the store as the data source of Grafana would: its database is the default one."""

    def __init__(self, settings: ClickHouseSettings) -> None:
        self.settings = settings
        self._client = clickhouse_connect.get_client(
            host=settings.host, port=settings.port, username=settings.user, password=settings.password,
            database=settings.database, autogenerate_session_id=False,
        )  # fmt: skip

    def ask(self, sql: str, span: Span, variables: Mapping[str, Chosen]) -> Rows:
        """The answer to a query of a board."""
        answer = self._client.query(filled(sql, span, variables))
        return Rows(names=tuple(answer.column_names), rows=list(answer.result_rows))

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def variables(
        self, board: Json, span: Span, chosen: Mapping[str, Sequence[str]] | None = None
    ) -> dict[str, Chosen]:
        """The board's variables: options asked of the store, values those given, else All or the board's own."""
        found: dict[str, Chosen] = {}
        given = chosen or {}
        for variable in board["templating"]["list"]:
            name, current = variable["name"], variable.get("current", {}).get("value", "")
            if variable["type"] == "constant":
                current = variable["query"]
            values = tuple(given.get(name, [current] if isinstance(current, str) else current))
            found[name] = Chosen(values=values, many=bool(variable.get("multi")))
        for name, sql in variable_queries(board):
            options = tuple(str(row[0]) for row in self.ask(sql, span, found).rows)
            found[name] = msgspec.structs.replace(found[name], options=options)
        return found


def span_of(since: datetime, until: datetime, *, points: int = 200) -> Span:
    """A chosen time with the interval that a panel of so many points would have."""
    return Span(since=since, until=until, interval_s=max(1, round((until - since).total_seconds() / points)))


__all__ = ["ALL", "Asker", "Rows", "fill", "span_of"]

"""A board's JSON as its preview and its tests read it. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Json = dict[str, Any]
SQL_PLUGIN = "grafana-clickhouse-datasource"


def read_board(path: Path) -> Json:
    """The JSON of a board."""
    board: Json = json.loads(path.read_text(encoding="utf-8"))
    return board


def panels(board: Json) -> list[Json]:
    """Every panel, rows among them, in their order."""
    found: list[Json] = []
    for panel in board["panels"]:
        found.append(panel)
        found += panel.get("panels", [])
    return found


def sql_targets(board: Json) -> Iterator[tuple[Json, str]]:
    """(panel, SQL) of every target that asks ClickHouse."""
    for panel in panels(board):
        for target in panel.get("targets", []):
            if "rawSql" in target:
                yield panel, target["rawSql"]


def promql_targets(board: Json) -> Iterator[tuple[Json, str]]:
    """(panel, PromQL) of every target that asks Prometheus."""
    for panel in panels(board):
        for target in panel.get("targets", []):
            if "expr" in target:
                yield panel, target["expr"]


def variable_queries(board: Json) -> Iterator[tuple[str, str]]:
    """(variable, SQL) of every variable that asks ClickHouse."""
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["name"], variable["query"]["rawSql"]

"""Every metric that a board uses exists in a running process, with the labels that the board asks for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import promql_parser as pp
import pytest

from dashboards.__main__ import BOARDS
from dashboards.alerts.rules import ALERTS
from dashboards.metrics import PARTS, exported, of_module
from dashboards.preview.board import promql_targets, read_board
from dashboards.preview.macros import Chosen, Span, promql

SPAN = Span(since=datetime(2026, 1, 1, tzinfo=UTC), until=datetime(2026, 1, 2, tzinfo=UTC), interval_s=60)
VARIABLES = {"camera": Chosen(values=("$__all",), options=("gate", "yard"), many=True)}
BY_SCRAPING = {"component", "job", "instance"}
"""Labels that Prometheus' own configuration adds (provisioning/prometheus.yml)."""


def expressions() -> list[str]:
    """Every PromQL expression of all boards, variables filled in."""
    return [
        promql(expr, SPAN, VARIABLES)
        for path in sorted(BOARDS.glob("*.json"))
        for _, expr in promql_targets(read_board(path))
    ]


def alert_expressions() -> list[str]:
    """Every PromQL expression of the alert rules."""
    return [alert.expr for alert in ALERTS]


def walk(node: pp.Expr) -> Iterator[pp.Expr]:
    """A node and all below it."""
    yield node
    for name in ("expr", "lhs", "rhs", "vector_selector", "vs"):
        child = getattr(node, name, None)
        if isinstance(child, pp.Expr):
            yield from walk(child)
    for child in getattr(node, "args", None) or []:
        if isinstance(child, pp.Expr):
            yield from walk(child)


def selectors(expr: str) -> list[pp.VectorSelector]:
    """Every series that an expression asks for."""
    return [node for node in walk(pp.parse(expr)) if isinstance(node, pp.VectorSelector)]


def grouped_by(expr: str) -> set[str]:
    """Labels in `by (…)`."""
    modifiers = [node.modifier for node in walk(pp.parse(expr)) if isinstance(node, pp.AggregateExpr)]
    return {label for one in modifiers if one is not None for label in one.labels}


def test_there_are_expressions_and_each_parses() -> None:
    """By a real parser, with at least one series in each."""
    assert len(expressions()) >= 16
    assert all(selectors(expr) for expr in expressions())


def test_metrics_exist_with_their_labels() -> None:
    """The names are a closed set in each stage's metrics.py."""
    names = exported()
    for expr in expressions():
        found = selectors(expr)
        known = set[str]()
        for selector in found:
            assert selector.name in names, f"{selector.name} is exported by nobody: {expr}"
            asked = {matcher.name for matcher in selector.matchers.matchers} - {"__name__"}
            assert asked <= names[selector.name] | BY_SCRAPING, expr
            known |= names[selector.name] | BY_SCRAPING
        assert grouped_by(expr) <= known, expr


def test_no_metric_is_there_for_nobody() -> None:
    """Whatever a stage exports, a board or an alert asks for."""
    asked = {selector.name for expr in [*expressions(), *alert_expressions()] for selector in selectors(expr)}
    unused = [
        metric.name for _, module in PARTS for metric in of_module(module) if not asked.intersection(metric.series)
    ]
    assert unused == []


@pytest.mark.parametrize(
    ("expr", "names"), [("rate(a_total[5m])", ["a_total"]), ('sum by (x) (a{y="1"}) / on () b', ["a", "b"])]
)  # fmt: skip
def test_the_walk_finds_every_series(expr: str, names: list[str]) -> None:
    """Inside calls, aggregations, and both sides of an operator."""
    assert [selector.name for selector in selectors(expr)] == names

"""Every metric that a board uses exists in a running process, with the labels that the board asks for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from types import ModuleType

import prometheus_client
import promql_parser as pp
import pytest

import api.metrics
import ingest.metrics
import postprocess.metrics
from dashboards.__main__ import BOARDS
from dashboards.preview.board import promql_targets, read_board
from dashboards.preview.macros import Chosen, Span, promql

SPAN = Span(since=datetime(2026, 1, 1, tzinfo=UTC), until=datetime(2026, 1, 2, tzinfo=UTC), interval_s=60)
VARIABLES = {"camera": Chosen(values=("$__all",), options=("gate", "yard"), many=True)}
BY_SCRAPING = {"component", "job", "instance"}
"""Labels that Prometheus' own configuration adds (provisioning/prometheus.yml)."""


def exported() -> dict[str, set[str]]:
    """Name of a series → its labels."""
    found: dict[str, set[str]] = {"up": set()}
    modules: tuple[ModuleType, ...] = (ingest.metrics, postprocess.metrics, api.metrics)
    for value in (one for module in modules for one in vars(module).values()):
        if isinstance(value, prometheus_client.Histogram):
            for suffix, more in (("_bucket", {"le"}), ("_count", set[str]()), ("_sum", set[str]())):
                found[value._name + suffix] = {*value._labelnames, *more}
        elif isinstance(value, (prometheus_client.Counter, prometheus_client.Gauge)):
            suffix = "_total" if isinstance(value, prometheus_client.Counter) else ""
            found[value._name + suffix] = set(value._labelnames)
    return found


def expressions() -> list[str]:
    """Every PromQL expression of both boards, variables filled in."""
    return [
        promql(expr, SPAN, VARIABLES)
        for name in ("gate.en.json", "gate.ru.json")
        for _, expr in promql_targets(read_board(BOARDS / name))
    ]


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


@pytest.mark.parametrize(
    ("expr", "names"), [("rate(a_total[5m])", ["a_total"]), ('sum by (x) (a{y="1"}) / on () b', ["a", "b"])]
)  # fmt: skip
def test_the_walk_finds_every_series(expr: str, names: list[str]) -> None:
    """Inside calls, aggregations, and both sides of an operator."""
    assert [selector.name for selector in selectors(expr)] == names

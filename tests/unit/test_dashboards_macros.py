"""The plugin's macros and Grafana's variables, after their documentation."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from dashboards.errors import MacroError
from dashboards.preview.macros import ALL, Chosen, Span, filled, promql

SPAN = Span(
    since=datetime(2014, 11, 12, 12, 32, 6, 123_000, UTC),
    until=datetime(2015, 11, 12, 12, 32, 6, tzinfo=UTC),
    interval_s=20,
)
ONE = Chosen(values=("db1",), options=("db1", "db2"), many=True)
TWO = Chosen(values=("db1", "it's"), options=("db1", "it's"), many=True)
EVERY = Chosen(values=(ALL,), options=("db1", "db2"), many=True)


@pytest.mark.parametrize(
    ("macro", "written"),
    [
        ("$__timeFilter(t)", "t >= toDateTime(1415795526) AND t <= toDateTime(1447331526)"),
        (
            "$__timeFilter_ms(t)",
            "t >= fromUnixTimestamp64Milli(1415795526123) AND t <= fromUnixTimestamp64Milli(1447331526000)",
        ),
        ("$__dateFilter(d)", "d >= toDate('2014-11-12') AND d <= toDate('2015-11-12')"),
        ("$__fromTime", "toDateTime(1415795526)"),
        ("$__toTime", "toDateTime(1447331526)"),
        ("$__fromTime_ms", "fromUnixTimestamp64Milli(1415795526123)"),
        ("$__toTime_ms", "fromUnixTimestamp64Milli(1447331526000)"),
        ("$__timeFrom(t)", "t >= toDateTime(1415795526)"),
        ("$__timeTo(t)", "t <= toDateTime(1447331526)"),
        ("$__interval_s", "20"),
        ("$__timeInterval(f(a, b))", "toStartOfInterval(toDateTime(f(a, b)), INTERVAL 20 second)"),
        ("$__timeInterval_ms(t)", "toStartOfInterval(toDateTime64(t, 3), INTERVAL 20000 millisecond)"),
    ],
)  # fmt: skip
def test_macros(macro: str, written: str) -> None:
    """Each as the plugin's documentation shows it."""
    assert filled(f"SELECT {macro} x", SPAN, {}) == f"SELECT {written} x"


@pytest.mark.parametrize(
    ("chosen", "condition"),
    [(ONE, "db IN ('db1')"), (TWO, r"db IN ('db1','it\'s')"), (EVERY, "1=1"), (Chosen(values=("",)), "1=1")],
)
def test_conditional_all(chosen: Chosen, condition: str) -> None:
    """The condition, or nothing of it where the variable stands at All; brackets and commas inside don't matter."""
    sql = "WHERE $__conditionalAll(db IN (${db:singlequote}), $db) AND f(1, 2)"
    assert filled(sql, SPAN, {"db": chosen}) == f"WHERE {condition} AND f(1, 2)"


def test_variables() -> None:
    """Plain, in braces; a name that is no variable stays."""
    hours = Chosen(values=("24",))
    assert filled("$h ${h} $hours ${db}", SPAN, {"h": hours, "db": ONE}) == "24 24 $hours 'db1'"


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("$__noSuch(x)", "no macro"),
        ("$__timeFilter", "lacks its bracket"),
        ("$__timeInterval(a, b)", "one argument, was given 2"),
        ("$__conditionalAll(x = 1, $nobody)", "no variable nobody"),
        ("$__conditionalAll(x = 1)", "two arguments"),
        ("$__timeFilter(x", "not closed"),
        ("${h:sqlstring}", "format"),
    ],
)
def test_what_the_plugin_would_not_take(sql: str, reason: str) -> None:
    """Says what and why."""
    with pytest.raises(MacroError, match=reason):
        filled(sql, SPAN, {"h": ONE})


def test_promql() -> None:
    """Several cameras are a regular expression; durations follow span and interval."""
    expr = 'rate(m{camera=~"$camera"}[$__rate_interval]) + m[$__range] + m[$__interval]'
    written = promql(expr, SPAN, {"camera": Chosen(values=(ALL,), options=("a.1", "b"), many=True)})
    assert written == 'rate(m{camera=~"(a\\\\.1|b)"}[60s]) + m[31536000s] + m[20s]'
    assert promql("$camera", SPAN, {"camera": ONE}) == "db1"

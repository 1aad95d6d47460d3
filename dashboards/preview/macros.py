"""What Grafana and the plugin `grafana-clickhouse-datasource` do to a query before it is sent. Pure.

After the plugin's documentation (query editor, template variables) and its behaviour as of version 4.20, in this order:

1. `$__conditionalAll(condition, $variable)`: the condition, or `1=1` where the variable stands at All (browser side).
2. Variables: `$name`, `${name}`, `${name:format}`; All without a value of its own means all options (browser side).
3. The other macros, with the time span and the interval of the panel (server side).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime

import msgspec

from dashboards.errors import MacroError

ALL = "$__all"
_VARIABLE = re.compile(r"\$\{(\w+)(?::(\w+))?\}|\$(\w+)")
_MACRO = re.compile(r"\$__(\w+)")
_CONDITIONAL = "$__conditionalAll("


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """The chosen time and the panel's interval."""

    since: datetime
    until: datetime
    interval_s: int = 60


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """What a variable stands at; `options` are all that it could."""

    values: tuple[str, ...]
    options: tuple[str, ...] = ()
    many: bool = False
    """Whether several may be chosen: the plain form of such a variable is a list."""

    @property
    def is_all(self) -> bool:
        """Stands at All, or at nothing."""
        return self.values in {(ALL,), (), ("",)}

    @property
    def meant(self) -> tuple[str, ...]:
        """The values behind All, or those chosen."""
        return self.options if self.values == (ALL,) else self.values


def filled(sql: str, span: Span, variables: Mapping[str, Chosen]) -> str:
    """A query as ClickHouse gets it; raises `MacroError`."""
    return _macros(interpolated(_conditional(sql, variables), variables, _sql_list), span)


def interpolated(text: str, variables: Mapping[str, Chosen], plain: Callable[[Chosen], str]) -> str:
    """Variables in their places; names that are no variable stay. `plain` writes the form without a format."""

    def one(found: re.Match[str]) -> str:
        name, form = found.group(1) or found.group(3), found.group(2)
        if name not in variables:
            return found.group(0)
        return plain(variables[name]) if form is None else _formatted(variables[name].meant, form)

    return _VARIABLE.sub(one, text)


def promql(expr: str, span: Span, variables: Mapping[str, Chosen], *, scrape_s: int = 15) -> str:
    """PromQL as Prometheus gets it: several values become a regular expression, intervals become durations."""
    range_s = max(1, round((span.until - span.since).total_seconds()))
    rate_s = max(span.interval_s + scrape_s, 4 * scrape_s)
    for name, value in (("range", f"{range_s}s"), ("rate_interval", f"{rate_s}s"), ("interval", f"{span.interval_s}s")):
        expr = expr.replace(f"$__{name}", value)
    # A regular expression inside a PromQL string: its backslashes are escaped once more.
    return interpolated(expr, variables, lambda chosen: _formatted(chosen.meant, "regex").replace("\\", "\\\\"))


def _sql_list(chosen: Chosen) -> str:
    return ",".join(f"'{value}'" for value in chosen.meant) if chosen.many else "".join(chosen.meant)


def _formatted(values: tuple[str, ...], form: str) -> str:
    match form:
        case "singlequote":
            return ",".join("'" + value.replace("'", "\\'") + "'" for value in values)
        case "regex":
            escaped = [re.sub(r"([\\^$*+?.()|\[\]{}/])", r"\\\1", value) for value in values]
            return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"
        case "raw" | "csv":
            return ",".join(values)
        case _:
            raise MacroError(f"${{…:{form}}}", "the preview does not know this format of a variable")


def _conditional(sql: str, variables: Mapping[str, Chosen]) -> str:
    while (start := sql.rfind(_CONDITIONAL)) >= 0:
        arguments, end = _arguments(sql, start + len(_CONDITIONAL) - 1)
        if len(arguments) != 2:
            raise MacroError("$__conditionalAll", f"takes two arguments, was given {len(arguments)}")
        name = arguments[1].strip().strip("${}")
        if name not in variables:
            raise MacroError("$__conditionalAll", f"the board has no variable {name}")
        kept = "1=1" if variables[name].is_all else arguments[0]
        sql = sql[:start] + kept + sql[end:]
    return sql


def _arguments(text: str, opening: int) -> tuple[list[str], int]:
    """Arguments between the bracket at `opening` and its partner, and the place behind it."""
    depth, begin, found = 0, opening + 1, list[str]()
    for place in range(opening, len(text)):
        match text[place]:
            case "(":
                depth += 1
            case "," if depth == 1:
                found.append(text[begin:place])
                begin = place + 1
            case ")":
                depth -= 1
                if depth == 0:
                    found.append(text[begin:place])
                    return found, place + 1
            case _:
                pass
    raise MacroError(text[max(0, opening - 40) : opening + 1], "the bracket is not closed")


def _seconds(moment: datetime) -> str:
    return f"toDateTime({int(moment.timestamp())})"


def _millis(moment: datetime) -> str:
    return f"fromUnixTimestamp64Milli({int(moment.timestamp() * 1000)})"


def _between(column: str, span: Span, write: Callable[[datetime], str]) -> str:
    return f"{column} >= {write(span.since)} AND {column} <= {write(span.until)}"


_WITHOUT: dict[str, Callable[[Span], str]] = {
    "fromTime": lambda s: _seconds(s.since),
    "toTime": lambda s: _seconds(s.until),
    "fromTime_ms": lambda s: _millis(s.since),
    "toTime_ms": lambda s: _millis(s.until),
    "interval_s": lambda s: str(max(1, s.interval_s)),
}
_WITH_COLUMN: dict[str, Callable[[str, Span], str]] = {
    "timeFilter": lambda c, s: _between(c, s, _seconds),
    "timeFilter_ms": lambda c, s: _between(c, s, _millis),
    "dateFilter": lambda c, s: _between(c, s, lambda moment: f"toDate('{moment:%Y-%m-%d}')"),
    "timeFrom": lambda c, s: f"{c} >= {_seconds(s.since)}",
    "timeTo": lambda c, s: f"{c} <= {_seconds(s.until)}",
    "timeInterval": lambda c, s: f"toStartOfInterval(toDateTime({c}), INTERVAL {max(1, s.interval_s)} second)",
    "timeInterval_ms": lambda c, s: (
        f"toStartOfInterval(toDateTime64({c}, 3), INTERVAL {max(1, s.interval_s * 1000)} millisecond)"
    ),
}


def _macros(sql: str, span: Span) -> str:
    while (found := _MACRO.search(sql)) is not None:
        name, end = found.group(1), found.end()
        if name in _WITHOUT:
            written = _WITHOUT[name](span)
        elif name in _WITH_COLUMN and sql[end : end + 1] == "(":
            arguments, end = _arguments(sql, end)
            if len(arguments) != 1:
                raise MacroError(f"$__{name}", f"takes one argument, was given {len(arguments)}")
            written = _WITH_COLUMN[name](arguments[0].strip(), span)
        else:
            raise MacroError(f"$__{name}", "is no macro that the preview knows, or lacks its bracket")
        sql = sql[: found.start()] + written + sql[end:]
    return sql

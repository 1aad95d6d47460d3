"""Panels by kind, each with what all of its kind have in common. Pure.

Rules
- `Words` are (English, Russian). Everything that people read comes in as both.
- A panel says what it shows (`about`), and what stands there when there is nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from grafana_foundation_sdk.builders import bargauge, prometheus, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.builders import common as common_builders
from grafana_foundation_sdk.models import common

from dashboards.parts import (
    GREEN,
    ORANGE,
    RED,
    all_series,
    by_palette,
    by_thresholds,
    fixed,
    last,
    legend_below,
    named,
    properties,
    rows,
    steps,
    words,
)
from dashboards.query import CLICKHOUSE, PROMETHEUS, Sql, promql
from dashboards.text import Say

Words = tuple[str, str]
Limits = tuple[tuple[float | None, str], ...]
ANY_IS_BAD: Limits = ((None, GREEN), (0.5, ORANGE))


class Asked(NamedTuple):
    """PromQL with what its line is called."""

    expr: str
    en: str = ""
    ru: str = ""


class Column(NamedTuple):
    """A column of rows: what it is called, and its settings by Grafana's id (`custom__width` is `custom.width`)."""

    en: str
    ru: str
    settings: Mapping[str, Any] = {}


HIDDEN = Column("", "", {"custom__hidden": True})


def _targets(say: Say, asked: Sequence[Asked], *, instant: bool = False) -> list[prometheus.Dataquery]:
    return [
        promql(one.expr, legend=say(one.en, one.ru), instant=instant, ref_id=chr(ord("A") + number))
        for number, one in enumerate(asked)
    ]


def number(
    say: Say,
    title: Words,
    about: Words,
    asked: Asked | str,
    *,
    columns: Mapping[str, Column] | None = None,
    unit: str = "short",
    decimals: int = 0,
    limits: Limits = (),
    width: int = 3,
    height: int = 5,
    none: str = "—",
) -> stat.Panel:
    """One value large; `asked` as text is the name of a query of the store, whose columns may be several values."""
    panel = (
        stat.Panel()
        .title(say(*title))
        .description(say(*about))
        .reduce_options(last())
        .orientation(common.VizOrientation.VERTICAL)
        .graph_mode(common.BigValueGraphMode.NONE)
        .color_mode(common.BigValueColorMode.VALUE)
        .unit(unit)
        .decimals(decimals)
        .no_value(none)
        .span(width)
        .height(height)
    )
    if limits:
        panel = panel.color_scheme(by_thresholds()).thresholds(steps(*limits))
    if columns and len(columns) > 1:
        panel = panel.text_mode(common.BigValueTextMode.VALUE_AND_NAME)
    for name, column in (columns or {}).items():
        shown = say(column.en, column.ru)
        panel = panel.override_by_name(name, named(shown, **column.settings))
    if isinstance(asked, str):
        return panel.datasource(CLICKHOUSE).with_target(Sql(asked))
    return panel.datasource(PROMETHEUS).with_target(promql(asked.expr, instant=True))


def figures(
    say: Say,
    title: Words,
    about: Words,
    asked: Sequence[Asked],
    *,
    unit: str = "short",
    decimals: int = 0,
    limits: Limits = ANY_IS_BAD,
    width: int = 6,
    height: int = 8,
) -> stat.Panel:
    """Several values one under the other; what has no count yet shows 0."""
    panel = (
        stat.Panel()
        .title(say(*title))
        .description(say(*about))
        .datasource(PROMETHEUS)
        .reduce_options(last())
        .orientation(common.VizOrientation.HORIZONTAL)
        .graph_mode(common.BigValueGraphMode.NONE)
        .color_mode(common.BigValueColorMode.VALUE)
        .text_mode(common.BigValueTextMode.VALUE_AND_NAME)
        .unit(unit)
        .decimals(decimals)
        .no_value("0")
        .color_scheme(by_thresholds())
        .thresholds(steps(*limits))
        .span(width)
        .height(height)
    )
    for target in _targets(say, asked, instant=True):
        panel = panel.with_target(target)
    return panel


def lines(
    say: Say,
    title: Words,
    about: Words,
    asked: Sequence[Asked] | str,
    *,
    unit: str = "short",
    decimals: int | None = None,
    top: float | None = None,
    series: str = "",
    columns: Mapping[str, Column] | None = None,
    bars: bool = False,
    mirrored: bool = False,
    stacked: bool = False,
    width: int = 12,
    height: int = 8,
) -> timeseries.Panel:
    """Values over time. `series` tells the lines of a query of the store apart; `mirrored`: zero lies in the middle."""
    panel = (
        timeseries.Panel()
        .title(say(*title))
        .description(say(*about))
        .draw_style(common.GraphDrawStyle.BARS if bars else common.GraphDrawStyle.LINE)
        .line_width(0 if bars else 2)
        .fill_opacity(80 if bars else 0)
        .show_points(common.VisibilityMode.NEVER)
        .unit(unit)
        .color_scheme(by_palette())
        .legend(legend_below())
        .tooltip(all_series())
        .no_value("—")
        .span(width)
        .height(height)
    )
    panel = panel.axis_centered_zero(True) if mirrored else panel.min(0)
    if bars:
        panel = panel.bar_alignment(common.BarAlignment.AFTER).bar_width_factor(0.85)
    if stacked:
        panel = panel.stacking(common_builders.StackingConfig().mode(common.StackingMode.NORMAL))
    if decimals is not None:
        panel = panel.decimals(decimals)
    if top is not None:
        panel = panel.max(top)
    for name, column in (columns or {}).items():
        panel = panel.override_by_name(name, named(say(column.en, column.ru), **column.settings))
    if isinstance(asked, str):
        if series:
            panel = panel.display_name(f"${{__field.labels.{series}}}")
        return panel.datasource(CLICKHOUSE).with_target(Sql(asked, series=True))
    panel = panel.datasource(PROMETHEUS).span_nulls(True)
    for target in _targets(say, asked):
        panel = panel.with_target(target)
    return panel


def listing(
    say: Say,
    title: Words,
    about: Words,
    query: str,
    columns: Mapping[str, Column],
    *,
    tall: bool = False,
    width: int = 12,
    height: int = 8,
) -> table.Panel:
    """Rows of a query of the store; `tall` leaves room for pictures."""
    panel = (
        table.Panel()
        .title(say(*title))
        .description(say(*about))
        .datasource(CLICKHOUSE)
        .with_target(Sql(query))
        .cell_height(common.TableCellHeight.LG if tall else common.TableCellHeight.SM)
        .no_value("—")
        .span(width)
        .height(height)
    )
    for name, column in columns.items():
        if column is HIDDEN:
            panel = panel.override_by_name(name, properties(**column.settings))
        else:
            panel = panel.override_by_name(name, named(say(column.en, column.ru), **column.settings))
    return panel


def ranking(
    say: Say,
    title: Words,
    about: Words,
    query: str,
    value: str,
    *,
    unit: str = "short",
    limits: Limits,
    width: int = 12,
    height: int = 8,
) -> bargauge.Panel:
    """One bar a row; the first column is what it is called."""
    return (
        bargauge.Panel()
        .title(say(*title))
        .description(say(*about))
        .datasource(CLICKHOUSE)
        .with_target(Sql(query))
        .reduce_options(rows(f"/^{value}$/"))
        .orientation(common.VizOrientation.HORIZONTAL)
        .display_mode(common.BarGaugeDisplayMode.GRADIENT)
        .name_placement(common.BarGaugeNamePlacement.LEFT)
        .value_mode(common.BarGaugeValueMode.COLOR)
        .unit(unit)
        .min(0)
        .no_value("—")
        .color_scheme(by_thresholds())
        .thresholds(steps(*limits))
        .span(width)
        .height(height)
    )


def yes_no(
    say: Say, title: Words, about: Words, asked: Asked, *, good: str = "1", width: int = 12, height: int = 8
) -> statetimeline.Panel:
    """Bands of 0 and 1; `good` is the one that is green."""
    tints = {"1": GREEN if good == "1" else RED, "0": RED if good == "1" else GREEN}
    return (
        statetimeline.Panel()
        .title(say(*title))
        .description(say(*about))
        .datasource(PROMETHEUS)
        .with_target(promql(asked.expr, legend=say(asked.en, asked.ru)))
        .show_value(common.VisibilityMode.NEVER)
        .row_height(0.8)
        .line_width(0)
        .fill_opacity(80)
        .merge_values(True)
        .color_scheme(by_thresholds())
        .thresholds(steps((None, tints["0"]), (1, tints["1"])))
        .mappings(words({"1": (say("yes", "да"), tints["1"]), "0": (say("no", "нет"), tints["0"])}))
        .legend(legend_below())
        .span(width)
        .height(height)
    )


def coloured(colour: str) -> dict[str, Any]:
    """Settings of a column that is always of one colour."""
    return {"color": fixed(colour)}

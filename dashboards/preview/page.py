"""A board as one HTML page: every panel of the JSON at its place on the grid, drawn from its answers. Pure.

A preview, not a picture of Grafana: it knows the kinds of panels and the settings that boards here use, and no more.
Sizes are those of style.css.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, tzinfo
from html import escape
from importlib import resources

import msgspec

from dashboards.errors import PreviewError
from dashboards.preview.answer import Answer, Series
from dashboards.preview.board import Json, panels
from dashboards.preview.chart import Line, Size, bands, chart, legend, line_of, stacked
from dashboards.preview.field import Field, fields, series_title
from dashboards.preview.macros import ALL, Chosen, Span

WIDTH, CELL, GAP = 1680, 30, 8
TITLE, LEGEND, PAD = 34, 26, 10


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """What every panel is drawn with."""

    span: Span
    zone: tzinfo
    answers: Mapping[tuple[int, str], Answer]
    """(id of a panel, refId of a target) → what it answered."""


def page(board: Json, context: Context, variables: Mapping[str, Chosen], note: str) -> str:
    """The whole page; raises `PreviewError` on a kind of panel that it can't draw."""
    drawn = "".join(_section(panel, context) for panel in panels(board))
    bottom = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in panels(board))
    height = bottom * (CELL + GAP)
    return (
        f"<!doctype html><meta charset=utf-8><style>{_style()}</style>"
        f"<header><h1>{escape(board['title'])}</h1>{_chosen(board, variables)}<small>{escape(note)}</small></header>"
        f'<main style="height:{height}px">{drawn}</main>'
    )


def _style() -> str:
    return resources.files("dashboards.preview").joinpath("style.css").read_text(encoding="utf-8")


def _chosen(board: Json, variables: Mapping[str, Chosen]) -> str:
    shown = [one for one in board["templating"]["list"] if one["type"] in {"query", "custom", "textbox"}]
    values = {name: ", ".join(one.values).replace(ALL, "All") for name, one in variables.items()}
    return "".join(f"<span><b>{escape(one['label'])}</b>{escape(values[one['name']])}</span>" for one in shown)


def _section(panel: Json, context: Context) -> str:
    place, column = panel["gridPos"], (WIDTH - 16 + GAP) / 24
    size = Size(width=place["w"] * column - GAP, height=place["h"] * (CELL + GAP) - GAP)
    left, top = place["x"] * column, place["y"] * (CELL + GAP)
    style = f"left:{left:.1f}px;top:{top}px;width:{size.width:.1f}px;height:{size.height}px"
    if panel["type"] == "row":
        return f'<section class="row" style="{style}">⌄ {escape(panel["title"])}</section>'
    draw = _KINDS.get(panel["type"])
    if draw is None:
        raise PreviewError(f"panel {panel['id']}", f"no way to draw a {panel['type']}")
    inner = draw(panel, context, size)
    return f'<section style="{style}"><h2>{escape(panel["title"])}</h2>{inner}</section>'


def _answers(panel: Json, context: Context) -> list[tuple[Json, Answer]]:
    return [(target, context.answers[panel["id"], target["refId"]]) for target in panel["targets"]]


def _stat(panel: Json, context: Context, _: Size) -> str:
    shown: list[tuple[Field, object, str]] = []
    for target, answer in _answers(panel, context):
        known = fields(panel, answer.names, context.zone)
        shown += [(known[n], v, known[n].title) for row in answer.rows for n, v in zip(answer.names, row, strict=True)]
        for series in answer.series:
            field = fields(panel, (series.name,), context.zone)[series.name]
            shown.append((field, series.last, series_title(target.get("legendFormat", ""), series.labels)))
        if not answer.rows and not answer.series:
            shown.append((fields(panel, ("",), context.zone)[""], None, target.get("legendFormat", "")))
    down = panel.get("options", {}).get("orientation") == "horizontal"
    parts = []
    for field, value, title in shown:
        told = field.show(value)
        colour = told.colour or field.colour_of(0 if value is None else value)
        number = f'<strong style="color:{colour}">{escape(told.text)}</strong>'
        parts.append(f"<p><em>{escape(title)}</em>{number}</p>" if down else f"<p>{number}<em>{escape(title)}</em></p>")
    return f'<div class="values{" down" if down else ""}">{"".join(parts)}</div>'


def _lines(panel: Json, context: Context) -> list[Line]:
    found: list[Line] = []
    for target, answer in _answers(panel, context):
        for series in answer.lines():
            field = fields(panel, (series.name,), context.zone)[series.name]
            found.append(line_of(series, field, len(found), _title(target, field, series)))
    return found


def _title(target: Json, field: Field, series: Series) -> str:
    return field.named(_plain_title(target, field, series))


def _plain_title(target: Json, field: Field, series: Series) -> str:
    return series_title(target.get("legendFormat") or field.title, series.labels)


def _timeseries(panel: Json, context: Context, size: Size) -> str:
    lines = stacked(_lines(panel, context))
    wide = sum(34 + 7 * len(line.title) for line in lines)  # of the legend, about
    rows = 1 + int(wide // size.width)
    inner = Size(width=size.width - PAD, height=size.height - TITLE - LEGEND * rows)
    return f'{chart(lines, context.span, inner)}<div class="legend">{legend(lines)}</div>' if lines else ""


def _state_timeline(panel: Json, context: Context, size: Size) -> str:
    inner = Size(width=size.width - PAD, height=size.height - TITLE - LEGEND)
    lines = _lines(panel, context)
    words = [word for one in lines[0].field.settings["mappings"] for word in one["options"].values()] if lines else []
    shown = [msgspec.structs.replace(lines[0], title=word["text"], colour=_tint(word)) for word in words]
    return f'{bands(lines, context.span, inner)}<div class="legend">{legend(shown)}</div>' if lines else ""


def _tint(word: Json) -> str:
    return Field(name="", settings={"color": {"mode": "fixed", "fixedColor": word["color"]}}, zone=UTC).colour_of(None)


def _table(panel: Json, context: Context, size: Size) -> str:
    ((_, answer),) = _answers(panel, context)
    known = fields(panel, answer.names, context.zone)
    names = [name for name in answer.names if not known[name].custom("hidden")]
    height = {"sm": 36, "md": 42, "lg": 48}[panel.get("options", {}).get("cellHeight", "sm")]
    tall = int((size.height - TITLE - 28) / height)
    head = "".join(
        f'<th style="width:{known[name].custom("width") or "auto"}{"px" if known[name].custom("width") else ""}">'
        f"{escape(known[name].title)}</th>"
        for name in names
    )
    body = []
    for row in answer.rows[: tall + 1]:
        cells = dict(zip(answer.names, row, strict=True))
        body.append("".join(_cell(known[name], cells[name], height) for name in names))
    rows = "".join(f'<tr style="height:{height}px">{cells}</tr>' for cells in body)
    return f"<table><tr>{head}</tr>{rows}</table>"


def _cell(field: Field, value: object, height: int) -> str:
    options = field.custom("cellOptions") or {}
    if options.get("type") == "image":
        inner = f'<img src="{escape(str(value))}" style="height:{height - 2}px">' if value else ""
        return f"<td>{inner}</td>"
    told = field.show(value)
    text = escape(told.text)
    if field.settings.get("links") and value:
        text = f"<a>{text}</a>"
    if options.get("type") == "color-background" and told.colour:
        return f'<td style="background:{told.colour};color:#111217">{text}</td>'
    number = " class=number" if isinstance(value, (int, float)) and not isinstance(value, bool) else ""
    return f'<td{number} style="color:{told.colour or "inherit"}">{text}</td>'


def _bargauge(panel: Json, context: Context, size: Size) -> str:
    ((_, answer),) = _answers(panel, context)
    if not answer.rows:
        return ""
    name = panel["options"]["reduceOptions"]["fields"].strip("/^$")
    field = fields(panel, (name,), context.zone)[name]
    text, number = 0, answer.names.index(name)
    most = max((row[number] for row in answer.rows), default=0) or 1
    height = min(46, (size.height - TITLE - 8) / max(1, len(answer.rows)))
    parts = []
    for row in answer.rows:
        told = field.show(row[number])
        parts.append(
            f'<p style="height:{height:.0f}px"><span>{escape(field.named(row[text]))}</span>'
            f'<i><b style="width:{100 * row[number] / most:.1f}%;background:{told.colour}"></b></i>'
            f'<em style="color:{told.colour}">{told.text}</em></p>'
        )
    return f'<div class="bars">{"".join(parts)}</div>'


_KINDS: dict[str, Callable[[Json, Context, Size], str]] = {
    "stat": _stat,
    "timeseries": _timeseries,
    "state-timeline": _state_timeline,
    "table": _table,
    "bargauge": _bargauge,
}

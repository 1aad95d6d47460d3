"""Lines, bars and bands of states as SVG. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import datetime
from html import escape

import msgspec

from dashboards.preview.answer import Series
from dashboards.preview.field import PALETTE, Field
from dashboards.preview.macros import Span

LEFT, BOTTOM, TOP, RIGHT = 52, 24, 8, 10
GRID, TEXT = "#2c3235", "#8e8e9a"
TICKS_S = (300, 900, 1800, 3600, 7200, 10_800, 14_400, 21_600, 43_200, 86_400)


Scale = Callable[[float], float]
"""Time or value → place in pixels."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A series with how it is shown."""

    title: str
    colour: str
    field: Field
    points: tuple[tuple[float, float], ...]
    """Upside down already, where the panel says so."""


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """In pixels."""

    width: float
    height: float


def line_of(series: Series, field: Field, number: int, title: str) -> Line:
    """A series in its colour, turned over where its field says negative-Y."""
    turned = -1 if field.custom("transform") == "negative-Y" else 1
    return Line(
        title=title,
        colour=field.colour_of(None) or PALETTE[number % len(PALETTE)],
        field=field,
        points=tuple((at, turned * value) for at, value in series.points),
    )


def stacked(lines: Sequence[Line]) -> list[Line]:
    """Where the panel stacks: each upon those before it, the last one drawn first, so that all can be seen."""
    mode = (lines[0].field.custom("stacking") or {}).get("mode") if lines else None
    if mode != "normal":
        return list(lines)
    heights: dict[float, float] = {}
    found = []
    for line in lines:
        points = []
        for at, value in line.points:
            heights[at] = heights.get(at, 0.0) + value
            points.append((at, heights[at]))
        found.append(msgspec.structs.replace(line, points=tuple(points)))
    return found[::-1]


def chart(lines: Sequence[Line], span: Span, size: Size) -> str:
    """Lines or bars over time."""
    first = lines[0].field
    low, high = _limits(lines, first)
    step = _step(low, high)
    high, low = math.ceil(high / step - 1e-9) * step, math.floor(low / step + 1e-9) * step
    x0, x1 = span.since.timestamp(), span.until.timestamp()

    def x(at: float) -> float:
        return LEFT + (at - x0) / (x1 - x0) * (size.width - LEFT - RIGHT)

    def y(value: float) -> float:
        return TOP + (high - value) / (high - low) * (size.height - TOP - BOTTOM)

    parts = [_time_axis(span, size, first)]
    for n in range(round((high - low) / step) + 1):
        value = low + n * step
        parts.append(f'<path d="M{LEFT} {y(value):.1f}H{size.width - RIGHT}" stroke="{GRID}"/>')
        parts.append(_label(LEFT - 6, y(value) + 4, first.show(value).text, "end"))
    for line in lines:
        bars = line.field.custom("drawStyle") == "bars"
        parts.append(_bars(line, x, y) if bars else _path(line, x, y, span.interval_s))
    return _svg(parts, size)


def bands(rows: Sequence[Line], span: Span, size: Size) -> str:
    """One band a series; its colour is the state."""
    x0, x1 = span.since.timestamp(), span.until.timestamp()
    left = max(80, 8 + 7 * max(len(row.title) for row in rows))
    height = (size.height - BOTTOM - 4) / len(rows)
    parts = [_time_axis(span, size, rows[0].field, left=left)]
    scale = (size.width - left - RIGHT) / (x1 - x0)
    for n, row in enumerate(rows):
        top = 2 + n * height + height * 0.1
        parts.append(_label(left - 8, top + height * 0.4 + 4, row.title, "end"))
        for at, end, value in _states(row, x1, span.interval_s):
            parts.append(
                f'<rect x="{left + (at - x0) * scale:.1f}" y="{top:.1f}" width="{(end - at) * scale:.1f}" '
                f'height="{height * 0.8:.1f}" fill="{row.field.show(value).colour}" opacity="0.85"/>'
            )
    return _svg(parts, size)


def _states(row: Line, end: float, interval_s: int) -> list[tuple[float, float, float]]:
    """(from, to, value) of every stretch without a change; a sample holds for three intervals at most."""
    found: list[tuple[float, float, float]] = []
    for (at, value), (following, _) in zip(row.points, (*row.points[1:], (end, 0.0)), strict=True):
        until = min(following, at + 3 * interval_s)
        if found and found[-1][1:] == (at, value):
            found[-1] = (found[-1][0], until, value)
        else:
            found.append((at, until, value))
    return found


def legend(lines: Sequence[Line]) -> str:
    """Names under a chart."""
    told = {line.title: line.colour for line in lines if line.title}
    return "".join(f'<span><i style="background:{tint}"></i>{escape(title)}</span>' for title, tint in told.items())


def _limits(lines: Sequence[Line], field: Field) -> tuple[float, float]:
    values = [value for line in lines for _, value in line.points if not math.isnan(value)] or [0.0, 1.0]
    low = field.settings.get("min", min(0.0, *values))
    high = field.settings.get("max", max(values))
    if field.custom("axisCenteredZero"):
        high = max(abs(low), abs(high))
        low = -high
    return float(low), float(high if high > low else low + 1)


def _step(low: float, high: float) -> float:
    rough = (high - low) / 5
    base = 10 ** math.floor(math.log10(rough))
    return float(next(m * base for m in (1, 2, 2.5, 5, 10) if m * base >= rough))


def _time_axis(span: Span, size: Size, field: Field, *, left: float = LEFT) -> str:
    x0, x1 = span.since.timestamp(), span.until.timestamp()
    every = next((tick for tick in TICKS_S if (x1 - x0) / tick <= (size.width - left) / 70), TICKS_S[-1])
    offset = span.until.astimezone(field.zone).utcoffset()
    shift = 0 if offset is None else int(offset.total_seconds())
    parts, at = list[str](), math.ceil((x0 + shift) / every) * every - shift
    while at <= x1:
        place = left + (at - x0) / (x1 - x0) * (size.width - left - RIGHT)
        parts.append(f'<path d="M{place:.1f} {TOP}V{size.height - BOTTOM}" stroke="{GRID}"/>')
        told = datetime.fromtimestamp(at, field.zone)
        parts.append(_label(place, size.height - 6, f"{told:%H:%M}", "middle"))
        at += every
    return "".join(parts)


def _bars(line: Line, x: Scale, y: Scale) -> str:
    if len(line.points) < 2:
        return ""
    width = (x(line.points[1][0]) - x(line.points[0][0])) * float(line.field.custom("barWidthFactor") or 0.6)
    parts = []
    for at, value in line.points:
        top, bottom = y(max(value, 0)), y(min(value, 0))
        left = max(x(at), LEFT)
        wide = width - (left - x(at))
        if bottom > top and wide > 0:
            parts.append(
                f'<rect x="{left:.1f}" y="{top:.1f}" width="{wide:.1f}" height="{bottom - top:.1f}" '
                f'fill="{line.colour}" opacity="0.85"/>'
            )
    return "".join(parts)


def _path(line: Line, x: Scale, y: Scale, interval_s: int) -> str:
    drawn, dots = list[str](), list[str]()
    gap_s = max(3 * interval_s, 3 * 3600)
    before = -math.inf
    for at, value in line.points:
        if math.isnan(value):
            continue
        drawn.append(f"{'L' if at - before <= gap_s else 'M'}{x(at):.1f} {y(value):.1f}")
        before = at
        if line.field.custom("showPoints") == "always":
            dots.append(f'<circle cx="{x(at):.1f}" cy="{y(value):.1f}" r="2.5" fill="{line.colour}"/>')
    return f'<path d="{"".join(drawn)}" fill="none" stroke="{line.colour}" stroke-width="2"/>{"".join(dots)}'


def _label(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{TEXT}" font-size="12">{escape(text)}</text>'


def _svg(parts: Sequence[str], size: Size) -> str:
    return f'<svg width="{size.width:.0f}" height="{size.height:.0f}">{"".join(parts)}</svg>'

"""Plots as SVG: bars, steps and bars with their uncertainty.

Pure: numbers in, text out.

Rules
- Colours are classes (`plot-a` … `plot-d`, `plot-good`, `plot-bad`): a page draws them light, dark, or for paper.
- Every mark has a `<title>` with its exact value: a pointer shows it, a screen reader says it.
- Text is escaped; nothing of a name becomes markup.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

import msgspec

WIDTH, HEIGHT = 760, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 12, 14, 26
LABELS_MAX = 16
_TOPS = (1, 1.2, 1.6, 2, 2.4, 3.2, 4, 6, 8, 10)


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """One row of values; `tone` is the class of its marks."""

    name: str
    values: Sequence[float]
    tone: str = "a"


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """A share with the span in which it truly lies (0..1), and how it is told."""

    name: str
    value: float
    low: float
    high: float
    told: str


def ceiling(largest: float) -> float:
    """The top of an axis: a round number that four steps part well, not below the largest value."""
    if largest <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(largest))
    return next(step * power for step in _TOPS if step * power >= largest * (1 - 1e-9))


def number(value: float) -> str:
    """A number as people read it: no tail of zeros."""
    return f"{value:,.2f}".rstrip("0").removesuffix(".").replace(",", " ")


def _frame(content: Sequence[str], title: str, height: int = HEIGHT) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="plot" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{escape(title)}">{"".join(content)}</svg>'
    )


def _axis(top: float, unit: str) -> list[str]:
    marks = []
    for step in range(5):
        value = top * step / 4
        y = _y(value, top)
        kind = "plot-base" if step == 0 else "plot-grid"
        marks.append(f'<line class="{kind}" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        told = f"{number(value)}{unit if step == 4 else ''}"
        marks.append(
            f'<text class="plot-label" x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{escape(told)}</text>'
        )
    return marks


def _y(value: float, top: float) -> float:
    return _TOP + (HEIGHT - _TOP - _BOTTOM) * (1 - min(value, top) / top)


def _below(categories: Sequence[str], step: float) -> list[str]:
    """Labels under the axis: all, or every n-th where there are many."""
    every = max(1, math.ceil(len(categories) / LABELS_MAX))
    return [
        f'<text class="plot-label" x="{_LEFT + (place + 0.5) * step:.1f}" y="{HEIGHT - 8}" '
        f'text-anchor="middle">{escape(name)}</text>'
        for place, name in enumerate(categories)
        if place % every == 0
    ]


def bars(
    categories: Sequence[str], series: Sequence[Series], *, title: str, unit: str = "", stacked: bool = True
) -> str:
    """Upright bars by category; several series stand on each other, or side by side."""
    count = len(categories)
    sums = [[one.values[place] for one in series] for place in range(count)]
    top = ceiling(max((sum(each) if stacked else max(each, default=0.0) for each in sums), default=0.0))
    step = (WIDTH - _LEFT - _RIGHT) / max(1, count)
    wide = min(46.0, step * 0.72)
    content = _axis(top, unit)
    for place, name in enumerate(categories):
        low, left = 0.0, _LEFT + (place + 0.5) * step - wide / 2
        for turn, one in enumerate(series):
            value = one.values[place]
            width = wide if stacked else wide / len(series) - 1
            x = left if stacked else left + turn * (wide / len(series))
            upper, lower = _y(low + value, top), _y(low, top)
            told = f"{name} · {one.name}: {number(value)}{unit}"
            if value > 0:
                content.append(
                    f'<rect class="plot-{one.tone}" x="{x:.1f}" y="{upper:.1f}" width="{max(1.0, width):.1f}" '
                    f'height="{max(0.5, lower - upper):.1f}" rx="1.5"><title>{escape(told)}</title></rect>'
                )
            low += value if stacked else 0.0
    return _frame([*content, *_below(categories, step)], title)


def steps(
    points: Sequence[tuple[float, float]], span: tuple[float, float], labels: Sequence[tuple[float, str]], *,
    title: str, limit: float | None = None, told: str = "",
) -> str:  # fmt: skip
    """A level that changes at moments and holds between them; `limit` is drawn across, `told` names it."""
    begin, end = span
    top = ceiling(max([value for _, value in points] + [limit or 0.0]))
    across = (WIDTH - _LEFT - _RIGHT) / max(1e-9, end - begin)

    def x(at: float) -> float:
        return _LEFT + (min(max(at, begin), end) - begin) * across

    content = _axis(top, "")
    level, corners = 0.0, [f"M{x(begin):.1f} {_y(0, top):.1f}"]
    for at, value in points:
        if at > begin:
            corners.append(f"L{x(at):.1f} {_y(level, top):.1f}")
        corners.append(f"L{x(at):.1f} {_y(value, top):.1f}")
        level = value
    corners.append(f"L{x(end):.1f} {_y(level, top):.1f}")
    line = " ".join(["M" + corners[1][1:], *corners[2:]])
    area = " ".join([*corners, f"L{x(end):.1f} {_y(0, top):.1f}Z"])
    content.append(f'<path class="plot-area" d="{area}"/><path class="plot-line" d="{line}"/>')
    if limit is not None:
        y = _y(limit, top)
        content.append(
            f'<line class="plot-limit" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text class="plot-label" x="{WIDTH - _RIGHT}" y="{y - 5:.1f}" text-anchor="end">{escape(told)}</text>'
        )
    for at, name in labels:
        content.append(
            f'<text class="plot-label" x="{x(at):.1f}" y="{HEIGHT - 8}" text-anchor="middle">{escape(name)}</text>'
        )
    return _frame(content, title)


def shares(rows: Sequence[Share], *, title: str) -> str:
    """Lying bars of shares, each with the span in which it truly lies."""
    high, name_wide, told_wide = 26, 290, 110
    across = WIDTH - name_wide - told_wide
    content = []
    for place, one in enumerate(rows):
        y = 8 + place * high
        size = f'width="{max(1.0, across * one.value):.1f}" height="{high - 8}"'
        low, upper = name_wide + across * one.low, name_wide + across * one.high
        middle = y + high / 2 - 3
        content += [
            (
                f'<text class="plot-name" x="{name_wide - 10}" y="{middle + 4:.1f}" text-anchor="end">'
                f"{escape(_short(one.name))}</text>"
            ),
            f'<rect class="plot-back" x="{name_wide}" y="{y}" width="{across}" height="{high - 8}" rx="3"/>',
            (
                f'<rect class="plot-{_tone(one.value)}" x="{name_wide}" y="{y}" {size} rx="3">'
                f"<title>{escape(f'{one.name}: {one.told}')}</title></rect>"
            ),
            f'<path class="plot-span" d="M{low:.1f} {middle - 4:.1f}v8m0-4H{upper:.1f}m0-4v8"/>',
            f'<text class="plot-name" x="{name_wide + across + 10}" y="{middle + 4:.1f}">{escape(one.told)}</text>',
        ]
    return _frame(content, title, 12 + high * max(1, len(rows)))


def _tone(share: float) -> str:
    return "good" if share >= 0.9 else "warn" if share >= 0.7 else "bad"


def _short(name: str) -> str:
    return name if len(name) <= 36 else f"{name[:35]}…"

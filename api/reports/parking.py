"""Parking: how full the lots were, and for how long vehicles stood.

Pure.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from api.contract_work import FigureOut, LegendOut, PlotOut, ReportOut, TableOut
from api.language import Language, Words
from api.query import Query
from api.reports.kit import ROWS_MAX, Names, Period, day_name, hours, local, midnight_us, tabled
from api.reports.plots import Series, bars, steps

BEFORE_US = 60 * 86_400 * 1_000_000
"""A stay may have begun so long before the period."""
STEPS_MAX = 1500
_BINS_MIN = (15, 60, 180, 480, 1440)
_BIN_NAMES = Words("< 15 min|15–60 min|1–3 h|3–8 h|8–24 h|> 24 h", "< 15 мин|15–60 мин|1–3 ч|3–8 ч|8–24 ч|> 24 ч")
_STATES = {
    "open": Words("inside", "на стоянке"),
    "no_exit": Words("exit not seen", "выезд не замечен"),
    "no_entry": Words("entry not seen", "въезд не замечен"),
}


def query(period: Period, lot: str) -> Query:
    """Stays that reach into the period."""
    sql = (
        "SELECT rule AS lot, plate, listed, cause, toUnixTimestamp64Micro(opened_at) AS opened_us, "  # noqa: S608 - values are bound
        "if(isNull(closed_at), NULL, toUnixTimestamp64Micro(assumeNotNull(closed_at))) AS closed_us, value AS stay_s "
        "FROM events_latest WHERE kind = 'parking_session' AND cause != 'withdrawn' "
        "AND opened_at >= fromUnixTimestamp64Micro({before:Int64}) "
        "AND opened_at < fromUnixTimestamp64Micro({until:Int64}) "
        "AND (isNull(closed_at) OR closed_at >= fromUnixTimestamp64Micro({since:Int64})) "
        "AND ({lot:String} = '' OR rule = {lot:String}) "
        f"ORDER BY opened_at DESC LIMIT {ROWS_MAX + 1}"
    )
    bound = {
        "before": max(0, period.since_us - BEFORE_US),
        "since": period.since_us,
        "until": period.until_us,
        "lot": lot,
    }
    return Query(sql=sql, parameters=bound)


def report(
    rows: Sequence[Mapping[str, Any]], period: Period, names: Names, language: Language, *,
    now_us: int, capacity: Mapping[str, int | None],
) -> ReportOut:  # fmt: skip
    """How full, and for how long."""
    lots = sorted({row["lot"] for row in rows} | set(capacity))
    until_us = min(period.until_us, now_us)
    levels = {lot: level([row for row in rows if row["lot"] == lot], period.since_us, until_us) for lot in lots}
    stays = [row["stay_s"] / 60 for row in rows if row["stay_s"] is not None and row["opened_us"] >= period.since_us]
    return ReportOut(
        name="parking",
        title=Words("Parking", "Стоянки").to(language),
        since=period.first.isoformat(),
        until=period.last.isoformat(),
        timezone=str(period.zone),
        figures=_figures(rows, stays, levels, language),
        plots=(
            *(_occupancy(lot, levels[lot], period, names, language, capacity=capacity.get(lot)) for lot in lots[:6]),
            _histogram(stays, language),
        ),
        tables=(_lots(rows, lots, levels, names, language, capacity=capacity), _stays(rows, period, names, language)),
        note=Words(
            "An open stay without an exit counts until its lot gives it up.",
            "Стоянка без выезда считается, пока парковка не признает машину уехавшей.",
        ).to(language),
    )


def level(rows: Sequence[Mapping[str, Any]], since_us: int, until_us: int) -> list[tuple[int, int]]:
    """How many stood there, from moment to moment, beginning with the first one of the period."""
    inside, changes = 0, list[tuple[int, int]]()
    for row in rows:
        if row["cause"] == "no_entry":
            continue
        if row["opened_us"] <= since_us:
            inside += 1
        elif row["opened_us"] < until_us:
            changes.append((row["opened_us"], 1))
        if row["closed_us"] is not None and row["closed_us"] < until_us:
            changes.append((max(since_us, row["closed_us"]), -1))
    found = [(since_us, inside)]
    for at, by in sorted(changes):
        inside += by
        found.append((at, inside))
    return found


def _state(row: Mapping[str, Any]) -> str:
    return "open" if row["closed_us"] is None else row["cause"]


def _figures(
    rows: Sequence[Mapping[str, Any]],
    stays: Sequence[float],
    levels: Mapping[str, Sequence[tuple[int, int]]],
    language: Language,
) -> tuple[FigureOut, ...]:
    lost = sum(1 for row in rows if row["cause"] == "no_exit")
    return (
        FigureOut(label=Words("Stays", "Стоянок").to(language), value=str(len(rows))),
        FigureOut(
            label=Words("Median stay", "Медиана").to(language),
            value=hours(statistics.median(stays), language) if stays else "–",
        ),
        FigureOut(
            label=Words("Most at once", "Больше всего сразу").to(language),
            value=str(max((n for each in levels.values() for _, n in each), default=0)),
        ),
        FigureOut(
            label=Words("Exit not seen", "Выезд не замечен").to(language), value=str(lost), tone="warn" if lost else ""
        ),
    )


def _occupancy(
    lot: str,
    found: Sequence[tuple[int, int]],
    period: Period,
    names: Names,
    language: Language,
    *,
    capacity: int | None,
) -> PlotOut:
    title = f"{names.lots.get(lot) or lot}: {Words('vehicles inside', 'машин на стоянке').to(language)}"
    every = max(1, len(found) // STEPS_MAX)
    points = [
        (float(at), float(n)) for place, (at, n) in enumerate(found) if place % every == 0 or place == len(found) - 1
    ]
    days = period.days()
    apart = max(1, len(days) // 10)
    noon = timedelta(hours=12)
    labels = [(midnight_us(day, period.zone) + noon.total_seconds() * 1e6, day_name(day)) for day in days[::apart]]
    told = f"{Words('places', 'мест').to(language)}: {capacity}" if capacity else ""
    svg = steps(
        points, (float(period.since_us), float(period.until_us)), labels, title=title, limit=capacity, told=told
    )
    return PlotOut(title=title, svg=svg)


def bins(stays_min: Sequence[float]) -> list[int]:
    """How many stays fall into each span of time."""
    counts = [0] * (len(_BINS_MIN) + 1)
    for stay in stays_min:
        counts[sum(1 for edge in _BINS_MIN if stay >= edge)] += 1
    return counts


def _histogram(stays: Sequence[float], language: Language) -> PlotOut:
    title = Words("How long vehicles stood", "Сколько стояли машины").to(language)
    names = _BIN_NAMES.to(language).split("|")
    name = Words("stays", "стоянок").to(language)
    counts = [float(n) for n in bins(stays)]
    svg = bars(names, [Series(name=name, values=counts)], title=title)
    return PlotOut(title=title, svg=svg, legend=(LegendOut(name=name, tone="a"),))


def _lots(
    rows: Sequence[Mapping[str, Any]],
    lots: Sequence[str],
    levels: Mapping[str, Sequence[tuple[int, int]]],
    names: Names,
    language: Language,
    *,
    capacity: Mapping[str, int | None],
) -> TableOut:
    found = []
    for lot in lots:
        own = [row for row in rows if row["lot"] == lot]
        stays = [row["stay_s"] / 60 for row in own if row["stay_s"] is not None]
        middle = hours(statistics.median(stays), language) if stays else "–"
        longest = hours(max(stays), language) if stays else "–"
        most = max(n for _, n in levels[lot])
        lost = sum(1 for row in own if row["cause"] == "no_exit")
        found.append((names.lots.get(lot) or lot, capacity.get(lot), len(own), middle, longest, most, lost))
    head = Words(
        "Lot|Places|Stays|Median|Longest|Most at once|Exit not seen",
        "Парковка|Мест|Стоянок|Медиана|Дольше всех|Больше всего сразу|Выезд не замечен",
    )
    return tabled(Words("By lot", "По парковкам"), head, found, language)


def _stays(rows: Sequence[Mapping[str, Any]], period: Period, names: Names, language: Language) -> TableOut:
    found = []
    for row in rows:
        state = _STATES.get(_state(row), Words("", "")).to(language)
        left = (
            f"{local(row['closed_us'], period.zone):%Y-%m-%d %H:%M}"
            if row["closed_us"] is not None and not state
            else ""
        )
        came = "" if row["cause"] == "no_entry" else f"{local(row['opened_us'], period.zone):%Y-%m-%d %H:%M}"
        stay = None if row["stay_s"] is None else round(row["stay_s"] / 60)
        found.append((names.lots.get(row["lot"]) or row["lot"], row["plate"] or "–", came, left, stay, state))
    head = Words("Lot|Plate|Came|Left|Minutes|State", "Парковка|Номер|Въезд|Выезд|Минут|Состояние")
    return tabled(Words("Stays", "Стоянки"), head, found, language)

"""Safety: violations by shift, what was missing, and in which share of stays all was worn.

Pure.

Rules
- A violation that somebody called a false alarm is none.
- Compliance counts stays that could be told: all was worn, against anything missing. The others are named beside.
- A shift belongs to the day on which it begins.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from api.contract_work import FigureOut, LegendOut, PlotOut, ReportOut, TableOut
from api.errors import BadParameter
from api.language import Language, Words
from api.query import Query
from api.reports.kit import ROWS_MAX, Names, Period, day_name, graded, hours, local, percent, tabled
from api.reports.plots import Series, bars, number

SHIFTS_MAX = 4
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_ITEMS = {
    "helmet": Words("helmet", "каска"), "vest": Words("vest", "жилет"), "gloves": Words("gloves", "перчатки"),
    "mask": Words("mask", "маска"), "goggles": Words("goggles", "очки"), "boots": Words("boots", "обувь"),
}  # fmt: skip


def shifts(text: str) -> tuple[str, ...]:
    """When shifts begin, as `08:00,20:00`; raises `BadParameter`."""
    found = tuple(sorted(set(text.split(","))))
    if not 1 <= len(found) <= SHIFTS_MAX or not all(_CLOCK.fullmatch(one) for one in found):
        words = Words("allowed are 1 to 4 times as 08:00,20:00", "допустимо от 1 до 4 времён вида 08:00,20:00")
        raise BadParameter(name="shifts", value=text, allowed=words)
    return found


def shift_of(at: datetime, begins: Sequence[str]) -> tuple[Any, int]:
    """The day on which its shift begins, and which one it is."""
    clock = f"{at:%H:%M}"
    before = [place for place, begin in enumerate(begins) if begin <= clock]
    return (at.date(), before[-1]) if before else (at.date() - timedelta(days=1), len(begins) - 1)


def query(period: Period, camera: str) -> Query:
    """Violations and stays, with what people said of them."""
    times = (
        "opened_at >= fromUnixTimestamp64Micro({since:Int64}) AND opened_at < fromUnixTimestamp64Micro({until:Int64})"
    )
    said = "SELECT about, argMax(cause, opened_at) AS verdict FROM events_latest WHERE kind = 'feedback' GROUP BY about"
    sql = (
        "SELECT e.kind AS kind, e.camera AS camera, e.rule AS rule, e.cause AS cause, e.missing AS missing, "  # noqa: S608 - values are bound
        "e.value AS lasted_s, toUnixTimestamp64Micro(e.opened_at) AS opened_us, f.verdict AS verdict "
        "FROM (SELECT event_id, kind, camera, rule, cause, missing, value, opened_at FROM events_latest "
        f"WHERE kind IN ('ppe_violation', 'ppe_visit') AND {times} "
        f"AND ({{camera:String}} = '' OR camera = {{camera:String}})) AS e "
        f"LEFT JOIN ({said}) AS f ON f.about = e.event_id "
        f"ORDER BY opened_us DESC LIMIT {ROWS_MAX + 1}"
    )
    return Query(sql=sql, parameters={"since": period.since_us, "until": period.until_us, "camera": camera})


def report(
    rows: Sequence[Mapping[str, Any]], period: Period, names: Names, language: Language, *, begins: Sequence[str]
) -> ReportOut:
    """Who has to look where."""
    wrong = [row for row in rows if row["verdict"] == "false_alarm"]
    violations = [row for row in rows if row["kind"] == "ppe_violation" and row["verdict"] != "false_alarm"]
    visits = [row for row in rows if row["kind"] == "ppe_visit" and row["verdict"] != "false_alarm"]
    outcomes = Counter(row["cause"] for row in visits)
    told = outcomes["worn"] + outcomes["missing"]
    share = outcomes["worn"] / told if told else None
    return ReportOut(
        name="safety",
        title=Words("Safety", "Безопасность").to(language),
        since=period.first.isoformat(),
        until=period.last.isoformat(),
        timezone=str(period.zone),
        figures=(
            FigureOut(label=Words("Violations", "Нарушений").to(language), value=number(len(violations))),
            FigureOut(
                label=Words("All worn", "Всё надето").to(language),
                value=percent(share),
                tone=graded(share, good=0.95, fair=0.8),
            ),
            FigureOut(
                label=Words("Stays that could not be told", "Не удалось определить").to(language),
                value=number(outcomes["unknown"]),
            ),
            FigureOut(label=Words("Called false alarms", "Признаны ложными").to(language), value=number(len(wrong))),
        ),
        plots=(
            _by_shift(violations, period, begins, language),
            _by_item(violations, language),
            _compliance(visits, period, language),
        ),
        tables=(_places(violations, visits, names, language), _list(violations, period, names, begins, language)),
    )


def _shift_name(begins: Sequence[str], place: int) -> str:
    return f"{begins[place]}–{begins[(place + 1) % len(begins)]}"


def _by_shift(
    violations: Sequence[Mapping[str, Any]], period: Period, begins: Sequence[str], language: Language
) -> PlotOut:
    title = Words("Violations by day and shift", "Нарушения по дням и сменам").to(language)
    counted = Counter(shift_of(local(row["opened_us"], period.zone), begins) for row in violations)
    days = period.days()
    legend = tuple(LegendOut(name=_shift_name(begins, place), tone="abcd"[place]) for place in range(len(begins)))
    series = [
        Series(name=one.name, values=[float(counted[day, place]) for day in days], tone=one.tone)
        for place, one in enumerate(legend)
    ]
    return PlotOut(title=title, legend=legend, svg=bars([day_name(day) for day in days], series, title=title))


def _by_item(violations: Sequence[Mapping[str, Any]], language: Language) -> PlotOut:
    title = Words("What was missing", "Чего не хватало").to(language)
    counted = Counter(item for row in violations for item in row["missing"])
    items = [item for item, _ in counted.most_common(8)]
    values = [float(counted[item]) for item in items]
    names = [item_name(item, language) for item in items]
    return PlotOut(title=title, svg=bars(names, [Series(name=title, values=values, tone="bad")], title=title))


def item_name(item: str, language: Language) -> str:
    """Equipment in words."""
    return _ITEMS[item].to(language) if item in _ITEMS else item.replace("_", " ")


def _compliance(visits: Sequence[Mapping[str, Any]], period: Period, language: Language) -> PlotOut:
    title = Words("Stays with everything worn, by day", "Доля пребываний, где всё надето, по дням").to(language)
    counted = Counter((local(row["opened_us"], period.zone).date(), row["cause"]) for row in visits)
    days = period.days()
    told = [counted[day, "worn"] + counted[day, "missing"] for day in days]
    values = [100 * counted[day, "worn"] / n if n else 0.0 for day, n in zip(days, told, strict=True)]
    svg = bars(
        [day_name(day) for day in days], [Series(name=title, values=values, tone="good")], title=title, unit=" %"
    )
    return PlotOut(title=title, svg=svg)


def _places(
    violations: Sequence[Mapping[str, Any]], visits: Sequence[Mapping[str, Any]], names: Names, language: Language
) -> TableOut:
    found = []
    for camera, rule in sorted({(row["camera"], row["rule"]) for row in (*violations, *visits)}):
        own = [row for row in violations if (row["camera"], row["rule"]) == (camera, rule)]
        outcomes = Counter(row["cause"] for row in visits if (row["camera"], row["rule"]) == (camera, rule))
        told = outcomes["worn"] + outcomes["missing"]
        share = percent(outcomes["worn"] / told if told else None)
        without = hours(sum(row["lasted_s"] or 0.0 for row in own) / 60, language)
        found.append(
            (names.camera(camera), rule, sum(outcomes.values()), share, outcomes["unknown"], len(own), without)
        )
    head = Words(
        "Camera|Zone|Stays|All worn|Not told|Violations|Time without",
        "Камера|Зона|Пребываний|Всё надето|Не определено|Нарушений|Времени без СИЗ",
    )
    return tabled(Words("By place", "По местам"), head, found, language)


def _list(
    violations: Sequence[Mapping[str, Any]], period: Period, names: Names, begins: Sequence[str], language: Language
) -> TableOut:
    found = []
    for row in violations:
        at = local(row["opened_us"], period.zone)
        missing = ", ".join(item_name(item, language) for item in row["missing"])
        lasted = None if row["lasted_s"] is None else round(row["lasted_s"])
        shift = _shift_name(begins, shift_of(at, begins)[1])
        found.append((f"{at:%Y-%m-%d %H:%M:%S}", shift, names.camera(row["camera"]), row["rule"], missing, lasted))
    head = Words("Time|Shift|Camera|Zone|Missing|Seconds", "Время|Смена|Камера|Зона|Не надето|Секунд")
    return tabled(Words("Violations", "Нарушения"), head, found, language)

"""How often alarms were right, by camera and rule, as far as people said so.

Pure.

Rules
- Right: confirmed, or corrected (it happened, with another plate or person). Wrong: a false alarm, or not this person.
- A share of few judgements says little: it comes with its 95 % interval; rules that nobody judged are not counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from api.contract_work import FigureOut, LegendOut, PlotOut, ReportOut, TableOut
from api.language import Language, Words
from api.query import Query
from api.reports.kit import ROWS_MAX, Names, Period, graded, percent, tabled
from api.reports.plots import Series, Share, bars, number, shares
from model_repository.evaluation.intervals import wilson

RULES_SHOWN_MAX = 20
_REASONS = {
    "animal": Words("bird or animal", "птица или животное"),
    "light": Words("light or shadow", "свет или тень"),
    "weather": Words("rain or snow", "дождь или снег"),
    "shake": Words("camera shook", "камера качнулась"),
    "object": Words("another object", "другой объект"),
    "place": Words("wrong place", "не то место"),
    "allowed": Words("it was allowed", "было разрешено"),
    "other": Words("something else", "другое"),
}
"""Reasons that the console offers; any other text stays as it was written."""


def query(period: Period, camera: str) -> Query:
    """Alarms, warnings and whatever was judged, by camera, function and rule."""
    said = (
        "SELECT about, argMax(cause, opened_at) AS verdict, argMax(text, opened_at) AS reason "
        "FROM events_latest WHERE kind = 'feedback' GROUP BY about"
    )
    sql = (
        "SELECT e.camera AS camera, e.function AS function, e.rule AS rule, count() AS alarms, "  # noqa: S608 - values are bound
        "countIf(f.verdict IN ('confirmed', 'corrected')) AS right_n, "
        "countIf(f.verdict IN ('false_alarm', 'not_person')) AS wrong_n, "
        "groupArrayIf(100)(f.reason, f.verdict = 'false_alarm' AND f.reason != '') AS reasons "
        "FROM (SELECT event_id, camera, function, rule, severity FROM events_latest "
        "WHERE function NOT IN ('', 'feedback', 'handling', 'parking') "
        "AND opened_at >= fromUnixTimestamp64Micro({since:Int64}) "
        "AND opened_at < fromUnixTimestamp64Micro({until:Int64}) "
        f"AND ({{camera:String}} = '' OR camera = {{camera:String}})) AS e "
        f"LEFT JOIN ({said}) AS f ON f.about = e.event_id "
        "WHERE e.severity != 'info' OR f.verdict != '' GROUP BY camera, function, rule "
        f"ORDER BY alarms DESC, camera, function, rule LIMIT {ROWS_MAX + 1}"
    )
    return Query(sql=sql, parameters={"since": period.since_us, "until": period.until_us, "camera": camera})


def report(rows: Sequence[Mapping[str, Any]], period: Period, names: Names, language: Language) -> ReportOut:
    """Which rules can be trusted, and why the others can't."""
    right, wrong = (sum(int(row[name]) for row in rows) for name in ("right_n", "wrong_n"))
    alarms = sum(int(row["alarms"]) for row in rows)
    share = right / (right + wrong) if right + wrong else None
    return ReportOut(
        name="precision",
        title=Words("Alarms that were right", "Точность тревог").to(language),
        since=period.first.isoformat(),
        until=period.last.isoformat(),
        timezone=str(period.zone),
        figures=(
            FigureOut(label=Words("Alarms and warnings", "Тревог и предупреждений").to(language), value=number(alarms)),
            FigureOut(label=Words("Judged", "С отзывом").to(language), value=number(right + wrong)),
            FigureOut(
                label=Words("Right", "Верных").to(language),
                value=percent(share),
                tone=graded(share, good=0.9, fair=0.7),
            ),
        ),
        plots=(_shares(rows, names, language), _reasons(rows, language)),
        tables=(_table(rows, names, language),),
        note=Words(
            "By people's words; a share comes with its 95 % interval.",
            "По отзывам людей; доля показана с 95 % доверительным интервалом.",
        ).to(language),
    )


def _told(row: Mapping[str, Any]) -> tuple[int, int]:
    return int(row["right_n"]), int(row["right_n"]) + int(row["wrong_n"])


def _name(row: Mapping[str, Any], names: Names) -> str:
    function = names.functions.get(row["function"]) or row["function"]
    return " · ".join(part for part in (names.camera(row["camera"]), row["rule"], function) if part)


def _shares(rows: Sequence[Mapping[str, Any]], names: Names, language: Language) -> PlotOut:
    title = Words("Share of right ones, by camera and rule", "Доля верных по камерам и правилам").to(language)
    found = []
    for row in rows:
        hits, of = _told(row)
        if of:
            low, high = wilson(hits, of)
            told = f"{percent(hits / of)} ({hits}/{of})"
            found.append(Share(name=_name(row, names), value=hits / of, low=low, high=high, told=told))
    found.sort(key=lambda one: (one.value, one.name))
    return PlotOut(title=title, svg=shares(found[:RULES_SHOWN_MAX], title=title))


def reason_name(reason: str, language: Language) -> str:
    """A reason in words."""
    return _REASONS[reason].to(language) if reason in _REASONS else reason


def _reasons(rows: Sequence[Mapping[str, Any]], language: Language) -> PlotOut:
    title = Words("Why alarms were false", "Почему тревоги ложные").to(language)
    counted = Counter(reason_name(reason, language) for row in rows for reason in row["reasons"]).most_common(8)
    name = Words("false alarms", "ложных тревог").to(language)
    svg = bars(
        [one[:18] for one, _ in counted],
        [Series(name=name, values=[float(n) for _, n in counted], tone="bad")],
        title=title,
    )
    return PlotOut(title=title, svg=svg, legend=(LegendOut(name=name, tone="bad"),))


def _table(rows: Sequence[Mapping[str, Any]], names: Names, language: Language) -> TableOut:
    found = []
    for row in rows:
        hits, of = _told(row)
        low, high = wilson(hits, of)
        span = f"{percent(low)} – {percent(high)}" if of else "–"
        why = Counter(reason_name(reason, language) for reason in row["reasons"]).most_common(1)
        function = names.functions.get(row["function"]) or row["function"]
        found.append(
            (
                names.camera(row["camera"]),
                function,
                row["rule"],
                int(row["alarms"]),
                of,
                hits,
                percent(hits / of if of else None),
                span,
                why[0][0] if why else "",
            )
        )
    head = Words(
        "Camera|Function|Rule|Alarms|Judged|Right|Share|95 % interval|Most frequent reason",
        "Камера|Функция|Правило|Тревог|С отзывом|Верных|Доля|95 % интервал|Частая причина",
    )
    return tabled(Words("By camera and rule", "По камерам и правилам"), head, found, language)

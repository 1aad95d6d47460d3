"""How well cameras and rules do, day by day: plates read, alarms and how many were right, sureness; what got worse.

Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from api.contract_work import FigureOut, LegendOut, PlotOut, ReportOut, TableOut
from api.language import Language, Words
from api.query import Query
from api.reports.kit import ROWS_MAX, Names, Period, day_name, graded, local, percent, tabled
from api.reports.plots import Series, bars, number
from api.reports.precision import reason_name

_WHAT = {
    "plates_unreadable": Words("plates can't be read", "номера не читаются"),
    "alarms_false": Words("most alarms are false", "тревоги чаще ложные"),
    "alarms_many": Words("far more alarms than usual", "тревог намного больше обычного"),
    "confidence_low": Words("recognised less surely", "распознаёт менее уверенно"),
    "silent": Words("sees nothing any more", "ничего не видит"),
}
_CAUSES = {
    "time_of_day": Words("always so at this time: sun or headlights?", "в эти часы так всегда: солнце или фары?"),
    "sudden": Words("all at once: dirt, or was it moved?", "внезапно: грязь или камеру сдвинули?"),
    "network_loss": Words("packets are lost", "теряются пакеты"),
    "decoder_overload": Words("the machine can't keep up", "машина не успевает"),
    "camera_fault": Words("the camera sends broken pictures", "камера шлёт битую картинку"),
    "black": Words("the picture is black", "картинка чёрная"),
    "over_exposed": Words("the picture is over-exposed", "картинка засвечена"),
    "covered": Words("the camera is covered", "камера закрыта"),
    "blurred": Words("the picture is blurred", "картинка размыта"),
    "moved": Words("the camera was moved", "камеру сдвинули"),
    "frozen": Words("the picture is frozen", "картинка замерла"),
    "noise": Words("the picture is noisy", "картинка зашумлена"),
    "low_fps": Words("few pictures come", "кадров мало"),
    "bitrate": Words("the bit rate jumped", "скачок битрейта"),
    "clock": Words("the camera's clock is off", "часы камеры ушли"),
}  # fmt: skip
_PERCENTS = frozenset({"plates_unreadable", "alarms_false"})


def query(period: Period, camera: str) -> Query:
    """What each rule of each camera said on each day, and what people said of that."""
    said = "SELECT about, argMax(cause, opened_at) AS verdict FROM events_latest WHERE kind = 'feedback' GROUP BY about"
    sql = (
        "SELECT e.camera AS camera, e.function AS function, e.rule AS rule, "  # noqa: S608 - values are bound
        "toString(toDate(e.opened_at, {zone:String})) AS day, count() AS events, "
        "countIf(e.severity != 'info') AS alarms, countIf(e.kind IN ('vehicle_entry', 'vehicle_exit')) AS passages, "
        "countIf(e.kind IN ('vehicle_entry', 'vehicle_exit') AND e.plate != '') AS read, "
        "countIf(e.confidence > 0) AS told, sumIf(toFloat64(e.confidence), e.confidence > 0) AS confidence, "
        "countIf(f.verdict IN ('confirmed', 'corrected')) AS right_n, "
        "countIf(f.verdict IN ('false_alarm', 'not_person')) AS wrong_n "
        "FROM (SELECT event_id, camera, function, rule, kind, severity, plate, confidence, opened_at "
        "FROM events_latest WHERE function NOT IN ('', 'feedback', 'handling', 'parking', 'access', 'quality') "
        "AND opened_at >= fromUnixTimestamp64Micro({since:Int64}) "
        "AND opened_at < fromUnixTimestamp64Micro({until:Int64}) "
        "AND ({camera:String} = '' OR camera = {camera:String})) AS e "
        f"LEFT JOIN ({said}) AS f ON f.about = e.event_id GROUP BY camera, function, rule, day "
        f"ORDER BY day, camera, function, rule LIMIT {ROWS_MAX + 1}"
    )
    return Query(sql=sql, parameters=_bounds(period, camera) | {"zone": str(period.zone)})


def findings_query(period: Period, camera: str) -> Query:
    """What was told of cameras that do worse."""
    sql = (
        "SELECT camera, rule, label, cause, items, toUnixTimestamp64Micro(opened_at) AS since, "  # noqa: S608 - values are bound
        "if(isNull(closed_at), 0, toUnixTimestamp64Micro(assumeNotNull(closed_at))) AS until "
        "FROM events_latest WHERE kind = 'camera_quality' "
        "AND opened_at >= fromUnixTimestamp64Micro({since:Int64}) "
        "AND opened_at < fromUnixTimestamp64Micro({until:Int64}) "
        f"AND ({{camera:String}} = '' OR camera = {{camera:String}}) ORDER BY since DESC LIMIT {ROWS_MAX + 1}"
    )
    return Query(sql=sql, parameters=_bounds(period, camera))


def _bounds(period: Period, camera: str) -> dict[str, Any]:
    return {"since": period.since_us, "until": period.until_us, "camera": camera}


def report(
    rows: Sequence[Mapping[str, Any]], findings: Sequence[Mapping[str, Any]], period: Period, names: Names,
    language: Language,
) -> ReportOut:  # fmt: skip
    """Whether things grow better or worse, where, and probably why."""
    return ReportOut(
        name="quality",
        title=Words("How well cameras do", "Качество работы камер").to(language),
        since=period.first.isoformat(),
        until=period.last.isoformat(),
        timezone=str(period.zone),
        figures=_figures(rows, findings, language),
        plots=_plots(rows, period, language),
        tables=(_found(findings, period, names, language), _rules(rows, period, names, language)),
        note=Words(
            "A finding is told when the newest events are surely worse than the seven days before. "
            "Causes are likely ones, not proven. Right and false are people's words.",
            "О камере сообщается, когда новые события заведомо хуже, чем за семь дней до того. "
            "Причина вероятная, не доказанная. Верна ли тревога, решают люди.",
        ).to(language),
    )


def _sum(rows: Sequence[Mapping[str, Any]], name: str) -> float:
    return sum(float(row[name]) for row in rows)


def _share(of: float, whole: float) -> float | None:
    return of / whole if whole else None


def _figures(
    rows: Sequence[Mapping[str, Any]], findings: Sequence[Mapping[str, Any]], language: Language
) -> tuple[FigureOut, ...]:
    read = _share(_sum(rows, "read"), _sum(rows, "passages"))
    right = _share(_sum(rows, "right_n"), _sum(rows, "right_n") + _sum(rows, "wrong_n"))
    standing = sum(not row["until"] for row in findings)
    return (
        FigureOut(
            label=Words("Plates read", "Номера прочитаны").to(language),
            value=percent(read),
            tone=graded(read, good=0.9, fair=0.7),
        ),
        FigureOut(
            label=Words("Alarms that were right", "Верных тревог").to(language),
            value=percent(right),
            tone=graded(right, good=0.9, fair=0.7),
        ),
        FigureOut(
            label=Words("Worse now", "Сейчас хуже").to(language),
            value=number(standing),
            tone="bad" if standing else "good",
        ),
    )


def _plots(rows: Sequence[Mapping[str, Any]], period: Period, language: Language) -> tuple[PlotOut, ...]:
    days = period.days()
    by_day: dict[date, list[Mapping[str, Any]]] = {day: [] for day in days}
    for row in rows:
        by_day.setdefault(date.fromisoformat(row["day"]), []).append(row)

    def daily(value: Callable[[list[Mapping[str, Any]]], float]) -> list[float]:
        return [value(by_day[day]) for day in days]

    read = Words("read", "прочитано").to(language)
    right = Words("right", "верных").to(language)
    wrong = Words("false", "ложных").to(language)
    rest = Words("not judged", "без отзыва").to(language)
    sure = Words("mean", "среднее").to(language)
    shares = daily(lambda day: 100 * (_share(_sum(day, "read"), _sum(day, "passages")) or 0.0))
    alarms = (
        Series(name=right, values=daily(lambda day: _sum(day, "right_n")), tone="good"),
        Series(name=wrong, values=daily(lambda day: _sum(day, "wrong_n")), tone="bad"),
        Series(name=rest, values=daily(_unjudged), tone="a"),
    )
    means = daily(lambda day: 100 * (_share(_sum(day, "confidence"), _sum(day, "told")) or 0.0))
    labels = [day_name(day) for day in days]

    def plot(title: Words, series: Sequence[Series], unit: str = "") -> PlotOut:
        named = title.to(language)
        legend = tuple(LegendOut(name=one.name, tone=one.tone) for one in series)
        return PlotOut(title=named, legend=legend, svg=bars(labels, series, title=named, unit=unit))

    return (
        plot(Words("Plates read, by day", "Номера прочитаны"), [Series(name=read, values=shares, tone="b")], " %"),
        plot(Words("Alarms by day", "Тревоги по дням"), alarms),
        plot(Words("How sure, by day", "Уверенность по дням"), [Series(name=sure, values=means, tone="c")], " %"),
    )  # fmt: skip


def _unjudged(day: Sequence[Mapping[str, Any]]) -> float:
    return max(0.0, _sum(day, "alarms") - _sum(day, "right_n") - _sum(day, "wrong_n"))


def _measure(what: str, value: float) -> str:
    return percent(value) if what in _PERCENTS else number(value)


def finding_name(what: str, language: Language) -> str:
    """What got worse, in words."""
    return _WHAT[what].to(language) if what in _WHAT else what


def cause_name(cause: str, language: Language) -> str:
    """A likely cause in words; of false alarms it is people's reason."""
    return _CAUSES[cause].to(language) if cause in _CAUSES else reason_name(cause, language)


def _found(findings: Sequence[Mapping[str, Any]], period: Period, names: Names, language: Language) -> TableOut:
    rows = []
    lasts = Words("still", "длится").to(language)
    for row in findings:
        what, items = row["label"], dict(row["items"])
        rows.append(
            (
                f"{local(int(row['since']), period.zone):%Y-%m-%d %H:%M}",
                f"{local(int(row['until']), period.zone):%Y-%m-%d %H:%M}" if row["until"] else lasts,
                names.camera(row["camera"]),
                row["rule"],
                finding_name(what, language),
                cause_name(row["cause"], language),
                _measure(what, items.get("value", 0.0)),
                _measure(what, items.get("usual", 0.0)),
            )
        )
    head = Words(
        "Since|Until|Camera|Rule|What|Likely cause|Now|Usual",
        "С|До|Камера|Правило|Что|Вероятная причина|Сейчас|Обычно",
    )
    return tabled(Words("What got worse", "Что стало хуже"), head, rows, language)


def _rules(rows: Sequence[Mapping[str, Any]], period: Period, names: Names, language: Language) -> TableOut:
    whole: dict[tuple[str, str, str], Counter[str]] = {}
    counted = ("events", "alarms", "passages", "read", "told", "confidence", "right_n", "wrong_n")
    for row in rows:
        sums = whole.setdefault((row["camera"], row["function"], row["rule"]), Counter())
        sums.update({name: float(row[name]) for name in counted})
    days = len(period.days())
    found = [
        (
            names.camera(camera),
            names.functions.get(function) or function,
            rule,
            number(sums["events"] / days),
            number(sums["alarms"] / days),
            percent(_share(sums["read"], sums["passages"])),
            percent(_share(sums["confidence"], sums["told"])),
            percent(_share(sums["right_n"], sums["right_n"] + sums["wrong_n"])),
            int(sums["right_n"] + sums["wrong_n"]),
        )
        for (camera, function, rule), sums in sorted(whole.items())
    ]
    head = Words(
        "Camera|Function|Rule|Events a day|Alarms a day|Plates read|How sure|Right|Judged",
        "Камера|Функция|Правило|Событий в день|Тревог в день|Номера прочитаны|Уверенность|Верных|С отзывом",
    )
    return tabled(Words("By camera and rule", "По камерам и правилам"), head, found, language)

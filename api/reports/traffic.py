"""Traffic: passages by day and by hour of the day, from the counts by hour.

Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from api.contract_work import FigureOut, LegendOut, PlotOut, ReportOut, TableOut
from api.language import Language, Words
from api.query import Query
from api.reports.kit import ROWS_MAX, Names, Period, day_name, local, percent, tabled
from api.reports.plots import Series, bars, number

KINDS = ("vehicle_entry", "vehicle_exit", "person_entry", "person_exit")
_WAYS = {"entry": Words("in", "въезд, вход"), "exit": Words("out", "выезд, выход")}


def query(period: Period, camera: str) -> Query:
    """Counts by hour, kind and camera; each camera's hours are counted again within a minute of their events."""
    sql = (
        "SELECT kind, camera, toUnixTimestamp(hour) AS hour_s, sum(events) AS n, sum(plates) AS read "  # noqa: S608 - values are bound
        "FROM events_by_hour WHERE kind IN {kinds:Array(String)} AND hour >= fromUnixTimestamp({since:Int64}) "
        "AND hour < fromUnixTimestamp({until:Int64}) AND ({camera:String} = '' OR camera = {camera:String}) "
        f"GROUP BY kind, camera, hour ORDER BY hour_s, camera, kind LIMIT {ROWS_MAX + 1}"
    )
    since, until = period.since_us // 1_000_000, period.until_us // 1_000_000
    return Query(sql=sql, parameters={"kinds": list(KINDS), "since": since, "until": until, "camera": camera})


def _way(kind: str) -> str:
    return "exit" if kind.endswith("_exit") else "entry"


def report(rows: Sequence[Mapping[str, Any]], period: Period, names: Names, language: Language) -> ReportOut:
    """What passed, when and where."""
    by_day, by_hour, by_camera = Counter[Any](), Counter[Any](), Counter[Any]()
    vehicles = read = 0
    for row in rows:
        at, way, n = local(row["hour_s"] * 1_000_000, period.zone), _way(row["kind"]), int(row["n"])
        by_day[at.date(), way] += n
        by_hour[at.hour, way] += n
        by_camera[row["camera"], row["kind"]] += n
        if row["kind"].startswith("vehicle_"):
            vehicles, read = vehicles + n, read + int(row["read"])
            by_camera[row["camera"], "read"] += int(row["read"])
    return ReportOut(
        name="traffic",
        title=Words("Traffic", "Движение").to(language),
        since=period.first.isoformat(),
        until=period.last.isoformat(),
        timezone=str(period.zone),
        figures=_figures(by_day, by_hour, (vehicles, read), language),
        plots=_plots(by_day, by_hour, period, language),
        tables=(_cameras(by_camera, names, language), _hours(rows, period, names, language)),
    )


def _figures(
    by_day: Counter[Any], by_hour: Counter[Any], plates: tuple[int, int], language: Language
) -> tuple[FigureOut, ...]:
    ways = Counter[str]()
    for (_, way), n in by_day.items():
        ways[way] += n
    of_hour = Counter[int]()
    for (hour, _), n in by_hour.items():
        of_hour[hour] += n
    busiest = of_hour.most_common(1)
    vehicles, read = plates
    return (
        FigureOut(label=Words("In", "Въездов и входов").to(language), value=number(ways["entry"])),
        FigureOut(label=Words("Out", "Выездов и выходов").to(language), value=number(ways["exit"])),
        FigureOut(
            label=Words("Plates read", "Номера прочитаны").to(language),
            value=percent(read / vehicles if vehicles else None),
        ),
        FigureOut(
            label=Words("Busiest hour", "Самый загруженный час").to(language),
            value=f"{busiest[0][0]:02d}:00" if busiest else "–",
        ),
    )


def _plots(by_day: Counter[Any], by_hour: Counter[Any], period: Period, language: Language) -> tuple[PlotOut, ...]:
    days = period.days()
    legend = tuple(
        LegendOut(name=words.to(language), tone=tone) for words, tone in zip(_WAYS.values(), "ab", strict=True)
    )

    def series(values: Iterable[Any], counted: Counter[Any], share: float = 1.0) -> list[Series]:
        places = list(values)
        return [
            Series(name=one.name, values=[counted[place, way] * share for place in places], tone=one.tone)
            for one, way in zip(legend, _WAYS, strict=True)
        ]

    daily = Words("Passages by day", "Проезды и проходы по дням").to(language)
    hourly = Words("A mean day, by hour", "Средний день по часам").to(language)
    clock = [f"{hour:02d}" for hour in range(24)]
    return (
        PlotOut(
            title=daily, legend=legend, svg=bars([day_name(day) for day in days], series(days, by_day), title=daily)
        ),
        PlotOut(title=hourly, legend=legend, svg=bars(clock, series(range(24), by_hour, 1 / len(days)), title=hourly)),
    )


def _cameras(counted: Counter[Any], names: Names, language: Language) -> TableOut:
    rows = []
    for camera in sorted({camera for camera, _ in counted}, key=names.camera):
        in_, out = counted[camera, "vehicle_entry"], counted[camera, "vehicle_exit"]
        read = counted[camera, "read"] / (in_ + out) if in_ + out else None
        people = counted[camera, "person_entry"], counted[camera, "person_exit"]
        rows.append((names.camera(camera), in_, out, percent(read), *people))
    head = Words(
        "Camera|Vehicles in|Vehicles out|Plates read|People in|People out",
        "Камера|Машин въехало|Машин выехало|Номера прочитаны|Людей вошло|Людей вышло",
    )
    return tabled(Words("By camera", "По камерам"), head, rows, language)


def _hours(rows: Sequence[Mapping[str, Any]], period: Period, names: Names, language: Language) -> TableOut:
    counted = Counter[Any]()
    for row in rows:
        counted[row["hour_s"], row["camera"], _way(row["kind"])] += int(row["n"])
    places = sorted({(hour, camera) for hour, camera, _ in counted}, reverse=True)
    found = tuple(
        (
            f"{local(hour * 1_000_000, period.zone):%Y-%m-%d %H:%M}",
            names.camera(camera),
            counted[hour, camera, "entry"],
            counted[hour, camera, "exit"],
        )
        for hour, camera in places
    )
    head = Words("Hour|Camera|In|Out", "Час|Камера|Въезд, вход|Выезд, выход")
    return tabled(Words("By hour", "По часам"), head, found, language)

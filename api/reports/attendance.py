"""Attendance: the timesheet against what was seen, by day and by person.

Pure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from api.contract import MusterOut, TimesheetRow
from api.contract_work import FigureOut, LegendOut, PlotOut, ReportOut, TableOut
from api.export import local as moment_local
from api.language import Language, Words
from api.reports.kit import Period, day_name, hours, percent, tabled
from api.reports.plots import Series, bars, number


def report(rows: Sequence[TimesheetRow], inside: MusterOut, period: Period, language: Language) -> ReportOut:
    """Planned against seen, and who is inside now."""
    planned, there = sum(row.planned_min for row in rows), sum(row.there_min for row in rows)
    shifts = [row for row in rows if row.planned_min]
    late = sum(1 for row in rows if row.late_min)
    absent = sum(1 for row in rows if row.absent)
    return ReportOut(
        name="attendance",
        title=Words("Attendance", "Рабочее время").to(language),
        since=period.first.isoformat(),
        until=period.last.isoformat(),
        timezone=str(period.zone),
        figures=(
            FigureOut(label=Words("Planned", "План").to(language), value=hours(planned, language)),
            FigureOut(label=Words("There", "На месте").to(language), value=hours(there, language)),
            FigureOut(label=Words("Share", "Доля").to(language), value=percent(there / planned if planned else None)),
            FigureOut(label=Words("Late", "Опозданий").to(language), value=number(late), tone="warn" if late else ""),
            FigureOut(
                label=Words("Absent", "Неявок").to(language),
                value=f"{absent} / {len(shifts)}",
                tone="bad" if absent else "",
            ),
            FigureOut(
                label=Words("Inside now", "Сейчас внутри").to(language),
                value=f"{len(inside.inside)} + {inside.unidentified}",
            ),
        ),
        plots=(_by_day(rows, period, language), _late(rows, period, language)),
        tables=(_people(rows, language), _days(rows, language), _muster(inside, period, language)),
        note=Words(
            "A timesheet is as complete as faces could be read. Inside now: known by name + without a name.",
            "Табель полон настолько, насколько удалось прочитать лица. Сейчас внутри: узнанные + неузнанные.",
        ).to(language),
    )


def _by_day(rows: Sequence[TimesheetRow], period: Period, language: Language) -> PlotOut:
    title = Words("Hours by day: planned and seen", "Часы по дням: план и факт").to(language)
    names = (Words("planned", "план"), Words("there", "на месте"), Words("in zones", "в зонах"))
    sums: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    for row in rows:
        for place, minutes in enumerate((row.planned_min, row.there_min, row.present_min)):
            sums[row.date][place] += minutes / 60
    days = period.days()
    legend = tuple(LegendOut(name=one.to(language), tone=tone) for one, tone in zip(names, "cab", strict=True))
    series = [
        Series(name=one.name, values=[sums[day.isoformat()][place] for day in days], tone=one.tone)
        for place, one in enumerate(legend)
    ]
    return PlotOut(
        title=title, legend=legend, svg=bars([day_name(day) for day in days], series, title=title, stacked=False)
    )


def _late(rows: Sequence[TimesheetRow], period: Period, language: Language) -> PlotOut:
    title = Words("Late, left early, absent: shifts by day", "Опоздания, ранние уходы, неявки: смены по дням").to(
        language
    )
    days = period.days()
    kinds = (Words("late", "опоздание"), Words("left early", "ранний уход"), Words("absent", "неявка"))
    legend = tuple(
        LegendOut(name=one.to(language), tone=tone) for one, tone in zip(kinds, ("warn", "b", "bad"), strict=True)
    )
    counted: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    for row in rows:
        for place, true in enumerate((row.late_min > 0, row.early_min > 0, row.absent)):
            counted[row.date][place] += true
    series = [
        Series(name=one.name, values=[counted[day.isoformat()][place] for day in days], tone=one.tone)
        for place, one in enumerate(legend)
    ]
    return PlotOut(title=title, legend=legend, svg=bars([day_name(day) for day in days], series, title=title))


def _people(rows: Sequence[TimesheetRow], language: Language) -> TableOut:
    of_person: dict[str, list[TimesheetRow]] = defaultdict(list)
    for row in rows:
        of_person[row.person].append(row)
    found = []
    for person, own in of_person.items():
        planned, there = sum(row.planned_min for row in own), sum(row.there_min for row in own)
        share = percent(there / planned if planned else None)
        late, early = sum(row.late_min for row in own), sum(row.early_min for row in own)
        absent = sum(1 for row in own if row.absent)
        shifts = sum(1 for row in own if row.planned_min)
        over = sum(row.overtime_min for row in own)
        unpaired = sum(row.unpaired for row in own)
        found.append(
            (
                own[0].name or person,
                own[0].department,
                shifts,
                hours(planned, language),
                hours(there, language),
                share,
                late,
                early,
                absent,
                over,
                unpaired,
            )
        )
    found.sort(key=lambda row: str(row[0]).casefold())
    head = Words(
        "Person|Department|Shifts|Planned|There|Share|Late, min|Early, min|Absent|Overtime, min|Unpaired",
        "Сотрудник|Подразделение|Смен|План|На месте|Доля|Опоздал, мин|Ушёл раньше|Неявок|Переработка|Непарных",
    )
    return tabled(Words("By person", "По людям"), head, found, language)


def _days(rows: Sequence[TimesheetRow], language: Language) -> TableOut:
    absent = Words("absent", "неявка").to(language)

    def clock(text: str | None) -> str:
        return text[11:16] if text else ""

    found = tuple(
        (
            row.date, row.name or row.person, row.since or "", row.until or "", clock(row.first), clock(row.last),
            row.there_min, row.present_min, row.late_min, row.early_min, row.overtime_min, absent if row.absent else "",
        )
        for row in reversed(rows)
    )  # fmt: skip
    head = Words(
        "Day|Person|From|To|First seen|Last seen|There, min|In zones, min|Late|Early|Overtime|",
        "День|Сотрудник|С|До|Первое появление|Последнее|На месте, мин|В зонах, мин|Опоздал|Раньше|Переработка|",
    )
    return tabled(Words("By day", "По дням"), head, found, language)


def _muster(inside: MusterOut, period: Period, language: Language) -> TableOut:
    rows = tuple(
        (one.name or one.person, one.department, (moment_local(one.since, period.zone) or "")[:16], one.camera)
        for one in inside.inside
    )
    head = Words("Person|Department|Since|Camera", "Сотрудник|Подразделение|С|Камера")
    return tabled(Words("Inside now", "Сейчас внутри"), head, rows, language)

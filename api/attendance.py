"""Timesheets and musters as people see them.

Pure: no I/O but the time zone database, no clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

from api.contract import InsideOut, MusterOut, ShiftIn, TimesheetRow
from api.errors import BadParameter
from api.language import Language, Words
from api.sheets import Table
from api.timesheet import Fact, Muster, Row
from api.views import moment
from postprocess.contract import Employee, Plan, Shift

DAYS_MAX = 93
FACTS_MAX = 200_000
_HEADS: Mapping[Language, tuple[str, ...]] = {
    "en": (
        "Person", "Name", "Department", "Date", "Since", "Until", "First seen", "Last seen", "Planned, min",
        "There, min", "In zones, min", "Share in zones", "Late, min", "Left early, min", "Overtime, min", "Absent",
        "Unpaired passages",
    ),
    "ru": (
        "Код", "Имя", "Подразделение", "Дата", "Начало", "Конец", "Первое появление", "Последнее", "План, мин",
        "На месте, мин", "В зонах, мин", "Доля в зонах", "Опоздание, мин", "Ранний уход, мин", "Переработка, мин",
        "Не явился", "Непарные проходы",
    ),
}  # fmt: skip


def days(since: str, until: str) -> tuple[date, date]:
    """First and last day that are asked for; raises `BadParameter`."""
    first, last = _day("from", since), _day("to", until)
    if not 0 <= (last - first).days < DAYS_MAX:
        words = Words(f"allowed are 1 to {DAYS_MAX} days after 'from'", f"допустимо от 1 до {DAYS_MAX} дней")
        raise BadParameter(name="to", value=until, allowed=words)
    return first, last


def _day(name: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        words = Words("allowed is a day as 2026-06-10", "допустима дата вида 2026-06-10")
        raise BadParameter(name=name, value=text, allowed=words) from None


def months(first: date, last: date) -> list[str]:
    """The months (`YYYY-MM`) that two days and those between them lie in."""
    found, day = list[str](), first
    while day <= last:
        found.append(day.isoformat()[:7])
        day = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    return found


def span_us(first: date, last: date, zone: tzinfo) -> tuple[int, int]:
    """From a day before the first to two days after the last: night shifts reach beyond their day."""
    since = datetime(first.year, first.month, first.day, tzinfo=zone) - timedelta(days=1)
    until = datetime(last.year, last.month, last.day, tzinfo=zone) + timedelta(days=2)
    return round(since.timestamp() * 1e6), round(until.timestamp() * 1e6)


def shifts_by_person(plans: Iterable[Plan], first: date, last: date) -> dict[str, list[Shift]]:
    """The shifts of the days that are asked for."""
    found: dict[str, list[Shift]] = {}
    for plan in plans:
        inside = [shift for shift in plan.shifts if first.isoformat() <= shift.date <= last.isoformat()]
        if inside:
            found.setdefault(plan.person, []).extend(inside)
    return found


def shift_views(plans: Iterable[Plan], first: date, last: date) -> tuple[ShiftIn, ...]:
    """Planned shifts, by day and person."""
    rows = (
        ShiftIn(person=person, date=one.date, since=one.since, until=one.until, break_min=one.break_min)
        for person, shifts in shifts_by_person(plans, first, last).items()
        for one in shifts
    )
    return tuple(sorted(rows, key=lambda row: (row.date, row.person, row.since)))


def fact_of(row: Mapping[str, Any]) -> Fact:
    """A row of `query.facts_query`."""
    return Fact(
        kind=row["kind"],
        camera=row["camera"],
        person=row["person"],
        opened_at_us=row["opened_at_us"],
        closed_at_us=row["closed_at_us"] if row["kind"] == "presence" else row["opened_at_us"],
        stay_s=float(row["value"] or 0.0),
        rule=row["rule"],
    )


def row_view(row: Row, people: Mapping[str, Employee], zone: tzinfo) -> TimesheetRow:
    """A row for people."""
    who = people.get(row.person)
    return TimesheetRow(
        person=row.person,
        name=who.name if who is not None else "",
        department=who.department if who is not None else "",
        date=row.date,
        since=row.shift.since if row.shift is not None else None,
        until=row.shift.until if row.shift is not None else None,
        first=_local(row.first_us, zone),
        last=_local(row.last_us, zone),
        planned_min=row.planned_min,
        there_min=row.there_min,
        night_min=row.night_min,
        break_min=row.break_min,
        present_min=row.present_min,
        presence_share=row.presence_share,
        late_min=row.late_min,
        early_min=row.early_min,
        overtime_min=row.overtime_min,
        absent=row.absent,
        open=row.open,
        unpaired=row.unpaired,
    )


def _local(us: int | None, zone: tzinfo) -> str | None:
    if us is None:
        return None
    return datetime.fromtimestamp(us // 1_000_000, UTC).astimezone(zone).isoformat()


def table_of(rows: Sequence[TimesheetRow], language: Language) -> Table:
    """A timesheet as a table."""
    return Table(
        title="Табель" if language == "ru" else "Timesheet",
        head=_HEADS[language],
        rows=tuple(
            (
                row.person, row.name, row.department, row.date, row.since, row.until, _clock(row.first),
                _clock(row.last), row.planned_min, row.there_min, row.present_min, row.presence_share, row.late_min,
                row.early_min, row.overtime_min, int(row.absent), row.unpaired,
            )
            for row in rows
        ),
    )  # fmt: skip


def _clock(text: str | None) -> str | None:
    return None if text is None else text[:16].replace("T", " ")


def muster_view(found: Muster, people: Mapping[str, Employee], now_us: int) -> MusterOut:
    """Who is inside, for people."""
    inside = []
    for one in found.inside:
        who = people.get(one.person)
        inside.append(
            InsideOut(
                person=one.person,
                name=who.name if who is not None else "",
                department=who.department if who is not None else "",
                since=moment(one.since_us),
                camera=one.camera,
                by=one.by,
            )
        )
    return MusterOut(at=moment(now_us), inside=tuple(inside), unidentified=found.unidentified)

"""The table for 1C: kinds of time, hours, and the bytes as they are loaded."""

from __future__ import annotations

from typing import Any

import pytest

from api.contract import TimesheetRow
from api.errors import BadParameter
from api.sheet_1c import as_1c, lines_of, paid
from postprocess.contract import Employee


def row(**more: Any) -> TimesheetRow:
    """A day of eight hours, half an hour of them the break."""
    values: dict[str, Any] = {
        "person": "anna", "name": "Анна Петрова", "department": "Цех", "date": "2026-06-10", "since": "08:00",
        "until": "16:30", "first": None, "last": None, "planned_min": 480, "there_min": 510, "night_min": 0,
        "break_min": 30, "present_min": 0, "presence_share": None, "late_min": 0, "early_min": 0, "overtime_min": 0,
        "absent": False, "open": False, "unpaired": 0,
    }  # fmt: skip
    return TimesheetRow(**(values | more))


@pytest.mark.parametrize(
    ("more", "lines"),
    [
        ({}, [("Я", 480)]),
        ({"overtime_min": 20}, [("Я", 480)]),
        ({"night_min": 120}, [("Я", 360), ("Н", 120)]),
        ({"night_min": 510}, [("Н", 480)]),
        ({"night_min": 500}, [("Н", 480)]),
        ({"absent": True, "there_min": 0, "break_min": 0}, [("НН", 0)]),
        ({"open": True}, []),
        ({"since": None, "there_min": 0, "overtime_min": 90}, []),
    ],
)
def test_kinds_of_time(more: dict[str, Any], lines: list[tuple[str, int]]) -> None:
    """By day, by night, unexplained; a shift that goes on and what nobody ordered are no lines."""
    assert [(line.kind, line.minutes) for line in lines_of(row(**more), overtime=False)] == lines


def test_overtime_on_request() -> None:
    """Beside a shift, and on a day without one."""
    beside = list(lines_of(row(overtime_min=45), overtime=True))
    assert [(line.kind, line.minutes) for line in beside] == [("Я", 480), ("С", 45)]
    (alone,) = lines_of(row(since=None, there_min=0, overtime_min=90), overtime=True)
    assert (alone.kind, alone.minutes) == ("РВ", 90)
    assert list(lines_of(row(since=None, there_min=0), overtime=True)) == []


def test_time_that_can_not_be_told_is_marked() -> None:
    """A lost exit: too few hours, and a word about it."""
    (line,) = lines_of(row(there_min=0, break_min=0, unpaired=1), overtime=False)
    assert (line.kind, line.minutes) == ("Я", 0)
    assert "без выхода" in line.note


def test_the_break_never_makes_less_than_nothing() -> None:
    """Whatever the break is."""
    assert paid(row(there_min=20, night_min=10, break_min=60)) == (0, 0)


def test_the_bytes() -> None:
    """Semicolons, dates and commas as in Russia; the badge is the number; a formula is text."""
    people = {"anna": Employee(id="anna", name="Анна Петрова", badge="0042")}
    table = as_1c([row(there_min=501), row(person="b", name="=1+1")], people, encoding="utf-8", overtime=False)
    assert table.startswith(b"\xef\xbb\xbf")
    assert table.decode("utf-8-sig").split("\r\n") == [
        "Табельный номер;ФИО;Подразделение;Дата;Вид времени;Часы;Примечание",
        "0042;Анна Петрова;Цех;10.06.2026;Я;7,85;",
        "b;'=1+1;Цех;10.06.2026;Я;8;",
        "",
    ]
    assert "0042;Анна Петрова" in as_1c([row()], people, encoding="windows-1251", overtime=False).decode("cp1251")
    with pytest.raises(BadParameter, match="'ő'"):
        as_1c([row(name="Erdős")], people, encoding="windows-1251", overtime=False)

"""Tables in and out: planned shifts from CSV and XLSX, timesheets that no spreadsheet takes for formulas."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import date, datetime, time

import openpyxl
import pytest

from api.errors import TableRefused
from api.sheets import Table, as_csv, as_xlsx, cells_of, plans_of, shifts_of
from postprocess.contract import Employee, Plan, Shift

PEOPLE = (
    Employee(id="anna", name="Анна Лис", badge="0042"), Employee(id="boris", name="Борис"),
    Employee(id="b2", name="Борис"), Employee(id="vera", name="Вера", badge="7"),
)  # fmt: skip
EXPECTED = [
    ("anna", Shift(date="2026-06-10", since="08:00", until="16:30", break_min=30)),
    ("vera", Shift(date="2026-06-11", since="22:00", until="06:00")),
]


def workbook(*rows: tuple[object, ...]) -> bytes:
    """A sheet of these rows."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize(
    "table",
    [
        b"person,date,since,until,break_min\nanna,2026-06-10,08:00,16:30,30\nvera,2026-06-11,22:00,06:00,\n",
        (
            "Сотрудник;Дата;Начало;Конец;Перерыв\r\n"
            "Анна Лис;10.06.2026;8:00;16:30:00;30\r\n7;11.06.2026;22:00;06:00;0\r\n"
        ).encode("cp1251"),
        "\ufeffbreak\tuntil\tsince\tdate\tbadge\n30\t16:30\t08:00\t2026-06-10\t0042\n\t06:00\t22:00\t2026-06-11\tvera\n".encode(),
        workbook(
            ("Person", "Date", "From", "To", "Break"),
            ("anna", datetime(2026, 6, 10), time(8, 0), time(16, 30), 30),  # noqa: DTZ001 - as a workbook has it
            (None, None, None, None, None),
            (7.0, date(2026, 6, 11), "22:00", "6:00", None),
        ),
    ],
    ids=["csv", "russian", "tabs", "xlsx"],
)
def test_shifts_are_read(table: bytes) -> None:
    """Commas, semicolons, tabs, Windows' Cyrillic, a workbook with real dates: the same two shifts."""
    assert shifts_of(cells_of(table), PEOPLE) == EXPECTED


def faults(table: bytes) -> list[tuple[str, str]]:
    """Where and what, in English."""
    with pytest.raises(TableRefused) as refused:
        shifts_of(cells_of(table), PEOPLE)
    assert refused.value.words().ru
    return [(fault.field, fault.words.en) for fault in refused.value.faults()]


def test_every_fault_is_named_by_row_and_column() -> None:
    """Nobody, two of one name, no day, no time, a break that is none; all of them at once."""
    head = "person,date,since,until,break_min\n"
    rows = (
        "nobody,2026-06-10,08:00,16:00,0", "Борис,2026-06-10,08:00,16:00,0", "anna,2026-02-30,08:00,16:00,0",
        "anna,2026-06-10,25:00,16:00,0", "anna,2026-06-10,08:00,noon,0", "anna,2026-06-10,08:00,16:00,long",
    )  # fmt: skip
    found = faults((head + "\n".join(rows)).encode())
    assert [field for field, _ in found] == [
        "row 2, person", "row 3, person", "row 4, date", "row 5, since", "row 6, until", "row 7, break_min",
    ]  # fmt: skip
    many = head + "nobody,2026-06-10,08:00,16:00,0\n" * 200
    assert len(faults(many.encode())) == 50


def test_tables_that_are_none() -> None:
    """Empty, without needed columns, bytes, a zip that is no workbook, a bomb, too many rows, an open quote."""
    assert faults(b"")[0][0] == "table"
    assert faults(b"person,date\nanna,2026-06-10\n") == [("head", "columns are missing: since, until")]
    assert faults(b"person,date,since,until\n") == [("table", "has no rows below its head")]
    assert faults(b"PK\x03\x04 broken")[0][0] == "table"
    assert faults(b"\x98\xff\xfe" * 3)[0][0] in {"table", "head"}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"0" * (65 * 1024 * 1024))
    assert faults(packed.getvalue()) == [("table", "unpacks to too much")]
    assert "more than 20000 rows" in faults(b"person,date,since,until\n" + b"a,b,c,d\n" * 20_001)[0][1]
    assert faults(b'person,date,since,until\n"anna,2026-06-10\n')[0][0] in {"table", "row 2, person"}


def test_new_shifts_take_the_place_of_that_day() -> None:
    """Other days of the month stay; the same row twice is one."""
    old = Shift(date="2026-06-09", since="08:00", until="16:00")
    replaced = Shift(date="2026-06-10", since="09:00", until="17:00")
    standing = [Plan(person="anna", month="2026-06", shifts=(old, replaced))]
    plans = plans_of([EXPECTED[0], EXPECTED[0], EXPECTED[1]], standing)
    assert plans == [
        Plan(person="anna", month="2026-06", shifts=(old, EXPECTED[0][1])),
        Plan(person="vera", month="2026-06", shifts=(EXPECTED[1][1],)),
    ]


def test_what_goes_out_is_no_formula() -> None:
    """A name that begins like one gets a quote; numbers stay numbers; CSV has its mark and the reader's separator."""
    table = Table(title="Табель", head=("Имя", "Минут", "Доля"), rows=(("=cmd|'/c calc'!A1", 5, 0.5), ("@x", None, 1)))
    for language, mark in (("ru", ";"), ("en", ",")):
        text = as_csv(table, language)  # type: ignore[arg-type]
        assert text.startswith(b"\xef\xbb\xbf")
        rows = list(csv.reader(io.StringIO(text.decode("utf-8-sig")), delimiter=mark))
        assert rows[1] == ["'=cmd|'/c calc'!A1", "5", "0.5"]
    sheet = openpyxl.load_workbook(io.BytesIO(as_xlsx(table))).active
    assert [cell.value for cell in sheet[2]] == ["'=cmd|'/c calc'!A1", 5, 0.5]
    assert sheet["A3"].data_type == "s"

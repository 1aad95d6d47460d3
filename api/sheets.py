"""Tables that people bring and take along: planned shifts in, timesheets out; CSV and XLSX.

Pure: bytes in, bytes out (csv, openpyxl over memory).

Rules
- A table is taken in whole or not at all; every fault is named by row and column, `FAULTS_MAX` at most.
- What goes out is text and numbers: a name that a spreadsheet would take for a formula gets a quote before it.
- A workbook that unpacks to more than `UNPACKED_BYTES_MAX` is not opened.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

import msgspec
import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from api.errors import FieldFault, TableRefused
from api.language import Language, Words
from postprocess.contract import Employee, Plan, Shift

ROWS_MAX = 20_000
FAULTS_MAX = 50
UNPACKED_BYTES_MAX = 64 * 1024 * 1024
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv"

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "person": ("person", "employee", "id", "badge", "сотрудник", "человек", "табельный", "табельный номер"),
    "date": ("date", "day", "дата", "день"),
    "since": ("since", "from", "start", "начало", "с"),
    "until": ("until", "to", "end", "конец", "окончание", "до", "по"),
    "break_min": ("break_min", "break", "перерыв", "перерыв, мин"),
}
"""Column → how it may be headed."""
_NEEDED = ("person", "date", "since", "until")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::\d{2})?")
_DAY = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")

Cells = Sequence[Any]


def cells_of(body: bytes) -> list[Cells]:
    """The rows of a table, the head first; a workbook is known by its first bytes. Raises `TableRefused`."""
    return _from_workbook(body) if body[:2] == b"PK" else _from_text(body)


def _from_text(body: bytes) -> list[Cells]:
    for encoding in ("utf-8-sig", "cp1251"):
        try:
            text = body.decode(encoding)
        except UnicodeDecodeError:
            continue
        break
    else:
        raise _refused("table", Words("is no text", "не текст"))
    head = text.partition("\n")[0]
    mark = max(",;\t", key=head.count)
    try:
        rows: list[Cells] = [row for row in csv.reader(io.StringIO(text), delimiter=mark, strict=True) if any(row)]
    except csv.Error as error:
        raise _refused("table", Words(f"is no CSV: {error}", f"не CSV: {error}")) from None
    return _bounded(rows)


def _from_workbook(body: bytes) -> list[Cells]:
    words = Words("is no workbook that can be read", "не читается как книга Excel")
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            if sum(item.file_size for item in archive.infolist()) > UNPACKED_BYTES_MAX:
                raise _refused("table", Words("unpacks to too much", "слишком велика в распакованном виде"))
        book = openpyxl.load_workbook(io.BytesIO(body), read_only=True, data_only=True, keep_links=False)
        sheet = book.worksheets[0]
        rows: list[Cells] = []
        for row in sheet.iter_rows(values_only=True, max_col=16):
            if any(cell is not None for cell in row):
                rows.append(row)
            if len(rows) > ROWS_MAX + 1:
                break
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, IndexError, OSError, EOFError) as error:
        raise _refused("table", words) from error
    return _bounded(rows)


def _bounded(rows: list[Cells]) -> list[Cells]:
    if not rows:
        raise _refused("table", Words("is empty", "пуста"))
    if len(rows) > ROWS_MAX + 1:
        raise _refused("table", Words(f"has more than {ROWS_MAX} rows", f"больше {ROWS_MAX} строк"))
    return rows


def _refused(field: str, words: Words) -> TableRefused:
    return TableRefused(FieldFault(field, words))


def shifts_of(rows: Sequence[Cells], people: Iterable[Employee]) -> list[tuple[str, Shift]]:
    """Person and shift of every row; raises `TableRefused`. People are named by id, badge, or a name that one has."""
    places = _places(rows[0])
    known = _known(people)
    found: list[tuple[str, Shift]] = []
    faults: list[FieldFault] = []
    for number, row in enumerate(rows[1:], start=2):
        cells = {name: row[place] if place < len(row) else None for name, place in places.items()}
        try:
            found.append(_shift(cells, known))
        except _CellError as fault:
            faults.append(FieldFault(f"row {number}, {fault.column}", fault.words))
        if len(faults) >= FAULTS_MAX:
            break
    if faults:
        raise TableRefused(*faults)
    if not found:
        raise _refused("table", Words("has no rows below its head", "нет строк под заголовком"))
    return found


class _CellError(Exception):
    def __init__(self, column: str, words: Words) -> None:
        super().__init__(column)
        self.column, self.words = column, words


def _places(head: Cells) -> dict[str, int]:
    titles = [str(cell or "").strip().casefold() for cell in head]
    places = {name: titles.index(title) for name, all_ in COLUMNS.items() for title in all_ if title in titles}
    missing = [name for name in _NEEDED if name not in places]
    if missing:
        asked = ", ".join(missing)
        raise _refused("head", Words(f"columns are missing: {asked}", f"нет столбцов: {asked}"))
    return places


def _known(people: Iterable[Employee]) -> dict[str, str]:
    """How a person may be named → id; a name that several have is none."""
    names: dict[str, set[str]] = {}
    for person in people:
        for name in (person.name, person.badge):
            if name:
                names.setdefault(name.casefold(), set()).add(person.id)
        names[person.id.casefold()] = {person.id}
    return {name: next(iter(ids)) for name, ids in names.items() if len(ids) == 1}


def _shift(cells: Mapping[str, Any], known: Mapping[str, str]) -> tuple[str, Shift]:
    person = known.get(_text(cells["person"]).casefold())
    if person is None:
        shown = _text(cells["person"])[:60]
        words = Words(f"nobody, or more than one, is '{shown}'", f"«{shown}»: нет такого человека или их несколько")
        raise _CellError("person", words)
    breaks = _text(cells.get("break_min"))
    minutes = breaks.removesuffix(".0") or "0"
    if not minutes.isdecimal() or int(minutes[:6]) > 720:
        raise _CellError("break_min", Words("must be minutes, 0..720", "минуты, 0..720"))
    shift = Shift(
        date=_day(cells["date"]),
        since=_clock("since", cells["since"]),
        until=_clock("until", cells["until"]),
        break_min=int(minutes),
    )
    return person, shift


def _text(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None else str(cell).strip()


def _day(cell: Any) -> str:
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    text = _text(cell)
    dotted = _DAY.fullmatch(text)
    try:
        if dotted is not None:
            return date(int(dotted[3]), int(dotted[2]), int(dotted[1])).isoformat()
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise _CellError("date", Words("must be 2026-06-10 or 10.06.2026", "дата: 2026-06-10 или 10.06.2026")) from None


def _clock(column: str, cell: Any) -> str:
    if isinstance(cell, datetime | time):
        return f"{cell.hour:02d}:{cell.minute:02d}"
    found = _CLOCK.fullmatch(_text(cell))
    if found is None or int(found[1]) > 23 or int(found[2]) > 59:
        raise _CellError(column, Words("must be a time as 08:30", "время: 08:30"))
    return f"{int(found[1]):02d}:{found[2]}"


def plans_of(shifts: Iterable[tuple[str, Shift]], standing: Iterable[Plan]) -> list[Plan]:
    """The months that change: on each day that is named the new shifts take the place of those that stood there."""
    named: dict[tuple[str, str], dict[str, list[Shift]]] = {}
    for person, shift in shifts:
        days = named.setdefault((person, shift.date[:7]), {})
        days.setdefault(shift.date, []).append(shift)
    before = {(plan.person, plan.month): plan.shifts for plan in standing}
    plans = []
    for (person, month), days in sorted(named.items()):
        kept = [shift for shift in before.get((person, month), ()) if shift.date not in days]
        new = [shift for day in days.values() for shift in dict.fromkeys(day)]
        ordered = sorted([*kept, *new], key=lambda shift: (shift.date, shift.since, shift.until))
        plans.append(Plan(person=person, month=month, shifts=tuple(ordered)))
    return plans


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """A table for people."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


def as_csv(table: Table, language: Language) -> bytes:
    """UTF-8 with its mark, so that spreadsheets know it; Russian ones separate by semicolons."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";" if language == "ru" else ",", lineterminator="\r\n")
    writer.writerow(table.head)
    writer.writerows([safe(cell) for cell in row] for row in table.rows)
    return out.getvalue().encode("utf-8-sig")


def as_xlsx(table: Table) -> bytes:
    """A workbook with one sheet."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet(table.title[:31])
    sheet.freeze_panes = "A2"
    sheet.append(list(table.head))
    for row in table.rows:
        sheet.append([safe(cell) for cell in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def safe(cell: Any) -> Any:
    """Text that can't be a formula."""
    if isinstance(cell, str) and cell[:1] in {"=", "+", "-", "@", "\t", "\r"}:
        return f"'{cell}"
    return "" if cell is None else cell

"""The timesheet as a table that 1C and other HR systems load: a line per person, day and kind of time.

Pure: rows in, bytes out.

- Kinds of time are the letters of forms T-12 and T-13 (Goskomstat, decree 1 of 5 January 2004). Only what was seen is
  said: day (Я), night (Н), an absence that nobody explained (НН). Leave, illness, travel are the HR system's to know.
- Overtime (С) and work on a day without a shift (РВ) are there on request only: being there is no order to work.
- A shift that goes on is left out. Hours of a shift stand on the day on which it began.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, NamedTuple, get_args

from api.contract import TimesheetRow
from api.errors import BadParameter
from api.language import Words
from api.sheets import safe
from postprocess.contract import Employee

Encoding = Literal["utf-8", "windows-1251"]
ENCODINGS: tuple[Encoding, ...] = get_args(Encoding)
HEAD = ("Табельный номер", "ФИО", "Подразделение", "Дата", "Вид времени", "Часы", "Примечание")
DAY, NIGHT, OVERTIME, REST_DAY, UNEXPLAINED = "Я", "Н", "С", "РВ", "НН"
_LOST = "вход без выхода или выход без входа: проверьте часы"


class Line(NamedTuple):
    """Time of one kind."""

    kind: str
    minutes: int
    note: str = ""


def lines_of(row: TimesheetRow, *, overtime: bool) -> Iterator[Line]:
    """What a row of the timesheet comes to."""
    note = _LOST if row.unpaired else ""
    if row.since is None:
        if overtime and row.overtime_min:
            yield Line(REST_DAY, row.overtime_min, note)
        return
    if row.open:
        return
    if row.absent:
        yield Line(UNEXPLAINED, 0)
        return
    day, night = paid(row)
    if day or not night:
        yield Line(DAY, day, note)
    if night:
        yield Line(NIGHT, night, note)
    if overtime and row.overtime_min:
        yield Line(OVERTIME, row.overtime_min, note)


def paid(row: TimesheetRow) -> tuple[int, int]:
    """Minutes by day and by night without the unpaid break, which goes off the day first."""
    day = row.there_min - row.night_min
    return max(0, day - row.break_min), max(0, row.night_min - max(0, row.break_min - day))


def as_1c(rows: Iterable[TimesheetRow], people: Mapping[str, Employee], *, encoding: Encoding, overtime: bool) -> bytes:
    """CSV with semicolons; raises `BadParameter` where the encoding lacks a character of a name."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(HEAD)
    for row in rows:
        who = people.get(row.person)
        number = who.badge if who is not None and who.badge else row.person
        day = ".".join(reversed(row.date.split("-")))
        for line in lines_of(row, overtime=overtime):
            cells = (number, row.name, row.department, day, line.kind, _hours(line.minutes), line.note)
            writer.writerow([safe(cell) for cell in cells])
    try:
        return out.getvalue().encode("utf-8-sig" if encoding == "utf-8" else encoding)
    except UnicodeEncodeError as error:
        lacks = error.object[error.start]
        words = Words(
            f"it lacks the character '{lacks}' of a name: use utf-8", f"в ней нет символа «{lacks}» из имени: utf-8"
        )
        raise BadParameter(name="encoding", value=encoding, allowed=words) from None


def _hours(minutes: int) -> str:
    """Hours with a comma, as 1C reads them."""
    return f"{minutes / 60:.2f}".rstrip("0").rstrip(".").replace(".", ",")

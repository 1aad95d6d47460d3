"""What a report is made of, and days by the site's clock.

Pure: no I/O but the time zone database, no clock.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Literal

import msgspec

from api.contract_work import Cell, ReportOut, TableOut
from api.language import Language, Words
from api.sheets import Table, safe

ROWS_MAX = 50_000
"""Rows of the store behind one report; more are refused."""
SHOWN_MAX = 500
"""Rows of a table on the page; the CSV has all."""


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """Whole days by the site's clock, both included."""

    first: date
    last: date
    zone: tzinfo

    @property
    def since_us(self) -> int:
        """The first moment."""
        return midnight_us(self.first, self.zone)

    @property
    def until_us(self) -> int:
        """The moment after the last one."""
        return midnight_us(self.last + timedelta(days=1), self.zone)

    def days(self) -> list[date]:
        """All of them."""
        return [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """How things are called by people."""

    cameras: Mapping[str, str] = {}
    functions: Mapping[str, str] = {}
    lots: Mapping[str, str] = {}

    def camera(self, camera: str) -> str:
        """A camera's name, or its id."""
        return self.cameras.get(camera) or camera


def midnight_us(day: date, zone: tzinfo) -> int:
    """When a day begins."""
    return round(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()) * 1_000_000


def local(us: int, zone: tzinfo) -> datetime:
    """A moment by the site's clock."""
    return datetime.fromtimestamp(us / 1e6, UTC).astimezone(zone)


def day_name(day: date) -> str:
    """As 24.11."""
    return f"{day:%d.%m}"


def hours(minutes: float, language: Language) -> str:
    """Minutes as 6 h 12 min."""
    whole = round(minutes)
    h, m = Words("h", "ч").to(language), Words("min", "мин").to(language)
    return f"{whole // 60} {h} {whole % 60:02d} {m}" if whole >= 60 else f"{whole} {m}"


def percent(share: float | None) -> str:
    """As 93 %; a dash where there is none."""
    return "–" if share is None else f"{share * 100:.0f} %"


def graded(share: float | None, *, good: float, fair: float) -> Literal["", "good", "warn", "bad"]:
    """How a share is to be taken."""
    if share is None:
        return ""
    return "good" if share >= good else "warn" if share >= fair else "bad"


def tabled(title: Words, head: Words, rows: Iterable[tuple[Cell, ...]], language: Language) -> TableOut:
    """A table; the names of its columns are parted by `|`."""
    return TableOut(title=title.to(language), head=tuple(head.to(language).split("|")), rows=tuple(rows))


def shown(report: ReportOut) -> ReportOut:
    """With tables as long as a page holds."""
    tables = tuple(
        msgspec.structs.replace(one, rows=one.rows[:SHOWN_MAX], cut=max(0, len(one.rows) - SHOWN_MAX))
        for one in report.tables
    )
    return msgspec.structs.replace(report, tables=tables)


def as_csv(report: ReportOut, language: Language) -> bytes:
    """All tables, one below the other, each with its title; read as one sheet by spreadsheets."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";" if language == "ru" else ",", lineterminator="\r\n")
    for place, table in enumerate(report.tables):
        if place:
            writer.writerow([])
        writer.writerow([safe(table.title)])
        writer.writerow(table.head)
        writer.writerows([safe(cell) for cell in row] for row in table.rows)
    return out.getvalue().encode("utf-8-sig")


def as_table(table: TableOut) -> Table:
    """A table as a sheet."""
    return Table(title=table.title, head=table.head, rows=table.rows)

"""`/attendance`: planned shifts, timesheets, and who is inside."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal, cast, get_args

from litestar import Controller, Response, get, post
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.params import QueryParameter

from api import attendance, sheet_1c, sheets, timesheet
from api.contract import MusterOut, ShiftList, ShiftsDone, Timesheet, TimesheetRow
from api.errors import TooMuchAsked
from api.http.answers import AnyRequest, language_of, only_known
from api.http.services import Given, Services
from api.query import facts_query, one_of, token, whole
from api.timesheet import Fact
from postprocess.contract import Employee

FILTERS = frozenset({"from", "to", "person", "department", "grace_min", "format", "encoding", "overtime"})
Format = Literal["json", "csv", "xlsx", "1c"]


@dataclass
class _Table(Operation):
    def __post_init__(self) -> None:
        table = OpenAPIMediaType(schema=Schema(type=None, description="Columns person, date, since, until, break_min"))
        self.request_body = RequestBody(content={sheets.CSV: table, sheets.XLSX: table}, required=True)


class Attendance(Controller):
    """Working time."""

    path = "/attendance"
    tags = ["Attendance"]

    @post("/shifts", summary="Take in planned shifts", status_code=200, operation_class=_Table)
    async def add_shifts(self, request: AnyRequest, services: Given) -> ShiftsDone:
        """CSV or XLSX, whole or not at all; on a day that a person is named for, new shifts take the place of old ones.

        People are named by id, badge, or a name that one alone has.
        """
        rows = await asyncio.to_thread(sheets.cells_of, await request.body())
        found = sheets.shifts_of(rows, [person for person, _ in services.catalog.people()])
        months = sorted({shift.date[:7] for _, shift in found})
        plans = sheets.plans_of(found, await services.catalog.plans(months))
        await services.catalog.write_plans(plans)
        dates = sorted(shift.date for _, shift in found)
        return ShiftsDone(
            shifts=len(found), people=len({person for person, _ in found}), since=dates[0], until=dates[-1]
        )

    @get("/shifts", summary="Planned shifts")
    async def list_shifts(
        self,
        request: AnyRequest,
        services: Given,
        since: Annotated[str, QueryParameter(name="from", description="First day")],
        until: Annotated[str, QueryParameter(name="to", description="Last day")],
        person: Annotated[str, QueryParameter(description="Id of a person")] = "",
    ) -> ShiftList:
        """Of up to 93 days, by day and person."""
        only_known(request, FILTERS)
        first, last = attendance.days(since, until)
        plans = await services.catalog.plans(attendance.months(first, last), token("person", person) if person else "")
        return ShiftList(items=attendance.shift_views(plans, first, last))

    @get("/timesheet", summary="Planned against seen")
    async def sheet(
        self,
        *,
        request: AnyRequest,
        services: Given,
        since: Annotated[str, QueryParameter(name="from", description="First day")],
        until: Annotated[str, QueryParameter(name="to", description="Last day")],
        person: Annotated[str, QueryParameter(description="Id of a person")] = "",
        department: Annotated[str, QueryParameter(description="Department, whole")] = "",
        grace_min: Annotated[str, QueryParameter(description="Not late, not early by so many minutes, 0..240")] = "0",
        form: Annotated[str, QueryParameter(name="format", description="json, csv, xlsx or 1c")] = "json",
        encoding: Annotated[str, QueryParameter(description="Of 1c: utf-8 (with its mark) or windows-1251")] = "utf-8",
        overtime: Annotated[str, QueryParameter(description="In 1c: true puts С and РВ in as well")] = "false",
    ) -> Response[Timesheet | bytes]:
        """Late, left early, absent, overtime and the share seen in zones, of up to 93 days by the site's clock."""
        only_known(request, FILTERS)
        wanted = _format(form)
        code = cast("sheet_1c.Encoding", one_of("encoding", encoding, sheet_1c.ENCODINGS))
        with_overtime = one_of("overtime", overtime, ("true", "false")) == "true"
        first, last = attendance.days(since, until)
        rows = await sheet_rows(
            services,
            (first, last),
            person=token("person", person) if person else "",
            department=department,
            grace_min=whole("grace_min", grace_min, 0, 240),
        )
        if wanted == "1c":
            people = {each.id: each for each, _ in services.catalog.people()}
            table = sheet_1c.as_1c(rows, people, encoding=code, overtime=with_overtime)
            headers = {"Content-Disposition": 'attachment; filename="timesheet-1c.csv"'}
            return Response(table, media_type=sheets.CSV, encoding=code, headers=headers)
        return _answer(request, rows, str(services.zone), wanted)

    @get("/muster", summary="Who is inside now")
    async def muster(self, services: Given) -> MusterOut:
        """Whoever was last seen to enter within 24 hours, or is present in a zone; as far as faces could be read."""
        return await inside_now(services)


async def inside_now(services: Services) -> MusterOut:
    """Who is inside; raises `Unavailable`, `TooMuchAsked`."""
    now_us = services.now_us()
    facts = await _facts(services, now_us - timesheet.INSIDE_US_MAX, now_us + 60_000_000, person="")
    people = {each.id: each for each, _ in services.catalog.people()}
    return attendance.muster_view(timesheet.muster(facts, now_us), people, now_us)


async def sheet_rows(
    services: Services, days: tuple[date, date], *, person: str = "", department: str = "", grace_min: int = 0
) -> tuple[TimesheetRow, ...]:
    """The timesheet of some days, both included, by day and name; raises `Unavailable`, `TooMuchAsked`."""
    (first, last), zone = days, services.zone
    plans = await services.catalog.plans(attendance.months(first, last), person)
    shifts = attendance.shifts_by_person(plans, first, last)
    facts = await _facts(services, *attendance.span_us(first, last, zone), person=person)
    people = {each.id: each for each, _ in services.catalog.people()}
    by_person = timesheet.grouped(facts)
    rows: list[TimesheetRow] = []
    for name in sorted({*shifts, *by_person}):
        if not _asked(people.get(name), department):
            continue
        made = timesheet.rows_of(
            name, shifts.get(name, []), by_person.get(name, []), zone, now_us=services.now_us(), grace_min=grace_min
        )
        inside = (row for row in made if first.isoformat() <= row.date <= last.isoformat())
        rows += [attendance.row_view(row, people, zone) for row in inside]
    return tuple(sorted(rows, key=lambda row: (row.date, row.name.casefold(), row.person)))


def _asked(person: Employee | None, department: str) -> bool:
    return not department or (person is not None and person.department == department)


async def _facts(services: Services, since_us: int, until_us: int, *, person: str) -> list[Fact]:
    query = facts_query(since_us, until_us, person=person, limit=attendance.FACTS_MAX + 1)
    rows = await services.archive.rows(query)
    if len(rows) > attendance.FACTS_MAX:
        raise TooMuchAsked(rows_max=attendance.FACTS_MAX)
    return [attendance.fact_of(row) for row in rows]


def _format(text: str) -> Format:
    return cast("Format", one_of("format", text, get_args(Format)))


def _answer(
    request: AnyRequest, rows: tuple[TimesheetRow, ...], timezone: str, wanted: Format
) -> Response[Timesheet | bytes]:
    if wanted == "json":
        return Response(Timesheet(timezone=timezone, items=rows))
    language = language_of(request)
    table = attendance.table_of(rows, language)
    content = sheets.as_csv(table, language) if wanted == "csv" else sheets.as_xlsx(table)
    headers = {"Content-Disposition": f'attachment; filename="timesheet.{wanted}"'}
    return Response(content, media_type=sheets.CSV if wanted == "csv" else sheets.XLSX, headers=headers)

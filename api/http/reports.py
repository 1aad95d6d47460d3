"""`/reports`: what days came to, as figures, plots and tables, or as a file."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

from litestar import Controller, Response, get
from litestar.params import FromPath, QueryParameter

from api import attendance, sheets
from api.contract_work import ReportOut
from api.errors import NotThere, TooMuchAsked
from api.http.answers import AnyRequest, language_of, only_known
from api.http.attendance import inside_now, sheet_rows
from api.http.services import Given, Services
from api.language import Language
from api.parking import lot_settings
from api.query import Query, one_of, token
from api.reports import attendance as working
from api.reports import kit, parking, precision, quality, safety, traffic

NAMES = ("traffic", "parking", "safety", "precision", "quality")
FORMS = ("json", "csv", "xlsx")
FILTERS = frozenset({"from", "to", "camera", "shifts", "format"})


class Reports(Controller):
    """Reports."""

    path = "/reports"
    tags = ["Reports"]

    @get("/{name:str}", summary="A report: traffic, parking, safety, precision or quality")
    async def report(
        self,
        *,
        request: AnyRequest,
        services: Given,
        name: FromPath[str],
        since: Annotated[str, QueryParameter(name="from", description="First day, by the site's clock")],
        until: Annotated[str, QueryParameter(name="to", description="Last day, 93 days in all at most")],
        camera: Annotated[str, QueryParameter(description="Camera id; of parking: lot id")] = "",
        shifts: Annotated[str, QueryParameter(description="Of safety: when shifts begin, 08:00,20:00")] = "08:00,20:00",
        form: Annotated[str, QueryParameter(name="format", description="json, csv or xlsx (its first table)")] = "json",
    ) -> Response[ReportOut | bytes]:
        """Plots are SVG whose colours are classes. Texts are in the reader's language."""
        only_known(request, FILTERS)
        if name not in NAMES:
            raise NotThere(kind="report", name=name[:40])
        wanted = one_of("format", form, FORMS)
        asked = Asked(services, (since, until), token("camera", camera) if camera else "", language_of(request))
        made = asked.safety(safety.shifts(shifts)) if name == "safety" else getattr(asked, name)()
        return await _answer(await made, asked.language, wanted)

    @get("/attendance", summary="The report on working time")
    async def attendance(
        self,
        *,
        request: AnyRequest,
        services: Given,
        since: Annotated[str, QueryParameter(name="from", description="First day, by the site's clock")],
        until: Annotated[str, QueryParameter(name="to", description="Last day, 93 days in all at most")],
        form: Annotated[str, QueryParameter(name="format", description="json, csv or xlsx (its first table)")] = "json",
    ) -> Response[ReportOut | bytes]:
        """The timesheet against what was seen, and who is inside; it names people."""
        only_known(request, FILTERS)
        wanted = one_of("format", form, FORMS)
        asked = Asked(services, (since, until), "", language_of(request))
        return await _answer(await asked.attendance(), asked.language, wanted)


async def _answer(report: ReportOut, language: Language, wanted: str) -> Response[ReportOut | bytes]:
    if wanted == "json":
        return Response(kit.shown(report))
    headers = {"Content-Disposition": f'attachment; filename="{report.name}.{wanted}"'}
    if wanted == "csv":
        return Response(kit.as_csv(report, language), media_type=sheets.CSV, headers=headers)
    content = await asyncio.to_thread(sheets.as_xlsx, kit.as_table(report.tables[0]))
    return Response(content, media_type=sheets.XLSX, headers=headers)


class Asked:
    """One report that is asked for."""

    def __init__(self, services: Services, days: tuple[str, str], camera: str, language: Language) -> None:
        first, last = attendance.days(*days)
        self._services, self._camera, self.language = services, camera, language
        self._period = kit.Period(first=first, last=last, zone=services.zone)
        self._regions = [region for region, _ in services.catalog.regions()]
        self._names = kit.Names(
            cameras={each.id: each.name for each, _ in services.catalog.cameras()},
            functions={name: getattr(each.title, language) for name, each in services.functions.items()},
            lots={region.id: region.name for region in self._regions},
        )

    async def _rows(self, query: Query) -> list[Mapping[str, Any]]:
        rows = await self._services.archive.rows(query)
        if len(rows) > kit.ROWS_MAX:
            raise TooMuchAsked(rows_max=kit.ROWS_MAX)
        return rows

    async def traffic(self) -> ReportOut:
        """Passages."""
        rows = await self._rows(traffic.query(self._period, self._camera))
        return traffic.report(rows, self._period, self._names, self.language)

    async def precision(self) -> ReportOut:
        """Alarms that were right."""
        rows = await self._rows(precision.query(self._period, self._camera))
        return precision.report(rows, self._period, self._names, self.language)

    async def quality(self) -> ReportOut:
        """How well cameras do."""
        rows, findings = await asyncio.gather(
            self._rows(quality.query(self._period, self._camera)),
            self._rows(quality.findings_query(self._period, self._camera)),
        )
        return quality.report(rows, findings, self._period, self._names, self.language)

    async def safety(self, begins: tuple[str, ...]) -> ReportOut:
        """Violations and compliance."""
        rows = await self._rows(safety.query(self._period, self._camera))
        return safety.report(rows, self._period, self._names, self.language, begins=begins)

    async def parking(self) -> ReportOut:
        """Stays."""
        rows = await self._rows(parking.query(self._period, self._camera))
        lots = {region.id: lot_settings(region) for region in self._regions if self._camera in {"", region.id}}
        capacity = {lot: settings.capacity for lot, settings in lots.items() if settings is not None}
        now_us = self._services.now_us()
        return parking.report(rows, self._period, self._names, self.language, now_us=now_us, capacity=capacity)

    async def attendance(self) -> ReportOut:
        """Working time."""
        days = (self._period.first, self._period.last)
        rows, inside = await asyncio.gather(sheet_rows(self._services, days), inside_now(self._services))
        return working.report(rows, inside, self._period, self.language)

"""`/events/export`: what a filter lets through, to take away as CSV, XLSX, or ZIP with photos.

Bounded: what is more than an export holds is refused before its first byte. CSV and ZIP are sent while they are made, a
page of events and one photo in memory. An export that breaks off ends the connection: nobody takes it for whole.
"""

from __future__ import annotations

import asyncio
import zipfile
from collections.abc import AsyncIterator
from typing import Annotated, Any, cast

import msgspec
from litestar import Controller, Response, get
from litestar.di import Provide
from litestar.params import QueryParameter
from litestar.response import Stream

from api import export, sheets
from api.cursor import Cursor
from api.errors import TooMuchAsked
from api.http.answers import AnyRequest, language_of, only_known
from api.http.filters import NAMES, Filtered, event_filter
from api.http.found import views
from api.http.services import Given, Services
from api.language import Language
from api.query import EventFilter, count_query, event_of, events_query, one_of, photo_query, picture
from postprocess.contract import Event
from postprocess.shown import EventOut

_TYPES = {"csv": sheets.CSV, "xlsx": sheets.XLSX, "zip": "application/zip"}


class Exports(Controller):
    """Events to take away."""

    path = "/events/export"
    tags = ["Events"]
    dependencies = {"wanted": Provide(event_filter)}

    @get(summary="Events as a file", media_type="application/octet-stream")
    async def export_events(
        self,
        *,
        request: AnyRequest,
        services: Given,
        wanted: Filtered,
        form: Annotated[str, QueryParameter(name="format", description="csv, xlsx or zip (CSV and photos)")] = "csv",
    ) -> Response[Any]:
        """Filters as those of the list; `limit` is not heard.

        More than 100,000 rows of CSV, 20,000 of XLSX or 2,000 events with photos are refused: ask for a shorter time.
        """
        only_known(request, NAMES | {"format"})
        kind = one_of("format", form, tuple(_TYPES))
        (told,) = await services.archive.rows(count_query(wanted))
        if told["n"] > export.ROWS_MAX[kind]:
            raise TooMuchAsked(rows_max=export.ROWS_MAX[kind])
        cells = Cells(services, language_of(request))
        pages = _pages(services, msgspec.structs.replace(wanted, limit=export.PAGE), export.ROWS_MAX[kind])
        headers = {"Content-Disposition": f'attachment; filename="events.{kind}"', "Cache-Control": "no-store"}
        if kind == "xlsx":
            rows = [cells.row(shown) async for found in pages for _, shown in found]
            content = await asyncio.to_thread(sheets.as_xlsx, export.table(rows, cells.language))
            return Response(content, media_type=sheets.XLSX, headers=headers)
        sent = _csv(pages, cells) if kind == "csv" else _zip(services, pages, cells)
        return Stream(sent, media_type=_TYPES[kind], headers=headers)


Pair = tuple[Event, EventOut]
Pages = AsyncIterator[list[Pair]]


class Cells:
    """Rows in a language, with the names of cameras and kinds."""

    def __init__(self, services: Services, language: Language) -> None:
        self.language, self.zone = language, services.zone
        self._cameras = {camera.id: camera.name for camera, _ in services.catalog.cameras()}
        self._kinds = {
            kind.name: getattr(kind.title, language)
            for function in services.functions.values()
            for kind in function.kinds
        }

    def row(self, shown: EventOut) -> tuple[Any, ...]:
        """One event."""
        return export.row(shown, zone=self.zone, cameras=self._cameras, kinds=self._kinds)


async def _pages(services: Services, wanted: EventFilter, rows_max: int) -> Pages:
    """Page after page; what is stored meanwhile is newer than the first page and not among them."""
    given = 0
    while given < rows_max:
        found = [event_of(row) for row in await services.archive.rows(events_query(wanted))]
        page = found[: min(wanted.limit, rows_max - given)]
        if page:
            yield list(zip(page, await views(services, page), strict=True))
        given += len(page)
        if len(found) <= wanted.limit:
            return
        wanted = msgspec.structs.replace(wanted, after=Cursor(page[-1].opened_at_us, page[-1].event_id))


async def _csv(pages: Pages, cells: Cells) -> AsyncIterator[bytes]:
    first = True
    async for page in pages:
        yield export.csv_piece([cells.row(shown) for _, shown in page], cells.language, first=first)
        first = False
    if first:
        yield export.csv_piece([], cells.language, first=True)


class Pipe:
    """What zipfile writes into: taken away after every entry."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        """Keep until it is taken."""
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing waits here."""

    def take(self) -> bytes:
        """What was written since the last time."""
        taken = b"".join(self._parts)
        self._parts.clear()
        return taken


async def _zip(services: Services, pages: Pages, cells: Cells) -> AsyncIterator[bytes]:
    pipe = Pipe()
    lines: list[bytes] = []
    with zipfile.ZipFile(cast("Any", pipe), "w", zipfile.ZIP_STORED) as archive:
        async for page in pages:
            rows = [cells.row(shown) for _, shown in page]
            lines.append(export.csv_piece(rows, cells.language, first=not lines))
            for event, shown in page:
                for number, photo in enumerate(event.photos):
                    found = await services.archive.rows(photo_query(event.camera, photo))
                    if found:
                        archive.writestr(export.photo_name(shown, number, cells.zone), picture(found[0]))
                        yield pipe.take()
        whole = b"".join(lines) or export.csv_piece([], cells.language, first=True)
        archive.writestr("events.csv", whole, zipfile.ZIP_DEFLATED)
    yield pipe.take()

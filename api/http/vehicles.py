"""`/vehicles`: the lists of plates, one by one and as spreadsheets."""

from __future__ import annotations

import asyncio
from typing import Annotated

from litestar import Controller, Response, delete, get, post, put
from litestar.params import FromPath, HeaderParameter, QueryParameter

from api.contract import Imported, VehicleIn, VehicleList, VehicleOut
from api.cursor import read_place, write_cursor
from api.errors import ConditionMissing, FieldFault, InvalidBody, Stale
from api.etag import etag, matches
from api.http.answers import AnyRequest, language_of, only_known
from api.http.bodies import body, takes
from api.http.services import Given, Services
from api.language import Words
from api.query import plate_text, time_us, token, whole, yes
from api.vehicles import VehicleFilter, found, place, read_vehicle, vehicle_view
from api.vehicles_csv import read_csv, write_csv
from postprocess.contract import VehicleEntry

FILTERS = frozenset({"plate", "list", "text", "valid_at", "after", "limit"})
LIMIT_MAX = 1000
CSV = "text/csv; charset=utf-8"
AT_ONCE = 32
"""Writes under way at the broker while a file is imported."""


def _wanted(*, plate: str, list_: str, text: str, valid_at: str) -> VehicleFilter:
    return VehicleFilter(
        plate=plate_text(plate) if plate else "",
        list=token("list", list_) if list_ else "",
        text=text[:200],
        valid_at_us=time_us("valid_at", valid_at) if valid_at else None,
    )


def _with_etag(shown: VehicleOut, *, status: int = 200) -> Response[VehicleOut]:
    headers = {"ETag": shown.etag} | ({"Location": f"/api/v1/vehicles/{shown.id}"} if status == 201 else {})
    return Response(shown, status_code=status, headers=headers)


class Vehicles(Controller):
    """Lists of vehicles."""

    path = "/vehicles"
    tags = ["Vehicles"]

    @get(summary="Entries of the lists, by plate")
    async def list_vehicles(
        self,
        *,
        request: AnyRequest,
        services: Given,
        plate: Annotated[str, QueryParameter(description="Any part of a plate; look-alike letters are one")] = "",
        on: Annotated[str, QueryParameter(name="list", description="allow, deny or guest")] = "",
        text: Annotated[str, QueryParameter(description="Any part of owner or note")] = "",
        valid_at: Annotated[str, QueryParameter(description="Valid at a time, RFC 3339")] = "",
        after: Annotated[str, QueryParameter(description="next_after of the page before")] = "",
        limit: Annotated[str, QueryParameter(description=f"1..{LIMIT_MAX}")] = "100",
    ) -> VehicleList:
        """Pages go on behind the plate that was shown last, whatever is added meanwhile."""
        only_known(request, FILTERS)
        count, behind = whole("limit", limit, 1, LIMIT_MAX), read_place(after) if after else None
        every = found(services.catalog.vehicles(), _wanted(plate=plate, list_=on, text=text, valid_at=valid_at))
        rest = [pair for pair in every if behind is None or place(pair[0]) > behind]
        page = rest[:count]
        following = write_cursor(place(page[-1][0])) if len(rest) > count else None
        return VehicleList(items=tuple(vehicle_view(*pair) for pair in page), total=len(every), next_after=following)

    @post(summary="Put a plate on a list", operation_class=takes(VehicleIn))
    async def add_vehicle(self, request: AnyRequest, services: Given) -> Response[VehicleOut]:
        """Cameras know it at once. A plate stands once on each list, unless entries get ids of their own."""
        entry = read_vehicle(await body(request, VehicleIn))
        revision = await services.catalog.write_vehicle(entry, expect=0)
        return _with_etag(vehicle_view(entry, revision), status=201)

    @get("/export.csv", summary="All entries as CSV", media_type=CSV)
    async def export_csv(
        self,
        *,
        request: AnyRequest,
        services: Given,
        on: Annotated[str, QueryParameter(name="list", description="allow, deny or guest")] = "",
    ) -> Response[bytes]:
        """In the reader's language, as spreadsheets of that language open it; `import` takes it back."""
        only_known(request, frozenset({"list"}))
        every = found(services.catalog.vehicles(), _wanted(plate="", list_=on, text="", valid_at=""))
        content = write_csv((entry for entry, _ in every), language_of(request), services.zone)
        headers = {"Content-Disposition": 'attachment; filename="vehicles.csv"', "Cache-Control": "no-store"}
        return Response(content, media_type=CSV, headers=headers)

    @post("/import", summary="Entries from CSV", status_code=200)
    async def import_csv(
        self,
        *,
        request: AnyRequest,
        services: Given,
        dry_run: Annotated[str, QueryParameter(description="true: say only what would be done")] = "false",
    ) -> Imported:
        """The whole file or, where a line is wrong, nothing of it. Doing it again changes nothing.

        What is not in the file stays as it is. Columns: plate, list; valid_from, valid_until, directions, schedule,
        owner, note, id; or the same in Russian.
        """
        only_known(request, frozenset({"dry_run"}))
        entries = await asyncio.to_thread(read_csv, await request.body(), services.zone)
        known = {entry.id: (entry, revision) for entry, revision in services.catalog.vehicles()}
        added = [entry for entry in entries if entry.id not in known]
        changed = [entry for entry in entries if entry.id in known and known[entry.id][0] != entry]
        trial = yes("dry_run", dry_run)
        if not trial:
            await _write(services, [*((entry, 0) for entry in added), *((one, known[one.id][1]) for one in changed)])
        unchanged = len(entries) - len(added) - len(changed)
        return Imported(added=len(added), changed=len(changed), unchanged=unchanged, dry_run=trial)

    @get("/{entry_id:str}", summary="One entry")
    async def get_vehicle(self, services: Given, entry_id: FromPath[str]) -> Response[VehicleOut]:
        """Comes with its ETag."""
        return _with_etag(vehicle_view(*await services.catalog.vehicle(token("id", entry_id))))

    @put("/{entry_id:str}", summary="Set or change an entry", operation_class=takes(VehicleIn))
    async def put_vehicle(
        self,
        request: AnyRequest,
        services: Given,
        entry_id: FromPath[str],
        if_match: Annotated[str, HeaderParameter(name="If-Match", description="Needed once the entry exists")] = "",
    ) -> Response[VehicleOut]:
        """The whole entry; a new one needs no If-Match, an existing one is changed over the version that was read."""
        wanted = await body(request, VehicleIn)
        if wanted.id not in {None, entry_id}:
            raise InvalidBody(FieldFault("id", Words("is not that of the address", "не совпадает с адресом")))
        entry = read_vehicle(wanted, id_=token("id", entry_id))
        if not if_match.strip():
            if any(one.id == entry_id for one, _ in services.catalog.vehicles()):
                raise ConditionMissing
            return _with_etag(vehicle_view(entry, await services.catalog.write_vehicle(entry, expect=0)), status=201)
        _, current = await services.catalog.vehicle(entry_id)
        if not matches(if_match, current):
            raise Stale(kind="vehicle", name=entry_id, etag=etag(current))
        return _with_etag(vehicle_view(entry, await services.catalog.write_vehicle(entry, expect=current)))

    @delete("/{entry_id:str}", summary="Take an entry off its list")
    async def remove_vehicle(
        self,
        services: Given,
        entry_id: FromPath[str],
        if_match: Annotated[str, HeaderParameter(name="If-Match", description="The ETag that was read")] = "",
    ) -> None:
        """Events that name the list stay."""
        matches(if_match, 0)
        _, revision = await services.catalog.vehicle(token("id", entry_id))
        if not matches(if_match, revision):
            raise Stale(kind="vehicle", name=entry_id, etag=etag(revision))
        await services.catalog.delete_vehicle(entry_id, expect=revision)


async def _write(services: Services, wanted: list[tuple[VehicleEntry, int]]) -> None:
    """A few at a time; what was written before a fault stays, and is unchanged when the file comes again."""
    for start in range(0, len(wanted), AT_ONCE):
        writing = [services.catalog.write_vehicle(entry, expect=at) for entry, at in wanted[start : start + AT_ONCE]]
        for done in await asyncio.gather(*writing, return_exceptions=True):
            if isinstance(done, BaseException):
                raise done

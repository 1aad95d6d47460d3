"""`/parking`: lots with their free places, and who stood in them for how long."""

from __future__ import annotations

from typing import Annotated, cast, get_args

from litestar import Controller, Response, delete, get, put
from litestar.params import FromPath, HeaderParameter, QueryParameter

from api.contract import LotIn, LotList, LotOut, StayList, StayState
from api.cursor import Cursor, read_cursor, write_cursor
from api.errors import ConditionMissing, FieldFault, InvalidBody, NotThere, Stale
from api.etag import etag, matches
from api.http.answers import AnyRequest, only_known
from api.http.bodies import body, takes
from api.http.services import Given, Services
from api.language import Words
from api.parking import lot_settings, lot_view, occupied, occupied_query, stay_view, stays_query, with_lot
from api.query import LIMIT_MAX, EventFilter, event_of, one_of, plate_text, time_us, token, whole
from postprocess.contract import Parking, Region, lot_token

FILTERS = frozenset({"lot", "plate", "state", "since", "until", "cursor", "limit"})
LOT_CHARS_MAX = 60
"""An event of a lot stands at `lot-<id>`, which has to be a token."""


async def _shown(services: Services, region: Region, settings: Parking, revision: int) -> LotOut:
    rows = await services.archive.rows(occupied_query(region.id, settings, services.now_us()))
    return lot_view(region, settings, revision, occupied(rows[0]))


async def _lot(services: Services, lot_id: str) -> tuple[Region, Parking, int]:
    """A region that is a lot; raises `NotThere`, `Unavailable`."""
    found = await services.catalog.region(token("lot", lot_id))
    settings = lot_settings(found[0]) if found is not None else None
    if found is None or settings is None:
        raise NotThere(kind="lot", name=lot_id)
    return found[0], settings, found[1]


class Parkings(Controller):
    """Parking lots."""

    path = "/parking"
    tags = ["Parking"]

    @get("/lots", summary="All lots with their free places")
    async def list_lots(self, services: Given) -> LotList:
        """Ordered by name."""
        found = [(region, lot_settings(region), revision) for region, revision in services.catalog.regions()]
        lots = [
            await _shown(services, region, settings, revision)
            for region, settings, revision in found
            if settings is not None and services.catalog.sees(region.id)
        ]
        return LotList(items=tuple(sorted(lots, key=lambda lot: (lot.name.casefold(), lot.id))))

    @get("/lots/{lot_id:str}", summary="One lot")
    async def get_lot(self, services: Given, lot_id: FromPath[str]) -> Response[LotOut]:
        """Comes with its ETag."""
        shown = await _shown(services, *await _lot(services, lot_id))
        return Response(shown, headers={"ETag": shown.etag})

    @put("/lots/{lot_id:str}", summary="Make a region a lot, or change it", operation_class=takes(LotIn))
    async def put_lot(
        self,
        request: AnyRequest,
        services: Given,
        lot_id: FromPath[str],
        if_match: Annotated[str, HeaderParameter(name="If-Match", description="Needed once the lot exists")] = "",
    ) -> Response[LotOut]:
        """Cameras whose region it is, or lies below it, count for it. A region that is not there yet is made."""
        wanted = await body(request, LotIn)
        if len(token("lot", lot_id)) > LOT_CHARS_MAX:
            words = Words(f"at most {LOT_CHARS_MAX} characters", f"не более {LOT_CHARS_MAX} символов")
            raise InvalidBody(FieldFault("id", words))
        found = await services.catalog.region(lot_id)
        region, revision = found if found is not None else (Region(id=lot_id, name=lot_id), 0)
        known = lot_settings(region) is not None
        if known and not if_match.strip():
            raise ConditionMissing
        if if_match.strip() and not matches(if_match, revision):
            raise Stale(kind="lot", name=lot_id, etag=etag(revision))
        changed = with_lot(region, wanted)
        revision = await services.catalog.write_region(changed, expect=revision)
        shown = await _shown(services, changed, lot_settings(changed) or Parking(), revision)
        return Response(shown, status_code=200 if known else 201, headers={"ETag": shown.etag})

    @delete("/lots/{lot_id:str}", summary="A region is no lot any more")
    async def remove_lot(
        self,
        services: Given,
        lot_id: FromPath[str],
        if_match: Annotated[str, HeaderParameter(name="If-Match", description="The ETag that was read")] = "",
    ) -> None:
        """The region and its events stay."""
        matches(if_match, 0)
        region, _, revision = await _lot(services, lot_id)
        if not matches(if_match, revision):
            raise Stale(kind="lot", name=lot_id, etag=etag(revision))
        await services.catalog.write_region(with_lot(region, None), expect=revision)

    @get("/sessions", summary="Stays, newest first")
    async def list_stays(
        self,
        *,
        request: AnyRequest,
        services: Given,
        lot: Annotated[str, QueryParameter(description="Lot id")] = "",
        plate: Annotated[str, QueryParameter(description="Any part of a plate; look-alike letters are one")] = "",
        standing: Annotated[str, QueryParameter(name="state", description="open, closed, no_exit or no_entry")] = "",
        since: Annotated[str, QueryParameter(description="Begun at or after, RFC 3339")] = "",
        until: Annotated[str, QueryParameter(description="Begun before, RFC 3339")] = "",
        cursor: Annotated[str, QueryParameter(description="next_cursor of the page before")] = "",
        limit: Annotated[str, QueryParameter(description=f"1..{LIMIT_MAX}")] = "50",
    ) -> StayList:
        """`no_exit`: nobody saw it leave. `no_entry`: nobody saw it come."""
        only_known(request, FILTERS)
        wanted = EventFilter(
            camera=lot_token(token("lot", lot)) if lot else "",
            plate=plate_text(plate) if plate else "",
            since_us=time_us("since", since) if since else None,
            until_us=time_us("until", until) if until else None,
            after=read_cursor(cursor) if cursor else None,
            limit=whole("limit", limit, 1, LIMIT_MAX),
        )
        rows = await services.archive.rows(stays_query(wanted, _state(standing)))
        found = [event_of(row) for row in rows]
        page, more = found[: wanted.limit], len(found) > wanted.limit
        following = write_cursor(Cursor(page[-1].opened_at_us, page[-1].event_id)) if more else None
        return StayList(items=tuple(stay_view(event) for event in page), next_cursor=following)


def _state(text: str) -> StayState | None:
    return cast("StayState", one_of("state", text, get_args(StayState))) if text else None

"""`/doors`: doors and barriers, what was decided at them, opening by hand; `/guest-passes`."""

from __future__ import annotations

from typing import Annotated

from litestar import Controller, Response, delete, get, post, put
from litestar.params import FromPath, HeaderParameter

from api.contract import VehicleOut
from api.doors import (
    DecisionOut,
    DoorIn,
    DoorList,
    DoorOut,
    GuestIn,
    OpenIn,
    decision_view,
    door_view,
    read_door,
    read_guest,
)
from api.errors import ConditionMissing, FieldFault, InvalidBody, NotThere, Stale
from api.etag import etag, matches
from api.http.answers import AnyRequest, only_known
from api.http.bodies import body, takes
from api.http.services import Given, Services
from api.language import Words
from api.query import token
from api.vehicles import vehicle_view
from api.views import moment
from postprocess.contract import VehicleEntry
from postprocess.functions.doors import DOOR_CHARS_MAX, Door


def _shown(services: Services, door: Door, revision: int) -> DoorOut:
    heard = services.doors.listeners
    return door_view(door, revision, services.doors.recent(door.id), heard[door.id] + heard[""])


def _with_etag(shown: DoorOut, *, status: int = 200) -> Response[DoorOut]:
    return Response(shown, status_code=status, headers={"ETag": shown.etag})


class Doors(Controller):
    """Doors and barriers."""

    path = "/doors"
    tags = ["Doors"]

    @get(summary="Doors, and what happened at them last")
    async def list_doors(self, *, request: AnyRequest, services: Given) -> DoorList:
        """By id; older decisions are events of kind access_granted, access_denied and access_passage."""
        only_known(request, frozenset())
        shown = tuple(_shown(services, *pair) for pair in services.catalog.doors())
        return DoorList(items=shown, now=moment(services.now_us()))

    @get("/{door_id:str}", summary="One door")
    async def get_door(self, services: Given, door_id: FromPath[str]) -> Response[DoorOut]:
        """Comes with its ETag."""
        return _with_etag(_shown(services, *await services.catalog.door(token("id", door_id))))

    @put("/{door_id:str}", summary="Set or change a door", operation_class=takes(DoorIn))
    async def put_door(
        self,
        request: AnyRequest,
        services: Given,
        door_id: FromPath[str],
        if_match: Annotated[str, HeaderParameter(name="If-Match", description="Needed once the door exists")] = "",
    ) -> Response[DoorOut]:
        """The whole door; events of its cameras are candidates at once. What is left out has its default."""
        wanted = await body(request, DoorIn)
        if len(token("id", door_id)) > DOOR_CHARS_MAX:
            words = Words(f"at most {DOOR_CHARS_MAX} characters", f"не более {DOOR_CHARS_MAX} символов")
            raise InvalidBody(FieldFault("id", words))
        door = read_door(wanted, door_id)
        known = {one.id: revision for one, revision in services.catalog.doors()}.get(door_id, 0)
        if known and not if_match.strip():
            raise ConditionMissing
        if if_match.strip():
            _, known = await services.catalog.door(door_id)
            if not matches(if_match, known):
                raise Stale(kind="door", name=door_id, etag=etag(known))
        revision = await services.catalog.write_door(door, expect=known)
        return _with_etag(_shown(services, door, revision), status=200 if known else 201)

    @delete("/{door_id:str}", summary="Remove a door")
    async def remove_door(
        self,
        services: Given,
        door_id: FromPath[str],
        if_match: Annotated[str, HeaderParameter(name="If-Match", description="The ETag that was read")] = "",
    ) -> None:
        """Nothing opens it any more; its events stay."""
        matches(if_match, 0)
        _, revision = await services.catalog.door(token("id", door_id))
        if not matches(if_match, revision):
            raise Stale(kind="door", name=door_id, etag=etag(revision))
        await services.catalog.delete_door(door_id, expect=revision)

    @post("/{door_id:str}/open", summary="Open a door by hand", operation_class=takes(OpenIn), status_code=200)
    async def open_door(self, request: AnyRequest, services: Given, door_id: FromPath[str]) -> DecisionOut:
        """A command of three seconds to the controllers that listen, and an event with the caller's name and reason."""
        wanted = await body(request, OpenIn)
        reason = wanted.reason.strip()
        if len(reason) < 3:
            words = Words(
                "three characters at least: it is kept with the event", "не менее трёх символов: причина сохраняется"
            )
            raise InvalidBody(FieldFault("reason", words))
        author = str(request.scope["user"].name)
        subject = f"hand-{author}-{wanted.request_id or services.new_id('open')}"
        event = await services.doors.open(token("id", door_id), subject=subject, author=author, reason=reason)
        return decision_view(event)


class GuestPasses(Controller):
    """Guests."""

    path = "/guest-passes"
    tags = ["Doors"]

    @post(summary="Let a guest's plate in for a time", operation_class=takes(GuestIn))
    async def add_guest(self, request: AnyRequest, services: Given) -> Response[VehicleOut]:
        """An entry of the guest list that ends by itself; the same plate again gets the newer time."""
        entry = read_guest(await body(request, GuestIn), services.now_us())
        return Response(vehicle_view(entry, await write_over(services, entry)), status_code=201)


async def write_over(services: Services, entry: VehicleEntry) -> int:
    """Write an entry of the lists over whatever its id holds; returns the new revision."""
    try:
        known = (await services.catalog.vehicle(entry.id))[1]
    except NotThere:
        known = 0
    return await services.catalog.write_vehicle(entry, expect=known)

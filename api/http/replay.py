"""`/cameras/{id}/functions/{name}/replay`: edited settings over what the camera saw, before they are saved."""

from __future__ import annotations

import asyncio

import msgspec
from litestar import Controller, post
from litestar.params import FromPath

from api.contract import FunctionIn, ReplayIn, ReplayOut
from api.errors import FieldFault, InvalidBody, NotThere
from api.functions import read_function
from api.http.answers import AnyRequest
from api.http.bodies import body, takes
from api.http.services import Given, Services
from api.language import Words
from api.query import EventFilter, Query, event_of, events_query, time_us
from api.views import event_view
from ingest.contract import Camera
from postprocess.contract import CameraFunction, Event, VehicleEntry
from postprocess.functions.registry import inherited, read_settings
from postprocess.functions.replay import WARM_UP_US, Replay, compare
from postprocess.functions.unit import AnyFunction, Context, Defaults, Site
from postprocess.looks import SLICE_US, looks_sql, merged, read_of, reads_sql, report_of
from postprocess.plates import canonical

HOURS_MAX = 24
EVENTS_MAX = 5000
_LOOKS, _READS = looks_sql("looks"), reads_sql("reads")


class Replays(Controller):
    """What if."""

    path = "/cameras/{camera_id:str}/functions/{name:str}/replay"
    tags = ["Functions"]

    @post(
        summary="What settings would have said of a span of the past", operation_class=takes(ReplayIn), status_code=200
    )
    async def replay(
        self, request: AnyRequest, services: Given, camera_id: FromPath[str], name: FromPath[str]
    ) -> ReplayOut:
        """Nothing is saved and nothing is published. The span is 24 h at most, and as far back as looks are kept."""
        wanted = await body(request, ReplayIn)
        camera, _ = await services.catalog.camera(camera_id)
        function = services.functions.get(name)
        if function is None:
            raise NotThere(kind="module", name=name)
        switched = await _switched(services, camera_id, name, wanted)
        since_us, until_us = _span(wanted)
        replay = Replay(function, _policy(services, function, camera, switched), camera_id)
        for begin_us in range(since_us - WARM_UP_US, until_us, SLICE_US):
            await _slice(services, replay, camera_id, begin_us, min(until_us, begin_us + SLICE_US))
        would = await asyncio.to_thread(replay.finish, since_us, until_us)
        was = await _said(services, camera_id, name, since_us, until_us)
        difference = compare(was, would)
        return ReplayOut(
            looks=replay.messages,
            was=tuple(event_view(event) for event in was),
            would=tuple(event_view(event) for event in would),
            same=tuple((one.event_id, two.event_id) for one, two in difference.same),
            gone=tuple(event.event_id for event in difference.gone),
            new=tuple(event.event_id for event in difference.new),
        )


async def _switched(services: Services, camera_id: str, name: str, wanted: ReplayIn) -> CameraFunction:
    if wanted.settings is not None:
        return read_function(services.functions, camera_id, name, FunctionIn(settings=wanted.settings))
    function, revision = await services.catalog.function(camera_id, name)
    return msgspec.structs.replace(function, revision=revision)


def _span(wanted: ReplayIn) -> tuple[int, int]:
    since_us, until_us = time_us("since", wanted.since), time_us("until", wanted.until)
    if not 0 < until_us - since_us <= HOURS_MAX * 3_600_000_000:
        words = Words(
            f"has to lie after since, by {HOURS_MAX} h at most",
            f"должно быть позже since, не более чем на {HOURS_MAX} ч",
        )
        raise InvalidBody(FieldFault("until", words))
    return since_us, until_us


def _policy(services: Services, function: AnyFunction, camera: Camera, switched: CameraFunction) -> object:
    plates: dict[str, tuple[VehicleEntry, ...]] = {}
    for entry, _ in services.catalog.vehicles():
        plates[canonical(entry.plate)] = (*plates.get(canonical(entry.plate), ()), entry)
    defaults = Defaults(confidence_ratio=services.look.confidence_ratio, class_list=services.look.class_list)
    context = Context(
        camera=camera,
        revision=switched.revision,
        site=Site(timezone=services.decide.timezone, vehicles=plates),
        decide=services.decide,
        defaults=defaults,
    )
    regions = {region.id: region for region, _ in services.catalog.regions()}
    above = inherited(function, regions, camera.region)
    return function.policy(read_settings(function, above, switched.settings), context)


async def _slice(services: Services, replay: Replay, camera: str, since_us: int, until_us: int) -> None:
    bound = {"camera": camera, "since": since_us, "until": until_us}
    looks = await services.archive.rows(Query(sql=_LOOKS, parameters=bound))
    reads = await services.archive.rows(Query(sql=_READS, parameters=bound))

    def go() -> None:
        replay.take(merged([report_of(row) for row in looks], [read_of(row) for row in reads]))

    await asyncio.to_thread(go)


async def _said(services: Services, camera: str, function: str, since_us: int, until_us: int) -> tuple[Event, ...]:
    wanted = EventFilter(camera=camera, since_us=since_us, until_us=until_us, limit=EVENTS_MAX)
    found = [event_of(row) for row in await services.archive.rows(events_query(wanted))]
    return tuple(event for event in reversed(found) if event.function == function)

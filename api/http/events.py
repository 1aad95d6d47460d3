"""`/events`: what happened, page by page, one by one, and as it happens."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Annotated

from litestar import Controller, Response, get
from litestar.di import Provide
from litestar.params import FromPath, HeaderParameter, QueryParameter
from litestar.response import Stream

from api.contract import EventList
from api.contract_work import TraceOut
from api.cursor import Mark
from api.errors import BadParameter, NotThere
from api.http.answers import AnyRequest, only_known
from api.http.filters import NAMES, Filtered, event_filter
from api.http.found import event_by, page, views
from api.http.services import Given
from api.language import Words
from api.live import Item, Start, Wanted
from api.query import events_query, photo_query, picture, thumbnail_query, token
from api.sse import resume_after, retry, written
from api.trace import path_query, reads_query, shot_query, shots_query, trace_view
from postprocess.looks import read_of
from postprocess.shown import EventOut

STREAM_FILTERS = frozenset({"camera", "kind", "after"})
DAY = 86_400
RETRY_MS = 2000
PHOTO_HEADERS = {"Cache-Control": f"private, max-age={DAY}, immutable"}


class Events(Controller):
    """Events."""

    path = "/events"
    tags = ["Events"]
    dependencies = {"wanted": Provide(event_filter)}

    @get(summary="Events, newest first")
    async def list_events(self, *, request: AnyRequest, services: Given, wanted: Filtered) -> EventList:
        """Pages hold still while new events come in: a cursor names the last event shown."""
        only_known(request, NAMES)
        return await page(services, events_query(wanted), wanted.limit)

    @get("/stream", summary="Events as they happen (server-sent events)", media_type="text/event-stream")
    async def stream(
        self,
        *,
        request: AnyRequest,
        services: Given,
        camera: Annotated[str, QueryParameter(description="Camera id")] = "",
        kind: Annotated[str, QueryParameter(description="Kind")] = "",
        after: Annotated[str, QueryParameter(description="Resume behind this sequence, as Last-Event-ID does")] = "",
        last_event_id: Annotated[str, HeaderParameter(name="Last-Event-ID")] = "",
    ) -> Stream:
        """Each message is an event with its thumbnail inside; `id` is its sequence.

        Named messages: `hello` (resume point), `gap` (a span that is no longer kept), `cut` (this client was too slow).
        A comment every 10 s says that the line stands.
        """
        only_known(request, STREAM_FILTERS)
        wanted = Wanted(
            cameras=(token("camera", camera),) if camera else (), kinds=(token("kind", kind),) if kind else ()
        )
        seen = _after(last_event_id, after)
        items = await services.feed.open(wanted, Start(after=None if seen is None else Mark(0, seen)))
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return Stream(_sent(items), media_type="text/event-stream", headers=headers)

    @get("/{event_id:str}", summary="One event")
    async def get_event(self, services: Given, event_id: FromPath[str]) -> EventOut:
        """Its newest version, with the evidence behind it."""
        (shown,) = await views(services, [await event_by(services, event_id)])
        return shown

    @get("/{event_id:str}/photos/{photo:str}", summary="A photo of an event", media_type="image/jpeg")
    async def photo(self, services: Given, event_id: FromPath[str], photo: FromPath[str]) -> Response[bytes]:
        """`0.jpg`, `1.jpg`, … as the event lists them; the small picture comes while the store has no photo."""
        event = await event_by(services, event_id)
        number, dot, kind = photo.partition(".")
        if not (number.isascii() and number.isdecimal() and (dot, kind) == (".", "jpg")):
            raise NotThere(kind="photo", name=photo)
        if int(number[:4]) >= len(event.photos):
            raise NotThere(kind="photo", name=photo)
        wanted = event.photos[int(number[:4])]
        for row in await services.archive.rows(photo_query(event.camera, wanted)):
            return Response(picture(row), media_type="image/jpeg", headers=PHOTO_HEADERS)
        for row in await services.archive.rows(thumbnail_query(event_id)):
            if small := picture(row):
                return Response(small, media_type="image/jpeg", headers={"Cache-Control": "no-store"})
        raise NotThere(kind="photo", name=photo)

    @get("/{event_id:str}/trace", summary="The way of its object, its crops, and every read of them")
    async def trace(self, services: Given, event_id: FromPath[str]) -> TraceOut:
        """As long as looks, photos and reads are kept; for an event without a track what its photos say."""
        event = await event_by(services, event_id)
        path, shots, reads = await asyncio.gather(
            *(services.archive.rows(query(event)) for query in (path_query, shots_query, reads_query))
        )
        return trace_view(event, path, shots, [read_of(row) for row in reads])

    @get("/{event_id:str}/shots/{shot:str}", summary="One of its crops", media_type="image/jpeg")
    async def shot(self, services: Given, event_id: FromPath[str], shot: FromPath[str]) -> Response[bytes]:
        """As `trace` names them."""
        event = await event_by(services, event_id)
        for row in await services.archive.rows(shot_query(event, shot[:200].removesuffix(".jpg"))):
            return Response(picture(row), media_type="image/jpeg", headers=PHOTO_HEADERS)
        raise NotThere(kind="photo", name=shot[:200])


async def _sent(items: AsyncGenerator[Item]) -> AsyncIterator[bytes]:
    async with contextlib.aclosing(items):
        yield retry(RETRY_MS)
        async for item in items:
            if message := written(item):
                yield message


def _after(last_event_id: str, after: str) -> int | None:
    if (seen := resume_after(last_event_id)) is not None:
        return seen
    if after and (seen := resume_after(after)) is None:
        words = Words("allowed is the id of a message of this stream", "допустим id сообщения этого потока")
        raise BadParameter(name="after", value=after, allowed=words)
    return seen

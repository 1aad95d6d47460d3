"""`/events`: what happened, page by page, one by one, and as it happens."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Annotated

from litestar import Controller, Response, get
from litestar.params import FromPath, HeaderParameter, QueryParameter
from litestar.response import Stream

from api.contract import EventList, EventOut
from api.cursor import Mark, read_cursor
from api.errors import BadParameter, NotThere
from api.http.answers import AnyRequest, only_known
from api.http.found import event_by, page, views
from api.http.services import Given
from api.language import Words
from api.live import Item, Start, Wanted
from api.query import (
    LIMIT_MAX,
    EventFilter,
    events_query,
    photo_query,
    picture,
    plate_text,
    thumbnail_query,
    time_us,
    token,
    whole,
)
from api.sse import resume_after, retry, written

FILTERS = frozenset({"camera", "kind", "plate", "person", "severity", "listed", "since", "until", "cursor", "limit"})
STREAM_FILTERS = frozenset({"camera", "kind", "after"})
DAY = 86_400
RETRY_MS = 2000
PHOTO_HEADERS = {"Cache-Control": f"private, max-age={DAY}, immutable"}


class Events(Controller):
    """Events."""

    path = "/events"
    tags = ["Events"]

    @get(summary="Events, newest first")
    async def list_events(
        self,
        *,
        request: AnyRequest,
        services: Given,
        camera: Annotated[str, QueryParameter(description="Camera id")] = "",
        kind: Annotated[str, QueryParameter(description="Kind, as vehicle_entry")] = "",
        plate: Annotated[str, QueryParameter(description="Any part of a plate; look-alike letters are one")] = "",
        person: Annotated[str, QueryParameter(description="Id of a person")] = "",
        severity: Annotated[str, QueryParameter(description="info, warning or alarm")] = "",
        listed: Annotated[str, QueryParameter(description="List of the plate or person: allow, deny, guest, …")] = "",
        since: Annotated[str, QueryParameter(description="Opened at or after, RFC 3339")] = "",
        until: Annotated[str, QueryParameter(description="Opened before, RFC 3339")] = "",
        cursor: Annotated[str, QueryParameter(description="next_cursor of the page before")] = "",
        limit: Annotated[str, QueryParameter(description=f"1..{LIMIT_MAX}")] = "50",
    ) -> EventList:
        """Pages hold still while new events come in: a cursor names the last event shown."""
        only_known(request, FILTERS)
        wanted = EventFilter(
            camera=token("camera", camera) if camera else "",
            kind=token("kind", kind) if kind else "",
            plate=plate_text(plate) if plate else "",
            person=token("person", person) if person else "",
            severity=token("severity", severity) if severity else "",
            listed=token("listed", listed) if listed else "",
            since_us=time_us("since", since) if since else None,
            until_us=time_us("until", until) if until else None,
            after=read_cursor(cursor) if cursor else None,
            limit=whole("limit", limit, 1, LIMIT_MAX),
        )
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

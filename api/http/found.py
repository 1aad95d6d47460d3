"""Events of the store with what people said of them: for every route that shows some."""

from __future__ import annotations

from collections.abc import Sequence

from api.contract import EventList
from api.cursor import Cursor, write_cursor
from api.errors import FieldFault, InvalidBody, NotThere
from api.http.services import Services
from api.language import Words
from api.link import within
from api.query import Query, event_of, event_query, feedback_query, handling_query
from api.views import event_view, handling_view
from ingest.contract import encode, events_subject
from postprocess.contract import FEEDBACK, HANDLING, Event, feedback_of
from postprocess.shown import EventOut


async def event_by(services: Services, event_id: str) -> Event:
    """The newest version of an event; raises `NotThere`, `Unavailable`."""
    for row in await services.archive.rows(event_query(event_id[:200])):
        return event_of(row)
    raise NotThere(kind="event", name=event_id[:200])


def judged(event: Event) -> Event:
    """An event that people may speak of; raises `InvalidBody` where it is itself somebody's word."""
    if event.kind in {FEEDBACK, HANDLING}:
        words = Words("this is somebody's word itself", "это само по себе отзыв")
        raise InvalidBody(FieldFault("event_id", words))
    return event


async def publish(services: Services, event: Event) -> None:
    """Say an event; raises `Unavailable`."""
    async with within():
        subject = events_subject(event.camera, event.kind)
        await services.link.bus().publish(subject, encode(event), message_id=event.message_id)


async def views(services: Services, events: Sequence[Event]) -> tuple[EventOut, ...]:
    """Events as people see them, each with the newest word on it and where its handling stands."""
    plain = [event for event in events if event.kind not in {FEEDBACK, HANDLING}]
    rows = await services.archive.rows(feedback_query(plain)) if plain else []
    said = {found.about: feedback_of(found) for found in map(event_of, rows)}
    rows = await services.archive.rows(handling_query(plain)) if plain else []
    done = {row["about"]: handling_view(row) for row in rows}
    return tuple(
        event_view(event, feedback=said.get(event.event_id), handling=done.get(event.event_id)) for event in events
    )


async def page(services: Services, query: Query, limit: int) -> EventList:
    """A page of a query that asks for one more than `limit`."""
    found = [event_of(row) for row in await services.archive.rows(query)]
    shown, more = found[:limit], len(found) > limit
    following = write_cursor(Cursor(shown[-1].opened_at_us, shown[-1].event_id)) if more else None
    return EventList(items=await views(services, shown), next_cursor=following)

"""What people do about events: acknowledge, assign, escalate, close; and all that was said of one."""

from __future__ import annotations

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath

from api.contract_work import HandlingIn, WordList
from api.http.answers import AnyRequest
from api.http.bodies import body, takes
from api.http.found import event_by, judged, publish, views
from api.http.services import Given
from api.query import event_of, words_query
from api.views import handling_view, word_view
from postprocess.contract import Handling
from postprocess.shown import EventOut


class EventHandling(Controller):
    """What people do about an event."""

    path = "/events/{event_id:str}"
    tags = ["Feedback"]

    @post("/handling", summary="Acknowledge, assign, escalate, close or reopen", operation_class=takes(HandlingIn))
    async def act(self, request: AnyRequest, services: Given, event_id: FromPath[str]) -> EventOut:
        """It becomes an event of kind `handling`, so that no act is ever lost; the newest one counts.

        The answer is the event with it, though the store may show it some moments later.
        """
        wanted = await body(request, HandlingIn)
        event = judged(await event_by(services, event_id))
        user = str(request.scope["user"].name)
        assignee = (wanted.assignee.strip() or user) if wanted.act == "assigned" else ""
        done = Handling(
            event_id=event.event_id,
            camera=event.camera,
            user=user,
            act=wanted.act,
            at_us=services.now_us(),
            assignee=assignee,
            note=wanted.note.strip(),
        )
        await publish(services, done.event())
        (shown,) = await views(services, [event])
        before = shown.handling.assignee if shown.handling is not None else ""
        told = {"act": done.act, "assignee": assignee or before, "note": done.note, "user": user, "at_us": done.at_us}
        return msgspec.structs.replace(shown, handling=handling_view(told))

    @get("/words", summary="All that people said of an event and did about it")
    async def words(self, services: Given, event_id: FromPath[str]) -> WordList:
        """The oldest first."""
        event = await event_by(services, event_id)
        rows = await services.archive.rows(words_query(event))
        return WordList(items=tuple(word_view(event_of(row)) for row in rows))

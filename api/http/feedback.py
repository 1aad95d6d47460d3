"""What people say of events, and the plates that wait for somebody to look at them."""

from __future__ import annotations

from typing import Annotated

from litestar import Controller, get, post
from litestar.params import FromPath, QueryParameter

from api.contract import EventList, FeedbackIn, PlateIn
from api.cursor import read_cursor
from api.errors import FieldFault, InvalidBody
from api.http.answers import AnyRequest, only_known
from api.http.bodies import body, takes
from api.http.found import event_by, judged, page, publish
from api.http.services import Given, Services
from api.metrics import VERDICTS
from api.query import LIMIT_MAX, EventFilter, review_query, time_us, token, whole
from api.vehicles import PLATE_WORDS, plausible
from api.views import feedback_view
from postprocess.contract import Feedback
from postprocess.shown import FeedbackOut

FILTERS = frozenset({"camera", "since", "until", "cursor", "limit"})
MONTH_US = 30 * 86_400 * 1_000_000


class EventFeedback(Controller):
    """What people say of an event."""

    path = "/events/{event_id:str}/feedback"
    tags = ["Feedback"]

    @post(summary="Say whether an event is right", operation_class=takes(FeedbackIn))
    async def say(self, request: AnyRequest, services: Given, event_id: FromPath[str]) -> FeedbackOut:
        """It becomes an event of kind `feedback`; the newest one counts. The event itself stays as it was decided."""
        return await _said(request, services, event_id, await body(request, FeedbackIn))


class PlateReview(Controller):
    """Plates that a person should look at."""

    path = "/review/plates"
    tags = ["Feedback"]

    @get(summary="Passages whose plate is unread or unsure, newest first")
    async def waiting(
        self,
        *,
        request: AnyRequest,
        services: Given,
        camera: Annotated[str, QueryParameter(description="Camera id")] = "",
        since: Annotated[str, QueryParameter(description="At or after, RFC 3339; 30 days ago")] = "",
        until: Annotated[str, QueryParameter(description="Before, RFC 3339")] = "",
        cursor: Annotated[str, QueryParameter(description="next_cursor of the page before")] = "",
        limit: Annotated[str, QueryParameter(description=f"1..{LIMIT_MAX}")] = "50",
    ) -> EventList:
        """Final ones that nobody has judged yet. A vehicle that carries no plate is not among them."""
        only_known(request, FILTERS)
        wanted = EventFilter(
            camera=token("camera", camera) if camera else "",
            since_us=time_us("since", since) if since else services.now_us() - MONTH_US,
            until_us=time_us("until", until) if until else None,
            after=read_cursor(cursor) if cursor else None,
            limit=whole("limit", limit, 1, LIMIT_MAX),
        )
        return await page(services, review_query(wanted), wanted.limit)

    @post("/{event_id:str}", summary="Say which plate it was", operation_class=takes(PlateIn))
    async def correct(self, request: AnyRequest, services: Given, event_id: FromPath[str]) -> FeedbackOut:
        """The passage leaves the queue; an empty plate says that there was none, or that nobody can read it."""
        wanted = await body(request, PlateIn)
        told = FeedbackIn(verdict="corrected", plate=wanted.plate, reason=wanted.reason)
        return await _said(request, services, event_id, told)


async def _said(request: AnyRequest, services: Services, event_id: str, wanted: FeedbackIn) -> FeedbackOut:
    if wanted.plate.strip() and not plausible(wanted.plate):
        raise InvalidBody(FieldFault("plate", PLATE_WORDS))
    event = judged(await event_by(services, event_id))
    feedback = Feedback(
        event_id=event.event_id,
        camera=event.camera,
        user=str(request.scope["user"].name),
        verdict=wanted.verdict,
        at_us=services.now_us(),
        plate=wanted.plate.strip(),
        person=wanted.person.strip(),
        reason=wanted.reason.strip(),
    )
    await publish(services, feedback.event())
    VERDICTS.labels(event.kind, feedback.verdict).inc()
    return feedback_view(feedback)

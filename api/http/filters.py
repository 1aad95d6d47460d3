"""Which events are asked for: the query parameters that lists and exports of events share."""

from __future__ import annotations

from typing import Annotated, get_args

from litestar.di import NamedDependency
from litestar.params import QueryParameter

from api.cursor import read_cursor
from api.http.services import Given, Services
from api.places import cameras_below
from api.query import LIMIT_MAX, EventFilter, flag, one_of, plate_text, ratio, time_us, token, whole
from postprocess.contract import Act, Judgement

NAMES = frozenset(
    {
        "camera", "region", "kind", "plate", "person", "severity", "listed", "confidence", "feedback", "handling",
        "assignee", "comments", "since", "until", "cursor", "limit",
    }
)  # fmt: skip
VERDICTS = ("none", *get_args(Judgement))
ACTS = ("none", "open", *get_args(Act))


async def event_filter(
    *,
    services: Given,
    camera: Annotated[str, QueryParameter(description="Camera id")] = "",
    region: Annotated[str, QueryParameter(description="Id of a region: its cameras and lots, and those below it")] = "",
    kind: Annotated[str, QueryParameter(description="Kind, as vehicle_entry")] = "",
    plate: Annotated[str, QueryParameter(description="Any part of a plate; look-alike letters are one")] = "",
    person: Annotated[str, QueryParameter(description="Id of a person")] = "",
    severity: Annotated[str, QueryParameter(description="info, warning or alarm")] = "",
    listed: Annotated[str, QueryParameter(description="List of the plate or person: allow, deny, guest, …")] = "",
    confidence: Annotated[str, QueryParameter(description="At least so confident, 0..1")] = "",
    feedback: Annotated[str, QueryParameter(description=f"The newest verdict: {', '.join(VERDICTS)}")] = "",
    handling: Annotated[str, QueryParameter(description=f"The newest act: {', '.join(ACTS)}")] = "",
    assignee: Annotated[str, QueryParameter(description="Whom it was given to")] = "",
    comments: Annotated[str, QueryParameter(description="false: without feedback and handling themselves")] = "true",
    since: Annotated[str, QueryParameter(description="Opened at or after, RFC 3339")] = "",
    until: Annotated[str, QueryParameter(description="Opened before, RFC 3339")] = "",
    cursor: Annotated[str, QueryParameter(description="next_cursor of the page before")] = "",
    limit: Annotated[str, QueryParameter(description=f"1..{LIMIT_MAX}")] = "50",
) -> EventFilter:
    """Raises `BadParameter`, `Unavailable`."""
    return EventFilter(
        camera=token("camera", camera) if camera else "",
        cameras=_cameras(services, token("region", region)) if region else None,
        kind=token("kind", kind) if kind else "",
        plate=plate_text(plate) if plate else "",
        person=token("person", person) if person else "",
        severity=token("severity", severity) if severity else "",
        listed=token("listed", listed) if listed else "",
        confidence_min=ratio("confidence", confidence) if confidence else 0.0,
        feedback=one_of("feedback", feedback, VERDICTS) if feedback else "",
        handling=one_of("handling", handling, ACTS) if handling else "",
        assignee=assignee[:100],
        comments=flag("comments", comments),
        since_us=time_us("since", since) if since else None,
        until_us=time_us("until", until) if until else None,
        after=read_cursor(cursor) if cursor else None,
        limit=whole("limit", limit, 1, LIMIT_MAX),
    )


def _cameras(services: Services, region: str) -> tuple[str, ...]:
    cameras = [camera for camera, _ in services.catalog.cameras()]
    return cameras_below(region, [each for each, _ in services.catalog.regions()], cameras)


Filtered = NamedDependency[EventFilter]
"""The filter as a parameter of a route that provides `wanted`."""

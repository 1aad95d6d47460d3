"""Objects that the system did not see: a picture to mark them in, and the marks."""

from __future__ import annotations

import base64

from litestar import Controller, post
from litestar.params import FromPath

from api import missed
from api.contract_work import MissedIn, MissedOut, StillOut
from api.http.answers import AnyRequest
from api.http.bodies import body, takes
from api.http.found import publish
from api.http.services import Given
from ingest.contract import SnapshotRequest, encode, shots_subject


class MissedObjects(Controller):
    """What the system did not see."""

    path = "/cameras/{camera_id:str}"
    tags = ["Feedback"]

    @post("/stills", summary="Keep the newest picture, to mark something in it")
    async def keep(self, services: Given, camera_id: FromPath[str]) -> StillOut:
        """It is kept like any photo, privacy masks applied; 503 with the reason while there is none."""
        await services.catalog.camera(camera_id)
        reply = await services.states.still(camera_id, SnapshotRequest(width_max=missed.WIDTH_MAX))
        shot = missed.kept(camera_id, reply)
        await services.catalog.tell(shots_subject(shot.recogniser, camera_id), encode(shot), shot.shot_id)
        return missed.still_view(shot, base64.b64encode(shot.jpeg).decode())

    @post("/missed", summary="Mark what was not seen", operation_class=takes(MissedIn))
    async def mark(self, request: AnyRequest, services: Given, camera_id: FromPath[str]) -> MissedOut:
        """Each object becomes an event of kind `missed_object`, for the data set that a model learns from."""
        wanted = await body(request, MissedIn)
        await services.catalog.camera(camera_id)
        made = missed.events(camera_id, wanted, str(request.scope["user"].name))
        for event in made:
            await publish(services, event)
        return MissedOut(events=tuple(event.event_id for event in made))

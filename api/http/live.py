"""`/live`: what cameras see just now."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Annotated

import msgspec
from litestar import Controller, get
from litestar.params import QueryParameter
from litestar.response import Stream

from api.boxes import CAMERAS_MAX
from api.contract_work import SightOut
from api.errors import BadParameter, NotThere
from api.http.answers import AnyRequest, only_known
from api.http.services import Given
from api.language import Words
from api.query import token
from api.sse import HEARTBEAT, frame


class Lives(Controller):
    """What is seen just now."""

    path = "/live"
    tags = ["Live"]

    @get("/boxes", summary="Boxes and tracks as they are seen (server-sent events)", media_type="text/event-stream")
    async def boxes(
        self,
        request: AnyRequest,
        services: Given,
        cameras: Annotated[str, QueryParameter(description=f"Ids with commas between, {CAMERAS_MAX} at most")],
    ) -> Stream:
        """Each message is one camera's newest looked-at frame, ten times a second at most.

        Frames in between are left out, and nothing is resumed: what was not shown is past.
        """
        only_known(request, frozenset({"cameras"}))
        wanted = tuple(dict.fromkeys(token("cameras", one) for one in cameras.split(",") if one))
        if not 1 <= len(wanted) <= CAMERAS_MAX:
            words = Words(f"allowed are 1 to {CAMERAS_MAX} cameras", f"допустимо от 1 до {CAMERAS_MAX} камер")
            raise BadParameter(name="cameras", value=cameras, allowed=words)
        known = {camera.id for camera, _ in services.catalog.cameras()}
        for one in wanted:
            if one not in known:
                raise NotThere(kind="camera", name=one)
        frames = await services.boxes.open(wanted)
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return Stream(_sent(frames), media_type="text/event-stream", headers=headers)


async def _sent(frames: AsyncGenerator[tuple[SightOut, ...]]) -> AsyncIterator[bytes]:
    async with contextlib.aclosing(frames):
        async for shown in frames:
            yield b"".join(frame(msgspec.json.encode(one), event="boxes") for one in shown) or HEARTBEAT

"""zool.acs.v1.AccessControl: events as they happen, and one by one.

Edge (grpc, asyncio). A client that takes nothing for `[api] send_timeout_s` is told and cut off; what waits for it is
bounded by its buffer and by the window of its connection.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from typing import Any

import grpc  # type: ignore[import-untyped]
import msgspec

from api.acs.calls import CALLER, Context
from api.acs.messages import event_message, hello_message, response, start_of, wanted_of
from api.acs.v1 import acs_pb2 as pb
from api.acs.v1 import acs_pb2_grpc
from api.cursor import write_cursor
from api.errors import NotThere
from api.feed import HEARTBEAT_S, Feed
from api.http.services import Services
from api.live import Cut, Happened, Hello, Item, Lost, Still
from api.metrics import STREAM_CUT
from api.query import event_of, event_query

TELL_S_MAX = 2.0
"""How long a status may wait for a client that takes nothing; the library keeps it for the client behind that."""
CURSOR_KEY = "zool-cursor"

Shown = Hello | Happened | Lost | Still

_ENDS: dict[str, tuple[grpc.StatusCode, str]] = {
    "slow": (
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "This client took no message for too long and was cut off; come back with the cursor of your last message.",
    ),
    "shutdown": (
        grpc.StatusCode.UNAVAILABLE,
        "The server stops; come back with the cursor of your last message.",
    ),
    "revoked": (
        grpc.StatusCode.UNAUTHENTICATED,
        "This user or token may not come in any more, or may do something else now.",
    ),
    "failed": (
        grpc.StatusCode.INTERNAL,
        "Something went wrong here, the log has the details; come back with the cursor of your last message.",
    ),
}


class AccessControl(acs_pb2_grpc.AccessControlServicer):  # type: ignore[misc]
    """The calls of the service."""

    def __init__(self, parts: Services, feed: Feed) -> None:
        self._parts, self._feed = parts, feed
        self._hello = hello_message(site=parts.settings.site_name, version=parts.version, heartbeat_s=HEARTBEAT_S)

    async def GetEvent(self, request: pb.GetEventRequest, context: Context) -> pb.Event:  # noqa: ARG002, N802
        """The newest version of one event."""
        mine = self._parts.seen_by(CALLER.get(), [])
        for row in await mine.archive.rows(event_query(request.id[:200])):
            return event_message(event_of(row))
        raise NotThere(kind="event", name=request.id[:200])

    async def StreamEvents(self, request: pb.StreamEventsRequest, context: Context) -> None:  # noqa: N802
        """Events as they happen, until the client goes, is too slow, or the process stops."""
        mine = msgspec.structs.replace(self._parts, feed=self._feed).seen_by(CALLER.get(), [])
        items = await mine.feed.open(wanted_of(request), start_of(request))

        def message(item: Shown) -> pb.StreamEventsResponse | bytes:
            def made() -> pb.StreamEventsResponse:
                return response(item, now_us=self._parts.now_us(), hello=self._hello, thumbnails=request.thumbnails)

            if isinstance(item, Happened):  # the same bytes for everybody who asks for it so
                return item.written(f"acs {request.thumbnails}", lambda: made().SerializeToString())
            return made()

        await pour(context, items, message, send_timeout_s=self._parts.settings.send_timeout_s)


async def pour(
    context: Context, items: AsyncGenerator[Item], message: Callable[[Shown], Any], *, send_timeout_s: float
) -> None:
    """Hand a live stream to a client, each item as a message with its cursor, or its bytes, until one of both ends."""
    cursor = ""
    async with contextlib.aclosing(items):
        async for item in items:
            if isinstance(item, Cut):
                await _end(context, item.reason, cursor)
                return
            told, cursor = message(item), write_cursor(item.mark)
            try:
                async with asyncio.timeout(send_timeout_s):
                    await context.write(told)
            except TimeoutError:
                STREAM_CUT.labels("grpc", "slow").inc()
                await items.aclose()
                await _end(context, "slow", cursor)


async def _end(context: Context, reason: str, cursor: str) -> None:
    """Tell a client why its stream ends here, and not for long when it does not listen."""
    code, words = _ENDS[reason]
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(TELL_S_MAX):
            await context.abort(code, words, ((CURSOR_KEY, cursor),))

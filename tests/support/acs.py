"""A client of zool.acs.v1 for tests, in the library's plainest way; and events to publish."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import grpc  # type: ignore[import-untyped]

from api.acs.v1 import acs_pb2 as pb
from api.acs.v1 import acs_pb2_grpc
from ingest.bus import Bus
from ingest.contract import encode, events_subject
from postprocess.contract import Event
from tests.support.api import TOKEN, Site

CALL_S_MAX = 120.0


async def publish(site: Site, *events: Event) -> None:
    """Write events as postprocess does."""
    async with Bus.open(site.broker.settings, name="test") as bus:
        for event in events:
            await bus.publish(events_subject(event.camera, event.kind), encode(event), message_id=event.message_id)


class Stream:
    """An open stream."""

    def __init__(self, call: Any) -> None:
        self.call, self.cursor = call, ""

    def message(self) -> pb.StreamEventsResponse:
        """The next message; raises `grpc.RpcError`."""
        message: pb.StreamEventsResponse = next(self.call)
        self.cursor = message.cursor
        return message

    def event(self) -> pb.Event:
        """The next message, which must be an event, heartbeats set aside."""
        message = self.message()
        while message.HasField("heartbeat"):
            message = self.message()
        assert message.HasField("event"), message
        return message.event

    def rest(self) -> list[pb.StreamEventsResponse]:
        """What comes until the stream ends; raises nothing, the end is in `call`."""
        found = []
        with contextlib.suppress(grpc.RpcError):
            while True:
                found.append(self.message())
        return found

    def events(self, count: int) -> list[str]:
        """Ids of the next events."""
        return [self.event().id for _ in range(count)]


@contextlib.contextmanager
def connected(site: Site, *, token: str = TOKEN, options: tuple[tuple[str, int], ...] = ()) -> Iterator[AcsClient]:
    """A client with a connection of its own."""
    channel = grpc.insecure_channel(site.api.acs, options=options)
    try:
        yield AcsClient(channel, token)
    finally:
        channel.close()


class AcsClient:
    """Calls of the service."""

    def __init__(self, channel: Any, token: str) -> None:
        self.channel = channel
        self._stub = acs_pb2_grpc.AccessControlStub(channel)
        self._metadata = (("authorization", f"Bearer {token}"),) if token else ()

    @contextlib.contextmanager
    def stream(self, language: str = "en", **request: Any) -> Iterator[Stream]:
        """A stream, cancelled at the end."""
        metadata = (*self._metadata, ("accept-language", language))
        call = self._stub.StreamEvents(pb.StreamEventsRequest(**request), metadata=metadata, timeout=CALL_S_MAX)
        try:
            yield Stream(call)
        finally:
            call.cancel()

    def get(self, event_id: str) -> pb.Event:
        """One event."""
        found: pb.Event = self._stub.GetEvent(pb.GetEventRequest(id=event_id), metadata=self._metadata, timeout=30)
        return found

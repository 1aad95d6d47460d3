"""A plain client of zool.acs.v1.Doors for tests, and doors and lists to test with."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import Any

import grpc  # type: ignore[import-untyped]

from api.acs.v1 import doors_pb2 as dp
from api.acs.v1 import doors_pb2_grpc
from postprocess.contract import Event, EventPhoto
from tests.support.api import TOKEN, Site

CALL_S_MAX = 120.0


def now_us() -> int:
    """The clock of this machine, which is the api's."""
    return time.time_ns() // 1000


class DoorCalls:
    """Calls of the service, the library's plainest way."""

    def __init__(self, channel: Any, token: str = TOKEN) -> None:
        self.channel, self.stub = channel, doors_pb2_grpc.DoorsStub(channel)
        self.metadata = (("authorization", f"Bearer {token}"),)

    def call(self, name: str, request: Any, language: str = "en") -> Any:
        """One answer."""
        metadata = (*self.metadata, ("accept-language", language))
        return getattr(self.stub, name)(request, metadata=metadata, timeout=30)

    @contextlib.contextmanager
    def decisions(self, *doors: str, cursor: str = "") -> Iterator[Any]:
        """The stream of decisions behind its Hello, cancelled at the end."""
        request = dp.DecisionsRequest(doors=doors, cursor=cursor)
        call = self.stub.Decisions(request, metadata=self.metadata, timeout=CALL_S_MAX)
        try:
            yield call
        finally:
            call.cancel()

    def members(self, kind: int, *, follow: bool = False) -> Any:
        """The stream of members."""
        request = dp.ListMembersRequest(kind=kind, follow=follow)
        return self.stub.ListMembers(request, metadata=self.metadata, timeout=CALL_S_MAX)


def heard(call: Any, count: int) -> list[Any]:
    """The next decisions of a stream."""
    found: list[Any] = []
    while len(found) < count:
        message = next(call)
        if message.HasField("decision"):
            found.append(message)
    return found


@contextlib.contextmanager
def door_calls(site: Site, *, token: str = TOKEN) -> Iterator[DoorCalls]:
    """Calls over a connection of its own."""
    channel = grpc.insecure_channel(site.api.acs)
    try:
        yield DoorCalls(channel, token)
    finally:
        channel.close()


def passage(number: int, *, camera: str, plate: str, age_s: float = 0.0, **fields: object) -> Event:
    """A vehicle that crosses now, or `age_s` ago, with a sure plate unless said otherwise."""
    at_us = now_us() - round(age_s * 1e6)
    values: dict[str, object] = {
        "event_id": f"pass-{camera}-{number:05d}",
        "version": 3,
        "kind": "vehicle_entry",
        "camera": camera,
        "opened_at_us": at_us,
        "function": "vehicles",
        "rule": "gate",
        "direction": "entry",
        "plate": plate,
        "plate_confidence": 0.97,
        "plate_sure": True,
        "photos": (EventPhoto(shot_id=f"shot-{camera}-{number}", captured_at_us=at_us),),
    }
    return Event(**(values | fields))  # type: ignore[arg-type]

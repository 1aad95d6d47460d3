"""Messages of the stream as lines: for people, or JSON (the JSON mapping of protobuf, names as in the proto file).

Pure.
"""

from __future__ import annotations

import json

from google.protobuf.json_format import MessageToDict
from google.protobuf.timestamp_pb2 import Timestamp

from api.acs.v1 import acs_pb2 as pb

_WAYS = {pb.DIRECTION_ENTRY: "entry", pb.DIRECTION_EXIT: "exit"}


def as_json(message: pb.StreamEventsResponse) -> bytes | None:
    """Events and gaps, each with its cursor; None for what only keeps the line."""
    if message.WhichOneof("message") not in {"event", "gap"}:
        return None
    return json.dumps(MessageToDict(message, preserving_proto_field_name=True), ensure_ascii=False).encode()


def as_text(message: pb.StreamEventsResponse) -> bytes | None:
    """The same for people."""
    match message.WhichOneof("message"):
        case "event":
            return event_text(message.event).encode()
        case "gap":
            return f"{_time(message.gap.until)}  gap  {message.gap.text}".encode()
    return None


def event_text(event: pb.Event) -> str:
    """Time, camera, kind, and what is known."""
    plate = f"{event.plate.text} {event.plate.confidence:.2f}" if event.HasField("plate") else ""
    version = f"v{event.version}{' final' if event.final else ''}"
    parts = (event.camera, event.kind, _WAYS.get(event.direction, ""), event.label, plate, event.text, version)
    return "  ".join((_time(event.opened_at), *(part for part in parts if part)))


def _time(at: Timestamp) -> str:
    return at.ToJsonString()

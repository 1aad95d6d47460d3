"""The kept state of rules: what a snapshot holds and how it fits into one message. Pure: no I/O, no clock.

Rules
- A camera's snapshot holds its memory and the last sequence of each stream that went into it; what lies behind these
  in the streams is applied again after a restart and gives the same events.
- An unknown schema or a damaged snapshot counts as none: the streams are then read from their beginning.
"""

from __future__ import annotations

import msgspec

from ingest.contract import decode, encode
from postprocess.rules.state import SCHEMA_VERSION, CameraMemory

POSITIONS_KEY = "decide.positions"
BYTES_MAX = 1_000_000


class Positions(msgspec.Struct, frozen=True, kw_only=True):
    """Last sequence taken of each stream."""

    detections: int = 0
    reads: int = 0


class CameraSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """All that is needed to go on with a camera."""

    positions: Positions
    memory: CameraMemory


def key_of(camera: str) -> str:
    """Key of a camera's snapshot in the bucket."""
    return f"vehicles.{camera}"


def pack(snapshot: CameraSnapshot) -> tuple[bytes, bool]:
    """Snapshot as bytes, and whether thumbnails had to be left out to keep it under `BYTES_MAX`."""
    payload = encode(snapshot)
    if len(payload) <= BYTES_MAX:
        return payload, False
    bare = decode(payload, CameraSnapshot)
    for subject in bare.memory.subjects.values():
        subject.thumbnail = b""
    return encode(bare), True


def unpack(payload: bytes) -> CameraSnapshot | None:
    """Snapshot of this schema, or None."""
    try:
        snapshot = decode(payload, CameraSnapshot)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return snapshot if snapshot.memory.schema == SCHEMA_VERSION else None


def unpack_positions(payload: bytes) -> Positions:
    """Where reading goes on; the beginning where that can't be read."""
    try:
        return decode(payload, Positions)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Positions()

"""The kept state of rules: what a snapshot holds and how it fits into one message. Pure: no I/O, no clock.

Rules
- A snapshot holds the memory of one function of a camera and the last sequence of each stream that went into it; what
  lies behind these in the streams is applied again after a restart and gives the same events.
- An unknown schema or a damaged snapshot counts as none: the streams are then read from their beginning.
"""

from __future__ import annotations

import msgspec

from ingest.contract import decode, encode
from postprocess.functions.unit import AnyFunction
from postprocess.rules.scene import Scene

BYTES_MAX = 1_000_000


class Positions(msgspec.Struct, frozen=True, kw_only=True):
    """Last sequence taken of each stream."""

    detections: int = 0
    reads: int = 0


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """All that is needed to go on with one function of one camera; `memory` as the function reads it."""

    positions: Positions
    memory: msgspec.Raw


def key_of(function: str, camera: str) -> str:
    """Key of a snapshot in the bucket."""
    return f"{function}.{camera}"


def positions_key(part: int) -> str:
    """Key of the position of a partition."""
    return f"positions.{part}"


def pack(function: AnyFunction, positions: Positions, memory: Scene) -> tuple[bytes, bool]:
    """Snapshot as bytes, and whether the memory had to be lightened to keep it under `BYTES_MAX`."""
    payload = _packed(positions, memory)
    if len(payload) <= BYTES_MAX:
        return payload, False
    bare: Scene = decode(encode(memory), function.memory)
    function.lighten(bare)
    return _packed(positions, bare), True


def _packed(positions: Positions, memory: Scene) -> bytes:
    return encode(Kept(positions=positions, memory=msgspec.Raw(encode(memory))))


def unpack(function: AnyFunction, payload: bytes) -> tuple[Positions, Scene] | None:
    """A snapshot of the function's schema, or None."""
    try:
        kept = decode(payload, Kept)
        memory: Scene = decode(bytes(kept.memory), function.memory)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return (kept.positions, memory) if memory.schema == function.memory(camera="").schema else None


def unpack_positions(payload: bytes) -> Positions:
    """Where reading goes on; the beginning where that can't be read."""
    try:
        return decode(payload, Positions)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Positions()

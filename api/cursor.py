"""Cursors: where a list or a stream of events goes on, opaque to clients.

Pure. `Cursor` names the last event shown of a list, by time and id, so that new events at the top move nothing.
`Mark` is a place in the stream EVENTS behind one of its messages.
"""

from __future__ import annotations

import base64
import binascii
from typing import TypeVar

import msgspec

from api.errors import BadParameter
from api.language import Words

T = TypeVar("T", bound=msgspec.Struct)


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """The last event of a page."""

    opened_at_us: int
    event_id: str


class Mark(msgspec.Struct, frozen=True, array_like=True):
    """Behind message `seq` of a stream; 0 = before the first."""

    stream_us: int
    """When the stream was made: its identity. A stream that takes its place begins to count anew. 0 = not known."""
    seq: int
    at_us: int = 0
    """When all up to here had been written; 0 = not known."""


class Place(msgspec.Struct, frozen=True, array_like=True, order=True):
    """The last entry of a page of the lists."""

    plate: str
    """As it is compared."""
    id: str


_TOO_LONG = 400


def write_cursor(cursor: Cursor | Mark | Place) -> str:
    """Opaque form: URL-safe, no padding."""
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(cursor)).rstrip(b"=").decode()


def read_cursor(text: str) -> Cursor:
    """Read what `write_cursor` wrote of a list; raises `BadParameter` on anything else."""
    allowed = Words(
        "allowed is what 'next_cursor' of an earlier answer held",
        "допустимо только значение «next_cursor» из предыдущего ответа",
    )
    return _read(text, Cursor, allowed)


def read_mark(text: str) -> Mark:
    """Read what `write_cursor` wrote of a stream; raises `BadParameter` on anything else."""
    allowed = Words(
        "allowed is what 'cursor' of an earlier message of the stream held",
        "допустимо только значение «cursor» из предыдущего сообщения потока",
    )
    mark = _read(text, Mark, allowed)
    if min(mark.stream_us, mark.seq, mark.at_us) < 0:
        raise BadParameter(name="cursor", value=text, allowed=allowed)
    return mark


def read_place(text: str) -> Place:
    """Read what `write_cursor` wrote of the lists; raises `BadParameter` on anything else."""
    allowed = Words(
        "allowed is what 'next_after' of an earlier answer held",
        "допустимо только значение «next_after» из предыдущего ответа",
    )
    return _read(text, Place, allowed)


def _read(text: str, kind: type[T], allowed: Words) -> T:
    try:
        short = text[:_TOO_LONG]
        raw = base64.b64decode(short + "=" * (-len(short) % 4), altchars=b"-_", validate=True)
        return msgspec.msgpack.decode(raw, type=kind)
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        raise BadParameter(name="cursor", value=text, allowed=allowed) from None

"""Cursors of event lists: where the next page starts, opaque to clients.

Pure. A cursor names the last event shown, by time and id, so that new events at the top move nothing.
"""

from __future__ import annotations

import base64
import binascii

import msgspec

from api.errors import BadParameter
from api.language import Words


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """The last event of a page."""

    opened_at_us: int
    event_id: str


_TOO_LONG = 400


def write_cursor(cursor: Cursor) -> str:
    """Opaque form: URL-safe, no padding."""
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(cursor)).rstrip(b"=").decode()


def read_cursor(text: str) -> Cursor:
    """Read what `write_cursor` wrote; raises `BadParameter` on anything else."""
    try:
        short = text[:_TOO_LONG]
        raw = base64.b64decode(short + "=" * (-len(short) % 4), altchars=b"-_", validate=True)
        return msgspec.msgpack.decode(raw, type=Cursor)
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        allowed = Words(
            "allowed is what 'next_cursor' of an earlier answer held",
            "допустимо только значение «next_cursor» из предыдущего ответа",
        )
        raise BadParameter(name="cursor", value=text, allowed=allowed) from None

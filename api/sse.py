"""Server-sent events: framing (WHATWG HTML, 9.2), and the live stream in it.

Pure. One message per call; a reader that was cut off resumes with the id of the last one it saw.

Named messages beside the plain ones, which are events: `hello` (with the id to resume from), `gap` (events between
`from` and `to` are no longer kept; ask /events for them), `cut` (reason: slow).
"""

from __future__ import annotations

import msgspec

from api.live import Cut, Happened, Hello, Item, Lost
from api.views import event_view

HEARTBEAT = b": alive\n\n"
"""A comment: keeps proxies from closing a quiet stream and tells a client that the line stands."""


def frame(data: bytes, *, event: str = "", sequence: int | None = None) -> bytes:
    """One message; a line break inside `data` or `event` never leaks into the framing."""
    lines: list[bytes] = []
    if sequence is not None:
        lines.append(b"id: %d" % sequence)
    if event:
        lines.append(b"event: " + event.replace("\r", " ").replace("\n", " ").encode())
    lines += [b"data: " + part for part in data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")]
    return b"\n".join(lines) + b"\n\n"


def retry(milliseconds: int) -> bytes:
    """How long a client waits before it connects again."""
    return b"retry: %d\n\n" % milliseconds


def resume_after(last_event_id: str) -> int | None:
    """The sequence a client has seen last; None where it says nothing that can be used."""
    text = last_event_id.strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def _event(item: Happened) -> bytes:
    return frame(msgspec.json.encode(event_view(item.event, thumbnails=True)), sequence=item.mark.seq)


def written(item: Item) -> bytes:
    """A message of the live stream; empty where there is nothing to say."""
    match item:
        case Happened():
            return item.written("sse", lambda: _event(item))
        case Hello():
            return frame(msgspec.json.encode({"after": item.mark.seq}), event="hello", sequence=item.mark.seq)
        case Lost():
            span = {"from": item.gap.first_seq, "to": item.gap.last_seq}
            return frame(msgspec.json.encode(span), event="gap")
        case Cut():
            return frame(b'{"reason":"slow"}', event="cut") if item.reason == "slow" else b""
    return HEARTBEAT

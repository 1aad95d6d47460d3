"""The live event stream: EVENTS as server-sent events, resumable by sequence.

Edge (asyncio, NATS). Each client has a reader and a bounded buffer of its own; who leaves the buffer full is cut off
with the event `cut` and comes back with Last-Event-ID, so nothing is lost while the stream keeps it.

Named events beside the plain ones: `hello` (with the id to resume from), `gap` (events between `from` and `to` are no
longer kept; ask /events for them), `cut` (reason: slow).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec

from api.errors import TooManyStreams
from api.link import Link, within
from api.metrics import GARBAGE, STREAM_CLIENTS, STREAM_CUT, STREAM_EVENTS
from api.sse import HEARTBEAT, frame, retry
from api.views import event_view
from ingest.bus import Consumer, Message
from ingest.contract import decode, events_subject
from postprocess.contract import Event

STREAM = "EVENTS"
HEARTBEAT_S = 10.0
RETRY_MS = 2000
SLOW_S_MAX = 10.0
"""A client whose buffer stays full for so long is cut off."""
FETCH_MAX = 64


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where in the stream a client starts: `seen` is its last event, `lost` the span that is no longer kept."""

    seen: int
    lost: tuple[int, int] | None = None


def place(after: int | None, *, first: int, last: int) -> Place:
    """Where to start in a stream that holds `first` to `last`; None = only what is new."""
    if after is None or after > last:  # a sequence from the future: the stream was made anew
        return Place(seen=last)
    if after + 1 < first:
        return Place(seen=first - 1, lost=(after + 1, first - 1))
    return Place(seen=after)


class Feed:
    """Hands out streams, up to a limit."""

    def __init__(self, link: Link, stop: asyncio.Event, *, clients_max: int, buffer_events: int) -> None:
        self._link, self._stop = link, stop
        self._clients_max, self._buffer_events = clients_max, buffer_events
        self._clients = 0

    async def open(self, *, camera: str, kind: str, after: int | None) -> AsyncIterator[bytes]:
        """A stream of messages, ready to be written; raises `TooManyStreams`, `Unavailable`."""
        if self._clients >= self._clients_max:
            raise TooManyStreams(clients_max=self._clients_max)
        bus = self._link.bus()
        async with within():
            first, last = await bus.first_seq(STREAM), await bus.last_seq(STREAM)
            start = place(after, first=first, last=last)
            subject = events_subject(camera or "*", kind or "*")
            reader = await bus.reader(STREAM, subject=subject, start_seq=start.seen + 1)
        return self._stream(reader, start)

    async def _stream(self, reader: Consumer, start: Place) -> AsyncIterator[bytes]:
        queue: asyncio.Queue[bytes | None] = asyncio.Queue(self._buffer_events)
        beside = [asyncio.create_task(self._pump(reader, queue)), asyncio.create_task(self._end(queue))]
        self._clients += 1
        STREAM_CLIENTS.set(self._clients)
        try:
            yield retry(RETRY_MS)
            yield frame(msgspec.json.encode({"after": start.seen}), event="hello", sequence=start.seen)
            if start.lost is not None:
                yield frame(msgspec.json.encode({"from": start.lost[0], "to": start.lost[1]}), event="gap")
            async for message in self._messages(queue):
                yield message
        finally:
            self._clients -= 1
            STREAM_CLIENTS.set(self._clients)
            for task in beside:
                task.cancel()

    async def _messages(self, queue: asyncio.Queue[bytes | None]) -> AsyncIterator[bytes]:
        while True:
            try:
                message = await asyncio.wait_for(queue.get(), HEARTBEAT_S)
            except TimeoutError:
                yield HEARTBEAT
                continue
            if message is None:
                return
            yield message

    async def _pump(self, reader: Consumer, queue: asyncio.Queue[bytes | None]) -> None:
        """From the broker into the buffer, until that stays full."""
        try:
            while True:
                for message in await reader.fetch(FETCH_MAX, timeout_s=1.0):
                    written = _written(message)
                    if written is not None:
                        await asyncio.wait_for(queue.put(written), SLOW_S_MAX)
                        STREAM_EVENTS.inc()
        except TimeoutError:
            STREAM_CUT.labels("slow").inc()
            _make_last(queue, frame(b'{"reason":"slow"}', event="cut"))
        finally:
            await reader.close()

    async def _end(self, queue: asyncio.Queue[bytes | None]) -> None:
        """End the buffer when the process stops, whatever the broker is doing."""
        await self._stop.wait()
        STREAM_CUT.labels("shutdown").inc()
        _make_last(queue)


def _written(message: Message) -> bytes | None:
    try:
        event = decode(message.payload, Event)
    except (msgspec.DecodeError, UnicodeDecodeError):
        GARBAGE.labels("event").inc()
        return None
    return frame(msgspec.json.encode(event_view(event, thumbnails=True)), sequence=message.seq)


def _make_last(queue: asyncio.Queue[bytes | None], *messages: bytes) -> None:
    """End a buffer here: what does not fit is dropped, the client resumes behind what it got."""
    while queue.qsize() > max(0, queue.maxsize - len(messages) - 1):
        queue.get_nowait()
    for message in (*messages, None):
        queue.put_nowait(message)

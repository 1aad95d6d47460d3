"""The live events: the stream EVENTS, read for one client after the other, resumable by its place in the stream.

Edge (asyncio, NATS). Each client has a bounded buffer of its own, and a reader of its own until it has come to the end
of the stream, from where on the `hub` reads for all. The faces (`sse`, `acs/`) put what comes out of here into words;
what is promised is made here:

- Whoever comes back with the mark of what it has dealt with gets everything behind it, once and in order.
- What can't be had any more is a `Gap`: the span that is no longer kept, or a stream that was made anew.
- Who leaves the buffer full is cut off (`Cut`, slow) and comes back; memory stays within the buffer.
- A quiet client hears `Still`, whose mark moves on: it resumes too, however seldom its kind of event is.
- Asked to stop, every stream ends at once, whatever its client and the broker do.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Callable
from typing import Literal, Protocol

import msgspec

from api.cursor import Mark
from api.errors import TooManyStreams, Unavailable
from api.hub import AWAY_S, FETCH_MAX, STREAM, Fresh, Hub, kept_of
from api.link import Link, within
from api.live import Cut, Happened, Hello, Item, Kept, Lost, Place, Start, Still, Wanted, place, subjects, wants
from api.metrics import GARBAGE, STREAM_CLIENTS, STREAM_CUT, STREAM_EVENTS, STREAM_GAPS, STREAM_LAG_SECONDS
from ingest.bus import Bus, Consumer, Message
from ingest.contract import decode
from postprocess.contract import Event

BEAT_S = 10.0
"""Without another message for so long a client hears that the line stands."""
HEARTBEAT_S = 15.0
"""What clients are told of it: a slow broker may hold the beat up."""
LOOK_S = 1.0
"""How often a client that reads by itself finds out whether it has come to the end."""
SLOW_S_MAX = 10.0
"""A client whose buffer stays full for so long is cut off."""
FRESH_S_MAX = 15.0
"""Older events are those of a client that comes back: no measure of how late the line is."""


class Streams(Protocol):
    """Where live events come from: all of them, or what somebody may see of them."""

    async def open(self, wanted: Wanted, start: Start, *, sees: Callable[[str], bool] = ...) -> AsyncGenerator[Item]:
        """A stream of messages; raises `TooManyStreams`, `Unavailable`, `BadParameter`."""


class LimitedFeed:
    """The live events as one user sees them: of what is in sight, and while the user may come in."""

    def __init__(self, whole: Streams, sees: Callable[[str], bool], still: Callable[[], bool]) -> None:
        self._whole, self._mine, self._still = whole, sees, still

    async def open(
        self, wanted: Wanted, start: Start, *, sees: Callable[[str], bool] = lambda _: True
    ) -> AsyncGenerator[Item]:
        """As `Feed.open`, of cameras that are seen when their event happens."""
        self._mine("")  # raises where nobody knows yet which cameras these are
        items = await self._whole.open(wanted, start, sees=lambda camera: self._mine(camera) and sees(camera))
        return self._while_allowed(items)

    async def _while_allowed(self, items: AsyncGenerator[Item]) -> AsyncGenerator[Item]:
        async with contextlib.aclosing(items):
            async for item in items:
                if not self._still():
                    yield Cut(reason="revoked")
                    return
                yield item


class Feed:
    """Hands out streams of one face, up to a limit (`limit_key` names its setting)."""

    def __init__(
        self,
        link: Link,
        hub: Hub,
        stop: asyncio.Event,
        *,
        face: Literal["sse", "grpc", "doors"],
        limit_key: str,
        clients_max: int,
        buffer_events: int,
    ) -> None:
        self._link, self._hub, self._stop = link, hub, stop
        self._face, self._limit_key = face, limit_key
        self._clients_max, self._buffer_events = clients_max, buffer_events
        self._clients = self._opening = 0

    async def open(
        self, wanted: Wanted, start: Start, *, sees: Callable[[str], bool] = lambda _: True
    ) -> AsyncGenerator[Item]:
        """A stream of messages, its events of cameras that `sees` lets through.

        Raises `TooManyStreams`, `Unavailable`, `BadParameter`.
        """
        subjects(wanted)
        if self._clients + self._opening >= self._clients_max:
            raise TooManyStreams(clients_max=self._clients_max, key=self._limit_key)
        bus = self._link.bus()
        self._opening += 1
        try:
            async with within():
                begin = place(start, await kept_of(bus))
                pump = Pump(
                    bus, self._hub, wanted, begin, sees=sees, face=self._face, buffer_events=self._buffer_events
                )
                await pump.open()
        finally:
            self._opening -= 1
        return self._stream(pump, begin)

    async def _stream(self, pump: Pump, begin: Place) -> AsyncGenerator[Item]:
        self._count(1)
        running = asyncio.create_task(pump.run(self._stop))
        try:
            yield Hello(mark=begin.seen)
            if begin.gap is not None:
                STREAM_GAPS.labels(self._face).inc()
                yield Lost(mark=begin.seen, gap=begin.gap)
            while True:
                item = await pump.queue.get()
                if isinstance(item, Cut):
                    STREAM_CUT.labels(self._face, item.reason).inc()
                yield item
                if isinstance(item, Cut):
                    return
        finally:
            self._count(-1)
            running.cancel()

    def _count(self, more: int) -> None:
        self._clients += more
        STREAM_CLIENTS.labels(self._face).set(self._clients)


class Pump:
    """From the broker into one client's buffer: through the hub, or by itself where the hub has gone on."""

    def __init__(
        self,
        bus: Bus,
        hub: Hub,
        wanted: Wanted,
        begin: Place,
        *,
        sees: Callable[[str], bool],
        face: str,
        buffer_events: int,
    ) -> None:
        self._bus, self._hub, self._wanted, self._sees, self._face = bus, hub, wanted, sees, face
        self._mark = begin.seen
        self._outages = bus.outages
        self._reader: Consumer | None = None
        self._up = asyncio.Event()
        self._looked_s = self._said_s = self._now_s()
        self.queue: asyncio.Queue[Item] = asyncio.Queue(buffer_events)

    async def open(self) -> None:
        """Read on from the mark; raises `Unavailable`."""
        if not self._sit_down():
            await self._begin()

    async def run(self, stop: asyncio.Event) -> None:
        """Until the process stops, whatever the broker does, or the buffer stays full; the last message says which."""
        reading = asyncio.create_task(self._read())
        stopping = asyncio.create_task(stop.wait())
        reason: Literal["slow", "shutdown", "failed"] = "failed"
        try:
            await asyncio.wait({reading, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if reading.done():
                await reading
            reason = "slow" if reading.done() else "shutdown"
        finally:
            self._hub.leave(self)
            stopping.cancel()
            reading.cancel()
            self._make_last(Cut(reason=reason))

    def _make_last(self, cut: Cut) -> None:
        """End the buffer here: what does not fit is dropped, the client resumes behind what it got."""
        while self.queue.full():
            self.queue.get_nowait()
        self.queue.put_nowait(cut)

    async def _read(self) -> None:
        """Return when the client is too slow."""
        try:
            while True:
                if self._reader is None:
                    await self._sit()
                    await self._again()
                elif self._sit_down():
                    await self._end()
                else:
                    await self._fetch(self._reader)
        except TimeoutError:
            return
        finally:
            await self._end()

    def _now_s(self) -> float:
        return asyncio.get_running_loop().time()

    # Through the hub.

    def _sit_down(self) -> bool:
        """Whether the hub reads for this client from now on."""
        self._up.clear()
        return self._hub.sit_down(self, self._mark)

    async def _sit(self) -> None:
        """Until the hub does not read for this client any more."""
        while not self._up.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(self._said_s + BEAT_S):
                    await self._up.wait()
            if self._now_s() - self._said_s >= BEAT_S:
                self._said_s = self._now_s()
                if not self.queue.full():  # else it has enough to read
                    self.queue.put_nowait(Still(mark=self._mark))

    def offer(self, fresh: Fresh) -> bool:
        """Take an event of the hub's, or leave it aside; False = there is no room."""
        if fresh.happened.mark.seq <= self._mark.seq:  # read by itself already: it was ahead of the hub
            return True
        try:
            mine = wants(self._wanted, fresh.camera, fresh.kind) and self._sees(fresh.happened.event.camera)
        except Unavailable:
            return False
        if mine and self.queue.full():
            return False
        if mine:
            self.queue.put_nowait(fresh.happened)
            self._said_s = self._now_s()
            self._gave(fresh.happened.mark)
        self._mark = fresh.happened.mark
        return True

    def pass_by(self, mark: Mark) -> None:
        """There was nothing for this client up to here."""
        self._mark = mark

    def get_up(self) -> None:
        """The hub reads for this client no more."""
        self._up.set()

    # By itself.

    async def _begin(self) -> None:
        self._reader = await self._bus.reader(STREAM, subject=subjects(self._wanted), start_seq=self._mark.seq + 1)

    async def _end(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            await reader.close()

    async def _fetch(self, reader: Consumer) -> None:
        messages = await reader.fetch(FETCH_MAX, timeout_s=1.0)
        if self._bus.outages != self._outages:  # what was under way may be lost: read it again
            await self._again()
            return
        for message in messages:
            await self._take(message)
        if self._now_s() - self._looked_s >= LOOK_S:
            await self._look_around(reader)

    async def _put(self, item: Item) -> None:
        """Into the buffer; raises `TimeoutError` when it stays full."""
        async with asyncio.timeout(SLOW_S_MAX):
            await self.queue.put(item)
        self._said_s = self._now_s()

    async def _take(self, message: Message) -> None:
        if message.seq <= self._mark.seq:  # the hub had given it, before the buffer was full
            return
        self._mark = Mark(self._mark.stream_us, message.seq, message.time_us)
        try:
            event = decode(message.payload, Event)
        except (msgspec.DecodeError, UnicodeDecodeError):
            GARBAGE.labels("event").inc()
            return
        if not self._sees(event.camera):
            return
        await self._put(Happened(mark=self._mark, event=event))
        self._gave(self._mark)

    def _gave(self, mark: Mark) -> None:
        """Count an event that was given, and how late it was."""
        STREAM_EVENTS.labels(self._face).inc()
        late_s = time.time() - mark.at_us / 1e6
        if late_s < FRESH_S_MAX:
            STREAM_LAG_SECONDS.labels(self._face).observe(max(0.0, late_s))

    async def _again(self) -> None:
        """After an outage: the broker may have lost what was to come, or may have begun a stream of its own."""
        while True:
            outages = self._bus.outages
            try:
                async with within():
                    kept = await kept_of(self._bus)
            except Unavailable:
                await asyncio.sleep(AWAY_S)
                await self._say_still()
                continue
            await self._go_on(kept, reopen=True)
            self._outages = outages
            return

    async def _go_on(self, kept: Kept, *, reopen: bool) -> None:
        found = place(Start(after=self._mark), kept)
        if found.gap is None and not reopen:
            return
        await self._end()
        self._mark = found.seen
        await self._begin()
        if found.gap is not None:
            STREAM_GAPS.labels(self._face).inc()
            await self._put(Lost(mark=self._mark, gap=found.gap))

    async def _look_around(self, reader: Consumer) -> None:
        """Once in a while: whether what is to be read is still kept, and how far a quiet client has come."""
        self._looked_s = self._now_s()
        with contextlib.suppress(Unavailable):
            async with within():
                kept = await kept_of(self._bus)
                if await self._has_all_up_to(reader, kept):
                    self._mark = Mark(kept.stream_us, kept.last_seq, max(self._mark.at_us, kept.last_us))
            await self._go_on(kept, reopen=False)
        await self._say_still()

    async def _has_all_up_to(self, reader: Consumer, kept: Kept) -> bool:
        """Whether nothing that is wanted waits between the mark and the end of the stream."""
        delivered, waiting = await reader.position()
        return waiting == 0 and delivered <= self._mark.seq <= kept.last_seq and kept.stream_us == self._mark.stream_us

    async def _say_still(self) -> None:
        if self._now_s() - self._said_s >= BEAT_S:
            await self._put(Still(mark=self._mark))

"""The stream EVENTS, read once for all clients that have come as far as its end.

Edge (asyncio, NATS). A client that comes back from far behind reads by itself (`feed.Pump`); once its mark lies among
the last events here it sits down, and each event is fetched, decoded and put into words once for all who sit.

Rules
- Who sits down gets what lies behind its mark in the same turn of the loop: nothing is left out, nothing comes twice.
- Nobody is waited for: who has no room for an event gets up before it, and goes on by itself from its mark.
- In doubt (the broker was away, the stream lost or skipped something) everybody gets up; gaps are found and named by
  each one's own way back.
- What somebody may see is asked of each one for each event, as where it reads by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import Protocol

import msgspec

from api.cursor import Mark
from api.errors import Unavailable
from api.link import Link, within
from api.live import Happened, Kept, Start, Wanted, place, subjects
from api.metrics import GARBAGE
from ingest.bus import Bus, Consumer, Message
from ingest.contract import decode
from postprocess.contract import Event

STREAM = "EVENTS"
FETCH_MAX = 64
RECENT_MAX = 256
"""Events that are held for who sits down: thumbnails inside, some 8 MB at most."""
AWAY_S = 0.5
LOOK_S = 10.0


class Fresh(msgspec.Struct, frozen=True, kw_only=True):
    """An event as it came."""

    happened: Happened
    camera: str
    kind: str
    """As its subject says, by which those who read by themselves are served."""


class Sitter(Protocol):
    """A client that sits."""

    def offer(self, fresh: Fresh) -> bool:
        """Take an event, or leave it aside; False = it has no room, and gets up."""

    def pass_by(self, mark: Mark) -> None:
        """There was nothing for it up to here."""

    def get_up(self) -> None:
        """Nothing is offered any more."""


class Hub:
    """One reader, and those who sit."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._sitters: set[Sitter] = set()
        self._recent: deque[Fresh] = deque()
        self._base_seq = 0
        """From behind here on `_recent` has all that the stream has."""
        self._mark: Mark | None = None
        """How far it has read; None = it does not."""

    def sit_down(self, sitter: Sitter, mark: Mark) -> bool:
        """Whether it is offered everything behind its mark from now on; what it took before a False it has."""
        here = self._mark
        if here is None or mark.stream_us != here.stream_us or mark.seq < self._base_seq:
            return False
        for fresh in self._recent:
            if fresh.happened.mark.seq > mark.seq and not sitter.offer(fresh):
                return False
        if mark.seq < here.seq:
            sitter.pass_by(here)
        self._sitters.add(sitter)
        return True

    def leave(self, sitter: Sitter) -> None:
        """A client goes."""
        self._sitters.discard(sitter)

    async def follow(self) -> None:
        """Read for ever."""
        while True:
            with contextlib.suppress(Unavailable):
                bus = self._link.bus()
                async with within():
                    kept = await kept_of(bus)
                    reader = await bus.reader(STREAM, subject=subjects(Wanted()), start_seq=kept.last_seq + 1)
                try:
                    await self._read(bus, reader, kept)
                finally:
                    self._dismiss()
                    await reader.close()
            await asyncio.sleep(AWAY_S)

    async def _read(self, bus: Bus, reader: Consumer, kept: Kept) -> None:
        """Until there is a doubt."""
        loop, outages = asyncio.get_running_loop(), bus.outages
        self._mark, self._base_seq = Mark(kept.stream_us, kept.last_seq, kept.last_us), kept.last_seq
        looked_s = loop.time()
        while True:
            messages = await reader.fetch(FETCH_MAX, timeout_s=1.0)
            if bus.outages != outages or (messages and messages[0].seq <= self._mark.seq):
                return
            for message in messages:
                self._take(self._mark.stream_us, message)
            if loop.time() - looked_s >= LOOK_S:
                looked_s = loop.time()
                async with within():
                    found = place(Start(after=self._mark), await kept_of(bus))
                if found.gap is not None:
                    return

    def _take(self, stream_us: int, message: Message) -> None:
        self._mark = mark = Mark(stream_us, message.seq, message.time_us)
        try:
            event = decode(message.payload, Event)
        except (msgspec.DecodeError, UnicodeDecodeError):
            GARBAGE.labels("event").inc()
            return
        camera, _, kind = message.subject.removeprefix("zool.events.").partition(".")
        fresh = Fresh(happened=Happened(mark=mark, event=event), camera=camera, kind=kind)
        self._recent.append(fresh)
        if len(self._recent) > RECENT_MAX:
            self._base_seq = self._recent.popleft().happened.mark.seq
        full = [sitter for sitter in self._sitters if not sitter.offer(fresh)]
        for sitter in full:
            self._sitters.discard(sitter)
            sitter.get_up()

    def _dismiss(self) -> None:
        """Everybody gets up."""
        self._mark = None
        self._recent.clear()
        sitters, self._sitters = self._sitters, set()
        for sitter in sitters:
            sitter.get_up()


async def kept_of(bus: Bus) -> Kept:
    """What the stream holds."""
    span = await bus.span(STREAM)
    return Kept(
        stream_us=span.created_us,
        first_seq=span.first_seq,
        last_seq=span.last_seq,
        first_us=span.first_us,
        last_us=span.last_us,
    )

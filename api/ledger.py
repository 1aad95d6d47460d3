"""The audit's stream: written in one order by however many processes, and read back.

Edge (asyncio, NATS). A link is written only behind the one that the writer knows as the last (expected-last-sequence):
of two writers one is refused, reads what came between, and hangs its link on that. What waits while a link is under way
goes into the next one, so that many calls at once cost few messages. `write` comes back when the broker has the link.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import msgspec

from api.audit import GENESIS, ChainLink, Record, link_of, records_of
from api.errors import Unavailable
from api.link import Link, within
from api.metrics import AUDIT_RECORDS, GARBAGE
from ingest.bus import Bus, RevisionConflict

STREAM, SUBJECT = "AUDIT", "zool.audit"
WAITING_MAX = 2000
RECORDS_MAX = 100
"""Of one link."""
TRIES_MAX = 20
READ_AT_ONCE = 32
READ_S_MAX = 2.0

Waiting = tuple[Sequence[Record], "asyncio.Future[None]"]


class Head(msgspec.Struct, frozen=True):
    """The last link, as this process knows it."""

    seq: int
    hash: str


class Read(msgspec.Struct, frozen=True):
    """A record with the place of its link."""

    seq: int
    record: Record


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Records, the newest first; `before` goes on, None where there are no more."""

    items: tuple[Read, ...]
    before: int | None


class Ledger:
    """Writes and reads the audit."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._head: Head | None = None
        self._waiting: list[Waiting] = []
        self._writing: asyncio.Task[None] | None = None

    async def write(self, records: Sequence[Record]) -> None:
        """Keep records; raises `Unavailable` where the broker did not say that it has them."""
        if len(self._waiting) >= WAITING_MAX:
            AUDIT_RECORDS.labels("refused").inc(len(records))
            raise Unavailable(component="nats", reason=f"{WAITING_MAX} records wait already")
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((records, done))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_all())
        await done

    async def _write_all(self) -> None:
        while self._waiting:
            taken = self._take()
            records = [record for some, _ in taken for record in some]
            try:
                await self._append(records)
            except Unavailable as error:
                self._head = None
                AUDIT_RECORDS.labels("refused").inc(len(records))
                _tell(taken, error)
            else:
                AUDIT_RECORDS.labels("kept").inc(len(records))
                _tell(taken, None)

    def _take(self) -> list[Waiting]:
        taken: list[Waiting] = []
        while self._waiting and sum(len(some) for some, _ in taken) < RECORDS_MAX:
            taken.append(self._waiting.pop(0))
        return taken

    async def _append(self, records: Sequence[Record]) -> None:
        bus = self._link.bus()
        for _ in range(TRIES_MAX):
            async with within():
                head = self._head or await _head(bus)
                link = link_of(head.hash, records)
                try:
                    seq = await bus.append(SUBJECT, msgspec.json.encode(link), expect_last=head.seq)
                except RevisionConflict:
                    self._head = None
                    continue
            self._head = Head(seq, link.hash)
            return
        raise Unavailable(component="nats", reason="others write the audit all the time")

    async def page(self, wanted: Callable[[Record], bool], *, before: int | None, limit: int) -> Page:
        """The newest records that are wanted, of links before one; a search ends after some seconds, and can go on."""
        bus = self._link.bus()
        async with within():
            span = await bus.span(STREAM)
        at = span.last_seq if before is None else min(before - 1, span.last_seq)
        found: list[Read] = []
        end_s = asyncio.get_running_loop().time() + READ_S_MAX
        while at >= max(1, span.first_seq) and len(found) < limit and asyncio.get_running_loop().time() < end_s:
            low = max(1, span.first_seq, at - READ_AT_ONCE + 1)
            async with within():
                links = await asyncio.gather(*(bus.message(STREAM, seq) for seq in range(at, low - 1, -1)))
            for stored in links:
                if stored is None:
                    continue
                if len(found) >= limit:
                    break
                at = stored.seq
                found += [Read(at, one) for one in reversed(_records(stored.payload)) if wanted(one)]
            else:
                at = low
            at -= 1
        return Page(items=tuple(found), before=at + 1 if at >= max(1, span.first_seq) else None)

    async def links(self, *, after: int, count: int) -> tuple[list[tuple[int, bytes]], int]:
        """Links as they are kept, in their order, behind a place, and the sequence of the last of all."""
        bus = self._link.bus()
        async with within():
            span = await bus.span(STREAM)
            first = max(after + 1, span.first_seq, 1)
            seqs = range(first, min(span.last_seq, first + count - 1) + 1)
            stored = [await bus.message(STREAM, seq) for seq in seqs]
        return [(one.seq, one.payload) for one in stored if one is not None], span.last_seq


async def _head(bus: Bus) -> Head:
    span = await bus.span(STREAM)
    if not span.last_seq:
        return Head(0, GENESIS)
    stored = await bus.message(STREAM, span.last_seq)
    if stored is None:
        return Head(span.last_seq, GENESIS)  # all of it is older than the stream keeps
    try:
        return Head(stored.seq, msgspec.json.decode(stored.payload, type=ChainLink).hash)
    except (msgspec.DecodeError, UnicodeDecodeError):
        GARBAGE.labels("audit").inc()
        return Head(stored.seq, GENESIS)  # somebody else wrote there: `verify` names the place


def _records(payload: bytes) -> list[Record]:
    try:
        return records_of(msgspec.json.decode(payload, type=ChainLink))
    except (msgspec.DecodeError, UnicodeDecodeError):
        GARBAGE.labels("audit").inc()
        return []


def _tell(taken: Sequence[Waiting], error: Unavailable | None) -> None:
    for _, done in taken:
        if done.done():
            continue
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)

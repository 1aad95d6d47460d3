"""Parking lots: final passages of all cameras in, sessions and warnings out. Edge (broker, clock for ticks).

Runs inside of `decide`, in one process for all lots; the rules are in `rules.parking`.

Rules
- It reads its own stage's events, feedback among them, in the order of their stream and without acknowledgements: where
  reading goes on is written with the state, after the events before it were published.
- A lot is a region with settings for `parking`; a camera belongs to the nearest one above it. A camera without one is
  skipped, and so is what was read before a lot was made.
- Ticks settle vehicles that were never seen to leave; they come only when all that is in the stream was read.
"""

from __future__ import annotations

import asyncio
import logging
import time
import zlib
from collections.abc import Awaitable, Callable, Mapping

import msgspec

from ingest.bus import Bus, BusUnavailable, Consumer, Entry, Message
from ingest.contract import decode, encode, events_subject
from postprocess import inlet
from postprocess.contract import FEEDBACK, Event
from postprocess.errors import PoisonError
from postprocess.grave import bury, publish_surely
from postprocess.metrics import EVENTS, INPUTS, SNAPSHOTS_SHORTENED
from postprocess.rules.lots import Policy
from postprocess.rules.parking import PASSAGE_KINDS, LotMemory, step
from postprocess.rules.scene import Tick
from postprocess.settings_watch import SettingsWatch
from postprocess.snapshot import BYTES_MAX

log = logging.getLogger(__name__)

SUBJECTS = tuple(f"zool.events.*.{kind}" for kind in (*PASSAGE_KINDS, FEEDBACK))
PREFIX = "lots"
POSITION_KEY = f"{PREFIX}.position"
"""No lot can have this name in its key: those are `lots.lot.<region>`."""
FETCH_MAX = 200
FETCH_S = 1.0
RETRY_S = 1.0
KEEP_S = 2.0


class KeptLot(msgspec.Struct, frozen=True, kw_only=True):
    """All that is needed to go on with one lot."""

    position: int
    memory: msgspec.Raw


class Lots:
    """All lots of a site; event loop only."""

    def __init__(self, bus: Bus, watch: SettingsWatch, *, tick_s: float = 30.0) -> None:
        self._bus, self._watch, self._tick_s = bus, watch, tick_s
        self._memories: dict[str, LotMemory] = {}
        self._kept: dict[str, int] = {}
        self._dirty: set[str] = set()
        self._position = 0
        self._caught_up = False
        self._begun = asyncio.Event()
        self._ready = False
        self._turn = asyncio.Lock()

    def begin(self) -> None:
        """Go on from where the kept state stands."""
        self._begun.set()

    async def end(self, *, keep: bool) -> None:
        """Stop; with `keep` the state is written first."""
        async with self._turn:
            if keep and self._ready:
                await self._snapshot()
            self._begun.clear()
            self._ready = self._caught_up = False
            self._memories, self._kept, self._position = {}, {}, 0
            self._dirty.clear()

    async def run(self, fresh: Callable[[], Awaitable[None]]) -> None:
        """Work for ever, whenever it was begun and not ended; waits for `fresh` before anything is said or kept."""
        await self._watch.ready()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._pump(fresh))
            group.create_task(self._tick(fresh))
            group.create_task(self._keep(fresh))

    async def _restore(self) -> None:
        while True:
            try:
                kept = await self._bus.bucket("snapshots").all()
                last = await self._bus.last_seq("EVENTS")
            except BusUnavailable as error:
                log.warning("lots: %s", error)
                await asyncio.sleep(RETRY_S)
                continue
            break
        async with self._turn:
            self._ready = self._begun.is_set()
            if self._ready:
                self._recall(kept, last)

    def _recall(self, kept: Mapping[str, Entry], last: int) -> None:
        start = kept.get(POSITION_KEY)
        written = (start.value if start is not None else None) or b""
        position = int(written) if written.isdigit() else 0
        if position > last:
            log.warning("the stream of events is younger than the lots: starting without state")
            return
        self._position = position
        for key, entry in kept.items():
            lot = key.removeprefix(f"{PREFIX}.lot.")
            found = _unpack(entry.value or b"") if lot != key else None
            if found is not None:
                self._kept[lot], self._memories[lot] = found

    async def _pump(self, fresh: Callable[[], Awaitable[None]]) -> None:
        while True:
            await self._begun.wait()
            await self._restore()
            if not self._ready:
                continue
            reader = await self._bus.reader("EVENTS", subject=SUBJECTS, start_seq=self._position + 1)
            try:
                await self._read(reader, fresh)
            finally:
                await reader.close()

    async def _read(self, reader: Consumer, fresh: Callable[[], Awaitable[None]]) -> None:
        """Take what comes, until it is somebody else's turn."""
        while self._ready:
            messages = await reader.fetch(FETCH_MAX, timeout_s=FETCH_S)
            await fresh()
            self._caught_up = self._ready and len(messages) < FETCH_MAX
            for message in messages:
                async with self._turn:
                    if not self._ready:
                        return
                    await self._take(message)
                    self._position = message.seq

    async def _take(self, message: Message) -> None:
        INPUTS.labels("EVENTS").inc()
        try:
            event = inlet.event(message.subject, message.payload)
        except PoisonError as error:
            await bury(self._bus, "decide", message, error)
            return
        policy = self._watch.lot_of(event.camera)
        if policy is None or message.seq <= self._kept.get(policy.lot, 0):
            return
        try:
            await self._step(policy, event)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            log.exception("lot %s: the rules failed; its state is made anew", policy.lot)  # else one stops all lots
            self._memories.pop(policy.lot, None)
            await bury(self._bus, "decide", message, PoisonError(f"lot {policy.lot}", f"the rules failed: {error!r}"))

    async def _step(self, policy: Policy, message: Event | Tick) -> None:
        memory = self._memories.get(policy.lot) or LotMemory()
        self._memories[policy.lot], events = step(memory, message, policy)
        self._dirty.add(policy.lot)
        for event in events:
            await publish_surely(self._bus, events_subject(event.camera, event.kind), encode(event), event.message_id)
            EVENTS.labels(event.kind).inc()

    async def _tick(self, fresh: Callable[[], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(self._tick_s)
            await fresh()
            async with self._turn:
                if self._caught_up and self._bus.connected:
                    await self._settle(Tick(now_us=time.time_ns() // 1000))

    async def _settle(self, tick: Tick) -> None:
        """Time goes on for every lot; those that are no more are forgotten."""
        lots = {policy.lot: policy for policy in self._watch.lots()}
        for lot in self._memories.keys() - lots.keys():
            del self._memories[lot]
            self._dirty.add(lot)
        for lot in sorted(self._memories):
            await self._step(lots[lot], tick)

    async def _keep(self, fresh: Callable[[], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(KEEP_S)
            await fresh()
            async with self._turn:
                if self._ready:
                    await self._snapshot()

    async def _snapshot(self) -> None:
        """Keep what changed, then the position: a lot that did not change stands for all up to it."""
        bucket = self._bus.bucket("snapshots")
        try:
            for lot in sorted(self._dirty):
                memory = self._memories.get(lot)
                if memory is None:
                    await bucket.delete(f"{PREFIX}.lot.{lot}")
                    continue
                payload = _pack(self._position, memory)
                if len(payload) > BYTES_MAX:  # the stream holds a week of it
                    SNAPSHOTS_SHORTENED.inc()
                    log.error("lot %s: its state, %d bytes, can't be kept", lot, len(payload))
                    continue
                await bucket.put(f"{PREFIX}.lot.{lot}", payload)
            await bucket.put(POSITION_KEY, str(self._position).encode())
        except BusUnavailable as error:
            log.warning("lots: %s", error)
            return
        self._dirty.clear()


def _pack(position: int, memory: LotMemory) -> bytes:
    return zlib.compress(encode(KeptLot(position=position, memory=msgspec.Raw(encode(memory)))))


def _unpack(payload: bytes) -> tuple[int, LotMemory] | None:
    """A state of this schema, or None."""
    try:
        kept = decode(zlib.decompress(payload), KeptLot)
        memory = decode(bytes(kept.memory), LotMemory)
    except (zlib.error, msgspec.DecodeError, UnicodeDecodeError):
        return None
    return (kept.position, memory) if memory.schema == LotMemory().schema else None

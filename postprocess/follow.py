"""What follows from the events of all cameras: events in, further events out. Edge (broker, clock for ticks).

Runs inside of `decide`, in one process for the whole site; the rules are pure and come from outside (`Rules`).

Rules
- It reads its own stage's events, feedback among them, in the order of their stream and without acknowledgements: where
  reading goes on is written with the state, after the events before it were published.
- Each event belongs to one place (a lot, a camera), which has a memory of its own, or to none. A place that is no
  more is forgotten.
- Ticks move time on where nothing happens; they come only when all that is in the stream was read.
"""

from __future__ import annotations

import asyncio
import logging
import time
import zlib
from collections.abc import Mapping
from typing import Generic, Protocol, TypeVar

import msgspec

from ingest.bus import Bus, BusUnavailable, Consumer, Entry, Message
from ingest.contract import decode, encode, events_subject
from postprocess import inlet
from postprocess.contract import Event
from postprocess.errors import PoisonError
from postprocess.grave import bury, publish_surely
from postprocess.metrics import EVENTS, INPUTS, SNAPSHOTS_SHORTENED
from postprocess.rules.scene import Memory, Tick
from postprocess.second import Fresh
from postprocess.settings_watch import SettingsWatch
from postprocess.snapshot import BYTES_MAX

log = logging.getLogger(__name__)

FETCH_MAX = 200
FETCH_S = 1.0
RETRY_S = 1.0
KEEP_S = 2.0

M = TypeVar("M", bound=Memory)
P = TypeVar("P")


class Rules(Protocol[M, P]):
    """The pure part."""

    @property
    def name(self) -> str:
        """Stands in the keys of the state: `<name>.position`, `<name>.<noun>.<place>`."""

    @property
    def noun(self) -> str:
        """What a place is called."""

    @property
    def subjects(self) -> tuple[str, ...]:
        """Of the events that matter."""

    @property
    def memory(self) -> type[M]:
        """What is remembered of a place; without arguments it is a new one."""

    def place_of(self, event: Event) -> str | None:
        """Where an event belongs."""

    def policies(self) -> Mapping[str, P]:
        """What holds now, for every place that there is."""

    def step(self, memory: M, message: Event | Tick, policy: P) -> tuple[M, list[Event]]:
        """Take one event, or time; `memory` is used up and handed back."""


class KeptPlace(msgspec.Struct, frozen=True, kw_only=True):
    """All that is needed to go on with one place."""

    position: int
    memory: msgspec.Raw


class Follower(Generic[M, P]):
    """All places of one kind; event loop only."""

    def __init__(self, bus: Bus, watch: SettingsWatch, rules: Rules[M, P], *, tick_s: float = 30.0) -> None:
        self._bus, self._watch, self._rules, self._tick_s = bus, watch, rules, tick_s
        self._memories: dict[str, M] = {}
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

    async def run(self, fresh: Fresh) -> None:
        """Work for ever, whenever it was begun and not ended; waits for `fresh` before anything is said or kept."""
        await self._watch.ready()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._pump(fresh))
            group.create_task(self._tick(fresh))
            group.create_task(self._keep(fresh))

    @property
    def position_key(self) -> str:
        """Where in `snapshots` stands up to where all places have read."""
        return f"{self._rules.name}.position"

    def _key(self, place: str) -> str:
        return f"{self._rules.name}.{self._rules.noun}.{place}"

    async def _restore(self) -> None:
        while True:
            try:
                kept = await self._bus.bucket("snapshots").all()
                last = await self._bus.last_seq("EVENTS")
            except BusUnavailable as error:
                log.warning("%s: %s", self._rules.name, error)
                await asyncio.sleep(RETRY_S)
                continue
            break
        async with self._turn:
            self._ready = self._begun.is_set()
            if self._ready:
                self._recall(kept, last)

    def _recall(self, kept: Mapping[str, Entry], last: int) -> None:
        start = kept.get(self.position_key)
        written = (start.value if start is not None else None) or b""
        position = int(written) if written.isdigit() else 0
        if position > last:
            log.warning("the stream of events is younger than the %s: starting without state", self._rules.name)
            return
        self._position = position
        for key, entry in kept.items():
            place = key.removeprefix(self._key(""))
            found = _unpack(entry.value or b"", self._rules.memory) if place != key else None
            if found is not None:
                self._kept[place], self._memories[place] = found

    async def _pump(self, fresh: Fresh) -> None:
        while True:
            await self._begun.wait()
            await self._restore()
            if not self._ready:
                continue
            reader = await self._bus.reader("EVENTS", subject=self._rules.subjects, start_seq=self._position + 1)
            try:
                await self._read(reader, fresh)
            finally:
                await reader.close()

    async def _read(self, reader: Consumer, fresh: Fresh) -> None:
        """Take what comes, until it is somebody else's turn."""
        while self._ready:
            messages = await reader.fetch(FETCH_MAX, timeout_s=FETCH_S)
            await fresh()
            self._caught_up = self._ready and len(messages) < FETCH_MAX
            policies = self._rules.policies() if messages else {}
            for message in messages:
                async with self._turn:
                    if not self._ready:
                        return
                    await self._take(message, policies)
                    self._position = message.seq

    async def _take(self, message: Message, policies: Mapping[str, P]) -> None:
        INPUTS.labels("EVENTS").inc()
        try:
            event = inlet.event(message.subject, message.payload)
        except PoisonError as error:
            await bury(self._bus, "decide", message, error)
            return
        place = self._rules.place_of(event)
        if place is None or place not in policies or message.seq <= self._kept.get(place, 0):
            return
        try:
            await self._step(place, event, policies[place])
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            what = f"{self._rules.noun} {place}"
            log.exception("%s: the rules failed; its state is made anew", what)  # else one stops all
            self._memories.pop(place, None)
            await bury(self._bus, "decide", message, PoisonError(what, f"the rules failed: {error!r}"))

    async def _step(self, place: str, message: Event | Tick, policy: P) -> None:
        memory = self._memories.get(place) or self._rules.memory()
        self._memories[place], events = self._rules.step(memory, message, policy)
        if events or not isinstance(message, Tick):  # what time alone changes, it changes again
            self._dirty.add(place)
        for event in events:
            await publish_surely(self._bus, events_subject(event.camera, event.kind), encode(event), event.message_id)
            EVENTS.labels(event.kind).inc()

    async def _tick(self, fresh: Fresh) -> None:
        while True:
            await asyncio.sleep(self._tick_s)
            await fresh()
            async with self._turn:
                if self._caught_up and self._bus.connected:
                    await self._settle(Tick(now_us=time.time_ns() // 1000))

    async def _settle(self, tick: Tick) -> None:
        """Time goes on for every place; those that are no more are forgotten."""
        policies = self._rules.policies()
        for place in self._memories.keys() - policies.keys():
            del self._memories[place]
            self._dirty.add(place)
        for place in sorted(self._memories):
            await self._step(place, tick, policies[place])

    async def _keep(self, fresh: Fresh) -> None:
        while True:
            await asyncio.sleep(KEEP_S)
            await fresh()
            async with self._turn:
                if self._ready:
                    await self._snapshot()

    async def _snapshot(self) -> None:
        """Keep what changed, then the position: a place that did not change stands for all up to it."""
        bucket = self._bus.bucket("snapshots")
        try:
            for place in sorted(self._dirty):
                memory = self._memories.get(place)
                if memory is None:
                    await bucket.delete(self._key(place))
                    continue
                payload = _pack(self._position, memory)
                if len(payload) > BYTES_MAX:  # the stream holds a week of it
                    SNAPSHOTS_SHORTENED.inc()
                    log.error("%s %s: its state, %d bytes, can't be kept", self._rules.noun, place, len(payload))
                    continue
                await bucket.put(self._key(place), payload)
            await bucket.put(self.position_key, str(self._position).encode())
        except BusUnavailable as error:
            log.warning("%s: %s", self._rules.name, error)
            return
        self._dirty.clear()


def _pack(position: int, memory: Memory) -> bytes:
    return zlib.compress(encode(KeptPlace(position=position, memory=msgspec.Raw(encode(memory)))))


def _unpack(payload: bytes, kind: type[M]) -> tuple[int, M] | None:
    """A state of this schema, or None."""
    try:
        kept = decode(zlib.decompress(payload), KeptPlace)
        memory = decode(bytes(kept.memory), kind)
    except (zlib.error, msgspec.DecodeError, UnicodeDecodeError):
        return None
    return (kept.position, memory) if memory.schema == kind().schema else None

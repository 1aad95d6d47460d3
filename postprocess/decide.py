"""`decide`: detections and reads in, events out. Edge (broker, clock for ticks); the rules are in `rules`.

Rules
- Both streams are read in order, without acknowledgements: where reading goes on after a restart is written with the
  state itself, so that state and position can't part. Events behind the position are published before it moves.
- A restart repeats at most what came since the last snapshot, with the same ids and versions.
- Cameras fall into partitions; what is not this process's own is passed over. A partition that is taken over goes
  on from where its snapshot stands, for which both streams are read again from there.
- Ticks move a camera's time on when no frames come, so that events become final.
- When a function is switched off, what is open ends where it was last seen.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import time

from ingest.bus import Bucket, Bus, BusUnavailable, Consumer, Entry, Message
from ingest.contract import FrameReport, encode, events_subject
from ingest.process import Health
from postprocess import inlet
from postprocess.config import DecideSettings
from postprocess.contract import Event, Read
from postprocess.errors import PoisonError
from postprocess.functions.registry import Registry
from postprocess.grave import bury, publish_surely
from postprocess.metrics import GAPS, INPUT_AGE_SECONDS, INPUTS, NOTES, SNAPSHOT_BYTES, SNAPSHOTS_SHORTENED
from postprocess.partitions import partition_of
from postprocess.rules.scene import Output, Scene, Tick
from postprocess.second import Second
from postprocess.settings_watch import Active, SettingsWatch
from postprocess.shares import Shares
from postprocess.snapshot import (
    BYTES_MAX,
    Positions,
    key_of,
    pack,
    positions_key,
    unpack,
    unpack_positions,
)
from postprocess.tally import Tally

log = logging.getLogger(__name__)

STREAMS = ("DETECTIONS", "READS", "EVENTS", "DEAD")
BUCKETS = ("cameras", "functions", "regions", "vehicles", "people", "plans", "shares", "snapshots")
FETCH_MAX = 200
FETCH_S = 1.0
TICK_S = 0.5
QUIET_S = 1.0
SNAPSHOT_S_MAX = 2.0
AFTER_ALL_US = 24 * 3600 * 1_000_000
"""Longer than anything waits for."""

Place = tuple[str, str]
"""Function and camera."""
SECOND_PART = 0
"""Whoever holds this partition also does what is done once for all cameras."""


def _captured_us(message: FrameReport | Read | Tick) -> int | None:
    """Of the frame behind a message; None where time alone speaks."""
    match message:
        case FrameReport():
            return message.stamp.captured_at_us
        case Read():
            return message.captured_at_us
        case _:
            return None


class Decide:
    """All cameras of the partitions that this process holds; event loop only."""

    def __init__(
        self,
        bus: Bus,
        watch: SettingsWatch,
        functions: Registry,
        settings: DecideSettings,
        health: Health,
        *,
        second: Second | None = None,
    ) -> None:
        self._bus, self._watch, self._functions, self._second = bus, watch, functions, second
        self._settings, self._health = settings, health
        self._memories: dict[Place, Scene] = {}
        self._kept: dict[Place, Positions] = {}
        self._dirty: set[Place] = set()
        self._last: dict[Place, Active] = {}
        """By what the state was made; for its end when the function is switched off."""
        self._reached = {"DETECTIONS": 0, "READS": 0}
        """Sequence up to which each stream was read."""
        self._high: dict[int, Positions] = {}
        """Partition that is held → what of the streams it has taken, where that is beyond what was read."""
        self._begun = {name: asyncio.Event() for name in self._reached}
        self._again: set[str] = set()
        """Streams that have to be read anew from what is reached."""
        self._shares = Shares(
            bus, settings.name or socket.gethostname(), health, gained=self._gain, giving=self._give, lost=self._lose
        )
        self._fresh_s: dict[str, float] = {}
        self._caught_up = False
        self._tally = Tally()
        self._turn = asyncio.Lock()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop, then keep the state."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._watch.run())]
            await self._watch.ready()
            sharing = group.create_task(self._shares.run())
            tasks += [
                group.create_task(self._pump("DETECTIONS", "zool.detections.*")),
                group.create_task(self._pump("READS", "zool.reads.*")),
                group.create_task(self._tick()),
                group.create_task(self._keep_state()),
            ]
            if self._second is not None:
                tasks.append(group.create_task(self._second.run(self._shares.fresh)))
            self._health.started()
            await stop.wait()
            sharing.cancel()
            await asyncio.wait({sharing})
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(3.0), self._turn:
                    await self._snapshot()
                    if self._second is not None:
                        await self._second.end(keep=True)
                    await self._shares.leave()
            for task in tasks:
                task.cancel()

    # -- partitions

    async def _gain(self, parts: frozenset[int]) -> None:
        """Go on with these from where their snapshots stand."""
        if self._second is not None and SECOND_PART in parts:
            self._second.begin()
        kept, last = await self._standing()
        async with self._turn:
            self._high = {part: self._position(part) for part in self._high}
            known = set[int]()
            for part in parts:
                entry = kept.get(positions_key(part))
                positions = unpack_positions(entry.value or b"") if entry is not None else Positions()
                if positions.detections > last["DETECTIONS"] or positions.reads > last["READS"]:
                    log.warning(
                        "partition %d: the streams are younger than its snapshots: starting without state", part
                    )
                    self._high[part] = Positions()
                    continue
                self._high[part] = positions
                known.add(part)
            self._recall(known, kept)
            for name in self._reached:
                self._reached[name] = min(getattr(high, name.lower()) for high in self._high.values())
                self._begun[name].set()
                self._again.add(name)

    async def _standing(self) -> tuple[dict[str, Entry], dict[str, int]]:
        """All snapshots, and where the streams end; waits for the broker."""
        while True:
            try:
                kept = await self._bus.bucket("snapshots").all()
                return kept, {name: await self._bus.last_seq(name) for name in self._reached}
            except BusUnavailable as error:
                log.warning("snapshots: %s", error)
                await asyncio.sleep(QUIET_S)

    def _recall(self, parts: set[int], kept: dict[str, Entry]) -> None:
        for key, entry in kept.items():
            name, _, camera = key.partition(".")
            function = self._functions.get(name)
            if function is None or partition_of(camera) not in parts:
                continue
            found = unpack(function, entry.value or b"")
            if found is not None:
                self._kept[name, camera], self._memories[name, camera] = found
                self._fresh_s[camera] = time.monotonic()

    def _position(self, part: int) -> Positions:
        """What of the streams a partition has taken."""
        high = self._high[part]
        return Positions(
            detections=max(high.detections, self._reached["DETECTIONS"]), reads=max(high.reads, self._reached["READS"])
        )

    async def _give(self, parts: frozenset[int]) -> None:
        async with self._turn:
            await self._snapshot()
        if self._second is not None and SECOND_PART in parts:
            await self._second.end(keep=True)
        await self._lose(parts)

    async def _lose(self, parts: frozenset[int]) -> None:
        if self._second is not None and SECOND_PART in parts:
            await self._second.end(keep=False)
        async with self._turn:
            for part in parts:
                self._high.pop(part, None)
            for place in [place for place in self._memories if partition_of(place[1]) in parts]:
                del self._memories[place]
                self._kept.pop(place, None)
                self._last.pop(place, None)
                self._dirty.discard(place)

    # -- streams

    async def _pump(self, stream: str, subject: str) -> None:
        await self._begun[stream].wait()
        while True:
            self._again.discard(stream)
            reader: Consumer = await self._bus.reader(stream, subject=subject, start_seq=self._reached[stream] + 1)
            try:
                await self._read(stream, reader)
            finally:
                await reader.close()

    async def _read(self, stream: str, reader: Consumer) -> None:
        """Take what comes, until the stream has to be read anew."""
        first = True
        while stream not in self._again:
            messages = await reader.fetch(FETCH_MAX, timeout_s=FETCH_S)
            await self._shares.fresh()
            if stream == "DETECTIONS":
                self._caught_up = len(messages) < FETCH_MAX
            for message in messages:
                async with self._turn:
                    if stream in self._again:
                        return
                    expected, self._reached[stream] = self._reached[stream] + 1, message.seq
                    if message.seq > expected and not first:
                        GAPS.labels(stream).inc(message.seq - expected)
                        log.warning("%s: %d messages were gone before they were read", stream, message.seq - expected)
                    first = False
                    await self._take(stream, message)

    async def _take(self, stream: str, message: Message) -> None:
        high = self._high.get(partition_of(message.subject.rpartition(".")[2]))
        if high is None or message.seq <= getattr(high, stream.lower()):
            return
        INPUTS.labels(stream).inc()
        INPUT_AGE_SECONDS.labels(stream).set(max(0.0, time.time() - message.time_us / 1e6))
        try:
            known: FrameReport | Read
            if stream == "DETECTIONS":
                known = inlet.frame_report(message.subject, message.payload, message.time_us)
                camera, kept = known.stamp.camera, "detections"
            else:
                known = inlet.read(message.subject, message.payload, message.time_us)
                camera, kept = known.camera, "reads"
        except PoisonError as error:
            await bury(self._bus, "decide", message, error)
            return
        self._fresh_s[camera] = time.monotonic()
        failures = []
        for active in await self._functions_of(camera):
            place = (active.function.name, camera)
            if message.seq <= getattr(self._kept.get(place, Positions()), kept):
                continue
            try:
                await self._step(place, active, known)
            except PoisonError as error:
                failures.append(error)
        if failures:
            await bury(self._bus, "decide", message, failures[0])

    async def _functions_of(self, camera: str) -> list[Active]:
        """Those that are switched on; what others remember of the camera is brought to its end and forgotten."""
        active = self._watch.active.get(camera, {})
        for name in self._functions:
            place = (name, camera)
            if name not in active and (memory := self._memories.get(place)) is not None:
                if place in self._last:
                    with contextlib.suppress(PoisonError):
                        await self._step(place, self._last[place], Tick(now_us=memory.now_us + AFTER_ALL_US))
                self._memories.pop(place, None)
                self._last.pop(place, None)
                self._dirty.add(place)
        return list(active.values())

    async def _step(self, place: Place, active: Active, message: FrameReport | Read | Tick) -> None:
        memory = self._memories.get(place) or active.function.memory(camera=place[1])
        self._dirty.add(place)
        self._last[place] = active
        try:
            self._memories[place], outputs = active.function.step(memory, message, active.policy)
        except (
            ArithmeticError,
            AttributeError,
            LookupError,
            TypeError,
            ValueError,
        ) as error:  # else one message would stop all cameras
            log.exception("camera %s: the rules of %s failed; their state is made anew", place[1], place[0])
            self._memories.pop(place, None)
            what = f"camera {place[1]}, function {place[0]}"
            raise PoisonError(what, f"the rules failed: {error!r}") from error
        for output in outputs:
            await self._tell(output, _captured_us(message))

    async def _tell(self, output: Output, captured_us: int | None) -> None:
        if not isinstance(output, Event):
            NOTES.labels(output.kind).inc()
            return
        subject = events_subject(output.camera, output.kind)
        await publish_surely(self._bus, subject, encode(output), output.message_id)
        self._tally.published(output, captured_us=captured_us, now_us=time.time_ns() // 1000)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            await self._shares.fresh()
            self._caught_up = self._caught_up and self._bus.connected
            if not self._caught_up:  # an outage is no time in which nothing was seen
                self._fresh_s = dict.fromkeys((camera for _, camera in self._memories), time.monotonic())
                continue
            for camera in {camera for _, camera in self._memories}:
                async with self._turn:
                    await self._tick_camera(camera)

    async def _tick_camera(self, camera: str) -> None:
        now_s = time.monotonic()
        quiet_s = now_s - self._fresh_s.get(camera, now_s)
        if quiet_s < QUIET_S:
            return
        self._fresh_s[camera] = now_s
        for active in await self._functions_of(camera):
            place = (active.function.name, camera)
            memory = self._memories.get(place)
            if memory is not None and active.function.waits(memory):
                with contextlib.suppress(PoisonError):
                    await self._step(place, active, Tick(now_us=memory.now_us + round(quiet_s * 1e6)))

    async def _keep_state(self) -> None:
        while True:
            await asyncio.sleep(self._settings.snapshot_s)
            await self._shares.fresh()
            async with self._turn:
                await self._snapshot()

    async def _snapshot(self) -> None:
        """Keep what changed, then the positions: a camera that did not change stands for all up to them."""
        bucket = self._bus.bucket("snapshots")
        parts = {partition_of(camera) for _, camera in self._dirty} & set(self._high)
        try:
            async with asyncio.timeout(SNAPSHOT_S_MAX):  # all else waits for it
                largest = await self._put_memories(bucket)
                for part in sorted(parts):
                    await bucket.put(positions_key(part), encode(self._position(part)))
        except (BusUnavailable, TimeoutError) as error:
            log.warning("snapshot: %s", error or "no answer")
            return
        self._dirty.clear()
        SNAPSHOT_BYTES.set(largest)

    async def _put_memories(self, bucket: Bucket) -> int:
        """Write the states that changed; returns the size of the largest."""
        largest = 0
        for place in sorted(self._dirty):
            if partition_of(place[1]) not in self._high:
                continue
            positions, memory = self._position(partition_of(place[1])), self._memories.get(place)
            if memory is None:
                await bucket.delete(key_of(*place))
                continue
            payload, shortened = pack(self._functions[place[0]], positions, memory)
            largest = max(largest, len(payload))
            SNAPSHOTS_SHORTENED.inc(int(shortened))
            if len(payload) > BYTES_MAX:
                log.error("camera %s: the state of %s, %d bytes, can't be kept", place[1], place[0], len(payload))
                continue
            await bucket.put(key_of(*place), payload)
        return largest

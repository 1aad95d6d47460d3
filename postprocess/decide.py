"""`decide`: detections and reads in, events out. Edge (broker, clock for ticks); the rules are in `rules`.

Rules
- Both streams are read in order, without acknowledgements: where reading goes on after a restart is written with the
  state itself, so that state and position can't part. Events behind the position are published before it moves.
- A restart repeats at most what came since the last snapshot, with the same ids and versions.
- Ticks move a camera's time on when no frames come, so that events become final.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time

from ingest.bus import Bucket, Bus, BusUnavailable, Consumer, Message
from ingest.contract import FrameReport, encode, events_subject
from ingest.process import Health
from postprocess import inlet
from postprocess.config import DecideSettings
from postprocess.contract import Event, Read
from postprocess.errors import PoisonError
from postprocess.functions.registry import Registry
from postprocess.grave import bury, publish_surely
from postprocess.metrics import (
    EVENT_LAG_SECONDS,
    EVENTS,
    GAPS,
    INPUTS,
    NOTES,
    SNAPSHOT_BYTES,
    SNAPSHOTS_SHORTENED,
)
from postprocess.rules.scene import Output, Scene, Tick
from postprocess.settings_watch import Active, SettingsWatch
from postprocess.snapshot import (
    BYTES_MAX,
    POSITIONS_KEY,
    Positions,
    key_of,
    pack,
    unpack,
    unpack_positions,
)

log = logging.getLogger(__name__)

STREAMS = ("DETECTIONS", "READS", "EVENTS", "DEAD")
BUCKETS = ("cameras", "functions", "regions", "vehicles", "people", "plans", "snapshots")
FETCH_MAX = 200
FETCH_S = 1.0
TICK_S = 0.5
QUIET_S = 1.0
SNAPSHOT_S_MAX = 2.0
TOLD_MAX = 2000

Place = tuple[str, str]
"""Function and camera."""


class Decide:
    """One process for all cameras; event loop only."""

    def __init__(
        self, bus: Bus, watch: SettingsWatch, functions: Registry, settings: DecideSettings, health: Health
    ) -> None:
        self._bus, self._watch, self._functions = bus, watch, functions
        self._settings, self._health = settings, health
        self._memories: dict[Place, Scene] = {}
        self._kept: dict[Place, Positions] = {}
        self._dirty: set[Place] = set()
        self._taken = {"DETECTIONS": 0, "READS": 0}
        self._fresh_s: dict[str, float] = {}
        self._caught_up = False
        self._told: dict[str, None] = {}
        self._turn = asyncio.Lock()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop, then keep the state."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._watch.run())]
            await self._watch.ready()
            await self._restore()
            tasks += [
                group.create_task(self._pump("DETECTIONS", "zool.detections.*")),
                group.create_task(self._pump("READS", "zool.reads.*")),
                group.create_task(self._tick()),
                group.create_task(self._keep_state()),
            ]
            self._health.started()
            await stop.wait()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(3.0), self._turn:
                    await self._snapshot()
            for task in tasks:
                task.cancel()

    async def _restore(self) -> None:
        while True:
            try:
                kept = await self._bus.bucket("snapshots").all()
                last = {name: await self._bus.last_seq(name) for name in self._taken}
            except BusUnavailable as error:
                log.warning("snapshots: %s", error)
                await asyncio.sleep(QUIET_S)
                continue
            break
        start = kept.pop(POSITIONS_KEY, None)
        positions = unpack_positions(start.value or b"") if start is not None else Positions()
        if positions.detections > last["DETECTIONS"] or positions.reads > last["READS"]:
            log.warning("the streams are younger than the snapshots: starting without state")
            return
        self._taken = {"DETECTIONS": positions.detections, "READS": positions.reads}
        for key, entry in kept.items():
            function = self._functions.get(key.partition(".")[0])
            found = unpack(function, entry.value or b"") if function is not None else None
            if function is not None and found is not None:
                self._kept[function.name, found[1].camera], self._memories[function.name, found[1].camera] = found
                self._fresh_s[found[1].camera] = time.monotonic()

    async def _pump(self, stream: str, subject: str) -> None:
        reader: Consumer = await self._bus.reader(stream, subject=subject, start_seq=self._taken[stream] + 1)
        first = True
        while True:
            messages = await reader.fetch(FETCH_MAX, timeout_s=FETCH_S)
            if stream == "DETECTIONS":
                self._caught_up = len(messages) < FETCH_MAX
            for message in messages:
                async with self._turn:
                    expected, self._taken[stream] = self._taken[stream] + 1, message.seq
                    if message.seq > expected and not first:
                        GAPS.labels(stream).inc(message.seq - expected)
                        log.warning("%s: %d messages were gone before they were read", stream, message.seq - expected)
                    first = False
                    await self._take(stream, message)

    async def _take(self, stream: str, message: Message) -> None:
        INPUTS.labels(stream).inc()
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
        for active in self._functions_of(camera):
            place = (active.function.name, camera)
            if message.seq <= getattr(self._kept.get(place, Positions()), kept):
                continue
            try:
                await self._step(place, active, known)
            except PoisonError as error:
                failures.append(error)
        if failures:
            await bury(self._bus, "decide", message, failures[0])

    def _functions_of(self, camera: str) -> list[Active]:
        """Those that are switched on; what others remember of the camera is forgotten."""
        active = self._watch.active.get(camera, {})
        for place in [place for place in self._memories if place[1] == camera and place[0] not in active]:
            del self._memories[place]
            self._dirty.add(place)
        return list(active.values())

    async def _step(self, place: Place, active: Active, message: FrameReport | Read | Tick) -> None:
        memory = self._memories.get(place) or active.function.memory(camera=place[1])
        self._dirty.add(place)
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
            await self._tell(output)

    async def _tell(self, output: Output) -> None:
        if not isinstance(output, Event):
            NOTES.labels(output.kind).inc()
            return
        subject = events_subject(output.camera, output.kind)
        await publish_surely(self._bus, subject, encode(output), output.message_id)
        EVENTS.labels(output.kind).inc()
        if output.event_id not in self._told:
            self._told[output.event_id] = None
            if len(self._told) > TOLD_MAX:
                del self._told[next(iter(self._told))]
            EVENT_LAG_SECONDS.observe(max(0.0, time.time() - output.opened_at_us / 1e6))

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
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
        for active in self._functions_of(camera):
            place = (active.function.name, camera)
            memory = self._memories.get(place)
            if memory is not None and active.function.waits(memory):
                with contextlib.suppress(PoisonError):
                    await self._step(place, active, Tick(now_us=memory.now_us + round(quiet_s * 1e6)))

    async def _keep_state(self) -> None:
        while True:
            await asyncio.sleep(self._settings.snapshot_s)
            async with self._turn:
                await self._snapshot()

    async def _snapshot(self) -> None:
        """Keep what changed, then the positions: a camera that did not change stands for all up to them."""
        positions = Positions(detections=self._taken["DETECTIONS"], reads=self._taken["READS"])
        bucket = self._bus.bucket("snapshots")
        try:
            async with asyncio.timeout(SNAPSHOT_S_MAX):  # all else waits for it
                largest = await self._put_memories(bucket, positions)
                await bucket.put(POSITIONS_KEY, encode(positions))
        except (BusUnavailable, TimeoutError) as error:
            log.warning("snapshot: %s", error or "no answer")
            return
        self._dirty.clear()
        SNAPSHOT_BYTES.set(largest)

    async def _put_memories(self, bucket: Bucket, positions: Positions) -> int:
        """Write the states that changed; returns the size of the largest."""
        largest = 0
        for place in sorted(self._dirty):
            memory = self._memories.get(place)
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

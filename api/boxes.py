"""What cameras see just now: boxes of the newest looked-at frame, for whoever watches.

Edge (asyncio, NATS). Each client has a reader of its own, only while it watches. Frames are no events: of each camera
only the newest waits, so that memory is bounded by the number of cameras and a slow client sees less often, never late.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Sequence

import msgspec

from api.contract_work import BoxOut, SightOut
from api.errors import TooManyStreams
from api.link import Link, within
from api.metrics import GARBAGE, WALL_CLIENTS, WALL_FRAMES
from api.views import moment
from ingest.bus import Consumer
from ingest.contract import FrameReport, decode, detections_subject

STREAM = "DETECTIONS"
CAMERAS_MAX = 64
BOXES_MAX = 100
"""Of one frame; the surest are shown."""
FETCH_MAX = 64
FETCH_S = 0.2
"""A frame waits so long at most for others that come with it."""
SHOW_S_MIN = 0.1
"""Not more often, however fast cameras are looked at."""
BEAT_S = 10.0


def sight(report: FrameReport) -> SightOut:
    """A report for people."""
    surest = sorted(report.detections, key=lambda one: -one.confidence)[:BOXES_MAX]
    boxes = (
        BoxOut(box=one.box, label=one.label, track=one.track, confidence=round(one.confidence, 3)) for one in surest
    )
    return SightOut(camera=report.stamp.camera, at=moment(report.stamp.captured_at_us), boxes=tuple(boxes))


class Newest:
    """The newest frame of each camera that was not shown yet."""

    def __init__(self) -> None:
        self._waiting: dict[str, SightOut] = {}
        self.some = asyncio.Event()

    def put(self, shown: SightOut) -> bool:
        """Take the place of an older one; true where there was one."""
        passed_over = shown.camera in self._waiting
        self._waiting[shown.camera] = shown
        self.some.set()
        return passed_over

    def take(self) -> tuple[SightOut, ...]:
        """All that waits."""
        taken = tuple(self._waiting.values())
        self._waiting.clear()
        self.some.clear()
        return taken


class Boxes:
    """Hands out streams of boxes, up to a limit."""

    def __init__(self, link: Link, stop: asyncio.Event, *, clients_max: int) -> None:
        self._link, self._stop, self._clients_max = link, stop, clients_max
        self._clients = 0

    async def open(self, cameras: Sequence[str]) -> AsyncGenerator[tuple[SightOut, ...]]:
        """Frames as they come, none for a sign of life; raises `TooManyStreams`, `Unavailable`."""
        if self._clients >= self._clients_max:
            raise TooManyStreams(clients_max=self._clients_max, key="stream_clients_max")
        bus = self._link.bus()
        async with within():
            subjects = tuple(detections_subject(camera) for camera in cameras)
            reader = await bus.reader(STREAM, subject=subjects)
        return self._stream(reader)

    async def _stream(self, reader: Consumer) -> AsyncGenerator[tuple[SightOut, ...]]:
        self._clients += 1
        WALL_CLIENTS.set(self._clients)
        newest = Newest()
        reading = asyncio.create_task(_read(reader, newest))
        try:
            yield ()
            while not self._stop.is_set() and not reading.done():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(BEAT_S):
                        await newest.some.wait()
                taken = newest.take()
                WALL_FRAMES.labels("sent").inc(len(taken))
                yield taken
                await asyncio.sleep(SHOW_S_MIN)
        finally:
            self._clients -= 1
            WALL_CLIENTS.set(self._clients)
            reading.cancel()


async def _read(reader: Consumer, newest: Newest) -> None:
    try:
        while True:
            for message in await reader.fetch(FETCH_MAX, timeout_s=FETCH_S):
                try:
                    report = decode(message.payload, FrameReport)
                except (msgspec.DecodeError, UnicodeDecodeError):
                    GARBAGE.labels("report").inc()
                    continue
                if newest.put(sight(report)):
                    WALL_FRAMES.labels("passed_over").inc()
    finally:
        await reader.close()

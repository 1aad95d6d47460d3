"""Ingest's voice for an api without cameras: states, pictures, probes, reports and events, from a thread of its own."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Self

import cv2
import numpy as np

from ingest.bus import Bus
from ingest.contract import (
    PROBE_SUBJECT,
    CameraState,
    FrameReport,
    ProbeReply,
    ProbeRequest,
    SnapshotReply,
    dead_subject,
    decode,
    detections_subject,
    encode,
    events_subject,
    snapshot_subject,
    state_subject,
)
from postprocess.contract import Event
from tests.support.api import Site

STATES = (
    CameraState(camera="office", phase="lost", cause="refused", detail="10.0.0.7:554 refuses"),
    CameraState(camera="gate", phase="live", codec="h264", width=1280, height=720, fps=25.0),
)

STILL_US = 1_780_000_000_000_000
"""When every snapshot was taken."""


def jpeg(width: int, height: int) -> bytes:
    """A picture with some structure."""
    ramp = np.linspace(40, 200, width, dtype=np.uint8)
    picture = np.repeat(np.repeat(ramp[None, :, None], height, axis=0), 3, axis=2)
    found: bytes = cv2.imencode(".jpg", picture)[1].tobytes()
    return found


class Ingest:
    """States every quarter second, pictures and probes on request; reports in a loop where there are some."""

    def __init__(
        self,
        site: Site,
        states: Sequence[CameraState] = STATES,
        *,
        pictures: Mapping[str, Sequence[bytes]] | None = None,
        reports: Sequence[Sequence[FrameReport]] = (),
    ) -> None:
        self._site, self._states, self._reports = site, states, reports
        self._pictures = {camera: itertools.cycle(shown) for camera, shown in (pictures or {}).items()}
        self._loop = asyncio.new_event_loop()
        self._ready: Future[Bus] = Future()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=lambda: self._loop.run_until_complete(self._run()), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._bus = self._ready.result(20)
        return self

    def __exit__(self, *error: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)
        self._loop.close()

    async def _run(self) -> None:
        async with Bus.open(self._site.broker.settings, name="ingest") as bus:
            await bus.ensure_streams("DETECTIONS", "SHOTS", "READS", "EVENTS", "DEAD")
            await bus.serve(snapshot_subject("*"), self._snapshot)
            await bus.serve(PROBE_SUBJECT, self._probe)
            self._ready.set_result(bus)
            for turn in itertools.count():
                for state in self._states:
                    await bus.tell(state_subject(state.camera), encode(state))
                for shown in self._reports:
                    report = shown[turn % len(shown)]
                    await bus.tell(detections_subject(report.stamp.camera), encode(report))
                await asyncio.wait({asyncio.ensure_future(self._stop.wait())}, timeout=0.25)
                if self._stop.is_set():
                    return

    async def _snapshot(self, subject: str, _: bytes) -> bytes:
        camera = subject.rpartition(".")[2]
        shown = next(self._pictures[camera]) if camera in self._pictures else jpeg(1280, 720)
        return encode(SnapshotReply(jpeg=shown, captured_at_us=STILL_US, width=1280, height=720))

    async def _probe(self, _: str, asked: bytes) -> bytes:
        if decode(asked, ProbeRequest).url.endswith("/nobody"):
            return encode(ProbeReply(ok=False, cause="refused", detail="10.0.0.9:554 refuses"))
        return encode(ProbeReply(ok=True, codec="h264", width=1280, height=720, fps=25.0, jpeg=jpeg(1280, 720)))

    def publish(self, event: Event) -> None:
        """Write an event to the stream."""
        self.write(events_subject(event.camera, event.kind), encode(event), event.message_id)

    def serve(self, subject: str, answer: Callable[[str, bytes], Awaitable[bytes]]) -> None:
        """Answer what is asked on a subject."""
        asyncio.run_coroutine_threadsafe(self._bus.serve(subject, answer), self._loop).result(10)

    def bury(self, stage: str, letter: bytes, message_id: str) -> None:
        """Write a dead letter."""
        self.write(dead_subject(stage), letter, message_id)

    def read_slowly(self, stream: str, durable: str) -> None:
        """A reader that takes one message and never another: what waits behind it is shown."""

        async def read() -> None:
            consumer = await self._bus.consumer(stream, durable)
            await consumer.fetch(1, timeout_s=0.5)

        asyncio.run_coroutine_threadsafe(read(), self._loop).result(10)

    def write(self, subject: str, payload: bytes, message_id: str) -> None:
        """Write a message to a stream."""
        sent = self._bus.publish(subject, payload, message_id=message_id)
        asyncio.run_coroutine_threadsafe(sent, self._loop).result(10)

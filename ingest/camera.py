"""One camera, watched by one thread: open, decode, offer what is due, and begin again for ever. Edge: threads, time.

Rules
- Nothing that happens to a camera leaves its thread but figures; neighbours have threads of their own.
- Where a smaller stream is looked at, a second thread reads the main one for crops (`crops.py`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from ingest import clock
from ingest.checkup import Checkup
from ingest.config import IngestSettings
from ingest.contract import Camera, Cause, Phase
from ingest.crops import MainThread
from ingest.doze import Doze, DozePolicy
from ingest.ports import Frame, OpenStream, Start, Stream
from ingest.reconnect import Reconnecting
from ingest.slot import Slot, Tensors, Wish

RATE_WINDOW = 50
"""Frames over which the rate is measured."""


class CameraThread(Reconnecting):
    """Watches a camera until told to stop."""

    def __init__(
        self,
        camera: Camera,
        settings: IngestSettings,
        open_stream: OpenStream,
        *,
        wish: Wish,
        start: Start,
        ready: Callable[[], None],
        tensors: Tensors | None = None,
    ) -> None:
        """`ready` is called from the thread whenever a due frame lies in the slot or the camera's state has changed."""
        super().__init__(f"camera {camera.id}", f"{camera.id}.{start.epoch}", backoff_s_max=settings.backoff_s_max)
        self._camera, self._settings, self._open = camera, settings, open_stream
        self._ready = ready
        self.slot = Slot(threading.Lock(), wish, tensors)
        self.crops = MainThread(camera, settings, open_stream, start=start) if camera.analysis_url else None
        self._sampler = clock.Sampler(start.looked_us)
        self._rate: tuple[int, int] = (0, 0)
        self._stirred_us: int | None = None
        self._checkup = Checkup()

    def start(self) -> None:
        """Begin."""
        super().start()
        if self.crops is not None:
            self.crops.start()

    def begin(self, looked_us: int) -> None:
        """What was looked at up to here, by whoever watched before, is not due; called while nothing is."""
        self._sampler = clock.Sampler(looked_us)

    def stop(self) -> None:
        """Wish it to end; returns at once."""
        super().stop()
        if self.crops is not None:
            self.crops.stop()

    @property
    def _progress(self) -> int:
        return self.slot.figures.decoded

    def _ended(self) -> None:
        self.slot.newest = None
        self.slot.close()

    def _live(self) -> None:
        """One connection, from opening to its end."""
        settings = self._settings
        with self._open(
            self._camera.analysis_url or self._camera.url,
            transport=self._camera.transport,
            open_timeout_s=settings.open_timeout_s,
            stall_s=settings.stall_s,
        ) as stream:
            facts, figures = stream.facts, self.slot.figures
            figures.codec, figures.fps = facts.codec, facts.fps
            figures.width, figures.height = facts.width, facts.height
            self._rate = (0, 0)
            self._count("none")
            self._checkup.begin(time.time_ns() // 1000)
            doze = Doze(DozePolicy()) if settings.idle == "key_frames" else None
            for decoded in stream.frames() if doze is None else stream.frames(doze):
                if self._stop.is_set():
                    return
                sparse = doze is not None and doze.dozing
                if decoded is not None:
                    self._take(decoded, sparse=sparse)
                self._check(decoded, stream, sparse=sparse)
                if doze is not None:
                    self._rouse(doze, skipped=decoded is None)

    def _rouse(self, doze: Doze, *, skipped: bool) -> None:
        """Tell what keeps a camera awake."""
        slot, now_us = self.slot, time.time_ns() // 1000
        stirred_us = slot.stirred_us
        if slot.wanted or slot.restless or stirred_us is None or stirred_us != self._stirred_us:
            self._stirred_us, slot.wanted = stirred_us, False
            doze.moved(now_us)
        slot.figures.key_gap_us = doze.gap_us
        if doze.dozing:
            slot.figures.skipped += skipped
            self._rate = (0, 0)

    def _check(self, decoded: Frame | None, stream: Stream, *, sparse: bool) -> None:
        """Once a second: what its pictures are like."""
        settings, now_us = self.slot.wish.picture, time.time_ns() // 1000
        if settings is not None and self._checkup.step(decoded, stream.meter, settings, now_us, sparse=sparse):
            self.slot.figures.faults = self._checkup.faults
        elif settings is None:
            self.slot.figures.faults = {}

    def _take(self, decoded: Frame, *, sparse: bool = False) -> None:
        figures = self.slot.figures
        figures.decoded += 1
        if figures.phase != "live":
            self._say("live", "none", "")
        self._measure(decoded.arrival_us)
        captured_us, kind = clock.captured(decoded.arrival_us, decoded.wallclock_us, self._settings.clock_skew_s_max)
        self.slot.newest = (decoded, captured_us)
        wish = self.slot.wish
        if wish.geometry is None:
            return
        stamp_us = self._sampler.due(captured_us, wish.fps)
        if stamp_us is None:
            return
        if decoded.broken:
            figures.broken += 1
            return
        picture = decoded.picture()
        figures.width, figures.height = picture.width, picture.height
        if self.slot.offer(stamp_us, kind, picture, decoded.arrival_us, sparse=sparse):
            self._ready()

    def _measure(self, arrival_us: int) -> None:
        """Frames per second as they really come."""
        since_us, count = self._rate
        if not since_us:
            self._rate = (arrival_us, 0)
        elif count + 1 >= RATE_WINDOW:
            self.slot.figures.fps = round((count + 1) * 1e6 / max(1, arrival_us - since_us), 2)
            self._rate = (arrival_us, 0)
        else:
            self._rate = (since_us, count + 1)

    def _count(self, cause: Cause) -> None:
        attempts = self.slot.figures.attempts
        attempts[cause] = attempts.get(cause, 0) + 1

    def _say(self, phase: Phase, cause: Cause, detail: str) -> None:
        figures = self.slot.figures
        if figures.phase != phase:
            figures.since_us = time.time_ns() // 1000
        figures.phase, figures.cause, figures.detail = phase, cause, detail
        self._ready()

"""The main stream of a camera whose sub-stream is analysed: read, kept coded, decoded only for crops. Edge: threads.

Rules
- Its pictures cost nothing but their bytes until one is wanted; then its group is decoded up to it, in the pool.
- It is a help, not a need: while it is away, or has no picture of the moment, crops come from the analysed stream.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence

from ingest import clock
from ingest.config import IngestSettings
from ingest.contract import Camera, Cause, Phase
from ingest.errors import CameraError
from ingest.planes import Picture
from ingest.ports import Frame, OpenStream, Packet, Start, Stream
from ingest.recent import Kept, Recent, When, apart_us, near
from ingest.reconnect import Reconnecting


class MainThread(Reconnecting):
    """Reads the main stream until told to stop."""

    def __init__(self, camera: Camera, settings: IngestSettings, open_stream: OpenStream, *, start: Start) -> None:
        super().__init__(
            f"camera {camera.id}, main stream", f"{camera.id}.{start.epoch}.main", backoff_s_max=settings.backoff_s_max
        )
        self._camera, self._settings, self._open = camera, settings, open_stream
        self._guard, self._decoding = threading.Lock(), threading.Lock()
        self._recent = Recent()
        self._stream: Stream | None = None
        self._packets = 0
        self.size: tuple[int, int] | None = None
        """Width and height of its pictures, None while it is away."""
        self.detail = "connecting"
        """Why it is away, empty while it is there."""

    def reached(self, moment: When) -> bool:
        """Whether there is nothing to wait for: the moment has come in, or the stream is away."""
        with self._guard:
            return self.size is None or self._recent.reached(moment)

    def picture(self, moment: When) -> Picture | None:
        """The picture nearest to a moment, None where there is none near enough. Decodes: not on the event loop."""
        frames: Sequence[Frame] = ()
        with self._guard:
            run = self._recent.run_to(moment)
        with self._decoding, contextlib.suppress(CameraError):
            frames = self._stream.decode([kept.packet for kept in run]) if run and self._stream is not None else ()
        found = [(abs(apart_us(self._when(frame), moment)), number) for number, frame in enumerate(frames)]
        if not found:
            return None
        frame = frames[min(found)[1]]
        return frame.picture() if near(self._when(frame), moment) else None

    def _when(self, frame: Frame | Packet) -> When:
        skew_s_max = self._settings.clock_skew_s_max
        captured_us, kind = clock.captured(frame.arrival_us, frame.wallclock_us, skew_s_max)
        return When(captured_us=captured_us, clock=kind, arrival_us=frame.arrival_us)

    @property
    def _progress(self) -> int:
        return self._packets

    def _say(self, phase: Phase, cause: Cause, detail: str) -> None:
        self.detail = "" if phase == "live" else detail or cause

    def _live(self) -> None:
        settings = self._settings
        with self._open(
            self._camera.url,
            transport=self._camera.transport,
            open_timeout_s=settings.open_timeout_s,
            stall_s=settings.stall_s,
        ) as stream:
            try:
                self._stream = stream
                for packet in stream.packets():
                    if self._stop.is_set():
                        return
                    self._take(stream, packet)
            finally:
                with self._decoding, self._guard:
                    self._stream, self._recent, self.size = None, Recent(), None

    def _take(self, stream: Stream, packet: Packet) -> None:
        self._packets += 1
        with self._guard:
            self._recent.put(Kept(packet=packet, key=packet.key, size=packet.size, when=self._when(packet)))
        if self.size is None:
            self.size = (stream.facts.width, stream.facts.height)
            self._say("live", "none", "")

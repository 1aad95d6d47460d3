"""Once a second: what came over a camera's stream, and one picture of it, into its health. Pure: no I/O, no clock.

Rules
- It is asked at every packet, and does something once in `EVERY_US`; a second without a picture is a sample, too.
- A broken picture is not looked at: that it is broken is what is to be said of it.
"""

from __future__ import annotations

from collections.abc import Mapping

from ingest.config import PictureSettings
from ingest.contract import PictureFault
from ingest.damage import Meter
from ingest.health import Flow, Health
from ingest.health_picture import Eye
from ingest.ports import Frame

EVERY_US = 1_000_000
SPAN_US_MAX = 30_000_000
"""After a longer pause nothing is said of rates: the machine slept, or the stream was away."""


class Checkup:
    """State of one camera; it outlives connections."""

    def __init__(self) -> None:
        self._eye, self._health = Eye(), Health()
        self._at_us = 0
        self._pictures = self._broken = 0
        self._seen: Meter = Meter()
        self._skew_s: float | None = None

    @property
    def faults(self) -> Mapping[PictureFault, int]:
        """What is wrong, the first to be told first, and since when (µs)."""
        return self._health.faults

    def begin(self, now_us: int) -> None:
        """A connection was opened: its counters begin at zero."""
        self._health.lost()
        self._seen, self._at_us, self._pictures, self._broken = Meter(), now_us, 0, 0

    def step(
        self, frame: Frame | None, meter: Meter, settings: PictureSettings, now_us: int, *, sparse: bool = False
    ) -> bool:
        """Take what has just come (None = a packet without a picture); whether something was judged."""
        if frame is not None:
            self._pictures += 1
            self._broken += frame.broken
            if frame.wallclock_us is not None:
                self._skew_s = (frame.wallclock_us - frame.arrival_us) / 1e6
        span_us = now_us - self._at_us
        if span_us < EVERY_US:
            return False
        if span_us <= SPAN_US_MAX:
            self._judge(frame, meter, settings, now_us, sparse=sparse)
        self._at_us, self._pictures, self._broken = now_us, 0, 0
        self._seen = Meter(octets=meter.octets, missed=meter.missed, errors=meter.errors, waited_s=meter.waited_s)
        return True

    def _judge(
        self, frame: Frame | None, meter: Meter, settings: PictureSettings, now_us: int, *, sparse: bool
    ) -> None:
        span_s, seen = (now_us - self._at_us) / 1e6, self._seen
        flow = Flow(
            span_s=span_s,
            pictures=self._pictures,
            broken=self._broken,
            missed=meter.missed - seen.missed,
            errors=meter.errors - seen.errors,
            octets=meter.octets - seen.octets,
            busy=max(0.0, 1.0 - (meter.waited_s - seen.waited_s) / span_s),
            skew_s=self._skew_s,
            sparse=sparse,
        )
        sample = self._eye.look(frame.picture()) if frame is not None and not frame.broken else None
        if "moved" in self._health.step(sample, flow, settings, now_us):
            self._eye.forget()

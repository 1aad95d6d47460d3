"""The metrics of one camera, brought up to what its thread and its unit have counted. Edge: prometheus_client."""

from __future__ import annotations

import msgspec

from ingest import metrics
from ingest.contract import PictureFault
from ingest.slot import Figures


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """What a unit has counted by itself."""

    analysed: int
    tracks_live: int
    outbox_messages: int
    outbox_dropped: int
    phase: str


class Gauges:
    """What was told of a camera's counters so far; one per epoch."""

    def __init__(self, camera: str, *, outbox_dropped: int) -> None:
        self._camera = camera
        self._told: dict[str, int] = {"outbox": outbox_dropped}
        self._faults: set[PictureFault] = set()

    def tell(self, figures: Figures, counts: Counts) -> None:
        """Bring the metrics up to date."""
        name = self._camera
        metrics.FRAMES_DECODED.labels(name).inc(self._grown("decoded", figures.decoded))
        metrics.FRAMES_ANALYSED.labels(name).inc(self._grown("analysed", counts.analysed))
        metrics.FRAMES_GATED.labels(name).inc(self._grown("gated", figures.gated))
        metrics.FRAMES_SKIPPED.labels(name).inc(self._grown("skipped", figures.skipped))
        metrics.FRAMES_DROPPED.labels(name, "newest").inc(self._grown("newest", figures.dropped_newest))
        metrics.FRAMES_DROPPED.labels(name, "broken").inc(self._grown("broken", figures.broken))
        metrics.OUTBOX_DROPPED.labels(name).inc(self._grown("outbox", counts.outbox_dropped))
        for cause, count in list(figures.attempts.items()):
            metrics.CONNECTS.labels(name, cause).inc(self._grown(f"attempt.{cause}", count))
        metrics.CAMERA_LIVE.labels(name).set(figures.phase == "live")
        metrics.CAMERA_DEGRADED.labels(name).set(counts.phase == "degraded")
        self._faults |= figures.faults.keys()
        for fault in self._faults:
            metrics.PICTURE_FAULT.labels(name, fault).set(fault in figures.faults)
        metrics.TRACKS_LIVE.labels(name).set(counts.tracks_live)
        metrics.OUTBOX_MESSAGES.labels(name).set(counts.outbox_messages)

    def _grown(self, what: str, count: int) -> int:
        grown, self._told[what] = count - self._told.get(what, 0), count
        return grown

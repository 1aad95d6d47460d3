"""What the processes' own `/metrics` say, as benchmarks need it: by camera, by component, and as growth over a window.

Pure: texts come in.

Rules
- A counter that falls was started anew with its process, and counts from 0 again.
- A name that a process does not have is absent: it gives nothing, not 0 by invention.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence

import msgspec
from prometheus_client.parser import text_string_to_metric_families

DECODED = "zool_ingest_frames_decoded_total"
ANALYSED = "zool_ingest_frames_analysed_total"
GATED = "zool_ingest_frames_gated_total"
DROPPED = "zool_ingest_frames_dropped_total"
LAG = "zool_ingest_lag_seconds"
RATE_FACTOR = "zool_ingest_rate_factor"
INFERENCE = "zool_ingest_inference_seconds"
DECIDE_LAG = "zool_decide_lag_seconds"
NAMES = frozenset({DECODED, ANALYSED, GATED, DROPPED, LAG, RATE_FACTOR})
HISTOGRAMS = frozenset(f"{name}_{part}" for name in (INFERENCE, DECIDE_LAG) for part in ("sum", "count"))


class Scrape(msgspec.Struct, frozen=True, kw_only=True):
    """The texts of some components' faces at one time; who did not answer is left out."""

    at_s: float
    texts: Mapping[str, str]


class Faces(msgspec.Struct, frozen=True, kw_only=True):
    """A scrape, read: by name and camera ("" without one), labels else summed."""

    at_s: float
    values: Mapping[str, Mapping[str, float]]


def read(scrape: Scrape) -> Faces:
    """Read the names that benchmarks know."""
    values: dict[str, dict[str, float]] = {}
    for text in scrape.texts.values():
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name in NAMES or sample.name in HISTOGRAMS:
                    of = values.setdefault(sample.name, {})
                    camera = sample.labels.get("camera", "")
                    of[camera] = of.get(camera, 0.0) + sample.value
    return Faces(at_s=scrape.at_s, values=values)


def increase(values: Iterable[float]) -> float:
    """By how much a counter grew over its readings."""
    return sum(now - before if now >= before else now for before, now in itertools.pairwise(values))


def grown(faces: Sequence[Faces], name: str, camera: str = "") -> float | None:
    """By how much a counter of a camera grew; None where it was not there twice."""
    seen = [one.values[name][camera] for one in faces if camera in one.values.get(name, {})]
    return increase(seen) if len(seen) > 1 else None


def looks(faces: Sequence[Faces], camera: str) -> float:
    """Due frames of a camera that reached the gate or the detector: gated ones are not counted as analysed."""
    return sum(grown(faces, name, camera) or 0.0 for name in (ANALYSED, GATED))


def least(faces: Sequence[Faces], name: str) -> float | None:
    """The lowest that a gauge showed; None where it was never there."""
    return min((value for one in faces for value in one.values.get(name, {}).values()), default=None)


def span_s(faces: Sequence[Faces], name: str) -> float:
    """Between the first and the last time at which a name was there."""
    times = [one.at_s for one in faces if name in one.values]
    return times[-1] - times[0] if times else 0.0


def looks_per_s(faces: Sequence[Faces], cameras: Sequence[str]) -> float:
    """Looks a second and camera; 0 where nothing was told."""
    window_s = span_s(faces, ANALYSED)
    return sum(looks(faces, camera) for camera in cameras) / len(cameras) / window_s if window_s > 0 else 0.0


def mean_ms(faces: Sequence[Faces], histogram: str) -> float | None:
    """Mean of what a histogram of seconds took in over the window; None of nothing."""
    count = grown(faces, f"{histogram}_count")
    total_s = grown(faces, f"{histogram}_sum")
    return 1000.0 * total_s / count if count and total_s is not None else None

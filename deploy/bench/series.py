"""Figures out of rows of samples: slopes, percentiles of delays, what each component used.

Pure. Times are seconds from the beginning of the measured window; memory is in MB (1e6 bytes).

Rules
- A slope is a least-squares line through what was sampled after the warm-up: caches fill and pools grow before it.
- CPU is counted between neighbouring samples of one and the same head process: one that was started again begins at 0.
- Total memory leaves out the simulator, which stands for the cameras, and the benchmark itself.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from deploy.bench.usage import Usage

NOT_OURS = frozenset({"simulator", "bench"})
MB = 1e6
Points = Sequence[tuple[float, float]]


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """A component in a sample."""

    head: int
    usage: Usage


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """All components at one time."""

    at_s: float
    components: Mapping[str, Reading]


def slope_per_min(points: Points) -> float | None:
    """Rise a minute by least squares; None under two different times."""
    if len({at for at, _ in points}) < 2:
        return None
    mean_at = math.fsum(at for at, _ in points) / len(points)
    mean_value = math.fsum(value for _, value in points) / len(points)
    above = math.fsum((at - mean_at) * (value - mean_value) for at, value in points)
    below = math.fsum((at - mean_at) ** 2 for at, _ in points)
    return 60.0 * above / below


def part_slopes(points: Points, parts: int) -> list[float]:
    """Slopes of equally many neighbouring points each, where there are enough."""
    edges = [round(len(points) * part / parts) for part in range(parts + 1)]
    slopes = (slope_per_min(points[first:last]) for first, last in itertools.pairwise(edges))
    return [slope for slope in slopes if slope is not None]


def spread(values: Iterable[float]) -> list[float] | None:
    """Lowest and highest; None of nothing."""
    found = sorted(values)
    return [rounded(found[0]), rounded(found[-1])] if found else None


def percentile(values: Iterable[float], share: float) -> float | None:
    """Nearest rank; None of nothing."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else None


def mean(values: Sequence[float]) -> float | None:
    """None of nothing."""
    return math.fsum(values) / len(values) if values else None


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """p50, p95, p99, the highest and how many there were; only the count where there are none."""
    shares = {"p50": 0.50, "p95": 0.95, "p99": 0.99, "max": 1.0}
    found = {name: percentile(values, share) for name, share in shares.items()}
    return {name: rounded(value) for name, value in found.items() if value is not None} | {"count": len(values)}


def thirds(points: Points, length_s: float) -> list[list[float]]:
    """Values by the third of the window in which they lie."""
    found: list[list[float]] = [[], [], []]
    for at, value in points:
        if 0.0 <= at < length_s:
            found[int(3 * at / length_s)].append(value)
    return found


def total_rss(samples: Sequence[Sample], since_s: float = 0.0) -> list[tuple[float, float]]:
    """Memory of the whole system in MB over time."""
    return [
        (sample.at_s, sum(one.usage.rss_bytes for name, one in sample.components.items() if name not in NOT_OURS) / MB)
        for sample in samples
        if sample.at_s >= since_s
    ]


def cores(readings: Sequence[tuple[float, Reading]]) -> float | None:
    """Processors in use on average; None where no two samples follow each other."""
    used_s = span_s = 0.0
    for (before_s, before), (now_s, now) in itertools.pairwise(readings):
        if before.head == now.head:
            used_s += max(0.0, now.usage.cpu_s - before.usage.cpu_s)
            span_s += now_s - before_s
    return used_s / span_s if span_s else None


def component(name: str, samples: Sequence[Sample], warm_s: float) -> dict[str, Any]:
    """What a component used: memory after the warm-up, at the end and its slope; CPU; threads and open files."""
    readings = [(sample.at_s, sample.components[name]) for sample in samples if name in sample.components]
    rss = [(at, one.usage.rss_bytes / MB) for at, one in readings]
    warm = [point for point in rss if point[0] >= warm_s]
    if not readings:
        return {}
    first, last = readings[0][1].usage, readings[-1][1].usage
    return {
        "rss_warm_mb": rounded((warm or rss)[0][1]),
        "rss_end_mb": rounded(rss[-1][1]),
        "rss_mb_per_min": rounded(slope_per_min(warm)),
        "cpu_cores": rounded(cores(readings)),
        "threads": [first.threads, last.threads],
        "files": [first.files, last.files],
        "processes": last.processes,
        "restarts": len({one.head for _, one in readings}) - 1,
    }


def rounded(value: float | None) -> Any:
    """Three digits behind the point are more than such figures hold."""
    return None if value is None else round(value, 3)

"""From runs of requests to the figure of `zool bench triton`. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from deploy.bench import series
from deploy.bench.result import Result, ratio
from deploy.bench.triton_client import Run

TARGET_RATIO = 0.9


def rates(runs: Sequence[Run]) -> list[float]:
    """Images a second of each run."""
    return [one.images / one.seconds for one in runs]


def median(values: Sequence[float]) -> float:
    """Nearest rank, of one at least."""
    return series.percentile(values, 0.5) or 0.0


def row(runs: Sequence[Run]) -> dict[str, Any]:
    """A row of the table: medians over the repeats, and their spread."""
    each = rates(runs)
    took_ms = [ms for one in runs for ms in one.took_ms]
    images = sum(one.images for one in runs)
    return {
        "images_per_s": series.rounded(median(each)),
        "spread": [series.rounded(value) for value in series.spread(each) or ()],
        "request_p50_ms": series.rounded(series.percentile(took_ms, 0.5)),
        "request_p95_ms": series.rounded(series.percentile(took_ms, 0.95)),
        "client_cpu_ms": series.rounded(1000.0 * sum(one.client_cpu_s for one in runs) / images if images else None),
    }


def result(
    table: Mapping[str, Mapping[str, Any]], runs: Mapping[str, Sequence[Run]], raw: Sequence[float],
    conditions: dict[str, Any],
) -> Result:  # fmt: skip
    """The best row is the figure; the floor is the engine alone, as the median of its runs between ours."""
    best = max(table, key=lambda name: table[name]["images_per_s"])
    value, floor = median(rates(runs[best])), median(raw)
    return Result(
        name="triton",
        value=series.rounded(value),
        unit=f"images/s through the ensemble (best: {best} under way)",
        floor=series.rounded(floor),
        ratio=ratio(value, floor),
        target=series.rounded(TARGET_RATIO * floor),
        spread=series.spread(rates(runs[best])),
        conditions=conditions,
    )

"""What an hour of faults left behind in ingest: memory, handles, threads, regions. Pure.

Rules
- Memory is the proportional set size (PSS): pages that others share count by their share.
- Cameras that are lost hold no decoder, so memory moves with the faults. What stays is told two ways: by a line through
  all samples of the last third, and by stops, at which all faults are over and all cameras are well.
- A reconnect is measured apart: connections are cut in batches, with a stop behind each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from deploy.bench import series
from deploy.bench.result import Result
from deploy.bench.series import MB

GROWTH_MB_MAX = 2.0
"""Per camera, over the last third."""
RECONNECT_KB_MAX = 10.0
LAST_SHARE = 1 / 3


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """What the process holds at one time."""

    at_s: float
    pss_bytes: int
    handles: int
    threads: int
    regions: int
    connects: int
    """Times that a camera was opened so far."""


class Soaked(msgspec.Struct, frozen=True, kw_only=True):
    """A run."""

    cameras: int
    seconds: float
    samples: Sequence[Level]
    """All the time, while faults came and went."""
    stops: Sequence[Level]
    """Before the first fault, at the beginning of the last third, after the last fault."""
    batches: Sequence[Level]
    """Before the first cut and after each batch."""
    faults: Mapping[str, int]
    slow: int
    """Times that a camera did not come back in the time that was waited for it."""


def median(levels: Sequence[Level]) -> Level:
    """The middle of a few readings of one stop, figure by figure; raises `IndexError` for none."""
    names = [field.name for field in msgspec.structs.fields(Level)]
    ordered = {name: sorted(getattr(level, name) for level in levels) for name in names}
    return Level(**{name: values[len(values) // 2] for name, values in ordered.items()})


def result(soaked: Soaked, machine: Mapping[str, Any], load: Sequence[float]) -> Result:
    """The figure is the growth a camera over the last third, by the line through its samples."""
    last_s = soaked.seconds * LAST_SHARE
    since_s = soaked.samples[-1].at_s - last_s
    last = [(one.at_s, one.pss_bytes / MB) for one in soaked.samples if one.at_s >= since_s]
    grown = (series.slope_per_min(last) or 0.0) * last_s / 60 / soaked.cameras
    halves = [slope * last_s / 60 / soaked.cameras for slope in series.part_slopes(last, 2)]
    return Result(
        name="faults-soak",
        value=series.rounded(grown),
        unit=f"MB a camera over the last {last_s / 60:g} min",
        floor=0.0,
        ratio=None,
        target=GROWTH_MB_MAX,
        spread=series.spread(halves),
        conditions={
            "cameras": soaked.cameras, "seconds": soaked.seconds, "machine": machine, "load_average": list(load),
            "details": _details(soaked),
        },
    )  # fmt: skip


def reconnect_kb(batches: Sequence[Level]) -> float | None:
    """Growth a reconnect, by a line through the stops between the batches; None without any."""
    points = [(float(one.connects), one.pss_bytes / 1e3) for one in batches]
    slope = series.slope_per_min(points)
    return None if slope is None else series.rounded(slope / 60)


def _details(soaked: Soaked) -> dict[str, Any]:
    stops, batches, samples = soaked.stops, soaked.batches, soaked.samples
    return {
        "stops_mb": [series.rounded(one.pss_bytes / MB) for one in stops],
        "stops_mb_a_camera_last_third": series.rounded(
            (stops[-1].pss_bytes - stops[-2].pss_bytes) / MB / soaked.cameras
        ),
        "handles": [one.handles for one in stops],
        "threads": [one.threads for one in stops],
        "regions": [one.regions for one in stops],
        "most": {name: max(getattr(one, name) for one in samples) for name in ("handles", "threads", "regions")},
        "reconnects_in_soak": stops[-1].connects - stops[0].connects,
        "slow_to_come_back": soaked.slow,
        "reconnect_kb": reconnect_kb(batches),
        "reconnect_kb_max": RECONNECT_KB_MAX,
        "reconnects_cut": batches[-1].connects - batches[0].connects,
        "batches_mb": [series.rounded(one.pss_bytes / MB) for one in batches],
        "batches_handles": [one.handles for one in batches],
        "injected": dict(sorted(soaked.faults.items())),
        "each_minute_mb": [series.rounded(one.pss_bytes / MB) for one in samples[:: max(1, len(samples) // 60)]],
    }

"""From what was watched to a result. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from deploy.bench import fleet as fleets
from deploy.bench import series
from deploy.bench.fleet import Fleet
from deploy.bench.result import Result, ratio
from deploy.bench.rig import SAMPLE_S, Watched

WARM_UP_S_MAX = 60.0
LATENCY_TARGET_MS = 1000.0
GROWTH_TARGET_MB_PER_MIN = 1.0
"""What five minutes can tell from no growth: below it the slope is the noise of allocators."""


def latency(fleet: Fleet, watched: Watched, machine: Mapping[str, Any]) -> Result | None:
    """From the crossing, as the event has it, to the event's first version at a client of the stream; None of none."""
    points = fleets.delays(watched.record, watched.window_us)
    value = series.percentile((ms for _, ms in points), 0.5)
    if value is None:
        return None
    parts = [series.percentile(part, 0.5) for part in series.thirds(points, watched.window_s)]
    details = _seen(fleet, watched)
    floor = fleets.look_floor_ms(details["frames"]["analysed_fps"])
    return Result(
        name="latency",
        value=series.rounded(value),
        unit="ms (p50, crossing to SSE client)",
        floor=series.rounded(floor),
        ratio=ratio(value, floor),
        target=LATENCY_TARGET_MS,
        spread=series.spread(part for part in parts if part is not None),
        conditions=_conditions(fleet, watched, machine) | {"details": details},
    )


def soak(fleet: Fleet, watched: Watched, machine: Mapping[str, Any]) -> Result | None:
    """Growth of the whole system's memory after the warm-up; None where too little was sampled."""
    warm_s = min(WARM_UP_S_MAX, watched.window_s / 3)
    rss = series.total_rss(watched.samples, warm_s)
    value = series.slope_per_min(rss)
    if value is None:
        return None
    names = list(dict.fromkeys(name for sample in watched.samples for name in sample.components))
    details = _seen(fleet, watched) | {
        "rss_total_mb": [series.rounded(rss[0][1]), series.rounded(rss[-1][1])],
        "components": {name: series.component(name, watched.samples, warm_s) for name in names},
    }
    return Result(
        name="soak",
        value=series.rounded(value),
        unit="MB/min (growth of resident memory, all components)",
        floor=0.0,
        ratio=None,
        target=GROWTH_TARGET_MB_PER_MIN,
        spread=series.spread(series.part_slopes(rss, 2)),
        conditions=_conditions(fleet, watched, machine) | {"warm_up_s": series.rounded(warm_s), "details": details},
    )


def _conditions(fleet: Fleet, watched: Watched, machine: Mapping[str, Any]) -> dict[str, Any]:
    shown = watched.told[fleet.seats[0].camera]
    return {
        "cameras": len(fleet.seats),
        "clips": list(fleet.clips),
        "copies_in_step": fleet.copies,
        "stream": f"{shown.width}x{shown.height} {shown.fps:g} fps {shown.codec}",
        "window_s": round(watched.window_s, 1),
        "sample_s": SAMPLE_S,
        "all_live": watched.live,
        "live_after_s": round(watched.live_after_s, 1),
        "load_average": [round(load, 2) for load in watched.load],
        "machine": dict(machine),
    }


def _seen(fleet: Fleet, watched: Watched) -> dict[str, Any]:
    points = fleets.delays(watched.record, watched.window_us)
    first, _, last = series.thirds(points, watched.window_s)
    cameras = fleets.frames(watched.before, watched.after)
    due = fleets.moments(fleet.seats, watched.told, watched.window_us)
    return {
        "latency_ms": {
            "all": series.percentiles([ms for _, ms in points]),
            "first_third": series.percentiles(first),
            "last_third": series.percentiles(last),
        },
        "frames": fleets.frames_total(cameras, watched.window_s),
        "cameras": cameras,
        "events": watched.record.kinds(),
        "truth": fleets.against_truth(due, watched.record, watched.window_us),
        "blind": [msgspec.to_builtins(span) for span in watched.record.blind()],
    }

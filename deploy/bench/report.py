"""From what was watched to a result. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from deploy.bench import fleet as fleets
from deploy.bench import metrics, series
from deploy.bench.fleet import Fleet
from deploy.bench.glass import Glass
from deploy.bench.metrics import Faces
from deploy.bench.result import Result, ratio
from deploy.bench.rig import SAMPLE_S, Watched

WARM_UP_S_MAX = 60.0
LATENCY_TARGET_MS = 250.0
GROWTH_TARGET_MB_PER_MIN = 1.0
"""What five minutes can tell from no growth: below it the slope is the noise of allocators."""


def latency(fleet: Fleet, watched: Watched, glass: Glass, machine: Mapping[str, Any]) -> Result | None:
    """From the crossing, by the time code in the picture, to the event's first version at a client; None of none."""
    due = fleets.moments(fleet.seats, watched.told, watched.window_us)
    crossed = fleets.compared(due, watched.record, watched.window_us, crossings=True)
    points = fleets.glass_delays(crossed, watched.record, watched.window_us)
    late_ms = series.percentiles([ms for _, ms in points])
    if not points:
        return None
    parts = [series.percentile(part, 0.5) for part in series.thirds(points, watched.window_s)]
    faces = [metrics.read(one) for one in watched.scrapes]
    details = _seen(fleet, watched) | {
        "crossing_to_client_ms": late_ms,
        "stages": stages(faces, series.mean([ms for _, ms in points])),
        "time_code": msgspec.to_builtins(glass),
    }
    floor = fleets.look_floor_ms(metrics.looks_per_s(faces, [seat.camera for seat in fleet.seats]))
    return Result(
        name="latency",
        value=series.rounded(late_ms["p50"]),
        unit="ms (p50, crossing by the picture's time code to SSE client)",
        floor=series.rounded(floor),
        ratio=ratio(late_ms["p50"], floor),
        target=LATENCY_TARGET_MS,
        spread=series.spread(part for part in parts if part is not None),
        conditions=conditions(fleet, watched, machine) | {"details": details},
    )


def soak(fleet: Fleet, watched: Watched, machine: Mapping[str, Any]) -> Result | None:
    """Growth of the whole system's memory after the warm-up; None where too little was sampled."""
    warm_s = min(WARM_UP_S_MAX, watched.window_s / 3)
    rss = series.total_rss(watched.samples, warm_s)
    value = series.slope_per_min(rss)
    if value is None:
        return None
    details = _seen(fleet, watched) | {
        "rss_total_mb": [series.rounded(rss[0][1]), series.rounded(rss[-1][1])],
        "components": components(watched, warm_s),
    }
    return Result(
        name="soak",
        value=series.rounded(value),
        unit="MB/min (growth of resident memory, all components)",
        floor=0.0,
        ratio=None,
        target=GROWTH_TARGET_MB_PER_MIN,
        spread=series.spread(series.part_slopes(rss, 2)),
        conditions=conditions(fleet, watched, machine) | {"warm_up_s": series.rounded(warm_s), "details": details},
    )


def conditions(fleet: Fleet, watched: Watched, machine: Mapping[str, Any]) -> dict[str, Any]:
    """What the figures of a watched system depend on."""
    shown = watched.told[fleet.seats[0].camera]
    return {
        "cameras": len(fleet.seats),
        "clips": list(fleet.clips),
        "copies_in_step": fleet.copies,
        "stream": f"{shown.width}x{shown.height} {shown.fps:g} fps {shown.codec}",
        "window_s": round(watched.window_s, 1),
        "sample_s": SAMPLE_S,
        "motion_masks": "the time code",
        "all_live": watched.live,
        "live_after_s": round(watched.live_after_s, 1),
        "load_average": [round(load, 2) for load in watched.load],
        "machine": dict(machine),
    }


def components(watched: Watched, warm_s: float = 0.0) -> dict[str, dict[str, Any]]:
    """What every component used."""
    names = list(dict.fromkeys(name for sample in watched.samples for name in sample.components))
    return {name: series.component(name, watched.samples, warm_s) for name in names}


def stages(faces: Sequence[Faces], mean_ms: float | None) -> dict[str, Any]:
    """Where the time between a crossing and the client goes, as far as the stages' own metrics tell; ms.

    `picture_to_report` is the picture's stamp to its frame report, `detector` within it the request to Triton,
    `crossing_to_broker` the crossing to the event's first version (both waits for the next look included), and
    `broker_to_client` what is left of `mean_ms`, the mean from the crossing to the client.
    """
    lags_ms = [1000.0 * value for one in faces for value in one.values.get(metrics.LAG, {}).values()]
    broker_ms = metrics.mean_ms(faces, metrics.DECIDE_LAG)
    rest_ms = mean_ms - broker_ms if mean_ms is not None and broker_ms is not None else None
    return {
        "picture_to_report_ms": series.percentiles(lags_ms),
        "detector_mean_ms": series.rounded(metrics.mean_ms(faces, metrics.INFERENCE)),
        "crossing_to_broker_mean_ms": series.rounded(broker_ms),
        "crossing_to_client_mean_ms": series.rounded(mean_ms),
        "broker_to_client_about_ms": series.rounded(rest_ms),
    }


def _seen(fleet: Fleet, watched: Watched) -> dict[str, Any]:
    points = fleets.delays(watched.record, watched.window_us)
    first, _, last = series.thirds(points, watched.window_s)
    cameras = fleets.frames(watched.before, watched.after)
    due = fleets.moments(fleet.seats, watched.told, watched.window_us)
    return {
        "latency_ms": {  # from the crossing as the event itself has it
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

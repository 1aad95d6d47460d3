"""How many cameras hold: what is demanded of a window, what was found, and where to look next.

Pure.

Rules
- A window holds when *every* camera was looked at as often as asked, hardly anything due was dropped, events came in
  time and nearly all of the truth's came. A crossing in a span reported blind counts as missed here: the machine was
  too small for it, however honestly it said so.
- A window in which no crossing was due proves nothing and does not hold.
- Counters come once a second, so that a window's looks are uncertain by a second of looks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from deploy.bench import fleet as fleets
from deploy.bench import metrics, series
from deploy.bench.fleet import Seat, Window
from deploy.bench.metrics import Faces
from deploy.bench.series import Sample
from deploy.demo.record import Record
from deploy.demo.truth import Happening

CAMERAS_MAX = 64
TARGETS = {"typical": 30.0, "busy": 16.0}


class Demand(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of every window."""

    looks_per_s: float = 5.0
    looks_share_min: float = 0.97
    counters_late_s: float = 1.0
    dropped_ratio_max: float = 0.01
    latency_p95_ms_max: float = 1000.0
    events_ratio_min: float = 0.95

    def looks_min(self, window_s: float) -> float:
        """Looks a second that a camera needs in a window of this length."""
        return self.looks_per_s * max(0.0, self.looks_share_min - self.counters_late_s / window_s)


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What a window gave; `reasons` are why it does not hold."""

    cameras: int
    window_s: float
    looks_per_s: float
    looks_per_s_worst: float
    gated_ratio: float | None
    """Of the looks; None where ingest has no gate."""
    rate_factor_least: float | None
    """How far ingest lowered the rate of all cameras because the machine was too slow; 1 = not at all."""
    dropped_ratio: float
    latency_ms: Mapping[str, float]
    """From the crossing, as the time code in the picture has it, to the client."""
    latency_mean_ms: float | None
    expected: int
    matched: int
    blind: int
    extra: int
    plates: int
    reasons: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.reasons

    @property
    def events_ratio(self) -> float:
        """Of the crossings that were due, blind or not."""
        due = self.expected + self.blind
        return self.matched / due if due else 0.0


def found(
    seats: Sequence[Seat], due: Sequence[Happening], record: Record, window_us: Window, *, faces: Sequence[Faces],
    demand: Demand,
) -> Found:  # fmt: skip
    """What a window gave, and whether it holds."""
    window_s = metrics.span_s(faces, metrics.ANALYSED)
    each = [metrics.looks(faces, seat.camera) / window_s if window_s > 0 else 0.0 for seat in seats]
    looked = sum(metrics.looks(faces, seat.camera) for seat in seats)
    gated = [metrics.grown(faces, metrics.GATED, seat.camera) for seat in seats]
    dropped = sum(metrics.grown(faces, metrics.DROPPED, seat.camera) or 0.0 for seat in seats)
    whole, crossed = (fleets.compared(due, record, window_us, crossings=bare) for bare in (False, True))
    late_ms = [ms for _, ms in fleets.glass_delays(crossed, record, window_us)]
    one = Found(
        cameras=len(seats),
        window_s=window_s,
        looks_per_s=sum(each) / len(each),
        looks_per_s_worst=min(each),
        gated_ratio=sum(value or 0.0 for value in gated) / looked if looked and None not in gated else None,
        rate_factor_least=metrics.least(faces, metrics.RATE_FACTOR),
        dropped_ratio=dropped / (looked + dropped) if looked + dropped else 0.0,
        latency_ms=series.percentiles(late_ms),
        latency_mean_ms=series.mean(late_ms),
        expected=crossed.expected,
        matched=len(crossed.matched),
        blind=len(crossed.excluded),
        extra=len(crossed.extra),
        plates=len(whole.matched),
    )
    return msgspec.structs.replace(one, reasons=tuple(_against(one, demand)))


def _against(one: Found, demand: Demand) -> list[str]:
    reasons = []
    looks_min = demand.looks_min(one.window_s) if one.window_s > 0 else demand.looks_per_s
    if one.looks_per_s_worst < looks_min:
        reasons.append(f"a camera had {one.looks_per_s_worst:.2f} looks a second, under {looks_min:.2f}")
    if one.dropped_ratio >= demand.dropped_ratio_max:
        reasons.append(f"{one.dropped_ratio:.1%} of the due frames were dropped")
    if not one.expected + one.blind:
        return [*reasons, "no crossing was due: measure longer"]
    if one.events_ratio < demand.events_ratio_min:
        reasons.append(f"{one.matched} of {one.expected + one.blind} crossings were reported")
    if one.latency_ms.get("p95", 0.0) >= demand.latency_p95_ms_max:
        reasons.append(f"p95 from crossing to client was {one.latency_ms['p95']:.0f} ms")
    return reasons


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """Bisection: the most that held and the fewest that did not, so far."""

    held: int = 0
    failed: int = CAMERAS_MAX + 1

    def next(self) -> int | None:
        """How many to try; None when the number is found."""
        return (self.held + self.failed) // 2 if self.failed - self.held > 1 else None

    def after(self, cameras: int, *, holds: bool) -> Search:
        """What is known after a window of so many."""
        if holds:
            return Search(held=max(self.held, cameras), failed=self.failed)
        return Search(held=min(self.held, cameras - 1), failed=min(self.failed, cameras))


def step_down(cameras: int) -> int:
    """What is confirmed next where a longer window did not hold: a sixteenth less, 1 at least; 0 = nothing is left."""
    return cameras - max(1, cameras // 16)


def budget(samples: Sequence[Sample], cameras: int) -> dict[str, dict[str, float]]:
    """Processor time by component: core-milliseconds per second and camera, and cores in all; the sum is of ours."""
    names = list(dict.fromkeys(name for sample in samples for name in sample.components))
    table: dict[str, dict[str, float]] = {}
    for name in names:
        cores = series.cores([(one.at_s, one.components[name]) for one in samples if name in one.components])
        if cores is not None:
            table[name] = {"core_ms_per_s_camera": series.rounded(1000.0 * cores / cameras), "cores": cores}
    ours = sum(row["cores"] for name, row in table.items() if name not in series.NOT_OURS)
    whole = sum(row["cores"] for name, row in table.items() if name != "bench")
    for name, cores in (("sum of ours", ours), ("with simulator", whole)):
        table[name] = {"core_ms_per_s_camera": series.rounded(1000.0 * cores / cameras), "cores": cores}
    return {name: {key: series.rounded(value) for key, value in row.items()} for name, row in table.items()}


def rss_mb_per_camera(base: Sample, last: Sample, cameras: int) -> float:
    """Memory of all components beyond what they had without a camera, in MB by camera."""
    (_, without), (_, within) = series.total_rss((base, last))
    return float(series.rounded((within - without) / cameras))


def shown(one: Found) -> dict[str, Any]:
    """A window as it is printed."""
    plain: dict[str, Any] = msgspec.to_builtins(one)
    plain = {key: series.rounded(value) if isinstance(value, float) else value for key, value in plain.items()}
    return plain | {"holds": one.holds, "events_ratio": series.rounded(one.events_ratio)}


def line(one: Found) -> str:
    """A window as its progress is told."""
    said = "holds" if one.holds else "does not hold: " + "; ".join(one.reasons)
    return (
        f"  {one.cameras:>3} cameras  {one.looks_per_s:.2f} looks/s  {one.dropped_ratio:.1%} dropped  "
        f"p95 {one.latency_ms.get('p95', 0.0):.0f} ms  {one.matched}/{one.expected + one.blind} crossings  {said}"
    )

"""What must have happened on the demo site, and what was said to have happened.

Pure: no I/O, no clock; wall times are microseconds since 1970.

Rules
- A clip loops: its moment `at_s` happens at `started_at + n * duration_s + at_s` for every n ≥ 0.
- An event matches a moment of the same camera, kind, direction and exact plate within `TOLERANCE_US`; one to one.
- A moment inside a span in which its camera was reported blind, or nearer to one than a look takes, is set aside, not
  counted as missed.
- Only kinds that the truth speaks of can be extra.
"""

from __future__ import annotations

import bisect
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec

TOLERANCE_US = 1_000_000
RIM_US = 250_000
"""A look every 200 ms, and a foot is no wheel: a crossing so near to a span was seen on one side only."""
MATCHED_MIN = 0.95
EXTRA_MAX = 0.05


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """One event of a clip's truth."""

    kind: str
    at_s: float
    plate: str = ""


class Directions(msgspec.Struct, frozen=True, kw_only=True):
    """What crossing a line forward means."""

    forward: str = "vehicle_entry"


class TruthLine(msgspec.Struct, frozen=True, kw_only=True, rename={"a": "from", "b": "to"}):
    """A line of the scene: a→b, and which way of crossing is an entry."""

    id: str
    a: tuple[float, float]
    b: tuple[float, float]
    directions: Directions = Directions()

    @property
    def entry(self) -> str:
        """The way of crossing that is an entry."""
        return "forward" if self.directions.forward == "vehicle_entry" else "backward"


class Truth(msgspec.Struct, frozen=True, kw_only=True):
    """The truth of one clip, as its JSON says it (further fields are for people and training)."""

    camera: str
    duration_s: float
    title: str = ""
    lines: tuple[TruthLine, ...] = ()
    events: tuple[Moment, ...] = ()


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """When a camera's clip began."""

    started_at_s: float
    duration_s: float


class Happening(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """Something at a camera: expected, or said."""

    at_us: int
    camera: str
    kind: str
    plate: str = ""
    event_id: str = ""


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """A camera was not looked at."""

    camera: str
    from_us: int
    to_us: int
    cause: str = ""


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Truth and events side by side."""

    expected: int
    matched: tuple[tuple[Happening, Happening], ...]
    missed: tuple[Happening, ...]
    extra: tuple[Happening, ...]
    excluded: tuple[Happening, ...]

    @property
    def matched_ratio(self) -> float:
        """Of the expected; 0 where nothing was expected."""
        return len(self.matched) / self.expected if self.expected else 0.0

    @property
    def extra_ratio(self) -> float:
        """Of the expected."""
        return len(self.extra) / self.expected if self.expected else float(bool(self.extra))

    @property
    def good(self) -> bool:
        """What `zool demo` promises."""
        return self.matched_ratio >= MATCHED_MIN and self.extra_ratio < EXTRA_MAX


def expected(truth: Truth, schedule: Schedule, since_us: int, until_us: int) -> list[Happening]:
    """The moments of a camera in [since, until), in order of time."""
    found = []
    for moment in truth.events:
        first = math.ceil(((since_us / 1e6) - schedule.started_at_s - moment.at_s) / schedule.duration_s)
        loop = max(0, first)
        while (at_us := round((schedule.started_at_s + loop * schedule.duration_s + moment.at_s) * 1e6)) < until_us:
            if at_us >= since_us:
                found.append(Happening(at_us=at_us, camera=truth.camera, kind=moment.kind, plate=moment.plate))
            loop += 1
    return sorted(found)


def compare(
    truth: Sequence[Happening],
    said: Sequence[Happening],
    *,
    blind: Iterable[Span] = (),
    window_us: tuple[int, int],
) -> Comparison:
    """Match one to one, as many as can be. `said` may reach over the window: only what lies inside can be extra."""
    spans = list(blind)
    free = defaultdict(list)
    for one in sorted(said):
        free[_key(one)].append(one)
    matched: list[tuple[Happening, Happening]] = []
    missed: list[Happening] = []
    excluded: list[Happening] = []
    for moment in sorted(truth):
        event = _take_first(free[_key(moment)], moment.at_us)
        if event is not None:
            matched.append((moment, event))
        elif any(s.camera == moment.camera and s.from_us - RIM_US <= moment.at_us <= s.to_us + RIM_US for s in spans):
            excluded.append(moment)
        else:
            missed.append(moment)
    kinds = {(m.camera, m.kind) for m in truth}
    since, until = window_us
    extra = [
        left
        for events in free.values()
        for left in events
        if since + TOLERANCE_US <= left.at_us < until - TOLERANCE_US and (left.camera, left.kind) in kinds
    ]
    return Comparison(
        expected=len(matched) + len(missed),
        matched=tuple(matched),
        missed=tuple(missed),
        extra=tuple(sorted(extra)),
        excluded=tuple(excluded),
    )


def bare(happenings: Iterable[Happening]) -> list[Happening]:
    """The crossings alone, whatever was read."""
    return [msgspec.structs.replace(one, plate="") for one in happenings]


def _key(event: Happening) -> tuple[str, str, str]:
    return event.camera, event.kind, event.plate


def _take_first(events: list[Happening], at_us: int) -> Happening | None:
    """Remove and give the earliest event within the tolerance of a time.

    Moments come in order of time and all have the same tolerance, so that this matches as many as can be matched; the
    nearest one would not: under a constant delay it may be that of the next moment.
    """
    place = bisect.bisect_left(events, at_us - TOLERANCE_US, key=lambda event: event.at_us)
    if place == len(events) or events[place].at_us > at_us + TOLERANCE_US:
        return None
    return events.pop(place)


def percentiles_ms(latencies_us: Sequence[int]) -> dict[str, float]:
    """p50, p95 and p99 (nearest rank) in milliseconds; empty where there are none."""
    ordered = sorted(latencies_us)
    if not ordered:
        return {}
    ranks = {"p50": 0.50, "p95": 0.95, "p99": 0.99}
    return {name: round(ordered[max(0, math.ceil(q * len(ordered)) - 1)] / 1000, 1) for name, q in ranks.items()}

"""What a kill -9 under load cost: how long until the looks were back, what was reported blind, what memory was left.

Pure.

Rules
- Rates are back at the end of the first `RATE_S` in which all cameras together had `BACK_SHARE_MIN` of the looks they
  should have. Counters come once a second, so that this is a second or two late rather than early.
- A camera is expected to say that it was blind: whoever did not is named.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from deploy.bench import metrics, series
from deploy.bench.fleet import Seat
from deploy.bench.metrics import Faces
from deploy.demo.truth import Span

RATE_S = 3.0
BACK_SHARE_MIN = 0.9
LAST_LOOK_US = 1_000_000
TARGET_S = 15.0
"""A server starts, loads its networks, and cameras are opened anew."""


class Kill(msgspec.Struct, frozen=True, kw_only=True):
    """A component, killed: when (s into the window, and Unix µs), and its regions in /dev/shm before."""

    component: str
    at_s: float
    at_us: int
    pid: int


def times_s(victims: Sequence[str], window_s: float) -> list[tuple[float, str]]:
    """When each is killed: evenly over the window, with room to recover behind the last one."""
    return [(window_s * (number + 1) / (len(victims) + 1.5), name) for number, name in enumerate(victims)]


def back_after_s(faces: Sequence[Faces], cameras: Sequence[str], at_s: float, looks_per_s: float) -> float | None:
    """Seconds from a kill until the looks were back; None where they were not by the last of the faces."""
    wanted = BACK_SHARE_MIN * looks_per_s * len(cameras)
    for end in range(len(faces)):
        part = [
            one for one in faces[: end + 1] if one.at_s >= faces[end].at_s - RATE_S and metrics.ANALYSED in one.values
        ]
        span_s = metrics.span_s(part, metrics.ANALYSED)
        if not part or part[0].at_s <= at_s or span_s < RATE_S / 2:
            continue
        if sum(metrics.looks(part, camera) for camera in cameras) / span_s >= wanted:
            return faces[end].at_s - at_s
    return None


def told(
    kill: Kill,
    seats: Sequence[Seat],
    faces: Sequence[Faces],
    blind: Sequence[Span],
    *,
    looks_per_s: float,
    until_us: int,
) -> dict[str, Any]:
    """What is printed of a kill; spans are those that reach into the time from it to `until_us`."""
    since_us = kill.at_us - LAST_LOOK_US  # a span begins with the last look before it, and one that is open has no end
    spans = [span for span in blind if span.to_us >= since_us and span.from_us < until_us]
    said = {span.camera for span in spans}
    lengths_s = [(span.to_us - span.from_us) / 1e6 for span in spans]
    cameras = [seat.camera for seat in seats]
    until_s = kill.at_s + (until_us - kill.at_us) / 1e6  # the next kill, or the end
    faces = [one for one in faces if one.at_s <= until_s]
    return {
        "component": kill.component,
        "at_s": series.rounded(kill.at_s),
        "next_after_s": series.rounded(until_s - kill.at_s),
        "back_after_s": series.rounded(back_after_s(faces, cameras, kill.at_s, looks_per_s)),
        "blind_cameras": len(said),
        "blind_s": series.percentiles(lengths_s),
        "causes": sorted({span.cause for span in spans}),
        "cameras_that_said_nothing": [camera for camera in cameras if camera not in said],
    }

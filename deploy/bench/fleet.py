"""Which cameras a benchmark has, what must happen at them, and what was heard of them.

Pure.

Rules
- Clips with a line are used where there are any: without one no event comes.
- Cameras go round the clips, so that the traffic is mixed. Copies of one clip run in step to a part of a picture's
  time: their crossings come as bursts, which is harder for the system than as many independent cameras.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from deploy.bench.series import percentiles, rounded
from deploy.demo.record import Record
from deploy.demo.truth import Comparison, Happening, Schedule, Truth, bare, compare, expected
from deploy.simulate.command import Announcement

Window = tuple[int, int]


class Seat(msgspec.Struct, frozen=True, kw_only=True):
    """A camera and the truth of the clip it shows."""

    camera: str
    clip: str
    truth: Truth


class Fleet(msgspec.Struct, frozen=True, kw_only=True):
    """All cameras; every clip is served `copies` times."""

    seats: tuple[Seat, ...]
    clips: tuple[str, ...]
    copies: int


def fleet(site: Mapping[str, Truth], count: int, *, crossings: bool = True) -> Fleet | None:
    """`count` cameras over the clips that have a line; None where there is no such clip.

    Where no `crossings` are needed and no clip has a line, all clips are used.
    """
    usable = sorted(name for name, truth in site.items() if truth.lines)
    if not usable and not crossings:
        usable = sorted(site)
    if not usable:
        return None
    clips = tuple(usable[:count])
    copies = math.ceil(count / len(clips))
    names = [(clip, clip if copies == 1 else f"{clip}-{copy}") for copy in range(1, copies + 1) for clip in clips]
    seats = tuple(
        Seat(camera=camera, clip=clip, truth=msgspec.structs.replace(site[clip], camera=camera))
        for clip, camera in names[:count]
    )
    return Fleet(seats=seats, clips=clips, copies=copies)


def moments(seats: Sequence[Seat], told: Mapping[str, Announcement], window_us: Window) -> list[Happening]:
    """What must happen within the window."""
    return [
        moment
        for seat in seats
        for moment in expected(
            seat.truth,
            Schedule(started_at_s=told[seat.camera].started_at, duration_s=told[seat.camera].duration_s),
            *window_us,
        )
    ]


def delays(record: Record, window_us: Window) -> list[tuple[float, float]]:
    """When (s into the window) a vehicle crossed, and how long (ms) until this client had the event."""
    since_us, until_us = window_us
    return [
        ((one.at_us - since_us) / 1e6, record.latency_us(one.event_id) / 1e3)
        for one in sorted(record.happenings())
        if one.kind.startswith("vehicle_") and since_us <= one.at_us < until_us
    ]


def against_truth(due: Sequence[Happening], record: Record, window_us: Window) -> dict[str, Any]:
    """The events beside the truth: with exact plates, and the crossings alone."""
    whole, crossings = compared(due, record, window_us), compared(due, record, window_us, crossings=True)
    errors_ms = [abs(event.at_us - moment.at_us) / 1e3 for moment, event in crossings.matched]
    return _counts(whole) | {"crossings": _counts(crossings), "crossing_error_ms": percentiles(errors_ms)}


def glass_delays(crossings: Comparison, record: Record, window_us: Window) -> list[tuple[float, float]]:
    """When (s into the window) a vehicle crossed by the picture's time code, and how long (ms) until the client."""
    return [
        ((moment.at_us - window_us[0]) / 1e6, (record.heard_us[event.event_id] - moment.at_us) / 1e3)
        for moment, event in crossings.matched
    ]


def compared(due: Sequence[Happening], record: Record, window_us: Window, *, crossings: bool = False) -> Comparison:
    """What was said beside what was due; `crossings`: whatever was read."""
    said = record.happenings()
    if crossings:
        due, said = bare(due), bare(said)
    return compare(due, said, blind=record.blind(), window_us=window_us)


def frames(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """Frames decoded, analysed and dropped per camera between two states."""
    keys = {"decoded": "frames_decoded", "analysed": "frames_analysed", "dropped": "frames_dropped"}
    return {
        camera: {short: int(state.get(key, 0)) - int(before.get(camera, {}).get(key, 0)) for short, key in keys.items()}
        for camera, state in after.items()
    }


def frames_total(cameras: Mapping[str, Mapping[str, int]], window_s: float) -> dict[str, float]:
    """Sums over the cameras, and frames a second and camera."""
    sums = {key: sum(one[key] for one in cameras.values()) for key in ("decoded", "analysed", "dropped")}
    per_s = 1 / (window_s * len(cameras)) if cameras and window_s > 0 else 0.0
    return {
        **sums,
        "decoded_fps": rounded(sums["decoded"] * per_s),
        "analysed_fps": rounded(sums["analysed"] * per_s),
    }


def look_floor_ms(analysed_fps: float) -> float | None:
    """No event can be quicker on average: a crossing lies, in the mean, half an interval before the next look."""
    return 500.0 / analysed_fps if analysed_fps > 0 else None


def _counts(found: Comparison) -> dict[str, int]:
    return {
        "expected": found.expected,
        "matched": len(found.matched),
        "missed": len(found.missed),
        "extra": len(found.extra),
        "excluded_as_blind": len(found.excluded),
    }

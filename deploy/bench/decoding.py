"""What decoding costs, from rows of processor time; pure."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from typing import Any

import msgspec

from deploy.bench import series
from deploy.bench.result import ratio


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """Core-milliseconds per second and camera, in the whole window and in its parts; frames a second and camera."""

    core_ms_per_s: float
    parts: tuple[float, ...]
    fps: float


def cost(points: Sequence[tuple[float, float]], cameras: int, frames_per_s: float) -> Cost:
    """Of rows (time, processor seconds used until then), both in s; at least two."""
    parts = tuple(
        1000.0 * (used - used_before) / (at - before) / cameras
        for (before, used_before), (at, used) in itertools.pairwise(points)
        if at > before
    )
    (first, used_first), (last, used_last) = points[0], points[-1]
    return Cost(
        core_ms_per_s=1000.0 * (used_last - used_first) / (last - first) / cameras,
        parts=parts,
        fps=frames_per_s / cameras,
    )


def frames_said(line: str, before: int) -> int:
    """Frames decoded so far, as `ffmpeg -progress` (`frame=N`) or our own reader ({"frames": N}) says it."""
    if line.startswith("frame="):
        return int(line.partition("=")[2])
    if line.startswith("{"):
        return int(json.loads(line)["frames"])
    return before


def shown(one: Cost, floor: Cost) -> dict[str, Any]:
    """A row of the table."""
    return {
        "core_ms_per_s_camera": series.rounded(one.core_ms_per_s),
        "ratio": ratio(one.core_ms_per_s, floor.core_ms_per_s),
        "median": series.rounded(series.percentile(one.parts, 0.5)),
        "spread": [series.rounded(value) for value in series.spread(one.parts) or ()],
        "frames_per_s_camera": series.rounded(one.fps),
    }

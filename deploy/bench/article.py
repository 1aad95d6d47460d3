"""Whether a plain loop kept up with its cameras. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from deploy.bench.result import Result
from deploy.bench.streams import Search

LOOKS_PER_S = 5.0
SHARE_MIN = 0.97


class Rates(msgspec.Struct, frozen=True, kw_only=True):
    """Frames and looks a second, by camera."""

    frames_per_s: tuple[float, ...]
    looks_per_s: tuple[float, ...]
    fps: tuple[float, ...] = ()
    """What each camera sends."""

    @property
    def holds(self) -> bool:
        """Whether every camera had its frames and its looks."""
        rows = zip(self.fps, self.frames_per_s, self.looks_per_s, strict=True)
        return all(
            frames >= SHARE_MIN * fps and looks >= SHARE_MIN * fps / look_every(fps) for fps, frames, looks in rows
        )


def look_every(fps: float) -> int:
    """Every how many frames one is looked at, for five looks a second."""
    return max(1, round(fps / LOOKS_PER_S))


def line(one: Rates) -> str:
    """A window as its progress is told."""
    said = "holds" if one.holds else "falls behind"
    return (
        f"  {len(one.frames_per_s):>3} cameras  {min(one.frames_per_s):.1f} frames/s  "
        f"{min(one.looks_per_s):.2f} looks/s  {said}"
    )


def result(search: Search, windows: Sequence[Rates], conditions: dict[str, Any]) -> Result:
    """The most that held."""
    return Result(
        name="article",
        value=float(search.held),
        unit="cameras that one loop of OpenCV and ONNX Runtime holds at 5 looks/s",
        floor=None,
        ratio=None,
        target=None,
        spread=[float(search.held), float(search.failed)],
        conditions=conditions | {"details": {"windows": [line(one).strip() for one in windows]}},
    )

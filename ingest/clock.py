"""When a picture was taken, and whether it is due to be looked at. Pure: no I/O, no clock of its own.

Rules
- A sender report of the camera (RTCP) ties its timestamps to wall-clock time; libav hands the result on with each
  packet. It is believed only while it stays near arrival; else the arrival of the packet counts, never the time after
  decoding.
- A camera sends the pictures since its last key frame to whoever joins: what was looked at is not looked at again.
- Within an epoch time only grows.
"""

from __future__ import annotations

from typing import Literal

Clock = Literal["rtcp", "arrival"]

AHEAD_US_MAX = 500_000
"""A picture can't come from the future by more than the error of two synchronised clocks."""
REPEAT_US_MAX = 15_000_000
"""A step back in time by more than this is a clock that was set, not a repeated picture."""


def captured(arrival_us: int, wallclock_us: int | None, skew_s_max: float) -> tuple[int, Clock]:
    """When a picture was taken and by whose clock: the camera's if it is sane, else arrival."""
    if wallclock_us is not None and -AHEAD_US_MAX <= arrival_us - wallclock_us <= skew_s_max * 1e6:
        return wallclock_us, "rtcp"
    return arrival_us, "arrival"


class Sampler:
    """Which frames of an epoch are due, on a steady raster (not "so long since the last"), so that 5 of 25 stay 5."""

    def __init__(self, floor_us: int) -> None:
        self._last_us = floor_us
        self._next_us: float | None = None

    def due(self, time_us: int, fps: float) -> int | None:
        """The stamp of a frame that is to be looked at, or None; call once per frame, in order of decoding."""
        if time_us <= self._last_us:
            if self._last_us - time_us <= REPEAT_US_MAX:
                return None
            self._next_us = None
        period_us = 1e6 / fps
        if self._next_us is not None and self._next_us - 0.1 * period_us > time_us >= self._next_us - 2 * period_us:
            return None
        on_raster = self._next_us is not None and abs(time_us - self._next_us) <= period_us
        self._next_us = (self._next_us if on_raster and self._next_us is not None else time_us) + period_us
        self._last_us = max(self._last_us + 1, time_us)
        return self._last_us

"""How a box moves: a constant-velocity Kalman filter per coordinate, aware of the time between looks.

Pure: no I/O, no clock.

Rules
- Coordinates are pixels; noise is told in sizes of the object (root of its area): near and far behave alike.
- The four coordinates (centre x and y, width, height) are filtered each by itself: two numbers, three covariances.
"""

from __future__ import annotations

import math

PixelBox = tuple[float, float, float, float]

MEASURED = 0.05
"""Jitter of a detector's box, in sizes."""
SPEED = 3.0
"""Speed that a thing seen once may have, in sizes per second: a car on a road makes 4 lengths a second."""
PUSH = 2.5
"""Change of speed, in sizes per second squared; perspective alone does much of it."""
STEP_S_MAX = 1.5


class Axis:
    """One coordinate: value, speed and their covariance."""

    __slots__ = ("p_vv", "p_xv", "p_xx", "speed", "value")

    def __init__(self, value: float, size: float) -> None:
        self.value, self.speed = value, 0.0
        self.p_xx, self.p_xv, self.p_vv = (2 * MEASURED * size) ** 2, 0.0, (SPEED * size) ** 2

    def predict(self, dt_s: float, size: float) -> None:
        """Move on by `dt_s`."""
        q = (PUSH * size) ** 2
        self.value += self.speed * dt_s
        self.p_xx += 2 * dt_s * self.p_xv + dt_s**2 * self.p_vv + q * dt_s**4 / 4
        self.p_xv += dt_s * self.p_vv + q * dt_s**3 / 2
        self.p_vv += q * dt_s**2

    def correct(self, measured: float, size: float) -> None:
        """Take a measurement in."""
        spread = self.p_xx + (MEASURED * size) ** 2
        gain_x, gain_v = self.p_xx / spread, self.p_xv / spread
        off = measured - self.value
        self.value += gain_x * off
        self.speed += gain_v * off
        self.p_vv -= gain_v * self.p_xv
        self.p_xv *= 1 - gain_x
        self.p_xx *= 1 - gain_x


class Motion:
    """Where a box is believed to be."""

    __slots__ = ("_axes", "size")

    def __init__(self, box: PixelBox) -> None:
        cx, cy, w, h = _centre(box)
        self.size = max(4.0, math.sqrt(w * h))
        """Root of its area, in pixels."""
        self._axes = tuple(Axis(value, self.size) for value in (cx, cy, w, h))

    def predict(self, dt_s: float) -> None:
        """Move on to the time of the next look."""
        dt_s = min(dt_s, STEP_S_MAX)
        for axis in self._axes:
            axis.predict(dt_s, self.size)

    def way(self, dt_s: float) -> float:
        """How far the centre is believed to go in `dt_s`, in pixels."""
        return math.hypot(self._axes[0].speed, self._axes[1].speed) * min(dt_s, STEP_S_MAX)

    def correct(self, box: PixelBox) -> None:
        """Take a measured box in."""
        centre = _centre(box)
        self.size = max(4.0, math.sqrt(centre[2] * centre[3]))
        for axis, value in zip(self._axes, centre, strict=True):
            axis.correct(value, self.size)

    def hold_size(self) -> None:
        """Stop growing and shrinking: a thing out of sight keeps the size it had."""
        self._axes[2].speed = self._axes[3].speed = 0.0

    @property
    def box(self) -> PixelBox:
        """The believed box."""
        cx, cy, w, h = (axis.value for axis in self._axes)
        w, h = max(w, 2.0), max(h, 2.0)
        return cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2

    @property
    def reach(self) -> tuple[float, float]:
        """How far off the centre may be measured, one standard deviation in x and y."""
        noise = (MEASURED * self.size) ** 2
        return math.sqrt(self._axes[0].p_xx + noise), math.sqrt(self._axes[1].p_xx + noise)


def _centre(box: PixelBox) -> tuple[float, float, float, float]:
    x1, y1, x2, y2 = box
    return (x1 + x2) / 2, (y1 + y2) / 2, max(x2 - x1, 1.0), max(y2 - y1, 1.0)

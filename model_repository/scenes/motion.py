"""Paths on the ground and rides along them. Pure; times in seconds, lengths in metres.

A `Path` is a line of points with a heading everywhere; a `Ride` says how far along it somebody is at a time, made by
integrating a wished speed under limits of acceleration, with stops on the way.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
STEP_S = 0.01
ACCELERATION = 1.7


@dataclass(frozen=True, slots=True)
class Path:
    """Points (N, 2) about 0.1 m apart and the length up to each."""

    points: Array
    lengths: Array

    @property
    def length_m(self) -> float:
        """From end to end."""
        return float(self.lengths[-1])

    def pose(self, s: float, wheelbase_m: float = 0.0) -> tuple[float, float, float]:
        """(x, y, heading) at length s; with a wheelbase the heading is that of the chord between the axles."""
        x, y = self._at(s)
        reach = max(wheelbase_m / 2, 0.15)
        (x0, y0), (x1, y1) = self._at(s - reach), self._at(s + reach)
        if wheelbase_m > 0:
            x, y = (x0 + x1) / 2, (y0 + y1) / 2
        return x, y, float(np.arctan2(-(x1 - x0), y1 - y0))

    def _at(self, s: float) -> tuple[float, float]:
        if s <= 0 or s >= self.length_m:  # go straight on beyond the ends
            i, extra = (0, s) if s <= 0 else (len(self.points) - 2, s - self.lengths[-1])
            a, b = self.points[i], self.points[i + 1]
            start = a if s <= 0 else b
            out = start + (b - a) / np.linalg.norm(b - a) * extra
            return float(out[0]), float(out[1])
        x = float(np.interp(s, self.lengths, self.points[:, 0]))
        return x, float(np.interp(s, self.lengths, self.points[:, 1]))

    def length_at_y(self, y: float) -> float:
        """The length at which the path is nearest to this y, looking from its longest straight part on."""
        return float(self.lengths[int(np.argmin(np.abs(self.points[:, 1] - y)))])


def path(corners: list[tuple[float, float]], radius_m: float = 6.0) -> Path:
    """Straight lines between corners, rounded with arcs of about this radius."""
    points = [np.array(corners[0], float)]
    for before, corner, after in zip(corners[:-2], corners[1:-1], corners[2:], strict=True):
        a, c, b = (np.array(p, float) for p in (before, corner, after))
        u, v = (a - c) / np.linalg.norm(a - c), (b - c) / np.linalg.norm(b - c)
        cut = min(radius_m, 0.49 * float(np.linalg.norm(a - c)), 0.49 * float(np.linalg.norm(b - c)))
        t = np.linspace(0, 1, 24)[:, None]
        points.extend((1 - t) ** 2 * (c + u * cut) + 2 * t * (1 - t) * c + t**2 * (c + v * cut))
    points.append(np.array(corners[-1], float))
    raw = np.array(points)
    lengths = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(raw, axis=0), axis=1))])
    keep = np.concatenate([[True], np.diff(lengths) > 1e-6])
    raw, lengths = raw[keep], lengths[keep]
    even = np.linspace(0, lengths[-1], int(lengths[-1] / 0.1) + 2)
    dense = np.stack([np.interp(even, lengths, raw[:, k]) for k in (0, 1)], axis=-1)
    return Path(dense, even)


@dataclass(frozen=True, slots=True)
class Ride:
    """Length along a path over time: `lengths[k]` at `start_s + k * STEP_S`; before and after nobody is there."""

    start_s: float
    lengths: Array

    @property
    def end_s(self) -> float:
        """When the ride is over."""
        return self.start_s + (len(self.lengths) - 1) * STEP_S

    def at(self, t: float) -> float | None:
        """Length at time t, or None."""
        if not self.start_s <= t <= self.end_s:
            return None
        return float(np.interp((t - self.start_s) / STEP_S, np.arange(len(self.lengths)), self.lengths))

    def shifted(self, start_s: float) -> "Ride":
        """The same ride at another time."""
        return Ride(start_s, self.lengths)


def ride(
    speeds: list[tuple[float, float]], stops: list[tuple[float, float]], length_m: float, start_s: float = 0.0
) -> Ride:
    """Drive from 0 to length_m with speeds given at lengths, holding at stops given as (length, seconds)."""
    knots, wished = [s for s, _ in speeds], [v for _, v in speeds]
    ahead = sorted(stops)
    s, v, hold = 0.0, wished[0], 0.0
    lengths = [0.0]
    while s < length_m and len(lengths) < 20_000:
        goal = float(np.interp(s, knots, wished))
        if ahead:
            left = ahead[0][0] - s
            goal = min(goal, float(np.sqrt(max(0.0, 2 * ACCELERATION * 0.8 * left))))
            if left < 0.03:
                hold, goal = hold + STEP_S, 0.0
                v = 0.0
                if hold >= ahead[0][1]:
                    ahead, hold = ahead[1:], 0.0
            else:
                goal = max(goal, 0.12)
        v = min(goal, v + ACCELERATION * STEP_S) if goal > v else max(goal, v - 3.5 * STEP_S)
        s += v * STEP_S
        lengths.append(s)
    return Ride(start_s, np.array(lengths))


def there_and_back(speeds: list[tuple[float, float]], turn_m: float, hold_s: float, start_s: float = 0.0) -> Ride:
    """Drive up to turn_m, wait, and reverse all the way, slower."""
    up = ride(speeds, [(turn_m, hold_s)], turn_m + 0.02, start_s).lengths
    arrived = int(np.argmax(up > turn_m - 0.04))
    back = up[:arrived][::-1]
    slow = np.interp(np.arange(0, len(back), 0.85), np.arange(len(back)), back)
    return Ride(start_s, np.concatenate([up[: arrived + int(hold_s / STEP_S)], slow]))

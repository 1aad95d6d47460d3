"""When the machine is too slow, all cameras are looked at a little less, rather than some not at all.

Pure: no I/O, no clock.

Rules
- One factor for all cameras: 1 = what was asked for, never below `FACTOR_MIN`.
- It is set anew every `WINDOW_TICKS` seconds, by all of them together: a burst of a second is no overload.
- Too slow means: what was looked at was older than `AGE_US_MAX` when the answer came, or frames that were due were
  passed over. Then the factor falls; with room again it grows (AIMD, Chiu and Jain 1989).
"""

from __future__ import annotations

FACTOR_MIN = 0.2
WINDOW_TICKS = 3
AGE_US_MAX = 600_000
"""Age of a picture at its answer, for one in ten at most."""
PASSED_SHARE_MAX = 0.08
DOWN = 0.8
UP = 0.15
ANSWERS_MIN = 10
"""Fewer answers say nothing."""


class Shedder:
    """What the last seconds showed, and the factor that follows from it."""

    def __init__(self) -> None:
        self.factor = 1.0
        self._ages: list[int] = []
        self._passed = self._ticks = 0

    def answered(self, *, age_us: int, dropped: int) -> None:
        """A frame was answered when it was so old; so many due ones were passed over before it."""
        self._ages.append(age_us)
        self._passed += dropped

    def tick(self) -> bool:
        """A second is over: at the end of a window set the factor anew; whether it changed."""
        self._ticks += 1
        if self._ticks < WINDOW_TICKS:
            return False
        ages, passed, before = sorted(self._ages), self._passed, self.factor
        self._ages, self._passed, self._ticks = [], 0, 0
        if len(ages) >= ANSWERS_MIN and _slow(ages, passed):
            self.factor = max(FACTOR_MIN, self.factor * DOWN)
        else:
            self.factor = min(1.0, self.factor + UP)
        return self.factor != before


def _slow(ages: list[int], passed: int) -> bool:
    late = ages[len(ages) * 9 // 10] > AGE_US_MAX
    return late or passed > PASSED_SHARE_MAX * (len(ages) + passed)

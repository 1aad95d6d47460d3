"""Which picture is due when: the position of a camera as a pure function of wall time.

Pictures are numbered without end over the loops: number n is picture n mod N of loop n div N. Everything follows from
`started_us` and n, in whole ticks of the 90 kHz clock, so that no error adds up over days:

    captured(n) = started + loop x period + pts        what the sender report says, and what truth is compared with
    due(n)      = started + loop x period + dts + reorder    when it leaves; never before it was captured
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

import msgspec

TICKS_PER_S = 90_000
GOLDEN = (5**0.5 - 1) / 2
_US_PER_S = 1_000_000


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """The times of one camera. Ticks are 90 kHz and relative to the start of a loop; times are Unix microseconds."""

    started_us: int
    period_ticks: int
    pts_ticks: tuple[int, ...]
    due_ticks: tuple[int, ...]  # never falls; the last is less than a period after the first
    keyframes: tuple[int, ...]  # indexes, the first is 0
    loop: bool

    def captured_us(self, number: int) -> int:
        """When picture `number` was "taken"."""
        return self.started_us + us_of(self.ticks(number))

    def ticks(self, number: int) -> int:
        """Capture time of picture `number` in ticks since the start."""
        loop, index = divmod(number, len(self.pts_ticks))
        return loop * self.period_ticks + self.pts_ticks[index]

    def due_us(self, number: int) -> int:
        """When picture `number` is to be sent."""
        loop, index = divmod(number, len(self.due_ticks))
        return self.started_us + us_of(loop * self.period_ticks + self.due_ticks[index])

    def latest(self, now_us: int) -> int:
        """The number of the last picture that is due at `now_us`; -1 before the first."""
        # Loops of sending begin with the first sending: later than the loop itself if pictures are out of order.
        # One tick is 11 µs and the division rounds down: look one tick further, step back if that was too far.
        ticks = (now_us - self.started_us) * TICKS_PER_S // _US_PER_S - self.due_ticks[0] + 1
        loop, position = divmod(ticks, self.period_ticks) if self.loop else (0, ticks)
        number = loop * len(self.due_ticks) + bisect_right(self.due_ticks, position + self.due_ticks[0]) - 1
        while number >= 0 and self.due_us(number) > now_us:
            number -= 1
        return max(number, -1)

    def keyframe_before(self, number: int) -> int:
        """The number of the last keyframe at or before `number`."""
        loop, index = divmod(number, len(self.pts_ticks))
        return loop * len(self.pts_ticks) + self.keyframes[bisect_right(self.keyframes, index) - 1]

    def has(self, number: int) -> bool:
        """False beyond the last picture of a camera that does not loop."""
        return self.loop or number < len(self.pts_ticks)

    def ended(self, now_us: int) -> bool:
        """Whether a camera that does not loop has shown its last picture for its time."""
        return not self.loop and now_us >= self.ends_us()

    def ends_us(self) -> int:
        """When a camera that does not loop says goodbye: a period after its first sending."""
        return self.started_us + us_of(self.due_ticks[0] + self.period_ticks)

    @property
    def period_s(self) -> float:
        """Length of a loop in seconds."""
        return self.period_ticks / TICKS_PER_S

    def position_s(self, now_us: int) -> float:
        """Seconds into the clip at `now_us`."""
        elapsed_us = max(0, now_us - self.started_us)
        period_us = us_of(self.period_ticks)
        return (elapsed_us % period_us if self.loop else min(elapsed_us, period_us)) / _US_PER_S


def us_of(ticks: int) -> int:
    """Ticks of 90 kHz in microseconds, rounded."""
    return (ticks * _US_PER_S + TICKS_PER_S // 2) // TICKS_PER_S


def due_ticks_of(pts_ticks: Sequence[int], dts_ticks: Sequence[int]) -> tuple[int, ...]:
    """Sending times: the decoding times, moved later as a whole so that nothing is sent before it was captured."""
    reorder = max(pts - dts for pts, dts in zip(pts_ticks, dts_ticks, strict=True))
    due: list[int] = []
    for dts in dts_ticks:
        due.append(max(dts + reorder, due[-1] if due else 0))
    return tuple(due)


def spread_share(number: int) -> float:
    """Where in its clip camera `number` begins, 0..1: any run of numbers lies evenly spread (golden ratio)."""
    return number * GOLDEN % 1.0

"""How long to wait before the next attempt. Pure: no I/O, no clock; chance is passed in."""

from __future__ import annotations

FIRST_S = 1.0


def delay_s(attempt: int, maximum_s: float, chance: float) -> float:
    """Pause after a failed attempt (0 = the first): 1, 2, 4 … s up to the maximum, each cut by up to half.

    `chance` is a random number 0..1.
    The jitter keeps a hundred cameras behind one switch from knocking at the same moment.
    """
    ceiling = min(maximum_s, FIRST_S * 2.0 ** min(attempt, 16))
    return ceiling * (1.0 - 0.5 * chance)

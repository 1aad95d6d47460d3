"""Intervals that hold the true figure in 95 of 100 repetitions. Pure.

Shares of independent items have Wilson's interval (Wilson 1927, J. Am. Stat. Assoc. 22), anything else that of the
bootstrap: the middle 95 % of the figures of samples drawn with replacement (Efron 1979).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

Item = TypeVar("Item")

Z95 = 1.959964
RESAMPLES = 200


def wilson(hits: int, total: int) -> tuple[float, float]:
    """Lowest and highest share that `hits` of `total` speak for; 0 and 1 where nothing was tried."""
    if not total:
        return 0.0, 1.0
    share, square = hits / total, Z95**2
    middle = (share + square / (2 * total)) / (1 + square / total)
    half = Z95 * math.sqrt(share * (1 - share) / total + square / (4 * total**2)) / (1 + square / total)
    return max(0.0, middle - half), min(1.0, middle + half)


def middle95(values: Sequence[float]) -> tuple[float, float]:
    """The middle 95 % of resampled figures; NaN ones (nothing to find in the sample) don't count."""
    finite = [value for value in values if not math.isnan(value)]
    if not finite:
        return math.nan, math.nan
    low, high = np.quantile(finite, [0.025, 0.975])
    return float(low), float(high)


def bootstrap(
    items: Sequence[Item], figure: Callable[[Sequence[Item]], float], *, times: int = RESAMPLES, seed: int = 0
) -> tuple[float, float]:
    """The interval of any figure of independent items."""
    if not items:
        return math.nan, math.nan
    draws = np.random.default_rng(seed).integers(0, len(items), (times, len(items)))
    return middle95([figure([items[index] for index in draw]) for draw in draws])

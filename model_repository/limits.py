"""Sizes that both the builder and the steps must agree on. Pure constants: reading them imports nothing."""

from __future__ import annotations

CANDIDATES_MAX = 512
"""How many boxes at most go into suppression; the weakest are dropped first."""

STRIP_WIDTH_PX = 188
STRIP_HEIGHT_PX = 48
"""A rectified plate, as `plates.rectify` makes it."""

"""Sizes that both the builder and the steps must agree on. Pure constants: reading them imports nothing."""

from __future__ import annotations

CANDIDATES_MAX = 512
"""How many boxes at most go into suppression; the weakest are dropped first."""

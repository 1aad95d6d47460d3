"""Around the plate networks: from a raw answer to corners, from several readings to one.

Rules of this file
- Pure numpy, no I/O, one picture at a time. `plates.decode` reads the text.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from model_repository.plates.decode import Read
from model_repository.plates.rectify import quad_size

ASPECT_OPEN = (1.9, 3.4)
"""Between these a plate may be one row seen from the side (520 mm to 112) or two rows (290 mm to 170)."""

Floats = npt.NDArray[np.float32]


def best_quad(head: Floats, score_min: float) -> tuple[Floats, float] | None:
    """The most certain plate of a crop: corners [4, 2] tl, tr, br, bl in pixels and its score; None below the floor.

    `head` is float32 [cells, 9]: score, x1, y1 … x4, y4.
    """
    best = int(np.argmax(head[:, 0]))
    score, quad = float(head[best, 0]), head[best, 1:9].reshape(4, 2)
    # Corners that span nothing cannot be straightened.
    if not score >= score_min or not np.isfinite(quad).all() or _area(quad) < 1.0:
        return None
    return quad, score


def rows_possible(quad: Floats) -> tuple[int, ...]:
    """How many rows a plate of these corners can carry: (1,), (2,), or both where perspective leaves it open."""
    width_px, height_px = quad_size(quad)
    aspect = width_px / max(height_px, 1.0)
    if aspect > ASPECT_OPEN[1]:
        return (1,)
    return (1, 2) if aspect > ASPECT_OPEN[0] else (2,)


def best_read(reads: list[Read]) -> Read:
    """The most certain text of several readings of one plate; without any, a certain "nothing there"."""
    texts = [read for read in reads if read.text_latin]
    if texts:
        return max(texts, key=lambda read: read.confidence)
    return min(reads, key=lambda read: read.confidence, default=Read(text_latin="", confidence=1.0))


def _area(quad: Floats) -> float:
    x, y = quad[:, 0], quad[:, 1]
    return abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))) / 2

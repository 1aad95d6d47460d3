"""The head of the plate finder: from a raw answer to corners.

Rules of this file
- Pure numpy, no I/O, one picture at a time. `plates.decode` reads the text.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

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


def _area(quad: Floats) -> float:
    x, y = quad[:, 0], quad[:, 1]
    return abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))) / 2

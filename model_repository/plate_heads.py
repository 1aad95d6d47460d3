"""Around the plate networks: from a raw answer to corners and to probabilities, from several readings to one.

Rules of this file
- Pure numpy, no I/O, one picture at a time. `plates.decode` and `plates.readers` read the text.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from model_repository import heads
from model_repository.plates.decode import Read
from model_repository.plates.rectify import quad_size

ASPECT_OPEN = (1.9, 3.4)
"""Between these a plate may be one row seen from the side (520 mm to 112) or two rows (290 mm to 170)."""

Floats = npt.NDArray[np.float32]


def best_quad(
    head: Floats, score_min: float, kind: str = "plate_corners", size: tuple[int, int] = (0, 0)
) -> tuple[Floats, float] | None:
    """The most certain plate of a crop: corners [4, 2] tl, tr, br, bl in pixels and its score; None below the floor.

    `head` is the network's answer without the batch axis, `kind` the head's name in the card, `size` the (width,
    height) of the network's input. A detector of plain boxes answers with the corners of the box. Raises KeyError for
    an unknown kind.
    """
    if kind in heads.KINDS:
        row = heads.candidates(head, kind, size, score_min)[0]
        score, quad = float(row[4]), row[[0, 1, 2, 1, 2, 3, 0, 3]].reshape(4, 2)
    else:
        score, quad = _QUADS[kind](head)
    # Corners that span nothing cannot be straightened.
    if not score >= max(score_min, 1e-6) or not np.isfinite(quad).all() or _area(quad) < 1.0:
        return None
    return quad, score


def char_probabilities(head: Floats, *, transposed: bool, logits: bool) -> Floats:
    """The answer of a reader as probabilities float32 [steps, classes], whose rows sum to one."""
    rows = head.T if transposed else head
    if not logits:
        return rows
    grown = np.exp(rows - rows.max(axis=1, keepdims=True))
    shares: Floats = grown / grown.sum(axis=1, keepdims=True)
    return shares


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


def _cells(head: Floats) -> tuple[float, Floats]:
    """Rows score, x1, y1 … x4, y4: the head of the starter."""
    best = int(np.argmax(head[:, 0]))
    return float(head[best, 0]), head[best, 1:9].reshape(4, 2)


def _yolov5face(head: Floats) -> tuple[float, Floats]:
    """Rows cx, cy, w, h, objectness, four corners x, y, class probabilities: a YOLOv5-face head of four points."""
    scores = head[:, 4] * head[:, 13:].max(axis=1)
    best = int(np.argmax(scores))
    return float(scores[best]), head[best, 5:13].reshape(4, 2)


_QUADS = {"plate_corners": _cells, "yolov5face": _yolov5face}


def _area(quad: Floats) -> float:
    x, y = quad[:, 0], quad[:, 1]
    return abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))) / 2

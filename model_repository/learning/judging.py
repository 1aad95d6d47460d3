"""What a judgement of part of a picture says of boxes that were found in it. Pure numpy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from model_repository.learning.contract import Box

Floats = npt.NDArray[np.float32]


def judged_only(found: Floats, judged: Sequence[tuple[int, Box]]) -> Floats:
    """The rows x1, y1, x2, y2, score, class of `found` of which something is known.

    Those whose middle lies in an area that was judged for their class. Nothing judged = everything is known.
    """
    if not judged or not len(found):
        return found
    middles = (found[:, :2] + found[:, 2:4]) / 2
    known = np.zeros(len(found), bool)
    for kind, (x1, y1, x2, y2) in judged:
        inside = (middles >= (x1, y1)).all(axis=1) & (middles <= (x2, y2)).all(axis=1)
        known |= inside & (found[:, 5] == kind)
    kept: Floats = found[known]
    return kept

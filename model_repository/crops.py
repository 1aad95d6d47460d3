"""What is true of every crop that comes in a fixed tensor. Pure numpy."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def used_size(crop: npt.NDArray[np.uint8], fill: int) -> tuple[int, int]:
    """Width and height of the picture inside a tensor [H, W, 3] that it was letterboxed into, top left, with `fill`.

    A tensor of nothing but `fill` counts as used whole.
    """
    inside = (crop != fill).any(axis=2)
    columns, rows = np.flatnonzero(inside.any(axis=0)), np.flatnonzero(inside.any(axis=1))
    if not len(columns):
        return crop.shape[1], crop.shape[0]
    return int(columns[-1]) + 1, int(rows[-1]) + 1

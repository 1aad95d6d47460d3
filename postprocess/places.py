"""Places in a crop as places in the frame, relative to it and clipped to it. Pure: no I/O, no clock (numpy alone)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ingest.contract import Box, Point
from model_repository.contract import Letterbox


def quad_in_frame(quad: npt.NDArray[np.float32], fit: Letterbox, size: tuple[int, int], crop: Box) -> tuple[Point, ...]:
    """Corners [4, 2] in pixels of the tensor as corners of the frame (0..1); empty where no plate was found.

    `size` is the crop's width and height in pixels, `crop` its place in the frame.
    """
    if not np.isfinite(quad).all() or not quad.any():
        return ()
    corners: list[Point] = []
    for x, y in quad.tolist():
        left, top, _, _ = fit.to_picture((x, y, x, y))
        across = crop[0] + left / size[0] * (crop[2] - crop[0])
        down = crop[1] + top / size[1] * (crop[3] - crop[1])
        corners.append((round(min(1.0, max(0.0, across)), 6), round(min(1.0, max(0.0, down)), 6)))
    return tuple(corners)

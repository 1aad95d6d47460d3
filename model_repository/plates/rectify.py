"""From a picture and four corners (or a box) to the strip that the reader reads.

Rules of this file: pure numpy and cv2.  Training and use call the same functions, because the reader only knows the
margins that it was trained with.  A quad is float [4, 2]: top left, top right, bottom right, bottom left, in pixels
of the picture.
"""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

Strip = npt.NDArray[np.uint8]
Quad = npt.NDArray[np.float32]

STRIP_W_PX: Final = 188
STRIP_H_PX: Final = 48
CORNER_MARGIN: Final = (0.08, 0.16)
"""Widening of a quad on every side: fraction of its width, fraction of its height."""
BOX_MARGIN: Final = (0.06, 0.12)
TWO_ROW_MARGIN: Final = 0.04
TWO_ROW_ASPECT_MAX: Final = 2.8
"""Narrower than this the plate carries two rows: 290x170 is 1.7, 520x112 is 4.6; perspective takes up to a third of
that."""


def rectify_quad(
    image: npt.NDArray[np.uint8],
    quad: npt.NDArray[np.floating],
    *,
    margin: tuple[float, float] = CORNER_MARGIN,
    rows: int = 1,
    colour: bool = False,
) -> Strip:
    """Straighten the plate: uint8 gray [48, 188], or BGR [48, 188, 3] where `colour` is asked for.

    `image` is uint8 gray [h, w] or BGR [h, w, 3].  A two-row plate comes out as its upper row on the left half and
    its lower row on the right half.  Places outside the picture repeat its edge.
    """
    gray, local = _cut(image, np.asarray(quad, np.float32), margin, colour=colour)
    if rows == 1:
        return _warp(gray, local, (STRIP_W_PX, STRIP_H_PX), _widened((0.0, 1.0), margin))
    half = (STRIP_W_PX // 2, STRIP_H_PX)
    upper = _warp(gray, local, half, (-TWO_ROW_MARGIN, 1 + TWO_ROW_MARGIN, -0.06, 0.56))
    lower = _warp(gray, local, half, (-TWO_ROW_MARGIN, 1 + TWO_ROW_MARGIN, 0.50, 1.06))
    return np.ascontiguousarray(np.hstack([upper, lower]))


def rectify_box(image: npt.NDArray[np.uint8], box_xywh: tuple[float, float, float, float], *, rows: int = 1) -> Strip:
    """Cut an upright box, with the margins of a box: uint8 gray [48, 188]."""
    x, y, w, h = box_xywh
    quad = np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]], np.float32)
    return rectify_quad(image, quad, margin=BOX_MARGIN, rows=rows)


def quad_size(quad: npt.NDArray[np.floating]) -> tuple[float, float]:
    """Return the mean length in pixels of the horizontal and of the vertical sides."""
    sides = np.linalg.norm(np.roll(quad, -1, axis=0) - quad, axis=1)
    return float(sides[0] + sides[2]) / 2, float(sides[1] + sides[3]) / 2


def rows_of(quad: npt.NDArray[np.floating]) -> int:
    """Guess from the quad's shape whether the plate carries one row or two."""
    width_px, height_px = quad_size(quad)
    return 2 if width_px < TWO_ROW_ASPECT_MAX * max(height_px, 1.0) else 1


def _widened(unit: tuple[float, float], margin: tuple[float, float]) -> tuple[float, float, float, float]:
    return unit[0] - margin[0], unit[1] + margin[0], unit[0] - margin[1], unit[1] + margin[1]


def _cut(image: npt.NDArray[np.uint8], quad: Quad, margin: tuple[float, float], *, colour: bool) -> tuple[Strip, Quad]:
    """Take the part of the picture that is needed, as gray unless its colour is asked for.

    It is shrunk when the plate is much larger than the strip.
    """
    width_px, height_px = quad_size(quad)
    pad = np.array([width_px * margin[0], height_px * margin[1]]) * 1.5 + 2 + 0.05 * width_px
    limit = np.array([image.shape[1], image.shape[0]])
    low = np.clip(np.floor(quad.min(axis=0) - pad), 0, limit - 1).astype(int)
    high = np.clip(np.ceil(quad.max(axis=0) + pad), low + 1, limit).astype(int)
    part = image[low[1] : high[1], low[0] : high[0]]
    gray = cv2.cvtColor(part, cv2.COLOR_BGR2GRAY) if part.ndim == 3 and not colour else part
    local = quad - low.astype(np.float32)
    shrink = width_px / (1.4 * STRIP_W_PX)
    if shrink > 1:
        size = (max(1, round(gray.shape[1] / shrink)), max(1, round(gray.shape[0] / shrink)))
        local = local * (np.array(size, np.float32) / np.array([gray.shape[1], gray.shape[0]], np.float32))
        gray = cv2.resize(gray, size, interpolation=cv2.INTER_AREA)
    return np.asarray(gray, np.uint8), np.asarray(local, np.float32)


def _warp(gray: Strip, quad: Quad, size: tuple[int, int], span: tuple[float, float, float, float]) -> Strip:
    """Map the unit square's span (left, right, top, bottom) of the quad to an upright picture of that size."""
    left, right, top, bottom = span
    unit = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    scale = np.array([size[0] / (right - left), size[1] / (bottom - top)], np.float32)
    # Half a pixel: corners are edges of the plate, warpPerspective counts from the centres of pixels.
    target = (unit - np.array([left, top], np.float32)) * scale - 0.5
    matrix = cv2.getPerspectiveTransform(quad - np.float32(0.5), target.astype(np.float32))
    warped = cv2.warpPerspective(gray, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(warped, np.uint8)

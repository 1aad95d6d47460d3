"""What the tiles of a picture look like: Haralick's thirteen features of grey-level co-occurrence.

Pure: arrays in, arrays out.

How it works
- The picture is made grey and brought to a few levels by its own median and spread, so that exposure and contrast of
  the lamp do not matter.
- It is cut into DEFECT_TILES x DEFECT_TILES tiles of one size. A tile that would reach into the letterbox's margin is
  moved back into the picture; one that lies in the margin altogether is not looked at.
- Each tile gives, for every distance and each of the angles 0°, 45°, 90° and 135°, the symmetric co-occurrence matrix
  of its pixel pairs and thirteen features of it (mahotas).
- What the tiles of a picture have in common is mostly taken off again: a flaw is what differs from its surroundings.

Source: R. M. Haralick, K. Shanmugam, I. Dinstein, "Textural Features for Image Classification", IEEE Transactions on
Systems, Man and Cybernetics SMC-3 (6), 1973, pp. 610-621; the features f1 to f13 of its appendix.
"""

from __future__ import annotations

import cv2
import msgspec
import numpy as np
import numpy.typing as npt
from mahotas.features import texture

from model_repository.contract import DEFECT_TILES

Grey = npt.NDArray[np.uint8]
Levels = npt.NDArray[np.uint8]
Features = npt.NDArray[np.float32]
Seen = npt.NDArray[np.uint8]

TILES = DEFECT_TILES * DEFECT_TILES
ANGLES = 4
HARALICK = 13
SIDE_MIN_PX = 128
"""A shorter side gives tiles of less than 16 pixels, which hold too few pairs to count."""
FILL = 114
"""The grey of a letterbox's margin, as the contract of CROP says."""


class Recipe(msgspec.Struct, frozen=True, kw_only=True):
    """How features are taken; travels with the model that was fitted on them.

    `reach` is how many spreads of the grey levels lie between the median and the last level. `recentre` is the share of
    the picture's own median tile that is taken off every tile: with 1, a surface that is a little coarser today than on
    the good pictures is no flaw, nor is one that changed all over; with 0 both are.
    """

    levels: int = 32
    distances_px: tuple[int, ...] = (1, 2, 4)
    reach: float = 6.0
    recentre: float = 0.9

    @property
    def size(self) -> int:
        """How many features a tile has."""
        return len(self.distances_px) * ANGLES * HARALICK


def grey(crop: npt.NDArray[np.uint8]) -> Grey:
    """A picture [H, W, 3] BGR, or [H, W] or [H, W, 1] that is grey already, as uint8 [H, W]."""
    if crop.ndim == 2:
        return crop
    if crop.shape[2] == 1:
        return crop[:, :, 0]
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(crop), cv2.COLOR_BGR2GRAY), np.uint8)


def content(crop: npt.NDArray[np.uint8]) -> tuple[int, int]:
    """Width and height of the picture that a top-left letterbox put into a crop [H, W, 3], without its margin.

    A crop that is all margin counts as a picture of its own: no letterbox is empty.
    """
    filled = (crop == FILL).all(axis=2)
    columns, rows = np.flatnonzero(~filled.all(axis=0)), np.flatnonzero(~filled.all(axis=1))
    if not len(columns):
        return crop.shape[1], crop.shape[0]
    return int(columns[-1]) + 1, int(rows[-1]) + 1


def to_levels(picture: Grey, recipe: Recipe) -> Levels:
    """Grey levels 0 to `recipe.levels` - 1, the median in the middle.

    The spread is the median distance from the median times 1.4826 (the standard deviation where greys are normal), and
    half a grey at least.
    """
    values = picture.astype(np.float32)
    median = np.median(values)
    spread = max(1.4826 * float(np.median(np.abs(values - median))), 0.5)
    half = recipe.levels / 2
    scaled = (values - median) * (half / (recipe.reach * spread)) + half
    return np.asarray(np.clip(np.floor(scaled), 0, recipe.levels - 1), np.uint8)


def cooccurrence(tile: Levels, *, levels: int, distance_px: int, angle: int) -> npt.NDArray[np.int32]:
    """How often each pair of levels lies `distance_px` apart in a tile, int32 [levels, levels], symmetric.

    Haralick's P(i, j, d, a): both orders of a pair are counted, pairs that leave the tile are not. `angle` is 0 for
    pairs along the row (0°), 1 along the falling diagonal (135°), 2 along the column (90°), 3 along the rising diagonal
    (45°).
    """
    counts = np.zeros((levels, levels), np.int32)
    return np.asarray(texture.cooccurence(tile, angle, counts, symmetric=True, distance=distance_px), np.int32)


def haralick(matrices: list[npt.NDArray[np.int32]]) -> npt.NDArray[np.float64]:
    """The thirteen features of co-occurrence matrices, float64 [matrices, 13]; p(i, j) is a matrix by its sum.

    f1 angular second moment Σp², f2 contrast Σ(i-j)²p, f3 correlation (Σij·p - µ²)/σ² (1 where σ = 0), f4 variance
    Σ(i-µ)²p, f5 inverse difference moment Σp/(1+(i-j)²), f6 sum average, f7 sum variance (around f6; the paper's around
    f8 is a misprint), f8 sum entropy, f9 entropy -Σp·log₂p, f10 difference variance (of |i-j|), f11 difference entropy,
    f12 and f13 the two information measures of correlation.
    """
    return np.asarray(texture.haralick_features(matrices, use_x_minus_y_variance=True), np.float64)


def tile_corners(width: int, height: int, tile_width: int, tile_height: int) -> list[tuple[int, int] | None]:
    """Left and top of every tile, rows from the top; None for one that lies outside the picture's width and height."""
    corners: list[tuple[int, int] | None] = []
    for row in range(DEFECT_TILES):
        for column in range(DEFECT_TILES):
            left, top = column * tile_width, row * tile_height
            outside = left >= width or top >= height or tile_width > width or tile_height > height
            corners.append(None if outside else (min(left, width - tile_width), min(top, height - tile_height)))
    return corners


def tile_features(crop: npt.NDArray[np.uint8], recipe: Recipe) -> tuple[Features, Seen]:
    """Features of all tiles of a crop [H, W, 3], float32 [TILES, recipe.size], and which were looked at, uint8 [TILES].

    A tile that was not looked at has zeros. Features are ordered by distance, angle, f1 to f13.
    """
    width, height = content(crop)
    levels = to_levels(grey(crop[:height, :width]), recipe)
    size = (crop.shape[1] // DEFECT_TILES, crop.shape[0] // DEFECT_TILES)
    features, seen = np.zeros((TILES, recipe.size), np.float32), np.zeros(TILES, np.uint8)
    for index, corner in enumerate(tile_corners(width, height, *size)):
        if corner is not None:
            left, top = corner
            features[index] = _of_tile(np.ascontiguousarray(levels[top : top + size[1], left : left + size[0]]), recipe)
            seen[index] = 1
    if seen.any():
        features[seen > 0] -= recipe.recentre * np.median(features[seen > 0], axis=0)
    return features, seen


def _of_tile(tile: Levels, recipe: Recipe) -> npt.NDArray[np.float64]:
    matrices = [
        cooccurrence(tile, levels=recipe.levels, distance_px=distance, angle=angle)
        for distance in recipe.distances_px
        for angle in range(ANGLES)
    ]
    return haralick(matrices).ravel()

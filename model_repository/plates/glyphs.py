"""The 36 characters of plates as strokes of a pen: no font file is needed.

Rules of this file: pure numpy and cv2 drawing, no I/O.  A glyph is a list of strokes through a unit box, x to the
right and y down; the box is the path of the pen's centre.  A corner written with a radius is rounded.  Variants of a
character stand in one tuple, the usual shape first.  Two letters share the class Y: the key "Y" draws the Cyrillic У of
Russian plates, the key "y" the Latin Y.
"""

import math
from functools import lru_cache
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

Point = tuple[float, float, bool]
"""x, y in the unit box, and whether the corner is rounded."""
Stroke = tuple[Point, ...]
Mask = npt.NDArray[np.uint8]


def _path(text: str) -> Stroke:
    """Read 'x,y x,y* …'; a star rounds the corner."""
    points = []
    for word in text.split():
        x_text, y_text = word.rstrip("*").split(",")
        points.append((float(x_text), float(y_text), word.endswith("*")))
    return tuple(points)


def _glyph(*strokes: str) -> tuple[Stroke, ...]:
    return tuple(_path(stroke) for stroke in strokes)


_ROUND: Final = "0,.5 0,0* 1,0* 1,1* 0,1* 0,.5"
GLYPHS: Final[dict[str, tuple[tuple[Stroke, ...], ...]]] = {
    "0": (_glyph(_ROUND),),
    "1": (_glyph(".12,.27 .72,0 .72,1"), _glyph(".2,.2 .62,0 .62,1")),
    "2": (
        _glyph("0,.27 0,0* 1,0* 1,.4* 0,1 1,1"),
        _glyph("0,.2 0,0* 1,0* 1,.5* 0,.9* 0,1 1,1"),
    ),
    "3": (
        _glyph("0,.22 0,0* 1,0* 1,.46* .42,.46", ".42,.46 1,.46* 1,1* 0,1* 0,.77"),
        _glyph("0,0 1,0 .45,.41 1,.41* 1,1* 0,1* 0,.78"),
    ),
    "4": (
        _glyph(".5,0 0,.74 1,.74", ".72,.44 .72,1"),
        _glyph(".76,1 .76,0 0,.72 1,.72"),
    ),
    "5": (
        _glyph(".94,0 .06,0 .02,.45 .12,.4 1,.4* 1,1* 0,1* 0,.78"),
        _glyph(".94,0 .04,0 .04,.4 1,.4* 1,1* 0,1* 0,.8"),
    ),
    "6": (
        _glyph("1,.22 1,0* 0,0* 0,1* 1,1* 1,.42* 0,.42* 0,.6"),
        _glyph(".78,0 .06,.5 0,.7", "0,.7 0,1* 1,1* 1,.42* 0,.42* 0,.7"),
    ),
    "7": (
        _glyph("0,0 1,0 .36,1"),
        _glyph("0,0 1,0 1,.12 .42,.52 .42,1"),
        _glyph("0,0 1,0 1,.1 .3,1"),
    ),
    "8": (
        _glyph(
            "0.05,.23 .05,0* .95,0* .95,.46* .05,.46* .05,.23",
            "0,.73 0,.46* 1,.46* 1,1* 0,1* 0,.73",
        ),
    ),
    "9": (
        _glyph("0,.78 0,1* 1,1* 1,0* 0,0* 0,.58* 1,.58* 1,.4"),
        _glyph(".22,1 .94,.5 1,.3", "1,.3 1,0* 0,0* 0,.58* 1,.58* 1,.3"),
    ),
    "A": (_glyph("0,1 .46,0 .54,0 1,1", ".2,.68 .8,.68"),),
    "B": (_glyph("0,0 0,1", "0,0 .93,0* .93,.47* 0,.47", "0,.47 1,.47* 1,1* 0,1"),),
    "E": (_glyph("1,0 0,0 0,1 1,1", "0,.49 .85,.49"),),
    "K": (
        _glyph("0,0 0,1", "1,0 0,.58", ".36,.38 1,1"),
        _glyph("0,0 0,1", ".95,0 .3,.48 1,1", "0,.48 .3,.48"),
    ),
    "M": (_glyph("0,1 0,0 .5,.72 1,0 1,1"), _glyph("0,1 .03,0 .5,.95 .97,0 1,1")),
    "H": (_glyph("0,0 0,1", "1,0 1,1", "0,.5 1,.5"),),
    "O": (_glyph(_ROUND),),
    "P": (_glyph("0,1 0,0 1,0* 1,.57* 0,.57"),),
    "C": (_glyph("1,.28 1,0* 0,0* 0,1* 1,1* 1,.72"),),
    "T": (_glyph("0,0 1,0", ".5,0 .5,1"),),
    "Y": (
        _glyph("0,0 .54,.64", "1,0 .36,1 .06,1"),
        _glyph("0,0 0,.1 .5,.66", "1,0 .5,.66 .3,1* .05,1"),
    ),
    "X": (_glyph("0,0 1,1", "1,0 0,1"),),
    "R": (_glyph("0,1 0,0 1,0* 1,.55* 0,.55", ".5,.55 1,1"),),
    "U": (_glyph("0,0 0,1* 1,1* 1,0"),),
    "S": (_glyph("1,.24 1,0* 0,0* 0,.49* 1,.49* 1,1* 0,1* 0,.76"),),
    "D": (_glyph("0,0 0,1", "0,0 1,0* 1,1* 0,1"), _glyph("0,0 0,1", "0,0 .6,0 1,.3* 1,.7* .6,1 0,1")),
    "F": (_glyph("1,0 0,0 0,1", "0,.49 .85,.49"),),
    "G": (_glyph("1,.26 1,0* 0,0* 0,1* 1,1* 1,.54 .55,.54"), _glyph("1,.26 1,0* 0,0* 0,1* .9,1 1,1 1,.5 .6,.5")),
    "I": (_glyph(".5,0 .5,1"), _glyph(".5,0 .5,1"), _glyph(".5,0 .5,1", ".2,0 .8,0", ".2,1 .8,1")),
    "J": (_glyph(".9,0 .9,1* .1,1* .1,.7"), _glyph(".3,0 .9,0 .9,1* .1,1* .1,.74")),
    "L": (_glyph("0,0 0,1 .95,1"),),
    "N": (_glyph("0,1 0,0 1,1 1,0"),),
    "Q": (_glyph(_ROUND, ".55,.68 1,1"), _glyph(_ROUND, ".6,.8 .95,1.0")),
    "V": (_glyph("0,0 .46,1 .54,1 1,0"), _glyph("0,0 .5,1 1,0")),
    "W": (_glyph("0,0 .24,1 .5,.3 .76,1 1,0"), _glyph("0,0 .24,1 .5,0 .76,1 1,0"), _glyph("0,0 0,1 .5,.4 1,1 1,0")),
    "Z": (_glyph("0,0 1,0 0,1 1,1"),),
    "y": (_glyph("0,0 .5,.52 1,0", ".5,.52 .5,1"), _glyph("0,0 0,.1 .5,.55 1,.1 1,0", ".5,.55 .5,1")),
}


@lru_cache(maxsize=4096)
def glyph_mask(
    char: str,
    size_px: tuple[int, int],
    pen: float,
    radius: float = 0.42,
    variant: int = 0,
) -> Mask:
    """Draw one character as ink coverage, uint8 [h, w], 255 where the ink is full.

    `size_px` is (w, h); `pen` the stroke's width and `radius` the corners' radius, both as a fraction of the height
    and width. The array is shared by a cache: do not write to it.
    """
    w_px, h_px = size_px
    scale = max(1, math.ceil(304 / max(h_px, 1)))
    big = np.zeros((h_px * scale, w_px * scale), np.uint8)
    pen_px = max(2.0, pen * big.shape[0])
    shapes = GLYPHS[char]
    for stroke in shapes[variant % len(shapes)]:
        points = _to_pixels(stroke, (big.shape[1], big.shape[0]), pen_px)
        line = _rounded(points, [corner for *_, corner in stroke], radius * big.shape[1])
        cv2.polylines(
            big,
            [np.round(line).astype(np.int32)],
            isClosed=False,
            color=255,
            thickness=round(pen_px),
        )
    mask = cv2.resize(big, (w_px, h_px), interpolation=cv2.INTER_AREA)
    mask.setflags(write=False)
    return np.asarray(mask, np.uint8)


def _to_pixels(stroke: Stroke, size: tuple[int, int], pen_px: float) -> npt.NDArray[np.float64]:
    """Map the unit box to the path that keeps the whole pen inside the image."""
    span = np.array([size[0] - 1 - pen_px, size[1] - 1 - pen_px])
    unit = np.array([(x, y) for x, y, _ in stroke], np.float64)
    return np.asarray(unit * span + pen_px / 2, np.float64)


def _rounded(points: npt.NDArray[np.float64], corners: list[bool], radius_px: float) -> npt.NDArray[np.float64]:
    """Replace marked corners by quadratic arcs that start at most `radius_px` away, or half of the shorter side."""
    out = [points[0]]
    for before, corner, after, marked in zip(points, points[1:], points[2:], corners[1:-1], strict=False):
        if not marked:
            out.append(corner)
            continue
        reach_a = min(radius_px, float(np.linalg.norm(before - corner)) * 0.5)
        reach_b = min(radius_px, float(np.linalg.norm(after - corner)) * 0.5)
        start = corner + (before - corner) * (reach_a / max(1e-6, float(np.linalg.norm(before - corner))))
        stop = corner + (after - corner) * (reach_b / max(1e-6, float(np.linalg.norm(after - corner))))
        # A weighted (rational) arc, close to a circle's quarter: a plain quadratic one cuts corners too much.
        for t in np.linspace(0, 1, 9):
            weights = np.array([(1 - t) ** 2, 2 * t * (1 - t) * math.sqrt(0.5), t**2])
            out.append((weights[0] * start + weights[1] * corner + weights[2] * stop) / weights.sum())
    out.append(points[-1])
    return np.array(out)

"""What one look a second at the luma says of the picture itself: a handful of figures. Pure: no I/O, no clock.

Rules
- Everything is measured on a copy of 640 columns at most; only the grain is, in a tile of the full resolution.
- The view is what edges look like in cells, compared with the camera's own past block by block: light may change, and
  things may pass in front, without the view being another one.
- The reference learns only from pictures that fit it; colour and grey (day and night) have one each.

Sources: Immerkaer, "Fast Noise Variance Estimation" (1996), for the grain; normalised cross-correlation of gradients
for the view.
"""

from __future__ import annotations

from typing import Any

import cv2
import msgspec
import numpy as np
import numpy.typing as npt

from ingest.planes import Picture, Plane, halved, limited_luma

Cells = npt.NDArray[np.float32]

WIDTH_MAX = 640
TILE = 160
"""Side of the middle of the full picture in which the grain is measured, in pixels."""
BLOCKS = (8, 5)
"""Columns and rows of blocks in which the view is compared."""
PATTERN = (20, 12)
"""Columns and rows of the coarse pattern of light."""
STEP_LEVELS = 3
"""Grey levels from which a coarse pixel counts as changed: coding a still anew at each key frame makes less."""
WHITE = 234
"""Limited range ends at 235: from here on a pixel is blown out."""
EDGE_STD_MIN = 2.0
"""Spread of the edges (grey levels per cell) from which a block has enough of them to be compared."""
BLOCKS_MIN = 6
"""Blocks with edges that a view needs to be compared at all."""
FLAT_RATIO = 0.35
ALIKE_MIN = 0.3
COLOUR_STD_MIN = 0.7
"""Spread of chroma from which a picture has colours."""
LEARNT_MIN = 20
"""Samples after which a reference may be compared with."""
LEARN_SAMPLES = 120
"""A new sample weighs one part in so many."""
FITS_MAX = 0.3
"""Share of blocks that differ up to which a picture teaches the reference."""


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One look at a picture; shares are 0..1, levels are grey levels of limited range."""

    bright: float
    """Level that one part in a hundred of the picture exceeds."""
    blown: float
    """Share of pixels that are blown out."""
    sharp: float
    """Fine detail against coarse: falls when the picture blurs, whatever is in it."""
    grain: float
    """Standard deviation of noise, in grey levels."""
    changed: float | None = None
    """Share of the coarse picture that changed since the sample before; None for the first one of its size."""
    gone: float | None = None
    """Share of the view's blocks whose edges have vanished; None = there is no view to compare with yet."""
    other: float | None = None
    """Share of the view's blocks that hold other edges."""
    alike: float | None = None
    """Correlation of the coarse pattern of light with the learnt one, -1..1."""
    grey: bool = False
    """No colour in it: night, for a camera with an infrared lamp."""


class View(msgspec.Struct, kw_only=True):
    """What a camera usually shows: edges in cells, and the coarse pattern of light."""

    edges: Any
    pattern: Any
    count: int = 1

    def learn(self, edges: Cells, pattern: Cells) -> None:
        """Take one more picture in."""
        self.count = min(self.count + 1, LEARN_SAMPLES)
        self.edges += (edges - self.edges) / self.count
        self.pattern += (pattern - self.pattern) / self.count


class Eye:
    """State of one camera's looks: the sample before, and its views by day and by night."""

    def __init__(self) -> None:
        self._before: Plane | None = None
        self._views: dict[bool, View] = {}

    def forget(self) -> None:
        """What it shows now is what it is to show: begin to learn anew."""
        self._views = {}

    def look(self, picture: Picture) -> Sample:
        """Measure one picture; a different size than before begins everything anew."""
        small = limited_luma(reduced(picture.y), full_range=picture.full_range)
        grey, coarse = _grey(picture), halved(halved(small))
        if self._before is not None and self._before.shape != coarse.shape:
            self._before, self._views = None, {}
        edges, pattern = _edges(coarse), _pattern(coarse)
        changed, self._before = _changed(coarse, self._before), coarse
        gone, other, alike = self._compare(edges, pattern, grey=grey)
        return Sample(
            bright=float(_percentile(coarse, 0.99)),
            blown=cv2.countNonZero(cv2.compare(small, WHITE, cv2.CMP_GE)) / small.size,
            sharp=_detail(small) / (_detail(coarse) + 0.5),
            grain=_grain(picture.y),
            changed=changed,
            gone=gone,
            other=other,
            alike=alike,
            grey=grey,
        )

    def _compare(self, edges: Cells, pattern: Cells, *, grey: bool) -> tuple[float | None, float | None, float | None]:
        view, by_other_light = self._views.get(grey), self._views.get(not grey)
        if view is None:
            view = self._views[grey] = View(edges=edges.copy(), pattern=pattern.copy())
        found, learnt = _apart(view.edges, edges), view.count >= LEARNT_MIN
        if found is None and by_other_light is not None and by_other_light.count >= LEARNT_MIN:
            # no colour and no edges: that is not the night, it is nothing to be seen
            view, found, learnt = by_other_light, _apart(by_other_light.edges, edges), True
            return (*found, _correlation(view.pattern, pattern)) if found is not None else (None, None, None)
        if found is None or not learnt or sum(found) <= FITS_MAX:
            view.learn(edges, pattern)
        if found is None or not learnt:
            return None, None, None
        return *found, _correlation(view.pattern, pattern)


def reduced(y: Plane) -> Plane:
    """Halve a plane until it has `WIDTH_MAX` columns at most; of a very large one each fourth row is read.

    What a look at 3840x2160 costs is reading it: 8 MB, of which 2 MB say the same.
    """
    if y.shape[1] > 4 * WIDTH_MAX:
        thin = halved(y[::4])
        y = np.asarray(cv2.resize(thin, (thin.shape[1] // 4, thin.shape[0]), interpolation=cv2.INTER_AREA), np.uint8)
    while y.shape[1] > WIDTH_MAX:
        y = halved(y)
    return y


def _grey(picture: Picture) -> bool:
    """Whether there are no colours: a tint all over, as some cameras have by night, is none."""
    step = max(1, picture.u.shape[0] // 64)
    return all(float(plane[::step, ::4].std()) < COLOUR_STD_MIN for plane in (picture.u, picture.v))


def _changed(now: Plane, before: Plane | None) -> float | None:
    if before is None:
        return None
    apart = cv2.absdiff(now, before)
    return cv2.countNonZero(cv2.compare(apart, STEP_LEVELS, cv2.CMP_GE)) / now.size


def _percentile(plane: Plane, share: float) -> int:
    counts = cv2.calcHist([plane], [0], None, [256], [0, 256]).ravel().cumsum()
    return int(np.searchsorted(counts, share * counts[-1]))


def _detail(plane: Plane) -> float:
    """Mean distance of a plane from its own blur."""
    return float(cv2.mean(cv2.absdiff(plane, cv2.GaussianBlur(plane, (3, 3), 0)))[0])


_IMMERKAER = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)


def _grain(y: Plane) -> float:
    """Noise in the calmest third of the middle of the picture."""
    height, width = y.shape
    top, left = max(0, (height - TILE) // 2), max(0, (width - TILE) // 2)
    tile = np.ascontiguousarray(y[top : top + TILE, left : left + TILE])
    response = np.abs(cv2.filter2D(tile, cv2.CV_32F, _IMMERKAER))
    blocks = cv2.resize(response, (16, 16), interpolation=cv2.INTER_AREA).ravel()
    calm = float(np.partition(blocks, blocks.size // 3)[blocks.size // 3])
    return calm * float(np.sqrt(np.pi / 2)) / 6


def _edges(coarse: Plane) -> Cells:
    across, down = (cv2.Sobel(coarse, cv2.CV_32F, x, 1 - x, scale=0.25) for x in (1, 0))
    return np.asarray(cv2.blur(cv2.magnitude(across, down), (3, 3)), np.float32)


def _pattern(coarse: Plane) -> Cells:
    return np.asarray(cv2.resize(coarse, PATTERN, interpolation=cv2.INTER_AREA), np.float32)


def _mean(cells: Any) -> Cells:
    return np.asarray(cv2.resize(cells, BLOCKS, interpolation=cv2.INTER_AREA), np.float32)


def _apart(reference: Cells, now: Cells) -> tuple[float, float] | None:
    """Shares of the reference's blocks whose edges are gone, and that hold others; None where it has too few."""
    of_reference, of_now = _mean(reference), _mean(now)
    spread = np.sqrt(np.maximum(_mean(reference * reference) - of_reference**2, 0.0))
    spread_now = np.sqrt(np.maximum(_mean(now * now) - of_now**2, 0.0))
    usable = spread >= EDGE_STD_MIN
    count = int(usable.sum())
    if count < BLOCKS_MIN:
        return None
    flat = spread_now < FLAT_RATIO * spread
    alike = (_mean(reference * now) - of_reference * of_now) / np.maximum(spread * spread_now, 1e-6)
    other = (alike < ALIKE_MIN) & ~flat
    return float((flat & usable).sum()) / count, float((other & usable).sum()) / count


def _correlation(one: Cells, two: Cells) -> float:
    a, b = one - one.mean(), two - two.mean()
    norm = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / norm if norm > 0 else 0.0

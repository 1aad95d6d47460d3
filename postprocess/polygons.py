"""How deep a point lies in a polygon, and how much of a box. Pure: no I/O, no clock.

Rules
- Depths are in frame heights (see `geometry`): > 0 inside, < 0 outside.
- A zone that reaches the border of the picture goes on behind it: nothing leaves it by being cut off there. So corners
  within `BORDER` of the border lie beyond it, and edges along it are no rim.
"""

from __future__ import annotations

import functools
import math

from ingest.contract import Box, Point
from postprocess.geometry import inside

BORDER = 0.01
GRID = 24
Polygon = tuple[Point, ...]


def depth(polygon: Polygon, point: Point, aspect: float) -> float:
    """Distance of a point from the rim, negative outside; 1 for all of a zone without a rim (the whole picture)."""
    shape, rim = _prepared(polygon)
    held = (min(1.0, max(0.0, point[0])), min(1.0, max(0.0, point[1])))
    away = min((_from_edge(a, b, held, aspect) for a, b in rim), default=1.0)
    return away if inside(shape, held) else -away


@functools.lru_cache(maxsize=512)
def widest(polygon: Polygon, aspect: float) -> float:
    """Greatest depth of a polygon, found on a grid: the hysteresis of a narrow zone must be narrower still."""
    xs, ys = [x for x, _ in polygon], [y for _, y in polygon]
    steps = [(number + 0.5) / GRID for number in range(GRID)]
    points = [
        (min(xs) + (max(xs) - min(xs)) * across, min(ys) + (max(ys) - min(ys)) * down)
        for across in steps
        for down in steps
    ]
    return max(0.0, *(depth(polygon, point, aspect) for point in points))


def share(polygon: Polygon, box: Box) -> float:
    """Which part of a box lies in a polygon, 0..1 (Sutherland and Hodgman, 1974)."""
    area = (box[2] - box[0]) * (box[3] - box[1])
    if area <= 0.0:
        return 0.0
    left = list(_prepared(polygon)[0])
    for axis, limit, sign in ((0, box[0], 1), (0, box[2], -1), (1, box[1], 1), (1, box[3], -1)):
        left = _clipped(left, axis, limit, sign)
    return min(1.0, abs(_area(left)) / area)


@functools.lru_cache(maxsize=512)
def _prepared(polygon: Polygon) -> tuple[Polygon, tuple[tuple[Point, Point], ...]]:
    """The polygon with its corners at the border put beyond it, and the edges that are its rim."""
    shape = tuple((_beyond(x), _beyond(y)) for x, y in polygon)
    edges = zip(shape, shape[1:] + shape[:1], strict=True)
    return shape, tuple(edge for edge in edges if not _along_border(*edge))


def _beyond(value: float) -> float:
    if value <= BORDER:
        return -BORDER
    return 1.0 + BORDER if value >= 1.0 - BORDER else value


def _along_border(a: Point, b: Point) -> bool:
    return any(a[axis] == b[axis] and not 0.0 <= a[axis] <= 1.0 for axis in (0, 1))


def _from_edge(a: Point, b: Point, point: Point, aspect: float) -> float:
    dx, dy = (b[0] - a[0]) * aspect, b[1] - a[1]
    px, py = (point[0] - a[0]) * aspect, point[1] - a[1]
    length = dx * dx + dy * dy
    along = 0.0 if length == 0.0 else min(1.0, max(0.0, (px * dx + py * dy) / length))
    return math.hypot(px - along * dx, py - along * dy)


def _clipped(corners: list[Point], axis: int, limit: float, sign: int) -> list[Point]:
    """The part of a polygon on one side of an upright or lying line."""
    kept: list[Point] = []
    for number, end in enumerate(corners):
        start = corners[number - 1]
        before, after = (start[axis] - limit) * sign, (end[axis] - limit) * sign
        if (before < 0) != (after < 0):
            part = before / (before - after)
            kept.append((start[0] + (end[0] - start[0]) * part, start[1] + (end[1] - start[1]) * part))
        if after >= 0:
            kept.append(end)
    return kept


def _area(corners: list[Point]) -> float:
    return sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in zip(corners, corners[1:] + corners[:1], strict=True)) / 2

"""Sides, crossings and polygons on the picture. Pure: no I/O, no clock.

Rules
- Points are relative to the frame (0..1, y down). Distances are in heights of the frame: x counts `aspect` times,
  so that a hysteresis is as wide for an upright line as for a lying one.
- Sign: `side(line, p) < 0` is left of a→b (seen by who stands at a and looks at b on the picture), `> 0` is right.
"""

from __future__ import annotations

import math

from ingest.contract import Box, Point

Segment = tuple[Point, Point]


def bottom_centre(box: Box) -> Point:
    """Where an object stands: the middle of its box's lower edge."""
    return ((box[0] + box[2]) / 2, box[3])


def distance(line: Segment, point: Point, aspect: float) -> float:
    """Signed distance of a point from the endless line through a and b, in frame heights; 0 where a = b."""
    (ax, ay), (bx, by) = line
    dx, dy = (bx - ax) * aspect, by - ay
    length = math.hypot(dx, dy)
    if length == 0.0:
        return 0.0
    return (dx * (point[1] - ay) - dy * (point[0] - ax) * aspect) / length


def crossing(line: Segment, start: Point, end: Point) -> tuple[float, float] | None:
    """Where the step start→end meets the endless line: share of the step 0..1, share of a→b (beside it outside 0..1).

    None where the step does not change sides.
    """
    first, last = distance(line, start, 1.0), distance(line, end, 1.0)
    if (first < 0) == (last < 0) or line[0] == line[1]:
        return None
    share = first / (first - last)
    x, y = start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share
    (ax, ay), (bx, by) = line
    dx, dy = bx - ax, by - ay
    return share, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy)


def inside(polygon: tuple[Point, ...], point: Point) -> bool:
    """Whether a point lies in a polygon (even-odd rule); a point on the rim may be either."""
    x, y = point
    odd = False
    for (x1, y1), (x2, y2) in zip(polygon, polygon[1:] + polygon[:1], strict=True):
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) / (y2 - y1) * (x2 - x1):
            odd = not odd
    return odd


def covered(one: Box, two: Box) -> float:
    """Which part of a box another one covers, 0..1."""
    width = min(one[2], two[2]) - max(one[0], two[0])
    height = min(one[3], two[3]) - max(one[1], two[1])
    area = (one[2] - one[0]) * (one[3] - one[1])
    return width * height / area if width > 0 and height > 0 else 0.0


def overlap(one: Box, two: Box) -> float:
    """Intersection over union of two boxes, 0..1."""
    width = min(one[2], two[2]) - max(one[0], two[0])
    height = min(one[3], two[3]) - max(one[1], two[1])
    if width <= 0 or height <= 0:
        return 0.0
    common = width * height
    area = (one[2] - one[0]) * (one[3] - one[1]) + (two[2] - two[0]) * (two[3] - two[1])
    return common / (area - common)

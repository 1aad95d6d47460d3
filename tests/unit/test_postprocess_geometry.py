"""Sides, crossings, polygons, overlaps."""

from __future__ import annotations

import pytest

from postprocess.geometry import bottom_centre, crossing, distance, inside, overlap

ACROSS = ((0.2, 0.5), (0.8, 0.5))
#            a ───────▶ b          left of a→b (above, as y points down) is negative


def test_sign_is_the_contracts() -> None:
    """Who stands at a and looks at b has the upper half of the picture on the left: negative; below is positive."""
    assert distance(ACROSS, (0.5, 0.3), 1.0) == pytest.approx(-0.2)
    assert distance(ACROSS, (0.5, 0.7), 1.0) == pytest.approx(0.2)


def test_distance_is_in_frame_heights() -> None:
    """A step to the side of an upright line counts `aspect` times."""
    upright = ((0.5, 0.0), (0.5, 1.0))
    assert distance(upright, (0.6, 0.5), 16 / 9) == pytest.approx(-0.1 * 16 / 9)


def test_a_point_as_line_has_no_sides() -> None:
    """A line whose ends fall together is never crossed."""
    point = ((0.5, 0.5), (0.5, 0.5))
    assert distance(point, (0.1, 0.1), 1.0) == 0.0
    assert crossing(point, (0.1, 0.1), (0.9, 0.9)) is None


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ((0.5, 0.4), (0.5, 0.6), (0.5, 0.5)),
        ((0.5, 0.45), (0.5, 0.65), (0.25, 0.5)),
        ((0.2, 0.4), (0.2, 0.6), (0.5, 0.0)),
        ((0.95, 0.4), (0.95, 0.6), (0.5, 1.25)),
        ((0.5, 0.6), (0.5, 0.7), None),
        ((0.5, 0.1), (0.5, 0.49), None),
    ],
)
def test_where_a_step_meets_a_line(
    start: tuple[float, float], end: tuple[float, float], expected: tuple[float, float] | None
) -> None:
    """Share of the step and share of the line; beside the ends is outside 0..1."""
    assert crossing(ACROSS, start, end) == (None if expected is None else pytest.approx(expected))


def test_inside_a_polygon_with_a_bay() -> None:
    """Even-odd: the bay of a U is outside.

    ┌─┐ ┌─┐
    │ └─┘ │
    └─────┘
    """
    u = ((0.0, 0.0), (0.3, 0.0), (0.3, 0.6), (0.7, 0.6), (0.7, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
    assert inside(u, (0.1, 0.3))
    assert inside(u, (0.5, 0.8))
    assert not inside(u, (0.5, 0.3))
    assert not inside(u, (1.5, 0.3))


def test_overlap() -> None:
    """Intersection over union: whole, part, apart on either axis."""
    unit = (0.0, 0.0, 1.0, 1.0)
    assert overlap(unit, unit) == 1.0
    assert overlap(unit, (0.5, 0.0, 1.5, 1.0)) == pytest.approx(1 / 3)
    assert overlap(unit, (1.0, 0.0, 2.0, 1.0)) == 0.0
    assert overlap(unit, (0.0, 2.0, 1.0, 3.0)) == 0.0


def test_foot_of_a_box() -> None:
    """Bottom centre."""
    assert bottom_centre((0.2, 0.1, 0.4, 0.6)) == pytest.approx((0.3, 0.6))

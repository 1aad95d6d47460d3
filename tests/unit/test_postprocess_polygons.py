"""How deep a point lies in a polygon, and how much of a box."""

from __future__ import annotations

import pytest

from postprocess.polygons import depth, share, widest

SQUARE = ((0.2, 0.2), (0.6, 0.2), (0.6, 0.6), (0.2, 0.6))
WHOLE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
HOOK = ((0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.6, 0.8), (0.6, 0.4), (0.4, 0.4), (0.4, 0.8), (0.2, 0.8))
#   ┌───────┐
#   │ ┌───┐ │     concave: the notch is no part of it
#   └─┘   └─┘


@pytest.mark.parametrize(
    ("point", "expected"),
    [((0.4, 0.4), 0.2), ((0.4, 0.25), 0.05), ((0.4, 0.1), -0.1), ((0.7, 0.4), -0.1), ((0.7, 0.7), -(0.02**0.5))],
)
def test_depth_is_the_distance_from_the_rim(point: tuple[float, float], expected: float) -> None:
    """Positive inside, negative outside, beside a corner along the diagonal."""
    assert depth(SQUARE, point, 1.0) == pytest.approx(expected)


def test_depth_counts_x_in_frame_heights() -> None:
    """A tenth of the width is more than a tenth of the height."""
    assert depth(SQUARE, (0.25, 0.4), 16 / 9) == pytest.approx(0.05 * 16 / 9)


def test_the_notch_of_a_hook_is_outside() -> None:
    """Even-odd, not the hull."""
    assert depth(HOOK, (0.5, 0.6), 1.0) == pytest.approx(-0.1)


def test_the_border_of_the_picture_is_no_rim() -> None:
    """A foot cut off at the lower border stands well inside of a zone that reaches it."""
    corner = ((0.4, 0.5), (1.0, 0.5), (1.0, 1.0), (0.4, 1.0))
    assert depth(corner, (0.8, 1.0), 1.0) == pytest.approx(0.4)
    assert depth(WHOLE, (0.0, 1.0), 1.0) == 1.0


def test_widest_is_half_of_a_squares_side() -> None:
    """As near as the grid comes to it."""
    assert widest(SQUARE, 1.0) == pytest.approx(0.2, abs=0.02)


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ((0.3, 0.3, 0.4, 0.4), 1.0),
        ((0.1, 0.3, 0.3, 0.4), 0.5),
        ((0.1, 0.1, 0.3, 0.3), 0.25),
        ((0.7, 0.7, 0.9, 0.9), 0.0),
        ((0.0, 0.0, 1.0, 1.0), 0.16),
        ((0.5, 0.5, 0.5, 0.9), 0.0),
    ],
)
def test_share_of_a_box(box: tuple[float, float, float, float], expected: float) -> None:
    """Inside, half, a corner, beside, around, and a box without an area."""
    assert share(SQUARE, box) == pytest.approx(expected)


def test_share_with_a_hook() -> None:
    """Both arms count, the notch does not."""
    assert share(HOOK, (0.2, 0.6, 0.8, 0.8)) == pytest.approx(2 / 3)

"""Average precision against cases worked out by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from model_repository.evaluation.precision import OVERLAPS, Picture, average_precision, match


def picture(found: Sequence[Sequence[float]], true: Sequence[Sequence[float]]) -> Picture:
    """Found rows (corners, score, class) and true rows (class, corners)."""
    return Picture(np.array(found, np.float32).reshape(-1, 6), np.array(true, np.float32).reshape(-1, 5))


def test_everything_found_exactly() -> None:
    """Every box found where it is: one at every overlap."""
    got = average_precision([picture([[0, 0, 10, 10, 0.9, 0]], [[0, 0, 0, 10, 10]])], 2)
    assert got.map50 == got.map50_95 == 1
    assert math.isnan(got.ap50[1])


def test_nothing_found() -> None:
    """A class that is there and never found has zero."""
    assert average_precision([picture([], [[0, 0, 0, 10, 10]])], 1).map50 == 0


def test_nothing_to_find() -> None:
    """Without true boxes there is no figure, whatever was found."""
    got = average_precision([picture([[0, 0, 10, 10, 0.9, 0]], [])], 1)
    assert math.isnan(got.map50)
    assert math.isnan(got.map50_95)


def test_a_false_one_above_the_true_one() -> None:
    """Precision is a half at every recall, where the best box is a ghost."""
    found = [[50, 50, 60, 60, 0.9, 0], [0, 0, 10, 10, 0.8, 0]]
    assert average_precision([picture(found, [[0, 0, 0, 10, 10]])], 1).map50 == pytest.approx(0.5)


def test_a_false_one_below_the_true_one() -> None:
    """A ghost that comes after all true ones costs nothing."""
    found = [[50, 50, 60, 60, 0.1, 0], [0, 0, 10, 10, 0.8, 0]]
    assert average_precision([picture(found, [[0, 0, 0, 10, 10]])], 1).map50 == 1


def test_one_of_two_found() -> None:
    """Precision is one up to a recall of a half (51 of 101 places), zero after it."""
    true = [[0, 0, 0, 10, 10], [0, 50, 50, 60, 60]]
    got = average_precision([picture([[0, 0, 10, 10, 0.9, 0]], true)], 1)
    assert got.map50 == pytest.approx(51 / 101)


def test_the_second_box_on_one_object_is_false() -> None:
    """An object is found once; the better score takes it, though the other fits better."""
    found = [[0, 0, 10, 9, 0.9, 0], [0, 0, 10, 10, 0.8, 0]]
    true = [[0, 0, 0, 10, 10], [0, 50, 50, 60, 60]]
    got = average_precision([picture(found, true)], 1)
    assert got.map50 == pytest.approx(51 / 101)


def test_the_overlap_decides() -> None:
    """A box with an overlap of 0.72 counts up to 0.7: five of the ten overlaps."""
    got = average_precision([picture([[0, 0, 10, 7.2, 0.9, 0]], [[0, 0, 0, 10, 10]])], 1)
    assert got.map50 == 1
    assert got.map50_95 == pytest.approx(0.5)
    assert len(OVERLAPS) == 10


def test_classes_and_pictures_are_apart() -> None:
    """A box of another class or in another picture does not hit."""
    other_class = [picture([[0, 0, 10, 10, 0.9, 1]], [[0, 0, 0, 10, 10]])]
    assert average_precision(other_class, 2).map50 == 0
    other_picture = [picture([[0, 0, 10, 10, 0.9, 0]], []), picture([], [[0, 0, 0, 10, 10]])]
    assert average_precision(other_picture, 1).map50 == 0


def test_match_without_boxes() -> None:
    """Nothing found or nothing true: no hits, no error."""
    none, one = np.zeros((0, 4), np.float32), np.array([[0, 0, 1, 1]], np.float32)
    assert match(none, one, 0.5).tolist() == []
    assert match(one, none, 0.5).tolist() == [False]

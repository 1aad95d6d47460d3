"""Heads of detectors: decoding of every kind, suppression, limits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from model_repository.contract import DETECTIONS_MAX, SCORE_FLOOR
from model_repository.heads import KINDS, YOLOX_STRIDES, candidates, iou, select, suppress
from model_repository.limits import CANDIDATES_MAX
from model_repository.plate_heads import best_quad, best_read, rows_possible
from model_repository.plates.decode import Read

SIZE = (64, 32)
BOX = np.array([10, 4, 30, 20], np.float32)  # x1, y1, x2, y2
CENTRE = np.array([20, 12, 20, 16], np.float32)  # the same as cx, cy, w, h


def _head(kind: str) -> np.ndarray:
    """One box of class 1 with score 0.72 as a head of that kind answers it; all other anchors silent."""
    if kind == "yolov8":
        head = np.zeros((4 + 3, 9), np.float32)
        head[:4, 5], head[4 + 1, 5] = CENTRE, 0.72
    elif kind == "yolov5":
        head = np.zeros((9, 5 + 3), np.float32)
        head[5, :4], head[5, 4], head[5, 5 + 1] = CENTRE, 0.9, 0.8
    elif kind == "yolox":
        head = np.zeros((32 + 8 + 2, 5 + 3), np.float32)
        # Row 33 is the cell (1, 0) of stride 16: (0.25 + 1) * 16 = 20, (0.75 + 0) * 16 = 12.
        head[33, :4] = 0.25, 0.75, np.log(20 / 16), np.log(16 / 16)
        head[33, 4], head[33, 5 + 1] = 0.9, 0.8
    else:
        head = np.zeros((20, 6), np.float32)
        head[7] = [*BOX, 0.72, 1]
    return head


@pytest.mark.parametrize("kind", KINDS)
def test_every_head_gives_the_same_box(kind: str) -> None:
    """Four ways of writing one box decode to the same corners, score and class."""
    rows = candidates(_head(kind), kind, SIZE)
    assert rows.shape == (CANDIDATES_MAX, 6)
    np.testing.assert_allclose(rows[0], [*BOX, 0.72, 1], rtol=1e-5)
    assert not rows[1:].any()


@pytest.mark.parametrize("kind", KINDS)
def test_silence_is_no_box(kind: str) -> None:
    """A head without a score above the floor gives nothing, and selecting from nothing gives nothing."""
    rows = candidates(_head(kind) * 0, kind, SIZE)
    boxes, scores, classes, count = select(rows)
    assert count == 0
    assert not any(array.any() for array in (boxes, scores, classes))


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_garbage_gives_finite_boxes_inside_the_frame(kind: str, seed: int) -> None:
    """Whatever a network answers, NaN and infinity too, what leaves is finite, inside, ordered and above the floor."""
    rng = np.random.default_rng(seed)
    head = rng.normal(0, 40, _head(kind).shape).astype(np.float32)
    head[rng.random(head.shape) < 0.05] = np.nan
    head[rng.random(head.shape) < 0.05] = np.inf
    with np.errstate(all="ignore"):
        rows = candidates(head, kind, SIZE)
        boxes, scores, _, count = select(rows)
    assert np.isfinite(boxes).all()
    assert (boxes >= 0).all()
    assert (boxes[:count, 2:] > boxes[:count, :2]).all()
    assert (boxes <= [*SIZE, *SIZE]).all()
    assert not np.isnan(scores[:count]).any()
    assert (scores[:count] > SCORE_FLOOR).all()
    assert (np.diff(scores[:count]) <= 0).all()


def test_the_weakest_candidates_are_dropped_first() -> None:
    """More anchors above the floor than fit: the best ones stay, in order."""
    head = np.zeros((5, 4000), np.float32)
    head[:4] = CENTRE[:, None]
    head[4] = np.random.default_rng(1).permutation(np.linspace(0.2, 0.9, 4000, dtype=np.float32))
    rows = candidates(head, "yolov8", SIZE)
    np.testing.assert_array_equal(rows[:, 4], np.sort(head[4])[::-1][:CANDIDATES_MAX])


def test_suppression_is_by_class() -> None:
    """Of three boxes on one place, two of one class and one of another, one of each class stays.

    +----+
    |0,1 |   class 0, class 0, and 2 of class 1 on the same place;  3 of class 0 elsewhere
    +----+
    """
    boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [0, 0, 10, 10], [50, 0, 60, 10]], np.float32)
    assert suppress(boxes, np.array([0, 0, 1, 0]), 0.6).tolist() == [0, 2, 3]


def test_a_suppressed_box_suppresses_nothing() -> None:
    """A chain of overlaps keeps both of its ends: the middle falls to the first and takes nothing along."""
    boxes = np.array([[0, 0, 10, 10], [2, 0, 12, 10], [4, 0, 14, 10]], np.float32)
    assert suppress(boxes, np.zeros(3), 0.6).tolist() == [0, 2]


def test_no_more_than_the_contract_allows() -> None:
    """Two hundred separate boxes leave as the hundred best."""
    rows = np.zeros((CANDIDATES_MAX, 6), np.float32)
    rows[:200, 0] = np.arange(200) * 10
    rows[:200, 2], rows[:200, 3] = rows[:200, 0] + 5, 5
    rows[:200, 4] = np.linspace(0.9, 0.2, 200)
    boxes, scores, _, count = select(rows)
    assert count == DETECTIONS_MAX
    np.testing.assert_array_equal(scores, rows[:DETECTIONS_MAX, 4])
    np.testing.assert_array_equal(boxes, rows[:DETECTIONS_MAX, :4])


# Whole numbers: at the very limit of overlap two ways of rounding may differ, and that is not the point.
_CORNERS = hnp.arrays(np.float32, (6, 4), elements=st.integers(1, 100).map(float))


@given(_CORNERS)
def test_suppressed_boxes_overlap_a_better_one_and_kept_ones_do_not(corners: np.ndarray) -> None:
    """The definition of greedy suppression, box by box."""
    boxes = np.concatenate([corners[:, :2], corners[:, :2] + corners[:, 2:]], axis=1)
    kept = suppress(boxes, np.zeros(len(boxes)), 0.5).tolist()
    overlaps = iou(boxes, boxes)
    for index in range(len(boxes)):
        better = [other for other in kept if other < index]
        assert (index not in kept) == any(overlaps[index, other] > 0.5 for other in better)


@given(_CORNERS)
def test_overlap_is_symmetric_and_between_none_and_all(corners: np.ndarray) -> None:
    """IoU is 0 to 1, the same both ways, and 1 with itself for boxes that have an area."""
    boxes = np.concatenate([corners[:, :2], corners[:, :2] + corners[:, 2:]], axis=1)
    overlaps = iou(boxes, boxes)
    assert ((overlaps >= 0) & (overlaps <= 1.0001)).all()
    np.testing.assert_allclose(overlaps, overlaps.T, atol=1e-5)


def test_a_raw_yolox_head_counts_its_cells() -> None:
    """The rows of a raw head follow the strides: eight, sixteen, thirty-two, each in reading order."""
    head = np.zeros((32 + 8 + 2, 6), np.float32)
    head[41, 4:] = 0.9  # the last cell of stride 32: column 1, row 0
    rows = candidates(head, "yolox", SIZE)
    assert YOLOX_STRIDES[-1] == 32
    np.testing.assert_allclose(rows[0, :4], [16, 0, 48, 16])


def test_the_best_plate_of_a_crop() -> None:
    """The most certain cell gives the corners; below the floor, or without an area, there is no plate."""
    head = np.zeros((3, 9), np.float32)
    head[1] = [0.8, 10, 10, 50, 10, 50, 20, 10, 20]
    found = best_quad(head, 0.3)
    assert found is not None
    quad, score = found
    assert score == pytest.approx(0.8)
    assert quad[2].tolist() == [50, 20]
    assert best_quad(head, 0.9) is None
    head[1, 1:] = 7
    assert best_quad(head, 0.3) is None
    head[1, 0] = np.nan
    assert best_quad(head, 0.3) is None


@pytest.mark.parametrize(("height", "rows"), [(22, (1,)), (40, (1, 2)), (60, (2,))])
def test_the_shape_of_a_plate_leaves_its_rows_open(height: int, rows: tuple[int, ...]) -> None:
    """A long plate has one row, a short one two, and between them both are tried."""
    quad = np.array([[0, 0], [100, 0], [100, height], [0, height]], np.float32)
    assert rows_possible(quad) == rows


def test_the_most_certain_reading_wins() -> None:
    """A text wins over none, the surer text over the other; nothing read at all is a certain nothing."""
    sure, unsure = Read(text_latin="A123BC77", confidence=0.9), Read(text_latin="A123BC7", confidence=0.5)
    nothing, doubt = Read(text_latin="", confidence=0.95), Read(text_latin="", confidence=0.7)
    assert best_read([unsure, nothing, sure]) == sure
    assert best_read([nothing, doubt]) == doubt
    assert best_read([]) == Read(text_latin="", confidence=1.0)

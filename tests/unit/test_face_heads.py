"""Heads of face detectors: SCRFD and YuNet decoded, told apart, and the one face that a crop is of."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from model_repository import face_heads
from model_repository.face_heads import FACES_MAX, faces, kind_of, levels, own_face

SIZE = (64, 32)
Floats = npt.NDArray[np.float32]
BOX = np.array([10, 4, 30, 20], np.float32)
POINTS = np.array([[14, 9], [26, 9], [20, 13], [15, 17], [25, 17]], np.float32)


def _cells(stride: int) -> int:
    return (SIZE[0] // stride) * (SIZE[1] // stride)


def _empty(kind: str, anchors: int = 2) -> list[Floats]:
    """All outputs of a silent head, in the order in which SCRFD's public export has them."""
    anchors = anchors if kind == "scrfd" else 1
    widths = (1, 4, 10) if kind == "scrfd" else (1, 1, 4, 10)
    return [np.zeros((1, _cells(stride) * anchors, width), np.float32) for width in widths for stride in (8, 16, 32)]


def _one_face(kind: str, score: float = 0.81) -> list[Floats]:
    """BOX and POINTS as a head of that kind says them, in the cell (1, 0) of stride 16: its corner is (16, 0)."""
    outputs = _empty(kind)
    corner = np.array([16, 0], np.float32)
    points = ((POINTS - corner) / 16).ravel()
    if kind == "scrfd":
        row = 2 * 1 + 1  # the second anchor of the cell
        outputs[1][0, row] = score
        outputs[4][0, row] = np.concatenate([corner - BOX[:2], BOX[2:] - corner]) / 16
        outputs[7][0, row] = points
    else:
        outputs[1][0, 1], outputs[4][0, 1] = 0.9, score**2 / 0.9
        middle, size = (BOX[:2] + BOX[2:]) / 2, BOX[2:] - BOX[:2]
        outputs[7][0, 1] = np.concatenate([(middle - corner) / 16, np.log(size / 16)])
        outputs[10][0, 1] = points
    return outputs


@pytest.mark.parametrize("kind", ["scrfd", "yunet"])
def test_both_heads_say_the_same_face(kind: str) -> None:
    """Two ways of writing one face decode to the same box, score and points."""
    outputs = _one_face(kind)
    assert kind_of(outputs, SIZE) == kind
    found = faces(outputs, kind, SIZE)
    np.testing.assert_allclose(found, [[*BOX, 0.81, *POINTS.ravel()]], rtol=1e-4)


@pytest.mark.parametrize("kind", ["scrfd", "yunet"])
def test_silence_is_no_face(kind: str) -> None:
    """Nothing above the floor: no rows, and no face of the crop's person."""
    found = faces(_empty(kind), kind, SIZE)
    assert found.shape == (0, 15)
    assert own_face(found, SIZE) is None


def test_a_head_without_a_batch_axis_is_read() -> None:
    """Some exports drop the batch axis; one level and one anchor are a head too; scalars beside it do not matter."""
    flat = [each[0] for each in _one_face("scrfd")]
    np.testing.assert_allclose(faces(flat, "scrfd", SIZE)[0, :4], BOX, rtol=1e-4)
    single = [np.zeros((1, _cells(8), width), np.float32) for width in (1, 4, 10)]
    assert kind_of([*single, np.zeros(1, np.float32)], SIZE) == "scrfd"
    assert levels(single, SIZE)[0][:2] == (8, 1)


@pytest.mark.parametrize(
    "outputs",
    [
        [],
        [np.zeros((1, 7, 1)), np.zeros((1, 7, 4)), np.zeros((1, 7, 10))],  # 7 rows are no number of cells
        [np.zeros((1, 32, 1)), np.zeros((1, 32, 4))],  # no points
        [np.zeros((1, 32, 1)), np.zeros((1, 32, 4)), np.zeros((1, 32, 10)), np.zeros((1, 32, 4))],  # boxes twice
        [np.zeros((1, 32, 1)), np.zeros((1, 32, 4)), np.zeros((1, 32, 10)), np.zeros((1, 32, 10))],  # points twice
        [np.zeros((1, 32, 1))] * 3 + [np.zeros((1, 32, 4)), np.zeros((1, 32, 10))],  # three scores
        # one score at one stride, two at the next
        [*(np.zeros((1, 32, w)) for w in (1, 4, 10)), *(np.zeros((1, 8, w)) for w in (1, 1, 4, 10))],
    ],
)
def test_other_outputs_are_no_head(outputs: list[Floats]) -> None:
    """What does not make up a head is not taken for one, and nothing is found in it."""
    assert kind_of(outputs, SIZE) == ""


def test_what_is_no_number_is_no_face() -> None:
    """Infinite boxes and NaN points are dropped; boxes are clipped to the tensor, empty ones dropped."""
    outputs = _one_face("scrfd")
    for row, value in ((0, np.nan), (6, np.inf), (8, -1e6)):
        outputs[1][0, row], outputs[4][0, row] = 0.9, value
    outputs[1][0, 10], outputs[4][0, 10] = 0.7, 100
    found = faces(outputs, "scrfd", SIZE)
    assert found[:, 4].tolist() == pytest.approx([0.81, 0.7])
    assert found[1, :4].tolist() == [0, 0, *SIZE]


def test_better_faces_suppress_what_they_cover() -> None:
    """Two anchors that mean one face give one; more than FACES_MAX are cut off."""
    outputs = _one_face("scrfd")
    for output in outputs[1::3]:
        output[0, 2] = output[0, 3]
    outputs[1][0, 2] = 0.6
    found = faces(outputs, "scrfd", SIZE)
    assert len(found) == 1
    assert found[0, 4] == pytest.approx(0.81)
    many = [np.zeros((1, 64 * 64, width), np.float32) for width in (1, 4, 10)]
    many[0][...], many[1][...] = 0.9, 0.4
    assert len(faces(many, "scrfd", (512, 512))) == FACES_MAX


def test_an_unknown_kind_is_a_mistake() -> None:
    """The importer lets only known heads through."""
    with pytest.raises(KeyError):
        faces(_empty("scrfd"), "ultraface", SIZE)


def _row(x: float, y: float, side: float, score: float = 0.9) -> Floats:
    return np.array([x - side / 2, y - side / 2, x + side / 2, y + side / 2, score, *[0.0] * 10], np.float32)


@pytest.mark.parametrize(
    ("rows", "used", "own"),
    [
        ([_row(50, 20, 20), _row(95, 25, 22)], (100, 250), 0),  # a neighbour at the side, slightly larger
        ([_row(50, 20, 8), _row(50, 60, 40)], (100, 250), 1),  # somebody far behind, above the head
        ([_row(50, 30, 20), _row(50, 200, 30)], (100, 250), 0),  # a child before them, or a badge
        ([_row(50, 30, 20), _row(50, 80, 30)], (100, 100), 1),  # a crop of a face may have it anywhere
        ([_row(50, 30, 20, 0.5), _row(50, 31, 20, 0.9)], (100, 100), 1),
    ],
)
def test_the_face_is_the_one_that_the_crop_is_of(rows: list[Floats], used: tuple[int, int], own: int) -> None:
    """Large, in the middle, and in a crop from head to foot not in its lower half."""
    assert own_face(np.stack(rows), used) == own


def test_constants_hang_together() -> None:
    """The strides that are tried are those that public heads have."""
    assert face_heads.STRIDES[:3] == (8, 16, 32)

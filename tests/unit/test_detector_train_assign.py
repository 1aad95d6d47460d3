"""The assignment of cells to objects, and the losses that follow from it."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="torch belongs to the group `train`")

from model_repository.train.detector_assign import TOP, Truth, assign, overlaps, reach  # noqa: E402
from model_repository.train.detector_loss import complete_iou, edge_distance, loss, quality_focal  # noqa: E402
from model_repository.train.detector_network import Answers, cells  # noqa: E402

CLASSES = 6


def truth_of(*rows: tuple[int, float, float, float, float], padding: int = 1) -> Truth:
    """One picture with these objects (class, corners) and some padding."""
    count = len(rows) + padding
    boxes = torch.zeros(1, count, 4)
    classes = torch.zeros(1, count, dtype=torch.int64)
    present = torch.zeros(1, count, dtype=torch.bool)
    for index, (kind, *corners) in enumerate(rows):
        boxes[0, index], classes[0, index], present[0, index] = torch.tensor(corners), kind, True
    return Truth(boxes, classes, present)


def answers_of(boxes: Any, logits: Any, size: tuple[int, int] = (64, 64)) -> Answers:
    """Answers whose boxes are exactly these corners [1, A, 4]."""
    centres, strides = cells(*size)
    distances = torch.cat((centres - boxes[..., :2], boxes[..., 2:] - centres), dim=-1)
    return Answers(distances, logits, centres, strides)


def test_cells_of_a_picture() -> None:
    """64 x 64 pixels have 64 + 16 + 4 cells, whose centres lie half a stride inside."""
    centres, strides = cells(64, 64)
    assert centres.shape == (84, 2)
    assert centres[0].tolist() == [4, 4]
    assert centres[1].tolist() == [12, 4]
    assert centres[-1].tolist() == [48, 48]
    assert strides.unique().tolist() == [8, 16, 32]


def test_overlaps_of_known_boxes() -> None:
    """Half covered is a third of the union, apart is nothing."""
    one = torch.tensor([[0.0, 0, 10, 10]])
    other = torch.tensor([[0.0, 0, 10, 10], [5, 0, 15, 10], [20, 20, 30, 30]])
    assert overlaps(one, other)[0].tolist() == pytest.approx([1, 1 / 3, 0])


def test_reach_is_the_inside_of_the_box() -> None:
    """Only cells with their centre in the box are candidates, padding has none."""
    centres, strides = cells(64, 64)
    truth = truth_of((0, 0, 0, 32, 32))
    found = reach(truth, centres, strides)
    assert int(found[0, 0].sum()) == 16 + 4 + 1
    assert not found[0, 1].any()


def test_a_tiny_object_still_has_a_cell() -> None:
    """A box between the centres of all cells is grown to reach the finest ones only."""
    centres, strides = cells(64, 64)
    found = reach(truth_of((0, 31, 31, 33, 33)), centres, strides)[0, 0]
    assert found.any()
    assert strides[found].unique().tolist() == [8]


def test_perfect_boxes_get_full_targets() -> None:
    """A cell that already has the box and the class learns a score of one, of its class alone."""
    centres, strides = cells(64, 64)
    truth = truth_of((2, 8, 8, 40, 56))
    boxes = truth.boxes[:, :1].expand(1, len(centres), 4)
    scores = torch.full((1, len(centres), CLASSES), 0.5)
    found = assign(scores, boxes, truth, centres, strides)
    assert int(found.taken.sum()) == TOP
    assert found.scores[..., 2].amax().item() == pytest.approx(1.0, abs=1e-4)
    assert found.scores[..., [0, 1, 3, 4, 5]].abs().sum() == 0
    assert found.boxes[found.taken].tolist() == [[8, 8, 40, 56]] * TOP


def test_a_contested_cell_goes_to_the_greater_overlap() -> None:
    """No cell learns two objects: each takes the one that its own box fits better."""
    centres, strides = cells(64, 64)
    truth = truth_of((0, 0, 0, 64, 64), (1, 16, 16, 48, 48))
    boxes = torch.tensor([16.0, 16, 48, 48]).expand(1, len(centres), 4)
    found = assign(torch.full((1, len(centres), CLASSES), 0.5), boxes, truth, centres, strides)
    inside = reach(truth, centres, strides)[0, 1] & found.taken[0]
    assert inside.any()
    assert (found.scores[0, inside].argmax(-1) == 1).all()
    assert ((found.scores > 0).sum(-1) <= 1).all()


def test_a_better_class_score_wins_among_equal_boxes() -> None:
    """Of cells with the same box, those that know the class are taken."""
    centres, strides = cells(64, 64)
    truth = truth_of((3, 0, 0, 64, 64))
    boxes = truth.boxes[:, :1].expand(1, len(centres), 4)
    scores = torch.full((1, len(centres), CLASSES), 0.1)
    knowing = torch.arange(5, 5 + TOP)
    scores[0, knowing, 3] = 0.9
    found = assign(scores, boxes, truth, centres, strides)
    assert found.taken[0].nonzero().flatten().tolist() == knowing.tolist()


@pytest.mark.parametrize("padding", [0, 2])
def test_an_empty_picture_takes_nothing(padding: int) -> None:
    """Without objects all is background, and the loss is finite and pushes scores down."""
    centres, strides = cells(64, 64)
    truth = truth_of(padding=padding)
    logits = torch.zeros(1, len(centres), CLASSES, requires_grad=True)
    boxes = torch.zeros(1, len(centres), 4)
    assert not assign(logits.sigmoid(), boxes, truth, centres, strides).taken.any()
    parts = loss(answers_of(boxes, logits), truth)
    parts.total.backward()
    assert torch.isfinite(parts.total)
    assert logits.grad is not None
    assert (logits.grad > 0).all()


def test_complete_iou_of_known_boxes() -> None:
    """One for the same box; less than plain IoU where centres differ; negative where they are apart."""
    box = torch.tensor([[0.0, 0, 10, 10]])
    assert complete_iou(box, box).item() == pytest.approx(1, abs=1e-5)
    assert complete_iou(box, torch.tensor([[5.0, 0, 15, 10]])).item() == pytest.approx(1 / 3 - 25 / 325, abs=1e-4)
    assert complete_iou(box, torch.tensor([[40.0, 40, 50, 50]])).item() < 0


def test_edge_distance_is_in_parts_of_the_box() -> None:
    """The same miss of a lower edge weighs a tenth on a box ten times as high."""
    low = edge_distance(torch.tensor([[0.0, 0, 40, 44]]), torch.tensor([[0.0, 0, 40, 40]]))
    high = edge_distance(torch.tensor([[0.0, 0, 40, 404]]), torch.tensor([[0.0, 0, 40, 400]]))
    assert low.item() > 10 * high.item() > 0


def test_quality_focal_is_zero_at_the_target() -> None:
    """A score that equals its soft target costs nothing, and a far one more than a near one."""
    targets = torch.tensor([0.0, 0.5, 0.5])
    logits = torch.tensor([-20.0, 0.0, 3.0])
    cost = quality_focal(logits, targets)
    assert cost[:2].tolist() == pytest.approx([0, 0], abs=1e-6)
    assert cost[2] > 0.1


def test_better_answers_cost_less() -> None:
    """Right boxes with right classes cost less than right boxes with wrong ones, those less than wrong boxes."""
    centres, _ = cells(64, 64)
    truth = truth_of((1, 8, 8, 40, 56))
    right = truth.boxes[:, :1].expand(1, len(centres), 4)
    wrong = right + torch.tensor([6.0, 6, 9, 9])
    knowing = torch.full((1, len(centres), CLASSES), -6.0)
    inside = ((centres > torch.tensor([8.0, 8])) & (centres < torch.tensor([40.0, 56]))).all(-1)
    knowing[0, inside, 1] = 4
    mistaken = knowing.roll(1, dims=-1)
    good, misnamed, misplaced = (
        loss(answers_of(boxes, logits), truth).total.item()
        for boxes, logits in ((right, knowing), (right, mistaken), (wrong, mistaken))
    )
    assert good < misnamed < misplaced

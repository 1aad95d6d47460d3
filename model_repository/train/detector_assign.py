"""Which cell learns which object: task-aligned assignment (after Feng et al., TOOD, 2021).

Pure (torch only), no gradients.

Rules
- A cell may learn an object only if its centre lies inside the object's box (small boxes are grown to one and a half
  cells, else a distant person would have no cell at all).
- Of those, an object takes the TOP cells that already do best on it: score ** ALPHA * overlap ** BETA.
- A cell that several objects want goes to the one it overlaps most.
- The score that a cell has to learn is its share of the object's best metric: one for the best cell, less for its
  neighbours, so that suppression keeps the best. The overlap is left out (in TOOD it is a factor): a short training
  ends with mediocre boxes, and their objects are no less there.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

TOP = 10
ALPHA = 0.5
BETA = 6.0
SMALL_CELLS = 1.5
FLATTEN = 1 / 3
"""Power of the share: unflattened, cells with nearly as good a box learn a tenth, and no score ever gets high."""
TINY = 1e-9


class Truth(NamedTuple):
    """Objects of a batch, padded to the fullest picture."""

    boxes: Tensor  # float [N, M, 4] corners x1, y1, x2, y2 in pixels
    classes: Tensor  # int64 [N, M]
    present: Tensor  # bool [N, M]; False marks padding


class Assigned(NamedTuple):
    """What every cell has to learn."""

    scores: Tensor  # float [N, A, classes] soft targets, zero for background
    boxes: Tensor  # float [N, A, 4]; meaningless where `taken` is False
    taken: Tensor  # bool [N, A]


def overlaps(one: Tensor, other: Tensor) -> Tensor:
    """Intersection over union of boxes [..., n, 4] with boxes [..., m, 4]: [..., n, m]."""
    low = torch.maximum(one[..., :, None, :2], other[..., None, :, :2])
    high = torch.minimum(one[..., :, None, 2:], other[..., None, :, 2:])
    both = (high - low).clamp(min=0).prod(-1)
    area_one = (one[..., 2:] - one[..., :2]).clamp(min=0).prod(-1)
    area_other = (other[..., 2:] - other[..., :2]).clamp(min=0).prod(-1)
    return both / (area_one[..., :, None] + area_other[..., None, :] - both + TINY)


def reach(truth: Truth, centres: Tensor, strides: Tensor) -> Tensor:
    """Which cells [N, M, A] have their centre inside which object (grown to a least size)."""
    middle = (truth.boxes[..., :2] + truth.boxes[..., 2:]) / 2
    half = (truth.boxes[..., 2:] - truth.boxes[..., :2]) / 2
    least = strides[None, None, :, None] * SMALL_CELLS / 2
    # A box smaller than a fine cell may live on the finest stride only: coarse cells would all answer for it.
    least = torch.where(strides[None, None, :, None] == strides.min(), least, torch.zeros_like(least))
    away = (centres[None, None] - middle[:, :, None]).abs()
    inside = (away < torch.maximum(half[:, :, None], least)).all(-1)
    return inside & truth.present[..., None]


@torch.no_grad()
def assign(scores: Tensor, boxes: Tensor, truth: Truth, centres: Tensor, strides: Tensor) -> Assigned:
    """Match cells and objects.

    `scores` [N, A, classes] are probabilities, `boxes` [N, A, 4] corners in pixels, both as predicted now.
    """
    batch, count, classes = scores.shape
    objects = truth.boxes.shape[1]
    if objects == 0:
        empty = torch.zeros((batch, count), dtype=torch.bool, device=scores.device)
        return Assigned(torch.zeros_like(scores), torch.zeros_like(boxes), empty)
    candidate = reach(truth, centres, strides)
    overlap = overlaps(truth.boxes, boxes) * candidate
    wanted = truth.classes.clamp(min=0)[..., None].expand(-1, -1, count)
    own = scores.transpose(1, 2).gather(1, wanted)
    metric = own.clamp(min=TINY).pow(ALPHA) * overlap.pow(BETA)
    # Where nothing overlaps yet, the order of candidates still has to be defined: nearest to anything real first.
    metric = (metric + TINY) * candidate
    taken = _top(metric) & candidate
    taken &= _unique(taken, overlap)
    metric = metric * taken
    best_metric = metric.amax(-1, keepdim=True)
    share = (metric / (best_metric + TINY * TINY)).amax(1).pow(FLATTEN)
    which = taken.float().argmax(1)
    classes_of = truth.classes.gather(1, which)
    target = torch.nn.functional.one_hot(classes_of.clamp(min=0), classes).to(scores.dtype)
    any_taken = taken.any(1)
    return Assigned(
        scores=target * (share * any_taken)[..., None],
        boxes=truth.boxes.gather(1, which[..., None].expand(-1, -1, 4)),
        taken=any_taken,
    )


def _top(metric: Tensor) -> Tensor:
    """True for the TOP best cells of each object: bool [N, M, A]."""
    places = metric.topk(min(TOP, metric.shape[-1]), dim=-1).indices
    return torch.zeros_like(metric, dtype=torch.bool).scatter_(-1, places, value=True)


def _unique(taken: Tensor, overlap: Tensor) -> Tensor:
    """True only for the one object per cell that overlaps the cell's box most."""
    rank = torch.where(taken, overlap, torch.full_like(overlap, -1.0))
    winner = rank.argmax(1, keepdim=True)
    return torch.zeros_like(taken).scatter_(1, winner, value=True)

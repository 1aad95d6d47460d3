"""What the starter detector is punished for.

Pure (torch only).

Rules
- Scores: binary cross entropy of every cell and class against the soft targets of the assignment, weighted by the
  square of the error (quality focal loss, Li et al., 2020), so that a few thousand empty cells do not drown the taken
  ones in a short training. Summed and divided by the sum of the targets: crowded and empty pictures weigh alike.
- Boxes: one minus complete IoU (Zheng et al., 2020) plus the distance of the edges in parts of the box, on taken
  cells only, weighted by their target. The edges are there because a tripwire stands on the lower one.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from model_repository.train.detector_assign import TINY, Truth, assign
from model_repository.train.detector_network import Answers

BOX_GAIN = 5.0
EDGE_GAIN = 5.0
SCORE_GAIN = 1.0


class Losses(NamedTuple):
    """The parts, already multiplied by their gains; `total` is what is differentiated."""

    total: Tensor
    box: Tensor
    edge: Tensor
    score: Tensor


def complete_iou(one: Tensor, other: Tensor) -> Tensor:
    """IoU less the penalties for distant centres and unlike proportions, of paired boxes [n, 4]: [n], at most 1."""
    low = torch.maximum(one[:, :2], other[:, :2])
    high = torch.minimum(one[:, 2:], other[:, 2:])
    both = (high - low).clamp(min=0).prod(-1)
    size_one = (one[:, 2:] - one[:, :2]).clamp(min=1e-3)
    size_other = (other[:, 2:] - other[:, :2]).clamp(min=1e-3)
    iou = both / (size_one.prod(-1) + size_other.prod(-1) - both + TINY)
    hull = torch.maximum(one[:, 2:], other[:, 2:]) - torch.minimum(one[:, :2], other[:, :2])
    apart = ((one[:, :2] + one[:, 2:] - other[:, :2] - other[:, 2:]) / 2).square().sum(-1)
    shape = torch.atan(size_one[:, 0] / size_one[:, 1]) - torch.atan(size_other[:, 0] / size_other[:, 1])
    shape = shape.square() * (4 / math.pi**2)
    with torch.no_grad():
        weight = shape / (1 - iou + shape + 1e-7)
    return iou - apart / (hull.square().sum(-1) + TINY) - weight * shape


def edge_distance(one: Tensor, other: Tensor) -> Tensor:
    """Mean distance of the edges in parts of `other`'s width and height, of paired boxes [n, 4]: [n]."""
    size = (other[:, 2:] - other[:, :2]).clamp(min=4.0).repeat(1, 2)
    return F.smooth_l1_loss(one / size, other / size, beta=0.02, reduction="none").mean(-1)


def quality_focal(logits: Tensor, targets: Tensor) -> Tensor:
    """Cross entropy times the square of the error, elementwise; targets in 0..1."""
    error = (targets - logits.sigmoid()).square()
    return F.binary_cross_entropy_with_logits(logits, targets, reduction="none") * error


def loss(answers: Answers, truth: Truth) -> Losses:
    """Punish the answers of a batch.

    Raises nothing; a batch without objects gives a finite loss that pushes all scores down.
    """
    boxes = answers.boxes()
    aims = assign(answers.logits.detach().sigmoid(), boxes.detach(), truth, answers.centres, answers.strides)
    total = aims.scores.sum().clamp(min=1.0)
    score = quality_focal(answers.logits, aims.scores).sum() / total
    if aims.taken.any():
        weight = aims.scores.sum(-1)[aims.taken]
        mine, theirs = boxes[aims.taken], aims.boxes[aims.taken]
        box = ((1 - complete_iou(mine, theirs)) * weight).sum() / total
        edge = (edge_distance(mine, theirs) * weight).sum() / total
    else:
        box = edge = answers.distances.sum() * 0
    parts = (box * BOX_GAIN, edge * EDGE_GAIN, score * SCORE_GAIN)
    return Losses(total=parts[0] + parts[1] + parts[2], box=parts[0], edge=parts[1], score=parts[2])

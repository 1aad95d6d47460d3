"""What every cell of a detector has to learn from an example. Pure numpy.

Rules
- Cells are dealt out to objects as the starter is trained (`train.detector_assign`, after TOOD, Feng et al., 2021): of
  those whose centre lies in the object the TOP that do best, by score ** 0.5 * overlap ** 6, with soft targets.
- A cell that nobody judged has the answer of the live network as its aim: what was not complained of stays as it is.
  Where a picture is known as a whole, every other cell has to say no.
- Of the cells of a picture those are kept that matter: aims above zero, judged ones, and the highest of the others.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from model_repository.heads import iou
from model_repository.learning.contract import Box

Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]

TOP = 10
ALPHA, BETA = 0.5, 6.0
FLATTEN = 1 / 3
OTHERS_MAX = 400
"""Cells that nobody judged, of one picture: the highest scores, for there forgetting would show first."""
WEIGHT_KEPT = 0.25
"""Of a cell whose aim is to stay as it is, beside 1 of a judged one."""


class Aims(NamedTuple):
    """Of the cells that are kept, in their order: which they are, aims and weights per class."""

    cells: npt.NDArray[np.intp]  # [n]
    targets: Floats  # [n, classes]
    weights: Floats  # [n, classes]


class Truth(NamedTuple):
    """What is known of a picture, in pixels of the tensor."""

    boxes: tuple[tuple[int, Box], ...]  # class, box
    judged: tuple[tuple[int, Box], ...]  # class, area; empty = the boxes are all there is


def aims(boxes: Floats, scores: Floats, truth: Truth) -> Aims:
    """Aims for predicted boxes [cells, 4] with the live scores [cells, classes]."""
    centres = np.asarray((boxes[:, :2] + boxes[:, 2:]) / 2, np.float32)
    targets, weights = scores.copy(), np.full(scores.shape, WEIGHT_KEPT, np.float32)
    known = np.zeros(scores.shape, bool)
    for kind, area in truth.judged:
        known[_inside(centres, area), kind] = True
    if not truth.judged:
        known[:] = True
    targets[known], weights[known] = 0.0, 1.0
    for kind, box in truth.boxes:
        _deal(boxes, scores, centres, (kind, box), targets)
    matters = known.any(axis=1) if truth.judged else (targets > 0).any(axis=1)
    others = np.flatnonzero(~matters)
    highest = others[np.argsort(-scores[others].max(axis=1), kind="stable")[:OTHERS_MAX]]
    cells = np.sort(np.concatenate([np.flatnonzero(matters), highest]))
    return Aims(cells, targets[cells], weights[cells])


def _inside(centres: Floats, area: Box) -> Bools:
    x1, y1, x2, y2 = area
    inside: Bools = (centres[:, 0] >= x1) & (centres[:, 0] <= x2) & (centres[:, 1] >= y1) & (centres[:, 1] <= y2)
    return inside


def _deal(boxes: Floats, scores: Floats, centres: Floats, true: tuple[int, Box], targets: Floats) -> None:
    """Give the best cells of an object their aims."""
    kind, box = true
    overlap = iou(boxes, np.array([box], np.float32))[:, 0]
    metric = np.where(_inside(centres, box), np.maximum(scores[:, kind], 1e-6) ** ALPHA * overlap**BETA, 0.0)
    best = np.argsort(-metric, kind="stable")[:TOP]
    best = best[metric[best] > 0]
    if len(best):
        share = (metric[best] / metric[best[0]]) ** FLATTEN
        targets[best, kind] = np.maximum(targets[best, kind], share)

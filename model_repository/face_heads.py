"""Heads of face detectors with landmarks: from the raw answers of a network to faces, and to the one of a crop.

Rules of this file
- Pure numpy, no I/O, one picture at a time. Lengths are pixels of the tensor that entered the network.
- A face is a row of 15: x1, y1, x2, y2, score, then x, y of left eye, right eye, nose, left and right mouth corner
  (left is the left of the picture).
- A head is told by the widths of its outputs, level by level: `scrfd` has 1 (score), 4 (distances), 10 (points);
  `yunet` has 1 twice (class, objectness), 4, 10. Names of outputs are not looked at: exports differ in them.

SCRFD: Guo et al., "Sample and Computation Redistribution for Efficient Face Detection" (2021); YuNet: Wu et al.,
"YuNet: A Tiny Millisecond-level Face Detector" (2023).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from model_repository.heads import suppress
from model_repository.limits import CANDIDATES_MAX

FACES_MAX = 50
SCORE_MIN = 0.5
"""Below this nothing is a face, unless the card of the weights names another floor."""
IOU_MAX = 0.4
STRIDES = (8, 16, 32, 64, 128)
CENTRE_SPREAD = 0.35
"""Of the crop's width: how fast a face loses weight away from the middle."""
TALL = 1.6
"""A crop this much higher than wide shows somebody from head to foot, or nearly: the face is in its upper half."""

Floats = npt.NDArray[np.float32]
FACE_COLUMNS = 15


class Level(NamedTuple):
    """The outputs for one stride."""

    stride: int
    anchors: int
    scores: tuple[Floats, ...]  # each [cells * anchors]
    boxes: Floats  # [cells * anchors, 4]
    points: Floats  # [cells * anchors, 10]


def kind_of(answers: Sequence[Floats], size: tuple[int, int]) -> str:
    """'scrfd' or 'yunet', or '' where the outputs fit neither. `size` is (width, height) of the input."""
    found = levels(answers, size)
    if not found:
        return ""
    counts = {len(level.scores) for level in found}
    return {1: "scrfd", 2: "yunet"}.get(counts.pop(), "") if len(counts) == 1 else ""


def levels(answers: Sequence[Floats], size: tuple[int, int]) -> tuple[Level, ...]:
    """The outputs sorted by stride, finest first; empty where they don't make up a head.

    An output is [rows, columns] or [1, rows, columns].
    """
    flat = [each.reshape(-1, each.shape[-1]) for each in answers if each.ndim > 1]
    found = []
    for rows in sorted({len(each) for each in flat}, reverse=True):
        here = [each for each in flat if len(each) == rows]
        place = _place(rows, size)
        by_width = {width: [each for each in here if each.shape[1] == width] for width in (1, 4, 10)}
        if place is None or sorted({each.shape[1] for each in here}) != [1, 4, 10]:
            return ()
        if len(by_width[4]) != 1 or len(by_width[10]) != 1:
            return ()
        scores = tuple(each[:, 0] for each in by_width[1])
        found.append(Level(*place, scores, by_width[4][0], by_width[10][0]))
    return tuple(found)


def faces(answers: Sequence[Floats], kind: str, size: tuple[int, int], score_min: float = SCORE_MIN) -> Floats:
    """Every face of a picture, best first, float32 [n, 15], n <= FACES_MAX; boxes clipped to the input.

    Raises KeyError for an unknown kind.
    """
    read = _READERS[kind]
    rows = [read(level, size, score_min) for level in levels(answers, size)]
    found = np.concatenate(rows) if rows else np.zeros((0, FACE_COLUMNS), np.float32)
    found = found[np.isfinite(found).all(axis=1)]
    found[:, :4] = np.clip(found[:, :4], 0, np.array([*size, *size], np.float32))
    found = found[(found[:, 2] > found[:, 0]) & (found[:, 3] > found[:, 1])]
    found = found[np.argsort(-found[:, 4], kind="stable")][:CANDIDATES_MAX]
    kept = suppress(found[:, :4], np.zeros(len(found), np.float32), IOU_MAX, FACES_MAX)
    return found[kept]


def own_face(found: Floats, used: tuple[int, int]) -> int | None:
    """Which of the faces [n, 15] is that of the person whom a crop is of; None without any.

    `used` is the (width, height) of the picture inside the tensor. The weight of a face is

        score · sqrt(area) · exp(−((x − W/2) / (CENTRE_SPREAD · W))²) · lower

    with x its middle; `lower` is 0.25 for a face whose middle lies in the lower half of a crop that is at least TALL
    times as high as wide, else 1. A neighbour's face is smaller, or at the side, or both.
    """
    if not len(found):
        return None
    width, height = used
    x, y = (found[:, 0] + found[:, 2]) / 2, (found[:, 1] + found[:, 3]) / 2
    area = (found[:, 2] - found[:, 0]) * (found[:, 3] - found[:, 1])
    lower = np.where((y > height / 2) & (height >= TALL * width), 0.25, 1.0)
    weight = found[:, 4] * np.sqrt(area) * np.exp(-(((x - width / 2) / (CENTRE_SPREAD * width)) ** 2)) * lower
    return int(np.argmax(weight))


def _place(rows: int, size: tuple[int, int]) -> tuple[int, int] | None:
    """Stride and anchors per cell of an output with so many rows."""
    for anchors in (2, 1):
        for stride in STRIDES:
            if rows == anchors * (size[0] // stride) * (size[1] // stride):
                return stride, anchors
    return None


def _corner(level: Level, size: tuple[int, int], kept: npt.NDArray[np.intp]) -> Floats:
    """Upper left corners [n, 2] of the cells of rows, in pixels."""
    cells = kept // level.anchors
    columns = size[0] // level.stride
    return (np.stack([cells % columns, cells // columns], axis=1) * level.stride).astype(np.float32)


def _scrfd(level: Level, size: tuple[int, int], score_min: float) -> Floats:
    """Distances left, up, right, down from the cell's corner and points relative to it, all in strides."""
    kept = np.flatnonzero(level.scores[0] >= score_min)
    corner = _corner(level, size, kept)
    away = level.boxes[kept] * level.stride
    points = level.points[kept].reshape(-1, 5, 2) * level.stride + corner[:, None]
    boxes = [corner - away[:, :2], corner + away[:, 2:], level.scores[0][kept, None], points.reshape(-1, 10)]
    return np.concatenate(boxes, axis=1).astype(np.float32)


def _yunet(level: Level, size: tuple[int, int], score_min: float) -> Floats:
    """Score sqrt(class · objectness); centre relative to the cell and logarithm of the size, both in strides."""
    one, other = (np.clip(each, 0, 1) for each in level.scores)
    scores = np.sqrt(one * other)
    kept = np.flatnonzero(scores >= score_min)
    corner = _corner(level, size, kept)
    middle = corner + level.boxes[kept, :2] * level.stride
    half = np.exp(np.minimum(level.boxes[kept, 2:], 10)) * level.stride / 2
    points = level.points[kept].reshape(-1, 5, 2) * level.stride + corner[:, None]
    boxes = [middle - half, middle + half, scores[kept, None], points.reshape(-1, 10)]
    return np.concatenate(boxes, axis=1).astype(np.float32)


_READERS = {"scrfd": _scrfd, "yunet": _yunet}

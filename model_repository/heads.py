"""Heads of detectors: from the raw answer of a network to boxes.

Rules of this file
- Pure numpy, no I/O. Works on one picture at a time: answers must not depend on what else is in the batch.
- Boxes are x1, y1, x2, y2 in pixels of the tensor that entered the network.
- A head is thresholded before anything is computed per box: of 8,400 anchors some dozens are left.

`candidates` (raw head → at most CANDIDATES_MAX boxes above the floor, best first) runs in the step that owns the
network, so that 12 kB travel on instead of 2.8 MB; `select` (class-wise suppression) in the next one.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from model_repository.contract import DETECTIONS_MAX, SCORE_FLOOR
from model_repository.limits import CANDIDATES_MAX

IOU_MAX = 0.6
"""Two boxes of one class that overlap more are the same object, where a card does not say otherwise."""

YOLOX_STRIDES = (8, 16, 32)

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]


def candidates(head: Floats, kind: str, size: tuple[int, int], floor: float = SCORE_FLOOR) -> Floats:
    """Rows x1, y1, x2, y2, score, class of everything above the floor, best first.

    `head` is the network's answer for one picture (without the batch axis), `size` the (width, height) of its input.
    Returns float32 [CANDIDATES_MAX, 6]; rows past the last candidate are zero. Boxes are clipped to the input.
    Raises KeyError for an unknown kind.
    """
    boxes, scores, classes = _DECODERS[kind](head, size, floor)
    finite = np.isfinite(boxes).all(axis=1) & np.isfinite(scores)
    boxes = np.clip(np.where(finite[:, None], boxes, 0), 0, np.array([*size, *size], np.float32))
    # What is no number, or has no area inside the frame, is no object.
    sane = finite & (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
    boxes, scores, classes = boxes[sane], scores[sane], classes[sane]
    if len(scores) > CANDIDATES_MAX:
        order = np.argpartition(-scores, CANDIDATES_MAX)[:CANDIDATES_MAX]
        boxes, scores, classes = boxes[order], scores[order], classes[order]
    order = np.argsort(-scores, kind="stable")
    rows = np.zeros((CANDIDATES_MAX, 6), np.float32)
    count = len(order)
    rows[:count, 0:4] = boxes[order]
    rows[:count, 4] = scores[order]
    rows[:count, 5] = classes[order]
    return rows


def select(rows: Floats, iou_max: float = IOU_MAX) -> tuple[Floats, Floats, Ints, int]:
    """Suppress, class by class, what overlaps a better box.

    `rows` as `candidates` returns them. Returns boxes float32 [DETECTIONS_MAX, 4], scores float32 [DETECTIONS_MAX]
    descending, classes int32 [DETECTIONS_MAX] (all zero past the end) and the count.
    """
    rows = rows[: np.count_nonzero(rows[:, 4] > 0)]
    rows = rows[suppress(rows[:, :4], rows[:, 5], iou_max)]
    boxes = np.zeros((DETECTIONS_MAX, 4), np.float32)
    scores = np.zeros(DETECTIONS_MAX, np.float32)
    classes = np.zeros(DETECTIONS_MAX, np.int32)
    count = len(rows)
    boxes[:count], scores[:count], classes[:count] = rows[:, :4], rows[:, 4], rows[:, 5]
    return boxes, scores, classes, count


def suppress(
    boxes: Floats, classes: npt.NDArray[np.floating | np.integer], iou_max: float, count_max: int = DETECTIONS_MAX
) -> npt.NDArray[np.intp]:
    """Greedy suppression of boxes [n, 4] that are sorted best first: indices of the first `count_max` that stay.

    Works down from the best box and drops what it covers, so that a frame costs by what is kept, not by its candidates.
    """
    # Classes are moved apart so far that boxes of different ones cannot overlap.
    apart = classes.astype(np.float64)[:, None] * (np.ptp(boxes) + 1 if len(boxes) else 0)
    x1, y1, x2, y2 = np.ascontiguousarray((boxes + apart).T)
    area = (x2 - x1) * (y2 - y1)
    alive = np.ones(len(boxes), bool)
    kept: list[int] = []
    for best in range(len(boxes)):
        if not alive[best]:
            continue
        kept.append(best)
        if len(kept) == count_max:
            break
        rest = slice(best + 1, None)
        width = np.minimum(x2[best], x2[rest]) - np.maximum(x1[best], x1[rest])
        height = np.minimum(y2[best], y2[rest]) - np.maximum(y1[best], y1[rest])
        both = np.maximum(width, 0) * np.maximum(height, 0)
        alive[rest] &= both <= iou_max * (area[best] + area[rest] - both)
    return np.array(kept, np.intp)


def iou(one: Floats, other: Floats) -> Floats:
    """Intersection over union of every box of `one` [n, 4] with every box of `other` [m, 4]: float32 [n, m].

    Empty boxes overlap nothing.
    """
    width = np.minimum(one[:, None, 2], other[None, :, 2]) - np.maximum(one[:, None, 0], other[None, :, 0])
    height = np.minimum(one[:, None, 3], other[None, :, 3]) - np.maximum(one[:, None, 1], other[None, :, 1])
    both = np.maximum(width, 0) * np.maximum(height, 0)
    union = _area(one)[:, None] + _area(other)[None, :] - both
    result: Floats = np.divide(both, union, out=np.zeros_like(both), where=union > 0)
    return result


def _area(boxes: Floats) -> Floats:
    sides = boxes[:, 2:4] - boxes[:, 0:2]
    area: Floats = sides[:, 0] * sides[:, 1]
    return area


def _corners(centres: Floats) -> Floats:
    """Rows cx, cy, w, h → x1, y1, x2, y2."""
    half = centres[:, 2:4] / 2
    return np.concatenate([centres[:, 0:2] - half, centres[:, 0:2] + half], axis=1)


_Decoded = tuple[Floats, Floats, npt.NDArray[np.intp]]


def _yolov8(head: Floats, size: tuple[int, int], floor: float) -> _Decoded:
    """[4 + classes, anchors]: cx, cy, w, h in pixels, then probabilities."""
    del size
    best = head[4:].max(axis=0)
    kept = np.flatnonzero(best > floor)
    return _corners(head[:4, kept].T), best[kept], head[4:, kept].argmax(axis=0)


def _yolov5(head: Floats, size: tuple[int, int], floor: float) -> _Decoded:
    """[anchors, 5 + classes]: cx, cy, w, h in pixels, objectness, probabilities; the score is their product."""
    del size
    rows = head[head[:, 4] > floor]
    scores = rows[:, 5:] * rows[:, 4:5]
    best = scores.max(axis=1)
    kept = np.flatnonzero(best > floor)
    return _corners(rows[kept, :4]), best[kept], scores[kept].argmax(axis=1)


def _yolox(head: Floats, size: tuple[int, int], floor: float) -> _Decoded:
    """[anchors, 5 + classes], raw from YOLOX: offset in the cell and logarithm of the size, both in strides."""
    origin, stride = yolox_grid(size)
    kept = np.flatnonzero(head[:, 4] > floor)
    rows = head[kept].copy()
    rows[:, 0:2] = (rows[:, 0:2] + origin[kept]) * stride[kept]
    rows[:, 2:4] = np.exp(rows[:, 2:4]) * stride[kept]
    return _yolov5(rows, size, floor)


def _end2end(head: Floats, size: tuple[int, int], floor: float) -> _Decoded:
    """[boxes, 6]: x1, y1, x2, y2 in pixels, score, class: suppressed already."""
    del size
    rows = head[(head[:, 4] > floor) & (head[:, 5] >= 0) & np.isfinite(head[:, 5])]
    return rows[:, :4], rows[:, 4], rows[:, 5].astype(np.intp)


def yolox_grid(size: tuple[int, int]) -> tuple[Floats, Floats]:
    """Cell [anchors, 2] and stride [anchors, 1] of every anchor of a YOLOX head."""
    cells, strides = [], []
    for stride in YOLOX_STRIDES:
        columns, rows = size[0] // stride, size[1] // stride
        xs, ys = np.meshgrid(np.arange(columns), np.arange(rows))
        cells.append(np.stack([xs.ravel(), ys.ravel()], axis=1))
        strides.append(np.full((rows * columns, 1), stride))
    return np.concatenate(cells).astype(np.float32), np.concatenate(strides).astype(np.float32)


_DECODERS = {"yolov8": _yolov8, "yolov5": _yolov5, "yolox": _yolox, "end2end": _end2end}

KINDS = tuple(_DECODERS)
"""The heads this file can read."""

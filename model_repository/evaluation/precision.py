"""Average precision of boxes, as COCO defines it.

Pure numpy: no files, no clock, no torch.

Rules
- Boxes are corners x1, y1, x2, y2 in pixels. Found boxes are matched best score first; each takes the free true box
  of its class and picture that it overlaps most, if that is at least the asked overlap.
- Precision is made monotone and read at 101 recalls. A class without true boxes has no precision (NaN) and counts in
  no mean.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from model_repository.heads import iou

Floats = npt.NDArray[np.float32]

OVERLAPS = tuple(float(each) for each in np.linspace(0.5, 0.95, 10).round(2))
RECALLS = np.linspace(0, 1, 101)


class Picture(NamedTuple):
    """Found and true boxes of one picture."""

    found: Floats  # [n, 6] x1, y1, x2, y2, score, class
    true: Floats  # [m, 5] class, x1, y1, x2, y2


class Precision(NamedTuple):
    """The figures of one evaluation; NaN where there was nothing to find."""

    map50: float
    map50_95: float
    ap50: tuple[float, ...]  # per class
    ap50_95: tuple[float, ...]  # per class


class _Matches(NamedTuple):
    """One class in one picture."""

    scores: Floats  # [n]
    hits: npt.NDArray[np.bool_]  # [n, overlaps]
    total: int  # true boxes


def average_precision(pictures: list[Picture], classes: int) -> Precision:
    """Average precision per class and its means over the classes that occur."""
    return _precision([[_matches(picture, kind) for kind in range(classes)] for picture in pictures], classes)


def resampled(pictures: list[Picture], classes: int, *, times: int, seed: int = 0) -> list[Precision]:
    """The figures of `times` samples of as many pictures, drawn with replacement: what the bootstrap needs."""
    matches = [[_matches(picture, kind) for kind in range(classes)] for picture in pictures]
    draws = np.random.default_rng(seed).integers(0, len(pictures), (times, len(pictures)))
    return [_precision([matches[index] for index in draw], classes) for draw in draws]


def _precision(matches: list[list[_Matches]], classes: int) -> Precision:
    table = np.full((classes, len(OVERLAPS)), np.nan)
    for kind in range(classes):
        total = sum(picture[kind].total for picture in matches)
        if total:
            scores = np.concatenate([picture[kind].scores for picture in matches])
            hits = np.concatenate([picture[kind].hits for picture in matches])
            table[kind] = [_area(scores, hits[:, column], total) for column in range(len(OVERLAPS))]
    known = ~np.isnan(table[:, 0])
    return Precision(
        map50=float(table[known, 0].mean()) if known.any() else float("nan"),
        map50_95=float(table[known].mean()) if known.any() else float("nan"),
        ap50=tuple(map(float, table[:, 0])),
        ap50_95=tuple(map(float, table.mean(axis=1))),
    )


def match(found: Floats, true: Floats, overlap_min: float) -> npt.NDArray[np.bool_]:
    """Which found boxes [n, 4] (best first) hit a true box [m, 4] that no better one has taken: bool [n]."""
    hits = np.zeros(len(found), bool)
    if not len(found) or not len(true):
        return hits
    shared = iou(found, true)
    free = np.ones(len(true), bool)
    for row in range(len(found)):
        open_to = np.where(free, shared[row], -1.0)
        best = int(open_to.argmax())
        if open_to[best] >= overlap_min:
            free[best] = False
            hits[row] = True
    return hits


def _matches(picture: Picture, kind: int) -> _Matches:
    """The boxes of one class in one picture, best first."""
    true = picture.true[picture.true[:, 0] == kind][:, 1:5]
    found = picture.found[picture.found[:, 5] == kind]
    found = found[np.argsort(-found[:, 4], kind="stable")]
    hits = np.stack([match(found[:, :4], true, each) for each in OVERLAPS], axis=1)
    return _Matches(found[:, 4].astype(np.float32), hits, len(true))


def _area(scores: Floats, hits: npt.NDArray[np.bool_], total: int) -> float:
    """Area under the monotone precision over recall, read at 101 places."""
    if not len(scores):
        return 0.0
    right = np.cumsum(hits[np.argsort(-scores, kind="stable")])
    precision = right / np.arange(1, len(right) + 1)
    precision = np.maximum.accumulate(precision[::-1])[::-1]
    places = np.searchsorted(right / total, RECALLS, side="left")
    padded = np.append(precision, 0.0)
    return float(padded[places].mean())

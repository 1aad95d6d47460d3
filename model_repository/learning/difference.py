"""What two versions say of the same look: boxes that are new, gone or changed. Pure.

Boxes from `SCORE_MIN` on are held against each other: the pairs that overlap most (IoU ≥ 0.5) are the same object.
A pair with another class has changed.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from model_repository.heads import iou
from model_repository.learning.contract import Box

Floats = npt.NDArray[np.float32]

SCORE_MIN = 0.5
OVERLAP_MIN = 0.5
BOXES_MIN = 20
"""With fewer boxes of the live version a shift of their number says nothing."""
CHANCE = 3.0
"""A shift also has to be larger than so many standard deviations of counts that chance alone parts."""
SHIFT_MAX = 2.0
"""How far the number of objects may move, beside how it moved on the labelled set: a version that takes away hundreds
of false alarms there has to see fewer objects here, too."""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One box on which they differ."""

    what: Literal["new", "gone", "changed"]
    label: str
    before: str = ""
    """Of a changed one: the class that the live version gave."""
    score: float
    box: Box
    """In pixels of the picture."""


class Look(NamedTuple):
    """What came of one picture."""

    differences: tuple[Difference, ...]
    live: int  # boxes
    candidate: int


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """All looks together."""

    looks: int = 0
    errors: int = 0
    """Requests that the candidate did not answer."""
    live_boxes: int = 0
    candidate_boxes: int = 0
    new: int = 0
    gone: int = 0
    changed: int = 0

    def plus(self, look: Look) -> Tally:
        """With one more look."""
        counts = {kind: sum(1 for each in look.differences if each.what == kind) for kind in ("new", "gone", "changed")}
        return msgspec.structs.replace(
            self,
            looks=self.looks + 1,
            live_boxes=self.live_boxes + look.live,
            candidate_boxes=self.candidate_boxes + look.candidate,
            new=self.new + counts["new"],
            gone=self.gone + counts["gone"],
            changed=self.changed + counts["changed"],
        )


def differ(live: Floats, candidate: Floats, labels: tuple[str, ...]) -> Look:
    """Rows x1, y1, x2, y2, score, class of both, in pixels of the picture."""
    old, new = live[live[:, 4] >= SCORE_MIN], candidate[candidate[:, 4] >= SCORE_MIN]
    pairs = _pairs(old, new)
    found = [
        Difference(what="changed", label=labels[int(new[b, 5])], before=labels[int(old[a, 5])],
                   score=_score(new[b]), box=_box(new[b]))
        for a, b in pairs
        if old[a, 5] != new[b, 5]
    ]  # fmt: skip
    lone_old = set(range(len(old))) - {a for a, _ in pairs}
    lone_new = set(range(len(new))) - {b for _, b in pairs}
    found += [_lone("gone", old[index], labels) for index in sorted(lone_old)]
    found += [_lone("new", new[index], labels) for index in sorted(lone_new)]
    return Look(tuple(found), len(old), len(new))


def drifted(tally: Tally, expected: float = 1.0) -> str:
    """Why the candidate does not see what was to be expected; '' where nothing speaks against it.

    `expected`: objects of the candidate for each of the live version, as on the labelled set.
    """
    if not tally.looks:
        return "no frame was looked at"
    if tally.errors:
        return f"{tally.errors} of {tally.looks + tally.errors} requests were not answered"
    due = tally.live_boxes * expected
    most, least = max(due, tally.candidate_boxes), min(due, tally.candidate_boxes)
    by_chance = CHANCE * math.sqrt(most + least)
    if most >= BOXES_MIN and most > SHIFT_MAX * least and most - least > by_chance:
        return (
            f"drift: it sees {tally.candidate_boxes} objects where the live version sees {tally.live_boxes} and "
            f"{due:.0f} were to be expected"
        )
    return ""


def _pairs(old: Floats, new: Floats) -> list[tuple[int, int]]:
    if not len(old) or not len(new):
        return []
    shared = iou(old[:, :4], new[:, :4])
    pairs = []
    while shared.size and shared.max() >= OVERLAP_MIN:
        a, b = (int(each) for each in np.unravel_index(int(shared.argmax()), shared.shape))
        pairs.append((a, b))
        shared[a, :] = shared[:, b] = 0
    return pairs


def _lone(what: Literal["new", "gone"], row: Floats, labels: tuple[str, ...]) -> Difference:
    return Difference(what=what, label=labels[int(row[5])], score=_score(row), box=_box(row))


def _score(row: Floats) -> float:
    return round(float(row[4]), 4)


def _box(row: Floats) -> Box:
    x1, y1, x2, y2 = (round(float(each), 1) for each in row[:4])
    return x1, y1, x2, y2

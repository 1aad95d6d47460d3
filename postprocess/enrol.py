"""Whether a photograph is good enough to know somebody by. Pure: no I/O, no clock (numpy).

Rules
- The gate is stricter than what a camera's face has to be: a bad sample spoils every later comparison.
- The first fault is told, in the order in which a person would mend them: no face, several, too small, turned, blurred.
- The answer of a face embedder holds one face. Whether there are several is found by covering it and asking again.
"""

from __future__ import annotations

import math

import numpy as np

from model_repository.contract import FACE_BOX, FACE_SCORE
from postprocess.contract import FaceCause
from postprocess.pictures import Picture
from postprocess.recognisers.face import Marks
from postprocess.recognisers.unit import Answer

SIZE_MIN = 0.5
"""Half of the upright picture's side that embeddings are made from: 56 pixels where it has 112."""
POSE_MIN = 0.45
SHARPNESS_MIN = 0.45
RIVAL_SIDE_MIN = 0.5
"""A second face with sides this large, against the first one's, makes it unclear who is meant."""
COVER = 0.25
"""How much of its size is covered beyond a face, on every side."""
AROUND = 1.0
"""The same for the picture that the embedding is made from."""

PixelBox = tuple[int, int, int, int]


def gate(marks: Marks) -> FaceCause:
    """What is wrong with a face for enrolment; `none` = nothing."""
    if marks.size < SIZE_MIN:
        return "too_small"
    if marks.pose < POSE_MIN:
        return "turned_away"
    return "blurred" if marks.sharpness < SHARPNESS_MIN else "none"


def face_box(answer: Answer) -> tuple[float, float, float, float] | None:
    """Of the face, in pixels of the tensor; None where there is none."""
    if not float(answer[FACE_SCORE][0]) > 0.0:
        return None
    x1, y1, x2, y2 = (float(value) for value in answer[FACE_BOX][:4])
    return (x1, y1, x2, y2) if x2 > x1 and y2 > y1 else None


def covered(tensor: Picture, answer: Answer, fill: int) -> Picture:
    """The same tensor without the face that was found; uint8 [height, width, 3]."""
    box = face_box(answer)
    without = tensor.copy()
    if box is not None:
        x1, y1, x2, y2 = grown(box, COVER, (tensor.shape[1], tensor.shape[0]))
        without[y1:y2, x1:x2] = fill
    return without


def rivals(first: Answer, second: Answer) -> bool:
    """Whether a second face is large enough to be the one that is meant."""
    one, two = face_box(first), face_box(second)
    if one is None or two is None:
        return False
    sides = [math.sqrt((box[2] - box[0]) * (box[3] - box[1])) for box in (one, two)]
    return sides[1] >= RIVAL_SIDE_MIN * sides[0]


def bordered(picture: Picture, size: tuple[int, int], fill: int) -> Picture:
    """A picture of at least the tensor's size (width, height): enlarging a small face would hide that it is small."""
    height, width = max(picture.shape[0], size[1]), max(picture.shape[1], size[0])
    if (height, width) == picture.shape[:2]:
        return picture
    larger = np.full((height, width, 3), fill, np.uint8)
    larger[: picture.shape[0], : picture.shape[1]] = picture
    return larger


def around(box: tuple[float, float, float, float], tensor: tuple[int, int], picture: tuple[int, int]) -> PixelBox:
    """The part of a picture (width, height) around a face, no smaller than the tensor: nothing is enlarged."""
    x1, y1, x2, y2 = box
    wide = max(tensor[0], (x2 - x1) * (1 + 2 * AROUND))
    high = max(tensor[1], (y2 - y1) * (1 + 2 * AROUND))
    left = min(max(0, round((x1 + x2 - wide) / 2)), max(0, picture[0] - math.ceil(wide)))
    top = min(max(0, round((y1 + y2 - high) / 2)), max(0, picture[1] - math.ceil(high)))
    return left, top, min(picture[0], left + math.ceil(wide)), min(picture[1], top + math.ceil(high))


def grown(box: tuple[float, float, float, float], share: float, size: tuple[int, int]) -> PixelBox:
    """A box with a share of its size more on every side, in whole pixels, within a picture (width, height)."""
    x1, y1, x2, y2 = box
    more_x, more_y = (x2 - x1) * share, (y2 - y1) * share
    return (
        max(0, int(x1 - more_x)),
        max(0, int(y1 - more_y)),
        min(size[0], math.ceil(x2 + more_x)),
        min(size[1], math.ceil(y2 + more_y)),
    )

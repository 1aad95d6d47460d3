"""Between the two plate networks: the strips that a reader takes, by the cards of both.

Rules of this file: pure numpy and cv2.  The serving steps, the evaluation and the tests call the same functions, so
that what is measured is what is served.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from model_repository import heads, plate_heads
from model_repository.card import WeightsCard
from model_repository.plates import readers
from model_repository.plates.decode import Read
from model_repository.plates.rectify import rectify_quad

PLATE_SCORE_MIN = 0.3
"""Below this there is no plate in the crop, unless the card of the weights names another floor."""

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]


def quad_of(head: Floats, finder: WeightsCard) -> tuple[Floats, float] | None:
    """Corners [4, 2] and score of the best plate in a finder's answer; None where there is none."""
    rows = head.T if finder.transposed else head
    size = (finder.input_width, finder.input_height)
    return plate_heads.best_quad(rows, finder.score_min or PLATE_SCORE_MIN, finder.head or "plate_corners", size)


def strips_shape(reader: WeightsCard) -> tuple[int, int, int, int]:
    """Shape of the strips of one plate: as one row and as two, height, width, channels."""
    return 2, reader.input_height, reader.input_width, 1 if reader.colour == "gray" else 3


def strips_of(crop: Bytes, quad: Floats, finder: WeightsCard, reader: WeightsCard) -> Bytes:
    """The plate of a BGR crop straightened for a reader: uint8 of `strips_shape`, in its colour; zero where not asked.

    A reader of halves gets as many rows as the plate can carry; any other gets the whole plate once.
    """
    strips = np.zeros(strips_shape(reader), np.uint8)
    _, height, width, _ = strips.shape
    margin = reader.box_margin if finder.head in heads.KINDS else reader.corner_margin
    for rows in plate_heads.rows_possible(quad) if reader.row_halves else (1,):
        strip = rectify_quad(crop, quad, margin=margin, rows=rows, colour=reader.colour != "gray")
        if strip.shape[:2] != (height, width):
            strip = np.asarray(cv2.resize(strip, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
        if reader.colour == "rgb":
            strip = strip[..., ::-1]
        strips[rows - 1] = strip.reshape(strips.shape[1:])
    return strips


def read_of(head: Floats, reader: WeightsCard) -> Read:
    """What a reader's answer to one strip says."""
    probs = plate_heads.char_probabilities(head, transposed=reader.transposed, logits=reader.logits)
    return readers.read(probs, kind=reader.head or "ctc", alphabet=reader.alphabet, labels=reader.labels)

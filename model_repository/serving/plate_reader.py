"""Steps of the ensemble `plate_reader`. Edge: runs inside Triton's Python backend."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from model_repository import card, network, plate_heads
from model_repository.contract import (
    CHAR_CONFIDENCE,
    CONFIDENCE,
    CROP,
    PLATE_CHARS_MAX,
    PLATE_SCORE,
    QUAD,
    REGION,
    REGION_BYTES,
    TEXT,
    TEXT_BYTES,
)
from model_repository.limits import STRIP_HEIGHT_PX, STRIP_WIDTH_PX
from model_repository.plates import decode
from model_repository.plates.grammar import to_cyrillic
from model_repository.plates.rectify import rectify_quad
from model_repository.serving.step import Arrays, Step, parted

PLATE_SCORE_MIN = 0.3
"""Below this there is no plate in the crop, unless the card of the weights names another floor."""


class PlateCorners(Step):
    """CROP → QUAD, PLATE_SCORE, STRIPS: where the plate is, and the plate straightened as one row and as two."""

    def start(self, directory: Path) -> None:
        """Compile the network for whole BGR crops."""
        weights = card.load(network.weights_in(directory))
        self._score_min = weights.card.score_min or PLATE_SCORE_MIN
        self._network = network.Network(weights, "bgr")

    def answer(self, batch: list[Arrays]) -> list[Arrays]:
        """Run all crops of all requests through one queue."""
        crops = np.concatenate([arrays[CROP] for arrays in batch])
        quads = np.zeros((len(crops), 4, 2), np.float32)
        scores = np.zeros((len(crops), 1), np.float32)
        strips = np.zeros((len(crops), 2, STRIP_HEIGHT_PX, STRIP_WIDTH_PX), np.uint8)

        def done(index: int, head: npt.NDArray[np.float32]) -> None:
            found = plate_heads.best_quad(head, self._score_min)
            if found is not None:
                quads[index], scores[index] = found
                for rows in plate_heads.rows_possible(quads[index]):
                    strips[index, rows - 1] = rectify_quad(crops[index], quads[index], rows=rows)

        self._network.each(crops, done)
        return parted({QUAD: quads, PLATE_SCORE: scores, "STRIPS": strips}, batch, CROP)


class PlateText(Step):
    """STRIPS → TEXT, CONFIDENCE, CHAR_CONFIDENCE, REGION: what stands on the plate."""

    def start(self, directory: Path) -> None:
        """Compile the network for gray strips."""
        self._network = network.Network(card.load(network.weights_in(directory)), "gray")

    def answer(self, batch: list[Arrays]) -> list[Arrays]:
        """Read every strip that holds something; of two for one plate the more certain text wins."""
        strips = np.concatenate([arrays["STRIPS"] for arrays in batch])
        asked = np.argwhere(strips.any(axis=(2, 3)))
        reads: list[list[decode.Read]] = [[] for _ in strips]

        def done(position: int, head: npt.NDArray[np.float32]) -> None:
            reads[asked[position][0]].append(decode.read_plate(head))

        self._network.each((strips[index, rows] for index, rows in asked), done)
        return parted(_texts([plate_heads.best_read(each) for each in reads]), batch, "STRIPS")


def _texts(reads: list[decode.Read]) -> Arrays:
    """The texts of all crops as the tensors of the contract."""
    texts = np.zeros((len(reads), TEXT_BYTES), np.uint8)
    regions = np.zeros((len(reads), REGION_BYTES), np.uint8)
    confidences = np.zeros((len(reads), 1), np.float32)
    chars = np.zeros((len(reads), PLATE_CHARS_MAX), np.float32)
    for index, read in enumerate(reads):
        _write(texts[index], to_cyrillic(read.text_latin))
        _write(regions[index], "ru" if read.text_latin else "")
        confidences[index] = read.confidence
        chars[index, : len(read.char_confidence)] = read.char_confidence
    return {TEXT: texts, REGION: regions, CONFIDENCE: confidences, CHAR_CONFIDENCE: chars}


def _write(row: npt.NDArray[np.uint8], text: str) -> None:
    """Put a text into its row of bytes, zeros to the end."""
    data = text.encode()
    row[: len(data)] = np.frombuffer(data, np.uint8)

"""Steps of `plate_reader` where its networks are plans: no engine. Edge: runs inside the Python backend."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from model_repository import card, plate_heads
from model_repository.contract import CROP, PLATE_SCORE, QUAD
from model_repository.plates import readers, strips
from model_repository.plates.decode import Read
from model_repository.serving.plate_texts import texts
from model_repository.serving.step import Arrays, Step


class PlateStraightening(Step):
    """CROP, PLATE → QUAD, PLATE_SCORE, STRIPS."""

    def start(self, directory: Path) -> None:
        """Read the cards of both networks."""
        self._finder = card.read_card(directory / "1" / "plate_corners.json")
        self._reader = card.read_card(directory / "1" / "plate_ocr.json")

    def answer(self, batch: list[Arrays]) -> list[Arrays]:
        """Crop by crop."""
        return [self._one(arrays) for arrays in batch]

    def _one(self, arrays: Arrays) -> Arrays:
        crops, plates = arrays[CROP], arrays["PLATE"]
        quads = np.zeros((len(crops), 4, 2), np.float32)
        scores = np.zeros((len(crops), 1), np.float32)
        straightened = np.zeros((len(crops), *strips.strips_shape(self._reader)), np.uint8)
        floor = self._finder.score_min or strips.PLATE_SCORE_MIN
        for index, crop in enumerate(crops):
            found = plate_heads.best_quad(plates[index], floor)
            if found is not None:
                quads[index], scores[index] = found
                straightened[index] = strips.strips_of(crop, quads[index], self._finder, self._reader)
        return {QUAD: quads, PLATE_SCORE: scores, "STRIPS": straightened}


class PlateDecoding(Step):
    """STRIPS, PROBS → TEXT, CONFIDENCE, CHAR_CONFIDENCE, REGION."""

    def start(self, directory: Path) -> None:
        """Read the reader's card."""
        self._card = card.read_card(directory / "1" / "plate_ocr.json")

    def answer(self, batch: list[Arrays]) -> list[Arrays]:
        """Plate by plate; of two strips the more certain text wins."""
        answers = []
        for arrays in batch:
            asked = np.asarray(arrays["STRIPS"].any(axis=(2, 3, 4)))
            reads = [
                plate_heads.best_read([self._read(probs[row]) for row in np.flatnonzero(rows)])
                for rows, probs in zip(asked, arrays["PROBS"], strict=True)
            ]
            answers.append(texts(reads))
        return answers

    def _read(self, probs: strips.Floats) -> Read:
        card = self._card
        return readers.read(probs, kind=card.head or "ctc", alphabet=card.alphabet, labels=card.labels)

"""Steps of the ensemble `plate_reader`. Edge: runs inside Triton's Python backend."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from model_repository import card, network, plate_heads
from model_repository.contract import CROP, PLATE_SCORE, QUAD
from model_repository.plates import strips
from model_repository.plates.decode import Read
from model_repository.serving.plate_texts import texts
from model_repository.serving.step import Arrays, Step, parted


class PlateCorners(Step):
    """CROP → QUAD, PLATE_SCORE, STRIPS: where the plate is, and the plate straightened as one row and as two.

    Strips are as large, and of the colour, as the reader behind takes them.
    """

    def start(self, directory: Path) -> None:
        """Compile the network for whole BGR crops."""
        weights = card.load(network.weights_in(directory))
        self._card = weights.card
        self._reader = card.read_card(network.weights_in(directory, "plate_ocr", ".json"))
        self._network = network.Network(weights, "bgr")

    def answer(self, batch: list[Arrays]) -> list[Arrays]:
        """Run all crops of all requests through one queue."""
        crops = np.concatenate([arrays[CROP] for arrays in batch])
        quads = np.zeros((len(crops), 4, 2), np.float32)
        scores = np.zeros((len(crops), 1), np.float32)
        shape = strips.strips_shape(self._reader)
        straightened = np.zeros((len(crops), *shape), np.uint8)

        def done(index: int, head: npt.NDArray[np.float32]) -> None:
            found = strips.quad_of(head, self._card)
            if found is not None:
                quads[index], scores[index] = found
                straightened[index] = strips.strips_of(crops[index], quads[index], self._card, self._reader)

        self._network.each(crops, done)
        return parted({QUAD: quads, PLATE_SCORE: scores, "STRIPS": straightened}, batch, CROP)


class PlateText(Step):
    """STRIPS → TEXT, CONFIDENCE, CHAR_CONFIDENCE, REGION: what stands on the plate."""

    def start(self, directory: Path) -> None:
        """Compile the network for strips."""
        weights = card.load(network.weights_in(directory))
        self._card = weights.card
        self._network = network.Network(weights, weights.card.colour)

    def answer(self, batch: list[Arrays]) -> list[Arrays]:
        """Read every strip that holds something; of two for one plate the more certain text wins."""
        plates = np.concatenate([arrays["STRIPS"] for arrays in batch])
        asked = np.argwhere(plates.any(axis=(2, 3, 4)))
        reads: list[list[Read]] = [[] for _ in plates]

        def done(position: int, head: npt.NDArray[np.float32]) -> None:
            reads[asked[position][0]].append(strips.read_of(head, self._card))

        self._network.each((plates[index, rows] for index, rows in asked), done)
        return parted(texts([plate_heads.best_read(each) for each in reads]), batch, "STRIPS")

"""Steps of the ensemble `ppe_classifier`. Edge: runs inside Triton's Python backend."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from model_repository import card, network, ppe_heads
from model_repository.contract import CROP, ITEM_KNOWN, ITEM_WORN
from model_repository.serving.step import Arrays, Step, parted

EVIDENCE = "EVIDENCE"


class PpeEvidence(Step):
    """CROP → EVIDENCE: the network, and whose signs its answers are."""

    def start(self, directory: Path) -> None:
        """Compile the network for whole BGR crops."""
        weights = card.load(network.weights_in(directory))
        self._card = weights.card
        self._network = network.Network(weights, "bgr")

    def answer(self, batch: list[Arrays]) -> list[Arrays]:
        """Run all crops of all requests through one queue."""
        crops = np.concatenate([arrays[CROP] for arrays in batch])
        evidence = np.zeros((len(crops), len(self._card.items), 2), np.float32)

        def done(index: int, answer: npt.NDArray[np.float32]) -> None:
            evidence[index] = ppe_heads.evidence_of(answer, self._card, crops[index])

        self._network.each(crops, done)
        return parted({EVIDENCE: evidence}, batch, CROP)


class PpeItems(Step):
    """EVIDENCE → ITEM_WORN, ITEM_KNOWN."""

    def start(self, directory: Path) -> None:
        """The card says from which score on a sign is one."""
        self._score_min = ppe_heads.score_min_of(card.read_card(network.weights_in(directory, "ppe", ".json")))

    def answer(self, batch: list[Arrays]) -> list[Arrays]:
        """Arithmetic."""
        answers = [ppe_heads.probabilities(arrays[EVIDENCE], self._score_min) for arrays in batch]
        return [{ITEM_WORN: worn, ITEM_KNOWN: known} for worn, known in answers]

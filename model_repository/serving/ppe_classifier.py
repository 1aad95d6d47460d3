"""Steps of the ensemble `ppe_classifier`. Edge: runs inside Triton's Python backend."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from model_repository import card, heads, network, ppe_heads
from model_repository.card import WeightsCard
from model_repository.contract import CROP, ITEM_KNOWN, ITEM_WORN
from model_repository.crops import used_size
from model_repository.serving.step import Arrays, Step, parted

EVIDENCE = "EVIDENCE"
CLASSIFIERS = ("labels", "logits")


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
            evidence[index] = evidence_of(answer, self._card, crops[index])

        self._network.each(crops, done)
        return parted({EVIDENCE: evidence}, batch, CROP)


class PpeItems(Step):
    """EVIDENCE → ITEM_WORN, ITEM_KNOWN."""

    def start(self, directory: Path) -> None:
        """The card says from which score on a sign is one."""
        found = card.read_card(network.weights_in(directory, "ppe", ".json"))
        usual = ppe_heads.CLASS_SCORE_MIN if found.head in CLASSIFIERS else ppe_heads.BOX_SCORE_MIN
        self._score_min = found.score_min or usual

    def answer(self, batch: list[Arrays]) -> list[Arrays]:
        """Arithmetic."""
        answers = [ppe_heads.probabilities(arrays[EVIDENCE], self._score_min) for arrays in batch]
        return [{ITEM_WORN: worn, ITEM_KNOWN: known} for worn, known in answers]


def evidence_of(
    answer: npt.NDArray[np.float32], weights: WeightsCard, crop: npt.NDArray[np.uint8]
) -> npt.NDArray[np.float32]:
    """What a network's answer for one crop says about each item."""
    if weights.head in CLASSIFIERS:
        scores = answer.reshape(-1)
        return ppe_heads.evidence_of_classes(
            ppe_heads.sigmoid(scores) if weights.head == "logits" else scores, weights.items
        )
    head = answer.T if weights.transposed else answer
    boxes, scores, classes, count = heads.select(
        heads.candidates(head, weights.head, (weights.input_width, weights.input_height))
    )
    rows = np.concatenate([boxes, scores[:, None], classes[:, None]], axis=1)[:count].astype(np.float32)
    return ppe_heads.evidence_of_boxes(rows, weights.items, weights.persons, used_size(crop, weights.fill))

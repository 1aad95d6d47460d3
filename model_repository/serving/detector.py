"""Steps of the ensemble `detector` (and of every further detector). Edge: runs inside Triton's Python backend."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from model_repository import card, heads, network
from model_repository.contract import BOXES, CLASSES, COUNT, DETECTIONS_MAX, FRAME, SCORES
from model_repository.limits import CANDIDATES_MAX
from model_repository.serving.step import Arrays, Step, parted


class DetectorNetwork(Step):
    """FRAME → CANDIDATES: the network and the reading of its head."""

    def start(self, directory: Path) -> None:
        """Compile the network for whole I420 pictures."""
        weights = card.load(network.weights_in(directory))
        self._head, self._transposed = weights.card.head, weights.card.transposed
        self._size = (weights.card.input_width, weights.card.input_height)
        self._network = network.Network(weights, "i420")

    def answer(self, batch: list[Arrays]) -> list[Arrays]:
        """Run all frames of all requests through one queue."""
        frames = np.concatenate([arrays[FRAME] for arrays in batch]) if len(batch) > 1 else batch[0][FRAME]
        rows = np.empty((len(frames), CANDIDATES_MAX, 6), np.float32)

        def done(index: int, head: npt.NDArray[np.float32]) -> None:
            rows[index] = heads.candidates(head.T if self._transposed else head, self._head, self._size)

        self._network.each(frames, done)
        return parted({"CANDIDATES": rows}, batch, FRAME)


class DetectorBoxes(Step):
    """CANDIDATES → BOXES, SCORES, CLASSES, COUNT: suppression."""

    def start(self, directory: Path) -> None:
        """Nothing to load."""

    def answer(self, batch: list[Arrays]) -> list[Arrays]:
        """Suppress frame by frame."""
        return [_selected(arrays["CANDIDATES"]) for arrays in batch]


def _selected(frames: npt.NDArray[np.float32]) -> Arrays:
    number = len(frames)
    boxes = np.zeros((number, DETECTIONS_MAX, 4), np.float32)
    scores = np.zeros((number, DETECTIONS_MAX), np.float32)
    classes = np.zeros((number, DETECTIONS_MAX), np.int32)
    counts = np.zeros((number, 1), np.int32)
    for index, rows in enumerate(frames):
        boxes[index], scores[index], classes[index], counts[index] = heads.select(rows)
    return {BOXES: boxes, SCORES: scores, CLASSES: classes, COUNT: counts}

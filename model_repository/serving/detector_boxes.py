"""The last step of every detector, on every target: numpy, no engine. Edge: runs inside Triton's Python backend."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from model_repository import card, heads
from model_repository.contract import BOXES, CLASSES, COUNT, DETECTIONS_MAX, SCORES
from model_repository.serving.step import Arrays, Step


class DetectorBoxes(Step):
    """CANDIDATES → BOXES, SCORES, CLASSES, COUNT: suppression."""

    def start(self, directory: Path) -> None:
        """Read the card of the network, the only one in its folder."""
        (path,) = (directory / "1").glob("*.json")
        self._overlap_max = card.read_card(path).overlap_max

    def answer(self, batch: list[Arrays]) -> list[Arrays]:
        """Suppress frame by frame."""
        return [_selected(arrays["CANDIDATES"], self._overlap_max) for arrays in batch]


def _selected(frames: npt.NDArray[np.float32], overlap_max: float) -> Arrays:
    number = len(frames)
    boxes = np.zeros((number, DETECTIONS_MAX, 4), np.float32)
    scores = np.zeros((number, DETECTIONS_MAX), np.float32)
    classes = np.zeros((number, DETECTIONS_MAX), np.int32)
    counts = np.zeros((number, 1), np.int32)
    for index, rows in enumerate(frames):
        boxes[index], scores[index], classes[index], counts[index] = heads.select(rows, overlap_max)
    return {BOXES: boxes, SCORES: scores, CLASSES: classes, COUNT: counts}

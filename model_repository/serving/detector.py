"""Steps of the ensemble `detector` (and of every further detector). Edge: runs inside Triton's Python backend."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from model_repository import card, heads, network
from model_repository.contract import FRAME
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

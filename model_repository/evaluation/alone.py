"""A network alone: ONNX Runtime on a picture, without Triton, without I420, in float32. Edge (onnxruntime, clock)."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

from model_repository.card import Weights, WeightsCard


class Alone:
    """Networks by their file, each loaded once, and how long each of their runs took."""

    def __init__(self, threads: int = 0) -> None:
        """Threads 0: as many as ONNX Runtime takes by itself."""
        self._threads = threads
        self._sessions: dict[Path, Any] = {}
        self.seconds: dict[str, list[float]] = {}

    def __call__(self, weights: Weights, picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """The first output, without the batch axis, for a picture [H, W, C] in the network's order of colours."""
        return np.asarray(self.outputs(weights, picture)[0][0], np.float32)

    def outputs(self, weights: Weights, picture: npt.NDArray[np.uint8]) -> list[npt.NDArray[np.float32]]:
        """Every output as it is."""
        session = self._session(weights.path)
        taken = session.get_inputs()[0]
        batch = tensor(weights.card, picture, taken.type, len(taken.shape))
        before = time.perf_counter()
        answers = session.run(None, {taken.name: batch})
        self.seconds.setdefault(weights.card.task, []).append(time.perf_counter() - before)
        return [np.asarray(each) for each in answers]

    def _session(self, path: Path) -> Any:
        if path not in self._sessions:
            options = onnxruntime.SessionOptions()
            options.log_severity_level = 4
            options.intra_op_num_threads = self._threads
            self._sessions[path] = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        return self._sessions[path]


def tensor(card: WeightsCard, picture: npt.NDArray[np.uint8], kind: str, rank: int) -> npt.NDArray[Any]:
    """The input of a network: bytes as they are, or scaled floats with the channels in front."""
    if kind == "tensor(uint8)":
        return picture[None] if rank == 4 else picture[None, ..., 0]
    scaled = (picture - np.array(card.subtract, np.float32)) / np.array(card.divide, np.float32)
    return np.ascontiguousarray(scaled.transpose(2, 0, 1)[None], np.float32)

"""The steps of the ensembles as Triton's Python backend sees them.

Edge: imports `triton_python_backend_utils`, which exists only inside the backend. Each `ensembles/*/*/model.py`
names one class of this file. A step gets a list of requests, each with one or more pictures.
"""

from __future__ import annotations

import ctypes
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import triton_python_backend_utils as triton

from model_repository import card, heads, network
from model_repository.contract import BOXES, CLASSES, COUNT, DETECTIONS_MAX, FRAME, SCORES
from model_repository.limits import CANDIDATES_MAX

Arrays = dict[str, npt.NDArray[Any]]


class Step(ABC):
    """What every step shares: unpacking and packing of requests."""

    def initialize(self, args: dict[str, str]) -> None:
        """Called by Triton once per instance."""
        self.start(Path(args["model_repository"]))

    @abstractmethod
    def start(self, directory: Path) -> None:
        """Load what the step needs from its folder in the built repository."""

    @abstractmethod
    def answer(self, batch: list[Arrays]) -> list[Arrays]:
        """Answer every request, in order; arrays have the batch axis in front."""

    def execute(self, requests: list[Any]) -> list[Any]:
        """Called by Triton with the requests that it batched."""
        batch = [{tensor.name(): np.from_dlpack(tensor) for tensor in request.inputs()} for request in requests]
        return [
            triton.InferenceResponse([_tensor(name, array) for name, array in arrays.items()])
            for arrays in self.answer(batch)
        ]


def _tensor(name: str, array: npt.NDArray[Any]) -> Any:
    """Hand an array over without copying it.

    Triton's stub was built against numpy 1 and misreads arrays of numpy 2, so tensors pass as DLPack in both directions.
    It also marks the capsule as used in a way that numpy does not know: without its destructor (which has nothing left
    to free, the stub frees the tensor) nobody complains.
    """
    if array.dtype == object:
        return triton.Tensor(name, array)
    capsule = np.ascontiguousarray(array).__dlpack__()
    ctypes.pythonapi.PyCapsule_SetDestructor(ctypes.py_object(capsule), None)
    return triton.Tensor.from_dlpack(name, capsule)


class DetectorNetwork(Step):
    """FRAME → CANDIDATES: the network and the reading of its head."""

    def start(self, directory: Path) -> None:
        """Compile the network for whole I420 pictures."""
        weights = card.load(network.weights_in(directory))
        self._head = weights.card.head
        self._size = (weights.card.input_width, weights.card.input_height)
        self._network = network.Network(weights, "i420")

    def answer(self, batch: list[Arrays]) -> list[Arrays]:
        """Run all frames of all requests through one queue."""
        counts = [len(arrays[FRAME]) for arrays in batch]
        rows = np.empty((sum(counts), CANDIDATES_MAX, 6), np.float32)

        def done(index: int, head: npt.NDArray[np.float32]) -> None:
            rows[index] = heads.candidates(head, self._head, self._size)

        self._network.each((frame for arrays in batch for frame in arrays[FRAME]), done)
        return [{"CANDIDATES": part} for part in np.split(rows, np.cumsum(counts)[:-1])]


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

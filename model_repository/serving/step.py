"""What the steps of all ensembles share.

Edge: imports `triton_python_backend_utils`, which exists only inside Triton's Python backend.
Each `ensembles/*/*/model.py` names one class of this package. A step gets a list of requests, each with one or more
pictures.
"""

from __future__ import annotations

import ctypes
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import triton_python_backend_utils as triton

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

    Triton's stub was built against numpy 1 and misreads arrays of numpy 2: tensors pass as DLPack in both directions.
    It also marks the capsule as used in a way that numpy does not know: without its destructor (which has nothing left
    to free, the stub frees the tensor) nobody complains.
    """
    capsule = np.ascontiguousarray(array).__dlpack__()
    ctypes.pythonapi.PyCapsule_SetDestructor(ctypes.py_object(capsule), None)
    return triton.Tensor.from_dlpack(name, capsule)


def parted(whole: Arrays, batch: list[Arrays], lead: str) -> list[Arrays]:
    """Cut the answers to all pictures into one part per request."""
    ends = np.cumsum([len(arrays[lead]) for arrays in batch])
    parts = {name: np.split(array, ends[:-1]) for name, array in whole.items()}
    return [{name: parts[name][index] for name in whole} for index in range(len(batch))]

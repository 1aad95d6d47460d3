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

from model_repository import card, heads, network, plate_heads
from model_repository.contract import (
    BOXES,
    CHAR_CONFIDENCE,
    CLASSES,
    CONFIDENCE,
    COUNT,
    CROP,
    DETECTIONS_MAX,
    FRAME,
    PLATE_CHARS_MAX,
    PLATE_SCORE,
    QUAD,
    REGION,
    REGION_BYTES,
    SCORES,
    TEXT,
    TEXT_BYTES,
)
from model_repository.limits import CANDIDATES_MAX, STRIP_HEIGHT_PX, STRIP_WIDTH_PX
from model_repository.plates import decode
from model_repository.plates.grammar import to_cyrillic
from model_repository.plates.rectify import rectify_quad

PLATE_SCORE_MIN = 0.3
"""Below this there is no plate in the crop, unless the card of the weights names another floor."""

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
        frames = np.concatenate([arrays[FRAME] for arrays in batch]) if len(batch) > 1 else batch[0][FRAME]
        rows = np.empty((len(frames), CANDIDATES_MAX, 6), np.float32)

        def done(index: int, head: npt.NDArray[np.float32]) -> None:
            rows[index] = heads.candidates(head, self._head, self._size)

        self._network.each(frames, done)
        return _parted({"CANDIDATES": rows}, batch, FRAME)


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


class PlateCorners(Step):
    """CROP → QUAD, PLATE_SCORE, STRIPS: where the plate is, and the plate straightened as one row and as two."""

    def start(self, directory: Path) -> None:
        """Compile the network for whole BGR crops."""
        weights = card.load(network.weights_in(directory))
        self._score_min = weights.card.score_min or PLATE_SCORE_MIN
        self._network = network.Network(weights, "bgr")

    def answer(self, batch: list[Arrays]) -> list[Arrays]:
        """Run all crops of all requests through one queue."""
        crops = np.concatenate([arrays[CROP] for arrays in batch])
        quads = np.zeros((len(crops), 4, 2), np.float32)
        scores = np.zeros((len(crops), 1), np.float32)
        strips = np.zeros((len(crops), 2, STRIP_HEIGHT_PX, STRIP_WIDTH_PX), np.uint8)

        def done(index: int, head: npt.NDArray[np.float32]) -> None:
            found = plate_heads.best_quad(head, self._score_min)
            if found is not None:
                quads[index], scores[index] = found
                for rows in plate_heads.rows_possible(quads[index]):
                    strips[index, rows - 1] = rectify_quad(crops[index], quads[index], rows=rows)

        self._network.each(crops, done)
        return _parted({QUAD: quads, PLATE_SCORE: scores, "STRIPS": strips}, batch, CROP)


class PlateText(Step):
    """STRIPS → TEXT, CONFIDENCE, CHAR_CONFIDENCE, REGION: what stands on the plate."""

    def start(self, directory: Path) -> None:
        """Compile the network for gray strips."""
        self._network = network.Network(card.load(network.weights_in(directory)), "gray")

    def answer(self, batch: list[Arrays]) -> list[Arrays]:
        """Read every strip that holds something; of two for one plate the more certain text wins."""
        strips = np.concatenate([arrays["STRIPS"] for arrays in batch])
        asked = np.argwhere(strips.any(axis=(2, 3)))
        reads: list[list[decode.Read]] = [[] for _ in strips]

        def done(position: int, head: npt.NDArray[np.float32]) -> None:
            reads[asked[position][0]].append(decode.read_plate(head))

        self._network.each((strips[index, rows] for index, rows in asked), done)
        return _parted(_texts([plate_heads.best_read(each) for each in reads]), batch, "STRIPS")


def _texts(reads: list[decode.Read]) -> Arrays:
    """The texts of all crops as the tensors of the contract."""
    texts = np.zeros((len(reads), TEXT_BYTES), np.uint8)
    regions = np.zeros((len(reads), REGION_BYTES), np.uint8)
    confidences = np.zeros((len(reads), 1), np.float32)
    chars = np.zeros((len(reads), PLATE_CHARS_MAX), np.float32)
    for index, read in enumerate(reads):
        _write(texts[index], to_cyrillic(read.text_latin))
        _write(regions[index], "ru" if read.text_latin else "")
        confidences[index] = read.confidence
        chars[index, : len(read.char_confidence)] = read.char_confidence
    return {TEXT: texts, REGION: regions, CONFIDENCE: confidences, CHAR_CONFIDENCE: chars}


def _write(row: npt.NDArray[np.uint8], text: str) -> None:
    """Put a text into its row of bytes, zeros to the end."""
    data = text.encode()
    row[: len(data)] = np.frombuffer(data, np.uint8)


def _parted(whole: Arrays, batch: list[Arrays], lead: str) -> list[Arrays]:
    """Cut the answers to all pictures into one part per request."""
    ends = np.cumsum([len(arrays[lead]) for arrays in batch])
    parts = {name: np.split(array, ends[:-1]) for name, array in whole.items()}
    return [{name: parts[name][index] for name in whole} for index in range(len(batch))]

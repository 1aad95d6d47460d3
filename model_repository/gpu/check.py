"""Runs graphs by ONNX Runtime: what do they answer, and does a batch answer as its pictures do? Edge."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime

from model_repository.card import WeightsCard
from model_repository.gpu.errors import GraphUnusable
from model_repository.imports.onnx_file import REFUSALS


def session(model: onnx.ModelProto) -> Any:
    """A made graph, ready to run on the CPU."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def batches(model: onnx.ModelProto, name: str) -> bool:
    """Whether two pictures in one batch are answered as each alone; a network fixed to one picture is not.

    Raises GraphUnusable for a graph that does not even take one; `name` says whose it is.
    """
    try:
        running = session(model)
        taken = running.get_inputs()[0]
        pictures = np.random.default_rng(0).integers(0, 256, (2, *taken.shape[1:]), np.uint8)
        alone = [_run(running, picture[None]) for picture in pictures]
    except REFUSALS as error:
        raise GraphUnusable(Path(name), str(error).splitlines()[0][:200]) from error
    try:
        together = _run(running, pictures)
    except REFUSALS:
        return False
    return together.shape[0] == 2 and all(
        np.allclose(together[index], one[0], rtol=1e-2, atol=1e-2) for index, one in enumerate(alone)
    )


def answer_shape(path: Path, card: WeightsCard) -> tuple[int, ...]:
    """Shape of a network's first answer to one picture, batch axis in front. Raises GraphUnusable."""
    height, width = card.input_height, card.input_width
    channels = 1 if card.colour == "gray" else 3
    try:
        running = session(onnx.load(path))
        taken = running.get_inputs()[0]
        if taken.type == "tensor(uint8)":
            shape = (1, height, width, channels)[: len(taken.shape)]
            picture: npt.NDArray[Any] = np.zeros(shape, np.uint8)
        else:
            picture = np.zeros((1, channels, height, width), np.float32)
        shape_found = tuple(np.shape(running.run(None, {taken.name: picture})[0]))
    except REFUSALS as error:
        raise GraphUnusable(path, str(error).splitlines()[0][:200]) from error
    if len(shape_found) != 3:
        raise GraphUnusable(path, f"it answers {list(shape_found)}, expected rows and columns")
    return shape_found


def _run(running: Any, pictures: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    return np.asarray(running.run(None, {running.get_inputs()[0].name: pictures})[0], np.float32)

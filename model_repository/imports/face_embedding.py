"""Imports networks that turn an upright face into an embedding (ArcFace, MobileFaceNet and their kin).

They take a square picture in which the five points lie where ArcFace's template has them, RGB of −1 to 1.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from model_repository.card import WeightsCard
from model_repository.errors import HeadUnknown, InputUnknown
from model_repository.imports import onnx_file
from model_repository.imports.request import Asked

USUAL = (112, 112)
SIZE_MIN, SIZE_MAX = 16, 4096
"""How many numbers an embedding has."""
HEADS = "one output of 16 to 4096 numbers for a square picture of an upright face [N, 3, 112, 112]"
DIFFERENCE_MIN = 1e-3
"""Two different pictures give embeddings whose cosine is below 1 by this much at least."""


def examine(asked: Asked) -> WeightsCard:
    """The card of an embedding network. Raises ImportRefused."""
    network = onnx_file.opened(asked.path)
    taken = network.one_input(("tensor(float)",))
    if taken.shape[1] != 3:
        raise InputUnknown(network.path, network.inputs)
    width, height = onnx_file.picture_size(network, (taken.shape[2], taken.shape[3]), asked.size or USUAL, 1)
    answers = [network.answers(picture) for picture in _pictures(width, height)]
    first, second = (each[0].reshape(-1) for each in answers)
    shapes = ", ".join(f"{each.dtype} {list(each.shape)}" for each in answers[0])
    flat = max(answers[0][0].shape[1:], default=0) == first.size
    if width != height or len(answers[0]) != 1 or not flat or not SIZE_MIN <= first.size <= SIZE_MAX:
        raise HeadUnknown(network.path, shapes, HEADS)
    lengths = float(np.linalg.norm(first) * np.linalg.norm(second))
    if not np.isfinite(lengths) or not lengths > 0 or float(first @ second) / lengths > 1 - DIFFERENCE_MIN:
        raise HeadUnknown(network.path, f"{shapes}, the same for two different pictures", HEADS)
    return WeightsCard(
        name=asked.token,
        task=asked.task,
        version=asked.version or network.metadata.get("version", ""),
        licence=asked.licence or network.metadata.get("license", ""),
        trained_on=onnx_file.trained_on(network.metadata),
        input_width=width,
        input_height=height,
        anchor="top_left",
        embedding_size=int(first.size),
        head="embedding",
        colour=_colour(asked),
        subtract=asked.mean or 127.5,
        divide=asked.std or 128.0,
    )


def _pictures(width: int, height: int) -> list[np.ndarray]:
    """Two pictures that have nothing in common."""
    noise = np.random.default_rng(1).uniform(-1, 1, (2, 1, 3, height, width)).astype(np.float32)
    slope = np.linspace(-1, 1, width, dtype=np.float32)
    return [noise[0] * 0.2 + slope, noise[1]]


def _colour(asked: Asked) -> Literal["rgb", "bgr"]:
    return "bgr" if asked.colour == "bgr" else "rgb"

"""Imports detectors of faces with five landmarks: SCRFD and YuNet.

Both take the picture in the upper left corner of the tensor, the rest black; SCRFD RGB of −1 to 1, YuNet BGR of 0 to
255.
A detector without landmarks is refused: a face that can't be turned upright can't be recognised.
"""

from __future__ import annotations

import numpy as np

from model_repository import face_heads
from model_repository.card import WeightsCard
from model_repository.errors import HeadUnknown, InputUnknown, LandmarksMissing
from model_repository.imports import onnx_file
from model_repository.imports.request import Asked

SIDE_MULTIPLE_PX = 32
USUAL = (640, 640)
"""Input size where the file leaves it open and nobody asks for another."""
POINTS_WIDTH = 10
HEADS = (
    "for each stride SCRFD (score [cells, 1], box [cells, 4], points [cells, 10]) or YuNet (the same with class and "
    "objectness)"
)


def examine(asked: Asked) -> WeightsCard:
    """The card of a face detector. Raises ImportRefused."""
    network = onnx_file.opened(asked.path)
    taken = network.one_input(("tensor(float)",))
    if taken.shape[1] != 3:
        raise InputUnknown(network.path, network.inputs)
    outputs = network.session.get_outputs()
    shapes = ", ".join(f"{each.name} {each.shape}" for each in outputs)
    if not any(each.shape and each.shape[-1] == POINTS_WIDTH for each in outputs):
        raise LandmarksMissing(network.path, shapes)
    sides = (taken.shape[2], taken.shape[3])
    width, height = onnx_file.picture_size(network, sides, asked.size or USUAL, SIDE_MULTIPLE_PX)
    answers = network.answers(np.zeros((1, 3, height, width), np.float32))
    kind = face_heads.kind_of(answers, (width, height))
    if kind not in {"scrfd", "yunet"}:
        raise HeadUnknown(network.path, shapes, HEADS)
    scrfd = kind == "scrfd"
    return WeightsCard(
        name=asked.token,
        task=asked.task,
        version=asked.version or network.metadata.get("version", ""),
        licence=asked.licence or network.metadata.get("license", ""),
        trained_on=onnx_file.trained_on(network.metadata),
        input_width=width,
        input_height=height,
        anchor="top_left",
        fill=0,
        labels=("face",),
        head="scrfd" if scrfd else "yunet",
        colour="rgb" if scrfd else "bgr",
        subtract=127.5 if scrfd else 0.0,
        divide=128.0 if scrfd else 1.0,
    )

"""Imports detectors: ultralytics (v5, v8 and later, with and without suppression in the graph) and YOLOX.

Rules of this file
- The head is told by the shape of its answer to a grey picture. Nothing is guessed that a wrong guess would hide: a
  head that fits no known one is refused.
"""

from __future__ import annotations

from typing import Literal

import msgspec
import numpy as np

from model_repository import registry
from model_repository.card import WeightsCard
from model_repository.coco import COCO_LABELS
from model_repository.errors import HeadUnknown, InputUnknown
from model_repository.heads import YOLOX_STRIDES
from model_repository.imports import onnx_file
from model_repository.imports.onnx_file import Answer, Opened
from model_repository.imports.request import Asked

SIDE_MULTIPLE_PX = 32
END2END_BOXES_MAX = 1000
SLOT_NAME_CHARS = 40


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Which head an answer belongs to."""

    head: Literal["yolov8", "yolov5", "yolox", "end2end"]
    classes: int  # 0: the shape does not say
    transposed: bool = False
    decoded_yolox: bool = False


def examine(asked: Asked) -> WeightsCard:
    """The card of a detector. Raises ImportRefused."""
    network = onnx_file.opened(asked.path)
    size, answer = probed(network, asked.size)
    found = head_of(network, answer, size, onnx_file.names_given(network, asked.labels))
    yolox = found.head == "yolox" or found.decoded_yolox
    return WeightsCard(
        name=_name(asked),
        task=asked.task,
        version=asked.version or onnx_file.version(network.metadata),
        licence=asked.licence or network.metadata.get("license", ""),
        trained_on=onnx_file.trained_on(network.metadata),
        input_width=size[0],
        input_height=size[1],
        anchor="top_left" if yolox else "center",
        labels=onnx_file.labels(network, found.classes, asked.labels, COCO_LABELS),
        head=found.head,
        transposed=found.transposed,
        # YOLOX is trained on BGR pictures of 0..255, padded at the right and at the bottom; all others on RGB of 0..1.
        colour="bgr" if yolox else "rgb",
        divide=1.0 if yolox else 255.0,
    )


def probed(network: Opened, asked: tuple[int, int] | None) -> tuple[tuple[int, int], Answer]:
    """Input size and the answer [rows, columns] to a grey picture. Raises InputUnknown, HeadUnknown."""
    taken = network.one_input(("tensor(float)",))
    if taken.shape[1] != 3:
        raise InputUnknown(network.path, network.inputs)
    width, height = onnx_file.picture_size(network, tuple(taken.shape[2:]), asked, SIDE_MULTIPLE_PX)
    answers = network.answers(np.full((1, 3, height, width), 114 / 255, np.float32))
    first = answers[0]
    if len(answers) != 1 or first.ndim != 3 or first.shape[0] != 1 or first.dtype != np.float32:
        raise HeadUnknown(network.path, ", ".join(f"{each.dtype} {list(each.shape)}" for each in answers))
    return (width, height), first[0]


def head_of(network: Opened, answer: Answer, size: tuple[int, int], names: int = 0) -> Found:
    """Which head it is; `names` is how many class names were given, 0 for none. Raises HeadUnknown."""
    rows, columns = answer.shape
    cells = sum((size[0] // stride) * (size[1] // stride) for stride in YOLOX_STRIDES)
    if columns == cells and rows > 4:
        return Found(head="yolov8", classes=rows - 4)
    if rows == 3 * cells and columns > 5:
        return Found(head="yolov5", classes=columns - 5)
    if rows == cells and columns > 4:
        return _per_cell(answer, size, names or len(COCO_LABELS))
    if 6 in (rows, columns) and max(rows, columns) <= END2END_BOXES_MAX:
        return Found(head="end2end", classes=0, transposed=columns != 6)
    raise HeadUnknown(network.path, f"float32 [1, {rows}, {columns}]")


def _per_cell(answer: Answer, size: tuple[int, int], names: int) -> Found:
    """One row per cell is a YOLOv8 head on its side (4 + classes), or YOLOX (5 + classes): the class names decide."""
    columns = answer.shape[1]
    if columns == 4 + names:
        return Found(head="yolov8", classes=columns - 4, transposed=True)
    # Raw centres are offsets inside a cell; decoded ones span the picture.
    if np.abs(answer[:, 0]).max() < size[0] / 4:
        return Found(head="yolox", classes=columns - 5)
    return Found(head="yolov5", classes=columns - 5, decoded_yolox=True)


def _name(asked: Asked) -> str:
    """A slot's name becomes part of an ensemble's: in the letters that can stand there."""
    task = registry.task(asked.task)
    if task and task.slots and not asked.name:
        return asked.token.lower().replace(".", "_")[:SLOT_NAME_CHARS]
    return asked.token

"""Imports finders of plates: four corners (YOLOv5-face style) and plain boxes (every head of `imports.detector`).

A finder of boxes is taken with the corners of its box: a plate seen from the side is then cut with what is around it,
and read worse than from its true corners.
"""

from __future__ import annotations

from model_repository.card import WeightsCard
from model_repository.errors import HeadUnknown, LabelsWrong
from model_repository.heads import YOLOX_STRIDES
from model_repository.imports import detector, onnx_file
from model_repository.imports.request import Asked

SCORE_MIN = 0.25
"""What public finders are run with."""

HEADS = "a finder of plates: four corners [N, anchors, 13+classes], or a detector of at most 4 classes"

FOUR_POINT_COLUMNS = 5 + 8
"""Box, objectness, four corners; one or more class probabilities follow."""


def examine(asked: Asked) -> WeightsCard:
    """The card of a finder of plates. Raises ImportRefused."""
    network = onnx_file.opened(asked.path)
    size, answer = detector.probed(network, asked.size)
    card = WeightsCard(
        name=asked.token,
        task=asked.task,
        version=asked.version or onnx_file.version(network.metadata),
        licence=asked.licence or network.metadata.get("license", ""),
        trained_on=onnx_file.trained_on(network.metadata),
        input_width=size[0],
        input_height=size[1],
        anchor="top_left",
        colour="rgb",
        divide=255.0,
        score_min=SCORE_MIN,
    )
    rows, columns = answer.shape
    names = onnx_file.names_given(network, asked.labels)
    cells = sum((size[0] // stride) * (size[1] // stride) for stride in YOLOX_STRIDES)
    if rows == 3 * cells and FOUR_POINT_COLUMNS < columns <= FOUR_POINT_COLUMNS + 4 and names in (0, columns - 13):
        return card.with_head("yolov5face")
    found = detector.head_of(network, answer, size, names or 1)
    if found.classes > 1 and names not in (0, found.classes):
        raise LabelsWrong(str(asked.labels or network.path), names, found.classes)
    if found.classes > PLATE_CLASSES_MAX:
        raise HeadUnknown(network.path, f"boxes of {found.classes} classes", HEADS)
    return card.with_head(found.head, transposed=found.transposed)


PLATE_CLASSES_MAX = 4
"""One row, two rows, and some more kinds of plates; what knows more classes finds something else."""

"""Networks with everything around them in their graph: pictures in, few numbers out, as a plan needs it.

    detector       FRAME uint8 [N, H*3/2, W]         → CANDIDATES [N, 512, 6]   the answer of `heads.candidates`
    plate_finder   CROP uint8 [N, H, W, 3]           → PLATE [N, 1, 9]          score and corners of the best plate
    plate_reader   STRIPS uint8 [N, 2, h, w, c]      → PROBS [N, 2, steps, classes]

Rules of this file
- What is in the graph gives what `network` and `heads` give on the CPU; tests run both and compare.
- The network's own nodes are not touched, but for a batch axis that was fixed at one and is not needed so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

from model_repository import heads
from model_repository.card import WeightsCard
from model_repository.contract import CROP, FRAME, SCORE_FLOOR
from model_repository.gpu import check
from model_repository.gpu.errors import GraphUnusable
from model_repository.gpu.nodes import OPSET_MIN, Writer
from model_repository.limits import CANDIDATES_MAX

CANDIDATES = "CANDIDATES"
PLATE = "PLATE"
STRIPS = "STRIPS"
PROBS = "PROBS"

# BT.601, limited range: rows R, G, B; columns Y, U, V, after 16, 128, 128 have been taken off.
BT601 = np.array([[1.164, 0.0, 1.596], [1.164, -0.391, -0.813], [1.164, 2.018, 0.0]], np.float32)
OFFSETS = np.array([16.0, 128.0, 128.0], np.float32)

Decoded = tuple[str, str, str]
"""Names of boxes [N, A, 4] as corners, scores [N, A] and classes [N, A] as floats."""


def detector(path: Path, card: WeightsCard) -> onnx.ModelProto:
    """FRAME → CANDIDATES. Raises GraphUnusable."""
    model = _loaded(path)
    writer = Writer()
    width, height = card.input_width, card.input_height
    picture = _planes(writer, width, height)
    picture = writer.one("Clip", _coloured(writer, picture, card), writer.constant(0.0), writer.constant(255.0))
    writer.renamed(_scaled(writer, picture, card), model.graph.input[0].name)
    before = len(writer.nodes)
    boxes, scores, classes = _decoded(writer, model, card)
    rows = _best(
        writer, boxes, scores, [classes], size=(width, height), floor=SCORE_FLOOR, anchors=_anchors(path, card)
    )
    writer.renamed(rows, CANDIDATES)
    return _joined(
        model, writer, before,
        taken=(FRAME, TensorProto.UINT8, ["N", height * 3 // 2, width]),
        given=(CANDIDATES, ["N", CANDIDATES_MAX, 6]),
    )  # fmt: skip


def plate_finder(path: Path, card: WeightsCard) -> onnx.ModelProto:
    """CROP → PLATE. Raises GraphUnusable."""
    model = _loaded(path)
    writer = Writer()
    source = model.graph.input[0]
    if source.type.tensor_type.elem_type == TensorProto.UINT8:
        writer.renamed(CROP, source.name)
    else:
        picture = writer.one("Transpose", writer.floats(CROP), perm=[0, 3, 1, 2])
        if card.colour == "rgb":
            picture = writer.one("Gather", picture, writer.constant([2, 1, 0], np.int64), axis=1)
        writer.renamed(_scaled(writer, picture, card), source.name)
    before = len(writer.nodes)
    quads, scores = _quads(writer, model, card)
    best, place = writer.top(scores, 1, 1)
    chosen = writer.one("GatherElements", quads, _repeated(writer, writer.reshape(place, 0, 1, 1), 8), axis=1)
    writer.renamed(writer.concat(writer.reshape(best, 0, 1, 1), chosen, axis=2), PLATE)
    return _joined(
        model, writer, before,
        taken=(CROP, TensorProto.UINT8, ["N", card.input_height, card.input_width, 3]),
        given=(PLATE, ["N", 1, 9]),
    )  # fmt: skip


def plate_reader(path: Path, card: WeightsCard) -> onnx.ModelProto:
    """STRIPS → PROBS: every strip is read, also one of zeros. Raises GraphUnusable."""
    model = _loaded(path)
    writer = Writer()
    source = model.graph.input[0]
    height, width, channels = card.input_height, card.input_width, 1 if card.colour == "gray" else 3
    strips = writer.reshape(STRIPS, -1, height, width, channels)
    if source.type.tensor_type.elem_type == TensorProto.UINT8:
        rank = len(source.type.tensor_type.shape.dim)
        writer.renamed(strips if rank == 4 else writer.reshape(strips, -1, height, width), source.name)
    else:
        picture = writer.one("Transpose", writer.floats(strips), perm=[0, 3, 1, 2])
        writer.renamed(_scaled(writer, picture, card), source.name)
    before = len(writer.nodes)
    probs = model.graph.output[0].name
    if card.transposed:
        probs = writer.one("Transpose", probs, perm=[0, 2, 1])
    if card.logits:
        probs = writer.one("Softmax", probs, axis=2)
    steps, classes = _reader_shape(path, card)
    writer.renamed(writer.reshape(probs, -1, 2, steps, classes), PROBS)
    return _joined(
        model, writer, before,
        taken=(STRIPS, TensorProto.UINT8, ["N", 2, height, width, channels]),
        given=(PROBS, ["N", 2, steps, classes]),
    )  # fmt: skip


GRAPHS: Mapping[str, Callable[[Path, WeightsCard], onnx.ModelProto]] = {
    "detector": detector,
    "plate_finder": plate_finder,
    "plate_reader": plate_reader,
}


def _loaded(path: Path) -> onnx.ModelProto:
    model = onnx.load(path)
    opset = next((each.version for each in model.opset_import if each.domain in ("", "ai.onnx")), 0)
    if opset < OPSET_MIN:
        raise GraphUnusable(path, f"its operators are those of opset {opset}; export it with {OPSET_MIN} or later")
    return model


def _planes(writer: Writer, width: int, height: int) -> str:
    """FRAME → Y, U, V as float [N, 3, H, W], chroma repeated."""
    frame = writer.floats(FRAME)
    planes = [writer.reshape(writer.cut(frame, 1, 0, height), 0, 1, height, width)]
    for start in (height, height * 5 // 4):
        half = writer.cut(frame, 1, start, start + height // 4)
        halves = writer.reshape(half, 0, height // 2, 1, width // 2, 1)
        doubled = writer.one("Expand", halves, writer.constant([1, 1, 2, 1, 2], np.int64))
        planes.append(writer.reshape(doubled, 0, 1, height, width))
    return writer.concat(*planes, axis=1)


def _coloured(writer: Writer, planes: str, card: WeightsCard) -> str:
    """Y, U, V → the network's colours, as a convolution of one pixel."""
    matrix = BT601 if card.colour == "rgb" else BT601[::-1]
    bias = -(matrix @ OFFSETS)
    return writer.one("Conv", planes, writer.constant(matrix.reshape(3, 3, 1, 1)), writer.constant(bias))


def _scaled(writer: Writer, picture: str, card: WeightsCard) -> str:
    """(picture - subtract) / divide, channels in front."""
    subtract, divide = (np.array(each, np.float32).reshape(1, -1, 1, 1) for each in (card.subtract, card.divide))
    if subtract.any():
        picture = writer.one("Sub", picture, writer.constant(subtract))
    return picture if (divide == 1).all() else writer.one("Div", picture, writer.constant(divide))


def _decoded(writer: Writer, model: onnx.ModelProto, card: WeightsCard) -> Decoded:
    """The head of a detector as corners, scores and classes of all anchors."""
    head = model.graph.output[0].name
    # One row per anchor, whatever the head's own layout.
    upright = card.transposed == (card.head == "yolov8")
    rows = head if upright else writer.one("Transpose", head, perm=[0, 2, 1])
    if card.head == "end2end":
        scores, classes = (writer.reshape(writer.cut(rows, 2, at, at + 1), 0, -1) for at in (4, 5))
        known = writer.one("Less", classes, writer.constant(0.0))
        return writer.cut(rows, 2, 0, 4), writer.one("Where", known, writer.constant(0.0), scores), classes
    first = 4 if card.head == "yolov8" else 5
    best, kind = writer.top(writer.cut(rows, 2, first), 1, 2)
    scores = best if first == 4 else writer.one("Mul", best, writer.cut(rows, 2, 4, 5))
    centres, sizes = writer.cut(rows, 2, 0, 2), writer.cut(rows, 2, 2, 4)
    if card.head == "yolox":
        origin, stride = heads.yolox_grid((card.input_width, card.input_height))
        strides = writer.constant(stride[None])
        centres = writer.one("Mul", writer.one("Add", centres, writer.constant(origin[None])), strides)
        sizes = writer.one("Mul", writer.one("Exp", sizes), strides)
    half = writer.one("Mul", sizes, writer.constant(0.5))
    boxes = writer.concat(writer.one("Sub", centres, half), writer.one("Add", centres, half), axis=2)
    return boxes, writer.reshape(scores, 0, -1), writer.reshape(writer.floats(kind), 0, -1)


def _best(
    writer: Writer, boxes: str, scores: str, more: list[str], *, size: tuple[int, int], floor: float, anchors: int
) -> str:
    """The best rows of all anchors, sorted: box, score, further columns; clipped, zero below the floor."""
    limit = writer.constant([*size, *size])
    boxes = writer.one("Max", writer.one("Min", boxes, limit), writer.constant([0.0] * 4))
    sides = writer.one("Sub", writer.cut(boxes, 2, 2, 4), writer.cut(boxes, 2, 0, 2))
    wide, high = (writer.reshape(writer.cut(sides, 2, at, at + 1), 0, -1) for at in (0, 1))
    zero = writer.constant(0.0)
    sane = writer.one("And", writer.one("Greater", wide, zero), writer.one("Greater", high, zero))
    sane = writer.one("And", sane, writer.one("Greater", scores, writer.constant(floor)))
    count = min(CANDIDATES_MAX, anchors)
    best, places = writer.top(writer.one("Where", sane, scores, zero), count, 1)
    place = writer.reshape(places, 0, count, 1)
    chosen = writer.one("GatherElements", boxes, _repeated(writer, place, 4), axis=1)
    best = writer.reshape(best, 0, count, 1)
    columns = [writer.one("GatherElements", writer.reshape(each, 0, anchors, 1), place, axis=1) for each in more]
    rows = writer.one("Where", writer.one("Greater", best, zero), writer.concat(chosen, best, *columns, axis=2), zero)
    if count == CANDIDATES_MAX:
        return rows
    return writer.one("Pad", rows, writer.constant([0, 0, 0, 0, CANDIDATES_MAX - count, 0], np.int64))


def _quads(writer: Writer, model: onnx.ModelProto, card: WeightsCard) -> tuple[str, str]:
    """The head of a finder of plates: corners [N, A, 8] and scores [N, A]."""
    head = model.graph.output[0].name
    if card.head == "yolov5face":
        best, _ = writer.top(writer.cut(head, 2, 13), 1, 2)
        scores = writer.one("Mul", best, writer.cut(head, 2, 4, 5))
        return writer.cut(head, 2, 5, 13), writer.reshape(scores, 0, -1)
    if card.head in heads.KINDS:
        boxes, scores, _ = _decoded(writer, model, card)
        limit = writer.constant([card.input_width, card.input_height] * 2)
        boxes = writer.one("Max", writer.one("Min", boxes, limit), writer.constant([0.0] * 4))
        return writer.one("Gather", boxes, writer.constant([0, 1, 2, 1, 2, 3, 0, 3], np.int64), axis=2), scores
    return writer.cut(head, 2, 1, 9), writer.reshape(writer.cut(head, 2, 0, 1), 0, -1)


def _repeated(writer: Writer, column: str, times: int) -> str:
    return writer.concat(*[column] * times, axis=2)


def _anchors(path: Path, card: WeightsCard) -> int:
    shape = check.answer_shape(path, card)
    upright = card.transposed == (card.head == "yolov8")
    return shape[1] if upright else shape[2]


def _reader_shape(path: Path, card: WeightsCard) -> tuple[int, int]:
    shape = check.answer_shape(path, card)
    return (shape[2], shape[1]) if card.transposed else (shape[1], shape[2])


def _joined(
    model: onnx.ModelProto,
    writer: Writer,
    before: int,
    *,
    taken: tuple[str, int, list[str | int]],
    given: tuple[str, list[str | int]],
) -> onnx.ModelProto:
    """What was written in front, the network, what was written behind."""
    graph = model.graph
    nodes = [*writer.nodes[:before], *graph.node, *writer.nodes[before:]]
    joined = helper.make_graph(
        nodes,
        "zool",
        [helper.make_tensor_value_info(*taken)],
        [helper.make_tensor_value_info(given[0], TensorProto.FLOAT, given[1])],
        [*graph.initializer, *writer.constants],
        sparse_initializer=graph.sparse_initializer,
    )
    made = helper.make_model(
        joined, opset_imports=model.opset_import, ir_version=model.ir_version, producer_name="zool"
    )
    made.functions.extend(model.functions)
    onnx.checker.check_model(made)
    return made

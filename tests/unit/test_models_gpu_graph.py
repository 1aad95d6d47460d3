"""Graphs of the GPU target: the same numbers as the CPU's path, computed by ONNX Runtime."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from model_repository import card, heads, store
from model_repository.card import Head, Weights, WeightsCard
from model_repository.evaluation.alone import Alone
from model_repository.evaluation.pictures import i420_frame
from model_repository.gpu import check, graph
from model_repository.gpu.errors import GraphUnusable
from model_repository.plate_heads import char_probabilities
from model_repository.plates import strips

WIDTH, HEIGHT = 64, 32
CELLS = 32 + 8 + 2


def _starter(name: str) -> Weights:
    return card.load(store.STARTERS / f"{name}.onnx")


def _blobs(size: tuple[int, int], seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).integers(0, 256, (*size[::-1], 3), np.uint8)
    return np.asarray(cv2.GaussianBlur(noise, (0, 0), 9) * 4, np.uint8)


def _constant_network(path: Path, answer: np.ndarray) -> None:
    """A network that gives the same answer to every picture of any batch."""
    zero = numpy_helper.from_array(np.float32(0), "zero")
    constant = numpy_helper.from_array(answer[None].astype(np.float32), "constant")
    nodes = [
        helper.make_node("ReduceMean", ["images"], ["mean"], axes=[1, 2, 3], keepdims=1),
        helper.make_node("Mul", ["mean", "zero"], ["nothing"]),
        helper.make_node("Squeeze", ["nothing", "axis"], ["flat"]),
        helper.make_node("Add", ["constant", "flat"], ["output0"]),
    ]
    axis = numpy_helper.from_array(np.array([3], np.int64), "axis")
    made = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["n", 3, HEIGHT, WIDTH])],
        [helper.make_tensor_value_info("output0", TensorProto.FLOAT, ["n", *answer.shape])],
        [constant, zero, axis],
    )
    onnx.save(helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))


def _answer(kind: str, seed: int) -> np.ndarray:
    """A raw head with boxes in and out of the frame, empty ones among them."""
    rng = np.random.default_rng(seed)
    boxes = rng.uniform([0, 0, -4, -4], [WIDTH, HEIGHT, 40, 30], (CELLS, 4))
    classes = rng.uniform(0, 0.6, (CELLS, 3))
    objectness = rng.uniform(0, 1, (CELLS, 1))
    if kind == "yolov8":
        return np.concatenate([boxes, classes], axis=1).T
    if kind == "end2end":
        kinds = rng.integers(-1, 3, (CELLS, 1))
        return np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:], objectness, kinds], axis=1)
    if kind == "yolox":
        boxes[:, 2:] = rng.uniform(-1, 1, (CELLS, 2))
        boxes[:, :2] /= 16
    return np.concatenate([boxes, objectness, classes], axis=1)


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("kind", heads.KINDS)
def test_every_head_is_read_as_on_the_cpu(tmp_path: Path, kind: Head, *, transposed: bool) -> None:
    """Candidates of the graph are those of `heads.candidates`: boxes, scores, classes, zero past the last."""
    answer = _answer(kind, 3)
    _constant_network(tmp_path / "n.onnx", answer.T if transposed else answer)
    described = WeightsCard(
        name="n", task="detector", input_width=WIDTH, input_height=HEIGHT, head=kind, transposed=transposed
    )
    made = graph.detector(tmp_path / "n.onnx", described)
    frames = np.zeros((2, HEIGHT * 3 // 2, WIDTH), np.uint8)
    rows = check.session(made).run(None, {"FRAME": frames})[0]
    wanted = heads.candidates(answer.astype(np.float32), kind, (WIDTH, HEIGHT))
    assert np.count_nonzero(wanted[:, 4]) > 10
    for got in rows:
        np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("colour", ["rgb", "bgr"])
def test_colours_are_those_of_the_picture(tmp_path: Path, colour: Any) -> None:
    """A network that answers the mean of each channel gives what OpenCV's conversion of the frame gives."""
    nodes = [
        helper.make_node("ReduceMean", ["images"], ["mean"], axes=[2, 3], keepdims=0),
        helper.make_node("Unsqueeze", ["mean", "axis"], ["row"]),
        helper.make_node("Concat", ["row", "ones"], ["output0"], axis=2),
    ]
    ones = numpy_helper.from_array(np.array([[[1, 0.9, 1]]], np.float32), "ones")
    axis = numpy_helper.from_array(np.array([1], np.int64), "axis")
    made = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, HEIGHT, WIDTH])],
        [helper.make_tensor_value_info("output0", TensorProto.FLOAT, [1, 1, 6])],
        [ones, axis],
    )
    path = tmp_path / "n.onnx"
    onnx.save(helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))
    described = WeightsCard(
        name="n", task="detector", input_width=WIDTH, input_height=HEIGHT, head="end2end", colour=colour,
        subtract=(1.0, 2.0, 3.0), divide=(16.0, 12.0, 10.0),
    )  # fmt: skip
    frame = np.concatenate([
        np.full(WIDTH * HEIGHT, 120, np.uint8), np.full(WIDTH * HEIGHT // 4, 90, np.uint8),
        np.full(WIDTH * HEIGHT // 4, 160, np.uint8),
    ]).reshape(HEIGHT * 3 // 2, WIDTH)  # fmt: skip
    raw = graph.detector(path, described)
    # The head is a box whose first three numbers are the means: x1, y1, x2.
    raw.graph.output.append(helper.make_tensor_value_info("output0", TensorProto.FLOAT, ["N", 1, 6]))
    head = check.session(raw).run(["output0"], {"FRAME": frame[None]})[0][0, 0]
    code = cv2.COLOR_YUV2RGB_I420 if colour == "rgb" else cv2.COLOR_YUV2BGR_I420
    pixel = cv2.cvtColor(frame, code)[0, 0].astype(np.float32)
    np.testing.assert_allclose(head[:3], (pixel - [1, 2, 3]) / [16, 12, 10], atol=0.06)


def test_the_starter_detector_answers_as_on_the_cpu() -> None:
    """Boxes of certain things of a blurred picture: the same number, scores within rounding of colours."""
    weights = _starter("starter-detector")
    made, alone = graph.detector(weights.path, weights.card), Alone()
    assert check.batches(made, "starter")
    frames = np.stack([i420_frame(_blobs((320, 180), seed), weights.card) for seed in range(3)])
    rows = check.session(made).run(None, {"FRAME": frames})[0]
    for frame, got in zip(frames, rows, strict=True):
        head = alone(weights, np.asarray(cv2.cvtColor(frame, cv2.COLOR_YUV2RGB_I420), np.uint8))
        wanted = heads.candidates(head, "yolov8", (weights.card.input_width, weights.card.input_height))
        count = np.count_nonzero(wanted[:, 4] > 0.15)
        assert count > 0
        np.testing.assert_allclose(got[:count, 4], wanted[:count, 4], atol=0.03)


def test_the_starter_finder_and_reader_answer_as_on_the_cpu() -> None:
    """The best plate of a crop and the probabilities of its strips, number for number."""
    finder, reader, alone = _starter("starter-plate-corners"), _starter("starter-plate-ocr"), Alone()
    crops = np.stack([cv2.resize(_blobs((200, 200), seed), (416, 416)) for seed in range(2)])
    plates = check.session(graph.plate_finder(finder.path, finder.card)).run(None, {"CROP": crops})[0]
    for crop, plate in zip(crops, plates, strict=True):
        head = alone(finder, crop)
        np.testing.assert_allclose(plate[0], head[head[:, 0].argmax()], rtol=1e-4, atol=1e-4)
    shape = (2, *strips.strips_shape(reader.card))
    cut = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    probs = check.session(graph.plate_reader(reader.path, reader.card)).run(None, {"STRIPS": cut})[0]
    for index in np.ndindex(2, 2):
        wanted = char_probabilities(alone(reader, cut[index]), transposed=False, logits=False)
        np.testing.assert_allclose(probs[index], wanted, atol=1e-5)


@pytest.mark.parametrize(("head", "columns"), [("yolov5face", 15), ("yolov8", 5), ("end2end", 6)])
def test_every_finder_of_plates_is_read_as_on_the_cpu(tmp_path: Path, head: Head, columns: int) -> None:
    """Four corners, and boxes whose corners are the box's."""
    rng = np.random.default_rng(1)
    rows = rng.uniform(1, 30, (CELLS, columns))
    rows[:, 4] = rng.uniform(0.3, 0.9, CELLS)
    if head == "yolov5face":
        rows[:, 13:] = rng.uniform(0.3, 0.9, (CELLS, 2))
    if head == "end2end":
        rows[:, 2:4] = rows[:, :2] + 20
    answer = rows.T if head == "yolov8" else rows
    _constant_network(tmp_path / "n.onnx", answer)
    described = WeightsCard(
        name="n", task="plate_corners", input_width=WIDTH, input_height=HEIGHT, head=head, score_min=0.1
    )
    crop = np.zeros((1, HEIGHT, WIDTH, 3), np.uint8)
    plate = check.session(graph.plate_finder(tmp_path / "n.onnx", described)).run(None, {"CROP": crop})[0][0, 0]
    found = strips.quad_of(answer.astype(np.float32), described)
    assert found
    assert plate[0] == pytest.approx(found[1], abs=1e-5)
    np.testing.assert_allclose(plate[1:].reshape(4, 2), found[0], atol=1e-4)


def test_logits_on_their_side_become_probabilities(tmp_path: Path) -> None:
    """[classes, steps] of any numbers: transposed and normalised in the graph."""
    answer = np.random.default_rng(0).normal(size=(23, 18)) * 5
    _constant_network(tmp_path / "n.onnx", answer)
    described = WeightsCard(
        name="n", task="plate_ocr", input_width=WIDTH, input_height=HEIGHT, head="ctc", transposed=True, logits=True
    )
    made = graph.plate_reader(tmp_path / "n.onnx", described)
    probs = check.session(made).run(None, {"STRIPS": np.zeros((1, 2, HEIGHT, WIDTH, 3), np.uint8)})[0]
    wanted = char_probabilities(answer.astype(np.float32), transposed=True, logits=True)
    np.testing.assert_allclose(probs[0, 1], wanted, atol=1e-5)


def test_old_operators_are_refused(tmp_path: Path) -> None:
    """A network of opset 9 cannot be put into one graph with operators of 11: said with what to do."""
    _constant_network(tmp_path / "n.onnx", np.zeros((5, CELLS)))
    model = onnx.load(tmp_path / "n.onnx")
    model.opset_import[0].version = 9
    onnx.save(model, str(tmp_path / "n.onnx"))
    with pytest.raises(GraphUnusable, match="opset 9; export it with 11"):
        graph.detector(tmp_path / "n.onnx", WeightsCard(name="n", task="detector", head="yolov8"))

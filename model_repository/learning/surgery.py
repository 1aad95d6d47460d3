"""The last layer of a detector, found in its ONNX graph: features before it, weights in it. Edge (files, onnx).

A detector of the kinds `yolov8` ends, per stride, in a 1×1 convolution that gives one logit per class and cell. What
enters it are features; the layer itself is a logistic regression over them. So a few hundred examples can teach it
without a GPU: nothing below changes, boxes stay as they are.

Whether the graph is of that kind is not guessed but computed: the features through the weights have to give the scores
that the network itself gives.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
from onnx import numpy_helper

from model_repository.card import Weights
from model_repository.learning.errors import PackageUnsuited

Floats = npt.NDArray[np.float32]
DIFFERENCE_MAX = 2e-3
LAYERS_MAX = 6


class Layer(NamedTuple):
    """The class convolution of one stride: names in the graph, weights [classes, width], bias [classes]."""

    features: str
    weight_name: str
    bias_name: str
    weight: Floats
    bias: Floats


class Answer(NamedTuple):
    """What the network says of one picture: boxes [cells, 4] as corners, scores [cells, classes], features by layer."""

    boxes: Floats
    scores: Floats
    features: tuple[Floats, ...]  # each [cells of the stride, width]


class Surgeon:
    """A network whose last layer can be read and replaced."""

    def __init__(self, weights: Weights, threads: int = 1) -> None:
        """Raises PackageUnsuited: another head, no such last layer, or scores that don't follow from it."""
        self.card = weights.card
        if self.card.head != "yolov8" or self.card.transposed:
            raise PackageUnsuited(self.card.name, f"its head is {self.card.head!r}; only `yolov8` can be taught so")
        self._model = onnx.load(str(weights.path))
        self.layers = _layers(self._model, len(self.card.labels), self.card.name)
        self._session = self._probing(threads)
        self._check()

    def answer(self, batch: Floats) -> Answer:
        """One picture [1, 3, H, W], as the network takes it."""
        head, *features = self._session.run(None, {self._session.get_inputs()[0].name: batch})
        columns = np.asarray(head[0], np.float32).T
        half = columns[:, 2:4] / 2
        boxes = np.concatenate([columns[:, :2] - half, columns[:, :2] + half], axis=1)
        flat = tuple(np.asarray(each[0], np.float32).reshape(each.shape[1], -1).T for each in features)
        return Answer(boxes, columns[:, 4:], flat)

    def save(self, layers: list[tuple[Floats, Floats]], path: Path) -> None:
        """Write the network with other weights and biases in its last layers."""
        model = onnx.ModelProto()
        model.CopyFrom(self._model)
        initial = {each.name: each for each in model.graph.initializer}
        for layer, (weight, bias) in zip(self.layers, layers, strict=True):
            _put(initial[layer.weight_name], weight)
            _put(initial[layer.bias_name], bias)
        onnx.save(model, str(path))

    def _probing(self, threads: int) -> Any:
        probed = onnx.ModelProto()
        probed.CopyFrom(self._model)
        del probed.graph.output[1:]
        probed.graph.output.extend(onnx.helper.make_empty_tensor_value_info(each.features) for each in self.layers)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        options.intra_op_num_threads = threads
        return onnxruntime.InferenceSession(probed.SerializeToString(), options, providers=["CPUExecutionProvider"])

    def _check(self) -> None:
        shape = (1, 3, self.card.input_height, self.card.input_width)
        answer = self.answer(np.random.default_rng(0).random(shape, np.float32))
        if sum(map(len, answer.features)) != len(answer.scores):
            raise PackageUnsuited(self.card.name, "its cells are not those of its last layers")
        mine = scores(answer.features, [(layer.weight, layer.bias) for layer in self.layers])
        if float(np.abs(mine - answer.scores).max()) > DIFFERENCE_MAX:
            raise PackageUnsuited(self.card.name, "its scores do not follow from its last layers")


def scores(features: tuple[Floats, ...], layers: list[tuple[Floats, Floats]]) -> Floats:
    """Scores [cells, classes] of features by layer."""
    logits = [found @ weight.T + bias for found, (weight, bias) in zip(features, layers, strict=True)]
    result: Floats = 1 / (1 + np.exp(-np.clip(np.concatenate(logits), -60, 60)))
    return result


def _layers(model: Any, classes: int, name: str) -> tuple[Layer, ...]:
    """Convolutions from which the output is reached without another one, with one channel per class."""
    makers = {output: node for node in model.graph.node for output in node.output}
    initial = {each.name: each for each in model.graph.initializer}
    open_to, seen, found = [model.graph.output[0].name], set[str](), []
    while open_to:
        node = makers.get(open_to.pop())
        if node is None or node.name + node.output[0] in seen:
            continue
        seen.add(node.name + node.output[0])
        if node.op_type != "Conv":
            open_to.extend(node.input)
        elif len(node.input) == 3 and node.input[1] in initial and node.input[2] in initial:
            found.append(node)
    order = {node.output[0]: number for number, node in enumerate(model.graph.node)}
    layers = [
        Layer(node.input[0], node.input[1], node.input[2], weight[:, :, 0, 0], _array(initial[node.input[2]]))
        for node in sorted(found, key=lambda each: order[each.output[0]])
        if (weight := _array(initial[node.input[1]])).shape[0] == classes and weight.shape[2:] == (1, 1)
    ]  # fmt: skip
    if not 0 < len(layers) <= LAYERS_MAX:
        raise PackageUnsuited(name, f"no last layer of {classes} classes was found in its graph")
    return tuple(layers)


def _array(tensor: Any) -> Floats:
    return np.asarray(numpy_helper.to_array(tensor), np.float32)


def _put(tensor: Any, values: Floats) -> None:
    shaped = values.reshape(tuple(tensor.dims)).astype(np.float32)
    tensor.CopyFrom(numpy_helper.from_array(shaped, tensor.name))

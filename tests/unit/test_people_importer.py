"""Importing networks of faces and equipment: what is recognised, and what is said about what is not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from model_repository.errors import (
    FileUnreadable,
    HeadUnknown,
    InputUnknown,
    ItemsUnknown,
    ItemsWrong,
    LabelsNeeded,
    LandmarksMissing,
    OneLabelOnly,
)
from model_repository.importer import examine

SIDE = 32
PICTURE = (1, 3, SIDE, SIDE)
Outputs = dict[str, tuple[int, ...]]


def _heads(path: Path, outputs: Outputs, picture: tuple[int | str, ...] = PICTURE) -> Path:
    """A network that answers zeros of those shapes to any picture."""
    nodes = [helper.make_node("ReduceMean", ["images"], ["mean"], keepdims=0)]
    nodes.append(helper.make_node("Mul", ["mean", "zero"], ["nothing"]))
    constants = [numpy_helper.from_array(np.float32(0), "zero")]
    for name, shape in outputs.items():
        constants.append(numpy_helper.from_array(np.zeros(shape, np.float32), f"c_{name}"))
        nodes.append(helper.make_node("Add", [f"c_{name}", "nothing"], [name]))
    results = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()]
    return _saved(path, nodes, results, constants, picture)


def _linear(
    path: Path, count: int, last: str = "", *, picture: tuple[int | str, ...] = PICTURE, scale: float = 1.0
) -> Path:
    """A network [1, count] of the four quarters of a picture, with `last` behind it."""
    weights = np.random.default_rng(0).normal(0, scale, (3 * 4 * 4, count)).astype(np.float32)
    constants = [numpy_helper.from_array(weights, "weights")]
    nodes = [
        helper.make_node("AveragePool", ["images"], ["pooled"], kernel_shape=[8, 8], strides=[8, 8]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weights"], ["raw"]),
        helper.make_node(last or "Identity", ["raw"], ["out"]),
    ]
    results = [helper.make_tensor_value_info("out", TensorProto.FLOAT, [1, count])]
    return _saved(path, nodes, results, constants, picture)


def _saved(
    path: Path, nodes: list[onnx.NodeProto], results: list[onnx.ValueInfoProto], constants: list[onnx.TensorProto],
    picture: tuple[int | str, ...],
) -> Path:  # fmt: skip
    taken = [helper.make_tensor_value_info("images", TensorProto.FLOAT, picture)]
    graph = helper.make_graph(nodes, "g", taken, results, constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))
    return path


def _levels(widths: dict[str, int], anchors: int = 1) -> Outputs:
    return {
        f"{name}_{stride}": (1, (SIDE // stride) ** 2 * anchors, width)
        for name, width in widths.items()
        for stride in (8, 16, 32)
    }


SCRFD = {"score": 1, "bbox": 4, "kps": 10}
YUNET = {"cls": 1, "obj": 1, "bbox": 4, "kps": 10}


@pytest.mark.parametrize(
    ("widths", "anchors", "fed"),
    [(SCRFD, 2, ("scrfd", "rgb", 128.0)), (SCRFD, 1, ("scrfd", "rgb", 128.0)), (YUNET, 1, ("yunet", "bgr", 1.0))],
)
def test_face_detectors_are_told_by_their_outputs(
    tmp_path: Path, widths: dict[str, int], anchors: int, fed: tuple[str, str, float]
) -> None:
    """SCRFD and YuNet, each fed as it was trained: black beside the picture, its own colours and scale."""
    card = examine(_heads(tmp_path / "n.onnx", _levels(widths, anchors)), "face_detector")
    assert (card.head, card.colour, card.divide) == fed
    assert (card.fill, card.anchor) == (0, "top_left")
    assert (card.input_width, card.labels) == (SIDE, ("face",))


def test_a_detector_without_landmarks_is_refused(tmp_path: Path) -> None:
    """The message says what they are for."""
    path = _heads(tmp_path / "n.onnx", {"scores": (1, 20, 2), "boxes": (1, 20, 4)})
    with pytest.raises(LandmarksMissing, match="upright"):
        examine(path, "face_detector")


def test_other_landmarks_are_refused(tmp_path: Path) -> None:
    """Ten columns alone make no head that is known, and a picture of one channel is none."""
    with pytest.raises(HeadUnknown, match="SCRFD"):
        examine(_heads(tmp_path / "n.onnx", {"kps": (1, 7, 10)}), "face_detector")
    with pytest.raises(InputUnknown):
        examine(_heads(tmp_path / "n.onnx", _levels(SCRFD), (1, 1, SIDE, SIDE)), "face_detector")


def test_an_embedding_brings_its_size(tmp_path: Path) -> None:
    """The length of the vector is the network's; channels and scale can be said."""
    card = examine(_linear(tmp_path / "n.onnx", 24), "face_embedding", colour="bgr", std=(1.0, 1.0, 1.0))
    assert (card.embedding_size, card.input_width, card.head) == (24, SIDE, "embedding")
    assert (card.colour, card.subtract, card.divide) == ("bgr", 127.5, (1.0, 1.0, 1.0))


@pytest.mark.parametrize(
    ("outputs", "picture"),
    [({"out": (1, 8)}, PICTURE), ({"out": (1, 6, 8)}, PICTURE), ({"a": (1, 32), "b": (1, 32)}, PICTURE),
     ({"out": (1, 32)}, (1, 3, SIDE, 64))],
)  # fmt: skip
def test_what_is_no_embedding_is_refused(tmp_path: Path, outputs: Outputs, picture: tuple[int | str, ...]) -> None:
    """Too short, a table, two vectors, a picture that is not square."""
    with pytest.raises(HeadUnknown, match="16 to 4096"):
        examine(_heads(tmp_path / "n.onnx", outputs, picture), "face_embedding")


def test_an_embedding_that_sees_nothing_is_refused(tmp_path: Path) -> None:
    """Two pictures that have nothing in common, one answer."""
    with pytest.raises(HeadUnknown, match="no head"):
        examine(_heads(tmp_path / "n.onnx", {"out": (1, 32)}), "face_embedding")
    with pytest.raises(InputUnknown):
        examine(_heads(tmp_path / "n.onnx", {"out": (1, 32)}, (1, 1, SIDE, SIDE)), "face_embedding")


def _labels(path: Path, *names: str) -> Path:
    path.write_text("\n".join(names), "utf-8")
    return path


@pytest.mark.parametrize(("last", "scale", "head"), [("Sigmoid", 1.0, "labels"), ("", 60.0, "logits")])
def test_classifiers_of_equipment(tmp_path: Path, last: str, scale: float, head: str) -> None:
    """Probabilities and logits are told apart; items come from the names of the classes, which stay in the card."""
    names = _labels(tmp_path / "l", "helmet", "no_helmet", "vest")
    card = examine(_linear(tmp_path / "n.onnx", 3, last, scale=scale), "ppe", labels=names)
    assert (card.head, card.labels, card.classes) == (head, ("helmet", "vest"), ("helmet", "no_helmet", "vest"))
    assert [(item.worn, item.missing) for item in card.items] == [((0,), (1,)), ((2,), ())]
    assert card.anchor == "top_left"


def test_one_label_per_picture_is_refused(tmp_path: Path) -> None:
    """Shares of one whole over three classes can't say helmet and vest; over a pair they can."""
    path = _linear(tmp_path / "n.onnx", 3, "Softmax")
    with pytest.raises(OneLabelOnly, match="multi-label"):
        examine(path, "ppe", labels=_labels(tmp_path / "l", "helmet", "no_helmet", "vest"))
    pair = _linear(tmp_path / "m.onnx", 2, "Softmax")
    assert examine(pair, "ppe", labels=_labels(tmp_path / "k", "helmet", "no_helmet")).labels == ("helmet",)


def test_detectors_of_equipment(tmp_path: Path) -> None:
    """The head is a detector's; people and items are found among its classes; the crop lies at the top left."""
    path = _heads(tmp_path / "n.onnx", {"out": (1, 4 + 3, 16 + 4 + 1)})
    card = examine(path, "ppe", labels=_labels(tmp_path / "l", "Hardhat", "NO-Hardhat", "Person"))
    assert (card.head, card.labels, card.persons, card.anchor) == ("yolov8", ("helmet",), (2,), "top_left")


def test_classes_that_are_no_equipment_are_refused(tmp_path: Path) -> None:
    """Without names they are asked for; with strange ones --items is."""
    path = _linear(tmp_path / "n.onnx", 2, "Sigmoid")
    with pytest.raises(LabelsNeeded):
        examine(path, "ppe")
    with pytest.raises(ItemsUnknown, match="--items"):
        examine(path, "ppe", labels=_labels(tmp_path / "l", "kask", "ohne"))
    with pytest.raises(InputUnknown):
        examine(_heads(tmp_path / "m.onnx", {"out": (1, 2)}, (1, 1, SIDE, SIDE)), "ppe")


def test_items_can_be_written_down(tmp_path: Path) -> None:
    """A TOML file names classes; an unknown class, an unknown key and a file that is not there are named."""
    path = _linear(tmp_path / "n.onnx", 2, "Sigmoid")
    labels = _labels(tmp_path / "l", "kask", "ohne")
    items = tmp_path / "items.toml"
    items.write_text('[items.helmet]\nworn = ["kask"]\nmissing = ["ohne"]\n')
    card = examine(path, "ppe", labels=labels, items=items)
    assert [(item.name, item.worn, item.missing, item.place) for item in card.items] == [("helmet", (0,), (1,), "head")]
    items.write_text('[items.helmet]\nworn = ["helm"]\n')
    with pytest.raises(ItemsWrong, match=r"'helm'.*kask, ohne"):
        examine(path, "ppe", labels=labels, items=items)
    for content in ("[items.helmet]\nwron = []\n", "no toml"):
        items.write_text(content)
        with pytest.raises(FileUnreadable, match=r"items\.toml"):
            examine(path, "ppe", labels=labels, items=items)
    with pytest.raises(FileUnreadable):
        examine(path, "ppe", labels=labels, items=tmp_path / "absent.toml")


def test_errors_name_what_they_hold() -> None:
    """Each message names its file and what to do."""
    path = Path("n.onnx")
    for error in (
        LandmarksMissing(path, "boxes"), OneLabelOnly(path, ("a", "b", "c")), ItemsUnknown(path, ("a",)),
        ItemsWrong(path, "x", ("a",)),
    ):  # fmt: skip
        assert "n.onnx" in str(error)

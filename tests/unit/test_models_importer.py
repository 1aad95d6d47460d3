"""Importing networks: what is recognised, and what is said about those that are not."""

from __future__ import annotations

import collections
import importlib.util
import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from model_repository.__main__ import main
from model_repository.errors import (
    AlphabetWrong,
    ExportFailed,
    FileUnreadable,
    HeadUnknown,
    InputUnknown,
    LabelsNeeded,
    LabelsWrong,
    NeedsExport,
    TaskNotSupported,
)
from model_repository.importer import examine
from model_repository.imports import checkpoint

WIDTH, HEIGHT = 64, 32
CELLS = 32 + 8 + 2


def _network(
    path: Path,
    answer: tuple[int, ...],
    *,
    picture: tuple[int | str, ...] = (1, 3, HEIGHT, WIDTH),
    value: float = 0.1,
    metadata: dict[str, str] | None = None,
) -> Path:
    """A network that answers a constant of that shape to any picture."""
    constant = numpy_helper.from_array(np.full(answer, value, np.float32), "constant")
    # The picture is used, times nothing: a network that ignores its input is no network to the checker's users.
    nodes = [
        helper.make_node("ReduceMean", ["images"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "zero"], ["nothing"]),
        helper.make_node("Add", ["constant", "nothing"], ["output0"]),
    ]
    zero = numpy_helper.from_array(np.float32(0), "zero")
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, picture)],
        [helper.make_tensor_value_info("output0", TensorProto.FLOAT, answer)],
        [constant, zero],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, metadata or {})
    onnx.save(model, str(path))
    return path


@pytest.mark.parametrize(
    ("answer", "value", "head", "colour"),
    [
        ((1, 4 + 80, CELLS), 0.1, "yolov8", "rgb"),
        ((1, 3 * CELLS, 5 + 80), 0.1, "yolov5", "rgb"),
        ((1, CELLS, 5 + 80), 0.1, "yolox", "bgr"),
        ((1, CELLS, 5 + 80), 30.0, "yolov5", "bgr"),  # YOLOX that was exported with its decoding
    ],
)
def test_heads_are_told_by_their_shape(
    tmp_path: Path, answer: tuple[int, ...], value: float, head: str, colour: str
) -> None:
    """The shape of the answer says which head it is and how pictures are fed; 80 classes are COCO's."""
    card = examine(_network(tmp_path / "n.onnx", answer, value=value), "detector")
    assert (card.head, card.colour) == (head, colour)
    assert (card.input_width, card.input_height) == (WIDTH, HEIGHT)
    assert card.labels[2] == "car"
    assert card.anchor == ("top_left" if colour == "bgr" else "center")


def test_a_head_on_its_side_is_told_by_the_class_names(tmp_path: Path) -> None:
    """[cells, 4 + classes] is YOLOv8 transposed, [cells, 5 + classes] is YOLOX: the number of names decides."""
    path = _network(tmp_path / "n.onnx", (1, CELLS, 4 + 2), metadata={"names": "['a', 'b']"})
    card = examine(path, "detector")
    assert (card.head, card.transposed, card.labels) == ("yolov8", True, ("a", "b"))
    card = examine(_network(tmp_path / "m.onnx", (1, CELLS, 5 + 2), metadata={"names": "['a', 'b']"}), "detector")
    assert (card.head, card.transposed) == ("yolox", False)


@pytest.mark.parametrize(("answer", "transposed"), [((1, 300, 6), False), ((1, 6, 300), True)])
def test_suppression_in_the_graph_is_known_in_both_layouts(
    tmp_path: Path, answer: tuple[int, ...], transposed: bool
) -> None:
    """A network that answers finished boxes, one per row or one per column."""
    path = _network(tmp_path / "n.onnx", answer, metadata={"names": "['a', 'b']"})
    card = examine(path, "detector")
    assert (card.head, card.transposed) == ("end2end", transposed)


def test_a_further_detector_is_named_so_that_it_can_be_called(tmp_path: Path) -> None:
    """Without --name the file's name is put into the letters that an ensemble can have."""
    path = _network(tmp_path / "My Weapons.v2.onnx", (1, 6, CELLS), metadata={"names": "['a', 'b']"})
    card = examine(path, "object_detector")
    assert (card.task, card.name) == ("object_detector", "my-weapons_v2")


def test_names_in_the_file_are_taken(tmp_path: Path) -> None:
    """Class names written by ultralytics' export are read, in the order of their numbers."""
    path = _network(tmp_path / "n.onnx", (1, 6, CELLS), metadata={"names": "{1: 'vest', 0: 'helmet'}"})
    assert examine(path, "detector").labels == ("helmet", "vest")


def test_names_from_a_file_win(tmp_path: Path) -> None:
    """--labels names the classes, one per line; empty lines don't count."""
    path = _network(tmp_path / "n.onnx", (1, 6, CELLS), metadata={"names": "['a', 'b']"})
    labels = tmp_path / "labels.txt"
    labels.write_text("каска\n\nжилет\n", "utf-8")
    assert examine(path, "detector", labels=labels).labels == ("каска", "жилет")


def test_an_open_size_is_asked_for(tmp_path: Path) -> None:
    """A network with a free input size needs --size, unless its metadata says one."""
    free = (1, 3, "height", "width")
    path = _network(tmp_path / "n.onnx", (1, 84, CELLS), picture=free)
    with pytest.raises(InputUnknown, match="--size"):
        examine(path, "detector")
    assert examine(path, "detector", size=(64, 32)).input_width == 64
    path = _network(tmp_path / "m.onnx", (1, 84, CELLS), picture=free, metadata={"imgsz": "[32, 64]"})
    assert examine(path, "detector").input_height == 32


def test_a_label_count_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    """Too few names: both counts are in the message; none at all: the option is."""
    path = _network(tmp_path / "n.onnx", (1, 7, CELLS))
    labels = tmp_path / "labels.txt"
    labels.write_text("one\ntwo\n")
    with pytest.raises(LabelsWrong, match=r"2 names.*3 classes"):
        examine(path, "detector", labels=labels)
    with pytest.raises(LabelsNeeded, match=r"3 classes.*--labels"):
        examine(path, "detector")


def test_an_unknown_head_is_refused(tmp_path: Path) -> None:
    """The message says what the network answers and which heads are known."""
    with pytest.raises(HeadUnknown, match=r"\[1, 7, 11\].*YOLOv8"):
        examine(_network(tmp_path / "n.onnx", (1, 7, 11)), "detector")


def test_an_odd_input_is_refused(tmp_path: Path) -> None:
    """A size that is no multiple of 32 and a picture of one channel are named."""
    with pytest.raises(InputUnknown, match=r"\[1, 3, 30, 64\]"):
        examine(_network(tmp_path / "n.onnx", (1, 84, CELLS), picture=(1, 3, 30, 64)), "detector")
    with pytest.raises(InputUnknown, match=r"\[1, 1, 32, 64\]"):
        examine(_network(tmp_path / "n.onnx", (1, 84, CELLS), picture=(1, 1, 32, 64)), "detector")


@pytest.mark.parametrize(
    ("answer", "metadata", "head"),
    [
        ((1, 3 * CELLS, 15), {}, "yolov5face"),
        ((1, 5, CELLS), {}, "yolov8"),
        ((1, 300, 6), {"names": "['plate']"}, "end2end"),
    ],
)
def test_finders_of_plates_are_told_by_their_shape(
    tmp_path: Path, answer: tuple[int, ...], metadata: dict[str, str], head: str
) -> None:
    """Four corners, plain boxes, boxes suppressed in the graph; all are fed at the top left, with a floor."""
    card = examine(_network(tmp_path / "n.onnx", answer, metadata=metadata), "plate_corners")
    assert (card.head, card.anchor, card.score_min) == (head, "top_left", 0.25)


def test_what_finds_other_things_is_no_finder_of_plates(tmp_path: Path) -> None:
    """A detector of eighty classes is refused as a finder of plates."""
    with pytest.raises(HeadUnknown, match=r"80 classes.*finder of plates"):
        examine(_network(tmp_path / "n.onnx", (1, 84, CELLS)), "plate_corners")


@pytest.mark.parametrize(
    ("answer", "head", "transposed", "characters"),
    [((1, 23, 18), "ctc", True, 22), ((1, 18, 23), "ctc", False, 22), ((1, 9, 37), "slots", False, 36)],
)
def test_readers_of_plates_are_told_by_their_classes(
    tmp_path: Path, answer: tuple[int, ...], head: str, transposed: bool, characters: int
) -> None:
    """Twenty-three classes are Russia's, thirty-seven are Latin; the other axis says CTC or slots."""
    path = _network(tmp_path / "n.onnx", answer, picture=(1, 3, 24, 94))
    card = examine(path, "plate_ocr")
    assert (card.head, card.transposed, len(card.alphabet)) == (head, transposed, characters)
    assert (card.logits, card.row_halves, card.subtract, card.divide) == (True, False, 127.5, 128.0)
    other = examine(path, "plate_ocr", mean=(1.0, 2.0, 3.0), std=(4.0, 5.0, 6.0), colour="bgr")
    assert (other.subtract, other.divide, other.colour) == ((1.0, 2.0, 3.0), (4.0, 5.0, 6.0), "bgr")


def test_an_alphabet_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    """Both shapes are in the message; one that fits is taken, with or without its blank."""
    path = _network(tmp_path / "n.onnx", (1, 18, 5), picture=(1, 3, 24, 94))
    with pytest.raises(AlphabetWrong, match=r"no alphabet was given.*--alphabet"):
        examine(path, "plate_ocr")
    with pytest.raises(AlphabetWrong, match="has 3 characters"):
        examine(path, "plate_ocr", alphabet="ABC")
    assert examine(path, "plate_ocr", alphabet="ABCD-").alphabet == "ABCD"
    assert examine(path, "plate_ocr", alphabet="ABCD").alphabet == "ABCD"


@pytest.mark.parametrize("content", [b"", b"garbage" * 100, b"\x08\x08\x12\x04test"])
def test_a_broken_file_is_refused(tmp_path: Path, content: bytes) -> None:
    """Empty, garbage, cut off: the file is named, nothing else happens."""
    path = tmp_path / "n.onnx"
    path.write_bytes(content)
    with pytest.raises(FileUnreadable, match=r"n\.onnx cannot be read"):
        examine(path, "detector")


def test_a_cut_off_network_is_refused(tmp_path: Path) -> None:
    """A download that stopped half way is no network."""
    path = _network(tmp_path / "n.onnx", (1, 84, CELLS))
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(FileUnreadable):
        examine(path, "detector")


class _Evil:
    """Unpickling it runs a command."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch was-run",)


def _checkpoint(path: Path, content: object, protocol: int) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(content, protocol))
    return path


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_a_checkpoint_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, protocol: int) -> None:
    """What loading would call is named, with both ways out; nothing of it is called."""
    monkeypatch.chdir(tmp_path)
    path = _checkpoint(tmp_path / "n.pt", {"model": _Evil()}, protocol)
    with pytest.raises(NeedsExport, match=r"posix\.system.*format=onnx.*--trust-checkpoint"):
        examine(path, "detector")
    path.write_bytes(pickle.dumps(_Evil(), protocol))  # as older versions of torch write it
    with pytest.raises(NeedsExport, match=r"posix\.system"):
        examine(path, "detector")
    assert not (tmp_path / "was-run").exists()


def test_numbers_without_a_network_are_told_apart(tmp_path: Path) -> None:
    """A file of plain tensors holds nothing to run: there is no network in it either."""
    path = _checkpoint(tmp_path / "n.pt", collections.OrderedDict(a=1), 2)
    with pytest.raises(NeedsExport, match="numbers without a network"):
        examine(path, "detector")
    with pytest.raises(NeedsExport, match="numbers without a network"):
        examine(tmp_path / "n.safetensors", "detector")


@pytest.mark.parametrize("content", [b"", b"garbage", b"PK\x03\x04"])
def test_a_broken_checkpoint_is_refused(tmp_path: Path, content: bytes) -> None:
    """Empty, garbage, the start of an archive: no checkpoint."""
    path = tmp_path / "n.pt"
    path.write_bytes(content)
    with pytest.raises(FileUnreadable, match="no checkpoint of torch"):
        examine(path, "detector")


def test_a_trusted_checkpoint_needs_the_tools(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without ultralytics the refusal names the group to install; nothing is deployed."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    path = _checkpoint(tmp_path / "n.pt", {"model": 1}, 2)
    data = ["--data-dir", str(tmp_path / "data")]
    assert main(["import", str(path), "--as", "detector", "--trust-checkpoint", *data]) == 2
    assert "uv sync --group export" in capsys.readouterr().err
    assert not (tmp_path / "data").exists()


def test_a_failed_export_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last words of the process that exports are in the refusal."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: object())
    path = _checkpoint(tmp_path / "n.pt", {"model": 1}, 2)
    with pytest.raises(ExportFailed, match="could not be exported"):
        checkpoint.exported(path, tmp_path, (64, 64))


def test_the_version_of_a_package_is_not_that_of_the_weights(tmp_path: Path) -> None:
    """Ultralytics writes its own version into what it exports; others write theirs."""
    described = {"version": "8.4.1", "names": "['a', 'b']"}
    path = _network(tmp_path / "n.onnx", (1, 6, CELLS), metadata={**described, "author": "Ultralytics"})
    assert examine(path, "detector").version == ""
    assert examine(path, "detector", version="7").version == "7"
    assert examine(_network(tmp_path / "n.onnx", (1, 6, CELLS), metadata=described), "detector").version == "8.4.1"


def test_an_unknown_task_is_refused(tmp_path: Path) -> None:
    """The message names what can be imported."""
    with pytest.raises(TaskNotSupported, match="supported: detector"):
        examine(tmp_path / "n.onnx", "weather")


def test_the_command_line_imports_and_refuses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`import` deploys; what it refuses leaves the deployed weights as they were, with exit code 2."""
    path = _network(tmp_path / "my net.onnx", (1, 84, CELLS))
    data = ["--data-dir", str(tmp_path / "data")]
    assert main(["import", str(path), "--as", "detector", *data]) == 0
    assert "yolov8, 64x32, 80 classes" in capsys.readouterr().out
    path.write_bytes(b"garbage")
    assert main(["import", str(path), "--as", "detector", *data]) == 2
    assert "cannot be read" in capsys.readouterr().err
    assert main(["list", *data]) == 0
    assert "* detector         my-net" in capsys.readouterr().out

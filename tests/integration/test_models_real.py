"""Real weights of strangers: imported by the command, served by Triton, answering as the network alone does.

The network alone is ONNX Runtime on the same picture tensor. What stands between the two is the conversion of colours,
the reading of heads inside Triton, and the precision that OpenVINO chooses.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import onnxruntime
import pytest
from tritonclient import grpc as client

from model_repository import heads, importer, plate_heads, registry, store
from model_repository.__main__ import main
from model_repository.card import Weights, WeightsCard
from model_repository.contract import BOXES, CLASSES, COUNT, CROP, DETECTOR, FRAME, PLATE_READER, QUAD, SCORES, TEXT
from model_repository.gpu import check, graph
from model_repository.plates import readers, strips
from tests.support.realdata import real
from tests.support.triton import i420_frame, infer, letterboxed, model_card, triton_server

Found = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], npt.NDArray[np.int32]]
Bytes = npt.NDArray[np.uint8]

PICTURES = 8
PLATES = 16


def _import(data: Path, file: str, task: str, *more: str) -> None:
    assert main(["import", str(real(f"models/{file}")), "--as", task, "--data-dir", str(data), *more]) == 0


def _photographs(folder: str, count: int, names: str = "*.jpg") -> list[Bytes]:
    paths = sorted(real(f"images/{folder}").glob(names))
    return [np.asarray(cv2.imread(str(path)), np.uint8) for path in paths[:: max(1, len(paths) // count)][:count]]


def _session(weights: Weights) -> Any:
    return onnxruntime.InferenceSession(weights.path, providers=["CPUExecutionProvider"])


def _run(session: Any, card: WeightsCard, picture: Bytes) -> npt.NDArray[np.float32]:
    """The first output for one picture [H, W, 3] in the network's own order of colours."""
    taken = session.get_inputs()[0]
    if taken.type == "tensor(uint8)":
        batch: npt.NDArray[Any] = picture[None]
    else:
        scaled = (picture - np.array(card.subtract, np.float32)) / np.array(card.divide, np.float32)
        batch = np.asarray(scaled.transpose(2, 0, 1)[None], np.float32)
    return np.asarray(session.run(None, {taken.name: batch})[0][0], np.float32)


DETECTORS = {
    "detector": ("yolov8n_coco.onnx", DETECTOR, "coco", 25),
    "object_detector_yolov5n": ("yolov5n_coco.onnx", "object_detector", "coco", 25),
    "object_detector_yolox": ("yolox_nano_coco.onnx", "object_detector", "coco", 25),
    "object_detector_ppe": ("yolov8n_ppe10.onnx", "object_detector", "ppe", 25),
}


@pytest.fixture(scope="module")
def detectors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[client.InferenceServerClient, Path]]:
    """One detector and three further ones, all live in one server."""
    folder = tmp_path_factory.mktemp("detectors")
    for ensemble, (file, task, _, _) in DETECTORS.items():
        _import(folder / "data", file, task, "--name", ensemble.removeprefix("object_detector_"))
    with (
        triton_server(folder / "served", folder / "data", tuple(DETECTORS)) as server,
        client.InferenceServerClient(server.url) as triton,
    ):
        yield triton, folder / "data"


@pytest.mark.parametrize("ensemble", DETECTORS)
def test_detectors_answer_as_they_are(detectors: tuple[client.InferenceServerClient, Path], ensemble: str) -> None:
    """Every box of 0.45 in one has a partner of 0.35 and the same class in the other, on real photographs.

    Partners overlap by 0.9 from 32 px on, by 0.75 below.
    """
    triton, data = detectors
    _, _, folder, boxes_min = DETECTORS[ensemble]
    found = registry.ensemble(ensemble)
    assert found
    weights = store.deployed(found.tasks[0], data)
    card, session = model_card(triton, ensemble), _session(weights)
    assert card.sha256 == weights.card.sha256
    assert card.version
    total = missed = 0
    for picture in _photographs(folder, PICTURES):
        frame = i420_frame(picture, card)
        theirs = _direct(session, weights.card, frame)
        ours = _found(infer(triton, ensemble, **{FRAME: frame[None]}))
        for one, other in ((theirs, ours), (ours, theirs)):
            certain, alone = _partnerless(one, other)
            total += certain
            missed += alone
    assert total >= boxes_min
    assert missed <= 0.02 * total


def _direct(session: Any, card: WeightsCard, frame: Bytes) -> Found:
    """The network itself on the RGB (or BGR) picture of a frame."""
    code = cv2.COLOR_YUV2BGR_I420 if card.colour == "bgr" else cv2.COLOR_YUV2RGB_I420
    head = _run(session, card, np.asarray(cv2.cvtColor(frame, code), np.uint8))
    boxes, scores, classes, count = heads.select(
        heads.candidates(head, card.head, (card.input_width, card.input_height))
    )
    return boxes[:count], scores[:count], classes[:count]


def _found(answer: dict[str, Any]) -> Found:
    count = int(answer[COUNT][0, 0])
    return answer[BOXES][0][:count], answer[SCORES][0][:count], answer[CLASSES][0][:count]


def _partnerless(one: Found, other: Found) -> tuple[int, int]:
    """How many certain boxes there are in `one`, and how many of them have no partner in `other`."""
    certain = np.flatnonzero(one[1] >= 0.45)
    alone = 0
    for index in certain:
        x1, y1, x2, y2 = one[0][index]
        fitting = (other[2] == one[2][index]) & (other[1] >= 0.35)
        overlaps = heads.iou(one[0][index : index + 1], other[0][fitting])
        alone += float(overlaps.max(initial=0)) < (0.9 if min(x2 - x1, y2 - y1) >= 32 else 0.75)
    return len(certain), alone


NORMALISED_B = ("--mean", "126.48,128.01,128.52", "--std", "64.77,65.076,63.954")


@pytest.mark.parametrize(
    ("finder", "reader", "more", "names", "texts_min"),
    [
        ("plate_4pt_yolov5face.onnx", "plate_ocr_ru_lprnet_a.onnx", (), "ru_*.jpg", 12),
        ("plate_4pt_yolov5face.onnx", "plate_ocr_ru_lprnet_b.onnx", NORMALISED_B, "ru_*.jpg", 12),
        ("plate_yolo26n.onnx", "plate_ocr_global_cct_xs.onnx", (), "[eu]*.jpg", 12),
    ],
)
def test_plate_networks_answer_as_they_are(
    tmp_path: Path, *, finder: str, reader: str, more: tuple[str, ...], names: str, texts_min: int
) -> None:
    """Text for text and corner for corner what the two networks say alone on the same crops of real photographs.

    A text may differ where the networks themselves are undecided; corners may differ by 3 % of the plate's width.
    """
    data = tmp_path / "data"
    _import(data, finder, "plate_corners")
    _import(data, reader, "plate_ocr", *more)
    finding, reading = store.deployed("plate_corners", data), store.deployed("plate_ocr", data)
    sessions = _session(finding), _session(reading)
    texts = same = far = 0
    with (
        triton_server(tmp_path / "served", data, (DETECTOR, PLATE_READER)) as server,
        client.InferenceServerClient(server.url) as triton,
    ):
        card = model_card(triton, PLATE_READER)
        assert [part.sha256 for part in card.parts] == [finding.card.sha256, reading.card.sha256]
        for picture in _photographs("plates", PLATES, names):
            crop = letterboxed(picture, card)
            answer = infer(triton, PLATE_READER, **{CROP: crop[None]})
            ours = bytes(answer[TEXT][0]).rstrip(b"\0").decode()
            theirs, quad = _plate(sessions, finding.card, reading.card, crop)
            width = float(np.ptp(quad[:, 0])) if quad.any() else 100.0
            far += bool(np.abs(answer[QUAD][0] - quad).max() > max(1.5, 0.03 * width))
            texts += bool(theirs)
            same += ours == theirs
    assert texts >= texts_min
    assert same >= PLATES - 1
    assert far <= 1


def _plate(
    sessions: tuple[Any, Any], finder: WeightsCard, reader: WeightsCard, crop: Bytes
) -> tuple[str, npt.NDArray[np.float32]]:
    """Text and corners by the two networks alone."""
    found = strips.quad_of(_run(sessions[0], finder, np.ascontiguousarray(crop[..., ::-1])), finder)
    if found is None:
        return "", np.zeros((4, 2), np.float32)
    plates = strips.strips_of(crop, found[0], finder, reader)
    reads = [strips.read_of(_run(sessions[1], reader, strip), reader) for strip in plates if strip.any()]
    return readers.wire(plate_heads.best_read(reads))[0], found[0]


@pytest.mark.parametrize("file", ["yolov8n_coco.onnx", "yolov5n_coco.onnx", "yolox_nano_coco.onnx"])
def test_graphs_for_the_gpu_answer_as_they_are(file: str) -> None:
    """A frame through the graph of the GPU target, by ONNX Runtime, gives the network's own boxes.

    Colours are rounded by OpenCV and not in the graph: scores differ by some hundredths at most.
    """
    path = real(f"models/{file}")
    weights = Weights(path=path, card=importer.examine(path, DETECTOR))
    made, alone = check.session(graph.detector(path, weights.card)), _session(weights)
    total = missed = 0
    for picture in _photographs("coco", 4):
        frame = i420_frame(picture, weights.card)
        boxes, scores, classes, count = heads.select(made.run(None, {FRAME: frame[None]})[0][0])
        ours, theirs = (boxes[:count], scores[:count], classes[:count]), _direct(alone, weights.card, frame)
        for one, other in ((theirs, ours), (ours, theirs)):
            certain, without = _partnerless(one, other)
            total += certain
            missed += without
    assert total >= 20
    assert missed <= 0.02 * total

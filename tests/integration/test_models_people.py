"""Faces and equipment through the real Triton: strangers' weights as they are alone, starters on the demo's scenes."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import onnxruntime
import pytest
from tritonclient import grpc as client
from tritonclient.utils import InferenceServerException

from model_repository import ppe_heads, store
from model_repository.__main__ import main
from model_repository.contract import (
    CROP,
    EMBEDDING,
    FACE_BOX,
    FACE_EMBEDDER,
    FACE_QUALITY,
    FACE_SCORE,
    ITEM_KNOWN,
    ITEM_WORN,
    LANDMARKS,
    LIVENESS,
    PPE_CLASSIFIER,
)
from tests.support.realdata import real
from tests.support.triton import infer, letterboxed, model_card, triton_server

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
ENSEMBLES = (FACE_EMBEDDER, PPE_CLASSIFIER)
PHOTOGRAPHS = 16
PEOPLE = 12
ARCFACE = np.array([[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]])


@pytest.fixture(scope="module")
def triton(tmp_path_factory: pytest.TempPathFactory) -> Iterator[client.InferenceServerClient]:
    """A server with the starters."""
    folder = tmp_path_factory.mktemp("people")
    with (
        triton_server(folder, folder / "data", ENSEMBLES) as server,
        client.InferenceServerClient(server.url) as connection,
    ):
        yield connection


@pytest.fixture(scope="module")
def strangers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[client.InferenceServerClient, Path]]:
    """A server with public weights, and their data directory."""
    folder = tmp_path_factory.mktemp("strangers")
    for file, task in (
        ("face_scrfd_500m", "face_detector"),
        ("face_embed_mobilefacenet_128", "face_embedding"),
        ("yolov8n_ppe10", "ppe"),
    ):
        path = real(f"models/{file}.onnx")
        assert main(["import", str(path), "--as", task, "--data-dir", str(folder / "data")]) == 0
    with (
        triton_server(folder / "served", folder / "data", ENSEMBLES) as server,
        client.InferenceServerClient(server.url) as connection,
    ):
        yield connection, folder / "data"


def test_cards_say_who_answers(triton: client.InferenceServerClient) -> None:
    """Starters are called so; a face's card has the size of the embedding and both networks, equipment's the items."""
    face, ppe = (model_card(triton, ensemble) for ensemble in ENSEMBLES)
    assert face.starter
    assert [part.name for part in face.parts] == ["starter-face-detector", "starter-face-embedding"]
    assert face.embedding_size > 0
    assert ppe.starter
    assert ppe.labels == ("helmet", "vest")


@pytest.mark.parametrize("value", [0, 114, 255])
def test_a_crop_without_a_face_says_so(triton: client.InferenceServerClient, value: int) -> None:
    """Black, grey, white: all zero, also the embedding; liveness says that there is no model."""
    card = model_card(triton, FACE_EMBEDDER)
    crops = np.full((2, card.input_height, card.input_width, 3), value, np.uint8)
    answer = infer(triton, FACE_EMBEDDER, **{CROP: crops})
    for name in (FACE_BOX, FACE_SCORE, LANDMARKS, FACE_QUALITY, EMBEDDING):
        assert not answer[name].any()
    assert (answer[LIVENESS] == -1).all()


@pytest.mark.parametrize("ensemble", ENSEMBLES)
@pytest.mark.parametrize("shape", [(1, 1, 1, 3), (1, 64, 64, 3), (0, 320, 320, 3)])
def test_a_crop_of_another_size_is_refused(
    triton: client.InferenceServerClient, ensemble: str, shape: tuple[int, ...]
) -> None:
    """One pixel, a size that is not the card's, no crop at all: a clear refusal, and the next request is answered."""
    with pytest.raises(InferenceServerException, match=r"shape|batch|size"):
        infer(triton, ensemble, **{CROP: np.zeros(shape, np.uint8)})
    card = model_card(triton, ensemble)
    crop = np.full((1, card.input_height, card.input_width, 3), 114, np.uint8)
    assert infer(triton, ensemble, **{CROP: crop})


@pytest.mark.parametrize("ensemble", ENSEMBLES)
def test_a_crop_of_one_pixel_is_answered(triton: client.InferenceServerClient, ensemble: str) -> None:
    """A picture of one pixel in its tensor: an answer within the contract."""
    card = model_card(triton, ensemble)
    crop = letterboxed(np.full((1, 1, 3), 90, np.uint8), card)
    answer = infer(triton, ensemble, **{CROP: crop[None]})
    assert all(np.isfinite(array).all() for array in answer.values())


def test_people_of_the_demo_are_recognised(triton: client.InferenceServerClient) -> None:
    """Who comes near in the office clip is found, points where the truth has them, nearest to pictures of the same."""
    from tests.support.demo_people import office  # noqa: PLC0415 - decodes a clip

    card = model_card(triton, FACE_EMBEDDER)
    shown = office()
    vectors, who, found = [], [], 0
    for person in shown:
        crop = letterboxed(person.crop, card)
        answer = infer(triton, FACE_EMBEDDER, **{CROP: crop[None]})
        if answer[FACE_SCORE][0, 0] > 0:
            scale = min(card.input_width / person.crop.shape[1], card.input_height / person.crop.shape[0])
            off = np.linalg.norm(answer[LANDMARKS][0] / scale - person.points, axis=1).mean()
            found += bool(off < 0.35 * np.linalg.norm(person.points[0] - person.points[1]))
            vectors.append(answer[EMBEDDING][0])
            who.append(person.identity)
    assert len(shown) >= 20
    assert found >= 0.8 * len(shown)
    cosines = np.stack(vectors) @ np.stack(vectors).T
    np.testing.assert_allclose(np.diag(cosines), 1, atol=1e-3)
    np.fill_diagonal(cosines, -1)
    names = np.array(who)
    assert (names[cosines.argmax(axis=1)] == names).mean() >= 0.8


def test_equipment_of_the_demo_is_told(triton: client.InferenceServerClient) -> None:
    """Of the workshop clip: who stands free and near wears what the truth says, where the answer is known at all."""
    from tests.support.demo_people import workshop  # noqa: PLC0415 - decodes a clip

    card = model_card(triton, PPE_CLASSIFIER)
    right = told = 0
    shown = workshop()
    for person in shown:
        answer = infer(triton, PPE_CLASSIFIER, **{CROP: letterboxed(person.crop, card)[None]})
        known = answer[ITEM_KNOWN][0] >= 0.5
        said = answer[ITEM_WORN][0] >= 0.5
        told += int(known.sum())
        right += int((said == [person.helmet, person.vest])[known].sum())
    assert len(shown) >= 20
    assert told >= 0.7 * 2 * len(shown)
    assert right >= 0.9 * told


@pytest.mark.parametrize("ensemble", ENSEMBLES)
def test_a_batch_answers_as_its_crops_one_by_one(triton: client.InferenceServerClient, ensemble: str) -> None:
    """Four people in one request, and one by one: the very same bytes."""
    from tests.support.demo_people import office  # noqa: PLC0415 - decodes a clip

    card = model_card(triton, ensemble)
    crops = np.stack([letterboxed(person.crop, card) for person in office()[-8::2]])
    together = infer(triton, ensemble, **{CROP: crops})
    for index, crop in enumerate(crops):
        for name, array in infer(triton, ensemble, **{CROP: crop[None]}).items():
            np.testing.assert_array_equal(array[0], together[name][index])


def test_strangers_embeddings_are_the_networks_own(
    strangers: tuple[client.InferenceServerClient, Path],
) -> None:
    """SCRFD and MobileFaceNet by ONNX Runtime, decoded and aligned here by other means: a cosine above 0.999 each."""
    triton, data = strangers
    finder, embedding = (
        onnxruntime.InferenceSession(store.deployed(task, data).path, providers=["CPUExecutionProvider"])
        for task in ("face_detector", "face_embedding")
    )
    card = model_card(triton, FACE_EMBEDDER)
    assert (card.fill, card.anchor, card.embedding_size) == (0, "top_left", 128)
    for path in sorted(real("images/faces").glob("[!g]*.jpg"))[::3][:PHOTOGRAPHS]:
        crop = letterboxed(np.asarray(cv2.imread(str(path)), np.uint8), card)
        answer = infer(triton, FACE_EMBEDDER, **{CROP: crop[None]})
        points = _scrfd_points(finder, crop)
        np.testing.assert_allclose(answer[LANDMARKS][0], points, atol=0.2)
        alone = _embedded(embedding, crop, points)
        assert float(alone @ answer[EMBEDDING][0]) > 0.999
        assert float(np.linalg.norm(answer[EMBEDDING][0])) == pytest.approx(1, abs=1e-5)


def _planes(picture: Bytes) -> Floats:
    rgb = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.float32)
    return np.ascontiguousarray(((rgb - 127.5) / 128).transpose(2, 0, 1)[None])


def _scrfd_points(session: Any, crop: Bytes) -> Floats:
    """The points of the most certain face, by names of outputs and one anchor at a time."""
    names = [each.name for each in session.get_outputs()]
    outputs = dict(zip(names, session.run(None, {session.get_inputs()[0].name: _planes(crop)}), strict=True))
    best, points = 0.0, np.zeros((5, 2), np.float32)
    for stride in (8, 16, 32):
        row = int(outputs[f"score_{stride}"].argmax())
        score = float(outputs[f"score_{stride}"].ravel()[row])
        if score > best:
            y, x = divmod(row // 2, crop.shape[1] // stride)
            best = score
            points = (outputs[f"kps_{stride}"].reshape(-1, 5, 2)[row] + [x, y]).astype(np.float32) * stride
    return points


def _embedded(session: Any, crop: Bytes, points: Floats) -> Floats:
    """Aligned by the four equations of each point that a least-squares solver takes, embedded, at unit length."""
    rows = np.concatenate([[[x, -y, 1, 0], [y, x, 0, 1]] for x, y in points.astype(np.float64)])
    a, b, x, y = np.linalg.lstsq(rows, ARCFACE.ravel(), rcond=None)[0]
    face = np.asarray(cv2.warpAffine(crop, np.array([[a, -b, x], [b, a, y]]), (112, 112)), np.uint8)
    vector = session.run(None, {session.get_inputs()[0].name: _planes(face)})[0].ravel()
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def test_strangers_equipment_is_decided_as_the_network_alone_does(
    strangers: tuple[client.InferenceServerClient, Path],
) -> None:
    """YOLOv8 by ONNX Runtime on the same crops: scores within what bf16 changes."""
    triton, data = strangers
    weights = store.deployed("ppe", data)
    session = onnxruntime.InferenceSession(weights.path, providers=["CPUExecutionProvider"])
    card = model_card(triton, PPE_CLASSIFIER)
    assert card.labels == ("helmet", "mask", "vest")
    told = 0
    for crop in _people(PEOPLE):
        tensor = letterboxed(crop, card)
        answer = infer(triton, PPE_CLASSIFIER, **{CROP: tensor[None]})
        planes = np.asarray(cv2.cvtColor(tensor, cv2.COLOR_BGR2RGB), np.float32).transpose(2, 0, 1)[None] / 255
        head = session.run(None, {session.get_inputs()[0].name: np.ascontiguousarray(planes)})[0][0]
        evidence = ppe_heads.evidence_of(head, weights.card, tensor)
        worn, known = ppe_heads.probabilities(evidence, ppe_heads.BOX_SCORE_MIN)
        np.testing.assert_allclose(answer[ITEM_KNOWN][0], known, atol=0.1)
        told += int((known > 0.6).sum())
        np.testing.assert_allclose(answer[ITEM_WORN][0][known > 0.6], worn[known > 0.6], atol=0.2)
    assert told >= PEOPLE


def _people(count: int) -> list[Bytes]:
    """People of the real photographs, cut out by their true boxes, the largest first."""
    folder = real("images/ppe")
    with (folder / "ppe.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["class"] == "Person" and row["file"].startswith("site_")]
    rows.sort(key=lambda row: -float(row["w"]) * float(row["h"]))
    crops = []
    for row in rows[:count]:
        x, y, w, h = (round(float(row[side])) for side in ("x", "y", "w", "h"))
        picture = np.asarray(cv2.imread(str(folder / row["file"])), np.uint8)
        crops.append(np.ascontiguousarray(picture[max(0, y) : y + h, max(0, x) : x + w]))
    return crops


def test_a_detector_without_landmarks_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """UltraFace finds faces but no points: nothing is deployed, and the message says what is needed instead."""
    path = real("models/face_ultraface_rfb_320.onnx")
    assert main(["import", str(path), "--as", "face_detector", "--data-dir", str(tmp_path)]) == 2
    assert "no landmarks" in capsys.readouterr().err
    assert not (tmp_path / "models").exists()

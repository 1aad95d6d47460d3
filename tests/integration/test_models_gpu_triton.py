"""The GPU repository in the real Triton; its plans are replaced by a fake, see `support.plans`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from tritonclient import grpc as client

from model_repository.contract import BOXES, COUNT, CROP, DETECTOR, FRAME, PLATE_READER, SCORES, TEXT
from model_repository.evaluation.server import REPOSITORY_ROOT, TritonServer
from tests.support.plans import without_tensorrt
from tests.support.triton import i420_frame, infer, model_card, triton_server


class _Prebuilt(TritonServer):
    """Serves a repository as it lies there, without building it again."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, folder / "data")
        self.words = ["--prebuilt"]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[client.InferenceServerClient, ...]]:
    """The starters as the CPU serves them, and as the GPU repository does."""
    folder = tmp_path_factory.mktemp("pair")
    build = [sys.executable, "-m", "model_repository", "build", "--target", "gpu", "--gpus", "1"]
    only = ["--only", DETECTOR, "--only", PLATE_READER, "--data-dir", str(folder / "data")]
    subprocess.run([*build, *only, "--out", str(folder / "gpu" / "models")], check=True, cwd=REPOSITORY_ROOT)
    assert without_tensorrt(folder / "gpu" / "models") == 3
    gpu = _Prebuilt(folder / "gpu")
    gpu.start()
    try:
        with (
            triton_server(folder / "cpu", folder / "data", (DETECTOR, PLATE_READER)) as cpu,
            client.InferenceServerClient(cpu.url) as one,
            client.InferenceServerClient(gpu.url) as other,
        ):
            yield one, other
    finally:
        gpu.stop()


def _pictures(count: int) -> list[np.ndarray]:
    rng = np.random.default_rng(5)
    noise = [rng.integers(0, 256, (180, 320, 3), np.uint8) for _ in range(count)]
    return [np.asarray(cv2.GaussianBlur(each, (0, 0), 9) * 4, np.uint8) for each in noise]


def test_the_detector_answers_as_on_the_cpu(pair: tuple[client.InferenceServerClient, ...]) -> None:
    """A batch of four frames: scores within the rounding of colours and bf16, boxes in place."""
    cpu, gpu = pair
    card = model_card(cpu)
    assert model_card(gpu) == card
    frames = np.stack([i420_frame(picture, card) for picture in _pictures(4)])
    ours, theirs = infer(gpu, DETECTOR, **{FRAME: frames}), infer(cpu, DETECTOR, **{FRAME: frames})
    for index in range(len(frames)):
        sure = int((theirs[SCORES][index] > 0.25).sum())
        np.testing.assert_allclose(ours[SCORES][index][:sure], theirs[SCORES][index][:sure], atol=0.06)
        count = int(ours[COUNT][index, 0])
        assert not ours[BOXES][index][count:].any()


def test_the_plate_reader_answers_as_on_the_cpu(pair: tuple[client.InferenceServerClient, ...]) -> None:
    """A plate drawn into a crop: the same text through plans and Python steps as on the CPU."""
    cpu, gpu = pair
    crop = np.full((416, 416, 3), 90, np.uint8)
    cv2.rectangle(crop, (100, 180), (308, 226), (235, 235, 235), -1)
    cv2.rectangle(crop, (102, 182), (306, 224), (20, 20, 20), 2)
    cv2.putText(crop, "A123BC77", (110, 216), cv2.FONT_HERSHEY_SIMPLEX, 1.3, (10, 10, 10), 4)
    crops = np.stack([crop, np.full((416, 416, 3), 114, np.uint8)])
    ours, theirs = infer(gpu, PLATE_READER, **{CROP: crops}), infer(cpu, PLATE_READER, **{CROP: crops})
    np.testing.assert_array_equal(ours[TEXT], theirs[TEXT])
    np.testing.assert_allclose(ours["QUAD"], theirs["QUAD"], atol=2.0)
    np.testing.assert_allclose(ours["PLATE_SCORE"], theirs["PLATE_SCORE"], atol=0.05)
    assert theirs["PLATE_SCORE"][0, 0] > 0.3
    assert not ours[TEXT][1].any()

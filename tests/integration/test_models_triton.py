"""The real Triton: answers as the network itself gives them, batches as single requests, bad input refused."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from tritonclient import grpc as client
from tritonclient.utils import InferenceServerException

from model_repository.contract import BOXES, COUNT, CROP, DETECTOR, FRAME, PLATE_READER, SCORES
from model_repository.triton import shm_prefix
from tests.support.triton import TritonServer, detect, i420_frame, infer, model_card, triton_server

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - where Triton's Python backend puts it


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TritonServer]:
    """A server with the starters."""
    folder = tmp_path_factory.mktemp("triton")
    with triton_server(folder, folder / "data") as running:
        yield running


@pytest.fixture
def triton(server: TritonServer) -> Iterator[client.InferenceServerClient]:
    """A connection to it."""
    with client.InferenceServerClient(server.url) as connection:
        yield connection


def _noise(shape: tuple[int, ...], seed: int = 0) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def _frames(triton: client.InferenceServerClient, count: int) -> npt.NDArray[np.uint8]:
    """Frames with something in them: blurred noise, so that heads are not silent."""
    card = model_card(triton)
    pictures = [cv2.GaussianBlur(_noise((180, 320, 3), seed), (0, 0), 9) * 4 for seed in range(count)]
    return np.stack([i420_frame(np.asarray(picture, np.uint8), card) for picture in pictures])


def test_the_card_says_how_to_feed_the_starter(triton: client.InferenceServerClient) -> None:
    """What a client reads from the running server is the starter's card."""
    card = model_card(triton)
    assert card.starter
    assert card.labels == ("person", "bicycle", "car", "motorcycle", "bus", "truck")
    assert len(card.sha256) == 64


def test_a_batch_answers_as_its_frames_one_by_one(triton: client.InferenceServerClient) -> None:
    """Five frames in one request, and one by one: the very same bytes."""
    frames = _frames(triton, 5)
    together = infer(triton, DETECTOR, **{FRAME: frames})
    for index, frame in enumerate(frames):
        alone = detect(triton, frame)
        for name, array in alone.items():
            np.testing.assert_array_equal(array[0], together[name][index])


def test_requests_at_the_same_time_do_not_mix(server: TritonServer, triton: client.InferenceServerClient) -> None:
    """Eight clients at once, batched by the server: everyone gets the answer to its own frame."""
    frames = _frames(triton, 8)
    expected = [detect(triton, frame) for frame in frames]
    answers: dict[int, dict[str, Any]] = {}

    def ask(index: int) -> None:
        with client.InferenceServerClient(server.url) as own:
            answers[index] = detect(own, frames[index])

    threads = [threading.Thread(target=ask, args=(index,)) for index in range(len(frames))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for index, alone in enumerate(expected):
        for name, array in alone.items():
            np.testing.assert_array_equal(array, answers[index][name])


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 100, 100), (0, 576, 640), (9, 576, 640)])
def test_a_frame_of_the_wrong_size_is_refused(triton: client.InferenceServerClient, shape: tuple[int, ...]) -> None:
    """One pixel, another size, no frame, more than a batch: a clear refusal, and the next request is answered."""
    with pytest.raises(InferenceServerException, match=r"shape|batch|size"):
        infer(triton, DETECTOR, **{FRAME: np.zeros(shape, np.uint8)})
    assert detect(triton, _frames(triton, 1)[0])[COUNT].shape == (1, 1)


def test_noise_gives_boxes_inside_the_frame(triton: client.InferenceServerClient) -> None:
    """A frame of pure noise is answered within the contract: sorted scores, boxes inside, zero past the count."""
    card = model_card(triton)
    answer = detect(triton, _noise((card.input_height * 3 // 2, card.input_width)))
    count = int(answer[COUNT][0, 0])
    boxes, scores = answer[BOXES][0], answer[SCORES][0]
    assert (boxes >= 0).all()
    assert (boxes <= [card.input_width, card.input_height] * 2).all()
    assert (np.diff(scores) <= 0).all()
    assert not boxes[count:].any()


def test_a_killed_server_comes_back(tmp_path: Path) -> None:
    """After kill -9 the same repository serves again on the same ports, and the old shared memory is gone."""
    with triton_server(tmp_path, tmp_path / "data", (DETECTOR,)) as server:
        server.kill()
        server.start()
        with client.InferenceServerClient(server.url) as triton:
            assert detect(triton, _frames(triton, 1)[0])[COUNT].shape == (1, 1)
        regions = list(SHARED_MEMORY.glob(f"{shm_prefix(tmp_path / 'models')}*"))
        assert len(regions) == 2


@pytest.mark.parametrize("size", [1, 4])
def test_a_crop_without_a_plate_has_no_text(
    server: TritonServer, triton: client.InferenceServerClient, size: int
) -> None:
    """A grey crop holds no plate: empty text, and a confidence for that statement."""
    if not triton.is_model_ready(PLATE_READER):
        pytest.skip("the plate starters are not trained yet")
    answer = infer(triton, PLATE_READER, **{CROP: np.full((size, 416, 416, 3), 114, np.uint8)})
    assert not answer["TEXT"].any()
    assert answer["CONFIDENCE"].shape == (size, 1)
    assert (answer["PLATE_SCORE"] == 0).all()
    assert not answer["QUAD"].any()

"""Crops as tensors, thumbnails, and places in a crop as places in the frame."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from model_repository.contract import ModelCard
from postprocess.errors import PoisonError
from postprocess.pictures import THUMBNAIL_BYTES_MAX, Picture, crop_tensor, open_jpeg, thumbnail, told_size
from postprocess.places import quad_in_frame

CARD = ModelCard(name="n", task="plate_reader", input_width=416, input_height=320, fill=114)


def noise(width: int, height: int) -> Picture:
    """The hardest picture to make small."""
    return np.random.default_rng(7).integers(0, 255, (height, width, 3), np.uint8, endpoint=True)


def jpeg(picture: Picture) -> bytes:
    """As ingest sends it."""
    return bytes(cv2.imencode(".jpg", picture)[1])


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (b"", "0 bytes are no picture"),
        (b"\xff\xd8 but then nothing", "no picture"),
        (jpeg(noise(1, 1)), "1×1 pixels"),
        (jpeg(noise(300, 4)), "300×4 pixels"),
    ],
)
def test_what_is_no_picture(payload: bytes, words: str) -> None:
    """Poison, with the reason."""
    with pytest.raises(PoisonError, match=words):
        open_jpeg("shot s", payload)


def test_opencv_refusing_is_poison(monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception of the decoder (a picture that claims to be huge) is poison, too."""

    def refuse(*_: object) -> None:
        raise cv2.error("too large")

    monkeypatch.setattr(cv2, "imdecode", refuse)
    with pytest.raises(PoisonError, match="can't be decoded"):
        open_jpeg("shot s", b"x")


@pytest.mark.parametrize(("width", "height"), [(800, 400), (200, 300), (416, 416)])
def test_tensor_and_back(width: int, height: int) -> None:
    """Fitted to the top left, the rest grey; a corner of the tensor maps back to its place in the frame."""
    picture = open_jpeg("shot s", jpeg(noise(width, height)))
    tensor, fit = crop_tensor(picture, CARD)
    assert tensor.shape == (320, 416, 3)
    assert (fit.left, fit.top) == (0, 0)
    assert (tensor[fit.height :] == 114).all()
    assert (tensor[:, fit.width :] == 114).all()
    corners = np.array([[0, 0], [fit.width, 0], [fit.width, fit.height], [0, fit.height]], np.float32)
    quad = quad_in_frame(corners, fit, (width, height), (0.2, 0.4, 0.6, 0.8))
    assert np.allclose(quad, [(0.2, 0.4), (0.6, 0.4), (0.6, 0.8), (0.2, 0.8)], atol=1e-5)


def test_quads_that_are_none() -> None:
    """All zero means no plate; NaN is no place; outside is clipped to the frame."""
    _, fit = crop_tensor(noise(416, 320), CARD)
    frame = (0.0, 0.0, 1.0, 1.0)
    assert quad_in_frame(np.zeros((4, 2), np.float32), fit, (416, 416), frame) == ()
    assert quad_in_frame(np.full((4, 2), np.nan, np.float32), fit, (416, 416), frame) == ()
    assert set(quad_in_frame(np.full((4, 2), 900, np.float32), fit, (416, 416), frame)) == {(1.0, 1.0)}


@pytest.mark.parametrize(("width", "height", "longer"), [(1280, 720, 320), (100, 60, 320), (1200, 1200, 640)])
def test_thumbnails_are_small(width: int, height: int, longer: int) -> None:
    """Even of noise: at most 30 KB, in proportion, never enlarged."""
    data = thumbnail(noise(width, height), longer)
    shown = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert shown is not None
    assert len(data) <= THUMBNAIL_BYTES_MAX
    assert max(shown.shape[:2]) <= min(longer, max(width, height))
    assert shown.shape[1] / shown.shape[0] == pytest.approx(width / height, rel=0.02)


def test_the_size_is_read_without_decoding() -> None:
    """Of JPEG, also behind a long comment, and of PNG; of nothing else."""
    picture = np.zeros((30, 50, 3), np.uint8)
    whole, png = (bytes(cv2.imencode(suffix, picture)[1]) for suffix in (".jpg", ".png"))
    comment = b"\xff\xfe\x10\x02" + b"x" * 0x1000
    assert told_size(whole) == told_size(png) == told_size(whole[:2] + comment + whole[2:]) == (50, 30)
    assert told_size(b"") is told_size(b"GIF89a") is told_size(whole[:20]) is None


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_what_says_too_many_pixels_is_not_opened(suffix: str) -> None:
    """A few bytes that would become gigabytes are refused by what they say."""
    raw = bytearray(cv2.imencode(suffix, np.zeros((30, 50, 3), np.uint8))[1])
    at, width = (raw.index(b"\xff\xc0") + 5, 2) if suffix == ".jpg" else (16, 4)
    raw[at : at + width] = (60_000).to_bytes(width, "big")
    with pytest.raises(PoisonError, match="60000"):
        open_jpeg("a photo", bytes(raw))

"""Planes into the tensor, crops out of the frame: against OpenCV on pictures made up."""

from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from ingest import planes
from model_repository.contract import letterbox

Bgr = npt.NDArray[np.uint8]


def scene(width: int, height: int) -> Bgr:
    """A smooth picture with a red rectangle in it."""
    y, x = np.mgrid[0:height, 0:width]
    bgr = np.stack([x * 255 // width, y * 255 // height, (x + y) * 255 // (width + height)], axis=2).astype(np.uint8)
    bgr[height // 4 : height // 2, width // 4 : width // 2] = (30, 30, 220)
    return bgr


def picture_of(bgr: Bgr, pad: int = 0) -> planes.Picture:
    """A picture as a decoder gives it: rows `pad` bytes further apart than they are long."""
    height, width = bgr.shape[:2]
    even = cv2.copyMakeBorder(bgr, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
    tensor = cv2.cvtColor(even, cv2.COLOR_BGR2YUV_I420)
    y, u, v = planes.split(tensor)

    def strided(plane: Bgr) -> Bgr:
        wide = np.zeros((plane.shape[0], plane.shape[1] + pad), np.uint8)
        wide[:, : plane.shape[1]] = plane
        return wide[:, : plane.shape[1]]

    return planes.Picture(y=strided(y)[:height, :width], u=strided(u), v=strided(v))


@pytest.mark.parametrize("size", [(1280, 720), (626, 360), (640, 352), (1920, 1080), (355, 287), (320, 640)])
@pytest.mark.parametrize(
    ("tensor", "anchor"), [((640, 640), "center"), ((640, 384), "center"), ((416, 416), "top_left")]
)
def test_the_tensor_shows_the_letterboxed_picture(
    size: tuple[int, int], tensor: tuple[int, int], anchor: Literal["center", "top_left"]
) -> None:
    """Plane by plane gives what a letterbox of the BGR picture gives, but for rounding and chroma edges."""
    bgr = scene(*size)
    box = letterbox(size, tensor, anchor)
    made = planes.blank(*tensor, 114)
    planes.fit(picture_of(bgr, pad=37), box, made)
    seen = cv2.cvtColor(made, cv2.COLOR_YUV2BGR_I420).astype(int)

    wanted = np.full((tensor[1], tensor[0], 3), 114, np.uint8)
    inner = cv2.resize(bgr, (box.width, box.height), interpolation=cv2.INTER_AREA)
    wanted[box.top : box.top + box.height, box.left : box.left + box.width] = inner
    assert np.abs(seen - wanted).mean() < 3.0
    if box.top:
        assert np.abs(seen[: box.top] - 114).max() <= 1


def test_a_tensor_can_be_filled_again() -> None:
    """The padding stays and nothing of the picture before shines through."""
    box = letterbox((1280, 720), (640, 640))
    one, two = planes.blank(640, 640, 114), planes.blank(640, 640, 114)
    planes.fit(picture_of(np.full((720, 1280, 3), 255, np.uint8)), box, one)
    planes.fit(picture_of(scene(1280, 720)), box, one)
    planes.fit(picture_of(scene(1280, 720)), box, two)
    assert np.array_equal(one, two)


def test_full_range_becomes_limited() -> None:
    """White of a full-range camera is 235 in the tensor, black is 16."""
    for value, wanted in ((255, 235), (0, 16)):
        y = np.full((360, 640), value, np.uint8)
        chroma = np.full((180, 320), 128, np.uint8)
        tensor = planes.blank(640, 360, 114)
        picture = planes.Picture(y=y, u=chroma, v=chroma, full_range=True)
        planes.fit(picture, letterbox((640, 360), (640, 360)), tensor)
        assert np.all(tensor[:360] == wanted)
        assert np.all(planes.reduced_bgr(picture, 640) == value)


def test_a_crop_shows_the_place() -> None:
    """The crop of the red rectangle is red, and its box is the one asked for, on even pixels."""
    bgr, cut = planes.crop_bgr(picture_of(scene(1280, 720), pad=64), (0.26, 0.26, 0.49, 0.49))
    assert np.abs(bgr[8:-8, 8:-8].astype(int) - (30, 30, 220)).max() < 12
    assert cut == pytest.approx((0.26, 0.26, 0.49, 0.49), abs=2 / 720)


@pytest.mark.parametrize(
    "box", [(0.0, 0.0, 1.0, 1.0), (0.999, 0.999, 1.0, 1.0), (0.5, 0.5, 0.5, 0.5), (0.0, 0.0, 0.001, 0.001)]
)
@pytest.mark.parametrize("size", [(626, 360), (355, 287)])
def test_any_box_gives_a_crop(box: tuple[float, float, float, float], size: tuple[int, int]) -> None:
    """At the frame's corners, without area, in a frame of odd size."""
    bgr, cut = planes.crop_bgr(picture_of(scene(*size)), box)
    assert min(bgr.shape[:2]) >= 2
    assert 0 <= cut[0] < cut[2] <= 1
    assert 0 <= cut[1] < cut[3] <= 1


def test_enlarging_stops_at_the_frame() -> None:
    """A box grows about its centre and is clipped."""
    assert planes.enlarge((0.4, 0.4, 0.6, 0.6), 1.5) == pytest.approx((0.35, 0.35, 0.65, 0.65))
    assert planes.enlarge((0.0, 0.9, 0.2, 1.0), 2.0) == pytest.approx((0.0, 0.85, 0.3, 1.0))


def test_a_jpeg_keeps_its_bound() -> None:
    """Noise that can't be compressed loses quality, then size."""
    noise = np.random.default_rng(1).integers(0, 255, (1080, 1920, 3), np.uint8)
    assert len(planes.encode_jpeg(noise)) <= planes.JPEG_BYTES_MAX
    assert len(planes.encode_jpeg(noise, 20_000)) <= 20_000


def test_masks_hide_the_place_in_tensor_crop_and_snapshot() -> None:
    """Whatever is published, the masked half is grey."""
    bgr = np.full((720, 1280, 3), 255, np.uint8)
    mask = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
    box = letterbox((1280, 720), (640, 640))
    tensor = planes.blank(640, 640, 114)
    planes.fit(picture_of(bgr), box, tensor)
    planes.TensorMask([mask], box, (640, 640), 114, (1280, 720)).paint(tensor)
    seen = cv2.cvtColor(tensor, cv2.COLOR_YUV2BGR_I420)
    assert np.abs(seen[box.top + 2 : -box.top - 2, :318].astype(int) - 114).max() <= 1
    assert seen[box.top + 2 : -box.top - 2, 324:].min() > 250
    crop, _ = planes.crop_bgr(picture_of(bgr), (0.25, 0.25, 0.75, 0.75), [mask])
    assert crop[:, : crop.shape[1] // 2 - 2].max() == 114
    small = planes.reduced_bgr(picture_of(bgr), 960, [mask])
    assert small.shape == (540, 960, 3)
    assert small[:, :470].max() == 114
    assert small[:, 490:].min() > 250


def test_a_picture_of_the_tensors_own_size_is_copied() -> None:
    """Nothing is resampled."""
    y = np.random.default_rng(1).integers(16, 235, (360, 640)).astype(np.uint8)
    chroma = np.full((180, 320), 128, np.uint8)
    tensor = planes.blank(640, 360, 114)
    planes.fit(planes.Picture(y=y, u=chroma, v=chroma), letterbox((640, 360), (640, 360)), tensor)
    assert np.array_equal(tensor[:360], y)

"""Privacy masks: whatever stands in a masked place, what leaves ingest is the same, pixel by pixel."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ingest import planes
from ingest.planes import Picture, Plane
from model_repository.contract import letterbox

FINE = 4
"""A pixel is masked where any of so many times so many places in it is."""
SIZES = st.sampled_from([(64, 48), (160, 90), (161, 91), (318, 242), (320, 180), (355, 203), (90, 160), (40, 30)])
SHARES = st.floats(0.0, 1.0, allow_nan=False, width=32)
MASKS = st.lists(st.lists(st.tuples(SHARES, SHARES), min_size=3, max_size=6), min_size=1, max_size=3)
TENSOR = (160, 96)


def masked_pixels(masks: list[list[tuple[float, float]]], size: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """Pixels of the camera's picture that a mask touches, bool [height, width]."""
    width, height = size
    fine = np.zeros((height * FINE, width * FINE), np.uint8)
    for mask in masks:
        points = np.floor(np.array(mask) * (width * FINE, height * FINE)).astype(np.int32)
        cv2.fillPoly(fine, [np.minimum(points, (width * FINE - 1, height * FINE - 1))], 1)
    return fine.reshape(height, FINE, width, FINE).max(axis=(1, 3)).astype(bool)


def twins(masks: list[list[tuple[float, float]]], size: tuple[int, int], seed: int, *, full: bool) -> list[Picture]:
    """Two pictures of noise that differ in the masked places alone."""
    rng = np.random.default_rng(seed)
    inside = masked_pixels(masks, size)
    width, height = size
    pad = np.pad(inside, ((0, height % 2), (0, width % 2)))
    chroma = pad.reshape(pad.shape[0] // 2, 2, pad.shape[1] // 2, 2).max(axis=(1, 3))
    first = [rng.integers(0, 256, plane.shape, np.uint8) for plane in (inside, chroma, chroma)]
    other = [
        np.where(hidden, 255 - plane, plane) for plane, hidden in zip(first, (inside, chroma, chroma), strict=True)
    ]
    return [Picture(y=y, u=u, v=v, full_range=full) for y, u, v in (first, other)]


def tensor(picture: Picture, masks: list[list[tuple[float, float]]]) -> Plane:
    """What goes to a detector."""
    size = (picture.width, picture.height)
    box = letterbox(size, TENSOR)
    made = planes.blank(*TENSOR, 114)
    planes.fit(picture, box, made)
    planes.TensorMask(masks, box, TENSOR, 114, size).paint(made)
    return made


@settings(deadline=None, max_examples=80)
@given(
    size=SIZES, masks=MASKS, seed=st.integers(0, 1000), full=st.booleans(),
    width_max=st.integers(16, 700), corners=st.tuples(SHARES, SHARES, SHARES, SHARES),
)  # fmt: skip
@example(
    size=(161, 91), masks=[[(0.5, 0.5), (1.0, 0.5), (1.0, 1.0)]], seed=1, full=False, width_max=41,
    corners=(0.0, 0.0, 1.0, 1.0),
)  # fmt: skip
def test_no_pixel_of_a_masked_place_leaves(
    *,
    size: tuple[int, int],
    masks: list[list[tuple[float, float]]],
    seed: int,
    full: bool,
    width_max: int,
    corners: tuple[float, float, float, float],
) -> None:
    """Detectors, crops and pictures for people are the same, whichever of the two the camera shows."""
    one, other = twins(masks, size, seed, full=full)
    assert np.array_equal(tensor(one, masks), tensor(other, masks))
    assert np.array_equal(planes.reduced_bgr(one, width_max, masks), planes.reduced_bgr(other, width_max, masks))
    (x1, x2), (y1, y2) = sorted(corners[:2]), sorted(corners[2:])
    cut, place = planes.crop_bgr(one, (x1, y1, x2, y2), masks)
    assert np.array_equal(cut, planes.crop_bgr(other, (x1, y1, x2, y2), masks)[0])
    assert place == planes.crop_bgr(other, (x1, y1, x2, y2), masks)[1]


def test_the_twins_differ_without_masks() -> None:
    """The test can fail: unmasked, the two pictures are told apart by every way out."""
    masks = [[(0.2, 0.2), (0.8, 0.2), (0.8, 0.8)]]
    one, other = twins(masks, (160, 90), 3, full=False)
    assert not np.array_equal(tensor(one, []), tensor(other, []))
    assert not np.array_equal(planes.reduced_bgr(one, 80), planes.reduced_bgr(other, 80))
    whole = (0.0, 0.0, 1.0, 1.0)
    assert not np.array_equal(planes.crop_bgr(one, whole)[0], planes.crop_bgr(other, whole)[0])


def test_a_mask_hides_little_more_than_it_covers() -> None:
    """What is painted beyond a mask is a few pixels wide."""
    half = [[(0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)]]
    for source, size in (((1280, 720), (640, 360)), ((1920, 1080), (640, 360)), ((640, 360), (640, 360))):
        found = planes.hidden(half, size, source)
        assert 320 <= int(found[0].sum()) <= 325

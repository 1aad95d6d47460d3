"""How clips are looked at: the letterbox of planes, and trails through boxes."""

from __future__ import annotations

import av
import numpy as np
import pytest

from model_repository.train.detector_clips import describe, fitted, linked, sheet
from model_repository.train.detector_frames import SIZE


def rows(*found: tuple[float, float, float, float, float, float]) -> np.ndarray:
    """Found boxes: corners, score, class."""
    return np.array(found, np.float32).reshape(-1, 6)


def test_a_wide_frame_gets_grey_bars() -> None:
    """A red 720p frame fills all but 12 rows above and below, and stays red."""
    red = np.zeros((720, 1280, 3), np.uint8)
    red[..., 2] = 255
    picture = fitted(av.VideoFrame.from_ndarray(red, format="bgr24").reformat(format="yuv420p"))
    assert picture.shape == (SIZE[1], SIZE[0], 3)
    assert np.abs(picture[:11].astype(int) - 114).max() <= 2
    assert np.abs(picture[-11:].astype(int) - 114).max() <= 2
    assert picture[14:-14, :, 2].min() > 240
    assert picture[14:-14, :, :2].max() < 15


def test_trails_follow_boxes() -> None:
    """Two things that move apart are two trails, also over a frame in which one was missed."""
    frames = [
        rows((0, 0, 40, 40, 0.9, 2), (100, 0, 140, 40, 0.8, 0)),
        rows((4, 0, 44, 40, 0.9, 2)),
        rows((8, 0, 48, 42, 0.7, 5), (104, 0, 144, 40, 0.8, 0), (200, 0, 210, 10, 0.1, 0)),
    ]
    trails = linked(frames, 0.4)
    assert sorted(trail.frames for trail in trails) == [[0, 1, 2], [0, 2]]
    words = describe(max(trails, key=lambda each: len(each.frames)), [0.0, 0.2, 0.4])
    assert "3 seen" in words
    assert "least 0.70" in words
    assert "'car': 2" in words
    assert "trembles 2.00 px" in words


def test_a_trail_that_was_lost_for_long_is_over() -> None:
    """After more frames without it than are forgiven, the same place is a new thing."""
    one = rows((0, 0, 40, 40, 0.9, 2))
    assert len(linked([one, *[rows()] * 3, one], 0.4)) == 1
    assert len(linked([one, *[rows()] * 9, one], 0.4)) == 2


@pytest.mark.parametrize(("count", "height"), [(1, 32), (30, 192)])
def test_a_sheet_shows_up_to_24_frames(count: int, height: int) -> None:
    """Four frames in a row, black where there are none."""
    pictures = [np.full((32, 64, 3), 9, np.uint8)] * count
    assert sheet(pictures, [rows((1, 1, 20, 20, 0.9, 2))] * count, 0.4).shape == (height, 256, 3)

"""The time code burnt into every frame."""

import io

import av
import numpy as np
import pytest

from model_repository.scenes import timecode


def test_every_bit_is_read_back() -> None:
    """Numbers that set each bit alone, all and none come back."""
    for n in [0, timecode.FRAMES_MAX - 1, *(1 << k for k in range(timecode.BITS))]:
        picture = np.full((720, 1280, 3), 90, np.uint8)
        timecode.draw(picture, n)
        assert timecode.read(picture) == n


def test_survives_h264_and_halving() -> None:
    """A hard-compressed stream gives every number back, in full size and from every second pixel."""
    rng = np.random.default_rng(3)
    numbers = [0, 1, 24, 25, 1000, 21845, 43690, 65535]
    store = io.BytesIO()
    with av.open(store, "w", format="mp4") as out:
        stream = out.add_stream("libx264", rate=25, options={"crf": "34", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = 1280, 720, "yuv420p"
        for n in numbers:
            picture = rng.integers(0, 255, (720, 1280, 3)).astype(np.uint8)
            timecode.draw(picture, n)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        out.mux(stream.encode())
    store.seek(0)
    with av.open(store, "r") as back:
        lumas = [np.asarray(frame.to_ndarray()[:720, :1280], np.uint8) for frame in back.decode(video=0)]
    assert [timecode.read(luma) for luma in lumas] == numbers
    assert [timecode.read(luma[::2, ::2]) for luma in lumas] == numbers


@pytest.mark.parametrize("level", [0, 128, 255])
def test_flat_picture_has_no_code(level: int) -> None:
    """A blank picture gives None, as does one too small to hold the code."""
    assert timecode.read(np.full((720, 1280), level, np.uint8)) is None
    assert timecode.read(np.full((20, 1280), level, np.uint8)) is None


def test_wrong_parity_is_refused() -> None:
    """One flipped square makes the code unreadable instead of wrong."""
    picture = np.zeros((720, 1280), np.uint8)
    timecode.draw(picture, 5)
    rows, columns = slice(41, 55), slice(8 + 14 * 17, 8 + 14 * 18)
    picture[rows, columns] = 235 - picture[rows, columns]
    assert timecode.read(picture) is None


def test_clock_text() -> None:
    """Frame 1526 at 25 a second is a minute, a second and 40 ms."""
    assert timecode.clock(1526) == "01:01.040"

"""Crops as tensors and thumbnails. Pure: no I/O, no clock (OpenCV, numpy).

Rules
- A crop is BGR uint8 [height, width, 3]; the tensor of a recogniser, as large as its card says, holds the crop
  letterboxed to its top left, the rest grey.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from model_repository.contract import Letterbox, ModelCard, letterbox
from postprocess.errors import PoisonError

Picture = npt.NDArray[np.uint8]

SIDE_PX_MIN = 8
SIDE_PX_MAX = 8192
THUMBNAIL_BYTES_MAX = 30_000
_QUALITIES = (80, 65, 50, 35, 20)


def told_size(raw: bytes) -> tuple[int, int] | None:
    """Width and height as a JPEG (ITU-T T.81, B.2.2) or PNG (W3C PNG, 11.2.1) says, without decoding; None = unsaid."""
    if raw[:8] == b"\x89PNG\r\n\x1a\n" and raw[12:16] == b"IHDR" and len(raw) >= 24:
        return int.from_bytes(raw[16:20], "big"), int.from_bytes(raw[20:24], "big")
    at = 2
    while raw[:2] == b"\xff\xd8" and at + 9 <= len(raw) and raw[at] == 0xFF:
        marker = raw[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            return int.from_bytes(raw[at + 7 : at + 9], "big"), int.from_bytes(raw[at + 5 : at + 7], "big")
        at += 1 if marker == 0xFF else 2 + int.from_bytes(raw[at + 2 : at + 4], "big")
    return None


def open_jpeg(what: str, jpeg: bytes) -> Picture:
    """Decode a crop; raises `PoisonError` where it is no picture, too small to show anything, or too large to open."""
    picture = None
    told = told_size(jpeg)
    if told is not None and max(told) > SIDE_PX_MAX:  # some kilobytes may say a gigabyte of pixels
        raise PoisonError(what, f"its picture says {told[0]}×{told[1]} pixels; {SIDE_PX_MAX} a side at most")
    if jpeg:
        try:
            picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
        except cv2.error as error:
            raise PoisonError(what, f"its picture can't be decoded: {error}") from None
    if picture is None:
        raise PoisonError(what, f"its {len(jpeg)} bytes are no picture")
    height, width = picture.shape[:2]
    if min(height, width) < SIDE_PX_MIN or max(height, width) > SIDE_PX_MAX:
        raise PoisonError(
            what, f"its picture of {width}×{height} pixels is not between {SIDE_PX_MIN} and {SIDE_PX_MAX}"
        )
    return np.asarray(picture, np.uint8)


def crop_tensor(picture: Picture, card: ModelCard) -> tuple[Picture, Letterbox]:
    """A crop as the tensor that a recogniser takes, and how it was fitted."""
    size = (card.input_width, card.input_height)
    height, width = picture.shape[:2]
    fit = letterbox((width, height), size, "top_left")
    tensor = np.full((size[1], size[0], 3), card.fill, np.uint8)
    shrinks = fit.width < width
    resized = cv2.resize(
        picture, (fit.width, fit.height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    )
    tensor[: fit.height, : fit.width] = resized
    return tensor, fit


def thumbnail(picture: Picture, longer_px: int) -> bytes:
    """JPEG of at most `THUMBNAIL_BYTES_MAX` with a longer side of at most `longer_px`; never enlarged."""
    height, width = picture.shape[:2]
    scale = min(1.0, longer_px / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA) if scale < 1.0 else picture
    for quality in _QUALITIES:
        _, data = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, quality])
        if len(data) <= THUMBNAIL_BYTES_MAX:
            return bytes(data)
    return thumbnail(picture, longer_px // 2)

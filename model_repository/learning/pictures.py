"""Pictures of examples. Pure numpy and cv2.

What is kept of a frame is the crop of an object. A detector looks at whole frames, and an object in a crop of its own
would be several times as large as it will ever be again. So the crop goes back to its place on a grey canvas of the
size of the frame: scale and place are those of the camera, and the grey is what nobody judged.

Privacy masks are in the crops: ingest draws them before anything leaves it.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from model_repository.learning.contract import Box

Bytes = npt.NDArray[np.uint8]

FILL = 114
SIDE_PX_MAX = 4096
AREA_MARGIN = 0.1
"""A judged area is so much wider than the object's box, of its width and height, on every side."""
JPEG_QUALITY = 92


def decoded(jpeg: bytes) -> Bytes | None:
    """BGR [h, w, 3], None for what is no picture."""
    read = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    return None if read is None else np.asarray(read, np.uint8)


def encoded(picture: Bytes) -> bytes:
    """As JPEG."""
    return bytes(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1])


def frame_size(crop_px: tuple[int, int], crop: Box) -> tuple[int, int] | None:
    """Width and height of the frame that a crop of that many pixels was cut from; None where it can't be."""
    wide, high = crop[2] - crop[0], crop[3] - crop[1]
    if wide <= 0 or high <= 0:
        return None
    width, height = round(crop_px[0] / wide), round(crop_px[1] / high)
    return (width, height) if max(width, height) <= SIDE_PX_MAX else None


def canvas(picture: Bytes, crop: Box) -> Bytes | None:
    """A crop in its place on a grey frame."""
    size = frame_size((picture.shape[1], picture.shape[0]), crop)
    if size is None:
        return None
    frame = np.full((size[1], size[0], 3), FILL, np.uint8)
    left = min(max(0, round(crop[0] * size[0])), size[0] - picture.shape[1])
    top = min(max(0, round(crop[1] * size[1])), size[1] - picture.shape[0])
    if left < 0 or top < 0:
        return None
    frame[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    return frame


def in_pixels(box: Box, size: tuple[int, int]) -> Box:
    """A box of parts of the frame in its pixels, clipped to it."""
    x1, y1, x2, y2 = (value * side for value, side in zip(box, size * 2, strict=True))
    return max(0.0, x1), max(0.0, y1), min(float(size[0]), x2), min(float(size[1]), y2)


def in_crop(box: Box, crop: Box, size: tuple[int, int]) -> Box:
    """A box of parts of the frame in pixels of a crop of `size`."""
    wide, high = crop[2] - crop[0], crop[3] - crop[1]
    x1, y1, x2, y2 = box
    relative = ((x1 - crop[0]) / wide, (y1 - crop[1]) / high, (x2 - crop[0]) / wide, (y2 - crop[1]) / high)
    return in_pixels(relative, size)


def widened(box: Box, size: tuple[int, int], margin: float = AREA_MARGIN) -> Box:
    """The area that a judgement of a box speaks of."""
    dx, dy = (box[2] - box[0]) * margin, (box[3] - box[1]) * margin
    return max(0.0, box[0] - dx), max(0.0, box[1] - dy), min(float(size[0]), box[2] + dx), min(size[1], box[3] + dy)

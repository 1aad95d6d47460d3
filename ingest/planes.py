"""Pictures as planes: I420 into the detector's tensor, and crops out of the full resolution.

Pure: numpy and OpenCV on arrays that are passed in; no I/O, no clock.

Rules
- A full frame is never converted to BGR: planes are reduced one by one, and only a crop is converted.
- The tensor is BT.601 limited range; a full-range picture (`yuvj420p`) is squeezed after reduction, when it is small.
- Padding is painted once, when a tensor is made; `fit` writes the inner part only.
- Of a masked place no pixel leaves: reduction mixes neighbours, so masks are painted wider by as far as it reaches.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import cv2
import msgspec
import numpy as np
import numpy.typing as npt

from ingest.contract import Box, Point
from model_repository.contract import Letterbox

Plane = npt.NDArray[np.uint8]
Planes = tuple[Plane, Plane, Plane]
NEUTRAL = 128
MASK_GREY = 114
SUBPIXEL_BITS = 6
WHOLE: Box = (0.0, 0.0, 1.0, 1.0)
JPEG_BYTES_MAX = 200 * 1024
JPEG_QUALITIES = (90, 82, 72, 60, 45, 30)

_Y_SQUEEZE: Plane = np.clip(np.round(16 + np.arange(256) * 219 / 255), 0, 255).astype(np.uint8)
_C_SQUEEZE: Plane = np.clip(np.round(128 + (np.arange(256) - 128) * 224 / 255), 0, 255).astype(np.uint8)


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """A decoded frame: views into the decoder's memory, kept alive by them.

    y uint8 [height, width]; u, v uint8 [ceil(height/2), ceil(width/2)]. Rows may be further apart than they are long.
    """

    y: Any
    u: Any
    v: Any
    full_range: bool = False

    @property
    def width(self) -> int:
        """Of the picture, in pixels."""
        return int(self.y.shape[1])

    @property
    def height(self) -> int:
        """Of the picture, in pixels."""
        return int(self.y.shape[0])


def luma_of_grey(fill: int) -> int:
    """Limited-range Y of an RGB grey 0..255."""
    return round(16 + fill * 219 / 255)


def blank(width: int, height: int, fill: int) -> Plane:
    """Make an I420 tensor, uint8 [height*3/2, width], of one grey; width and height are multiples of 4."""
    tensor = np.empty((height * 3 // 2, width), dtype=np.uint8)
    make_blank(tensor, fill)
    return tensor


def make_blank(tensor: Plane, fill: int) -> None:
    """Paint an I420 tensor with one grey, in place."""
    height = tensor.shape[0] * 2 // 3
    tensor[height:] = NEUTRAL
    tensor[:height] = luma_of_grey(fill)


def split(tensor: Plane) -> Planes:
    """Views of Y [h, w], U and V [h/2, w/2] of an I420 tensor [h*3/2, w]."""
    rows, width = tensor.shape
    height = rows * 2 // 3
    flat = tensor.reshape(-1)
    size, quarter = width * height, width * height // 4
    u = flat[size : size + quarter].reshape(height // 2, width // 2)
    v = flat[size + quarter : size + 2 * quarter].reshape(height // 2, width // 2)
    return tensor[:height], u, v


def fit(picture: Picture, box: Letterbox, tensor: Plane) -> None:
    """Reduce a picture into the inner part of a tensor; in place, the padding is left as it is."""
    fit_luma(picture, box, tensor)
    fit_chroma(picture, box, tensor)


def fit_luma(picture: Picture, box: Letterbox, tensor: Plane) -> Plane:
    """The first half of `fit`; returns the inner part of Y, uint8 [box.height, box.width]."""
    inner = split(tensor)[0][box.top : box.top + box.height, box.left : box.left + box.width]
    _reduce(picture.y, inner)
    if picture.full_range:
        inner[:] = _Y_SQUEEZE[inner]
    return inner


def fit_chroma(picture: Picture, box: Letterbox, tensor: Plane) -> None:
    """The second half of `fit`."""
    _, u, v = split(tensor)
    rows = slice(box.top // 2, (box.top + box.height) // 2)
    columns = slice(box.left // 2, (box.left + box.width) // 2)
    _reduce(picture.u, u[rows, columns])
    _reduce(picture.v, v[rows, columns])
    if picture.full_range:
        u[rows, columns] = _C_SQUEEZE[u[rows, columns]]
        v[rows, columns] = _C_SQUEEZE[v[rows, columns]]


def _reduce(source: Plane, target: Plane) -> None:
    """Resize into the target's memory: areas are averaged when shrinking, so that thin things don't flicker.

    Halving is the only such reduction that OpenCV does fast (1280x720 to half: 0.03 ms, to an eighth in one step:
    0.8 ms; 1920x1080 to a third: 4.4 ms). So it is repeated, and what is left, less than a half, is interpolated.
    """
    if source.shape == target.shape:
        target[:] = source
        return
    height, width = target.shape
    while source.shape[0] > 2 * height and source.shape[1] > 2 * width:
        source = halved(source)
    exact = source.shape == (2 * height, 2 * width)
    done = cv2.resize(source, (width, height), dst=target, interpolation=cv2.INTER_AREA if exact else cv2.INTER_LINEAR)
    if done is not target and not np.shares_memory(done, target):  # OpenCV could not write through the view
        target[:] = done


def halved(source: Plane) -> Plane:
    """A plane of half the rows and columns, areas averaged."""
    rows, columns = source.shape[0] // 2, source.shape[1] // 2
    even = source[: 2 * rows, : 2 * columns]
    return np.asarray(cv2.resize(even, (columns, rows), interpolation=cv2.INTER_AREA), np.uint8)


def limited_luma(y: Plane, *, full_range: bool) -> Plane:
    """Luma as limited range has it (16..235)."""
    return _Y_SQUEEZE[y] if full_range else y


def _reach(source: int, target: int) -> int:
    """How many pixels of the target beyond its own place a pixel of the source can still be in, along one side.

    Two for corners between pixels and the raster of slim shapes; what `_reduce` drops of odd sides shifts the rest;
    interpolation takes neighbours.
    """
    reach, left = 2.0, source
    while left > 2 * target:
        reach += (left % 2) * target / left
        left //= 2
    if left not in {target, 2 * target}:
        reach += max(1.0, 1.5 * target / left - 0.5)
    return math.ceil(reach)


def hidden(
    masks: Sequence[Sequence[Point]], size: tuple[int, int], source: tuple[int, int], *, box: Box = WHOLE
) -> npt.NDArray[np.bool_]:
    """Which pixels of a reduced plane show anything of the masked places, bool [height, width].

    `size`: width and height of the plane; `source`: of the plane that it was reduced from; `box`: where the picture
    that the masks are relative to lies in it, in shares of it (beyond 0..1 where the plane is a part of the picture).
    """
    width, height = size
    wide, high = (box[2] - box[0]) * width, (box[3] - box[1]) * height
    across, down = _reach(source[0], max(1, round(wide))), _reach(source[1], max(1, round(high)))
    # What lies just beyond the plane reaches into it, too.
    left, top = box[0] * width + across - 0.5, box[1] * height + down - 0.5
    drawn = np.zeros((height + 2 * down, width + 2 * across), np.uint8)
    for mask in masks:
        corners = np.array([(left + x * wide, top + y * high) for x, y in mask])
        cv2.fillPoly(drawn, [np.round(corners * (1 << SUBPIXEL_BITS)).astype(np.int32)], 1, shift=SUBPIXEL_BITS)
    grown = cv2.dilate(drawn, np.ones((2 * down + 1, 2 * across + 1), np.uint8))
    within: npt.NDArray[np.bool_] = grown[down : down + height, across : across + width].astype(bool)
    return within


def polygons(areas: Sequence[Sequence[Point]], size: tuple[int, int], box: Letterbox | None = None) -> Plane:
    """Draw relative polygons, uint8 [height, width] with 1 inside; `box`: where the picture lies in it, else all."""
    width, height = size
    left, top, wide, high = (0, 0, width, height) if box is None else (box.left, box.top, box.width, box.height)
    drawn = np.zeros((height, width), np.uint8)
    for area in areas:
        points = [(left + x * wide, top + y * high) for x, y in area]
        cv2.fillPoly(drawn, [np.round(np.array(points)).astype(np.int32)], 1)
    return drawn


class TensorMask:
    """Privacy masks of a camera, drawn once for a tensor geometry and painted on every tensor."""

    def __init__(
        self,
        masks: Sequence[Sequence[Point]],
        box: Letterbox,
        size: tuple[int, int],
        fill: int,
        source: tuple[int, int],
    ) -> None:
        """`size`: width and height of the tensor; `source`: of the pictures that come."""
        width, height = size
        place = (
            box.left / width, box.top / height, (box.left + box.width) / width, (box.top + box.height) / height,
        )  # fmt: skip
        self._y = hidden(masks, size, source, box=place)
        self._c = hidden(masks, (width // 2, height // 2), _half(source), box=_of_chroma(place, source))
        self._luma = luma_of_grey(fill)

    def paint(self, tensor: Plane) -> None:
        """Hide the masked places of a tensor, in place."""
        y, u, v = split(tensor)
        y[self._y] = self._luma
        u[self._c] = NEUTRAL
        v[self._c] = NEUTRAL


def enlarge(box: Box, factor: float) -> Box:
    """Scale a relative box about its centre and clip it to the frame."""
    x1, y1, x2, y2 = box
    dx, dy = (x2 - x1) * (factor - 1) / 2, (y2 - y1) * (factor - 1) / 2
    return max(0.0, x1 - dx), max(0.0, y1 - dy), min(1.0, x2 + dx), min(1.0, y2 + dy)


def crop_bgr(picture: Picture, box: Box, masks: Sequence[Sequence[Point]] = ()) -> tuple[Plane, Box]:
    """Cut a relative box out of the planes: BGR uint8 [h, w, 3] and the box really cut (on even pixels)."""
    x1, x2 = _even_span(box[0], box[2], picture.width)
    y1, y2 = _even_span(box[1], box[3], picture.height)
    y = picture.y[y1:y2, x1:x2]
    u = picture.u[y1 // 2 : y2 // 2, x1 // 2 : x2 // 2]
    v = picture.v[y1 // 2 : y2 // 2, x1 // 2 : x2 // 2]
    cut = (x1 / picture.width, y1 / picture.height, x2 / picture.width, y2 / picture.height)
    bgr = _bgr(y, u, v, full_range=picture.full_range)
    if masks:
        wide, high = cut[2] - cut[0], cut[3] - cut[1]
        place = (-cut[0] / wide, -cut[1] / high, (1 - cut[0]) / wide, (1 - cut[1]) / high)
        _hide(bgr, masks, (picture.width, picture.height), place, place)
    return bgr, cut


def reduced_bgr(picture: Picture, width_max: int, masks: Sequence[Sequence[Point]] = ()) -> Plane:
    """Return the whole picture as BGR uint8 [h, w, 3], at most `width_max` wide."""
    width = min(width_max, picture.width) // 2 * 2
    height = max(2, round(picture.height * width / picture.width / 2) * 2)
    y = np.empty((height, width), np.uint8)
    u, v = (np.empty((height // 2, width // 2), np.uint8) for _ in range(2))
    for source, target in ((picture.y, y), (picture.u, u), (picture.v, v)):
        _reduce(source, target)
    bgr = _bgr(y, u, v, full_range=picture.full_range)
    if masks:
        source = (picture.width, picture.height)
        _hide(bgr, masks, source, WHOLE, _of_chroma(WHOLE, source))
    return bgr


def encode_jpeg(bgr: Plane, bytes_max: int = JPEG_BYTES_MAX) -> bytes:
    """JPEG within a size: quality goes down first, then the picture is halved."""
    while True:
        for quality in JPEG_QUALITIES:
            done, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
            if done and len(data) <= bytes_max:
                return bytes(data)
        bgr = cv2.resize(bgr, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)


def _even_span(low: float, high: float, size: int) -> tuple[int, int]:
    """Pixels of a relative span, on even borders (chroma), two at least, inside the picture."""
    even = size // 2 * 2
    first = min(int(low * size) // 2 * 2, even - 2)
    last = min(-(-int(np.ceil(high * size)) // 2) * 2, even)
    return max(0, first), max(last, first + 2)


def _bgr(y: Plane, u: Plane, v: Plane, *, full_range: bool) -> Plane:
    """Convert planes of even size to BGR [h, w, 3], as BT.601."""
    if full_range:
        y, u, v = _Y_SQUEEZE[y], _C_SQUEEZE[u], _C_SQUEEZE[v]
    height, width = y.shape
    packed = np.empty((height * 3 // 2, width), np.uint8)
    to_y, to_u, to_v = split(packed)
    to_y[:], to_u[:], to_v[:] = y, u, v
    bgr: Plane = cv2.cvtColor(packed, cv2.COLOR_YUV2BGR_I420)
    return bgr


def _half(size: tuple[int, int]) -> tuple[int, int]:
    """Width and height of the chroma planes of a picture."""
    return -(-size[0] // 2), -(-size[1] // 2)


def _of_chroma(box: Box, source: tuple[int, int]) -> Box:
    """Where the picture lies in reduced chroma planes: of odd sides their last sample is half beyond it."""
    wide, high = (side / 2 / half for side, half in zip(source, _half(source), strict=True))
    return box[0], box[1], box[0] + (box[2] - box[0]) * wide, box[1] + (box[3] - box[1]) * high


def _hide(bgr: Plane, masks: Sequence[Sequence[Point]], source: tuple[int, int], box: Box, chroma_box: Box) -> None:
    """Paint what shows anything of the masked places, in place: by its own luma, or by the chroma of its 2x2 block."""
    height, width = bgr.shape[:2]
    chroma = hidden(masks, (width // 2, height // 2), _half(source), box=chroma_box)
    bgr[hidden(masks, (width, height), source, box=box) | chroma.repeat(2, axis=0).repeat(2, axis=1)] = MASK_GREY

"""Vehicle crops with the corners of their plates: what the corner finder learns from.

Two sources: rendered scenes (`scene_crops`, made once and kept), and patchwork vehicles (`patchwork`, endless), which
teach what else on a vehicle is bright, framed or lettered without being its plate.
"""

from collections.abc import Iterator
from typing import Final

import cv2
import msgspec
import numpy as np
import numpy.typing as npt

from model_repository.contract import letterbox
from model_repository.plates.render import Plate, random_plate, render_plate
from model_repository.scenes.dataset import Sample, frames

Image = npt.NDArray[np.uint8]
Quad = npt.NDArray[np.float32]
Rng = np.random.Generator

PLATE_CROP_PX: Final = 416
_FILL: Final = 114
_VEHICLES: Final = (2, 3, 5, 7)
_PLATE_W_PX_MIN: Final = 16.0
_KINDS: Final = ("private", "private", "private", "private", "taxi", "police", "trailer", "private_two_row")


class Crop(msgspec.Struct, frozen=True, kw_only=True):
    """uint8 BGR [416, 416, 3], letterboxed to the top left; `quad` float [4, 2] in its pixels, None without a plate.

    `vague` says that a plate may be there that cannot be made out: nothing is learned from the crop's empty cells.
    """

    image: Image
    quad: Quad | None
    vague: bool = False


def fit(picture: Image, quad: Quad | None, *, vague: bool = False) -> Crop:
    """Letterbox a vehicle's picture as the reader's client does."""
    box = letterbox((picture.shape[1], picture.shape[0]), (PLATE_CROP_PX, PLATE_CROP_PX), "top_left")
    out = np.full((PLATE_CROP_PX, PLATE_CROP_PX, 3), _FILL, np.uint8)
    how = cv2.INTER_AREA if box.scale_x < 1 else cv2.INTER_LINEAR
    out[: box.height, : box.width] = cv2.resize(picture, (box.width, box.height), interpolation=how)
    moved = None if quad is None else (quad * np.array([box.scale_x, box.scale_y])).astype(np.float32)
    return Crop(image=out, quad=moved, vague=vague)


def scene_crops(seed: int, count: int) -> Iterator[Crop]:
    """Cut the vehicles out of `count` rendered scenes."""
    rng = np.random.default_rng([seed, 5])
    for sample in frames(seed, count, (1600, 900), 1):
        for index, (class_id, *corners) in enumerate(sample.boxes):
            if class_id in _VEHICLES and corners[2] - corners[0] > 60:
                yield _vehicle_crop(rng, sample, index, np.array(corners))


def _vehicle_crop(rng: Rng, sample: Sample, index: int, box: npt.NDArray[np.float64]) -> Crop:
    height_px, width_px = sample.image.shape[:2]
    side = np.array([box[2] - box[0], box[3] - box[1]] * 2)
    low = np.zeros(4)
    x1, y1, x2, y2 = np.clip(
        box + side * rng.uniform(-0.02, 0.08, 4) * [-1, -1, 1, 1], low, [width_px, height_px] * 2
    ).astype(int)
    own = [plate for plate in sample.plates if plate.vehicle_index == index]
    good = [plate for plate in own if plate.visible > 0.95 and _inside(plate.quad, (x1, y1, x2, y2))]
    best = max(good, key=lambda plate: float(np.ptp(plate.quad[:, 0])), default=None)
    wide = best is not None and np.ptp(best.quad[:, 0]) >= _PLATE_W_PX_MIN
    quad = (best.quad - [x1, y1]).astype(np.float32) if best is not None and wide else None
    # Other plates in the box belong to vehicles behind or before this one; they may be found, they need not.
    return fit(sample.image[y1:y2, x1:x2], quad, vague=not wide and bool(own))


def _inside(quad: npt.NDArray[np.floating], box: tuple[int, int, int, int]) -> bool:
    low, high = quad.min(axis=0), quad.max(axis=0)
    return bool(low[0] >= box[0] and low[1] >= box[1] and high[0] <= box[2] and high[1] <= box[3])


def patchwork(rng: Rng) -> Crop:
    """A vehicle glued together from panels, lamps, bars and boards, with a plate on three of four."""
    w_px, h_px = int(rng.integers(240, 417)), int(rng.integers(180, 417))
    picture = _texture(rng, (w_px, h_px))
    _bodywork(rng, picture)
    for _ in range(int(rng.integers(0, 6))):
        _distraction(rng, picture)
    quad = _stick_plate(rng, picture) if rng.random() < 0.75 else None
    return fit(_camera(rng, picture), quad)


def with_plate(rng: Rng, picture: Image) -> Crop:
    """Stick a plate onto a crop that has none."""
    out = picture.copy()
    quad = _stick_plate(rng, out)
    return Crop(image=out, quad=quad)


def _texture(rng: Rng, size: tuple[int, int]) -> Image:
    coarse = rng.integers(0, 256, (int(rng.integers(2, 9)), int(rng.integers(2, 9)), 3)).astype(np.float32)
    spread = float(rng.uniform(0.1, 0.8))
    out = cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC) * spread + float(rng.uniform(0, 180))
    return np.clip(out, 0, 255).astype(np.uint8)


def _shade(rng: Rng) -> tuple[int, int, int]:
    grey = int(rng.integers(10, 250))
    if rng.random() < 0.5:
        return grey, grey, grey
    blue, green, red = (int(value) for value in rng.integers(0, 255, 3))
    return blue, green, red


def _bodywork(rng: Rng, picture: Image) -> None:
    """A body with window, lamps and grille at about their places."""
    h_px, w_px = picture.shape[:2]
    edge = [int(value) for value in rng.uniform(0, 0.12, 4) * [w_px, h_px, w_px, h_px]]
    cv2.rectangle(picture, (edge[0], edge[1]), (w_px - edge[2], h_px - edge[3]), _shade(rng), -1)
    if rng.random() < 0.8:
        top, bottom = int(rng.uniform(0.05, 0.2) * h_px), int(rng.uniform(0.3, 0.5) * h_px)
        inset = int(rng.uniform(0.05, 0.25) * w_px)
        glass = np.array(
            [[inset, top], [w_px - inset, top], [w_px - inset // 2, bottom], [inset // 2, bottom]], np.int32
        )
        cv2.fillConvexPoly(picture, glass, tuple(int(value) for value in rng.integers(10, 120, 3)))
    lamp_y, lamp_x = int(rng.uniform(0.45, 0.8) * h_px), int(rng.uniform(0.05, 0.22) * w_px)
    axes = (int(rng.uniform(0.03, 0.1) * w_px), int(rng.uniform(0.02, 0.08) * h_px))
    colour = ((230, 240, 250), (30, 30, 190), (90, 90, 100))[int(rng.integers(3))]
    for x in (lamp_x, w_px - lamp_x):
        cv2.ellipse(picture, (x, lamp_y), axes, 0, 0, 360, colour, -1)
    top, step = int(rng.uniform(0.45, 0.7) * h_px), int(rng.integers(4, 12))
    bar = _shade(rng)
    for line in range(int(rng.integers(0, 9))):
        y = top + line * step
        cv2.line(picture, (int(0.25 * w_px), y), (int(0.75 * w_px), y), bar, int(rng.integers(1, 4)))


def _distraction(rng: Rng, picture: Image) -> None:
    """A badge, sticker, board with text, or bright box that is no plate."""
    h_px, w_px = picture.shape[:2]
    x, y = int(rng.uniform(0, 0.85) * w_px), int(rng.uniform(0.05, 0.95) * h_px)
    wide, high = int(rng.uniform(0.04, 0.45) * w_px), int(rng.uniform(0.02, 0.15) * h_px)
    if rng.random() < 0.6:
        cv2.rectangle(picture, (x, y), (x + wide, y + high), _shade(rng), -1 if rng.random() < 0.7 else 2)
    if rng.random() < 0.6:
        text = "".join(chr(int(value)) for value in rng.integers(48, 91, int(rng.integers(2, 12))))
        scale = float(rng.uniform(0.3, 1.6))
        cv2.putText(
            picture,
            text,
            (x, y + high),
            int(rng.integers(0, 4)),
            scale,
            _shade(rng),
            int(rng.integers(1, 4)),
            cv2.LINE_AA,
        )


def _stick_plate(rng: Rng, picture: Image) -> Quad:
    """Warp a rendered plate into the picture, 40 to 160 px wide, turned and slanted up to about 20 degrees."""
    h_px, w_px = picture.shape[:2]
    plate = _POOL.draw(rng)
    ratio = plate.shape[0] / plate.shape[1]
    width_px = float(np.exp(rng.uniform(np.log(36), np.log(165)))) * (1.0 if ratio < 0.4 else 0.6)
    yaw, roll, shear = (float(np.radians(np.clip(rng.normal(0, spread), -28, 28))) for spread in (16, 6, 7))
    unit = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]])
    quad = unit * np.array([width_px * np.cos(yaw), width_px * ratio])
    quad[[1, 2], 1] *= 1 + 0.2 * np.sin(yaw)
    quad[:, 1] += quad[:, 0] * np.tan(shear)
    quad = quad @ np.array([[np.cos(roll), np.sin(roll)], [-np.sin(roll), np.cos(roll)]])
    reach = np.abs(quad).max(axis=0) + 2
    centre = reach + rng.random(2) ** np.array([1.0, 0.6]) * np.maximum(np.array([w_px, h_px]) - 2 * reach, 1)
    quad = (quad + centre).astype(np.float32)
    framed, inner_w, inner_h, thick = _bordered(rng, plate, width_px)
    source = np.array([[0, 0], [inner_w, 0], [inner_w, inner_h], [0, inner_h]], np.float32) + thick
    matrix = cv2.getPerspectiveTransform((source - 0.5).astype(np.float32), (quad - 0.5).astype(np.float32))
    cv2.warpPerspective(
        framed, matrix, (w_px, h_px), dst=picture, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_TRANSPARENT
    )
    return quad


def _bordered(rng: Rng, plate: Image, width_px: float) -> tuple[Image, int, int, int]:
    """Shrink the plate to about its size, put a frame around it; return picture, inner width, inner height, frame."""
    w_px = max(12, round(width_px * 1.2))
    h_px = max(6, round(w_px * plate.shape[0] / plate.shape[1]))
    small = cv2.resize(plate, (w_px, h_px), interpolation=cv2.INTER_AREA)
    dim = float(rng.uniform(0.35, 1.0))
    thick = int(rng.uniform(0, 0.05) * w_px)
    shade = [int(value) for value in rng.integers(5, 90, 3)] if rng.random() < 0.7 else list(_shade(rng))
    framed = cv2.copyMakeBorder(
        (small * dim).astype(np.uint8), thick, thick, thick, thick, cv2.BORDER_CONSTANT, value=shade
    )
    return np.asarray(framed, np.uint8), w_px, h_px, thick


def _camera(rng: Rng, picture: Image) -> Image:
    """Light, focus, motion, noise and JPEG."""
    out = picture.astype(np.float32) * float(rng.uniform(0.3, 1.15)) + float(rng.uniform(-10, 40))
    if rng.random() < 0.6:
        out = cv2.GaussianBlur(out, (0, 0), float(rng.uniform(0.3, 1.8)))
    if rng.random() < 0.2:
        out = cv2.blur(out, (int(rng.integers(1, 7)), 1 + int(rng.integers(0, 2))))
    if rng.random() < 0.6:
        noise = np.zeros(out.shape, np.float32)
        cv2.randn(noise, (0, 0, 0), (float(rng.uniform(1, 12)),) * 3)
        out = out + noise
    image = np.clip(out, 0, 255).astype(np.uint8)
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.uniform(25, 95))])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


class _PlatePool:
    """A rolling stock of plate pictures."""

    def __init__(self) -> None:
        self._stock: list[Image] = []

    def draw(self, rng: Rng) -> Image:
        """Return one picture, 260 px wide; some of the calls paint a new one."""
        if len(self._stock) < 200 or rng.random() < 0.1:
            plate: Plate = random_plate(rng, _KINDS)
            self._stock.append(render_plate(plate, rng, 260))
            return self._stock[-1]
        return self._stock[int(rng.integers(len(self._stock)))]


_POOL: Final = _PlatePool()

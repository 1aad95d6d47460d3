"""Plates as cameras see them: backgrounds, perspective, light, optics, noise, JPEG.

Gray pictures, for training the reader.

How strong a degradation may be is tied to the plate's width in pixels: a picture that nobody can read teaches
guessing.  `level` goes from 0 (easy) to 1 (as hard as it gets).
"""

from typing import Final

import cv2
import msgspec
import numpy as np
import numpy.typing as npt

from model_repository.plates.foreign import random_foreign
from model_repository.plates.nations import REGIONS
from model_repository.plates.rectify import CORNER_MARGIN, STRIP_W_PX, TWO_ROW_MARGIN, rectify_box, rectify_quad
from model_repository.plates.render import (
    Plate,
    is_coloured,
    layout_of,
    random_plate,
    random_style,
    render_styled,
)
from model_repository.train.plate_fonts import Font, reweighted, twinned
from model_repository.train.plate_light import dirty, light

Gray = npt.NDArray[np.uint8]
Quad = npt.NDArray[np.float32]
Frames = npt.NDArray[np.int64]
Rng = np.random.Generator

_BASE_W_PX: Final = {1: 312, 2: 220}
_RU_ONE_ROW: Final[dict[str, float]] = {
    "private": 0.60, "taxi": 0.09, "trailer": 0.08, "police": 0.05, "military": 0.05, "military_trailer": 0.01,
    "transit": 0.02, "exit": 0.01, "diplomatic_head": 0.015, "diplomatic": 0.02, "technical": 0.015,
    "police_trailer": 0.01, "classic": 0.015, "sport": 0.015,
}  # fmt: skip
_RU_TWO_ROWS: Final[dict[str, float]] = {
    "private_two_row": 0.5, "motorcycle": 0.3, "tractor": 0.1, "police_motorcycle": 0.1,
}  # fmt: skip
REGION_SHARE: Final[dict[str, float]] = {
    "ru": 0.42, "eu": 0.30, "ua": 0.08, "kz": 0.035, "by": 0.035, "ge": 0.02, "other": 0.11,
}  # fmt: skip
STEPS: Final = 47
BLANK_FRAME: Final = -1
NO_FRAME: Final = -2


class Base(msgspec.Struct, frozen=True, kw_only=True):
    """A clean gray plate before any camera.

    `frames` int64 [47] says for every step of the reader the index in the text of the character that stands there,
    -1 between characters and -2 where it is not sure. `free` is the share of the width left and right of all
    characters: as much of a plate may be lost without losing any.
    """

    gray: Gray
    text: str
    rows: int
    region: int
    frames: Frames
    free: tuple[float, float] = (0.0, 0.0)


class Shot(msgspec.Struct, frozen=True, kw_only=True):
    """A plate in a patch of a camera picture; `free` is that of its base."""

    patch: Gray
    quad: Quad
    width_px: float
    free: tuple[float, float] = (0.0, 0.0)


class BaseBank:
    """A rolling stock of clean plates: drawing one costs as much as degrading several."""

    def __init__(self, rng: Rng, fonts: list[Font], *, size: int = 1500, two_row_share: float = 0.12) -> None:
        """Start empty; the stock fills while it is drawn from."""
        self._rng = rng
        self._fonts = fonts
        self._size = size
        self._two_row_share = two_row_share
        self._stock: list[Base] = []

    def draw(self) -> Base:
        """Return one plate; one call in seven paints a new one."""
        rng = self._rng
        if len(self._stock) < self._size or rng.random() < 0.15:
            base = self._paint()
            if len(self._stock) < self._size:
                self._stock.append(base)
            else:
                self._stock[int(rng.integers(self._size))] = base
            return base
        return self._stock[int(rng.integers(len(self._stock)))]

    def _paint(self) -> Base:
        rng = self._rng
        rows = 2 if rng.random() < self._two_row_share else 1
        region = _pick(rng, REGION_SHARE)
        plate = _russian(rng, rows) if region == "ru" else random_foreign(rng, region, rows=rows)
        style = random_style(rng, coloured=is_coloured(plate))
        fonts = [font for font in self._fonts if font.cyrillic or region != "ru"]
        share = 0.35 if region == "ru" else 0.65
        glyphs = fonts[int(rng.integers(len(fonts)))].glyph if fonts and rng.random() < share else None
        if glyphs and rng.random() < 0.5:
            glyphs = reweighted(glyphs, -1 if rng.random() < 0.75 else 1)
        if glyphs and region != "ru" and rng.random() < 0.5:
            glyphs = twinned(glyphs, "O" if rng.random() < 0.5 else "0")
        colour = render_styled(plate, style, _BASE_W_PX[rows], rng=rng, glyphs=glyphs)
        return Base(
            gray=dirty(rng, np.asarray(cv2.cvtColor(colour, cv2.COLOR_BGR2GRAY), np.uint8)),
            text=plate.text_latin,
            rows=rows,
            region=REGIONS.index(region),
            frames=frames_of(plate, rows),
            free=_free_of(plate),
        )


def _pick(rng: Rng, shares: dict[str, float]) -> str:
    weights = np.array(list(shares.values()))
    return str(rng.choice(list(shares), p=weights / weights.sum()))


def _russian(rng: Rng, rows: int) -> Plate:
    return random_plate(rng, (_pick(rng, _RU_TWO_ROWS if rows == 2 else _RU_ONE_ROW),))


def frames_of(plate: Plate, rows: int) -> Frames:
    """Say which character stands at which step of the strip, if the strip is cut with the usual margins."""
    layout = layout_of(plate)
    step_px = STRIP_W_PX / STEPS
    centres = (np.arange(STEPS) + 0.5) * step_px
    frames = np.full(STEPS, BLANK_FRAME, np.int64)
    middle_mm = layout.spec.height_mm / 2
    side = CORNER_MARGIN[0] if rows == 1 else TWO_ROW_MARGIN
    for index, slot in enumerate(layout.slots):
        unit = np.array([slot.box.x_mm, slot.box.right_mm]) / layout.spec.width_mm
        left, right = (unit + side) / (1 + 2 * side) * (STRIP_W_PX / rows)
        if rows == 2 and slot.box.y_mm + slot.box.h_mm / 2 > middle_mm:
            left, right = left + STRIP_W_PX / 2, right + STRIP_W_PX / 2
        off = np.abs(centres - (left + right) / 2) / (right - left)
        frames[off < 0.55] = NO_FRAME
        frames[off < 0.3] = index
    return frames


def _free_of(plate: Plate) -> tuple[float, float]:
    """The share of the width before the first and behind the last character; 0 where a region stands apart."""
    layout = layout_of(plate)
    if layout.region_box is not None or layout.spec.rows == 2:
        return 0.0, 0.0
    wide_mm = layout.spec.width_mm
    left_mm = min(slot.box.x_mm for slot in layout.slots)
    right_mm = max(slot.box.right_mm for slot in layout.slots)
    return left_mm / wide_mm, 1 - right_mm / wide_mm


def random_width_px(rng: Rng, low_px: float = 46.0) -> float:
    """Draw the plate's width in the picture: mostly 60 to 130 px, some smaller, some up to 320."""
    pick = rng.random()
    if pick < 0.14:
        return float(rng.uniform(low_px, max(62.0, low_px + 4)))
    if pick < 0.68:
        return float(rng.uniform(max(60.0, low_px), max(130.0, low_px + 20)))
    return float(np.exp(rng.uniform(np.log(max(110.0, low_px)), np.log(320.0))))


def background(rng: Rng, size: tuple[int, int]) -> Gray:
    """Something that is not a plate: gradients, edges of body panels, lettering. uint8 [h, w]."""
    w_px, h_px = size
    coarse = rng.integers(0, 256, (int(rng.integers(2, 6)), int(rng.integers(2, 8)))).astype(np.float32)
    spread = rng.uniform(0.1, 0.7)
    smooth = cv2.resize(coarse, (w_px, h_px), interpolation=cv2.INTER_CUBIC) * spread + rng.uniform(0, 200)
    out = np.clip(smooth, 0, 255).astype(np.uint8)
    for _ in range(int(rng.integers(0, 5))):
        p, q = (tuple(int(v) for v in rng.integers(-10, max(w_px, h_px), 2)) for _ in range(2))
        shade = int(rng.integers(0, 256))
        if rng.random() < 0.5:
            cv2.line(out, p, q, shade, int(rng.integers(1, 6)))
        else:
            cv2.rectangle(out, p, q, shade, -1)
    if rng.random() < 0.3:
        place = (int(rng.integers(0, max(1, w_px // 2))), int(rng.integers(4, h_px)))
        cv2.putText(
            out, _letters(rng), place, 0, float(rng.uniform(0.3, 0.9)), int(rng.integers(0, 256)), 1, cv2.LINE_AA
        )
    return out


def _letters(rng: Rng) -> str:
    return "".join(chr(65 + int(value)) for value in rng.integers(0, 26, int(rng.integers(3, 11))))


def _framed(rng: Rng, plate: Gray) -> tuple[Gray, Quad]:
    """Put a frame, perhaps with a dealer's lettering, around the plate; return it and the plate's corners in it."""
    h_px, w_px = plate.shape
    thick = [int(value) for value in rng.uniform(0, 0.03, 3) * w_px]
    bottom = int(rng.uniform(0.02, 0.075) * w_px) if rng.random() < 0.5 else thick[0]
    left, top, right = thick
    shade = int(rng.integers(5, 90)) if rng.random() < 0.8 else int(rng.integers(90, 230))
    if rng.random() < 0.4:
        plate = _lipped(rng, plate, shade)
    out = cv2.copyMakeBorder(plate, top, bottom, left, right, cv2.BORDER_CONSTANT, value=[shade])
    if bottom > 0.035 * w_px and rng.random() < 0.3:
        out[top + h_px + 2 :, left : left + w_px] = int(rng.integers(60, 240))
    if bottom > 0.035 * w_px and rng.random() < 0.7:
        scale = bottom / 30
        where = (left + int(rng.uniform(0.05, 0.5) * w_px), top + h_px + int(bottom * 0.8))
        ink = int(rng.integers(0, 255))
        cv2.putText(out, _letters(rng), where, 0, scale, ink, int(rng.integers(1, 3)), cv2.LINE_AA)
    corners = np.array([[0, 0], [w_px, 0], [w_px, h_px], [0, h_px]], np.float32) + np.array([left, top], np.float32)
    return np.asarray(out, np.uint8), corners.astype(np.float32)


def _lipped(rng: Rng, plate: Gray, shade: int) -> Gray:
    """The frame's lip lies over the plate's edge, less than the edge is wide."""
    out = plate.copy()
    h_px, w_px = plate.shape
    left, right = (round(float(value) * w_px) for value in rng.uniform(0, 0.012, 2))
    top, bottom = (round(float(value) * h_px) for value in rng.uniform(0, 0.05, 2))
    out[:top] = out[h_px - bottom :] = shade
    out[:, :left] = out[:, w_px - right :] = shade
    return out


def _random_quad(rng: Rng, size: tuple[float, float], level: float) -> Quad:
    """Draw where the corners fall around the origin: roll, slant and perspective, the width kept."""
    w_px, h_px = size
    yaw = rng.normal(0, 0.35 * level)
    squeeze = float(np.clip(1.0 / max(0.62, np.cos(yaw)), 1.0, 1.5))
    h_px *= squeeze * float(rng.uniform(0.92, 1.08))
    unit = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]])
    quad = unit * np.array([w_px, h_px])
    quad[[1, 2], 1] *= 1 + 0.12 * float(np.clip(yaw, -1, 1))
    quad[:, 1] += quad[:, 0] * float(rng.normal(0, 0.09 * level))
    quad[:, 0] += quad[:, 1] * float(rng.normal(0, 0.12 * level))
    angle = float(np.clip(rng.normal(0, np.radians(4.5) * level), -0.3, 0.3))
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return (quad @ turn).astype(np.float32)


def shoot(rng: Rng, base: Base, width_px: float, level: float, room_px: float = 0.0) -> Shot:
    """Put a plate of that width into a patch of background; `room_px` is left free on every side."""
    framed, corners = _framed(rng, base.gray)
    shrink = width_px * 1.25 / base.gray.shape[1]
    if shrink < 1:
        size = (max(8, round(framed.shape[1] * shrink)), max(8, round(framed.shape[0] * shrink)))
        corners = corners * np.array([size[0] / framed.shape[1], size[1] / framed.shape[0]], np.float32)
        framed = np.asarray(cv2.resize(framed, size, interpolation=cv2.INTER_AREA), np.uint8)
    quad = _random_quad(rng, (width_px, width_px * base.gray.shape[0] / base.gray.shape[1]), level)
    pad = np.array([0.16 * width_px + 6 + room_px, 0.14 * width_px + 6 + room_px])
    quad = (quad - quad.min(axis=0) + pad + rng.random(2)).astype(np.float32)
    w_px, h_px = (np.ceil(quad.max(axis=0) + pad)).astype(int)
    patch = background(rng, (int(w_px), int(h_px)))
    matrix = cv2.getPerspectiveTransform(corners - np.float32(0.5), quad - np.float32(0.5))
    cv2.warpPerspective(
        framed, matrix, (int(w_px), int(h_px)), dst=patch, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_TRANSPARENT
    )
    return Shot(patch=patch, quad=quad, width_px=width_px, free=base.free)


def optics(rng: Rng, image: npt.NDArray[np.float32], width_px: float, level: float) -> npt.NDArray[np.float32]:
    """Blur by focus and motion, in proportion to the plate's width."""
    if rng.random() < 0.75:
        sigma = float(rng.uniform(0.2, 0.35 + 0.0075 * width_px * level))
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.float32)
    if rng.random() < 0.3 * level:
        length = float(rng.uniform(1.5, 1.5 + 0.03 * width_px))
        image = streak(image, length, float(rng.normal(0, 0.5)))
    if rng.random() < 0.25:
        soft = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.6, 1.5)))
        image = np.clip(image + (image - soft) * float(rng.uniform(0.2, 1.0)), 0, 255).astype(np.float32)
    return image


def streak(image: npt.NDArray[np.float32], length_px: float, angle: float) -> npt.NDArray[np.float32]:
    """Blur along a line."""
    size = int(np.ceil(length_px)) | 1
    kernel = np.zeros((size, size), np.float32)
    half = np.array([np.cos(angle), np.sin(angle)]) * (length_px - 1) / 2
    centre = np.array([size // 2, size // 2])
    p, q = (np.round((centre + sign * half) * 16).astype(int) for sign in (-1, 1))
    cv2.line(kernel, tuple(p.tolist()), tuple(q.tolist()), 1.0, 1, cv2.LINE_AA, 4)
    return np.asarray(cv2.filter2D(image, -1, kernel / max(1e-6, float(kernel.sum()))), np.float32)


def sensor_noise(rng: Rng, image: npt.NDArray[np.float32], width_px: float, level: float) -> Gray:
    """Add noise in proportion to the picture's contrast, less on small plates."""
    contrast = float(image.max() - image.min())
    sigma = contrast * 0.10 * level * min(1.0, width_px / 110) * float(rng.random()) ** 1.5
    if sigma > 0.4:
        noise = np.zeros(image.shape, np.float32)
        cv2.randn(noise, 0.0, sigma)
        image = image + noise
    return np.asarray(np.clip(image, 0, 255), np.uint8)


def jpeg(rng: Rng, patch: Gray, width_px: float, level: float) -> Gray:
    """Compress and decompress; small plates keep a better quality."""
    low = 92 - level * (62 if width_px > 140 else 50 if width_px > 90 else 35)
    _, data = cv2.imencode(".jpg", patch, [cv2.IMWRITE_JPEG_QUALITY, int(rng.uniform(low, 97))])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8)


def strip_of(rng: Rng, shot: Shot, rows: int, level: float) -> Gray:
    """Cut the strip as use does: by corners that are a little off, or (a third of one-row ones) by the plain box.

    Some finders leave a band out; some boxes have a fixed shape, or only a bit more height than the plate.
    """
    quad = shot.quad
    if rows == 1 and rng.random() < 0.2:
        quad = _without_ends(rng, quad, shot.free)
    height_px = max(6.0, float(quad[3, 1] - quad[0, 1]))
    if rows == 1 and rng.random() < 0.33:
        return rectify_box(shot.patch, _box_of(rng, quad, height_px))
    spread = float(rng.uniform(0.01, 0.03 + 0.07 * level)) * height_px
    drift = rng.normal(0, 0.5 * spread, 2)
    moved = quad + drift + rng.normal(0, spread, (4, 2)) * np.array([1.3, 0.8])
    if rng.random() < 0.15:
        moved += (moved - moved.mean(axis=0)) * rng.uniform(-0.02, 0.1, 2)
    margin = tuple(CORNER_MARGIN[axis] * float(rng.uniform(0.8, 1.2)) for axis in (0, 1))
    return rectify_quad(shot.patch, moved.astype(np.float32), margin=(margin[0], margin[1]), rows=rows)


def _box_of(rng: Rng, quad: Quad, height_px: float) -> tuple[float, float, float, float]:
    """An upright box around the plate; four in ten are about as high as the plate would be if it were level."""
    low, high = quad.min(axis=0), quad.max(axis=0)
    off = rng.normal(0, 0.05 * height_px, 4)
    x, y, wide, high_px = (float(value) for value in np.concatenate([low, high - low]) + off)
    if rng.random() < 0.4:
        own_px = high_px + (height_px - high_px) * float(rng.uniform(0.0, 0.8))
        y, high_px = y + (high_px - own_px) / 2, own_px
    return x, y, wide, high_px


def _without_ends(rng: Rng, quad: Quad, free: tuple[float, float]) -> Quad:
    """Corners that leave out some of what stands left and right of the characters."""
    left, right = (float(rng.uniform(0, 0.85)) * part * float(rng.random() < 0.7) for part in free)
    along = np.array([left, 1 - right, 1 - right, left])[:, None]
    start, end = quad[[0, 0, 3, 3]], quad[[1, 1, 2, 2]]
    return np.asarray(start + (end - start) * along, np.float32)


def still(rng: Rng, base: Base, level: float) -> Gray:
    """One strip from a still picture."""
    width_px = random_width_px(rng, 46.0 if base.rows == 1 else 40.0)
    shot = shoot(rng, base, width_px, level)
    lit = optics(rng, light(rng, shot.patch, level), width_px, level)
    patch = sensor_noise(rng, lit, width_px, level)
    if rng.random() < 0.6:
        patch = jpeg(rng, patch, width_px, level)
    return strip_of(rng, msgspec.structs.replace(shot, patch=patch), base.rows, level)


def no_plate(rng: Rng, level: float) -> Gray:
    """A strip cut where no plate is; the right answer is silence."""
    patch = background(rng, (188, 48))
    noisy = sensor_noise(rng, optics(rng, light(rng, patch, level), 120.0, level), 120.0, level)
    return jpeg(rng, noisy, 120.0, level)

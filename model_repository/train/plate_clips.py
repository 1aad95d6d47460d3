"""Plates out of a video: many moving patches tiled into one short H.264 clip, encoded and decoded.

Only libx264 makes the smear and the blocks that readers of camera streams meet.  The quantiser is drawn per clip, and
the plates' least width follows it, so that what is taught stays readable.
"""

from fractions import Fraction
from typing import Final

import av
import cv2
import numpy as np
import numpy.typing as npt

from model_repository.train.plate_light import light
from model_repository.train.plate_pictures import (
    Base,
    BaseBank,
    Gray,
    Rng,
    Shot,
    optics,
    sensor_noise,
    shoot,
    streak,
    strip_of,
)

TILE_W_PX: Final = 208
TILE_H_PX: Final = 96
_COLUMNS: Final = 4
_ROWS: Final = 8
_FRAMES: Final = 4
_ROOM_PX: Final = 14.0
Strips = list[tuple[Gray, Base]]


def clip_strips(rng: Rng, bank: BaseBank, level: float, width_px: tuple[float, float] | None = None) -> Strips:
    """Make one clip and return a strip per tile; `width_px` fixes the range of plate widths."""
    out: Strips = []
    for tile, patches in _filmed(rng, bank, level, width_px):
        step = int(rng.integers(1, _FRAMES))
        out.append((_strip(rng, tile, patches, step), tile.base))
    return out


def clip_passages(
    rng: Rng, bank: BaseBank, level: float, width_px: tuple[float, float] | None = None
) -> list[tuple[list[Gray], Base]]:
    """Make one clip and return for every tile the strips of all its frames: a plate that passes by."""
    return [
        ([_strip(rng, tile, patches, step) for step in range(_FRAMES)], tile.base)
        for tile, patches in _filmed(rng, bank, level, width_px)
    ]


def _filmed(
    rng: Rng, bank: BaseBank, level: float, width_px: tuple[float, float] | None
) -> list[tuple["_Tile", list[Gray]]]:
    """Tiles with their decoded patches, one per frame."""
    quantiser = int(rng.integers(20, 24 + round(12 * level)))
    low, high = width_px or (max(56.0, 56 + 2.2 * (quantiser - 24)), 138.0)
    tiles = [_Tile(rng, bank.draw(), float(rng.uniform(low, high)), level) for _ in range(_COLUMNS * _ROWS)]
    frames = [_mosaic([tile.frame(step) for tile in tiles]) for step in range(_FRAMES)]
    decoded = transcode(frames, {"preset": "veryfast", "tune": "zerolatency", "qp": str(quantiser)})
    out = []
    for index, tile in enumerate(tiles):
        top, left = (index // _COLUMNS) * TILE_H_PX, (index % _COLUMNS) * TILE_W_PX
        out.append((tile, [frame[top : top + TILE_H_PX, left : left + TILE_W_PX] for frame in decoded]))
    return out


def _strip(rng: Rng, tile: "_Tile", patches: list[Gray], step: int) -> Gray:
    shot = Shot(patch=patches[step], quad=tile.quad_at(step), width_px=tile.width_px, free=tile.base.free)
    return strip_of(rng, shot, tile.base.rows, tile.level)


def transcode(frames: list[Gray], options: dict[str, str]) -> list[Gray]:
    """Encode gray frames with libx264 and decode them again; as many come back as went in."""
    height, width = frames[0].shape
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base = Fraction(1, 25)
    encoder.options = options
    decoder = av.CodecContext.create("h264", "r")
    out: list[Gray] = []
    for index, gray in enumerate([*frames, None]):
        frame = None if gray is None else av.VideoFrame.from_ndarray(gray, format="gray8").reformat(format="yuv420p")
        if frame is not None:
            frame.pts = index
        for packet in encoder.encode(frame):
            out += [_luma(item) for item in decoder.decode(packet)]
    return out + [_luma(item) for item in decoder.decode(None)]


def _luma(frame: av.VideoFrame) -> Gray:
    plane = frame.planes[0]
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
    return np.ascontiguousarray(rows[:, : plane.width])


def _mosaic(tiles: list[Gray]) -> Gray:
    rows = [np.hstack(tiles[start : start + _COLUMNS]) for start in range(0, len(tiles), _COLUMNS)]
    return np.ascontiguousarray(np.vstack(rows))


class _Tile:
    """A plate that moves through its tile at a steady speed."""

    def __init__(self, rng: Rng, base: Base, width_px: float, level: float) -> None:
        self.base = base
        # A two-row plate is taller: make it narrower to stay inside the tile.
        self.width_px = width_px if base.rows == 1 else width_px * 0.55
        self._rng = rng
        self.level = level
        shot = shoot(rng, base, self.width_px, 0.8 * level, _ROOM_PX)
        self._speed = np.clip(rng.normal(0, 1.6, 2), -4, 4) * np.array([1.0, 0.6])
        lit = optics(rng, light(rng, shot.patch, 0.7 * level), self.width_px, 0.9 * level)
        blur_px = float(np.linalg.norm(self._speed)) * float(rng.uniform(0.1, 0.5))
        self._picture = (
            streak(lit, 1 + blur_px, float(np.arctan2(self._speed[1], self._speed[0]))) if blur_px > 0.5 else lit
        )
        self._quad = shot.quad
        self._origin = (shot.quad.min(axis=0) + shot.quad.max(axis=0)) / 2 - np.array([TILE_W_PX, TILE_H_PX]) / 2

    def frame(self, step: int) -> Gray:
        """The tile as the sensor sees it at that step."""
        move = self._offset(step)
        matrix = np.array([[1, 0, move[0]], [0, 1, move[1]]])
        moved: npt.NDArray[np.float32] = cv2.warpAffine(
            self._picture, matrix, (TILE_W_PX, TILE_H_PX), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
        ).astype(np.float32)
        return sensor_noise(self._rng, moved, self.width_px, self.level)

    def quad_at(self, step: int) -> npt.NDArray[np.float32]:
        """The plate's corners in the tile at that step."""
        return (self._quad + self._offset(step)).astype(np.float32)

    def _offset(self, step: int) -> npt.NDArray[np.float64]:
        return np.asarray(-self._origin + self._speed * (step - _FRAMES / 2), np.float64)

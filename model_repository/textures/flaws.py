"""Flaws painted on a picture of a surface: scratch, dent, crack, stain, cluster of pores.

Rules of this file
- Pure: a grey picture, settings and a random generator in, the picture with the flaw and the mask of it out.
- What a flaw does to the light is a factor on the picture, so that the texture stays visible where it would.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2
import numpy as np
import numpy.typing as npt

from model_repository.textures.settings import Flaw

Field = npt.NDArray[np.float32]
Grey = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

_SEEN_MIN = 0.02
"""A pixel belongs to a flaw where it changes the light by this share at least."""


def paint(kind: str, picture: Grey, settings: Flaw, rng: np.random.Generator) -> tuple[Grey, Mask]:
    """The picture [H, W] with one flaw, and where the flaw is; `kind` is one of FLAWS (KeyError otherwise)."""
    height, width = picture.shape
    middle = (settings.x * width, settings.y * height)
    factor = FLAWS[kind]((height, width), middle, settings, rng)
    flawed = np.clip(np.rint(picture.astype(np.float32) * (1.0 + factor)), 0, 255)
    return np.asarray(flawed, np.uint8), np.asarray(np.abs(factor) >= _SEEN_MIN)


def _scratch(shape: tuple[int, int], middle: tuple[float, float], settings: Flaw, rng: np.random.Generator) -> Field:
    """A slightly bent line across the grain or along it, bright on one edge and dark on the other."""
    length, angle = 110 * settings.size, rng.uniform(0, np.pi)
    along = np.linspace(-0.5, 0.5, 40)
    bend = rng.uniform(-0.15, 0.15) * length * (4 * along**2 - 1)
    x = middle[0] + length * along * np.cos(angle) - bend * np.sin(angle)
    y = middle[1] + length * along * np.sin(angle) + bend * np.cos(angle)
    line = _line(shape, np.stack([x, y], 1), 1.6 * settings.size)
    shadow = np.roll(line, (1, 1), (0, 1))
    return np.asarray(settings.contrast * (0.45 * line - 0.35 * shadow), np.float32)


def _dent(shape: tuple[int, int], middle: tuple[float, float], settings: Flaw, rng: np.random.Generator) -> Field:
    """A round hollow: its wall turned to the lamp is lighter, the other darker."""
    radius, lamp = 24 * settings.size, rng.uniform(0, 2 * np.pi)
    dx, dy = _offsets(shape, middle)
    slope = (dx * np.cos(lamp) + dy * np.sin(lamp)) / radius
    return np.asarray(0.75 * settings.contrast * slope * np.exp(-(dx**2 + dy**2) / radius**2), np.float32)


def _crack(shape: tuple[int, int], middle: tuple[float, float], settings: Flaw, rng: np.random.Generator) -> Field:
    """A dark line that wanders, with two branches."""
    heading = rng.uniform(0, 2 * np.pi)
    trunk = _walk(np.asarray(middle), heading, int(26 * settings.size), rng)
    field = _line(shape, trunk, 1.8 * settings.size)
    for turn in (0.7, -0.7):
        start = trunk[rng.integers(len(trunk) // 4, len(trunk))]
        branch = _walk(start, heading + turn, int(12 * settings.size), rng)
        field = np.maximum(field, _line(shape, branch, 1.2 * settings.size))
    return np.asarray(-0.55 * settings.contrast * field, np.float32)


def _stain(shape: tuple[int, int], middle: tuple[float, float], settings: Flaw, rng: np.random.Generator) -> Field:
    """A soft irregular patch that is darker; the texture goes on under it."""
    dx, dy = _offsets(shape, middle)
    angle = np.arctan2(dy, dx)
    radius = 30 * settings.size * np.ones(shape, np.float32)
    for wave in (2, 3, 5):
        radius *= 1 + rng.uniform(0, 0.35) / wave * np.cos(wave * angle + rng.uniform(0, 2 * np.pi))
    inside = 0.5 - 0.5 * np.tanh((np.hypot(dx, dy) - radius) / 5.0)
    return np.asarray(-0.30 * settings.contrast * inside, np.float32)


def _pores(shape: tuple[int, int], middle: tuple[float, float], settings: Flaw, rng: np.random.Generator) -> Field:
    """Small dark holes close together."""
    field = np.zeros(shape, np.float32)
    for _ in range(int(14 * settings.size)):
        x, y = np.asarray(middle) + rng.normal(0, 16 * settings.size, 2)
        dx, dy = _offsets(shape, (x, y))
        field = np.maximum(field, np.exp(-(dx**2 + dy**2) / (2 * rng.uniform(0.9, 1.9) ** 2)))
    return np.asarray(-0.6 * settings.contrast * field, np.float32)


def _offsets(shape: tuple[int, int], middle: tuple[float, float]) -> tuple[Field, Field]:
    """How far each pixel is from a point, along x [1, W] and y [H, 1]; they broadcast to a picture."""
    dx = np.arange(shape[1], dtype=np.float32)[None, :] - np.float32(middle[0])
    dy = np.arange(shape[0], dtype=np.float32)[:, None] - np.float32(middle[1])
    return dx, dy


def _walk(start: npt.NDArray[np.float64], heading: float, steps: int, rng: np.random.Generator) -> Field:
    """The corners of a line that changes its direction at every step of 5 px."""
    headings = heading + np.cumsum(rng.normal(0, 0.35, max(steps, 2)))
    moves = 5.0 * np.stack([np.cos(headings), np.sin(headings)], 1)
    return np.asarray(start + np.cumsum(moves, 0), np.float32)


def _line(shape: tuple[int, int], corners: npt.NDArray[np.floating], width_px: float) -> Field:
    """A line with soft edges, 0..1, that gets thin at both ends."""
    field = np.zeros(shape, np.float32)
    scaled = np.rint(corners * 16).astype(np.int32).reshape(-1, 1, 2)
    cv2.polylines(field, [scaled], isClosed=False, color=1.0, thickness=1, lineType=cv2.LINE_8, shift=4)
    soft = np.asarray(cv2.GaussianBlur(field, (0, 0), width_px / 2), np.float32)
    return np.asarray(soft / max(float(soft.max()), 1e-6), np.float32)


FLAWS: Mapping[str, Callable[[tuple[int, int], tuple[float, float], Flaw, np.random.Generator], Field]] = {
    "scratch": _scratch,
    "dent": _dent,
    "crack": _crack,
    "stain": _stain,
    "pores": _pores,
}

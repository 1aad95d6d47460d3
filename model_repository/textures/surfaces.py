"""Good surfaces drawn by code: brushed metal, rolled steel, a cast part, fabric, wood.

Rules of this file
- Pure: settings and a random generator in, a grey picture out. Equal arguments give equal bytes.
- Every surface is noise that was filtered and shaded the way its making shapes it; sizes are in pixels at grain 1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2
import numpy as np
import numpy.typing as npt

from model_repository.textures.settings import Surface

Field = npt.NDArray[np.float32]
Grey = npt.NDArray[np.uint8]

_MARGIN_PX = 48
"""Drawn around the picture and cut off again: turning needs it."""


def render(kind: str, settings: Surface, rng: np.random.Generator, *, size_px: int = 512) -> Grey:
    """One good surface, uint8 [size_px, size_px]; `kind` is one of SURFACES (KeyError otherwise)."""
    side = size_px + 2 * _MARGIN_PX
    level, amplitude, draw = SURFACES[kind]
    relief = draw(side, settings.grain, rng)
    relief = (relief - relief.mean()) / (relief.std() + 1e-6)
    if settings.turn_deg:
        turn = cv2.getRotationMatrix2D((side / 2, side / 2), settings.turn_deg, 1.0)
        relief = np.asarray(cv2.warpAffine(relief, turn, (side, side), borderMode=cv2.BORDER_REFLECT), np.float32)
    relief = relief[_MARGIN_PX:-_MARGIN_PX, _MARGIN_PX:-_MARGIN_PX]
    picture = level + amplitude * settings.contrast * relief
    picture *= settings.gain * _lamp(size_px, settings)
    picture += rng.normal(0.0, 1.5, picture.shape)
    return np.asarray(np.clip(np.rint(picture), 0, 255), np.uint8)


def _lamp(size_px: int, settings: Surface) -> Field:
    """Light that falls off across the picture, 1 in the middle."""
    axis = np.linspace(-1.0, 1.0, size_px, dtype=np.float32)
    slope = np.cos(settings.lamp_rad) * axis[None, :] + np.sin(settings.lamp_rad) * axis[:, None]
    return np.asarray(1.0 + settings.falloff * slope, np.float32)


def _noise(side: int, rng: np.random.Generator, sigma_x: float, sigma_y: float) -> Field:
    """Noise blurred by so many pixels along each axis, spread 1."""
    field = rng.standard_normal((side, side), np.float32)
    blurred = cv2.GaussianBlur(
        field, (0, 0), sigmaX=max(sigma_x, 0.3), sigmaY=max(sigma_y, 0.3), borderType=cv2.BORDER_REFLECT
    )
    return np.asarray(blurred / (blurred.std() + 1e-6), np.float32)


def _brushed_metal(side: int, grain: float, rng: np.random.Generator) -> Field:
    """Long fine lines in one direction, some deeper than others."""
    fine = _noise(side, rng, 40 * grain, 0.6 * grain)
    deep = _noise(side, rng, 70 * grain, 1.6 * grain)
    return np.asarray(fine + 0.7 * deep + 0.15 * _noise(side, rng, 2.0, 0.4), np.float32)


def _rolled_steel(side: int, grain: float, rng: np.random.Generator) -> Field:
    """Fine speckle, short marks of rolling, faint bands."""
    speckle = _noise(side, rng, 0.9 * grain, 0.7 * grain)
    marks = _noise(side, rng, 8 * grain, 1.2 * grain)
    return np.asarray(speckle + 0.6 * marks + 0.35 * _noise(side, rng, 120, 9 * grain), np.float32)


def _cast(side: int, grain: float, rng: np.random.Generator) -> Field:
    """A lumpy relief lit from one side."""
    height = 2.2 * _noise(side, rng, 5 * grain, 5 * grain) + 0.5 * _noise(side, rng, 1.8 * grain, 1.8 * grain)
    shade = cv2.Sobel(height, cv2.CV_32F, 1, 1, ksize=3) + cv2.Sobel(height, cv2.CV_32F, 1, 0, ksize=3)
    return np.asarray(shade + 0.3 * shade.std() * _noise(side, rng, 0.6, 0.6), np.float32)


def _fabric(side: int, grain: float, rng: np.random.Generator) -> Field:
    """A plain weave: over and under alternate, threads wander and differ in thickness."""
    pitch = 9.0 * grain
    axis = np.arange(side, dtype=np.float32)
    along_x = (axis[None, :] + 1.0 * _noise(side, rng, 3, 40)) / pitch * np.pi
    along_y = (axis[:, None] + 1.0 * _noise(side, rng, 40, 3)) / pitch * np.pi
    over = np.sin(along_x) * np.sin(along_y) > 0
    warp, weft = np.abs(np.sin(along_x)), np.abs(np.sin(along_y))
    weave = np.where(over, 0.9 * warp, 0.75 * weft)
    return np.asarray(weave + 0.12 * _noise(side, rng, 0.8, 0.8), np.float32)


def _wood(side: int, grain: float, rng: np.random.Generator) -> Field:
    """Wandering year rings seen along the fibre, and fine fibres on them."""
    axis = np.arange(side, dtype=np.float32)
    rings = np.sin((axis[:, None] + 7 * _noise(side, rng, 110, 30)) / (6.5 * grain))
    fibre = _noise(side, rng, 16 * grain, 0.7 * grain)
    return np.asarray(0.8 * rings + 0.6 * fibre + 0.25 * _noise(side, rng, 0.7, 0.7), np.float32)


SURFACES: Mapping[str, tuple[float, float, Callable[[int, float, np.random.Generator], Field]]] = {
    "brushed_metal": (150.0, 17.0, _brushed_metal),
    "rolled_steel": (120.0, 14.0, _rolled_steel),
    "cast": (105.0, 20.0, _cast),
    "fabric": (130.0, 26.0, _fabric),
    "wood": (140.0, 20.0, _wood),
}
"""Kind → mean grey level, spread of the grey levels, how its relief is drawn."""

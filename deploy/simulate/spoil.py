"""What can happen to the picture before a camera codes it. Pure: arrays in, arrays out; chance is passed in.

Planes are those of I420: y uint8 [height, width], u and v half as large. What is passed in is never changed.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Plane = npt.NDArray[np.uint8]
Planes = tuple[Plane, Plane, Plane]
Spoil = Callable[[Planes, float, np.random.Generator], Planes]

BLACK, NEUTRAL, WHITE = 16, 128, 235
TILE = 512


def black(planes: Planes, strength: float, rng: np.random.Generator) -> Planes:
    """No light: black with the little noise of a sensor."""
    grain = rng.integers(0, 1 + round(3 * strength), planes[0].shape, dtype=np.uint8)
    return np.asarray(BLACK + grain, np.uint8), _grey(planes[1]), _grey(planes[2])


def over(planes: Planes, strength: float, rng: np.random.Generator) -> Planes:  # noqa: ARG001 - as all others
    """Too much light: what is not dark is white."""
    y = np.clip(planes[0].astype(np.float32) * (1 + 3 * strength) + 60 * strength, BLACK, WHITE)
    return y.astype(np.uint8), _washed(planes[1], 0.3), _washed(planes[2], 0.3)


def blur(planes: Planes, strength: float, rng: np.random.Generator) -> Planes:  # noqa: ARG001 - as all others
    """Out of focus, or a dirty lens: 1 = a radius of one part in 160 of the width."""
    sigma = planes[0].shape[1] / 160 * strength
    return _soft(planes[0], sigma), _soft(planes[1], sigma / 2), _soft(planes[2], sigma / 2)


def cover(planes: Planes, strength: float, rng: np.random.Generator) -> Planes:
    """Something in front of the lens: 1 = all of the picture, less = a part of it from the left."""
    height, width = planes[0].shape
    shade = cv2.resize(rng.normal(70, 12, (4, 4)).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    covered = np.clip(shade + _grain(shade.shape, 1.5, rng), BLACK, WHITE).astype(np.uint8)
    edge = round(width * strength / 2) * 2
    return _beside(covered, planes[0], edge), _beside(_grey(planes[1]), planes[1], edge // 2), _beside(
        _grey(planes[2]), planes[2], edge // 2
    )  # fmt: skip


def move(planes: Planes, strength: float, rng: np.random.Generator) -> Planes:  # noqa: ARG001 - as all others
    """Pushed aside: 1 = by a third of the picture's width and a quarter of its height; what comes in is mirrored."""
    return tuple(_shifted(plane, strength) for plane in planes)  # type: ignore[return-value]


def noise(planes: Planes, strength: float, rng: np.random.Generator) -> Planes:
    """A sensor that is too hot, or gain turned up: 1 = a standard deviation of 20 grey levels."""
    y = planes[0] + _grain(planes[0].shape, 20 * strength, rng)
    return np.clip(y, BLACK, WHITE).astype(np.uint8), planes[1], planes[2]


def night(planes: Planes, strength: float, rng: np.random.Generator) -> Planes:
    """NOT a fault: infrared light. Grey, darker, grainier, brighter in the middle than at the rim."""
    height, width = planes[0].shape
    across, down = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
    lamp = (1.1 - 0.7 * strength * np.clip(across**2 + down**2, 0, 1)).astype(np.float32)
    y = BLACK + (planes[0].astype(np.float32) - BLACK) * 0.7 * lamp + _grain(planes[0].shape, 2, rng)
    return np.clip(y, BLACK, WHITE).astype(np.uint8), _grey(planes[1]), _grey(planes[2])


SPOILS: Mapping[str, Spoil] = {
    "black": black, "over": over, "blur": blur, "cover": cover, "move": move, "noise": noise, "night": night,
}  # fmt: skip


def _grain(shape: tuple[int, ...], sigma: float, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Noise: cut at random out of one tile, for drawing a million numbers per picture takes longer than coding it."""
    (rows, columns), (down, across) = shape, rng.integers(0, TILE, 2)
    tile = np.roll(_tile(), (int(down), int(across)), (0, 1))
    return sigma * np.tile(tile, (-(-rows // TILE), -(-columns // TILE)))[:rows, :columns]


@functools.cache
def _tile() -> npt.NDArray[np.float32]:
    return np.random.default_rng(1).normal(0, 1, (TILE, TILE)).astype(np.float32)


def _grey(plane: Plane) -> Plane:
    return np.full_like(plane, NEUTRAL)


def _washed(plane: Plane, share: float) -> Plane:
    return (NEUTRAL + (plane.astype(np.float32) - NEUTRAL) * share).astype(np.uint8)


def _soft(plane: Plane, sigma: float) -> Plane:
    return np.asarray(cv2.GaussianBlur(np.ascontiguousarray(plane), (0, 0), sigma), np.uint8)


def _beside(left: Plane, right: Plane, edge: int) -> Plane:
    both: Any = right.copy()
    both[:, :edge] = left[:, :edge]
    return both  # type: ignore[no-any-return]


def _shifted(plane: Plane, strength: float) -> Plane:
    height, width = plane.shape
    across, down = round(width * strength / 3), round(height * strength / 4)
    framed = cv2.copyMakeBorder(np.ascontiguousarray(plane), down, 0, across, 0, cv2.BORDER_REFLECT_101)
    return np.ascontiguousarray(framed[:height, :width], np.uint8)

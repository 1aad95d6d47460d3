"""What light and dirt do to a gray picture of a plate.

`level` goes from 0 (easy) to 1 (as hard as it gets).
"""

import cv2
import numpy as np
import numpy.typing as npt

Gray = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Rng = np.random.Generator


def dirty(rng: Rng, plate: Gray) -> Gray:
    """Mud, dust and wear on a clean plate: what is written stays readable."""
    if rng.random() < 0.55:
        return plate
    h_px, w_px = plate.shape
    out = plate.astype(np.float32)
    grains = rng.random((int(rng.integers(2, 8)), int(rng.integers(4, 24)))).astype(np.float32)
    cover = cv2.resize(grains, (w_px, h_px), interpolation=cv2.INTER_CUBIC)
    if rng.random() < 0.5:
        cover += np.linspace(-0.5, 0.5, h_px, dtype=np.float32)[:, None]
    cover = np.clip(cover - 0.3, 0, 1) * float(rng.uniform(0.1, 0.75))
    out += (float(rng.uniform(40, 190)) - out) * cover
    for _ in range(int(rng.integers(0, 7))):
        centre = (int(rng.integers(0, w_px)), int(rng.integers(0, h_px)))
        cv2.circle(out, centre, int(rng.integers(1, 4)), float(rng.uniform(30, 220)), -1, cv2.LINE_AA)
    return np.asarray(np.clip(out, 0, 255), np.uint8)


def light(rng: Rng, patch: Gray, level: float) -> Floats:
    """Change contrast and brightness, add slopes, shadows, glare, lamps; float32 of the same shape, 0 to 255."""
    out = patch.astype(np.float32)
    if rng.random() < 0.12 * level:
        out = _flash(rng, out)
    contrast = float(rng.uniform(1 - 0.72 * level, 1.1))
    out = out * contrast + float(rng.uniform(0, max(2.0, 255 - 235 * contrast)))
    if rng.random() < 0.4:
        slope = np.linspace(-1, 1, patch.shape[1], dtype=np.float32) * float(rng.normal(0, 0.18 * level))
        out *= 1 + slope
    if rng.random() < 0.25:
        out *= 1 + np.linspace(-1, 1, patch.shape[0], dtype=np.float32)[:, None] * float(rng.normal(0, 0.2 * level))
    if rng.random() < 0.25 * level:
        out = _slanting_shadow(rng, out)
    if rng.random() < 0.15 * level:
        out = _overhang(rng, out)
    if rng.random() < 0.08 * level:
        out = _spot(rng, out, (rng.random(), rng.random()), 0.1)
    if rng.random() < 0.07 * level:
        for x in (rng.uniform(0.15, 0.45), rng.uniform(0.55, 0.85)):
            out = _spot(rng, out, (x, rng.uniform(0.05, 0.3)), 0.05)
    return np.asarray(np.clip(out, 0, 255), np.float32)


def _flash(rng: Rng, picture: Floats) -> Floats:
    """Infrared lamps or a flash: the paper shines, the ink and everything around are dark."""
    middle = float(rng.uniform(90, 150))
    steep = float(rng.uniform(0.02, 0.06))
    return np.asarray(255 / (1 + np.exp(-(picture - middle) * steep)), np.float32)


def _slanting_shadow(rng: Rng, picture: Floats) -> Floats:
    h_px, w_px = picture.shape
    ends = rng.integers(0, w_px, 2)
    side = np.zeros((h_px, w_px), np.uint8)
    corner = np.array([[0, 0], [int(ends[0]), 0], [int(ends[1]), h_px], [0, h_px]], np.int32)
    cv2.fillConvexPoly(side, corner, 1)
    return np.asarray(picture * (1 - side * np.float32(rng.uniform(0.15, 0.6))), np.float32)


def _overhang(rng: Rng, picture: Floats) -> Floats:
    """The shadow of a bumper or a boot lid on the upper part, soft at its edge."""
    h_px, w_px = picture.shape
    edge = float(rng.uniform(0.2, 0.65)) * h_px + np.linspace(-0.5, 0.5, w_px) * float(rng.normal(0, 0.1)) * h_px
    soft_px = float(rng.uniform(0.5, 0.08 * h_px + 1))
    depth = 1 / (1 + np.exp((np.arange(h_px)[:, None] - edge[None]) / soft_px))
    return np.asarray(picture * (1 - depth * float(rng.uniform(0.2, 0.6))), np.float32)


def _spot(rng: Rng, picture: Floats, at: tuple[float, float], size: float) -> Floats:
    """A soft bright spot at a share of width and height."""
    h_px, w_px = picture.shape
    glare = np.zeros((h_px, w_px), np.float32)
    cv2.circle(glare, (int(at[0] * w_px), int(at[1] * h_px)), max(2, int(size * w_px)), float(rng.uniform(20, 90)), -1)
    return np.asarray(picture + cv2.GaussianBlur(glare, (0, 0), max(1.0, 0.6 * size * w_px)), np.float32)

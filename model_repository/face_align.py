"""A face turned upright into the picture that embeddings are made from, and how good it is. Pure.

The template is ArcFace's (Deng et al., 2019; InsightFace `arcface_dst`): where the five points lie in 112x112.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Image = npt.NDArray[np.uint8]

TEMPLATE: Floats = np.array(
    [(38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041)], np.float32
)
TEMPLATE_SIDE_PX = 112
NOSE_ALONG = 0.57
"""How far down from the eyes to the mouth the nose of a level face lies: median of 46 photographs 0.56 by SCRFD's
points, 0.60 by YuNet's."""
SHARP = 0.4
"""sqrt(var(Laplacian) / var(grey)) of a face in focus at 112x112: 90 % of 46 photographs have more. Blurred by a
Gaussian of one pixel half of them have less than 0.24, of two 0.13."""


class Quality(NamedTuple):
    """Each 0..1; `whole` is the geometric mean of the other three."""

    whole: float
    size: float
    sharpness: float
    pose: float


def similarity(points: Floats, target: Floats) -> npt.NDArray[np.float64] | None:
    """The turn, scale and shift (2, 3) that bring points (n, 2) nearest to target (n, 2); None where they coincide.

    Least squares without reflection (Umeyama 1991): in the plane the points are complex numbers p and q about their
    means, and the factor is sum(conj(p) q) / sum(|p|²).
    """
    if not np.isfinite(points).all():
        return None
    p, q = points.astype(np.float64), target.astype(np.float64)
    p_mean, q_mean = p.mean(axis=0), q.mean(axis=0)
    pc = (p - p_mean) @ np.array([1, 1j])
    qc = (q - q_mean) @ np.array([1, 1j])
    spread = float(np.sum(np.abs(pc) ** 2))
    if not spread > 1e-9:
        return None
    factor = complex(np.sum(np.conj(pc) * qc) / spread)
    turn = np.array([[factor.real, -factor.imag], [factor.imag, factor.real]])
    if abs(factor) < 1e-6:
        return None
    return np.concatenate([turn, (q_mean - turn @ p_mean)[:, None]], axis=1)


def aligned(picture: Image, matrix: npt.NDArray[np.float64], side_px: int = TEMPLATE_SIDE_PX) -> Image:
    """The face upright, uint8 [side, side, 3]; black where the picture ends."""
    out = cv2.warpAffine(picture, matrix, (side_px, side_px), flags=cv2.INTER_LINEAR, borderValue=(0, 0, 0))
    return np.asarray(out, np.uint8)


def template(side_px: int) -> Floats:
    """The template scaled to another side."""
    return TEMPLATE * np.float32(side_px / TEMPLATE_SIDE_PX)


def quality(points: Floats, matrix: npt.NDArray[np.float64], face: Image) -> Quality:
    """How good a face is for recognition; `face` is aligned by `matrix`.

    - size: 1 where the face had at least the pixels that the aligned picture has, else the share of them (along one
      side): min(1, 1 / scale of `matrix`).
    - sharpness: see `sharpness_of`.
    - pose: see `pose_of`.
    """
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    size, sharpness, pose = min(1.0, 1 / scale), sharpness_of(face), pose_of(points)
    return Quality((size * sharpness * pose) ** (1 / 3), size, sharpness, pose)


def sharpness_of(face: Image) -> float:
    """min(1, sqrt(var(Laplacian) / var(grey)) / SHARP) of the middle half of an aligned face.

    Divided by the contrast, so that a dark face is not called blurred; flat pictures have none.
    """
    quarter = len(face) // 4
    grey = cv2.cvtColor(face[quarter:-quarter, quarter:-quarter], cv2.COLOR_BGR2GRAY).astype(np.float32)
    contrast = float(grey.var())
    if contrast < 1.0:
        return 0.0
    edges = float(cv2.Laplacian(grey, cv2.CV_32F).var())
    return min(1.0, float(np.sqrt(edges / contrast)) / SHARP)


def pose_of(points: Floats) -> float:
    """1 for a face that looks at the camera, 0 for a profile or one that looks straight up or down.

    With e the middle of the eyes, m of the mouth's corners, n the nose and d = |eye − eye|, |m − e| at the least: the
    nose of a face turned aside leaves the line e–m by s (in d), that of a nodding one lies at t along it, and

        pose = max(0, 1 − s / 0.5) · max(0, 1 − |t − NOSE_ALONG| / 0.45)
    """
    eyes, mouth, nose = points[:2].mean(axis=0), points[3:].mean(axis=0), points[2]
    axis = mouth - eyes
    long = float(np.linalg.norm(axis))
    if long < 1e-3:
        return 0.0
    wide = max(float(np.linalg.norm(points[1] - points[0])), long)
    away = nose - eyes
    along = float(away @ axis) / long**2
    aside = abs(float(away[0] * axis[1] - away[1] * axis[0])) / long / wide
    return max(0.0, 1 - aside / 0.5) * max(0.0, 1 - abs(along - NOSE_ALONG) / 0.45)


def unit(vector: Floats) -> Floats:
    """The vector at length 1; zero stays zero, and what is no number becomes zero."""
    finite = np.where(np.isfinite(vector), vector, 0).astype(np.float32)
    length = float(np.linalg.norm(finite))
    return finite / np.float32(length) if length > 0 else finite

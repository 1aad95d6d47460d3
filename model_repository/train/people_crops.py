"""Person crops as clients of Triton send them, cut out of portraits at random: what the trainings learn from."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from model_repository.contract import letterbox
from model_repository.scenes.portraits import Portrait, face_box
from model_repository.train.small import Image

FILL = 114
Floats = npt.NDArray[np.float32]
_MIRRORED = (1, 0, 2, 4, 3)


@dataclass(frozen=True, slots=True)
class Crop:
    """A tensor [H, W, 3] with a crop in its upper left corner, and the points (n, 5, 2) of the faces in it."""

    image: Image
    faces: Floats
    scale: float
    used: tuple[int, int]


def cut(rng: np.random.Generator, portrait: Portrait, size: tuple[int, int], *, upper: float = 0.0) -> Crop:
    """Cut the person with the margins of a shaky detector; with the share `upper` only head and shoulders or less.

    `size` is the tensor's width and height. Half of the crops are mirrored.
    """
    x1, y1, x2, y2 = portrait.box
    wide, high = x2 - x1, y2 - y1
    if upper and rng.random() < upper:
        y2 = y1 + high * float(rng.uniform(0.2, 0.7))
        high = y2 - y1
    edges = np.array([x1, y1, x2, y2]) + rng.uniform(-0.04, 0.14, 4) * [-wide, -high, wide, high]
    picture = portrait.image
    left, top, right, low = np.clip(np.round(edges), 0, [picture.shape[1], picture.shape[0]] * 2).astype(int)
    piece = picture[top : max(low, top + 4), left : max(right, left + 4)]
    points = np.array([points for points, _ in portrait.faces], np.float32).reshape(-1, 5, 2) - [left, top]
    if rng.random() < 0.5:
        points[..., 0] = piece.shape[1] - 1 - points[..., 0]
        points, piece = points[:, list(_MIRRORED)], piece[:, ::-1]
    box = letterbox((piece.shape[1], piece.shape[0]), size, "top_left")
    tensor = np.full((size[1], size[0], 3), FILL, np.uint8)
    how = cv2.INTER_AREA if box.scale_x < 1 else cv2.INTER_LINEAR
    tensor[: box.height, : box.width] = cv2.resize(piece, (box.width, box.height), interpolation=how)
    moved = (points * [box.scale_x, box.scale_y]).astype(np.float32)
    return Crop(tensor, moved, box.scale_y, (box.width, box.height))


def boxes_of(faces: Floats) -> Floats:
    """The boxes (n, 4) of faces (n, 5, 2)."""
    return np.array([face_box(points) for points in faces], np.float32).reshape(-1, 4)

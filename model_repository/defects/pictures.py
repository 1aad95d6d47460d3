"""Pictures of surfaces from a folder, cut for a model as every client cuts them.

Edge: reads files; nothing is written.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from model_repository.contract import DEFECT_TILES, SURFACE_DEFECT, ModelCard
from model_repository.defects.errors import PicturesMissing, PictureTooSmall, PictureUnreadable, SizesDiffer
from model_repository.defects.features import FILL, SIDE_MIN_PX
from model_repository.evaluation.pictures import letterboxed

Picture = npt.NDArray[np.uint8]

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp")
INPUT_MAX_PX = 512
"""A larger picture is made smaller before its texture is measured."""


def listed(folder: Path) -> list[Path]:
    """The pictures of a folder by name. Raises PicturesMissing where there are none."""
    found = sorted(path for path in folder.glob("[!.]*") if path.suffix.lower() in SUFFIXES) if folder.is_dir() else []
    if not found:
        raise PicturesMissing(folder, SUFFIXES)
    return found


def read(path: Path) -> Picture:
    """One picture as uint8 [H, W, 3] BGR, whatever its depth and colour. Raises PictureUnreadable."""
    try:
        picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    except cv2.error as error:  # a header that promises more pixels than OpenCV takes
        raise PictureUnreadable(path) from error
    if picture is None:
        raise PictureUnreadable(path)
    return np.asarray(picture, np.uint8)


def read_alike(paths: list[Path]) -> list[Picture]:
    """Pictures of one size. Raises PictureUnreadable, SizesDiffer."""
    pictures = [read(path) for path in paths]
    for path, picture in zip(paths, pictures, strict=True):
        if picture.shape != pictures[0].shape:
            raise SizesDiffer(path, size_of(picture), paths[0], size_of(pictures[0]))
    return pictures


def size_of(picture: Picture) -> tuple[int, int]:
    """Width and height in pixels."""
    return picture.shape[1], picture.shape[0]


def input_size(path: Path, size: tuple[int, int]) -> tuple[int, int]:
    """The tensor (width, height) for pictures of a size: never larger, sides that part into tiles.

    Raises PictureTooSmall, with the picture's path.
    """
    scale = min(1.0, INPUT_MAX_PX / max(size))
    width, height = (int(side * scale) // DEFECT_TILES * DEFECT_TILES for side in size)
    if min(width, height) < SIDE_MIN_PX:
        raise PictureTooSmall(path, size, SIDE_MIN_PX)
    return width, height


def cut(picture: Picture, size: tuple[int, int]) -> Picture:
    """A picture as the CROP tensor (width, height): letterboxed top-left with grey."""
    tensor = ModelCard(
        name="", task=SURFACE_DEFECT, input_width=size[0], input_height=size[1], anchor="top_left", fill=FILL
    )
    return letterboxed(picture, tensor)

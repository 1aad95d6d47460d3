"""Pictures as an ensemble takes them. Pure numpy and cv2."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from model_repository.contract import ModelCard, letterbox


def i420_frame(picture: npt.NDArray[np.uint8], card: ModelCard) -> npt.NDArray[np.uint8]:
    """A BGR picture letterboxed for a card, as I420 [H*3/2, W]."""
    return np.asarray(cv2.cvtColor(letterboxed(picture, card), cv2.COLOR_BGR2YUV_I420), np.uint8)


def letterboxed(picture: npt.NDArray[np.uint8], card: ModelCard) -> npt.NDArray[np.uint8]:
    """A BGR picture fitted into the input of a card, [H, W, 3]."""
    size = (card.input_width, card.input_height)
    box = letterbox((picture.shape[1], picture.shape[0]), size, card.anchor)
    canvas = np.full((size[1], size[0], 3), card.fill, np.uint8)
    resized = cv2.resize(picture, (box.width, box.height), interpolation=cv2.INTER_AREA)
    canvas[box.top : box.top + box.height, box.left : box.left + box.width] = resized
    return canvas

"""What ingest needs to know of the detector: its geometry and how its answer becomes boxes of the picture.

Pure: no I/O, no clock.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec
import numpy as np
import numpy.typing as npt

from ingest.contract import Box
from ingest.errors import CardError
from ingest.motion import PixelBox
from ingest.track import Seen
from model_repository.contract import BOXES, CLASSES, COUNT, SCORES, Letterbox, ModelCard

OUTPUTS = (BOXES, SCORES, CLASSES, COUNT)
DTYPES = {BOXES: np.float32, SCORES: np.float32, CLASSES: np.int32, COUNT: np.int32}
SIDE_PX_MAX = 8192


class Geometry(msgspec.Struct, frozen=True, kw_only=True):
    """The tensor that the detector takes, in pixels."""

    width: int
    height: int
    anchor: Literal["center", "top_left"]
    fill: int


def read_card(text: str) -> ModelCard:
    """Read and check the card that Triton gives; raises `CardError`."""
    try:
        card = msgspec.json.decode(text, type=ModelCard)
    except msgspec.DecodeError as error:
        raise CardError(f"the detector's card can't be read: {error}") from None
    for side in (card.input_width, card.input_height):
        if not 0 < side <= SIDE_PX_MAX or side % 4:
            raise CardError(
                f"the detector's input of {card.input_width}x{card.input_height} can't hold an I420 picture"
            )
    if not card.labels:
        raise CardError("the detector's card names no labels")
    return card


def geometry(card: ModelCard) -> Geometry:
    """The tensor's geometry."""
    return Geometry(width=card.input_width, height=card.input_height, anchor=card.anchor, fill=card.fill)


def read_boxes(
    outputs: dict[str, npt.NDArray[Any]], labels: tuple[str, ...], box: Letterbox, size: tuple[int, int]
) -> list[Seen]:
    """Boxes in pixels of the picture (`size`: width, height), clipped to it; what has no area there is left out."""
    count = min(int(outputs[COUNT].reshape(-1)[0]), outputs[SCORES].size)
    boxes = outputs[BOXES].reshape(-1, 4)[:count].tolist()
    scores = outputs[SCORES].reshape(-1)[:count].tolist()
    classes = outputs[CLASSES].reshape(-1)[:count].tolist()
    found: list[Seen] = []
    for raw, score, index in zip(boxes, scores, classes, strict=True):
        clipped = _clip(box.to_picture((raw[0], raw[1], raw[2], raw[3])), size)
        if clipped is not None and 0 <= index < len(labels):
            found.append(Seen(box=clipped, label=labels[index], confidence=score))
    return found


def relative(box: PixelBox, size: tuple[int, int]) -> Box:
    """A box of pixels as parts of the frame, rounded to what a pixel of any camera is worth."""
    w, h = size
    return round(box[0] / w, 5), round(box[1] / h, 5), round(box[2] / w, 5), round(box[3] / h, 5)


def _clip(box: PixelBox, size: tuple[int, int]) -> PixelBox | None:
    x1, y1 = max(0.0, box[0]), max(0.0, box[1])
    x2, y2 = min(float(size[0]), box[2]), min(float(size[1]), box[3])
    return (x1, y1, x2, y2) if x2 - x1 >= 1.0 and y2 - y1 >= 1.0 else None

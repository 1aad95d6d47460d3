"""What the other stages may know about models: tensor names, shapes, dtypes, cards and the letterbox.

Pure: no I/O, no clock. A client needs this module and a Triton address, nothing else of `model_repository`.

Rules
- Ensembles are the contract; the steps inside one are free per target.
- Input size, letterbox anchor and labels travel with the model, as the JSON of its `ModelCard` in the Triton parameter
  `card` of the ensemble; no client hard-codes them.
- All boxes that leave an ensemble are in pixels of the tensor that entered it; `Letterbox` maps them back.
"""

from __future__ import annotations

import hashlib
from typing import Literal

import msgspec

DETECTOR = "detector"
PLATE_READER = "plate_reader"
FACE_EMBEDDER = "face_embedder"
PPE_CLASSIFIER = "ppe_classifier"
SURFACE_DEFECT = "surface_defect"
OBJECT_DETECTOR = "object_detector"
"""A further detector is an ensemble `object_detector_<name>` with the tensors of `detector`."""

# detector: FRAME uint8 [H*3/2, W], one letterboxed I420 picture: H rows of Y, then H/4 rows of U, then H/4 rows of V
# (planes packed, BT.601 limited range).
FRAME = "FRAME"
BOXES = "BOXES"  # float32 [DETECTIONS_MAX, 4] x1, y1, x2, y2 in pixels of FRAME; rows past COUNT are zero
SCORES = "SCORES"  # float32 [DETECTIONS_MAX] descending
CLASSES = "CLASSES"  # int32 [DETECTIONS_MAX] index into the card's labels
COUNT = "COUNT"  # int32 [1]
DETECTIONS_MAX = 100
SCORE_FLOOR = 0.10
"""The one low score floor of every detector: the tracker needs the weak boxes, ingest applies the real one after it."""

# What takes crops takes one tensor: CROP uint8 [input_height, input_width, 3] of the card, BGR, the crop letterboxed
# top-left with the card's fill.
CROP = "CROP"

# plate_reader: a vehicle crop in.
# Texts are uint8 rows of UTF-8 with zeros to the end: a Python step of Triton can't answer BYTES under numpy 2.
TEXT = (
    "TEXT"  # uint8 [TEXT_BYTES], canonical alphabet of the region (Russian plates in Cyrillic); empty = none readable
)
TEXT_BYTES = 48
CONFIDENCE = "CONFIDENCE"  # float32 [1], of the whole text; where TEXT is empty, of "no readable plate"
CHAR_CONFIDENCE = "CHAR_CONFIDENCE"  # float32 [PLATE_CHARS_MAX], zero past the end of TEXT
QUAD = "QUAD"  # float32 [4, 2] corners tl, tr, br, bl in pixels of CROP; zero where no plate was found
PLATE_SCORE = "PLATE_SCORE"  # float32 [1], of the plate's corners
REGION = "REGION"  # uint8 [REGION_BYTES], ISO 3166 alpha-2 in lower case, or empty
REGION_BYTES = 8
PLATE_CHARS_MAX = 12

# face_embedder: a person or face crop in, the one face that it is of out; all zero where there is no face.
FACE_BOX = "FACE_BOX"  # float32 [4] x1, y1, x2, y2 in pixels of CROP
FACE_SCORE = "FACE_SCORE"  # float32 [1]
LANDMARKS = "LANDMARKS"  # float32 [5, 2] left eye, right eye, nose, left and right mouth corner, in pixels of CROP
FACE_QUALITY = "FACE_QUALITY"  # float32 [4], each 0..1: the whole, size, sharpness, pose (1 = frontal)
EMBEDDING = "EMBEDDING"  # float32 [embedding_size of the card], unit length
LIVENESS = "LIVENESS"  # float32 [1] 0..1, probability of a living face; -1 where no liveness model is deployed

# ppe_classifier: a person crop in; items are the card's labels ("helmet", "vest", …).
ITEM_WORN = "ITEM_WORN"  # float32 [items] probability that the item is worn
ITEM_KNOWN = "ITEM_KNOWN"  # float32 [items] 0..1, how far the crop lets the model tell at all; below 0.5: cannot tell

# surface_defect: a picture of a surface in.
DEFECT_SCORE = "DEFECT_SCORE"  # float32 [1] distance from good surfaces; 1 = the limit that was fitted
DEFECT_MAP = "DEFECT_MAP"  # float32 [DEFECT_TILES, DEFECT_TILES] the same for each tile, rows from the top
DEFECT_TILES = 8

CARD_PARAMETER = "card"


def version_number(card_text: str) -> int:
    """The version that Triton knows an ensemble by: a number from the text of its card.

    It stands in every answer. A client that holds another card than that of the answer's version sees it at once.
    """
    return int(hashlib.sha256(card_text.encode()).hexdigest()[:7], 16) + 1


class ModelRef(msgspec.Struct, frozen=True, kw_only=True):
    """Which weights answered: goes into every event."""

    name: str
    version: str = ""
    sha256: str = ""
    starter: bool = False


class ModelCard(msgspec.Struct, frozen=True, kw_only=True):
    """What a model is and how a client has to feed it."""

    name: str
    task: str
    version: str = ""
    sha256: str = ""
    starter: bool = False
    licence: str = ""
    trained_on: str = ""
    input_width: int = 0
    input_height: int = 0
    anchor: Literal["center", "top_left"] = "center"
    fill: int = 114
    labels: tuple[str, ...] = ()
    embedding_size: int = 0
    false_accepts: tuple[tuple[float, float], ...] = ()
    """Of embeddings, as measured: (share of pairs of different people, cosine that they exceed), falling shares."""
    parts: tuple[ModelRef, ...] = ()

    @property
    def ref(self) -> ModelRef:
        """The short form that events carry."""
        return ModelRef(name=self.name, version=self.version, sha256=self.sha256, starter=self.starter)


class Letterbox(msgspec.Struct, frozen=True, kw_only=True):
    """A picture fitted into a tensor with its proportions kept.

    `x_tensor = x_picture * scale_x + left`; width and height inside are even, so that chroma planes fit.
    """

    scale_x: float
    scale_y: float
    left: int
    top: int
    width: int
    height: int

    def to_picture(self, box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
        """Map x1, y1, x2, y2 from tensor pixels to picture pixels (not clipped)."""
        x1, y1, x2, y2 = box
        return (
            (x1 - self.left) / self.scale_x,
            (y1 - self.top) / self.scale_y,
            (x2 - self.left) / self.scale_x,
            (y2 - self.top) / self.scale_y,
        )

    def to_tensor(self, box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
        """Map x1, y1, x2, y2 from picture pixels to tensor pixels."""
        x1, y1, x2, y2 = box
        return (
            x1 * self.scale_x + self.left,
            y1 * self.scale_y + self.top,
            x2 * self.scale_x + self.left,
            y2 * self.scale_y + self.top,
        )


def letterbox(
    picture: tuple[int, int], tensor: tuple[int, int], anchor: Literal["center", "top_left"] = "center"
) -> Letterbox:
    """Fit a picture (width, height) into a tensor (width, height), both in pixels.

    The inner size is rounded to even numbers and the offsets too: I420 halves its chroma.
    """
    (w, h), (tw, th) = picture, tensor
    scale = min(tw / w, th / h)
    inner_w = max(2, min(tw, round(w * scale / 2) * 2))
    inner_h = max(2, min(th, round(h * scale / 2) * 2))
    left = (tw - inner_w) // 4 * 2 if anchor == "center" else 0
    top = (th - inner_h) // 4 * 2 if anchor == "center" else 0
    return Letterbox(scale_x=inner_w / w, scale_y=inner_h / h, left=left, top=top, width=inner_w, height=inner_h)

"""The face embedder's answer as a read. Pure: no I/O, no clock.

The persons that a face looks like are not the network's to say: `recognise` asks the gallery (`postprocess.gallery`).
"""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

from ingest.contract import Box
from model_repository.contract import (
    EMBEDDING,
    FACE_BOX,
    FACE_EMBEDDER,
    FACE_QUALITY,
    FACE_SCORE,
    LIVENESS,
    ModelCard,
)
from postprocess.contract import FaceRead
from postprocess.places import quad_in_frame
from postprocess.recognisers.unit import Answer, Crop, Recogniser
from postprocess.recognisers.values import share

UNIT_ERROR_MAX = 0.05
"""How far an embedding's length may be from 1 and still be rounding."""


class Marks(msgspec.Struct, frozen=True, kw_only=True):
    """How good a face is for recognition, each 0..1."""

    whole: float
    size: float
    sharpness: float
    pose: float


def read(answer: Answer, crop: Crop, card: ModelCard) -> FaceRead:
    """Where the face is in the frame, how good it is, and its embedding; raises `ValueError` for a broken one."""
    score = share(answer[FACE_SCORE][0])
    liveness = float(answer[LIVENESS][0])
    alive = share(liveness) if liveness >= 0.0 else -1.0
    if score == 0.0:
        return FaceRead(score=0.0, liveness=alive)
    return FaceRead(
        score=score,
        box=_box(answer[FACE_BOX], crop),
        quality=marks(answer).whole,
        embedding=embedding(answer, card),
        liveness=alive,
    )


def marks(answer: Answer) -> Marks:
    """The four qualities of an answer."""
    whole, size, sharpness, pose = (share(value) for value in answer[FACE_QUALITY][:4])
    return Marks(whole=whole, size=size, sharpness=sharpness, pose=pose)


def embedding(answer: Answer, card: ModelCard) -> bytes:
    """The embedding as float32, little-endian; raises `ValueError` where it has another size or length than told."""
    vector = np.asarray(answer[EMBEDDING], "<f4")
    if card.embedding_size and vector.size != card.embedding_size:
        raise ValueError(f"an embedding of {vector.size} numbers, the card says {card.embedding_size}")
    length = float(np.linalg.norm(vector))
    if not abs(length - 1.0) <= UNIT_ERROR_MAX:
        raise ValueError(f"an embedding of length {length:g} instead of 1")
    return (vector / np.float32(length)).astype("<f4").tobytes()


def _box(box: npt.NDArray[np.float32], crop: Crop) -> Box | None:
    x1, y1, x2, y2 = box[:4].tolist()
    corners = quad_in_frame(
        np.array([[x1, y1], [x2, y1], [x2, y2], [x1, y2]], np.float32), crop.fit, crop.size, crop.place
    )
    return (*corners[0], *corners[2]) if corners else None


FACE = Recogniser(name=FACE_EMBEDDER, outputs=(FACE_BOX, FACE_SCORE, FACE_QUALITY, EMBEDDING, LIVENESS), read=read)

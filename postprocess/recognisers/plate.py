"""The plate reader's answer as a read. Pure: no I/O, no clock."""

from __future__ import annotations

from model_repository.contract import (
    CHAR_CONFIDENCE,
    CONFIDENCE,
    PLATE_READER,
    PLATE_SCORE,
    QUAD,
    REGION,
    TEXT,
    ModelCard,
)
from postprocess.contract import PlateRead
from postprocess.places import quad_in_frame
from postprocess.recognisers.unit import Answer, Crop, Recogniser
from postprocess.recognisers.values import share, text


def read(answer: Answer, crop: Crop, card: ModelCard) -> PlateRead:  # noqa: ARG001 - every recogniser gets its card
    """Text, confidences, and where in the frame the plate stands."""
    said = text(answer[TEXT])
    return PlateRead(
        text=said,
        confidence=share(answer[CONFIDENCE][0]),
        char_confidence=tuple(share(value) for value in answer[CHAR_CONFIDENCE][: len(said)]),
        quad=quad_in_frame(answer[QUAD].reshape(4, 2), crop.fit, crop.size, crop.place),
        plate_score=share(answer[PLATE_SCORE][0]),
        region=text(answer[REGION]),
    )


PLATE = Recogniser(name=PLATE_READER, outputs=(TEXT, REGION, CONFIDENCE, CHAR_CONFIDENCE, QUAD, PLATE_SCORE), read=read)

"""A picture for people: nothing is recognised. Pure: no I/O, no clock.

Functions whose events want a picture and that read nothing else ask for shots of it; `recognise` answers each with a
read that carries the thumbnail, without any ensemble, so that the event has its picture at once.
"""

from __future__ import annotations

from model_repository.contract import ModelCard
from postprocess.contract import OtherRead
from postprocess.recognisers.unit import Answer, Crop, Recogniser


def read(answer: Answer, crop: Crop, card: ModelCard) -> OtherRead:  # noqa: ARG001 - as every recogniser
    """Nothing."""
    return OtherRead()


PHOTO = Recogniser(name="photo", outputs=(), read=read, ensemble=False)

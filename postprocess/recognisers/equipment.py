"""What a person wears, as a read. Pure: no I/O, no clock.

Rules
- Items are the labels of the card, whatever they are called; an answer with another number of items is refused.
- A probability that is no number says nothing: it counts as "cannot tell".
"""

from __future__ import annotations

import math

from model_repository.contract import ITEM_KNOWN, ITEM_WORN, PPE_CLASSIFIER, ModelCard
from postprocess.contract import EquipmentRead
from postprocess.recognisers.unit import Answer, Crop, Recogniser
from postprocess.recognisers.values import share


def read(answer: Answer, crop: Crop, card: ModelCard) -> EquipmentRead:  # noqa: ARG001 - every recogniser gets its crop
    """Item → probability that it is worn, and how far the crop lets one tell."""
    items = list(zip(card.labels, answer[ITEM_WORN].tolist(), answer[ITEM_KNOWN].tolist(), strict=True))
    return EquipmentRead(
        worn={item: share(worn) for item, worn, _ in items},
        known={item: share(known) if math.isfinite(worn) else 0.0 for item, worn, known in items},
    )


EQUIPMENT = Recogniser(name=PPE_CLASSIFIER, outputs=(ITEM_WORN, ITEM_KNOWN), read=read)

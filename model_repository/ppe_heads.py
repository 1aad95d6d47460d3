"""From what a network saw on a crop to what its person wears. Pure numpy, one crop at a time.

Both kinds of networks end in the same table, `evidence` float32 [items, 2]: the score of the best sign that an item is
worn, and of the best sign that it is missing. `probabilities` reads it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from model_repository import heads
from model_repository.card import Item, WeightsCard
from model_repository.crops import used_size

Floats = npt.NDArray[np.float32]

CLASSIFIERS = ("labels", "logits")
"""Heads that answer a probability (or its logit) for each class; all others are detectors."""

BOX_SCORE_MIN = 0.4
"""From this score on a box is a sign, unless the card of the weights names another."""
CLASS_SCORE_MIN = 0.6
"""The same for a classifier's probability: between 0.4 and 0.6 it does not know."""
INSIDE_MIN = 0.5
"""This share of an item's box lies in the box of the person who wears it."""
GROWN = 0.1
"""A helmet sticks out of many a person's box: boxes of people are grown by this share of their sides."""
UPRIGHT = 1.3
"""A person's box this much higher than wide is somebody standing; a lower one is crouching, sitting or cut off."""


def evidence_of(answer: Floats, weights: WeightsCard, crop: npt.NDArray[np.uint8]) -> Floats:
    """What a network's answer for one crop says about each item."""
    if weights.head in CLASSIFIERS:
        scores = answer.reshape(-1)
        return evidence_of_classes(sigmoid(scores) if weights.head == "logits" else scores, weights.items)
    head = answer.T if weights.transposed else answer
    boxes, scores, classes, count = heads.select(
        heads.candidates(head, weights.head, (weights.input_width, weights.input_height))
    )
    rows = np.concatenate([boxes, scores[:, None], classes[:, None]], axis=1)[:count].astype(np.float32)
    return evidence_of_boxes(rows, weights.items, weights.persons, used_size(crop, weights.fill))


def score_min_of(weights: WeightsCard) -> float:
    """From which score on a sign is one."""
    return weights.score_min or (CLASS_SCORE_MIN if weights.head in CLASSIFIERS else BOX_SCORE_MIN)


def evidence_of_boxes(rows: Floats, items: tuple[Item, ...], persons: tuple[int, ...], used: tuple[int, int]) -> Floats:
    """Evidence from the boxes of a detector, [n, 6] x1, y1, x2, y2, score, class, suppressed.

    `used` is the (width, height) of the picture inside the tensor. The crop's person is the box of a person with the
    largest score · sqrt(area) · nearness to the middle, or the whole picture where none is found. A sign counts when
    half of its box lies in that person, no more of it in somebody else, and where the item is worn (`Item.place`).
    """
    people = rows[np.isin(rows[:, 5], persons)][:, :5]
    own, others = _own_person(people, used)
    found = np.zeros((len(items), 2), np.float32)
    for index, item in enumerate(items):
        for column, classes in enumerate((item.worn, item.missing)):
            signs = rows[np.isin(rows[:, 5], classes)]
            kept = [row[4] for row in signs if _worn_by(row[:4], own, others) and in_place(row[:4], own, item.place)]
            found[index, column] = max(kept, default=0.0)
    return found


def evidence_of_classes(scores: Floats, items: tuple[Item, ...]) -> Floats:
    """Evidence from the probabilities of a multi-label classifier [classes].

    Where no class says that an item is missing, the opposite of "worn" does, and the other way round.
    """
    safe = np.clip(np.nan_to_num(scores, nan=0.0), 0, 1)
    found = np.zeros((len(items), 2), np.float32)
    for index, item in enumerate(items):
        worn, missing = (float(safe[list(each)].max()) if each else None for each in (item.worn, item.missing))
        found[index, 0] = worn if worn is not None else 1 - (missing or 0.0)
        found[index, 1] = missing if missing is not None else 1 - (worn or 0.0)
    return found


def probabilities(evidence: Floats, score_min: float) -> tuple[Floats, Floats]:
    """Evidence [..., 2] as probability worn and as how far one can tell, both [...].

    worn  = for / (for + against), 0.5 where nothing speaks at all
    known = min(1, max(for, against) / (2 · score_min)), so that 0.5 is a sign of just `score_min`
    """
    both, best = evidence.sum(axis=-1), evidence.max(axis=-1)
    worn = np.divide(evidence[..., 0], both, out=np.full_like(both, 0.5), where=both > 0)
    known = np.minimum(1, best / (2 * score_min)).astype(np.float32)
    return worn.astype(np.float32), known


def sigmoid(logits: Floats) -> Floats:
    """Probabilities of independent labels."""
    return (1 / (1 + np.exp(-np.clip(logits, -60, 60)))).astype(np.float32)


def in_place(box: Floats, person: Floats, place: str) -> bool:
    """Whether the middle of a box lies where an item of that place is worn, counted from the top of the person's box.

    Standing: the head in the upper 0.35, the trunk from 0.1 to 0.75; in a lower box twice as deep, the trunk anywhere.
    """
    if place == "anywhere":
        return True
    high = max(1e-6, float(person[3] - person[1]))
    down = (float(box[1] + box[3]) / 2 - float(person[1])) / high
    standing = high >= UPRIGHT * float(person[2] - person[0])
    if place == "head":
        return down <= (0.35 if standing else 0.7)
    return not standing or 0.1 <= down <= 0.75


def _own_person(people: Floats, used: tuple[int, int]) -> tuple[Floats, Floats]:
    """The box [4] of the person whom the crop is of, and those [n, 4] of the others."""
    width, height = used
    if not len(people):
        return np.array([0, 0, width, height], np.float32), np.zeros((0, 4), np.float32)
    area = (people[:, 2] - people[:, 0]) * (people[:, 3] - people[:, 1])
    off = ((people[:, 0] + people[:, 2]) / 2 - width / 2) / width
    best = int(np.argmax(people[:, 4] * np.sqrt(area) * np.exp(-((off / 0.35) ** 2))))
    return people[best, :4], np.delete(people[:, :4], best, axis=0)


def _worn_by(box: Floats, own: Floats, others: Floats) -> bool:
    inside = _inside(box, own)
    return inside >= INSIDE_MIN and all(inside >= _inside(box, other) for other in others)


def _inside(box: Floats, person: Floats) -> float:
    """Share of a box that lies in the grown box of a person."""
    grow_x, grow_y = GROWN * (person[2] - person[0]), GROWN * (person[3] - person[1])
    wide = min(box[2], person[2] + grow_x) - max(box[0], person[0] - grow_x)
    high = min(box[3], person[3] + grow_y) - max(box[1], person[1] - grow_y)
    return float(max(0.0, wide) * max(0.0, high) / max(1e-6, (box[2] - box[0]) * (box[3] - box[1])))

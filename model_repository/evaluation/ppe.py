"""Which equipment people wear, decided person by person, through Triton and by the network alone. Pure.

The data is a folder of photographs with boxes of people and of equipment, worn and missing; the names of its classes
are read as those of a network are (`ppe_items`). A true sign belongs to the person in whose box its middle lies; one
that lies in several people's, and people who carry both signs of an item, are left out. Each person is cut out with a
margin of a twelfth and asked about.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from model_repository import ppe_heads, ppe_items
from model_repository.contract import CROP, ITEM_KNOWN, ITEM_WORN
from model_repository.errors import DataUnusable
from model_repository.evaluation import datasets
from model_repository.evaluation.datasets import Box, Labelled
from model_repository.evaluation.intervals import bootstrap
from model_repository.evaluation.pictures import letterboxed
from model_repository.evaluation.task import Bench, Figure, Measured, figure, share

KNOWN_MIN = 0.5
MARGIN = 1 / 12
SIDE_PX_MIN = 32
"""People whose box is lower than this are left out."""

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


class Decision(NamedTuple):
    """One item of one person: the truth, and what was said of it."""

    worn: bool
    probability: float
    known: float

    @property
    def told(self) -> bool:
        """Whether there was a decision."""
        return self.known >= KNOWN_MIN

    @property
    def said(self) -> bool:
        """Whether the item was called worn."""
        return self.told and self.probability >= 0.5

    @property
    def rank(self) -> float:
        """From certainly missing (-1) over unknown (0) to certainly worn (1)."""
        return (2 * self.probability - 1) * self.known


def evaluate(bench: Bench) -> Measured:
    """Precision, recall and average precision for each item. Raises DataUnusable."""
    labelled = datasets.boxes(bench.data, bench.files)
    names = tuple(sorted({name for each in labelled for name, _ in each.boxes}))
    mapping = ppe_items.inferred(names)
    truths = [item for item in mapping.items if item.name in bench.card.labels]
    if not truths or not mapping.persons:
        raise DataUnusable(bench.data, "no class is a person, or none is an item that the model knows")
    served: dict[str, list[Decision]] = {item.name: [] for item in truths}
    alone: dict[str, list[Decision]] = {item.name: [] for item in truths}
    for each in labelled:
        for truth, crop in _people(each, names, mapping, bench):
            for kept, answer in ((served, _served(bench, crop)), (alone, _alone(bench, crop))):
                for name, worn in truth.items():
                    index = bench.card.labels.index(name)
                    kept[name].append(Decision(worn, float(answer[0][index]), float(answer[1][index])))
    figures = [
        [one for name, decisions in kept.items() for one in of_item(name, decisions)] for kept in (served, alone)
    ]
    unknown = [item.name for item in mapping.items if item.name not in bench.card.labels]
    left_out = (f"items that the model does not know: {', '.join(unknown)}",) if unknown else ()
    return Measured(items=len(labelled), served=tuple(figures[0]), alone=tuple(figures[1]), left_out=left_out)


def of_item(name: str, decisions: list[Decision]) -> tuple[Figure, ...]:
    """The figures of one item."""
    worn = [each for each in decisions if each.worn]
    bare = [each for each in decisions if not each.worn]
    said_worn = [each for each in decisions if each.said]
    said_bare = [each for each in decisions if each.told and not each.said]
    told = [each for each in decisions if each.told]
    return (
        share(f"{name}: decided", len(told), len(decisions)),
        share(f"{name}: right where decided", sum(each.said == each.worn for each in told), len(told)),
        share(f"{name} worn, precision", sum(each.worn for each in said_worn), len(said_worn)),
        share(f"{name} worn, recall", sum(each.said for each in worn), len(worn)),
        share(f"{name} missing, precision", sum(not each.worn for each in said_bare), len(said_bare)),
        share(f"{name} missing, recall", sum(each.told and not each.said for each in bare), len(bare)),
        figure(f"{name} worn, AP", ranked(decisions), bootstrap(decisions, ranked), len(decisions)),
    )


def ranked(decisions: Sequence[Decision]) -> float:
    """Average precision of "worn" by `Decision.rank`: the mean precision at every worn one."""
    order = sorted(decisions, key=lambda each: -each.rank)
    hits, total = 0, 0.0
    for place, each in enumerate(order, 1):
        if each.worn:
            hits += 1
            total += hits / place
    return total / hits if hits else math.nan


def truths_of(
    boxes: Sequence[tuple[str, Box]], names: tuple[str, ...], mapping: ppe_items.Mapping
) -> list[dict[str, bool]]:
    """For each box of a person (in order) which items it wears for certain, and which it misses for certain."""
    persons = [box for name, box in boxes if names.index(name) in mapping.persons]
    signs: list[dict[str, set[bool]]] = [{} for _ in persons]
    for name, box in boxes:
        for item in mapping.items:
            for worn, classes in ((True, item.worn), (False, item.missing)):
                owners = [index for index, person in enumerate(persons) if _middle_in(box, person)]
                if names.index(name) in classes and len(owners) == 1:
                    signs[owners[0]].setdefault(item.name, set()).add(worn)
    return [{item: next(iter(said)) for item, said in each.items() if len(said) == 1} for each in signs]


def _people(
    each: Labelled, names: tuple[str, ...], mapping: ppe_items.Mapping, bench: Bench
) -> list[tuple[dict[str, bool], Bytes]]:
    """Truth and crop of every person about whom something is known."""
    picture = datasets.picture(each.path)
    height, width = picture.shape[:2]
    persons = [box for name, box in each.boxes if names.index(name) in mapping.persons]
    found = []
    for truth, (x1, y1, x2, y2) in zip(truths_of(each.boxes, names, mapping), persons, strict=True):
        known = {name: worn for name, worn in truth.items() if name in bench.card.labels}
        if known and y2 - y1 >= SIDE_PX_MIN:
            dx, dy = (x2 - x1) * MARGIN, (y2 - y1) * MARGIN
            left, top = max(0, int(x1 - dx)), max(0, int(y1 - dy))
            piece = picture[top : min(height, int(y2 + dy)), left : min(width, int(x2 + dx))]
            found.append((known, letterboxed(np.ascontiguousarray(piece), bench.card)))
    return found


def _middle_in(box: Box, person: Box) -> bool:
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return person[0] <= x <= person[2] and person[1] <= y <= person[3]


def _served(bench: Bench, crop: Bytes) -> tuple[Floats, Floats]:
    answer = bench.ask(**{CROP: crop[None]})
    return answer[ITEM_WORN][0], answer[ITEM_KNOWN][0]


def _alone(bench: Bench, crop: Bytes) -> tuple[Floats, Floats]:
    weights = bench.weights["ppe"]
    fed = np.asarray(cv2.cvtColor(crop, cv2.COLOR_BGR2RGB), np.uint8) if weights.card.colour == "rgb" else crop
    evidence = ppe_heads.evidence_of(bench.alone(weights, fed), weights.card, crop)
    return ppe_heads.probabilities(evidence, ppe_heads.score_min_of(weights.card))

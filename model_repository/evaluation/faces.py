"""How well people are told apart by their faces, through Triton and by the networks alone. Pure.

The data is a folder of photographs with a CSV of file, person; each photograph goes in whole, as a crop would. Pairs of
photographs share their people, so they are no independent items: every interval is that of the bootstrap over people.
Where nothing or all is right, resampling knows no doubt: the interval is Wilson's then, with people as the items.

With D pairs of different people the lowest false-accept rate that can be told is about 10 / D: the next 1, 2 or 5 times
a power of ten is reported, and what a threshold without any false accept still verifies.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from model_repository import face_align, face_heads
from model_repository.contract import CROP, EMBEDDING, FACE_SCORE
from model_repository.crops import used_size
from model_repository.errors import DataUnusable
from model_repository.evaluation import datasets
from model_repository.evaluation.intervals import bootstrap, wilson
from model_repository.evaluation.pictures import letterboxed
from model_repository.evaluation.task import Bench, Figure, Measured, figure, share

USUAL_COSINE = 0.40
FALSE_PAIRS_MIN = 10

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]


class Person(NamedTuple):
    """All embeddings [n, size] of one person."""

    name: str
    vectors: Floats


def evaluate(bench: Bench) -> Measured:
    """Verification and identification. Raises DataUnusable."""
    served: dict[str, list[Floats | None]] = {}
    alone: dict[str, list[Floats | None]] = {}
    nearness = []
    for _, row in datasets.rows(bench.data, ("file", "person")):
        path = bench.data / row["file"]
        if not path.match(bench.files):
            continue
        crop = letterboxed(datasets.picture(path), bench.card)
        pair = _served(bench, crop), _alone(bench, crop)
        for kept, vector in zip((served, alone), pair, strict=True):
            kept.setdefault(row["person"], []).append(vector)
        if pair[0] is not None and pair[1] is not None:
            nearness.append(float(pair[0] @ pair[1]))
    if not served:
        raise DataUnusable(bench.data, f"no picture is named {bench.files}")
    equal = figure("cosine of served to alone, lowest", min(nearness, default=math.nan), (math.nan,) * 2, len(nearness))
    count = sum(len(each) for each in served.values())
    return Measured(items=count, served=(*figures(served), equal), alone=figures(alone))


def figures(vectors: dict[str, list[Floats | None]]) -> tuple[Figure, ...]:
    """Everything that is measured, from the embeddings of every photograph (None: no face found)."""
    total = sum(len(each) for each in vectors.values())
    people = [
        Person(name, np.stack([vector for vector in each if vector is not None]))
        for name, each in sorted(vectors.items())
        if any(vector is not None for vector in each)
    ]
    found = sum(len(person.vectors) for person in people)
    same, different = pairs(people)
    far, probes, none = supported(len(different)), found - len(people), (math.nan, math.nan)
    lowest, highest = (
        float(edge(each)) if len(each) else math.nan for edge, each in ((np.min, same), (np.max, different))
    )
    gallery = f"identification error, gallery of {len(people)}"
    return (
        share("face found", found, total),
        _over_people(f"verified at FAR {far:g}", people, lambda chosen: verified(chosen, far), len(same)),
        _over_people("verified without a false accept", people, lambda chosen: verified(chosen, 0), len(same)),
        _over_people(
            f"verified at cosine {USUAL_COSINE:.2f}", people, lambda chosen: _above(pairs(chosen)[0]), len(same)
        ),
        _over_people(
            f"falsely accepted at cosine {USUAL_COSINE:.2f}",
            people,
            lambda chosen: _above(pairs(chosen)[1]),
            len(different),
        ),
        figure("same person, lowest cosine", lowest, none, len(same)),
        figure("different people, highest cosine", highest, none, len(different)),
        _over_people(gallery, people, identification_error, probes),
    )


def _over_people(name: str, people: list[Person], of: Callable[[Sequence[Person]], float], n: int) -> Figure:
    value = of(people) if people else math.nan
    interval = wilson(round(value * len(people)), len(people)) if value in (0.0, 1.0) else bootstrap(people, of)
    return figure(name, value, interval, n)


def _above(cosines: Floats) -> float:
    return float((cosines > USUAL_COSINE).mean()) if len(cosines) else math.nan


def pairs(people: Sequence[Person]) -> tuple[Floats, Floats]:
    """Cosines of all pairs of photographs of the same person, and of different people.

    A person who was drawn twice by the bootstrap is not compared with itself.
    """
    same = [np.zeros(0, np.float32)]
    different = [np.zeros(0, np.float32)]
    for index, person in enumerate(people):
        rows, columns = np.triu_indices(len(person.vectors), 1)
        same.append((person.vectors @ person.vectors.T)[rows, columns])
        others = [other.vectors for other in people[index + 1 :] if other.name != person.name]
        if others:
            different.append((person.vectors @ np.concatenate(others).T).ravel())
    return np.concatenate(same), np.concatenate(different)


def supported(different: int) -> float:
    """The lowest of 1, 2 or 5 times a power of ten at which FALSE_PAIRS_MIN pairs are accepted falsely."""
    if different <= FALSE_PAIRS_MIN:
        return 1.0
    least = FALSE_PAIRS_MIN / different
    power = 10.0 ** math.floor(math.log10(least))
    return float(next(step * power for step in (1, 2, 5, 10) if step * power >= least * (1 - 1e-9)))


def verified(people: Sequence[Person], far: float) -> float:
    """Share of the pairs of one person above the cosine that a share `far` of the pairs of different people exceeds."""
    same, different = pairs(people)
    if not len(same) or not len(different):
        return math.nan
    limit = float(np.sort(different)[::-1][min(len(different) - 1, int(far * len(different)))])
    return float((same > limit).mean())


def identification_error(people: Sequence[Person]) -> float:
    """Share of photographs that are nearest to somebody else's: the gallery holds the first one of each person."""
    gallery = np.stack([person.vectors[0] for person in people])
    names = np.array([person.name for person in people])
    wrong = total = 0
    for person in people:
        for probe in person.vectors[1:]:
            wrong += str(names[int(np.argmax(gallery @ probe))]) != person.name
            total += 1
    return wrong / total if total else math.nan


def _served(bench: Bench, crop: Bytes) -> Floats | None:
    answer = bench.ask(**{CROP: crop[None]})
    return np.asarray(answer[EMBEDDING][0], np.float32) if answer[FACE_SCORE][0, 0] > 0 else None


def _alone(bench: Bench, crop: Bytes) -> Floats | None:
    finder, embedding = bench.weights["face_detector"], bench.weights["face_embedding"]
    size = (finder.card.input_width, finder.card.input_height)
    answers = bench.alone.outputs(finder, _in_colours(crop, finder.card.colour))
    found = face_heads.faces(answers, finder.card.head, size, finder.card.score_min or face_heads.SCORE_MIN)
    best = face_heads.own_face(found, used_size(crop, finder.card.fill))
    if best is None:
        return None
    side = embedding.card.input_width
    matrix = face_align.similarity(found[best, 5:].reshape(5, 2), face_align.template(side))
    if matrix is None:
        return None
    face = face_align.aligned(crop, matrix, side)
    return face_align.unit(bench.alone(embedding, _in_colours(face, embedding.card.colour)).reshape(-1))


def _in_colours(picture: Bytes, colour: str) -> Bytes:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8) if colour == "rgb" else picture

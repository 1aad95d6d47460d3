"""Whole plates and characters that are read right, by country, through Triton and by the networks alone. Pure.

The data is a folder of photographs with a CSV of file, text, country and, where known, x, y, w, h of the plate. Texts
are compared as ASCII look-alikes: Cyrillic letters fold to their Latin twins. A photograph goes in whole, as a vehicle
crop would. Finder and reader are told apart by how many plates had a box that overlaps the true one by half.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import msgspec
import numpy as np
import numpy.typing as npt

from model_repository import heads, plate_heads
from model_repository.contract import CROP, PLATE_SCORE, QUAD, TEXT, letterbox
from model_repository.errors import DataUnusable
from model_repository.evaluation import datasets
from model_repository.evaluation.intervals import bootstrap
from model_repository.evaluation.pictures import letterboxed
from model_repository.evaluation.task import Bench, Figure, Measured, figure, share
from model_repository.plates import strips
from model_repository.plates.grammar import to_latin

IOU_FOUND = 0.5

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


class Plate(msgspec.Struct, frozen=True, kw_only=True):
    """One photograph: what stands on the plate and what was read."""

    country: str
    text: str
    read: str
    found: bool | None  # None: the data does not say where the plate is


def evaluate(bench: Bench) -> Measured:
    """Shares with Wilson's interval, character accuracy with the bootstrap's. Raises DataUnusable."""
    served: list[Plate] = []
    alone: list[Plate] = []
    for line, row in datasets.rows(bench.data, ("file", "text", "country")):
        path = bench.data / row["file"]
        if not path.match(bench.files):
            continue
        picture = datasets.picture(path)
        crop = letterboxed(picture, bench.card)
        box = _box(bench, line, row, picture)
        truth = {"country": row["country"], "text": to_latin(row["text"])}
        for plates, (read, quad) in ((served, _served(bench, crop)), (alone, _alone(bench, crop))):
            plates.append(Plate(**truth, read=to_latin(read), found=_hit(quad, box)))
    if not served:
        raise DataUnusable(bench.data, f"no picture is named {bench.files}")
    return Measured(items=len(served), served=_figures(served), alone=_figures(alone))


def _box(bench: Bench, line: int, row: dict[str, str], picture: Bytes) -> Floats | None:
    """The true box in pixels of the crop."""
    if not all(row.get(column) for column in ("x", "y", "w", "h")):
        return None
    x, y, w, h = (datasets.number(bench.data, line, row, column) for column in ("x", "y", "w", "h"))
    size = (bench.card.input_width, bench.card.input_height)
    fitted = letterbox((picture.shape[1], picture.shape[0]), size, bench.card.anchor)
    return np.array([fitted.to_tensor((x, y, x + w, y + h))], np.float32)


def _served(bench: Bench, crop: Bytes) -> tuple[str, Floats]:
    answer = bench.ask(**{CROP: crop[None]})
    quad = answer[QUAD][0] if answer[PLATE_SCORE][0, 0] > 0 else np.zeros((4, 2), np.float32)
    return bytes(answer[TEXT][0]).rstrip(b"\0").decode(), quad


def _alone(bench: Bench, crop: Bytes) -> tuple[str, Floats]:
    finder, reader = bench.weights["plate_corners"], bench.weights["plate_ocr"]
    fed = np.asarray(cv2.cvtColor(crop, cv2.COLOR_BGR2RGB), np.uint8) if finder.card.colour == "rgb" else crop
    found = strips.quad_of(bench.alone(finder, fed), finder.card)
    if found is None:
        return "", np.zeros((4, 2), np.float32)
    plates = strips.strips_of(crop, found[0], finder.card, reader.card)
    reads = [strips.read_of(bench.alone(reader, strip), reader.card) for strip in plates if strip.any()]
    return plate_heads.best_read(reads).text_latin, found[0]


def _hit(quad: Floats, box: Floats | None) -> bool | None:
    if box is None:
        return None
    around = np.array([[*quad.min(axis=0), *quad.max(axis=0)]], np.float32)
    return bool(heads.iou(around, box)[0, 0] >= IOU_FOUND)


def _figures(plates: list[Plate]) -> tuple[Figure, ...]:
    countries = sorted({plate.country for plate in plates})
    groups = [("all", plates), *((each, [plate for plate in plates if plate.country == each]) for each in countries)]
    figures = []
    for name, group in groups:
        located = [plate for plate in group if plate.found is not None]
        figures.append(share(f"whole plate, {name}", sum(plate.read == plate.text for plate in group), len(group)))
        interval = bootstrap(group, character_accuracy)
        figures.append(figure(f"characters, {name}", character_accuracy(group), interval, _characters(group)))
        figures.append(share(f"plate found, {name}", sum(bool(plate.found) for plate in located), len(located)))
    return tuple(figures)


def character_accuracy(plates: Sequence[Plate]) -> float:
    """1 - edits / characters over all plates, at least 0."""
    edits = sum(edit_distance(plate.read, plate.text) for plate in plates)
    return max(0.0, 1 - edits / max(1, _characters(plates)))


def _characters(plates: Sequence[Plate]) -> int:
    return sum(len(plate.text) for plate in plates)


def edit_distance(one: str, other: str) -> int:
    """How many characters have to be put in, taken out or changed (Levenshtein)."""
    row = list(range(len(other) + 1))
    for index, char in enumerate(one, 1):
        before, row[0] = row[0], index
        for place, wanted in enumerate(other, 1):
            before, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, before + (char != wanted))
    return row[-1]

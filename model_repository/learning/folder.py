"""A data set on disk: written whole or not at all, read with what was crossed out in its review. Edge (files).

DIR/dataset.json           what lies here (`DatasetCard`)
DIR/review.html            every example with its picture and where it comes from
DIR/review.csv             one line per example; `keep` = no takes it out of training and of the gate
DIR/{train,val,test}/      examples.jsonl, and by kind what `zool models eval` reads:
    detector               images/, labels/, classes.txt (YOLO) and annotations.json (COCO)
    plates                 images/, plates.csv: file, text, country
    faces                  images/, faces.csv: file, person; pairs.csv: file, other, same
    ppe                    images/, ppe.csv: file, item, worn
"""

from __future__ import annotations

import csv
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

import msgspec

from model_repository.errors import DataUnusable
from model_repository.learning import formats, review
from model_repository.learning.contract import (
    DATASET_FILE,
    EXAMPLES_FILE,
    REVIEW_FILE,
    SPLITS,
    DatasetCard,
    Example,
    Split,
)


class Filled(msgspec.Struct, frozen=True, kw_only=True):
    """An example, the split that it lies in, and its picture as JPEG."""

    example: Example
    split: Split
    jpeg: bytes


def write(folder: Path, card: DatasetCard, filled: Iterable[Filled]) -> None:
    """Write a data set in the place of the one that was there. Raises DataUnusable where something else is there."""
    if folder.exists() and any(folder.iterdir()) and not (folder / DATASET_FILE).exists():
        raise DataUnusable(folder, "is no data set, and not empty: name another folder")
    draft = folder.with_name(f".{folder.name}.{os.getpid()}")
    shutil.rmtree(draft, ignore_errors=True)
    examples: dict[Split, list[Example]] = {split: [] for split in SPLITS}
    try:
        for split in SPLITS:
            (draft / split / "images").mkdir(parents=True)
        for each in filled:
            (draft / each.split / each.example.file).write_bytes(each.jpeg)
            examples[each.split].append(each.example)
        for split, own in examples.items():
            (draft / split / EXAMPLES_FILE).write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in own))
            formats.write(card, own, draft / split)
        review.write(card, examples, draft)
        (draft / DATASET_FILE).write_bytes(msgspec.json.format(msgspec.json.encode(card), indent=1) + b"\n")
        shutil.rmtree(folder, ignore_errors=True)
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def read_card(folder: Path) -> DatasetCard:
    """What lies in a folder. Raises DataUnusable."""
    path = folder / DATASET_FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=DatasetCard)
    except OSError as error:
        raise DataUnusable(path, "no data set; `zool models export-dataset` makes one") from error
    except msgspec.DecodeError as error:
        raise DataUnusable(path, str(error)) from error


def read(folder: Path, split: Split) -> list[Example]:
    """The examples of a split that were not crossed out. Raises DataUnusable."""
    return read_split(folder / split, crossed_out(folder))


def read_split(folder: Path, without: frozenset[str] = frozenset()) -> list[Example]:
    """The examples of the folder of a split. Raises DataUnusable."""
    path = folder / EXAMPLES_FILE
    try:
        lines = path.read_bytes().splitlines()
        found = [msgspec.json.decode(line, type=Example) for line in lines if line]
    except (OSError, msgspec.DecodeError) as error:
        raise DataUnusable(path, str(error)) from error
    return [each for each in found if each.id not in without]


def crossed_out(folder: Path) -> frozenset[str]:
    """Ids of the examples that the review says to leave out."""
    path = folder / REVIEW_FILE
    if not path.exists():
        return frozenset()
    with path.open(encoding="utf-8-sig", newline="") as file:
        return frozenset(row["id"] for row in csv.DictReader(file) if row.get("keep", "").strip().lower() == "no")

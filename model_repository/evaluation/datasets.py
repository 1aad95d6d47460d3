"""Pictures with their truth, as people keep them: a CSV beside the pictures, or the folders of YOLO.

Rules of this file
- Reads files only. What is wrong with a folder becomes DataUnusable, with the file and the line.
- Boxes are x1, y1, x2, y2 in pixels of the picture. A row whose class is `(none)` says: a picture without objects.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import cv2
import msgspec
import numpy as np
import numpy.typing as npt

from model_repository.errors import DataUnusable
from model_repository.learning.contract import EXAMPLES_FILE
from model_repository.learning.folder import crossed_out, read_split

Box = tuple[float, float, float, float]
NOTHING = "(none)"
SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp")
CLASS_FILES = ("classes.txt", "data.names", "obj.names", "labels.txt")


class Labelled(msgspec.Struct, frozen=True, kw_only=True):
    """One picture and the true boxes in it, each with the name of its class."""

    path: Path
    boxes: tuple[tuple[str, Box], ...] = ()
    judged: tuple[tuple[str, Box], ...] = ()
    """Classes and areas of which something is known; empty = the boxes are all there is."""


def boxes(folder: Path, pattern: str = "*") -> tuple[Labelled, ...]:
    """A folder of pictures with boxes: a CSV with file, class, x, y, w, h, or YOLO's images/ and labels/.

    Raises DataUnusable.
    """
    found = _yolo(folder) if (folder / "labels").is_dir() else _csv_boxes(folder)
    if (folder / EXAMPLES_FILE).exists():
        found = _with_judgements(folder, found)
    chosen = tuple(each for each in found if fnmatch(each.path.name, pattern))
    if not chosen:
        raise DataUnusable(folder, f"no picture is named {pattern}")
    return chosen


def picture(path: Path) -> npt.NDArray[np.uint8]:
    """A picture as BGR [h, w, 3]. Raises DataUnusable."""
    read = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if read is None:
        raise DataUnusable(path, "no picture that can be read")
    return np.asarray(read, np.uint8)


def rows(folder: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and fields of the one CSV of a folder that has all of those columns. Raises DataUnusable."""
    if not folder.is_dir():
        raise DataUnusable(folder, "no such folder")
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if set(columns) <= set(reader.fieldnames or ()):
                yield from enumerate(({key: value or "" for key, value in row.items() if key} for row in reader), 2)
                return
    raise DataUnusable(folder, f"no CSV with the columns {', '.join(columns)} in it, and no folder labels/")


def number(folder: Path, line: int, row: dict[str, str], column: str) -> float:
    """A finite number of a row. Raises DataUnusable."""
    try:
        value = float(row[column])
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise DataUnusable(folder, f"line {line}: {column} is {row[column]!r}, which is no number")
    return value


def _with_judgements(folder: Path, found: list[Labelled]) -> list[Labelled]:
    """A split of a data set from feedback: without what its review crossed out, with what was judged."""
    kept = {folder / each.file: each for each in read_split(folder, crossed_out(folder.parent))}
    return [
        Labelled(
            path=each.path,
            boxes=kept[each.path].boxes,
            judged=tuple((one.label, one.area) for one in kept[each.path].judged),
        )
        for each in found
        if each.path in kept
    ]


def _csv_boxes(folder: Path) -> list[Labelled]:
    found: dict[str, list[tuple[str, Box]]] = {}
    for line, row in rows(folder, ("file", "class", "x", "y", "w", "h")):
        inside = found.setdefault(row["file"], [])
        if row["class"] != NOTHING:
            x, y, w, h = (number(folder, line, row, column) for column in ("x", "y", "w", "h"))
            inside.append((row["class"], (x, y, x + w, y + h)))
    return [Labelled(path=folder / name, boxes=tuple(inside)) for name, inside in found.items()]


def _yolo(folder: Path) -> list[Labelled]:
    names = _yolo_names(folder)
    pictures = sorted(path for path in (folder / "images").rglob("*") if path.suffix.lower() in SUFFIXES)
    found = []
    for path in pictures:
        label = folder / "labels" / path.relative_to(folder / "images").with_suffix(".txt")
        height, width = picture(path).shape[:2]
        lines = label.read_text("utf-8").splitlines() if label.exists() else []
        inside = [_yolo_box(label, line, text, names, (width, height)) for line, text in enumerate(lines, 1) if text]
        found.append(Labelled(path=path, boxes=tuple(inside)))
    return found


def _yolo_names(folder: Path) -> list[str]:
    for name in CLASS_FILES:
        path = folder / name
        if path.exists():
            return [line.strip() for line in path.read_text("utf-8").splitlines() if line.strip()]
    raise DataUnusable(folder, f"nothing names the classes: write them into {CLASS_FILES[0]}, one per line")


def _yolo_box(path: Path, line: int, text: str, names: list[str], size: tuple[int, int]) -> tuple[str, Box]:
    words = text.split()
    row = dict(zip(("class", "cx", "cy", "w", "h"), words, strict=False))
    if len(row) != 5 or not row["class"].isdigit() or int(row["class"]) >= len(names):
        raise DataUnusable(path, f"line {line}: expected `class cx cy w h` with a class below {len(names)}")
    cx, cy, w, h = (number(path, line, row, column) for column in ("cx", "cy", "w", "h"))
    box = ((cx - w / 2) * size[0], (cy - h / 2) * size[1], (cx + w / 2) * size[0], (cy + h / 2) * size[1])
    return names[int(row["class"])], box

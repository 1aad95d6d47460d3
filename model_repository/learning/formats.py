"""What `zool models eval` and others read: YOLO, COCO and CSV files of one split. Edge (files)."""

from __future__ import annotations

import csv
import itertools
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from model_repository.learning.contract import DatasetCard, Example

PAIRS_MAX = 20_000


def write(card: DatasetCard, examples: Sequence[Example], folder: Path) -> None:
    """Write the files of a split beside its pictures."""
    match card.kind:
        case "detector":
            _yolo(card.labels, examples, folder)
            _coco(card.labels, examples, folder)
        case "plates":
            rows = ([each.file, each.text, each.region] for each in examples)
            _csv(folder / "plates.csv", ["file", "text", "country"], rows)
        case "faces":
            named = ([each.file, each.person] for each in examples if each.person)
            _csv(folder / "faces.csv", ["file", "person"], named)
            _csv(folder / "pairs.csv", ["file", "other", "same"], _pairs(examples))
        case "ppe":
            rows = ([each.file, item, str(worn).lower()] for each in examples for item, worn in each.items.items())
            _csv(folder / "ppe.csv", ["file", "item", "worn"], rows)


def _yolo(labels: tuple[str, ...], examples: Sequence[Example], folder: Path) -> None:
    (folder / "labels").mkdir()
    (folder / "classes.txt").write_text("".join(f"{label}\n" for label in labels), "utf-8")
    for each in examples:
        lines = [
            f"{labels.index(label)} {(x1 + x2) / 2 / each.width:.6f} {(y1 + y2) / 2 / each.height:.6f} "
            f"{(x2 - x1) / each.width:.6f} {(y2 - y1) / each.height:.6f}\n"
            for label, (x1, y1, x2, y2) in each.boxes
        ]
        path = folder / "labels" / Path(each.file).relative_to("images").with_suffix(".txt")
        path.write_text("".join(lines), "utf-8")


def _coco(labels: tuple[str, ...], examples: Sequence[Example], folder: Path) -> None:
    boxes = [(number, label, box) for number, each in enumerate(examples, 1) for label, box in each.boxes]
    content = {
        "images": [
            {"id": number, "file_name": each.file, "width": each.width, "height": each.height}
            for number, each in enumerate(examples, 1)
        ],
        "categories": [{"id": number, "name": label} for number, label in enumerate(labels, 1)],
        "annotations": [
            {
                "id": number,
                "image_id": picture,
                "category_id": labels.index(label) + 1,
                "bbox": [round(x1, 2), round(y1, 2), round(x2 - x1, 2), round(y2 - y1, 2)],
                "area": round((x2 - x1) * (y2 - y1), 2),
                "iscrowd": 0,
            }
            for number, (picture, label, (x1, y1, x2, y2)) in enumerate(boxes, 1)
        ],
    }
    (folder / "annotations.json").write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", "utf-8")


def _pairs(examples: Sequence[Example]) -> list[list[str]]:
    """Pictures of one person, and pictures that are not of the person that they were taken for."""
    named = [each for each in examples if each.person]
    same = [[one.file, other.file, "true"] for one, other in itertools.combinations(named, 2)
            if one.person == other.person]  # fmt: skip
    unlike = [[one.file, other.file, "false"] for one in examples if one.not_person for other in named
              if other.person == one.not_person]  # fmt: skip
    return (unlike + same)[:PAIRS_MAX]


def _csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)

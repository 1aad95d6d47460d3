"""What a reader makes of photographs whose plates are given: python -m model_repository.train.plate_photographs.

The reader alone, as it is served, behind a perfect finder: corners where the data has them, else the upright box.
`zool models eval plate_reader` measures both networks together. Nothing is trained on these
pictures; what was misread on them was looked at.
"""

import argparse
import json
from collections import defaultdict
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from model_repository import card, plate_heads
from model_repository.evaluation import datasets
from model_repository.evaluation.alone import Alone
from model_repository.evaluation.intervals import wilson
from model_repository.evaluation.plate_reader import edit_distance
from model_repository.plates import strips
from model_repository.plates.decode import Read
from model_repository.plates.grammar import to_latin
from model_repository.plates.rectify import rectify_quad

FIGURE: Final = "photographs_with_plates_given"
_WEIGHTS: Final = Path(card.__file__).parent / "weights" / "starter-plate-ocr.onnx"
Quad = npt.NDArray[np.float32]


class Photograph(msgspec.Struct, frozen=True, kw_only=True):
    """One plate: whose it is, what stands on it and what was read."""

    file: str
    country: str
    text: str
    read: Read

    @property
    def right(self) -> bool:
        """Whether every character is right."""
        return self.read.text_latin == self.text


def read_all(data: Path, weights: card.Weights) -> list[Photograph]:
    """Read every plate of a folder with file, text, country, x, y, w, h and perhaps quad_tl_tr_br_bl."""
    alone = Alone(1)
    out = []
    for line, row in datasets.rows(data, ("file", "text", "country")):
        quad, margin = _quad(data, line, row, weights.card)
        picture = datasets.picture(data / row["file"])
        reads = [
            strips.read_of(
                alone(weights, rectify_quad(picture, quad, margin=margin, rows=rows)[..., None]), weights.card
            )
            for rows in plate_heads.rows_possible(quad)
        ]
        read = plate_heads.best_read(reads)
        out.append(Photograph(file=row["file"], country=row["country"], text=to_latin(row["text"]), read=read))
    return out


def _quad(data: Path, line: int, row: dict[str, str], reader: card.WeightsCard) -> tuple[Quad, tuple[float, float]]:
    if corners := row.get("quad_tl_tr_br_bl"):
        points = [[float(value) for value in point.split()] for point in corners.split(";")]
        return np.array(points, np.float32), reader.corner_margin
    x, y, w, h = (datasets.number(data, line, row, column) for column in ("x", "y", "w", "h"))
    return np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]], np.float32), reader.box_margin


def figures_of(photographs: list[Photograph]) -> dict[str, Any]:
    """Shares of whole plates with Wilson's interval and of characters, by country."""
    groups: dict[str, list[Photograph]] = defaultdict(list)
    for photograph in photographs:
        groups[photograph.country].append(photograph)
    out = {}
    for country, group in sorted(groups.items()):
        right, wrong = sum(each.right for each in group), [each for each in group if not each.right]
        low, high = wilson(right, len(group))
        edits = sum(edit_distance(each.read.text_latin, each.text) for each in group)
        out[country] = {
            "right": right,
            "of": len(group),
            "share_95": [round(low, 3), round(high, 3)],
            "characters": round(1 - edits / sum(len(each.text) for each in group), 4),
            "wrong_and_sure_070": sum(bool(each.read.text_latin) and each.read.confidence >= 0.7 for each in wrong),
            "unread": sum(not each.read.text_latin for each in wrong),
        }
    return out


def main() -> None:
    """Measure, print, and with --keep put the figures into the card beside the weights."""
    parser = argparse.ArgumentParser(prog="python -m model_repository.train.plate_photographs", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with plates.csv")
    parser.add_argument("--weights", type=Path, default=_WEIGHTS)
    parser.add_argument("--keep", action="store_true", help="write the figures into the card of the weights")
    options = parser.parse_args()
    photographs = read_all(options.data, card.load(options.weights))
    figures = figures_of(photographs)
    for each in photographs:
        if not each.right:
            print(f"{each.file} {each.country} {each.text} read {each.read.text_latin!r} {each.read.confidence:.2f}")
    print(json.dumps(figures))
    if options.keep:
        path = options.weights.with_suffix(".json")
        kept = json.loads(path.read_text(encoding="utf-8"))
        kept["figures"][FIGURE] = figures | {"how": " ".join(__doc__.split("\n\n")[1].split())}
        path.write_text(json.dumps(kept, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

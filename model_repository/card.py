"""Cards of weights: what a network file is, how it is fed and how its answer is read.

Rules of this file
- Pure, apart from `load` and `save`, which read and write the two files of one set of weights.
- Weights are a pair of files with one stem: `NAME.onnx` (or what `registry.Task.file` says) and `NAME.json`, this card.
  Starters lie in `model_repository/weights/`, imported ones in `<data-dir>/models/<task>/<name>/`.
- Unknown keys are ignored on reading, so that cards of later versions can be served by earlier ones.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Literal

import msgspec

from model_repository.contract import ModelCard
from model_repository.errors import CardInvalid, WeightsChanged

VERSION_CHARS = 12
"""Weights without a version are named by the first characters of their SHA-256."""

Head = Literal[
    "",
    "yolov8",
    "yolov5",
    "yolox",
    "end2end",
    "plate_corners",
    "yolov5face",
    "ctc",
    "slots",
    "scrfd",
    "yunet",
    "embedding",
    "labels",
    "logits",
]


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of equipment and the classes of a network that speak of it."""

    name: str
    worn: tuple[int, ...] = ()
    """Classes that are seen where it is worn."""
    missing: tuple[int, ...] = ()
    """Classes that are seen where it is not: NO-Hardhat, a bare head."""
    place: Literal["head", "trunk", "anywhere"] = "anywhere"
    """Where on the body it has to be to count as worn."""


class WeightsCard(ModelCard, frozen=True, kw_only=True):
    """A `ModelCard` with what only this stage needs to know about the network.

    The network takes `(picture - subtract) / divide` as float32 [N, C, H, W] in `colour` order; one with a uint8 input
    takes the picture as it comes and normalises by itself. `head` is empty where the task knows only one.
    """

    head: Head = ""
    transposed: bool = False
    """The answer lies on its side: it has the rows of the head as columns."""
    colour: Literal["rgb", "bgr", "gray"] = "rgb"
    subtract: float | tuple[float, float, float] = 0.0
    divide: float | tuple[float, float, float] = 255.0
    alphabet: str = ""
    logits: bool = False
    """The answer of a reader is not probabilities yet."""
    score_min: float = 0.0
    overlap_max: float = 0.6
    """Two boxes of one class that overlap more (IoU) are the same object; networks whose boxes waver want less."""
    corner_margin: tuple[float, float] = (0.08, 0.16)
    """How much wider than its corners a reader wants the plate on every side: of its width, of its height."""
    box_margin: tuple[float, float] = (0.06, 0.12)
    """The same for a plate of which only the upright box is known."""
    row_halves: bool = True
    """A reader takes two rows as halves side by side; otherwise it takes every plate whole."""
    figures: dict[str, Any] = {}
    """What the command that trained it measured, on data that it held out."""
    command: str = ""
    """The command that trained it."""
    classes: tuple[str, ...] = ()
    """What the network's classes are called, where that is not what `labels` says (they are the items then)."""
    items: tuple[Item, ...] = ()
    persons: tuple[int, ...] = ()
    """Classes that are whole people."""

    def with_head(self, head: Head, *, transposed: bool = False) -> WeightsCard:
        """The same card with another head."""
        return msgspec.structs.replace(self, head=head, transposed=transposed)

    def public(self) -> ModelCard:
        """The part that clients see."""
        return msgspec.convert(msgspec.to_builtins(self), ModelCard)


class Weights(msgspec.Struct, frozen=True, kw_only=True):
    """One set of weights on disk."""

    path: Path
    card: WeightsCard


def file_sha256(path: Path) -> str:
    """SHA-256 of a file in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def load(path: Path) -> Weights:
    """Read the card beside a network (or another file of weights) and check that it is of this very file.

    Raises CardInvalid (no card, not JSON, a field missing or of the wrong type) and WeightsChanged.
    """
    card = read_card(path.with_suffix(".json"))
    found = file_sha256(path)
    if card.sha256 and card.sha256 != found:
        raise WeightsChanged(path, card.sha256, found)
    # Every event names a version: weights that came without one are named by what they are.
    version = card.version or found[:VERSION_CHARS]
    return Weights(path=path, card=msgspec.structs.replace(card, sha256=found, version=version))


def read_card(path: Path) -> WeightsCard:
    """Read a card alone. Raises CardInvalid (not there, not JSON, a field missing or of the wrong type)."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=WeightsCard)
    except OSError as error:
        raise CardInvalid(path, error.strerror or "cannot be read") from error
    except msgspec.DecodeError as error:
        raise CardInvalid(path, str(error)) from error


def save(card: WeightsCard, path: Path) -> None:
    """Write a card as JSON, one field per line."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(card), indent=2) + b"\n")

"""A site whose detector makes mistakes, and an operator who knows what is true: material for the learning loop.

The true boxes are those that the starter sees in the demo site's clips; the site's detector is the starter with a last
layer that was spoilt. So there is something to learn, and what is learnt can be held against the truth.
"""

from __future__ import annotations

import functools
import hashlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import cv2
import msgspec
import numpy as np
import numpy.typing as npt

from model_repository import card, heads, store
from model_repository.card import Weights
from model_repository.contract import letterbox
from model_repository.evaluation.alone import tensor
from model_repository.evaluation.pictures import letterboxed
from model_repository.learning import folder
from model_repository.learning.contract import DatasetCard, Example, Provenance
from model_repository.learning.folder import Filled
from model_repository.learning.split import assign
from model_repository.learning.surgery import Surgeon

SITE = Path(__file__).parents[2] / "deploy" / "site"
CLIPS = ("gate-day", "office-door", "workshop")
SURE = 0.5
"""Score from which a box of the starter is held to be true."""

Bytes = npt.NDArray[np.uint8]


def starter() -> Weights:
    """The detector that comes with the package."""
    return store.known("detector", Path("/nonexistent"))[0][0]


def frames(clip: str, count: int, step: int = 30) -> Iterator[Bytes]:
    """So many frames of a demo clip, every `step`th from its beginning: seeking would decode far more."""
    video = cv2.VideoCapture(str(SITE / f"{clip}.mp4"))
    for _ in range(count):
        for _ in range(step - 1):
            video.grab()
        read, picture = video.read()
        assert read
        yield np.asarray(picture, np.uint8)
    video.release()


@functools.cache
def surgeon() -> Surgeon:
    """The starter, opened."""
    return Surgeon(starter())


def true_boxes(picture: Bytes) -> tuple[tuple[str, tuple[float, float, float, float]], ...]:
    """What the starter is sure of, in pixels of the picture."""
    made = surgeon().card
    inside = np.asarray(cv2.cvtColor(letterboxed(picture, made), cv2.COLOR_BGR2RGB), np.uint8)
    answer = surgeon().answer(tensor(made, inside, "tensor(float)", 4))
    boxes = answer.boxes
    head = np.concatenate([(boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2], answer.scores], axis=1)
    rows = heads.candidates(head.T.astype(np.float32), "yolov8", (made.input_width, made.input_height), SURE)
    found, _, classes, count = heads.select(rows, made.overlap_max)
    fitted = letterbox((picture.shape[1], picture.shape[0]), (made.input_width, made.input_height), made.anchor)
    return tuple(
        (made.labels[classes[index]], fitted.to_picture(tuple(map(float, found[index])))) for index in range(count)
    )


def spoilt(path: Path, *, name: str, amount: float, seed: int = 0) -> Weights:
    """The starter with noise on its last layers, as a package of its own."""
    random = np.random.default_rng(seed)
    layers = [
        (
            layer.weight + random.normal(0, amount * layer.weight.std(), layer.weight.shape).astype(np.float32),
            layer.bias + random.normal(0, amount, layer.bias.shape).astype(np.float32),
        )
        for layer in surgeon().layers
    ]
    path.mkdir(parents=True, exist_ok=True)
    surgeon().save(layers, path / f"{name}.onnx")
    made = msgspec.structs.replace(surgeon().card, name=name, version="1", sha256="", starter=False)
    card.save(made, path / f"{name}.json")
    return card.load(path / f"{name}.onnx")


def dataset(where: Path, *, per_day: int = 3, days: int = 6) -> DatasetCard:
    """A data set of whole frames with all their true boxes; every clip is a camera, cut into that many days."""
    made: list[tuple[Example, bytes]] = []
    for clip in CLIPS:
        for number, picture in enumerate(frames(clip, per_day * days)):
            day = f"2026-03-{1 + number // per_day:02}"
            jpeg = bytes(cv2.imencode(".jpg", picture)[1])
            identity = hashlib.sha256(f"{clip}.{number}".encode()).hexdigest()[:20]
            example = Example(
                id=identity, group=f"{clip}/{day}", file=f"images/{identity}.jpg",
                sha256=hashlib.sha256(jpeg).hexdigest(), width=picture.shape[1], height=picture.shape[0],
                boxes=true_boxes(picture), provenance=Provenance(camera=clip, verdict="confirmed", said_by="ann"),
            )  # fmt: skip
            made.append((example, jpeg))
    splits = assign(Counter(example.group for example, _ in made), {})
    described = DatasetCard(
        kind="detector", made_at="2026-03-09T00:00:00+00:00",
        id=hashlib.sha256(b"".join(sorted(example.id.encode() for example, _ in made))).hexdigest(),
        labels=starter().card.labels, groups=dict(splits),
        counts=dict(Counter(splits[example.group] for example, _ in made)),
    )  # fmt: skip
    folder.write(where, described, [Filled(example=one, split=splits[one.group], jpeg=jpeg) for one, jpeg in made])
    return described

"""Average precision of `detector` and of every further detector, through Triton and of the network alone. Pure.

Classes are told apart by name. A class of the data that the model does not know is left out and named; boxes of the
model whose class the data does not have count neither way.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from model_repository import heads
from model_repository.card import Weights
from model_repository.contract import BOXES, CLASSES, COUNT, FRAME, SCORES, Letterbox, letterbox
from model_repository.errors import DataUnusable
from model_repository.evaluation import datasets
from model_repository.evaluation.datasets import Labelled
from model_repository.evaluation.intervals import RESAMPLES, middle95
from model_repository.evaluation.pictures import i420_frame, letterboxed
from model_repository.evaluation.precision import Picture, Precision, average_precision, resampled
from model_repository.evaluation.task import Bench, Figure, Measured, figure
from model_repository.learning.judging import judged_only

Floats = npt.NDArray[np.float32]


def evaluate(bench: Bench) -> Measured:
    """mAP50, mAP50-95 and AP50 per class, with bootstrap intervals over the pictures. Raises DataUnusable."""
    labelled = datasets.boxes(bench.data, bench.files)
    weights = next(iter(bench.weights.values()))
    labels = weights.card.labels
    wanted = {bench.names.get(name, name) for each in labelled for name, _ in (*each.boxes, *each.judged)}
    unknown = tuple(sorted(wanted - set(labels)))
    if not wanted & set(labels):
        raise DataUnusable(bench.data, f"the model knows none of its classes ({', '.join(unknown[:5])})")
    served: list[Picture] = []
    alone: list[Picture] = []
    for each in labelled:
        true = _true(each, labels, bench)
        picture = datasets.picture(each.path)
        for kept, found in ((served, _served(bench, picture)), (alone, _alone(bench, weights, picture))):
            kept.append(Picture(judged_only(_kept(found, wanted, labels), _judged(each, labels)), true))
    left_out = (f"classes that the model does not know: {', '.join(unknown)}",) if unknown else ()
    return Measured(
        items=len(labelled), served=_figures(served, labels), alone=_figures(alone, labels), left_out=left_out
    )


def _true(each: Labelled, labels: tuple[str, ...], bench: Bench) -> Floats:
    """Rows class, x1, y1, x2, y2 of what the model knows."""
    rows = [(bench.names.get(name, name), box) for name, box in each.boxes]
    known = [(labels.index(name), *box) for name, box in rows if name in labels]
    return np.array(known, np.float32).reshape(-1, 5)


def _judged(each: Labelled, labels: tuple[str, ...]) -> list[tuple[int, datasets.Box]]:
    """What of a picture is known; nothing = all of it."""
    return [(labels.index(name), area) for name, area in each.judged if name in labels]


def _kept(found: Floats, wanted: set[str], labels: tuple[str, ...]) -> Floats:
    """Without the classes that the data does not have anywhere."""
    known = np.array([label in wanted for label in labels])
    kept: Floats = found[known[found[:, 5].astype(int)]]
    return kept


def _served(bench: Bench, picture: npt.NDArray[np.uint8]) -> Floats:
    """Rows x1, y1, x2, y2, score, class in pixels of the picture, as a client of Triton gets them."""
    answer = bench.ask(**{FRAME: i420_frame(picture, bench.card)[None]})
    count = int(answer[COUNT][0, 0])
    rows = np.column_stack((answer[BOXES][0], answer[SCORES][0], answer[CLASSES][0]))[:count]
    return _in_picture(np.asarray(rows, np.float32), _fitted(bench, picture))


def _alone(bench: Bench, weights: Weights, picture: npt.NDArray[np.uint8]) -> Floats:
    """The same rows by the network alone on the RGB (or BGR) picture, never seen as I420."""
    card = weights.card
    tensor = letterboxed(picture, bench.card)
    if card.colour == "rgb":
        tensor = np.asarray(cv2.cvtColor(tensor, cv2.COLOR_BGR2RGB), np.uint8)
    head = bench.alone(weights, tensor)
    size = (card.input_width, card.input_height)
    rows = heads.candidates(head.T if card.transposed else head, card.head, size)
    boxes, scores, classes, count = heads.select(rows, card.overlap_max)
    return _in_picture(np.column_stack((boxes, scores, classes))[:count].astype(np.float32), _fitted(bench, picture))


def _fitted(bench: Bench, picture: npt.NDArray[np.uint8]) -> Letterbox:
    size = (bench.card.input_width, bench.card.input_height)
    return letterbox((picture.shape[1], picture.shape[0]), size, bench.card.anchor)


def _in_picture(rows: Floats, fitted: Letterbox) -> Floats:
    scale = np.array([fitted.scale_x, fitted.scale_y] * 2, np.float32)
    rows[:, :4] = (rows[:, :4] - np.array([fitted.left, fitted.top] * 2, np.float32)) / scale
    return rows


def _figures(pictures: list[Picture], labels: tuple[str, ...]) -> tuple[Figure, ...]:
    whole = average_precision(pictures, len(labels))
    samples = resampled(pictures, len(labels), times=RESAMPLES)
    true = np.concatenate([picture.true[:, 0] for picture in pictures]).astype(int)
    counts = np.bincount(true, minlength=len(labels))
    classes = [index for index in np.argsort(-counts, kind="stable") if counts[index]]
    return (
        figure("mAP50", whole.map50, middle95([each.map50 for each in samples]), len(true)),
        figure("mAP50-95", whole.map50_95, middle95([each.map50_95 for each in samples]), len(true)),
        *(_of_class(whole, samples, index, labels[index], int(counts[index])) for index in classes),
    )


def _of_class(whole: Precision, samples: list[Precision], index: int, label: str, n: int) -> Figure:
    return figure(f"AP50 {label}", whole.ap50[index], middle95([each.ap50[index] for each in samples]), n)

"""A candidate beside the live weights in a Triton of their own: what both see, how fast, how large. Edge (processes).

The candidate is an ensemble `<ensemble>__<tag>` with steps of its own; the sources are the same.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from tritonclient import grpc as client

from model_repository import builder, registry
from model_repository.card import Weights
from model_repository.contract import BOXES, CLASSES, COUNT, DETECTOR, FRAME, SCORES, ModelCard, letterbox
from model_repository.errors import DataUnusable
from model_repository.evaluation import datasets
from model_repository.evaluation.datasets import Labelled
from model_repository.evaluation.pictures import i420_frame
from model_repository.evaluation.precision import Picture
from model_repository.evaluation.server import TritonServer, infer, model_card
from model_repository.evaluation.speed import pss_mb, tree
from model_repository.learning.gate import Side
from model_repository.learning.judging import judged_only
from model_repository.registry import Ensemble

Floats = npt.NDArray[np.float32]
TAG_CHARS = 8
TIMED = 40
"""Requests of each side that are timed at least; a small set is asked again and again."""


class Beside(NamedTuple):
    """Both, on every picture of a split."""

    pictures: list[tuple[Picture, Picture]]
    live: Side
    candidate: Side


def tag_of(weights: Weights) -> str:
    """Short name of a set of weights in a repository."""
    return weights.card.sha256[:TAG_CHARS]


def trial_of(ensemble: Ensemble, weights: Weights) -> Ensemble:
    """The ensemble that a candidate is tried as."""
    fields = {"name": f"{ensemble.name}__{tag_of(weights)}", "folder": ensemble.source}
    return registry.renamed(ensemble, **fields)


def with_candidate(ensemble: Ensemble, candidate: Weights, data_directory: Path) -> Mapping[str, Weights]:
    """The live weights of an ensemble, the candidate in the place of those of its task."""
    return builder.find_weights((ensemble,), data_directory) | {candidate.card.task: candidate}


def measure(candidate: Weights, labelled: tuple[Labelled, ...], data_directory: Path, timed: int = TIMED) -> Beside:
    """Ask both about every picture, in turns. Raises DataUnusable, ServerFailed."""
    ensemble = registry.ensemble(DETECTOR)
    assert ensemble is not None  # noqa: S101 - it is in the table
    live, trial = builder.find_weights((ensemble,), data_directory), trial_of(ensemble, candidate)
    with tempfile.TemporaryDirectory(prefix="zool-gate-") as folder:
        for each, weights in ((ensemble, live), (trial, with_candidate(ensemble, candidate, data_directory))):
            for model in builder.render((each,), weights):
                builder.write(model, Path(folder) / "models" / model.name)
        server = TritonServer(Path(folder), data_directory)
        server.words = ["--prebuilt"]
        server.start()
        try:
            with client.InferenceServerClient(server.url) as triton:
                return _measured(server, triton, (ensemble.name, trial.name), labelled, timed)
        finally:
            server.stop()


def _measured(
    server: TritonServer,
    triton: client.InferenceServerClient,
    names: tuple[str, str],
    labelled: tuple[Labelled, ...],
    timed: int,
) -> Beside:
    cards = [model_card(triton, name) for name in names]
    if cards[0].labels != cards[1].labels:
        raise DataUnusable(
            Path(names[1]), f"its classes are {cards[1].labels}, those of the live one {cards[0].labels}"
        )
    times: tuple[list[float], list[float]] = ([], [])
    pictures: list[tuple[Picture, Picture]] = []
    rounds = -(-timed // max(1, len(labelled)))
    for turn in range(rounds):
        for each in labelled:
            picture = datasets.picture(each.path)
            seen = []
            for side in (0, 1) if turn % 2 == 0 else (1, 0):
                frame = i420_frame(picture, cards[side])[None]
                before = time.perf_counter()
                answer = infer(triton, names[side], **{FRAME: frame})
                times[side].append(time.perf_counter() - before)
                seen.append(_picture(each, picture.shape[:2], answer, cards[side]))
            if turn == 0:
                pictures.append((seen[0], seen[1]))
    sides = [
        Side(
            model=card.ref,
            latency_ms=round(float(np.median(own)) * 1000, 2),
            memory_mb=round(_memory_mb(server, name), 1),
        )
        for card, own, name in zip(cards, times, names, strict=True)
    ]
    return Beside(pictures, sides[0], sides[1])


def _picture(
    each: Labelled, size: tuple[int, int], answer: Mapping[str, npt.NDArray[np.generic]], card: ModelCard
) -> Picture:
    number = {label: index for index, label in enumerate(card.labels)}
    found = rows(answer, card, (size[1], size[0]))
    judged = [(number[label], area) for label, area in each.judged if label in number]
    true = np.array([(number[label], *box) for label, box in each.boxes if label in number], np.float32)
    return Picture(judged_only(found, judged), true.reshape(-1, 5))


def rows(answer: Mapping[str, npt.NDArray[np.generic]], card: ModelCard, size: tuple[int, int]) -> Floats:
    """Rows x1, y1, x2, y2, score, class in pixels of a picture of `size` (width, height) from an answer of Triton."""
    count = int(np.ravel(answer[COUNT])[0])
    table = np.column_stack((answer[BOXES][0], answer[SCORES][0], answer[CLASSES][0]))[:count].astype(np.float32)
    fitted = letterbox(size, (card.input_width, card.input_height), card.anchor)
    scale = np.array([fitted.scale_x, fitted.scale_y] * 2, np.float32)
    table[:, :4] = (table[:, :4] - np.array([fitted.left, fitted.top] * 2, np.float32)) / scale
    return table


def _memory_mb(server: TritonServer, ensemble: str) -> float:
    """Of the processes that run the steps of an ensemble."""
    pids = tree(server.process.pid) if server.process else []
    return sum(pss_mb(pid) for pid in pids if f"/{ensemble}_".encode() in _words(pid))


def _words(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""

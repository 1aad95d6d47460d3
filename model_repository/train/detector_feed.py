"""Batches for the training, made by one process of their own.

Rules
- The process knows no torch: it decodes, varies and packs, and is told how far the training is by one shared number.
- The queue is short (QUEUE_BATCHES): the training never waits long, memory never grows.
- Small pictures first: a network learns what things look like on quarter-size batches four times as fast, and where
  exactly they end on full ones afterwards. Small batches too: in a budget of minutes the number of steps is what lacks.
"""

from __future__ import annotations

import multiprocessing
import queue
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from model_repository.train.detector_augment import vary
from model_repository.train.detector_frames import SIZE, Frames, read, shards

QUEUE_BATCHES = 6
LOOK_S = 5.0
BATCH = 8
HALF = (320, 192)
MIDDLE = (448, 256)


class Batch(NamedTuple):
    """What goes into one step; objects are padded to the fullest picture."""

    pictures: npt.NDArray[np.uint8]  # [N, H, W, 3] RGB
    boxes: npt.NDArray[np.float32]  # [N, M, 4] corners in pixels
    classes: npt.NDArray[np.int64]  # [N, M]
    present: npt.NDArray[np.bool_]  # [N, M]


class Phase(NamedTuple):
    """How batches are made at one point of the training."""

    size: tuple[int, int]
    batch: int
    mosaic: float


def phase(progress: float, rng: np.random.Generator) -> Phase:
    """Size, batch and part of mosaics at a progress of 0..1."""
    choice = rng.random()
    if progress < 0.45:
        return Phase(HALF, BATCH, 0.1) if choice < 0.9 else Phase(SIZE, BATCH, 0.1)
    if progress < 0.7:
        return Phase(HALF if choice < 0.3 else MIDDLE if choice < 0.7 else SIZE, BATCH, 0.1)
    return Phase(SIZE, BATCH, 0.0)


def weights(frames: Frames) -> npt.NDArray[np.float64]:
    """How often to draw each picture: those with rare classes more often. Sums to one."""
    counts = np.maximum(np.array(frames.counts(), float), 1)
    value = np.sqrt(counts.sum() / counts)
    each = np.array([value[frames.kinds(index)].max(initial=value.min()) for index in range(len(frames))])
    return each / each.sum()


def pack(parts: list[tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32]]]) -> Batch:
    """Pictures BGR uint8 of one size with their boxes [n, 5] as one batch."""
    most = max(1, *(len(boxes) for _, boxes in parts))
    boxes = np.zeros((len(parts), most, 4), np.float32)
    classes = np.zeros((len(parts), most), np.int64)
    present = np.zeros((len(parts), most), bool)
    for row, (_, found) in enumerate(parts):
        count = len(found)
        boxes[row, :count], classes[row, :count], present[row, :count] = found[:, 1:], found[:, 0], True
    pictures = np.stack([picture[:, :, ::-1] for picture, _ in parts])
    return Batch(pictures, boxes, classes, present)


def make(frames: Frames, chances: npt.NDArray[np.float64], how: Phase, rng: np.random.Generator) -> Batch:
    """One batch of varied pictures."""
    parts = []
    for _ in range(how.batch):
        count = 4 if rng.random() < how.mosaic else 1
        picked = rng.choice(len(frames), count, p=chances)
        small = how.size[0] * 2 <= SIZE[0]
        parts.append(vary([frames.get(int(index), half=small) for index in picked], how.size, rng))
    return pack(parts)


def _work(folder: Path, seed: int, progress: Synchronized[float], batches: Any) -> None:
    cv2.setNumThreads(1)
    rng = np.random.default_rng(seed)
    frames = read(folder, validation=False)
    chances = weights(frames)
    while True:
        batches.put(make(frames, chances, phase(progress.value, rng), rng))


class Feed:
    """The training's end of the queue."""

    def __init__(self, batches: Any, progress: Synchronized[float], worker: BaseProcess) -> None:
        self._batches, self._worker = batches, worker
        self.progress = progress

    def take(self) -> Batch:
        """The next batch; raises ChildProcessError where the process that makes them has ended."""
        while True:
            try:
                batch: Batch = self._batches.get(timeout=LOOK_S)
            except queue.Empty:
                if not self._worker.is_alive():
                    raise ChildProcessError("the process that makes batches has ended; its reason is above") from None
            else:
                return batch


@contextmanager
def feeding(folder: Path, seed: int) -> Iterator[Feed]:
    """Run the feeding process beside the training and end it with it.

    Raises FileNotFoundError where the folder holds no shards to train on.
    """
    if not shards(folder, validation=False):
        raise FileNotFoundError(f"no shards in {folder}: render some with python -m {__package__}.detector_frames")
    context = multiprocessing.get_context("spawn")
    progress = context.Value("d", 0.0)
    batches = context.Queue(QUEUE_BATCHES)
    worker = context.Process(target=_work, args=(folder, seed, progress, batches), daemon=True)
    worker.start()
    try:
        yield Feed(batches, progress, worker)
    finally:
        worker.terminate()
        worker.join()

"""Endless batches of rendered plate strips with their texts, made by worker processes.

A worker mixes stills, clips through H.264 and strips without a plate.  The level of difficulty comes through shared
memory, so that it can rise while the workers run.
"""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import IterableDataset, get_worker_info

from model_repository.plates.grammar import ALPHABET
from model_repository.plates.nations import REGIONS
from model_repository.train.plate_clips import clip_strips
from model_repository.train.plate_fonts import fonts
from model_repository.train.plate_pictures import (
    BLANK_FRAME,
    NO_FRAME,
    REGION_SHARE,
    STEPS,
    Base,
    BaseBank,
    Gray,
    Rng,
    no_plate,
    still,
)

BATCH: Final = 64
BLANK: Final = len(ALPHABET)
LABEL_LEN_MAX: Final = 10
IGNORED: Final = -100
"""The class that torch's losses leave out."""
_INDEX: Final = {char: index for index, char in enumerate(ALPHABET)}


class Sample(NamedTuple):
    """A strip, its text, the index of its region (-100 without a plate), and the class at every step."""

    strip: Gray
    text: str
    region: int
    frames: npt.NDArray[np.int64]


Batch = tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]
"""Strips uint8 [n, 48, 188], classes int64 [n, 10] padded with zero, lengths, regions, classes per step [n, 47]."""


def encode_text(text: str) -> list[int]:
    """Return the classes of a latin text."""
    return [_INDEX[char] for char in text]


def sample_of(strip: Gray, base: Base) -> Sample:
    """Put the classes in place of the indexes into the text."""
    frames = np.full(STEPS, IGNORED, np.int64)
    frames[base.frames == BLANK_FRAME] = BLANK
    for step in np.flatnonzero(base.frames > NO_FRAME + 1):
        frames[step] = _INDEX[base.text[base.frames[step]]]
    return Sample(strip, base.text, base.region, frames)


def to_batch(samples: list[Sample]) -> Batch:
    """Stack samples."""
    labels = np.zeros((len(samples), LABEL_LEN_MAX), np.int64)
    for row, sample in zip(labels, samples, strict=True):
        row[: len(sample.text)] = encode_text(sample.text)
    lengths = np.array([len(sample.text) for sample in samples], np.int64)
    strips: npt.NDArray[np.uint8] = np.stack([sample.strip for sample in samples])
    regions = np.array([sample.region for sample in samples], np.int64)
    frames = np.stack([sample.frames for sample in samples])
    return (
        torch.from_numpy(strips),
        torch.from_numpy(labels),
        torch.from_numpy(lengths),
        torch.from_numpy(regions),
        torch.from_numpy(frames),
    )


class PlateStrips(IterableDataset[Any]):
    """Batches without end; every worker has its own stream of random numbers."""

    def __init__(self, seed: int, level: torch.Tensor) -> None:
        """`level` is a shared one-element tensor."""
        self._seed = seed
        self._level = level

    def __iter__(self) -> Iterator[Batch]:
        """Yield batches of 64."""
        cv2.setNumThreads(1)
        torch.set_num_threads(1)
        info = get_worker_info()
        rng = np.random.default_rng([self._seed, info.id if info else 0])
        bank = BaseBank(rng, fonts())
        clips: list[Sample] = []
        while True:
            level = float(self._level[0])
            samples: list[Sample] = []
            while len(samples) < BATCH:
                if rng.random() < 0.2:
                    if not clips:
                        clips = [sample_of(strip, base) for strip, base in clip_strips(rng, bank, level)]
                    samples.append(clips.pop())
                else:
                    samples.append(_still_sample(rng, bank, level))
            yield to_batch(samples)


class Ring:
    """The last strips that were made: each is learned from a few times, because making one costs as much as that."""

    def __init__(self, size: int, rng: Rng) -> None:
        """Start empty."""
        self._size = size
        self._rng = rng
        self._batches: list[Batch] = []

    def add(self, batch: Batch) -> None:
        """Take a new batch in; the oldest leaves."""
        self._batches.append(batch)
        if len(self._batches) > self._size:
            self._batches.pop(0)

    def mixed(self) -> Batch:
        """A batch of strips drawn from all that are here."""
        which = self._rng.integers(0, len(self._batches), BATCH)
        rows = self._rng.integers(0, BATCH, BATCH)
        columns = [
            torch.stack([self._batches[int(b)][part][int(r)] for b, r in zip(which, rows, strict=True)])
            for part in range(5)
        ]
        return columns[0], columns[1], columns[2], columns[3], columns[4]


def _still_sample(rng: Rng, bank: BaseBank, level: float) -> Sample:
    """A still, or now and then (once the level has risen) a strip without a plate."""
    if rng.random() < 0.06 * (level > 0.5):
        return Sample(no_plate(rng, level), "", IGNORED, np.full(STEPS, BLANK, np.int64))
    base = bank.draw()
    return sample_of(still(rng, base, level), base)


def held_out(seed: int, count: int) -> dict[str, list[Sample]]:
    """Return fixed validation sets that training never draws.

    Hard stills by region, and plates 76 to 84 px wide out of clips.
    """
    rng = np.random.default_rng([seed, 99])
    bank = BaseBank(rng, fonts(), size=count)
    sets: dict[str, list[Sample]] = {f"stills_{region}": [] for region in REGION_SHARE}
    for _ in range(count):
        sample = _still_sample(rng, bank, 1.0)
        if sample.text:
            sets[f"stills_{REGIONS[sample.region]}"].append(sample)
    flat = BaseBank(rng, [], size=count, two_row_share=0.0)
    clips: list[Sample] = []
    while len(clips) < count // 4:
        clips += [sample_of(strip, base) for strip, base in clip_strips(rng, flat, 0.7, (76.0, 84.0))]
    return sets | {"clips_80px": clips[: count // 4]}

"""Endless batches of rendered plate strips with their texts, made by worker processes.

A worker mixes stills, clips through H.264 and strips without a plate.  The level of difficulty comes through shared
memory, so that it can rise while the workers run.
"""

from collections.abc import Iterator
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import IterableDataset, get_worker_info

from model_repository.plates.grammar import ALPHABET
from model_repository.train.plate_clips import clip_strips
from model_repository.train.plate_fonts import font_sources
from model_repository.train.plate_pictures import BaseBank, Gray, Rng, no_plate, still

BATCH: Final = 64
BLANK: Final = len(ALPHABET)
LABEL_LEN_MAX: Final = 9
_INDEX: Final = {char: index for index, char in enumerate(ALPHABET)}

Sample = tuple[Gray, str]


def encode_text(text: str) -> list[int]:
    """Return the classes of a latin text."""
    return [_INDEX[char] for char in text]


def to_batch(samples: list[Sample]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Stack strips to uint8 [n, 48, 188], classes to int64 [n, 9] (padded with zero) and lengths to int64 [n]."""
    labels = np.zeros((len(samples), LABEL_LEN_MAX), np.int64)
    for row, (_, text) in zip(labels, samples, strict=True):
        row[: len(text)] = encode_text(text)
    lengths = np.array([len(text) for _, text in samples], np.int64)
    strips: npt.NDArray[np.uint8] = np.stack([strip for strip, _ in samples])
    return torch.from_numpy(strips), torch.from_numpy(labels), torch.from_numpy(lengths)


class PlateStrips(IterableDataset[Any]):
    """Batches without end; every worker has its own stream of random numbers."""

    def __init__(self, seed: int, level: torch.Tensor) -> None:
        """`level` is a shared one-element tensor."""
        self._seed = seed
        self._level = level

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
        """Yield batches of 64."""
        cv2.setNumThreads(1)
        torch.set_num_threads(1)
        info = get_worker_info()
        rng = np.random.default_rng([self._seed, info.id if info else 0])
        bank = BaseBank(rng, font_sources())
        clips: list[Sample] = []
        while True:
            level = float(self._level[0])
            samples: list[Sample] = []
            while len(samples) < BATCH:
                if rng.random() < 0.35:
                    if not clips:
                        clips = [(strip, base.text) for strip, base in clip_strips(rng, bank, level)]
                    samples.append(clips.pop())
                else:
                    samples.append(_still_sample(rng, bank, level))
            yield to_batch(samples)


def _still_sample(rng: Rng, bank: BaseBank, level: float) -> Sample:
    """A still, or now and then (once the level has risen) a strip without a plate."""
    if rng.random() < 0.06 * (level > 0.5):
        return no_plate(rng, level), ""
    base = bank.draw()
    return still(rng, base, level), base.text


def held_out(seed: int, count: int) -> dict[str, list[Sample]]:
    """Return fixed validation sets that training never draws: hard stills, and one-row clip plates 76 to 84 px wide."""
    rng = np.random.default_rng([seed, 99])
    bank = BaseBank(rng, font_sources(), size=count)
    stills = [_still_sample(rng, bank, 1.0) for _ in range(count)]
    flat = BaseBank(rng, [], size=count, two_row_share=0.0)
    clips: list[Sample] = []
    while len(clips) < count:
        clips += [(strip, base.text) for strip, base in clip_strips(rng, flat, 0.7, (76.0, 84.0))]
    return {"stills": stills, "clips_80px": clips[:count]}

"""Imports readers of plates: CTC (LPRNet and the like) and one class per slot (CCT of fast-plate-ocr and the like).

Rules of this file
- A reader is told by its answer to a grey picture: [steps, classes] or, on its side, [classes, steps]. The alphabet
  decides which axis holds the classes, and must fit.
- How pixels are scaled stands in no ONNX file: float networks are fed with (pixel - 127.5) / 128, as LPRNet is, unless
  the user gives `--mean` and `--std`; networks that take bytes scale by themselves.
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from model_repository.card import WeightsCard
from model_repository.errors import AlphabetWrong, HeadUnknown, InputUnknown
from model_repository.imports import onnx_file
from model_repository.imports.onnx_file import Answer, Opened
from model_repository.imports.request import Asked
from model_repository.plates.grammar import ALPHABET
from model_repository.plates.readers import ALPHABET_RU

ALPHABETS = {len(each) + 1: each for each in (ALPHABET_RU, ALPHABET)}
"""By number of classes, the blank or filler at the end included."""
INPUT = "one picture as floats [N, 1 or 3, height, width] or as bytes [N, height, width, 1 or 3]"
HEADS = "a reader of plates: [N, steps, classes] or [N, classes, steps]"
FILLERS = "-_ "
SLOT_STEPS_MAX = 12
"""A reader with one class per slot has as many steps as a plate has characters; CTC needs more than that."""

LPRNET_MEAN, LPRNET_STD = 127.5, 128.0
MARGINS = {"ctc": (0.04, 0.08), "slots": (0.03, 0.06)}
"""How much wider than its corners a plate is cut: what public readers of the kind read best."""


class _Input(msgspec.Struct, frozen=True, kw_only=True):
    size: tuple[int, int]
    channels: int
    bytes_in: bool
    last: bool  # channels last


def examine(asked: Asked) -> WeightsCard:
    """The card of a reader of plates. Raises ImportRefused."""
    network = onnx_file.opened(asked.path)
    taken = _input(network, asked)
    answer = _answer(network, taken)
    alphabet, transposed = _alphabet(network, answer, asked.alphabet)
    rows = answer.T if transposed else answer
    kind = "slots" if len(rows) <= SLOT_STEPS_MAX else "ctc"
    colour = "gray" if taken.channels == 1 else asked.colour or "rgb"
    mean, std = asked.mean or LPRNET_MEAN, asked.std or LPRNET_STD
    return msgspec.convert(
        {
            "name": asked.token,
            "task": asked.task,
            "version": asked.version or onnx_file.version(network.metadata),
            "licence": asked.licence or network.metadata.get("license", ""),
            "trained_on": onnx_file.trained_on(network.metadata),
            "input_width": taken.size[0],
            "input_height": taken.size[1],
            "anchor": "top_left",
            "colour": colour,
            "subtract": 0.0 if taken.bytes_in else mean,
            "divide": 1.0 if taken.bytes_in else std,
            "head": kind,
            "transposed": transposed,
            "logits": not _probabilities(rows),
            "alphabet": alphabet,
            "corner_margin": MARGINS[kind],
            "box_margin": (0.0, 0.0),
            "row_halves": False,
        },
        WeightsCard,
    )


def _input(network: Opened, asked: Asked) -> _Input:
    """A picture as floats [N, channels, height, width] or as bytes [N, height, width, channels]."""
    taken = network.one_input(("tensor(float)", "tensor(uint8)"), INPUT)
    bytes_in = taken.type == "tensor(uint8)"
    shape: list[Any] = list(taken.shape)
    last = shape[3] in (1, 3)
    channels = shape[3] if last else shape[1]
    # What takes bytes must take them channels last: that is how pictures lie in memory.
    if channels not in (1, 3) or last != bytes_in:
        raise InputUnknown(network.path, network.inputs, INPUT)
    sides = (shape[1], shape[2]) if last else (shape[2], shape[3])
    size = onnx_file.picture_size(network, sides, asked.size, 1)
    return _Input(size=size, channels=channels, bytes_in=bytes_in, last=last)


def _answer(network: Opened, taken: _Input) -> Answer:
    width, height = taken.size
    shape = (1, height, width, taken.channels) if taken.last else (1, taken.channels, height, width)
    picture = np.full(shape, 114, np.uint8) if taken.bytes_in else np.zeros(shape, np.float32)
    answers = network.answers(picture)
    first = answers[0]
    if len(answers) != 1 or first.ndim != 3 or first.shape[0] != 1 or first.dtype != np.float32:
        raise HeadUnknown(network.path, ", ".join(f"{each.dtype} {list(each.shape)}" for each in answers), HEADS)
    return np.asarray(first[0], np.float32)


def _alphabet(network: Opened, answer: Answer, given: str) -> tuple[str, bool]:
    """The characters without the blank, and whether the answer lies on its side."""
    for alphabet in [_plain(given)] if given else list(ALPHABETS.values()):
        classes = len(alphabet) + 1
        if classes in answer.shape:
            return alphabet, answer.shape[1] != classes
    if given:
        raise AlphabetWrong(network.path, len(_plain(given)), answer.shape)
    raise AlphabetWrong(network.path, 0, answer.shape)


def _plain(alphabet: str) -> str:
    """Without the blank or filler that many write at the end."""
    return alphabet[:-1] if alphabet[-1] in FILLERS else alphabet


def _probabilities(rows: Answer) -> bool:
    return bool(rows.min() >= 0 and np.allclose(rows.sum(axis=1), 1, atol=1e-3))

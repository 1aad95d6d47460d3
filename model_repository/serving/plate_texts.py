"""What was read, as the tensors of the contract. Pure."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from model_repository.contract import (
    CHAR_CONFIDENCE,
    CONFIDENCE,
    PLATE_CHARS_MAX,
    REGION,
    REGION_BYTES,
    TEXT,
    TEXT_BYTES,
)
from model_repository.plates import readers
from model_repository.plates.decode import Read


def texts(reads: list[Read]) -> dict[str, npt.NDArray[Any]]:
    """The texts of all crops as the tensors of the contract."""
    rows = np.zeros((len(reads), TEXT_BYTES), np.uint8)
    regions = np.zeros((len(reads), REGION_BYTES), np.uint8)
    confidences = np.zeros((len(reads), 1), np.float32)
    chars = np.zeros((len(reads), PLATE_CHARS_MAX), np.float32)
    for index, read in enumerate(reads):
        text, region = readers.wire(read)
        _write(rows[index], text)
        _write(regions[index], region)
        confidences[index] = read.confidence
        chars[index, : len(read.char_confidence)] = read.char_confidence
    return {TEXT: rows, REGION: regions, CONFIDENCE: confidences, CHAR_CONFIDENCE: chars}


def _write(row: npt.NDArray[np.uint8], text: str) -> None:
    """Put a text into its row of bytes, zeros to the end."""
    data = text.encode()
    row[: len(data)] = np.frombuffer(data, np.uint8)

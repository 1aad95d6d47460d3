"""What a recogniser is: an ensemble that takes crops, and what its answer means. Pure: no I/O, no clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import numpy.typing as npt

from ingest.contract import Box
from model_repository.contract import Letterbox, ModelCard
from postprocess.contract import ReadOf


class Crop(msgspec.Struct, frozen=True, kw_only=True):
    """The picture that a recogniser answered: how it went into the tensor, and where it stands in the frame."""

    fit: Letterbox
    size: tuple[int, int]
    """Width and height of the crop in pixels."""
    place: Box
    """Of the crop in the frame."""


Answer = Mapping[str, npt.NDArray[Any]]
"""Output → its values for one crop, flat."""


class Recogniser(msgspec.Struct, frozen=True, kw_only=True):
    """An ensemble that takes crops (CROP of `model_repository.contract`), and what its answer means."""

    name: str
    """Of the ensemble; also the token of the subject of its shots."""
    outputs: tuple[str, ...]
    read: Callable[[Answer, Crop, ModelCard], ReadOf]
    """Raises `ValueError` or `KeyError` for an answer that breaks the contract."""
    ensemble: bool = True
    """False: nobody is asked; the read carries the thumbnail alone, `read` is not called."""

"""What the module of an ensemble gets and gives when it is evaluated. Pure.

A module `evaluate(bench: Bench) -> Measured` asks the served ensemble with `bench.ask` and the networks alone with
`bench.alone`; both keep the time of every call.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import msgspec
import numpy as np
import numpy.typing as npt

from model_repository.card import Weights
from model_repository.contract import ModelCard, ModelRef
from model_repository.evaluation.intervals import wilson

Arrays = dict[str, npt.NDArray[Any]]


class Ask(Protocol):
    """One request to the served ensemble: arrays by tensor name, batch axis in front; all outputs come back."""

    def __call__(self, **arrays: npt.NDArray[np.uint8]) -> Arrays:
        """Ask."""
        ...


class Runs(Protocol):
    """Networks alone, by ONNX Runtime, on one picture [H, W, 3] in a network's own order of colours."""

    def __call__(self, weights: Weights, picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """The first output, without the batch axis."""
        ...

    def outputs(self, weights: Weights, picture: npt.NDArray[np.uint8]) -> list[npt.NDArray[np.float32]]:
        """All outputs as they are."""
        ...


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One measured figure with the interval that holds it in 95 of 100 repetitions."""

    name: str
    value: float | None
    low: float | None = None
    high: float | None = None
    n: int = 0
    unit: str = ""


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What a module found out: the same figures for the served ensemble and for the networks alone."""

    items: int
    served: tuple[Figure, ...]
    alone: tuple[Figure, ...] = ()
    left_out: tuple[str, ...] = ()
    """What of the data could not be used, in words."""


class Conditions(msgspec.Struct, frozen=True, kw_only=True):
    """What a figure depends on."""

    date: str
    machine: str
    cores: int
    engine: str
    command: str
    load: float | None = None
    """How many processes wanted to run in the minute before: more than there are cores, and times mean little."""


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """One run of `zool models eval`, as it is kept."""

    ensemble: str
    models: tuple[ModelRef, ...]
    input_width: int
    input_height: int
    data: str
    measured: Measured
    speed: tuple[Figure, ...]
    conditions: Conditions


class Bench(msgspec.Struct, frozen=True, kw_only=True):
    """What a module gets. `weights` by task; `files` is a pattern for the names of pictures."""

    ensemble: str
    data: Path
    card: ModelCard
    weights: Mapping[str, Weights]
    ask: Ask
    alone: Runs
    names: Mapping[str, str] = {}
    """Names of classes in the data → names in the model."""
    files: str = "*"


def share(name: str, hits: int, total: int) -> Figure:
    """A share of independent items, with Wilson's interval."""
    low, high = wilson(hits, total)
    return Figure(name=name, value=hits / total if total else None, low=low, high=high, n=total)


def figure(name: str, value: float, interval: tuple[float, float], n: int) -> Figure:
    """Any other figure; NaN becomes nothing."""
    low, high = interval
    return Figure(name=name, value=_number(value), low=_number(low), high=_number(high), n=n)


def times(name: str, seconds: list[float]) -> Figure:
    """The median of measured times, between their quartiles."""
    if not seconds:
        return Figure(name=name, value=None, unit="ms")
    low, middle, high = np.quantile(seconds, [0.25, 0.5, 0.75]) * 1000
    return Figure(name=name, value=float(middle), low=float(low), high=float(high), n=len(seconds), unit="ms")


def mean_of(figures: list[float]) -> float:
    """The mean, NaN of nothing."""
    return statistics.fmean(figures) if figures else math.nan


def shown(figure: Figure | None) -> str:
    """Value and interval; a dash for what could not be measured."""
    if figure is None or figure.value is None:
        return "–"
    digits = 1 if figure.unit else 3
    unit = f" {figure.unit}" if figure.unit else ""
    interval = ""
    if figure.low is not None and figure.high is not None:
        interval = f" ({figure.low:.{digits}f} to {figure.high:.{digits}f})"
    return f"{figure.value:.{digits}f}{unit}{interval}"


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value

"""Teaches the last layers of a detector: logistic regressions over features, by Adam. Pure numpy, deterministic.

Loss: binary cross entropy against soft aims, times the square of the error (quality focal loss, Li et al., 2020),
weighted by cell, plus the squared distance from the weights that it began with, so that a handful of examples moves a
layer only as far as they carry it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

DECAY = 1e-3
BETA_1, BETA_2, TINY = 0.9, 0.999, 1e-8
BATCH = 4096


class Cells(NamedTuple):
    """What one layer learns from: features [n, width], aims and weights [n, classes]."""

    features: Floats
    targets: Floats
    weights: Floats


class State(NamedTuple):
    """A layer while it learns; a checkpoint is a list of these."""

    weight: Floats
    bias: Floats
    first: Floats  # Adam's moments of [weight | bias]
    second: Floats
    steps: int


def begin(weight: Floats, bias: Floats) -> State:
    """Before the first step."""
    zero = np.zeros((weight.shape[0], weight.shape[1] + 1), np.float32)
    return State(weight.astype(np.float32), bias.astype(np.float32), zero, zero.copy(), 0)


def epoch(state: State, cells: Cells, origin: State, *, rate: float, seed: int) -> tuple[State, float]:
    """Once over all cells in an order of their own; returns the new state and the mean loss."""
    if not len(cells.features):
        return state, 0.0
    order = np.random.default_rng(seed).permutation(len(cells.features))
    losses = []
    for begin_at in range(0, len(order), BATCH):
        rows = order[begin_at : begin_at + BATCH]
        state, loss = _step(state, Cells(*(part[rows] for part in cells)), origin, rate)
        losses.append(loss * len(rows))
    return state, float(sum(losses) / len(order))


def _step(state: State, cells: Cells, origin: State, rate: float) -> tuple[State, float]:
    logits = np.clip(cells.features @ state.weight.T + state.bias, -60, 60)
    found = 1 / (1 + np.exp(-logits))
    error = found - cells.targets
    entropy = np.logaddexp(0, logits) - cells.targets * logits
    scale = max(1.0, float((cells.targets * cells.weights).sum()))
    loss = float((entropy * error**2 * cells.weights).sum() / scale)
    slope = (error**3 + entropy * 2 * error * found * (1 - found)) * cells.weights / scale
    gradient = np.concatenate([slope.T @ cells.features, slope.sum(axis=0)[:, None]], axis=1)
    whole = np.concatenate([state.weight, state.bias[:, None]], axis=1)
    start = np.concatenate([origin.weight, origin.bias[:, None]], axis=1)
    gradient = gradient + DECAY * (whole - start)
    steps = state.steps + 1
    first = BETA_1 * state.first + (1 - BETA_1) * gradient
    second = BETA_2 * state.second + (1 - BETA_2) * gradient**2
    move = (first / (1 - BETA_1**steps)) / (np.sqrt(second / (1 - BETA_2**steps)) + TINY)
    whole = (whole - rate * move).astype(np.float32)
    return State(whole[:, :-1], whole[:, -1], first.astype(np.float32), second.astype(np.float32), steps), loss

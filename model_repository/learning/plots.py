"""Curves of a training as PNG. Edge (files); cv2 draws, so that no pod needs a plotting library for it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from model_repository.learning.contract import Epoch

WIDTH, HEIGHT, EDGE = 720, 360, 56
INK, GRID, LINE, BEST = (40, 40, 40), (225, 225, 225), (150, 90, 20), (60, 140, 30)


def curves(epochs: Sequence[Epoch], folder: Path) -> list[Path]:
    """Draw loss and figure over the epochs; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    series = {"loss": [each.loss for each in epochs[1:]], "val": [each.val for each in epochs]}
    paths = []
    for name, values in series.items():
        path = folder / f"{name}.png"
        cv2.imwrite(str(path), _drawn(name, values, first=1 if name == "loss" else 0))
        paths.append(path)
    return paths


def _drawn(name: str, values: Sequence[float], *, first: int) -> np.ndarray:
    picture = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
    if not values:
        return picture
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    across = (WIDTH - 2 * EDGE) / max(1, len(values) - 1)
    points = [
        (round(EDGE + number * across), round(HEIGHT - EDGE - (value - low) / span * (HEIGHT - 2 * EDGE)))
        for number, value in enumerate(values)
    ]
    for part in range(5):
        y = round(EDGE + part * (HEIGHT - 2 * EDGE) / 4)
        cv2.line(picture, (EDGE, y), (WIDTH - EDGE, y), GRID, 1)
        _write(picture, f"{high - part * span / 4:.3f}", (4, y + 4))
    cv2.polylines(picture, [np.array(points, np.int32)], isClosed=False, color=LINE, thickness=2, lineType=cv2.LINE_AA)
    best = int(np.argmax(values)) if name == "val" else int(np.argmin(values))
    cv2.circle(picture, points[best], 5, BEST, -1, cv2.LINE_AA)
    _write(picture, f"{name}: epoch {best + first}, {values[best]:.4f}", (EDGE, EDGE - 20))
    _write(picture, str(first), (EDGE - 4, HEIGHT - EDGE + 20))
    _write(picture, str(first + len(values) - 1), (WIDTH - EDGE - 10, HEIGHT - EDGE + 20))
    return picture


def _write(picture: np.ndarray, text: str, at: tuple[int, int]) -> None:
    cv2.putText(picture, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.45, INK, 1, cv2.LINE_AA)

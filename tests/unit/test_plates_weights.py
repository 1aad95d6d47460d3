"""The shipped plate networks do what their cards say, on pictures that are made here."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import pytest

from model_repository import card
from model_repository.plates.decode import read_plate
from model_repository.plates.rectify import rectify_quad, rows_of
from model_repository.plates.render import random_plate, render_plate

WEIGHTS = Path(card.__file__).parent / "weights"


def session(name: str) -> onnxruntime.InferenceSession:
    """Open a shipped network on one thread, its card checked against it."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    weights = card.load(WEIGHTS / f"{name}.onnx")
    assert weights.card.name == name
    assert weights.card.licence == "Apache-2.0"
    return onnxruntime.InferenceSession(str(weights.path), options, providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("width_px", [80, 110, 240])
def test_plates_starter_reads_rendered_plates(width_px: int) -> None:
    """Clean plates of every one-row kind are read exactly, from 80 px of width on, by their corners."""
    reader = session("starter-plate-ocr")
    rng = np.random.default_rng(width_px)
    for kind in ("private", "taxi", "police", "trailer"):
        plate = random_plate(rng, (kind,))
        picture = np.full((160, 320, 3), 100, np.uint8)
        small = cv2.resize(render_plate(plate, width_px=480), (width_px, round(width_px * 112 / 520)), interpolation=3)
        h_px, w_px = small.shape[:2]
        picture[50 : 50 + h_px, 40 : 40 + w_px] = small
        quad = np.array([[40, 50], [40 + w_px, 50], [40 + w_px, 50 + h_px], [40, 50 + h_px]], np.float32)
        strip = rectify_quad(picture, quad, rows=rows_of(quad))
        (probs,) = reader.run(None, {"strips": strip[None]})
        assert read_plate(probs[0]).text_latin == plate.text_latin


def test_plates_starter_is_silent_without_plate() -> None:
    """Noise and flat pictures are no plates."""
    reader = session("starter-plate-ocr")
    noise = np.random.default_rng(2).integers(0, 256, (48, 188)).astype(np.uint8)
    strips = np.stack([noise, np.full((48, 188), 90, np.uint8), cv2.GaussianBlur(noise, (0, 0), 4)])
    (probs,) = reader.run(None, {"strips": strips})
    assert [read_plate(row).text_latin for row in probs] == ["", "", ""]

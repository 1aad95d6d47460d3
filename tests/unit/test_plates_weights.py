"""The shipped plate networks do what their cards say, on pictures that are made here."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import onnxruntime
import pytest

from model_repository import card
from model_repository.plates import strips
from model_repository.plates.decode import Read
from model_repository.plates.foreign import random_text, standard
from model_repository.plates.layout_ru import SPECS
from model_repository.plates.nations import SERIES
from model_repository.plates.rectify import rectify_quad
from model_repository.plates.render import Plate, layout_of, random_plate, render_plate

WEIGHTS = Path(card.__file__).parent / "weights"


class Reader:
    """The shipped reader on one thread, its card checked against it."""

    def __init__(self, name: str = "starter-plate-ocr") -> None:
        """Open the network."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.card = card.load(WEIGHTS / f"{name}.onnx").card
        assert self.card.name == name
        assert self.card.licence == "Apache-2.0"
        path = str(WEIGHTS / f"{name}.onnx")
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def read(self, strip: npt.NDArray[np.uint8]) -> Read:
        """Read one strip."""
        (answers,) = self.session.run(None, {"strips": strip[None]})
        return strips.read_of(answers[0], self.card)


def strip_of(plate: Plate, width_px: int, rng: np.random.Generator | None = None) -> npt.NDArray[np.uint8]:
    """Render a plate, set it into a grey picture at that width, and straighten it by its corners."""
    clean = render_plate(plate, rng, width_px=480)
    h_px = round(width_px * clean.shape[0] / clean.shape[1])
    picture = np.full((h_px + 100, width_px + 100, 3), 100, np.uint8)
    picture[50 : 50 + h_px, 50 : 50 + width_px] = cv2.resize(clean, (width_px, h_px), interpolation=cv2.INTER_AREA)
    corners = np.array([[0, 0], [width_px, 0], [width_px, h_px], [0, h_px]], np.float32) + 50
    return rectify_quad(picture, corners, rows=layout_of(plate).spec.rows)


@pytest.mark.parametrize("width_px", [80, 110, 240])
def test_plates_starter_reads_rendered_plates(width_px: int) -> None:
    """Clean plates of every common one-row kind are read exactly, from 80 px of width on, by their corners."""
    reader = Reader()
    rng = np.random.default_rng(width_px)
    for kind in ("private", "taxi", "police", "trailer"):
        plate = random_plate(rng, (kind,))
        read = reader.read(strip_of(plate, width_px))
        assert read.text_latin == plate.text_latin
        assert read.region == "ru"


def test_plates_starter_reads_every_russian_type() -> None:
    """Every type of the standard, rendered clean and 300 px wide, is read back: 95 of 100 and more."""
    reader = Reader()
    rng = np.random.default_rng(5)
    plates = [random_plate(rng, (kind,)) for kind in SPECS for _ in range(6)]
    wrong = [plate for plate in plates if reader.read(strip_of(plate, 300)).text_latin != plate.text_latin]
    assert len(wrong) <= 0.05 * len(plates), wrong
    assert max(Counter(plate.kind for plate in wrong).values(), default=0) <= 2, wrong


def test_plates_starter_reads_other_countries() -> None:
    """The usual series of every country, rendered clean and 300 px wide, are read back: nine of ten and more.

    O and 0 have one shape here, and where both fit a series nobody can tell them apart.
    """
    reader = Reader()
    rng = np.random.default_rng(6)
    plates = [
        standard(country, pattern, random_text(rng, pattern))
        for countries in SERIES.values()
        for country, patterns in countries.items()
        for pattern in sorted(set(patterns))
    ]
    wrong = [
        plate
        for plate in plates
        if reader.read(strip_of(plate, 300)).text_latin.replace("O", "0") != plate.text_latin.replace("O", "0")
    ]
    assert len(wrong) <= 0.1 * len(plates), [(plate.kind, plate.text_latin) for plate in wrong]


def test_plates_starter_is_silent_without_plate() -> None:
    """Noise and flat pictures are no plates."""
    reader = Reader()
    noise = np.random.default_rng(2).integers(0, 256, (48, 188)).astype(np.uint8)
    for strip in (noise, np.full((48, 188), 90, np.uint8), cv2.GaussianBlur(noise, (0, 0), 4).astype(np.uint8)):
        assert reader.read(strip).text_latin == ""

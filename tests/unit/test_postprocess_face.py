"""Faces: what an answer says of a crop, and whether a photo is good enough to know somebody by."""

from __future__ import annotations

import numpy as np
import pytest

from model_repository.contract import EMBEDDING, FACE_SCORE, LIVENESS, letterbox
from postprocess import enrol
from postprocess.recognisers import face
from postprocess.recognisers.face import Marks
from postprocess.recognisers.unit import Crop
from tests.support.faces import COLOURS, FACE_CARD, SIDE, ScriptedFaces, vector

CROP = Crop(fit=letterbox((160, 160), (SIDE, SIDE), "top_left"), size=(160, 160), place=(0.5, 0.0, 1.0, 0.5))
"""A crop of half the tensor's size that is the upper right quarter of the frame."""


def picture(*faces: tuple[str, int, int, int]) -> np.ndarray:
    """A tensor with faces (who, left, top, side)."""
    tensor = np.full((SIDE, SIDE, 3), 128, np.uint8)
    for who, left, top, side in faces:
        tensor[top : top + side, left : left + side] = COLOURS[who]
    return tensor


def test_an_answer_as_a_read() -> None:
    """Box in the frame, quality, embedding as bytes, and no liveness where there is no model for it."""
    answer = ScriptedFaces().face(picture(("anna", 80, 160, 80)))
    read = face.FACE.read(answer, CROP, FACE_CARD)
    #  frame:  x 0.5 + (80 of 320) · 0.5 … ; y (160 of 320) · 0.5 …
    assert read.box == pytest.approx((0.625, 0.25, 0.75, 0.375))
    assert (read.score, read.liveness) == (pytest.approx(0.9), -1.0)
    assert np.frombuffer(read.embedding, "<f4") == pytest.approx(vector("anna"), abs=1e-5)
    assert read.quality == pytest.approx((80 / 112) ** (1 / 3), abs=1e-5)


def test_no_face_is_an_answer() -> None:
    """Nothing but a score of 0."""
    read = face.FACE.read(ScriptedFaces().face(picture()), CROP, FACE_CARD)
    assert (read.score, read.box, read.embedding, read.quality) == (0.0, None, b"", 0.0)


def test_liveness_is_told_where_there_is_a_model() -> None:
    """Within 0..1."""
    answer = ScriptedFaces().face(picture(("anna", 80, 160, 80))) | {LIVENESS: np.array([1.2], np.float32)}
    assert face.FACE.read(answer, CROP, FACE_CARD).liveness == 1.0


@pytest.mark.parametrize("vector_", [np.zeros(3), np.full(3, np.nan), np.ones(4), np.full(3, 10.0)])
def test_a_broken_embedding_is_refused(vector_: np.ndarray) -> None:
    """Zero, no numbers, another size, not of unit length."""
    answer = ScriptedFaces().face(picture(("anna", 80, 160, 80))) | {EMBEDDING: vector_.astype(np.float32)}
    with pytest.raises(ValueError, match="embedding"):
        face.FACE.read(answer, CROP, FACE_CARD)


@pytest.mark.parametrize(
    ("marks", "cause"),
    [
        ((0.9, 0.9, 0.9), "none"),
        ((0.4, 0.1, 0.1), "too_small"),
        ((0.9, 0.1, 0.1), "turned_away"),
        ((0.9, 0.1, 0.9), "blurred"),
    ],
)
def test_the_first_fault_is_told(marks: tuple[float, float, float], cause: str) -> None:
    """Size before pose before sharpness: that is the order in which a person would mend them."""
    size, sharpness, pose = marks
    assert enrol.gate(Marks(whole=0.5, size=size, sharpness=sharpness, pose=pose)) == cause


def test_a_second_face_is_found_behind_the_first() -> None:
    """Covered and asked again: a face of half the size or more is a rival, a smaller one stands in the background."""
    script = ScriptedFaces()
    for side, rival in ((60, True), (30, False)):
        tensor = picture(("anna", 20, 20, 100), ("boris", 200, 200, side))
        first = script.face(tensor)
        second = script.face(enrol.covered(tensor, first, 128))
        assert enrol.face_box(second) == (200, 200, 200 + side, 200 + side)
        assert enrol.rivals(first, second) is rival


def test_without_a_face_nothing_is_covered() -> None:
    """An empty picture has no rivals either."""
    tensor = picture()
    nothing = ScriptedFaces().face(tensor)
    assert enrol.face_box(nothing) is None
    assert (enrol.covered(tensor, nothing, 0) == tensor).all()
    assert not enrol.rivals(nothing, nothing)
    assert enrol.face_box(nothing | {FACE_SCORE: np.array([0.9], np.float32)}) is None


def test_a_small_picture_is_not_enlarged() -> None:
    """It gets a border up to the tensor's size; one that is large enough is left as it is."""
    small = np.full((40, 500, 3), 7, np.uint8)
    larger = enrol.bordered(small, (320, 320), 114)
    assert larger.shape == (320, 500, 3)
    assert ((larger[:40] == 7).all(), (larger[40:] == 114).all()) == (True, True)
    assert enrol.bordered(larger, (320, 320), 114) is larger


def test_the_part_around_a_face() -> None:
    """Three times the face, at least the tensor, within the picture."""
    assert enrol.around((500, 500, 700, 700), (320, 320), (2000, 2000)) == (300, 300, 900, 900)
    assert enrol.around((0, 0, 20, 20), (320, 320), (2000, 2000)) == (0, 0, 320, 320)
    assert enrol.around((300, 300, 320, 320), (320, 320), (320, 320)) == (0, 0, 320, 320)


def test_a_grown_box_stays_in_the_picture() -> None:
    """A share more on every side, cut at the edges."""
    assert enrol.grown((10, 10, 30, 50), 1.0, (60, 60)) == (0, 0, 50, 60)

"""Readers of plates of any kind: alphabets, heads, strips in the form that each takes."""

from __future__ import annotations

import numpy as np
import pytest

from model_repository.card import WeightsCard
from model_repository.plate_heads import char_probabilities
from model_repository.plates import readers, strips
from model_repository.plates.decode import Read

LATIN = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
READER = WeightsCard(name="r", task="plate_ocr", input_width=94, input_height=24, colour="rgb", row_halves=False)
FINDER = WeightsCard(name="f", task="plate_corners", input_width=200, input_height=100)


def _probs(classes: list[int], count: int, share: float = 0.98) -> np.ndarray:
    probs = np.full((len(classes), count), (1 - share) / (count - 1), np.float32)
    probs[np.arange(len(classes)), classes] = share
    return probs


def test_slots_are_read_and_filler_is_dropped() -> None:
    """One class per slot; the class behind the alphabet fills the rest; the confidence is that of all slots used."""
    read = readers.read(_probs([10, 10, 1, 2, 3, 36, 36], 37), kind="slots", alphabet=LATIN)
    assert read.text_latin == "AA123"
    assert read.confidence == pytest.approx(0.98**5, abs=1e-4)
    assert len(read.char_confidence) == 5


def test_ctc_of_any_alphabet_joins_runs() -> None:
    """Runs are one character, a blank between two keeps both."""
    read = readers.read(_probs([10, 10, 36, 10, 1, 36], 37), kind="ctc", alphabet=LATIN)
    assert read.text_latin == "AA1"


@pytest.mark.parametrize("kind", ["slots", "ctc"])
def test_an_unsure_or_empty_plate_is_no_text(kind: str) -> None:
    """Below the floor, or all filler: empty, with the confidence of that statement."""
    unsure = readers.read(_probs([1, 2, 3, 4], 37, 0.5), kind=kind, alphabet=LATIN)
    assert unsure.text_latin == ""
    assert unsure.confidence == pytest.approx(1 - 0.5**4)
    assert readers.read(_probs([36, 36], 37), kind=kind, alphabet=LATIN).text_latin == ""


def test_russian_plates_are_cyrillic_on_the_wire() -> None:
    """By whichever reader; another country's plate stays as it is."""
    spelled = {text: _probs([LATIN.index(char) for char in text], 37) for text in ("A123BC77", "AA123")}
    read = {text: readers.read(probs, kind="slots", alphabet=LATIN) for text, probs in spelled.items()}
    assert readers.wire(read["A123BC77"]) == ("А123ВС77", "ru")
    assert readers.wire(read["AA123"]) == ("AA123", "")
    assert readers.wire(Read(text_latin="", confidence=1.0)) == ("", "")


def test_the_region_comes_with_the_text() -> None:
    """A network with labels has the regions in its last row; one of Russian letters reads Russian plates."""
    ukraine = _probs([LATIN.index(char) if char else 36 for char in ("A", "", "A", *"1234", "B", "", "B")], 37, 0.9999)
    regions = np.zeros((1, 37), np.float32)
    regions[0, :2] = 0.1, 0.9
    read = readers.read(np.vstack([ukraine, regions]), kind="ctc", alphabet=LATIN, labels=("ru", "ua"))
    assert readers.wire(read) == ("AA1234BB", "ua")
    russian = _probs([readers.ALPHABET_RU.index(char) for char in "A123BC78"], 23, 0.9999)
    assert readers.wire(readers.read(russian, kind="ctc", alphabet=readers.ALPHABET_RU)) == ("А123ВС78", "ru")
    elsewhere = Read(text_latin="ABC123", confidence=0.9, region="other")
    assert readers.wire(elsewhere) == ("ABC123", "")


def test_logits_on_their_side_become_probabilities() -> None:
    """[classes, steps] of any numbers → [steps, classes] that sum to one, the largest stays the largest."""
    head = np.random.default_rng(0).normal(size=(23, 18)).astype(np.float32) * 50
    probs = char_probabilities(head, transposed=True, logits=True)
    assert probs.shape == (18, 23)
    np.testing.assert_allclose(probs.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(probs.argmax(axis=1), head.argmax(axis=0))


def test_strips_come_as_the_reader_takes_them() -> None:
    """Size and order of colours are those of the reader's card; a reader of whole plates gets one strip."""
    crop = np.zeros((100, 200, 3), np.uint8)
    crop[..., 0] = 200  # blue
    quad = np.array([[20, 20], [120, 20], [120, 70], [20, 70]], np.float32)
    made = strips.strips_of(crop, quad, FINDER, READER)
    assert made.shape == strips.strips_shape(READER) == (2, 24, 94, 3)
    assert made[0, 12, 40].tolist() == [0, 0, 200]
    assert not made[1].any()
    gray = WeightsCard(name="g", task="plate_ocr", input_width=188, input_height=48, colour="gray")
    both = strips.strips_of(crop, quad, FINDER, gray)
    assert both.shape == (2, 48, 188, 1)
    assert both[0].any()
    assert both[1].any()


def test_corners_of_every_kind_of_finder() -> None:
    """Four points with objectness and classes, and a plain box, whose corners are those of the box."""
    head = np.zeros((3, 15), np.float32)
    head[1] = [0, 0, 0, 0, 0.9, 10, 10, 50, 12, 50, 22, 10, 20, 0.8, 0.1]
    found = strips.quad_of(head, FINDER.with_head("yolov5face"))
    assert found
    assert found[1] == pytest.approx(0.72)
    assert found[0].tolist() == [[10, 10], [50, 12], [50, 22], [10, 20]]
    boxes = np.array([[30], [20], [40], [10], [0.6]], np.float32)
    found = strips.quad_of(boxes, FINDER.with_head("yolov8"))
    assert found
    assert found[0].tolist() == [[10, 15], [50, 15], [50, 25], [10, 25]]
    assert strips.quad_of(boxes.T * np.float32(0.4), FINDER.with_head("yolov8", transposed=True)) is None

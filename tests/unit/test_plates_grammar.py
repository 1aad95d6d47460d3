"""What may be written on a plate, and its two spellings."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_repository.plates.errors import PlateTextError
from model_repository.plates.foreign import random_foreign, random_text, standard
from model_repository.plates.grammar import (
    DIGITS,
    LETTERS,
    PATTERNS,
    REGION_CODES,
    kinds_of,
    split_region,
    starts_ru,
    to_cyrillic,
    to_latin,
    valid_ru,
)
from model_repository.plates.layout_foreign import layout_foreign
from model_repository.plates.layout_ru import SPECS, layout_ru, type_of_kind
from model_repository.plates.nations import REGIONS, SERIES, bare, fits, starts, weight
from model_repository.plates.rectify import STRIP_H_PX, STRIP_W_PX, quad_size, rectify_box, rectify_quad, rows_of
from model_repository.plates.render import Plate, layout_of, random_plate, render_plate

KINDS = sorted(SPECS)
SERIES_OF = sorted(
    {
        (region, country, pattern)
        for region in SERIES
        for country in SERIES[region]
        for pattern in SERIES[region][country]
    }
)
ALPHABET_RU = DIGITS + LETTERS


@given(st.text(alphabet=ALPHABET_RU, max_size=12))
def test_plates_spelling_round_trip(latin: str) -> None:
    """Latin to Cyrillic and back is the same text, and no ASCII letter is left in the wire form."""
    wire = to_cyrillic(latin)
    assert to_latin(wire) == latin
    assert not any(char.isascii() and char.isalpha() for char in wire)


@given(st.integers(0, 10**9), st.sampled_from(KINDS))
def test_plates_random_is_valid(seed: int, kind: str) -> None:
    """Every drawn plate is one that can be issued, of the kind that was asked for."""
    plate = random_plate(np.random.default_rng(seed), (kind,))
    assert plate.kind == kind
    assert valid_ru(plate.text_latin)
    assert kind in kinds_of(plate.text_latin)


@pytest.mark.parametrize(("text", "latin"), [("а 123-вс 77 rus", "A123BC77"), ("a123bc77", "A123BC77"), ("Ж1", "Ж1")])
def test_plates_folding(text: str, latin: str) -> None:
    """Case, separators, RUS and alphabets are folded; foreign letters are kept to be refused."""
    assert to_latin(text) == latin


@pytest.mark.parametrize("text", ["", "A000BC77", "A123BC00", "A123BC760", "A12BC77", "AB12CD77", "Ж123BC77"])
def test_plates_refused(text: str) -> None:
    """Number zero, unknown regions and wrong shapes are no Russian plates."""
    assert not valid_ru(text)
    assert kinds_of(text) == ()


def test_plates_regions() -> None:
    """Serial and region part; there is no region 00."""
    assert split_region("A123BC777") == ("A123BC", "777")
    assert split_region("AB123777") == ("AB123", "777")
    assert "00" not in REGION_CODES
    assert {"77", "777", "36", "190"} <= REGION_CODES


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("region", ["77", "777"])
def test_plates_layout_inside(kind: str, region: str) -> None:
    """All characters stand on the plate in reading order, region digits in their box, nothing overlaps in a row."""
    serial = "".join({"L": "A", "D": "1"}.get(slot, slot.upper()) for slot in PATTERNS[kind])
    layout = layout_ru(kind, serial + region)
    spec = SPECS[kind]
    assert "".join(slot.char for slot in layout.slots) == serial + region
    for slot in layout.slots:
        assert 0 <= slot.box.x_mm < slot.box.right_mm <= spec.width_mm
        assert 0 <= slot.box.y_mm < slot.box.bottom_mm <= spec.height_mm
    assert layout.region_box is not None
    for slot in layout.slots[len(serial) :]:
        assert layout.region_box.x_mm < slot.box.x_mm < slot.box.right_mm < layout.region_box.right_mm
    if spec.rows == 1:
        edges = [(slot.box.x_mm, slot.box.right_mm) for slot in layout.slots]
        assert all(before[1] <= after[0] for before, after in pairwise(edges))
        assert {slot.box.h_mm for slot in layout.slots if slot.char in DIGITS} == {76.0, 58.0}


@pytest.mark.parametrize(("region", "country", "pattern"), SERIES_OF)
@pytest.mark.parametrize("rows", [1, 2])
def test_plates_foreign_layout_inside(region: str, country: str, pattern: str, rows: int) -> None:
    """Characters of every series stand on the plate in reading order, and nothing overlaps in a row."""
    text = random_text(np.random.default_rng(1), pattern)
    layout = layout_of(standard(country, pattern, text, rows))
    assert "".join(slot.char for slot in layout.slots) == text
    assert fits(text, region)
    for slot in layout.slots:
        assert 0 <= slot.box.x_mm < slot.box.right_mm <= layout.spec.width_mm
        assert 0 <= slot.box.y_mm < slot.box.bottom_mm <= layout.spec.height_mm
    lines = {round(slot.box.bottom_mm) for slot in layout.slots}
    assert len(lines) == rows or country == "kz"
    for before, after in pairwise(layout.slots):
        assert after.box.x_mm >= before.box.right_mm or after.box.y_mm > before.box.y_mm


@given(st.integers(0, 10**9), st.sampled_from(sorted(SERIES)), st.sampled_from([1, 2]))
def test_plates_foreign_random(seed: int, region: str, rows: int) -> None:
    """A drawn plate of a region can be laid out, carries a plausible text, and the same seed gives the same plate."""
    plate = random_foreign(np.random.default_rng(seed), region, rows=rows)
    assert plate == random_foreign(np.random.default_rng(seed), region, rows=rows)
    assert "".join(slot.char for slot in layout_of(plate).slots) == plate.text_latin
    assert 4 <= len(plate.text_latin) <= 10
    assert region in REGIONS


@given(st.integers(0, 10**9), st.sampled_from(SERIES_OF))
def test_plates_prefixes(seed: int, series: tuple[str, str, str]) -> None:
    """Whatever begins a text of a series may be extended; a text of no series begins as none."""
    region, _, pattern = series
    text = random_text(np.random.default_rng(seed), bare(pattern))
    assert all(starts(text[:length], region) for length in range(len(text) + 1))
    assert not starts(text + "0" * 12, region)


@given(st.integers(0, 10**9), st.sampled_from(KINDS))
def test_plates_prefixes_ru(seed: int, kind: str) -> None:
    """Whatever begins a Russian text may be extended."""
    text = random_plate(np.random.default_rng(seed), (kind,)).text_latin
    assert all(starts_ru(text[:length]) for length in range(len(text) + 1))


@pytest.mark.parametrize(
    ("text", "region", "expected"),
    [
        ("A123BC77", "ru", 1.0),
        ("0123BC77", "ru", 0.1),
        ("A123BC77", "ua", 0.0),
        ("AA1234BB", "ua", 1.0),
        ("AG1234BB", "ua", 0.0),
        ("498VDZ08", "kz", 1.0),
        ("1234AB7", "by", 1.0),
        ("RK755AJ", "eu", 1.0),
        ("M5XSX", "eu", 0.15),
        ("SCANIA", "eu", 0.0),
        ("A1", "other", 0.0),
    ],
)
def test_plates_weight(text: str, region: str, expected: float) -> None:
    """Texts of a series count in full, others where plates with texts of one's own exist, and words never."""
    assert weight(text, region) == expected


@pytest.mark.parametrize(
    ("text", "allowed"), [("", True), ("A1", True), ("AAA", False), ("A123BC76", True), ("A123BC760", False)]
)
def test_plates_ru_starts(text: str, allowed: bool) -> None:
    """Only beginnings of real plates are extended."""
    assert starts_ru(text) is allowed


def test_plates_types_of_the_standard() -> None:
    """Every kind that can be drawn has its grammar and its number in the standard."""
    assert set(SPECS) == set(PATTERNS) == set(type_of_kind)


def test_plates_wrong_foreign_text_is_named() -> None:
    """The error says which text, which country and what is right."""
    with pytest.raises(PlateTextError, match=r"'A1'.*'sk'.*AADDDAA"):
        layout_foreign("sk", "A1", "AA*DDDAA", standard("sk", "AA*DDDAA", "A1").variation)


def test_plates_wrong_text_is_named() -> None:
    """The error says which text, which kind and what is right."""
    with pytest.raises(PlateTextError, match=r"'A1'.*'taxi'.*LLDDD"):
        render_plate(Plate(kind="taxi", text_latin="A1"))


@pytest.mark.parametrize("kind", KINDS)
def test_plates_render_size(kind: str) -> None:
    """A picture has the plate's proportions, is the same every time without a generator, and carries ink."""
    plate = random_plate(np.random.default_rng(3), (kind,))
    image = render_plate(plate, width_px=260)
    spec = SPECS[kind]
    assert image.shape == (round(260 * spec.height_mm / spec.width_mm), 260, 3)
    assert image.dtype == np.uint8
    assert np.array_equal(image, render_plate(plate, width_px=260))
    assert image.std() > 15
    assert np.array_equal(
        render_plate(plate, np.random.default_rng(1), width_px=260),
        render_plate(plate, np.random.default_rng(1), width_px=260),
    )
    assert not np.array_equal(image, render_plate(plate, np.random.default_rng(1), width_px=260))


def test_plates_rectify_margins() -> None:
    """A white plate on black comes out white inside its margins and black outside: 8 % and 16 % of each side."""
    #  0        100                     300
    #  ┌──────────────────────────────────┐
    #  │        ███████ 200x50 ████████   │
    image = np.zeros((200, 400), np.uint8)
    image[70:120, 100:300] = 255
    quad = np.array([[100, 70], [300, 70], [300, 120], [100, 120]], np.float32)
    strip = rectify_quad(image, quad)
    assert strip.shape == (STRIP_H_PX, STRIP_W_PX)
    white = strip > 127
    assert white.mean(axis=1).max() == pytest.approx(1 / 1.16, abs=0.02)
    assert white.mean(axis=0).max() == pytest.approx(1 / 1.32, abs=0.03)
    box = rectify_box(image, (100.0, 70.0, 200.0, 50.0)) > 127
    assert box.mean(axis=1).max() == pytest.approx(1 / 1.12, abs=0.02)


def test_plates_rectify_undoes_rotation() -> None:
    """Corners in reading order give the same strip whichever way the picture was turned."""
    plate = render_plate(random_plate(np.random.default_rng(5), ("private",)), width_px=188)
    image = np.full((300, 300, 3), 90, np.uint8)
    image[100 : 100 + plate.shape[0], 50:238] = plate
    h_px = plate.shape[0]
    quad = np.array([[50, 100], [238, 100], [238, 100 + h_px], [50, 100 + h_px]], np.float32)
    turned = np.ascontiguousarray(np.rot90(image, 2))
    straight, back = rectify_quad(image, quad), rectify_quad(turned, 300 - quad)
    assert np.abs(straight.astype(int) - back.astype(int)).mean() < 2
    halves = rectify_quad(image, quad, rows=2)
    assert halves.shape == straight.shape


def test_plates_rectify_outside_and_large() -> None:
    """A plate partly outside the picture, and one much larger than the strip, are still cut."""
    image = np.full((900, 1600, 3), 120, np.uint8)
    beyond = np.array([[-40, -10], [60, -10], [60, 15], [-40, 15]], np.float32)
    large = np.array([[100, 100], [1500, 100], [1500, 400], [100, 400]], np.float32)
    for quad in (beyond, large):
        assert np.all(rectify_quad(image, quad) == 120)


def test_plates_rows_from_shape() -> None:
    """A square plate has two rows, a long one has one, also when seen from the side."""
    long = np.array([[0, 0], [360, 20], [360, 130], [0, 112]], np.float32)
    square = np.array([[0, 0], [290, 0], [290, 170], [0, 170]], np.float32)
    assert (rows_of(long), rows_of(square)) == (1, 2)
    assert quad_size(square) == (290.0, 170.0)

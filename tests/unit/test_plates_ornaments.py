"""Bands, arms, seals and hyphens: where they stand, and that they leave the characters alone."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from model_repository.plates.foreign import random_foreign, standard
from model_repository.plates.grammar import DIGITS, allowed, fits_pattern
from model_repository.plates.layout import Box
from model_repository.plates.nations import REGIONS, SEPARATORS, SERIES, bare, fits
from model_repository.plates.ornaments import Ornaments, edges, mark
from model_repository.plates.render import STANDARD, layout_of, render_plate, render_styled

SPACE = Box(x_mm=100, y_mm=18, w_mm=30, h_mm=76)


def test_ornaments_of_a_gap_are_none() -> None:
    """Nothing is drawn in a plain gap."""
    assert mark("_", SPACE, Ornaments()) == ()


@pytest.mark.parametrize(("cell", "count"), [("-", 1), (":", 6), ("+", 7), ("*", 4)])
def test_ornaments_stand_in_the_middle_of_their_space(cell: str, count: int) -> None:
    """What stands between two groups is centred, and no higher than the characters and a bit."""
    patches = mark(cell, SPACE, Ornaments())
    assert len(patches) == count
    for patch in patches:
        assert patch.box.x_mm + patch.box.w_mm / 2 == pytest.approx(115)
        assert 10 <= patch.box.y_mm < patch.box.bottom_mm <= 102


def test_ornaments_seals_fall_off() -> None:
    """A seal that is gone leaves the other one, and the hyphen between them."""
    assert len(mark("+", SPACE, Ornaments(seals=(True, False)))) == 4
    assert len(mark(":", SPACE, Ornaments(seals=(False, False)))) == 0


def test_ornaments_arms_take_the_place_of_the_band() -> None:
    """Old Slovak plates have arms above the country's letters and no blue band; the characters stand right of both."""
    patches, letters, left_mm, right_mm = edges("sk", (520, 112), Ornaments(arms_left=True), band_right=False)
    assert [lettering.text for lettering in letters] == ["SK"]
    assert letters[0].colour is None, "in the plate's ink"
    assert max(patch.box.right_mm for patch in patches) <= left_mm < right_mm == 512


def test_ornaments_band_on_the_right_carries_the_department() -> None:
    """A French or Italian band on the right has a badge and two characters of its own."""
    patches, letters, left_mm, right_mm = edges("fr", (520, 112), Ornaments(code_right="75"), band_right=True)
    assert [lettering.text for lettering in letters] == ["F", "75"]
    assert left_mm == pytest.approx(520 - right_mm)
    assert patches[-1].box.x_mm > right_mm


@pytest.mark.parametrize("seed", range(60))
def test_ornaments_leave_the_characters_alone(seed: int) -> None:
    """Bands and arms end before the first character; nothing between two groups reaches a character's middle."""
    rng = np.random.default_rng([7, seed])
    plate = random_foreign(rng, "eu")
    layout = layout_of(plate)
    for slot in layout.slots:
        middle_mm = slot.box.x_mm + slot.box.w_mm / 2
        for patch in layout.patches:
            assert not patch.box.x_mm < middle_mm < patch.box.right_mm


@pytest.mark.parametrize("seed", range(40))
def test_ornaments_free_texts_can_be_told(seed: int) -> None:
    """A text fits the pattern that it was drawn by; outside of the known series it has a digit."""
    plate = random_foreign(np.random.default_rng([8, seed]), "eu")
    assert fits_pattern(plate.text_latin, bare(plate.pattern))
    assert fits(plate.text_latin, "eu") or set(plate.text_latin) & set(DIGITS)


def test_ornaments_look_alikes_are_not_issued() -> None:
    """Where a country issues no I, O and Q, what looks like one is a digit."""
    assert not set("IOQ") & set(allowed("N"))
    assert fits("4B04979", "eu")
    assert not fits("4BO4979", "eu"), "a Czech series has no O"
    assert fits("BA302OZ", "eu")


@pytest.mark.parametrize("shape", ["box", "round", "shield", "octagon"])
def test_ornaments_shapes_are_painted(shape: str) -> None:
    """Every shape paints its middle and leaves what is far from it."""
    plate = standard("sk", "AA*DDDAA", "RK123AB")
    look = Ornaments(arms_shape=shape, arms_mark=(0, 0, 250), arms_face=(0, 0, 250))  # type: ignore[arg-type]
    own = msgspec.structs.replace(plate, variation=msgspec.structs.replace(plate.variation, ornaments=look))
    image = render_styled(own, STANDARD, 520)
    arms = [patch for patch in layout_of(own).patches if patch.colour == (0, 0, 250)]
    centre = arms[0].box
    x, y = round(centre.x_mm + centre.w_mm / 2), round(centre.y_mm + centre.h_mm / 2)
    assert image[y, x].tolist() == [0, 0, 250]
    assert image[14, 260, 0] > 200


def test_ornaments_separators_of_the_series_are_known() -> None:
    """Every sign in a series is a slot or a separator, and every region is drawn."""
    for region in set(REGIONS) - {"ru"}:
        for pattern in (pattern for patterns in SERIES[region].values() for pattern in patterns):
            assert all(slot in SEPARATORS or allowed(slot) for slot in pattern)
            assert render_plate(random_foreign(np.random.default_rng(3), region)).std() > 10

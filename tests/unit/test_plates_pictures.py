"""Degraded pictures of plates: what training cuts off, covers and lights must leave the characters readable."""

from __future__ import annotations

import numpy as np
import pytest

from model_repository.plates.foreign import standard
from model_repository.plates.rectify import STRIP_H_PX, STRIP_W_PX
from model_repository.plates.render import Plate
from model_repository.train import plate_pictures
from model_repository.train.plate_light import dirty, light
from model_repository.train.plate_pictures import BaseBank, _free_of, _without_ends, no_plate, still


@pytest.mark.parametrize("seed", range(12))
def test_plates_strips_have_the_readers_size(seed: int) -> None:
    """Every still, of one row or two, easy or hard, is a gray strip with something on it."""
    rng = np.random.default_rng([11, seed])
    base = BaseBank(rng, [], size=4).draw()
    for level in (0.1, 1.0):
        strip = still(rng, base, level)
        assert strip.shape == (STRIP_H_PX, STRIP_W_PX)
        assert strip.std() > 1
    assert no_plate(rng, 1.0).shape == (STRIP_H_PX, STRIP_W_PX)


@pytest.mark.parametrize("seed", range(40))
def test_plates_cut_ends_leave_all_characters(seed: int) -> None:
    """Corners that leave a band out stay outside of the first and the last character.

    |band| A B 1 2 3 |     the plate, 0 to 100
    |----|           |-|   free: (0.1, 0.02)
    """
    rng = np.random.default_rng([12, seed])
    quad = np.array([[0, 0], [100, 0], [100, 22], [0, 22]], np.float32)
    cut = _without_ends(rng, quad, (0.1, 0.02))
    assert np.all((cut[[0, 3], 0] >= 0) & (cut[[0, 3], 0] < 10))
    assert np.all((cut[[1, 2], 0] <= 100) & (cut[[1, 2], 0] > 98))
    assert cut[:, 1].tolist() == quad[:, 1].tolist()


def test_plates_russian_ends_are_never_cut() -> None:
    """A region apart on the right has a third digit at its edge: nothing of such a plate is free, but a band is."""
    assert _free_of(Plate(kind="private", text_latin="A123BC777")) == (0.0, 0.0)
    left, right = _free_of(standard("sk", "AA*DDDAA", "RK123AB"))
    assert 0.09 < left < 0.2
    assert 0 < right < 0.1


@pytest.mark.parametrize("seed", range(30))
def test_plates_dirt_leaves_ink_darker_than_paper(seed: int) -> None:
    """Dirt and light change both, but ink stays darker than the paper beside it on the mean of the plate."""
    rng = np.random.default_rng([13, seed])
    plate = np.full((68, 312), 230, np.uint8)
    plate[:, ::4] = plate[:, 1::4] = 30
    muddy = dirty(rng, plate)
    lit = light(rng, muddy, 1.0)
    assert muddy.shape == lit.shape == plate.shape
    assert 0 <= lit.min() <= lit.max() <= 255
    assert muddy[:, ::4].mean() + 20 < muddy[:, 2::4].mean()
    assert lit[:, ::4].mean() < lit[:, 2::4].mean()


def test_plates_shares_of_regions_are_whole() -> None:
    """All regions are drawn, and their shares sum to one."""
    assert sum(plate_pictures.REGION_SHARE.values()) == pytest.approx(1)

"""What the answers about equipment and surfaces mean."""

from __future__ import annotations

import numpy as np
import pytest

from model_repository.contract import (
    DEFECT_MAP,
    DEFECT_SCORE,
    DEFECT_TILES,
    ITEM_KNOWN,
    ITEM_WORN,
    ModelCard,
    letterbox,
)
from postprocess.contract import DefectRead, EquipmentRead
from postprocess.recognisers.defect import DEFECT
from postprocess.recognisers.equipment import EQUIPMENT
from postprocess.recognisers.unit import Answer, Crop

PPE = ModelCard(name="m", task="ppe", input_width=96, input_height=192, labels=("helmet", "vest"))
SURFACE = ModelCard(name="m", task="surface_defect", input_width=512, input_height=512)


def crop(width: int = 512, height: int = 512, card: ModelCard = SURFACE) -> Crop:
    """A crop of so many pixels in the card's tensor, its place the whole frame."""
    fit = letterbox((width, height), (card.input_width, card.input_height), "top_left")
    return Crop(fit=fit, size=(width, height), place=(0.0, 0.0, 1.0, 1.0))


def equipment(worn: list[float], known: list[float]) -> EquipmentRead:
    """The read of an answer of two items."""
    answer = {ITEM_WORN: np.array(worn, np.float32), ITEM_KNOWN: np.array(known, np.float32)}
    said = EQUIPMENT.read(answer, crop(card=PPE), PPE)
    assert isinstance(said, EquipmentRead)
    return said


def defect(tiles: np.ndarray, score: float = 0.5, *, width: int = 512, height: int = 512) -> np.ndarray:
    """The tiles of the read, [8, 8], of an answer for a crop of this size."""
    said = DEFECT.read(surface(tiles, score), crop(width, height), SURFACE)
    assert isinstance(said, DefectRead)
    return np.array(said.tiles).reshape(DEFECT_TILES, DEFECT_TILES)


def surface(tiles: np.ndarray, score: float) -> Answer:
    """An answer as it comes, flat."""
    return {DEFECT_SCORE: np.array([score], np.float32), DEFECT_MAP: tiles.astype(np.float32).ravel()}


def test_items_have_the_names_of_the_card() -> None:
    """In the order of its labels, held within 0..1."""
    assert equipment([0.25, 2.0], [0.75, -1.0]) == EquipmentRead(
        worn={"helmet": 0.25, "vest": 1.0}, known={"helmet": 0.75, "vest": 0.0}
    )


def test_no_number_is_cannot_tell() -> None:
    """NaN in either place: nothing is known of this item, the other one stands."""
    said = equipment([float("nan"), 0.5], [0.75, float("nan")])
    assert said == EquipmentRead(worn={"helmet": 0.0, "vest": 0.5}, known={"helmet": 0.0, "vest": 0.0})


def test_other_items_than_the_cards_are_refused() -> None:
    """Weights and card don't belong together."""
    with pytest.raises(ValueError, match=r"shorter|longer"):
        equipment([0.5, 0.5, 0.5], [1.0, 1.0, 1.0])
    with pytest.raises(KeyError):
        EQUIPMENT.read({ITEM_WORN: np.zeros(2, np.float32)}, crop(card=PPE), PPE)


def test_a_crop_that_fills_the_tensor_keeps_its_tiles() -> None:
    """Tile for tile, whatever the size in pixels."""
    tiles = np.arange(64).reshape(8, 8) / 16
    assert (defect(tiles) == tiles).all()
    assert (defect(tiles, width=1024, height=1024) == tiles).all()


def test_tiles_lie_over_the_crop_not_over_the_margin() -> None:
    """A crop twice as wide as high fills four rows of the tensor: each comes twice, the margin not at all.

    tensor  A A A A A A A A      read  A A A A A A A A
            …                          A A A A A A A A
            margin                     …
    """
    tiles = np.zeros((8, 8))
    tiles[:4] = np.arange(4)[:, None] + 0.5
    tiles[4:] = 99.0
    found = defect(tiles, width=512, height=256)
    assert (found == np.repeat(tiles[:4], 2, axis=0)).all()


def test_no_flaw_is_lost_where_tiles_don_t_meet() -> None:
    """Of a crop that fills five and a bit columns every tile shows in the read, the cut one too."""
    for column in range(6):
        tiles = np.zeros((8, 8))
        tiles[2, column] = 3.0
        found = defect(tiles, width=330, height=512)
        assert found.max() == 3.0
        assert (found[[0, 1, 3, 4, 5, 6, 7]] == 0).all()


def test_an_answer_that_is_no_number_is_refused() -> None:
    """NaN or infinity in the score or in a tile, a map of another size."""
    tiles = np.zeros((8, 8))
    for broken in (surface(tiles, float("nan")), surface(tiles + np.inf, 0.5), surface(tiles[:4], 0.5)):
        with pytest.raises(ValueError, match=r"score|reshape"):
            DEFECT.read(broken, crop(), SURFACE)


def test_a_negative_distance_is_none() -> None:
    """Distances begin at zero."""
    assert defect(np.full((8, 8), -0.5)).max() == 0.0

"""Co-occurrence and Haralick's features against the paper and against hand-made figures; tiles against their place."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from mahotas.features import haralick as library_haralick

from model_repository.contract import DEFECT_TILES
from model_repository.defects import features
from model_repository.defects.features import FILL, HARALICK, TILES, Recipe

# The picture of four levels that the paper counts by hand (Haralick et al. 1973, figure 3), and its matrices.
PAPER = np.asarray([[0, 0, 1, 1], [0, 0, 1, 1], [0, 2, 2, 2], [2, 2, 3, 3]], np.uint8)
ROW = [[4, 2, 1, 0], [2, 4, 0, 0], [1, 0, 6, 1], [0, 0, 1, 2]]
FALLING = [[2, 1, 3, 0], [1, 2, 1, 0], [3, 1, 0, 2], [0, 0, 2, 0]]
COLUMN = [[6, 0, 2, 0], [0, 4, 2, 0], [2, 2, 2, 2], [0, 0, 2, 0]]
RISING = [[4, 1, 0, 0], [1, 2, 2, 0], [0, 2, 4, 1], [0, 0, 1, 0]]


def _noise(height: int, width: int, seed: int = 0) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(60, 200, (height, width, 3), np.uint8)


@pytest.mark.parametrize(("angle", "expected"), [(0, ROW), (1, FALLING), (2, COLUMN), (3, RISING)])
def test_pairs_are_counted_as_in_the_paper(angle: int, expected: list[list[int]]) -> None:
    """The four matrices of the paper's own example at distance 1."""
    counts = features.cooccurrence(PAPER, levels=4, distance_px=1, angle=angle)
    np.testing.assert_array_equal(counts, expected)


def test_pairs_two_pixels_apart() -> None:
    """Row by row at distance 2: 0-1 0-1, 0-1 0-1, 0-2 2-2, 2-3 2-3, each in both orders."""
    counts = features.cooccurrence(PAPER, levels=4, distance_px=2, angle=0)
    np.testing.assert_array_equal(counts, [[0, 4, 1, 0], [4, 0, 0, 0], [1, 0, 2, 2], [0, 0, 2, 0]])


def test_thirteen_features_of_two_even_halves() -> None:
    """Of p = [[1/2, 0], [0, 1/2]] every formula can be worked out in the head."""
    found = features.haralick([np.asarray([[2, 0], [0, 2]], np.int32)])[0]
    f13 = math.sqrt(1 - math.exp(-2 * (2 - 1)))
    np.testing.assert_allclose(found, [0.5, 0, 1, 0.25, 1, 1, 1, 1, 1, 0, 0, -1, f13], atol=1e-12)


def test_features_follow_the_formulas_of_the_paper() -> None:
    """The paper's own matrix put through its formulas one sum at a time."""
    p = np.asarray(ROW) / np.sum(ROW)
    cells = [(i, j, float(p[i, j])) for i in range(4) for j in range(4)]
    px = p.sum(axis=1)
    mean = sum(i * share for i, _, share in cells)
    variance = sum((i - mean) ** 2 * share for i, _, share in cells)
    plus = [sum(share for i, j, share in cells if i + j == k) for k in range(7)]
    minus = [sum(share for i, j, share in cells if abs(i - j) == k) for k in range(4)]
    f6 = sum(k * share for k, share in enumerate(plus))
    apart = sum(k * share for k, share in enumerate(minus))
    hxy1 = -sum(share * math.log2(px[i] * px[j]) for i, j, share in cells)
    hxy2 = -sum(px[i] * px[j] * math.log2(px[i] * px[j]) for i, j, _ in cells)
    entropy = _entropy([share for *_, share in cells])
    expected = [
        sum(share**2 for *_, share in cells),
        sum((i - j) ** 2 * share for i, j, share in cells),
        (sum(i * j * share for i, j, share in cells) - mean**2) / variance,
        variance,
        sum(share / (1 + (i - j) ** 2) for i, j, share in cells),
        f6,
        sum((k - f6) ** 2 * share for k, share in enumerate(plus)),
        _entropy(plus),
        entropy,
        sum((k - apart) ** 2 * share for k, share in enumerate(minus)),
        _entropy(minus),
        (entropy - hxy1) / _entropy(list(px)),
        math.sqrt(1 - math.exp(-2 * (hxy2 - entropy))),
    ]
    np.testing.assert_allclose(features.haralick([np.asarray(ROW, np.int32)])[0], expected, rtol=1e-10)


def _entropy(shares: list[float]) -> float:
    return -sum(share * math.log2(share) for share in shares if share)


def test_a_tile_has_what_the_library_says_of_it() -> None:
    """Features of the third tile of the second row, next to the library's own walk over that part of the picture."""
    crop = _noise(256, 256)
    recipe = Recipe(levels=16, distances_px=(1, 3), reach=1.0, recentre=0.0)
    found, seen = features.tile_features(crop, recipe)
    levels = features.to_levels(features.grey(crop), recipe)
    tile = levels[32:64, 64:96].copy()
    assert tile.max() == recipe.levels - 1  # the library makes its matrix as large as the highest level
    expected = [library_haralick(tile, use_x_minus_y_variance=True, distance=distance) for distance in (1, 3)]
    np.testing.assert_allclose(found[DEFECT_TILES + 2], np.concatenate(expected).ravel(), rtol=1e-5)
    assert seen.all()
    assert found.shape == (TILES, recipe.size) == (TILES, 2 * 4 * HARALICK)


def test_what_all_tiles_share_is_taken_off() -> None:
    """With `recentre` 1 the median of every feature over the tiles is zero, with 0.5 half of what it was."""
    crop = _noise(128, 128)
    plain, half, whole = (
        features.tile_features(crop, Recipe(levels=16, recentre=share))[0] for share in (0.0, 0.5, 1.0)
    )
    np.testing.assert_allclose(np.median(whole, axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(np.median(half, axis=0), np.median(plain, axis=0) / 2, rtol=1e-3, atol=1e-4)


def test_exposure_and_contrast_do_not_matter() -> None:
    """The same surface under a lamp of half the strength has the same levels, but for rounding."""
    recipe = Recipe()
    picture = features.grey(_noise(128, 128))
    darker = np.asarray(picture // 2, np.uint8)
    apart = np.abs(features.to_levels(picture, recipe).astype(int) - features.to_levels(darker, recipe))
    assert apart.max() <= 1


@pytest.mark.parametrize("value", [0, FILL, 255])
def test_a_picture_of_one_grey_has_finite_features(value: int) -> None:
    """No spread, no texture, even a crop that is all margin: numbers all the same."""
    found, seen = features.tile_features(np.full((128, 128, 3), value, np.uint8), Recipe())
    assert np.isfinite(found).all()
    assert seen.all()


def test_grey_and_colour_pictures_are_one() -> None:
    """Three equal channels, one channel and no channel give the same greys."""
    picture = features.grey(_noise(16, 16))
    for same in (np.repeat(picture[:, :, None], 3, axis=2), picture[:, :, None], picture):
        np.testing.assert_array_equal(features.grey(same), picture)


def test_tiles_in_the_margin_are_not_looked_at() -> None:
    """A crop of 256x256 that holds a picture of 256x144: tiles of 32 px.

    rows 0-3 lie inside, row 4 (128-160) reaches over the rim and is moved up, rows 5-7 hold nothing
    """
    crop = np.full((256, 256, 3), FILL, np.uint8)
    crop[:144] = _noise(144, 256)
    assert features.content(crop) == (256, 144)
    found, seen = features.tile_features(crop, Recipe(levels=16))
    np.testing.assert_array_equal(seen.reshape(8, 8).all(axis=1), [True] * 5 + [False] * 3)
    assert not found[5 * 8 :].any()
    corners = features.tile_corners(256, 144, 32, 32)
    assert corners[4 * 8] == (0, 112)
    assert corners[5 * 8] is None


def test_a_strip_narrower_than_a_tile_is_not_looked_at() -> None:
    """Nothing can be said of a picture that is thinner than one tile."""
    crop = np.full((256, 256, 3), FILL, np.uint8)
    crop[:, :20] = _noise(256, 20)
    _, seen = features.tile_features(crop, Recipe(levels=16))
    assert not seen.any()

"""The one-class model: shrinkage as published, limits that good surfaces keep and flaws pass, broken files refused."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import pytest

from model_repository.defects import features, measures, model_file, oneclass
from model_repository.defects.errors import SurfaceFileInvalid
from model_repository.defects.features import Recipe
from model_repository.defects.oneclass import Surface
from model_repository.textures import flaws, surfaces
from model_repository.textures.settings import SPLITS, Flaw, draw_flaw, draw_surface

RECIPE = Recipe()
PICTURES = 7

Floats = npt.NDArray[np.float64]


def _good(seed: int, kind: str = "rolled_steel") -> npt.NDArray[np.uint8]:
    rng = np.random.default_rng([9, seed])
    return surfaces.render(kind, draw_surface(SPLITS["fit"], rng), rng, size_px=256)


def _tiles(picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    found, _ = features.tile_features(np.repeat(picture[:, :, None], 3, axis=2), RECIPE)
    return found


@pytest.fixture(scope="module")
def fitted() -> oneclass.Fit:
    """A model of rendered steel."""
    return oneclass.fit([_tiles(_good(seed)).astype(np.float64) for seed in range(PICTURES)])


def test_the_covariance_is_shrunk_as_ledoit_and_wolf_say() -> None:
    """Figures of scikit-learn 1.9.1, LedoitWolf(assume_centered=True), on the same rows."""
    i, j = np.arange(12)[:, None], np.arange(5)[None, :]
    rows = np.sin(1.7 * i * (j + 1) + j) * (j + 1)
    covariance, shrinkage = oneclass.shrunk_covariance(rows - rows.mean(axis=0))
    assert shrinkage == pytest.approx(0.6280179228790426)
    expected = [
        3.5644785067767217,
        -0.01125801853941846,
        -0.013210236352086973,
        -0.03526438183534678,
        0.08678101166232702,
    ]
    np.testing.assert_allclose(covariance[0], expected)
    assert covariance[4, 4] == pytest.approx(7.762582940372273)


def test_rows_without_spread_are_shrunk_to_nothing() -> None:
    """All rows the same: no covariance to tell, and no division by it."""
    covariance, shrinkage = oneclass.shrunk_covariance(np.zeros((4, 3)))
    assert shrinkage == 1
    assert not covariance.any()


def test_good_pictures_are_near_and_the_left_out_set_the_limit(fitted: oneclass.Fit) -> None:
    """No good picture that was left out is beyond the limit, and the model's own pictures are nearer than that."""
    assert len(fitted.left_out) == PICTURES
    assert max(fitted.left_out) <= 1
    for seed in range(PICTURES):
        tiles = _tiles(_good(seed))
        assert oneclass.distances(fitted.surface, tiles).max() < fitted.surface.limit


def test_further_good_pictures_keep_the_limit(fitted: oneclass.Fit) -> None:
    """Of six good pictures that the model never saw one at most is beyond the limit (each has a chance of 1/8)."""
    shares = [oneclass.distances(fitted.surface, _tiles(_good(seed))).max() for seed in range(100, 106)]
    beyond = [share / fitted.surface.limit for share in shares if share > fitted.surface.limit]
    assert len(beyond) <= 1
    assert max(beyond, default=0) < 1.5


@pytest.mark.parametrize("kind", flaws.FLAWS)
def test_a_strong_flaw_is_above_the_limit_and_in_its_tile(fitted: oneclass.Fit, kind: str) -> None:
    """One flaw of each kind in the upper left: the worst tile is one that the flaw touches."""
    rng = np.random.default_rng(5)
    picture, mask = flaws.paint(kind, _good(50), Flaw(size=1.0, contrast=1.2, x=0.3, y=0.3), rng)
    tiles = _tiles(picture)
    score = oneclass.scores(fitted.surface, tiles, np.ones(features.TILES, np.uint8))
    row, column = divmod(int(score.argmax()), 8)
    assert score.max() > 1
    assert mask[row * 32 : row * 32 + 32, column * 32 : column * 32 + 32].any()


def test_unseen_tiles_score_zero(fitted: oneclass.Fit) -> None:
    """What was not looked at has no distance."""
    seen = np.zeros(features.TILES, np.uint8)
    seen[0] = 1
    score = oneclass.scores(fitted.surface, _tiles(_good(1)), seen)
    assert score[0] > 0
    assert not score[1:].any()


def test_flat_pictures_can_be_learnt() -> None:
    """A surface without any texture: fitted without an error, and a scratch on it is far away."""
    flat = np.full((256, 256), 90, np.uint8)
    surface = oneclass.fit([_tiles(flat).astype(np.float64)] * 3).surface
    scratched, _ = flaws.paint("scratch", flat, Flaw(size=1, contrast=1, x=0.5, y=0.5), np.random.default_rng(1))
    assert oneclass.distances(surface, _tiles(flat)).max() <= surface.limit
    assert oneclass.distances(surface, _tiles(scratched)).max() > 10 * surface.limit


def test_two_pictures_are_too_few() -> None:
    """Leaving one of two out leaves no spread between pictures."""
    with pytest.raises(ValueError, match="3 are needed"):
        oneclass.fit([np.zeros((4, 3))] * 2)


def test_a_model_survives_its_file(tmp_path: Path, fitted: oneclass.Fit) -> None:
    """What is read scores as what was written, to float32, and writing twice gives the same bytes."""
    for name in ("one.npz", "two.npz"):
        model_file.save(tmp_path / name, RECIPE, fitted.surface)
    recipe, surface = model_file.load(tmp_path / "one.npz")
    assert recipe == RECIPE
    tiles = _tiles(_good(60))
    np.testing.assert_allclose(oneclass.distances(surface, tiles), oneclass.distances(fitted.surface, tiles), rtol=1e-3)
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()


def _broken(surface: Surface, **more: object) -> Surface:
    return msgspec.structs.replace(surface, **more)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("centre", np.zeros(3), r"centre is \(3,\), expected \(156,\)"),
        ("whitening", np.full((156, 156), np.nan), "whitening holds what is no number"),
        ("scale", np.zeros(156), "above zero"),
        ("limit", -1.0, "above zero"),
    ],
)
def test_a_model_with_wrong_numbers_is_refused(
    tmp_path: Path, fitted: oneclass.Fit, field: str, value: object, message: str
) -> None:
    """Shapes, numbers and signs are checked before anything is served."""
    model_file.save(tmp_path / "m.npz", RECIPE, _broken(fitted.surface, **{field: value}))
    with pytest.raises(SurfaceFileInvalid, match=message):
        model_file.load(tmp_path / "m.npz")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut", b"no archive at all"])
def test_a_file_that_is_no_model_is_refused(tmp_path: Path, content: bytes) -> None:
    """Empty, cut or other: the sentence names the file and says to fit again."""
    (tmp_path / "m.npz").write_bytes(content)
    with pytest.raises(SurfaceFileInvalid, match="fit it again"):
        model_file.load(tmp_path / "m.npz")


def test_an_archive_with_objects_is_not_run(tmp_path: Path) -> None:
    """Pickled objects could be code: they are refused, and so is a model that is not there."""
    np.savez(tmp_path / "m.npz", recipe=np.asarray([{"levels": 8}], dtype=object))
    with pytest.raises(SurfaceFileInvalid, match="allow_pickle"):
        model_file.load(tmp_path / "m.npz")
    with pytest.raises(SurfaceFileInvalid, match="No such file"):
        model_file.load(tmp_path / "none.npz")


def test_the_area_under_the_curve_is_a_chance() -> None:
    """Two good, two flawed, one tie: 3.5 of 4 pairs are told apart; the interval holds the value."""
    found = measures.area("AUC", np.asarray([0.1, 0.5]), np.asarray([0.5, 0.9]))
    assert (found.value, found.n) == (3.5 / 4, 4)
    assert found.low is not None
    assert found.high is not None
    assert found.low <= 3.5 / 4 <= found.high
    assert measures.area("AUC", np.zeros(0), np.ones(2)).value is None


def test_the_curve_goes_from_none_to_all() -> None:
    """Thresholds from above everything down to the least score."""
    false_alarms, hits = measures.curve(np.asarray([0.1, 0.5]), np.asarray([0.5, 0.9]))
    np.testing.assert_array_equal(false_alarms, [0, 0, 0.5, 1])
    np.testing.assert_array_equal(hits, [0, 0.5, 1, 1])


@pytest.mark.parametrize("kind", surfaces.SURFACES)
def test_a_seed_is_a_picture(kind: str) -> None:
    """The same seed gives the same bytes, another seed other ones; greys are not clipped away."""
    first, again, other = _good(1, kind), _good(1, kind), _good(2, kind)
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    assert ((first > 0) & (first < 255)).mean() > 0.99


@pytest.mark.parametrize("kind", flaws.FLAWS)
def test_a_flaw_is_where_its_mask_is(kind: str) -> None:
    """Nothing changes outside the mask but by rounding, something does inside it, near the place that was asked for."""
    picture = _good(3)
    rng = np.random.default_rng(4)
    settings = draw_flaw(SPLITS["held_out"], rng)
    flawed, mask = flaws.paint(kind, picture, settings, rng)
    change = np.abs(flawed.astype(int) - picture)
    assert change[~mask].max() <= 6
    assert change[mask].mean() > 2
    ys, xs = np.nonzero(mask)
    assert np.hypot(xs.mean() - settings.x * 256, ys.mean() - settings.y * 256) < 90


def test_splits_share_no_settings() -> None:
    """What a recipe was chosen on and what it is measured on come from ranges that do not overlap."""
    for name in ("grain", "contrast", "gain", "turn_deg"):
        ranges = sorted(getattr(split, name) for split in SPLITS.values())
        assert all(one[1] <= other[0] for one, other in pairwise(ranges))
    tune, held_out = SPLITS["tune"], SPLITS["held_out"]
    assert held_out.flaw_size[1] <= tune.flaw_size[0]
    assert held_out.flaw_contrast[1] <= tune.flaw_contrast[0]

"""`surface_defect` in the real Triton: as the model alone, good below the limit, a flaw above it and in its place."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from tritonclient import grpc as client
from tritonclient.utils import InferenceServerException

from model_repository import store
from model_repository.contract import CROP, DEFECT_MAP, DEFECT_SCORE, DEFECT_TILES, SURFACE_DEFECT
from model_repository.defects import features, model_file, oneclass
from model_repository.evaluation import surface_defect
from model_repository.evaluation.alone import Alone
from model_repository.evaluation.task import Bench
from model_repository.textures import dataset, flaws, surfaces
from model_repository.textures.settings import SPLITS, Flaw, draw_surface
from tests.support.triton import TritonServer, infer, letterboxed, model_card, triton_server

TILE_PX = 64


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TritonServer]:
    """A server with the starter alone."""
    folder = tmp_path_factory.mktemp("triton")
    with triton_server(folder, folder / "data", (SURFACE_DEFECT,)) as running:
        yield running


@pytest.fixture
def triton(server: TritonServer) -> Iterator[client.InferenceServerClient]:
    """A connection to it."""
    with client.InferenceServerClient(server.url) as connection:
        yield connection


def _good(seed: int) -> npt.NDArray[np.uint8]:
    rng = np.random.default_rng([21, seed])
    return surfaces.render("rolled_steel", draw_surface(SPLITS["fit"], rng), rng)


def _crop(picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    return np.repeat(picture[:, :, None], 3, axis=2)


def test_the_card_says_that_it_is_a_starter(triton: client.InferenceServerClient) -> None:
    """What a client reads: a starter of rendered textures, the size of its tensor, where the margin is."""
    card = model_card(triton, SURFACE_DEFECT)
    assert (card.name, card.task, card.starter) == ("starter-surface-defect", SURFACE_DEFECT, True)
    assert (card.input_width, card.input_height, card.anchor) == (512, 512, "top_left")
    assert "rendered" in card.trained_on
    assert card.parts == ()


def test_triton_answers_as_the_model_alone(triton: client.InferenceServerClient) -> None:
    """Three pictures in one request, and one by one: the same map, which is that of the model in this process."""
    recipe, surface = model_file.load(store.deployed(SURFACE_DEFECT, Path("/nonexistent")).path)
    crops = np.stack([_crop(_good(seed)) for seed in range(3)])
    together = infer(triton, SURFACE_DEFECT, **{CROP: crops})
    assert together[DEFECT_SCORE].shape == (3, 1)
    for index, crop in enumerate(crops):
        alone = infer(triton, SURFACE_DEFECT, **{CROP: crop[None]})
        for name in (DEFECT_SCORE, DEFECT_MAP):
            np.testing.assert_array_equal(alone[name][0], together[name][index])
        expected = oneclass.scores(surface, *features.tile_features(crop, recipe))
        np.testing.assert_allclose(alone[DEFECT_MAP][0].ravel(), expected, rtol=1e-4)
        assert alone[DEFECT_SCORE][0, 0] == alone[DEFECT_MAP].max()


def test_an_evaluation_gives_the_same_figures_on_both_ways(
    triton: client.InferenceServerClient, tmp_path: Path
) -> None:
    """Two drawn pictures of each kind: what is measured through Triton is what the model alone gives."""
    dataset.write(dataset.Wanted(surface="rolled_steel", fit=0, test=2), tmp_path)
    bench = Bench(
        ensemble=SURFACE_DEFECT,
        data=tmp_path,
        card=model_card(triton, SURFACE_DEFECT),
        weights={SURFACE_DEFECT: store.deployed(SURFACE_DEFECT, Path("/nonexistent"))},
        ask=partial(infer, triton, SURFACE_DEFECT),
        alone=Alone(),
    )
    measured = surface_defect.evaluate(bench)
    assert measured.items == 2 * (1 + len(flaws.FLAWS))
    assert measured.served == measured.alone
    assert len(measured.served) == 2 + 3 * len(flaws.FLAWS)


def test_a_crack_is_above_the_limit_in_its_place(triton: client.InferenceServerClient) -> None:
    """A good picture scores below 1; with a crack in its lower right above 1, in a tile that the crack crosses."""
    good = _good(5)
    flawed, mask = flaws.paint("crack", good, Flaw(size=1, contrast=1, x=0.7, y=0.7), np.random.default_rng(2))
    answer = infer(triton, SURFACE_DEFECT, **{CROP: np.stack([_crop(good), _crop(flawed)])})
    below, above = answer[DEFECT_SCORE][:, 0]
    assert below < 1 < above
    row, column = divmod(int(answer[DEFECT_MAP][1].argmax()), DEFECT_TILES)
    assert mask[row * TILE_PX : (row + 1) * TILE_PX, column * TILE_PX : (column + 1) * TILE_PX].any()


def test_the_margin_of_a_letterbox_is_no_flaw(triton: client.InferenceServerClient) -> None:
    """A crop twice as wide as high: the lower half of the tensor is margin and scores exactly nothing."""
    crop = letterboxed(_crop(_good(6)[:256]), model_card(triton, SURFACE_DEFECT))
    found = infer(triton, SURFACE_DEFECT, **{CROP: crop[None]})[DEFECT_MAP][0]
    assert not found[DEFECT_TILES // 2 :].any()
    assert (found[: DEFECT_TILES // 2] > 0).all()


@pytest.mark.parametrize("value", [0, 114, 255])
def test_a_picture_of_one_grey_is_answered(triton: client.InferenceServerClient, value: int) -> None:
    """A dead camera's picture gives numbers."""
    answer = infer(triton, SURFACE_DEFECT, **{CROP: np.full((1, 512, 512, 3), value, np.uint8)})
    assert np.isfinite(answer[DEFECT_MAP]).all()


@pytest.mark.parametrize("shape", [(1, 1, 1, 3), (1, 512, 512, 1), (1, 256, 512, 3), (9, 512, 512, 3)])
def test_a_crop_of_the_wrong_shape_is_refused(triton: client.InferenceServerClient, shape: tuple[int, ...]) -> None:
    """One pixel, grey without channels, another size, more than a batch: refused, and the next one is answered."""
    with pytest.raises(InferenceServerException, match=r"shape|batch|size"):
        infer(triton, SURFACE_DEFECT, **{CROP: np.zeros(shape, np.uint8)})
    assert infer(triton, SURFACE_DEFECT, **{CROP: _crop(_good(1))[None]})[DEFECT_SCORE].shape == (1, 1)

"""`zool models fit surface_defect`: from a folder to a model in use; bad folders refused in words, nothing changed."""

from __future__ import annotations

import json
import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from model_repository import store
from model_repository.__main__ import main
from model_repository.contract import SURFACE_DEFECT
from model_repository.defects import __main__ as evaluation
from model_repository.defects import evaluate, fitting, model_file, pictures
from model_repository.errors import WeightsMissing
from model_repository.textures import dataset

SMALL = dataset.Wanted(surface="cast", fit=4, test=3)


def _write(folder: Path, *sizes: tuple[int, ...], kind: str = "png") -> Path:
    """Pictures of noise of the given [height, width] or [height, width, channels]."""
    folder.mkdir(parents=True, exist_ok=True)
    for index, size in enumerate(sizes):
        noise = np.random.default_rng(index).integers(40, 200, size, np.uint8)
        cv2.imwrite(str(folder / f"{index}.{kind}"), noise)
    return folder


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few drawn pictures of a cast surface in the layout of the evaluation."""
    folder = tmp_path_factory.mktemp("site")
    dataset.write(SMALL, folder / "cast")
    return folder


def _fit(good: Path, data: Path, *more: str) -> int:
    return main(["fit", SURFACE_DEFECT, "--good", str(good), "--data-dir", str(data), *more])


def test_a_folder_becomes_the_model_in_use(site: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Fitted, named by its folder, deployed in place of the starter, and what differs most is said."""
    assert _fit(site / "cast" / "train" / "good", tmp_path) == 0
    weights = store.deployed(SURFACE_DEFECT, tmp_path)
    recipe, _ = model_file.load(weights.path)
    assert (weights.card.name, weights.card.starter) == ("cast", False)
    assert (weights.card.input_width, weights.card.input_height) == (512, 512)
    assert weights.card.embedding_size == recipe.size
    text = capsys.readouterr().out
    assert "4 good pictures" in text
    assert re.search(r"0\.\d\d  00\d\.png|1\.00  00\d\.png", text)


def test_a_name_that_is_taken_needs_replace(site: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Other pictures under the same name are refused, and taken with --replace."""
    good = site / "cast" / "train" / "good"
    other = _write(tmp_path / "other", *[(160, 200)] * 3)
    assert _fit(good, tmp_path, "--name", "part-7") == 0
    assert _fit(other, tmp_path, "--name", "part-7") == 2
    assert "part-7" in capsys.readouterr().err
    assert store.deployed(SURFACE_DEFECT, tmp_path).card.input_width == 512
    assert _fit(other, tmp_path, "--name", "part-7", "--replace") == 0
    assert store.deployed(SURFACE_DEFECT, tmp_path).card.input_width == 200


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ((), "holds no pictures: give a folder with pictures"),
        (((160, 160),), "holds 1 picture; the limit is set by leaving one out, which takes 3 to 200"),
        (((160, 160), (160, 160)), "holds 2 pictures;"),
        (((160, 160), (160, 160), (160, 168)), "2.png is 168x160, .*0.png is 160x160: texture is measured in pixels"),
        (((1, 1), (1, 1), (1, 1)), "is 1x1: at the size that is served both sides must have 128 pixels"),
        (((100, 2000), (100, 2000), (100, 2000)), "is 2000x100: at the size that is served"),
    ],
)
def test_bad_folders_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], sizes: tuple[tuple[int, int], ...], message: str
) -> None:
    """None, one, two, different sizes, a single pixel, a strip: exit code 2, one sentence, nothing deployed."""
    assert _fit(_write(tmp_path / "good", *sizes), tmp_path / "data") == 2
    assert re.search(message, capsys.readouterr().err)
    assert not (tmp_path / "data").exists()


def test_what_is_no_picture_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A text file called .png, a folder that is not there."""
    good = _write(tmp_path / "good", (160, 160), (160, 160))
    (good / "9.png").write_text("no picture")
    assert _fit(good, tmp_path / "data") == 2
    assert "9.png cannot be read as a picture" in capsys.readouterr().err
    assert _fit(tmp_path / "nowhere", tmp_path / "data") == 2
    assert "nowhere is not a folder" in capsys.readouterr().err


def test_too_many_pictures_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The number is bounded before anything is read."""
    good = tmp_path / "good"
    good.mkdir()
    for index in range(fitting.PICTURES_MAX + 1):
        (good / f"{index}.png").touch()
    assert _fit(good, tmp_path / "data") == 2
    assert "holds 201 pictures" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["../up", "", "Ы", "a" * 41, ".hidden"])
def test_a_name_stays_inside_its_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    """A name becomes a folder: nothing but plain ones; none given is taken from the folder of the pictures."""
    good = _write(tmp_path / "Часть 7", *[(160, 160)] * 3)
    code = _fit(good, tmp_path / "data", "--name", name)
    if name:
        assert code == 2
        assert "cannot be the name of a model" in capsys.readouterr().err
    else:
        assert code == 0
        assert store.deployed(SURFACE_DEFECT, tmp_path / "data").card.name == "7"


@pytest.mark.parametrize(
    ("shape", "kind"), [((160, 200), "png"), ((160, 200, 3), "jpg"), ((160, 200, 4), "png"), ((160, 200), "bmp")]
)
def test_grey_colour_and_alpha_are_taken(tmp_path: Path, shape: tuple[int, ...], kind: str) -> None:
    """Whatever a picture is stored as, it is fitted on as colour of 8 bits."""
    fitted = fitting.fit_folder(_write(tmp_path / "good", *[shape] * 3, kind=kind))
    assert fitted.size == (200, 160)


def test_deep_pictures_are_taken(tmp_path: Path) -> None:
    """16 bits a pixel, as machine cameras write them."""
    for index in range(3):
        noise = np.random.default_rng(index).integers(0, 65535, (160, 160), np.uint16)
        cv2.imwrite(str(tmp_path / f"{index}.png"), noise)
    assert fitting.fit_folder(tmp_path).size == (160, 160)


@pytest.mark.parametrize(
    ("size", "expected"), [((1920, 1080), (512, 288)), ((300, 300), (296, 296)), ((130, 512), (128, 512))]
)
def test_the_tensor_parts_into_tiles(size: tuple[int, int], expected: tuple[int, int]) -> None:
    """Never larger than the picture, never above 512, both sides multiples of eight."""
    assert pictures.input_size(Path("a.png"), size) == expected


def test_the_starter_is_fitted_on_drawn_pictures() -> None:
    """It is there, says what it is, and its file is a model."""
    weights = store.deployed(SURFACE_DEFECT, Path("/nonexistent"))
    assert weights.card.name == "starter-surface-defect"
    assert weights.card.starter
    assert "rendered" in weights.card.trained_on
    assert model_file.load(weights.path)[0].size == weights.card.embedding_size


def test_without_a_model_the_message_says_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No starter and nothing fitted: what is missing and the command that makes it."""
    monkeypatch.setattr(store, "STARTERS", tmp_path)
    with pytest.raises(WeightsMissing, match="zool models fit surface_defect --good DIR"):
        store.deployed(SURFACE_DEFECT, tmp_path)


def test_an_evaluation_measures_every_kind(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Areas, shares found and located, for each flaw of each surface; cracks on drawn castings are found."""
    assert evaluation.main(["--data", str(site), "--json"]) == 0
    (report,) = json.loads(capsys.readouterr().out)["surfaces"]
    kinds = {kind["flaw"]: kind for kind in report["kinds"]}
    assert set(kinds) == {"crack", "dent", "pores", "scratch", "stain"}
    assert kinds["crack"]["auc"]["value"] > 0.6
    assert all(kind["found"]["n"] == SMALL.test for kind in kinds.values())
    assert all(kind["located"]["n"] == SMALL.test for kind in kinds.values())


def test_an_evaluation_of_nothing_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder without surfaces: what was looked for."""
    assert evaluation.main(["--data", str(tmp_path)]) == 2
    assert "train/good is not a folder" in capsys.readouterr().err


def test_masks_fall_on_tiles() -> None:
    """A mask of 400x200 seen in a crop of 256x128, tiles of 32x16: its corners are the tiles' corners.

    x 200..249 of 400 -> 128..160 of 256 -> column 4;  y 100..124 of 200 -> 64..80 of 128 -> row 4
    """
    mask = np.zeros((200, 400), np.bool_)
    mask[100:125, 200:250] = True
    tiles = evaluate.flawed_tiles(mask, (256, 128))
    assert np.argwhere(tiles).tolist() == [[4, 4]]

"""What a model of a surface is worth on labelled pictures.

Edge: reads a folder, writes nothing.

The folder is laid out as MVTec AD is, for one surface or with one such folder per surface inside:

    train/good/*.png                the good pictures to fit on
    test/good/*.png                 further good ones
    test/<flaw>/*.png               flawed ones by the kind of flaw
    ground_truth/<flaw>/*_mask.png  where the flaw is (may be absent: then "where" is not measured)
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from model_repository.contract import DEFECT_TILES, letterbox
from model_repository.defects import features, fitting, measures, oneclass, pictures
from model_repository.defects.errors import PicturesMissing
from model_repository.defects.features import Recipe
from model_repository.defects.fitting import Fitted
from model_repository.defects.oneclass import Surface
from model_repository.evaluation.task import Figure, share

Map = npt.NDArray[np.floating]
"""What the ensemble answers for a picture, [DEFECT_TILES, DEFECT_TILES]."""

GOOD = "good"


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of flaw: area under the ROC curve, found at the limit, in the right tile; the score of every picture."""

    flaw: str
    auc: Figure
    found: Figure
    located: Figure
    scores: tuple[float, ...]


class SurfaceReport(msgspec.Struct, frozen=True, kw_only=True):
    """One surface."""

    surface: str
    false_alarms: Figure
    all_flaws: Figure
    kinds: tuple[Kind, ...]
    good_scores: tuple[float, ...]


def surfaces(data: Path) -> list[Path]:
    """The folders of surfaces in a data folder. Raises PicturesMissing where there are none."""
    found = [data] if (data / "train").is_dir() else sorted(each.parent for each in data.glob("*/train"))
    if not found:
        raise PicturesMissing(data / "train" / GOOD, pictures.SUFFIXES)
    return found


def fit_and_measure(folder: Path) -> tuple[SurfaceReport, Fitted]:
    """Fit on the good pictures of a surface and score the others. Raises SurfaceRefused."""
    fitted = fitting.fit_folder(folder / "train" / GOOD)
    return measure(folder, lambda crop: heat(crop, fitted.recipe, fitted.fit.surface), fitted.size), fitted


def heat(crop: pictures.Picture, recipe: Recipe, surface: Surface) -> Map:
    """The map of a crop as the ensemble answers it."""
    return oneclass.scores(surface, *features.tile_features(crop, recipe)).reshape(DEFECT_TILES, DEFECT_TILES)


def measure(folder: Path, mapped: Callable[[pictures.Picture], Map], size: tuple[int, int]) -> SurfaceReport:
    """Score the test pictures of a surface with `mapped`, cut to `size` (width, height). Raises SurfaceRefused."""
    test = folder / "test"
    flaws = sorted(each.name for each in test.glob("[!.]*") if each.is_dir() and each.name != GOOD)
    maps = {
        kind: {path: mapped(pictures.cut(pictures.read(path), size)) for path in pictures.listed(test / kind)}
        for kind in [GOOD, *flaws]
    }
    scores = {kind: np.asarray([float(each.max()) for each in found.values()]) for kind, found in maps.items()}
    kinds = tuple(
        Kind(
            flaw=flaw,
            auc=measures.area(f"AUC {flaw}", scores[GOOD], scores[flaw]),
            found=share(f"found at the limit, {flaw}", int((scores[flaw] > 1).sum()), len(scores[flaw])),
            located=_located(folder / "ground_truth" / flaw, maps[flaw], size, flaw),
            scores=tuple(scores[flaw].tolist()),
        )
        for flaw in flaws
    )
    together = np.concatenate([np.zeros(0), *(scores[flaw] for flaw in flaws)])
    return SurfaceReport(
        surface=folder.name,
        false_alarms=share("false alarms at the limit", int((scores[GOOD] > 1).sum()), len(scores[GOOD])),
        all_flaws=measures.area("AUC, all flaws", scores[GOOD], together),
        kinds=kinds,
        good_scores=tuple(scores[GOOD].tolist()),
    )


def _located(masks: Path, maps: dict[Path, Map], size: tuple[int, int], flaw: str) -> Figure:
    """How often the worst tile holds a part of the flaw, among the pictures that have a mask."""
    hits = number = 0
    for path, found in maps.items():
        mask_path = masks / f"{path.stem}_mask.png"
        if mask_path.exists():
            number += 1
            hits += int(flawed_tiles(pictures.read(mask_path)[:, :, 0] > 0, size).ravel()[int(found.argmax())])
    return share(f"worst tile is on the flaw, {flaw}", hits, number)


def flawed_tiles(mask: npt.NDArray[np.bool_], size: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """Which tiles of a crop of `size` (width, height) hold a part of a mask [H, W] of the picture."""
    box = letterbox((mask.shape[1], mask.shape[0]), size, "top_left")
    ys, xs = np.nonzero(mask)
    rows = (ys * box.scale_y).astype(int) // (size[1] // DEFECT_TILES)
    columns = (xs * box.scale_x).astype(int) // (size[0] // DEFECT_TILES)
    tiles = np.zeros((DEFECT_TILES, DEFECT_TILES), np.bool_)
    tiles[np.minimum(rows, DEFECT_TILES - 1), np.minimum(columns, DEFECT_TILES - 1)] = True
    return tiles

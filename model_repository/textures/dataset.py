"""Labelled pictures of a surface as files, in the layout of MVTec AD.

Edge: writes a folder. Equal wishes give equal pictures.

Drawn surfaces are good to the settings of the split; photographs are the three textures that come inside
scikit-image's wheel (brick, grass, gravel; 512x512, CC0), with flaws painted on. A photograph is one picture: models
are fitted on windows of its left half and measured on windows of its right half, which overlap among themselves.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import msgspec
import numpy as np

from model_repository.textures import flaws, surfaces
from model_repository.textures.settings import SPLITS, SplitName, draw_flaw, draw_surface

PHOTOGRAPHS = ("brick", "grass", "gravel")
WINDOW_PX = 192
_GOOD = "good"


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """How many pictures of what: `fit` good ones to fit on, `test` good ones and as many of each flaw to measure on."""

    surface: str
    split: SplitName = "held_out"
    fit: int = 12
    test: int = 30
    seed: int = 0


def write(wanted: Wanted, out: Path) -> None:
    """Write train/good, test/good, test/<flaw> and ground_truth/<flaw> into a folder."""
    for index in range(wanted.fit):
        _save(out / "train" / _GOOD / f"{index:03}.png", _good(wanted, "fit", 0, index))
    for order, kind in enumerate([_GOOD, *flaws.FLAWS], 1):
        for index in range(wanted.test):
            picture = _good(wanted, wanted.split, order, index)
            if kind != _GOOD:
                rng = np.random.default_rng([wanted.seed, 2, order, index])
                picture, mask = flaws.paint(kind, picture, draw_flaw(SPLITS[wanted.split], rng), rng)
                _save(out / "ground_truth" / kind / f"{index:03}_mask.png", np.asarray(mask * 255, np.uint8))
            _save(out / "test" / kind / f"{index:03}.png", picture)


def _good(wanted: Wanted, split: SplitName, order: int, index: int) -> surfaces.Grey:
    names = [*surfaces.SURFACES, *PHOTOGRAPHS]
    rng = np.random.default_rng(
        [wanted.seed, 1, names.index(wanted.surface), sorted(SPLITS).index(split), order, index]
    )
    if wanted.surface in PHOTOGRAPHS:
        return _window(wanted.surface, rng, left=split == "fit")
    return surfaces.render(wanted.surface, draw_surface(SPLITS[split], rng), rng)


def _window(name: str, rng: np.random.Generator, *, left: bool) -> surfaces.Grey:
    """A window of the left or the right half of a photograph, halves of it never in both."""
    from skimage import data  # noqa: PLC0415 - only the group `report` has it

    photograph = np.asarray(getattr(data, name)(), np.uint8)
    half = photograph.shape[1] // 2
    x = int(rng.integers(0, half - WINDOW_PX + 1)) + (0 if left else half)
    y = int(rng.integers(0, photograph.shape[0] - WINDOW_PX + 1))
    return np.ascontiguousarray(photograph[y : y + WINDOW_PX, x : x + WINDOW_PX])


def _save(path: Path, picture: surfaces.Grey) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), picture, [cv2.IMWRITE_PNG_COMPRESSION, 1])

"""Steps of the ensemble `surface_defect`. Edge: runs inside Triton's Python backend."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from model_repository.contract import CROP, DEFECT_MAP, DEFECT_SCORE, DEFECT_TILES
from model_repository.defects import features, model_file, oneclass
from model_repository.serving.step import Arrays, Step, parted


class SurfaceFeatures(Step):
    """CROP → FEATURES, SEEN: the texture of every tile."""

    def start(self, directory: Path) -> None:
        """Read how features are taken."""
        self._recipe, _ = model_file.load(_file(directory))

    def answer(self, batch: list[Arrays]) -> list[Arrays]:
        """One picture after the other."""
        return [self._of(arrays) for arrays in batch]

    def _of(self, arrays: Arrays) -> Arrays:
        tiles = [features.tile_features(crop, self._recipe) for crop in arrays[CROP]]
        return {"FEATURES": np.stack([each for each, _ in tiles]), "SEEN": np.stack([seen for _, seen in tiles])}


class SurfaceScore(Step):
    """FEATURES, SEEN → DEFECT_SCORE, DEFECT_MAP: how far from good, in limits."""

    def start(self, directory: Path) -> None:
        """Read the model of the surface."""
        _, self._surface = model_file.load(_file(directory))

    def answer(self, batch: list[Arrays]) -> list[Arrays]:
        """Picture by picture, so that an answer does not depend on its neighbours."""
        maps = [
            oneclass.scores(self._surface, tiles, seen).astype(np.float32).reshape(DEFECT_TILES, DEFECT_TILES)
            for arrays in batch
            for tiles, seen in zip(arrays["FEATURES"], arrays["SEEN"], strict=True)
        ]
        whole = np.stack(maps)
        return parted({DEFECT_SCORE: whole.max(axis=(1, 2))[:, None], DEFECT_MAP: whole}, batch, "SEEN")


def _file(directory: Path) -> Path:
    """The fitted surface inside a built Triton model (version 1)."""
    return directory / "1" / "network.npz"

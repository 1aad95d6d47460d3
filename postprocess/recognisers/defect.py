"""How far a surface is from good ones, as a read. Pure: no I/O, no clock.

Rules
- The ensemble's tiles lie over its tensor; those of a read lie over the crop, as many by as many: whoever draws them
  over the photo stretches them to its size and needs to know nothing of the tensor.
- The margin of the letterbox belongs to no tile of a read. Where the crop fills less than the tensor, a tile of the
  read takes the worst of those that it lies over: no flaw is lost.
"""

from __future__ import annotations

import itertools
import math

import numpy as np

from model_repository.contract import DEFECT_MAP, DEFECT_SCORE, DEFECT_TILES, SURFACE_DEFECT, ModelCard
from postprocess.contract import DefectRead
from postprocess.recognisers.unit import Answer, Crop, Recogniser


def read(answer: Answer, crop: Crop, card: ModelCard) -> DefectRead:
    """Score and heat map, 1 = the limit; raises `ValueError` where one of them is no number."""
    score = answer[DEFECT_SCORE]
    tiles = answer[DEFECT_MAP].reshape(DEFECT_TILES, DEFECT_TILES)
    if score.size != 1 or not (np.isfinite(score).all() and np.isfinite(tiles).all()):
        raise ValueError(f"a score of {score.tolist()} and tiles from {tiles.min()} to {tiles.max()}")
    rows = _under(crop.fit.height, card.input_height)
    columns = _under(crop.fit.width, card.input_width)
    return DefectRead(
        score=_distance(score[0]),
        tiles=tuple(_distance(tiles[down][:, across].max()) for down in rows for across in columns),
    )


def _under(used_px: int, tensor_px: int) -> list[slice]:
    """Which tiles of the tensor each tile of the crop lies over, in one direction."""
    used = min(float(DEFECT_TILES), DEFECT_TILES * used_px / max(1, tensor_px))
    edges = [number * used / DEFECT_TILES for number in range(DEFECT_TILES + 1)]
    return [
        slice(math.floor(begin), max(math.floor(begin) + 1, math.ceil(end))) for begin, end in itertools.pairwise(edges)
    ]


def _distance(value: float) -> float:
    """A distance, rounded so that it does not carry noise."""
    return round(max(0.0, float(value)), 4)


DEFECT = Recogniser(name=SURFACE_DEFECT, outputs=(DEFECT_SCORE, DEFECT_MAP), read=read)

"""How well scores tell flawed pictures from good ones.

Pure: arrays in, numbers out.

Sources: J. A. Hanley, B. J. McNeil, "The meaning and use of the area under a receiver operating characteristic (ROC)
curve", Radiology 143, 1982 (the area is the chance that a flawed picture scores above a good one); B. Efron, 1979 (the
bootstrap).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from model_repository.evaluation.intervals import middle95
from model_repository.evaluation.task import Figure, figure

Floats = npt.NDArray[np.float64]

RESAMPLES = 2000


def area(name: str, good: Floats, flawed: Floats, *, seed: int = 0) -> Figure:
    """Area under the ROC curve; the interval comes from drawing both sets of pictures again, RESAMPLES times."""
    above = (np.sign(flawed[:, None] - good[None, :]) + 1) / 2
    if not above.size:
        return Figure(name=name, value=None)
    rng = np.random.default_rng(seed)
    rows = rng.integers(len(flawed), size=(RESAMPLES, len(flawed)))
    columns = rng.integers(len(good), size=(RESAMPLES, len(good)))
    drawn = [float(above[np.ix_(*draw)].mean()) for draw in zip(rows, columns, strict=True)]
    return figure(name, float(above.mean()), middle95(drawn), len(good) + len(flawed))


def curve(good: Floats, flawed: Floats) -> tuple[Floats, Floats]:
    """The ROC curve: false-alarm rate and detection rate at every threshold, from none to all."""
    thresholds = np.concatenate([[np.inf], np.sort(np.unique(np.concatenate([good, flawed])))[::-1]])
    false_alarms = (good[None, :] >= thresholds[:, None]).mean(axis=1)
    found = (flawed[None, :] >= thresholds[:, None]).mean(axis=1)
    return false_alarms, found

"""`surface_defect` on labelled pictures of one surface, through Triton and of the model alone in this process.

The folder is that of `defects.evaluate`: `test/good`, `test/<flaw>`, `ground_truth/<flaw>`. What is measured is the
model in use; its good pictures (`train/good`) are not looked at.
"""

from __future__ import annotations

import numpy as np

from model_repository.contract import CROP, DEFECT_MAP
from model_repository.defects import evaluate as surfaces
from model_repository.defects import model_file
from model_repository.defects.evaluate import Map, SurfaceReport
from model_repository.defects.pictures import Picture
from model_repository.evaluation.task import Bench, Figure, Measured


def evaluate(bench: Bench) -> Measured:
    """Areas under the ROC curve, flaws found at the limit and in their tile, false alarms. Raises SurfaceRefused."""
    recipe, surface = model_file.load(next(iter(bench.weights.values())).path)
    size = (bench.card.input_width, bench.card.input_height)

    def asked(crop: Picture) -> Map:
        return np.asarray(bench.ask(**{CROP: crop[None]})[DEFECT_MAP][0])

    served = surfaces.measure(bench.data, asked, size)
    alone = surfaces.measure(bench.data, lambda crop: surfaces.heat(crop, recipe, surface), size)
    pictures = len(served.good_scores) + sum(len(kind.scores) for kind in served.kinds)
    return Measured(items=pictures, served=_figures(served), alone=_figures(alone))


def _figures(report: SurfaceReport) -> tuple[Figure, ...]:
    kinds = [figure for kind in report.kinds for figure in (kind.auc, kind.found, kind.located)]
    return (report.all_flaws, report.false_alarms, *kinds)

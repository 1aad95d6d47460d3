"""Pictures of an evaluation: ROC curves, and maps over flawed pictures.

Edge: draws with matplotlib (group `report`), writes files.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import matplotlib as mpl
import numpy as np

from model_repository.defects import measures, pictures
from model_repository.defects.evaluate import SurfaceReport, heat
from model_repository.defects.fitting import Fitted

mpl.use("Agg")
from matplotlib import pyplot as plt


def roc(reports: list[SurfaceReport], path: Path, title: str) -> None:
    """One panel per surface, one curve per kind of flaw."""
    figure, axes = plt.subplots(1, len(reports), figsize=(3.1 * len(reports), 3.4), squeeze=False, layout="constrained")
    for axis, report in zip(axes[0], reports, strict=True):
        good = np.asarray(report.good_scores)
        for kind in report.kinds:
            false_alarms, found = measures.curve(good, np.asarray(kind.scores))
            axis.plot(false_alarms, found, label=f"{kind.flaw} {kind.auc.value or 0:.2f}", linewidth=1.6)
        axis.plot([0, 1], [0, 1], color="0.7", linewidth=0.8, linestyle="--")
        axis.set(
            title=f"{report.surface}  AUC {report.all_flaws.value or 0:.2f}", xlabel="false alarms", xlim=(-0.02, 1.02)
        )
        axis.set_ylim(-0.02, 1.02)
        axis.legend(loc="lower right", fontsize=7, title="flaw, AUC", title_fontsize=7)
    axes[0][0].set_ylabel("flawed pictures found")
    figure.suptitle(title, fontsize=10)
    _save(figure, path, dpi=75)


def maps(folders: list[tuple[Path, Fitted]], path: Path, title: str) -> None:
    """Per surface a good picture and one of each kind of flaw, the tiles above the limit tinted and framed."""
    rows = [_examples(folder) for folder, _ in folders]
    columns = max(len(row) for row in rows)
    figure, axes = plt.subplots(
        len(rows), columns, figsize=(1.9 * columns, 2.05 * len(rows)), squeeze=False, layout="constrained"
    )
    for axis in axes.flat:
        axis.axis("off")
    for line, row, (folder, fitted) in zip(axes, rows, folders, strict=True):
        for axis, (kind, picture_path) in zip(line, row, strict=False):
            crop = pictures.cut(pictures.read(picture_path), fitted.size)
            found = heat(crop, fitted.recipe, fitted.fit.surface)
            axis.imshow(_tinted(crop, found))
            axis.set_title(f"{folder.name}, {kind}: {found.max():.2f}", fontsize=7)
    figure.suptitle(title, fontsize=9)
    _save(figure, path, dpi=80)


def _examples(folder: Path) -> list[tuple[str, Path]]:
    kinds = ["good", *sorted(each.name for each in (folder / "test").iterdir() if each.name != "good")]
    return [(kind, pictures.listed(folder / "test" / kind)[0]) for kind in kinds]


def _tinted(crop: pictures.Picture, found: np.ndarray) -> pictures.Picture:
    """A crop as RGB with a red veil over tiles, the denser the farther above the limit."""
    picture = cv2.cvtColor(crop, cv2.COLOR_BGR2RGB).astype(np.float32)
    height, width = crop.shape[0] // found.shape[0], crop.shape[1] // found.shape[1]
    for row, column in np.argwhere(found > 1):
        part = (slice(row * height, (row + 1) * height), slice(column * width, (column + 1) * width))
        veil = min(0.15 + 0.2 * (found[row, column] - 1), 0.5)
        picture[part] = (1 - veil) * picture[part] + veil * np.asarray([255, 30, 0], np.float32)
        corners = ((int(column * width), int(row * height)), (int((column + 1) * width), int((row + 1) * height)))
        cv2.rectangle(picture, *corners, (255, 0, 0), 3)
    return np.asarray(np.clip(picture, 0, 255), np.uint8)


def _save(figure: Any, path: Path, dpi: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    options = {"quality": 82, "optimize": True} if path.suffix in {".jpg", ".jpeg"} else {}
    figure.savefig(path, dpi=dpi, pil_kwargs=options)
    plt.close(figure)

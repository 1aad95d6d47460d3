"""Where weights lie: starters in the package, imported ones in the data directory.

    <data-dir>/models/<task>/<name>/network.onnx, network.json     every set that was imported
    <data-dir>/models/<task>/deployed                              the name of the one in use; absent: the starter

Rules of this file
- A set of weights appears whole or not at all; it is never changed afterwards.
- The starter of a task is the one in `model_repository/weights/` whose card names the task.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import msgspec

from model_repository import card
from model_repository.card import Weights, WeightsCard
from model_repository.errors import CardInvalid, WeightsMissing

STARTERS = Path(__file__).parent / "weights"


def deployed(task: str, data_directory: Path) -> Weights:
    """The weights in use for a task. Raises WeightsMissing, CardInvalid, WeightsChanged."""
    folder = data_directory / "models" / task
    name = _pointer(folder)
    if name:
        return card.load(folder / name / "network.onnx")
    starter = _starter(task)
    if starter is None:
        raise WeightsMissing(task, (folder, STARTERS))
    return _as_starter(card.load(starter))


def known(task: str, data_directory: Path) -> tuple[tuple[Weights, bool], ...]:
    """Every set of weights for a task and whether it is in use; the starter first."""
    folder = data_directory / "models" / task
    name = _pointer(folder)
    found = [(card.load(path), path.parent.name == name) for path in sorted(folder.glob("*/network.onnx"))]
    starter = _starter(task)
    return ((_as_starter(card.load(starter)), not name), *found) if starter else tuple(found)


def add(source: Path, weights_card: WeightsCard, data_directory: Path) -> Weights:
    """Copy weights and their card into the data directory and put them to use."""
    folder = data_directory / "models" / weights_card.task
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f".{weights_card.name}.{os.getpid()}"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    try:
        shutil.copyfile(source, draft / "network.onnx")
        signed = msgspec.structs.replace(weights_card, sha256=card.file_sha256(draft / "network.onnx"))
        card.save(signed, draft / "network.json")
        final = folder / weights_card.name
        shutil.rmtree(final, ignore_errors=True)
        draft.rename(final)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    _point(folder, weights_card.name)
    return Weights(path=final / "network.onnx", card=signed)


def _starter(task: str) -> Path | None:
    for path in sorted(STARTERS.glob("starter-*.json")):
        try:
            named = msgspec.json.decode(path.read_bytes(), type=WeightsCard).task
        except msgspec.DecodeError as error:
            raise CardInvalid(path, str(error)) from error
        if named == task:
            return path.with_suffix(".onnx")
    return None


def _as_starter(weights: Weights) -> Weights:
    """Starters say that they are starters, whatever their card forgot."""
    return Weights(path=weights.path, card=msgspec.structs.replace(weights.card, starter=True))


def _pointer(folder: Path) -> str:
    try:
        return (folder / "deployed").read_text("utf-8").strip()
    except OSError:
        return ""


def _point(folder: Path, name: str) -> None:
    draft = folder / f".deployed.{os.getpid()}"
    draft.write_text(name + "\n", "utf-8")
    draft.replace(folder / "deployed")

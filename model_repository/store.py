"""Where weights lie: starters in the package, imported ones in the data directory.

    <data-dir>/models/<task>/<name>/network.onnx, network.json     every set that was imported (`registry.Task.file`)
    <data-dir>/models/<task>/deployed                              the name of the one in use; absent: the starter

Rules of this file
- A set of weights appears whole or not at all; it is never changed afterwards. Other weights under a name that is
  taken are refused unless the caller says that they replace it.
- The starter of a task is the one in `model_repository/weights/` whose card names the task.
- A task with slots has no `deployed`: every set is in use, each as `<task>/<name>`.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import msgspec

from model_repository import card, registry
from model_repository.card import Weights, WeightsCard
from model_repository.errors import CardInvalid, NameTaken, NameUnusable, WeightsMissing, WeightsUnknown

STARTERS = Path(__file__).parent / "weights"

TRAINING_FILE = "training.json"
"""What a set of weights has seen in training (`learning.contract.TrainingRecord`), where a job made it."""

SLOT_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
"""A slot's name is part of the name of an ensemble and of a subject of the broker."""


def deployed(task: str, data_directory: Path) -> Weights:
    """The weights in use for a task or a slot (`<task>/<name>`). Raises WeightsMissing, CardInvalid, WeightsChanged."""
    task, _, slot = task.partition("/")
    folder = data_directory / "models" / task
    name = slot or _pointer(folder)
    if name:
        path = folder / name / _file(task)
        if slot and not path.exists():
            raise WeightsMissing(f"{task}/{slot}", (path.parent,))
        return card.load(path)
    starter = _starter(task)
    if starter is None:
        raise WeightsMissing(task, (folder, STARTERS))
    return _as_starter(card.load(starter))


def known(task: str, data_directory: Path) -> tuple[tuple[Weights, bool], ...]:
    """Every set of weights for a task and whether it is in use; the starter first."""
    folder = data_directory / "models" / task
    name, slots = _pointer(folder), _has_slots(task)
    found = [
        (card.load(path), slots or path.parent.name == name) for path in sorted(folder.glob(f"[!.]*/{_file(task)}"))
    ]
    starter = _starter(task)
    return ((_as_starter(card.load(starter)), not name), *found) if starter else tuple(found)


def slots(data_directory: Path) -> tuple[str, ...]:
    """All weights in slots, as `<task>/<name>`, in the order of their names."""
    tasks = [task for task in registry.TASKS if task.slots]
    return tuple(
        f"{task.name}/{path.parent.name}"
        for task in tasks
        for path in sorted((data_directory / "models" / task.name).glob(f"[!.]*/{task.file}"))
    )


def add(
    source: Path, weights_card: WeightsCard, data_directory: Path, *, replace: bool = False, live: bool = True
) -> Weights:
    """Copy weights and their card into the data directory and, with `live`, put them to use.

    What they were trained on (`training.json` beside them) goes along. The same weights may come again.
    Raises NameTaken where other ones have the name and `replace` is not said, and
    NameUnusable for a name that can't be a slot's. Nothing has changed then.
    """
    task = weights_card.task
    if _has_slots(task) and not SLOT_NAME.fullmatch(weights_card.name):
        raise NameUnusable(weights_card.name)
    folder = data_directory / "models" / task
    sha256 = card.file_sha256(source)
    final = folder / weights_card.name
    if not replace:
        _refuse_taken(final, weights_card, sha256)
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f".{weights_card.name}.{os.getpid()}"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    try:
        path = draft / _file(task)
        shutil.copyfile(source, path)
        version = weights_card.version or sha256[: card.VERSION_CHARS]
        signed = msgspec.structs.replace(weights_card, sha256=sha256, version=version)
        card.save(signed, path.with_suffix(".json"))
        if (record := source.with_name(TRAINING_FILE)).exists():
            shutil.copyfile(record, draft / TRAINING_FILE)
        shutil.rmtree(final, ignore_errors=True)
        draft.rename(final)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    if live and not _has_slots(task):
        _point(folder, weights_card.name)
    return Weights(path=final / _file(task), card=signed)


def use(task: str, name: str, data_directory: Path) -> None:
    """Put a set that was imported before, or the starter, to use. Raises WeightsUnknown."""
    names = [weights.card.name for weights, _ in known(task, data_directory)]
    if name not in names or _has_slots(task):
        raise WeightsUnknown(task, name, tuple(names))
    folder = data_directory / "models" / task
    if (folder / name / _file(task)).exists():
        _point(folder, name)
    else:
        (folder / "deployed").unlink(missing_ok=True)


def remove(task: str, name: str, data_directory: Path) -> None:
    """Delete an imported set; where it was in use, the starter is from now on. Raises WeightsUnknown."""
    folder = data_directory / "models" / task
    if not (folder / name / _file(task)).exists():
        names = [weights.card.name for weights, _ in known(task, data_directory) if not weights.card.starter]
        raise WeightsUnknown(task, name, tuple(names))
    if _pointer(folder) == name:
        (folder / "deployed").unlink()
    shutil.rmtree(folder / name)


def _refuse_taken(folder: Path, weights_card: WeightsCard, sha256: str) -> None:
    path = folder / _file(weights_card.task)
    if path.exists():
        there = card.file_sha256(path)
        if there != sha256:
            raise NameTaken(weights_card.task, weights_card.name, there, sha256)


def _file(task: str) -> str:
    found = registry.task(task)
    return found.file if found else registry.Task(name=task).file


def _has_slots(task: str) -> bool:
    found = registry.task(task)
    return bool(found and found.slots)


def _starter(task: str) -> Path | None:
    for path in sorted(STARTERS.glob("starter-*.json")):
        try:
            named = msgspec.json.decode(path.read_bytes(), type=WeightsCard).task
        except msgspec.DecodeError as error:
            raise CardInvalid(path, str(error)) from error
        if named == task:
            return path.with_suffix(Path(_file(task)).suffix)
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

"""Finds out what a file of weights is, so that it can be deployed: `registry.TASKS` says which module looks at it.

Rules of this file
- Reads files, writes none. Whatever is wrong with a file becomes an ImportRefused that says what to do.
- A training checkpoint is never loaded here: unpickling it would run whatever it holds.
"""

from __future__ import annotations

import importlib
from pathlib import Path

import msgspec

from model_repository import registry
from model_repository.card import WeightsCard
from model_repository.errors import NeedsExport, TaskNotSupported
from model_repository.imports import checkpoint
from model_repository.imports.request import Asked

WEIGHTS_ALONE = (".safetensors",)
"""Numbers without a network."""


def examine(path: Path, task: str, **said: object) -> WeightsCard:
    """Write the card of a network that a user gave; `said` are fields of `imports.request.Asked`.

    Raises ImportRefused.
    """
    found = registry.task(task)
    if found is None or not found.importer:
        raise TaskNotSupported(task, tuple(each.name for each in registry.TASKS if each.importer))
    if path.suffix.lower() in checkpoint.CHECKPOINTS:
        raise NeedsExport(path, checkpoint.foreign_names(path))
    if path.suffix.lower() in WEIGHTS_ALONE:
        raise NeedsExport(path)
    asked = Asked(path=path, task=task)
    card: WeightsCard = importlib.import_module(found.importer).examine(msgspec.structs.replace(asked, **said))
    return card

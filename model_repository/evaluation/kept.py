"""Kept evaluations and the cards of starters, read from files. Edge (files)."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from model_repository import card, store
from model_repository.card import WeightsCard
from model_repository.errors import DataUnusable
from model_repository.evaluation import report
from model_repository.evaluation.task import Evaluation, Figure, shown

RESULTS = Path(__file__).parent.parent / "results"
"""Evaluations whose figures stand in MODELS.md."""


def kept_in(data_directory: Path) -> Path:
    """Where evaluations of a site's own models are kept."""
    return data_directory / "models" / "evaluations"


def evaluations(folders: Iterable[Path]) -> list[Evaluation]:
    """All kept evaluations. Raises DataUnusable."""
    found = []
    for path in (path for folder in folders for path in sorted(folder.glob("*.json"))):
        try:
            found.append(msgspec.json.decode(path.read_bytes(), type=Evaluation))
        except msgspec.DecodeError as error:
            raise DataUnusable(path, f"no kept evaluation: {error}") from error
    return found


def starters() -> dict[str, WeightsCard]:
    """The cards of all starters by name."""
    cards = [card.read_card(path) for path in sorted(store.STARTERS.glob("starter-*.json"))]
    return {each.name: each for each in cards}


def write_report(path: Path, folders: Iterable[Path]) -> bool:
    """Write the tables of a report anew; returns whether anything changed. Raises DataUnusable."""
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise DataUnusable(path, error.strerror or "cannot be read") from error
    written = report.filled(text, starters(), evaluations(folders))
    if written == text:
        return False
    path.write_text(written, "utf-8")
    return True


def headline(found: list[Evaluation], sha256: str) -> str:
    """The first figure of the last evaluation of these weights, in a few words; empty where there is none."""
    mine = [each for each in found if any(model.sha256 == sha256 for model in each.models)]
    if not mine:
        return ""
    last = max(mine, key=lambda each: each.conditions.date)
    first: Figure = last.measured.served[0]
    return f"{first.name} {shown(first)} on {last.data}"

"""Weights that want to go live: a job's result, or a set that was imported. Edge (files)."""

from __future__ import annotations

from pathlib import Path

import msgspec

from model_repository import card, store
from model_repository.card import Weights
from model_repository.learning.contract import JobReport, TrainingRecord
from model_repository.learning.errors import CandidateUnknown
from model_repository.store import TRAINING_FILE

REPORT_FILE = "report.json"


def find(task: str, name: str, data_directory: Path) -> Weights:
    """The weights of that name. Raises CandidateUnknown, CardInvalid, WeightsChanged."""
    report = data_directory / "models" / "jobs" / name / REPORT_FILE
    if report.exists():
        found = card.load(Path(msgspec.json.decode(report.read_bytes(), type=JobReport).weights))
        if found.card.task == task:
            return found
    known = store.known(task, data_directory)
    for weights, _ in known:
        if weights.card.name == name:
            return weights
    jobs = sorted(path.parent.name for path in (data_directory / "models" / "jobs").glob(f"*/{REPORT_FILE}"))
    raise CandidateUnknown(task, name, (*(weights.card.name for weights, _ in known), *jobs))


def record(weights: Weights) -> TrainingRecord | None:
    """What they have seen in training; None where nobody wrote it down."""
    path = weights.path.with_name(TRAINING_FILE)
    return msgspec.json.decode(path.read_bytes(), type=TrainingRecord) if path.exists() else None

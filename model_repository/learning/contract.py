"""What the steps of the learning loop hand to each other: examples, data sets, jobs, verdicts, the history of a task.

Pure: types only. All of them are JSON on disk; unknown keys are ignored on reading and types grow by defaulted fields.

    feedback ─gather─▶ data set ─train─▶ package ─gate─▶ new version ─shadow─▶ switch ─watch─▶ stays, or goes back

Rules
- An example knows who said what of which event, frame, camera and model: it can be traced, and taken out again.
- Pictures of one camera on one day resemble each other. They are a *group*, and a group lies in one split for ever.
- What nobody judged is not known: an example says which part of its picture its boxes speak for (`judged`).
- Boxes are x1, y1, x2, y2 in pixels of the example's picture.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from model_repository.contract import ModelRef

Kind = Literal["detector", "plates", "faces", "ppe"]
Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = ("train", "val", "test")
Box = tuple[float, float, float, float]

DATASET_FILE = "dataset.json"
EXAMPLES_FILE = "examples.jsonl"
REVIEW_FILE = "review.csv"
TASK_OF: dict[str, str] = {
    "detector": "detector", "plates": "plate_ocr", "faces": "face_embedding", "ppe": "ppe",
}  # fmt: skip


class Provenance(msgspec.Struct, frozen=True, kw_only=True):
    """Where an example comes from."""

    event: str = ""
    event_kind: str = ""
    camera: str = ""
    captured_at_us: int = 0
    """Of the picture."""
    epoch: int = 0
    frame_seq: int = 0
    """Frame stamp of the event: (camera, epoch, seq)."""
    track: str = ""
    shot: str = ""
    models: tuple[ModelRef, ...] = ()
    """That answered then."""
    confidence: float = 0.0
    """That the model had."""
    verdict: str = ""
    """confirmed, false_alarm, corrected, not_person, missed."""
    said_by: str = ""
    said_at: str = ""
    reason: str = ""


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a picture of which somebody said whether an object of that label is there."""

    area: Box
    label: str
    present: bool


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """One picture with what is known of it."""

    id: str
    group: str
    """`<camera>/<day>`."""
    file: str
    """Relative to the folder of its split."""
    sha256: str = ""
    """Of the picture's file."""
    width: int = 0
    height: int = 0
    boxes: tuple[tuple[str, Box], ...] = ()
    judged: tuple[Judged, ...] = ()
    """Empty = the boxes are all that there is in the picture."""
    text: str = ""
    """Of a plate."""
    region: str = ""
    person: str = ""
    not_person: str = ""
    items: dict[str, bool] = {}
    """Of equipment: worn or not."""
    provenance: Provenance = Provenance()


class DatasetCard(msgspec.Struct, frozen=True, kw_only=True):
    """`dataset.json`: what lies in the folder."""

    kind: Kind
    made_at: str
    id: str
    """SHA-256 over its examples: the same feedback gives the same id."""
    labels: tuple[str, ...] = ()
    groups: dict[str, str] = {}
    """Group → split."""
    counts: dict[str, int] = {}
    """Examples by split."""
    left_out: dict[str, int] = {}
    """Why → how many events could not become an example."""


class TrainingRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What weights have seen in training: `training.json` beside them, for the gate's search for leaks."""

    base: ModelRef
    """The weights that it began with."""
    datasets: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    """Camera-days of the examples it learnt from or was chosen by."""
    pictures: tuple[str, ...] = ()
    """Their SHA-256."""


class JobSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What a trainer is told: JSON in, a package and a report out."""

    task: str
    data: str
    base: str
    """Path of the weights to begin with; the card lies beside them."""
    out: str
    """Folder of the job: progress.jsonl, checkpoint, report.json, plots, the package."""
    name: str
    epochs_max: int = 60
    patience: int = 8
    """Epochs without a better figure on `val` after which it stops."""
    rate: float = 0.02
    seed: int = 0
    threads: int = 1
    nice: int = 15
    memory_mb_max: int = 0
    """Of the process (RLIMIT_AS); 0 = no limit."""


class Epoch(msgspec.Struct, frozen=True, kw_only=True):
    """A line of progress.jsonl."""

    epoch: int
    loss: float
    val: float
    """The figure that it is chosen by; higher is better."""
    seconds: float


class JobReport(msgspec.Struct, frozen=True, kw_only=True):
    """`report.json` of a job: the new weights beside those that it began with, on `val`."""

    name: str
    base: ModelRef
    dataset: str
    examples: dict[str, int]
    epochs: tuple[Epoch, ...]
    best_epoch: int
    stopped: str
    """Why it ended: all epochs, early stop."""
    figure: str
    before: float
    after: float
    weights: str
    """Path of the new weights."""
    plots: tuple[str, ...] = ()


Action = Literal["deployed", "refused", "rolled_back", "removed", "confirmed"]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A line of `<data-dir>/models/<task>/history.jsonl`: what happened to the weights of a task."""

    at: str
    action: Action
    name: str
    version: str = ""
    sha256: str = ""
    before: str = ""
    """The set that was live; '' = the starter."""
    reasons: tuple[str, ...] = ()
    report: str = ""
    """Path of the gate's or the watch's report."""

"""Whether a new version may go live. Pure: measurements in, a verdict with every reason out.

Rules
- It has to be as good as the live one or better on the site's own test split: on the same pictures, in paired samples
  of them (bootstrap, Efron 1979). Worse over all: refused. A class that is worse with 95 of 100 samples: refused.
- It may not have learnt from what it is judged by: neither its camera-days nor its very pictures.
- It has to be about as fast and as small as the live one, measured beside it, in turns.
- With too little to judge by nothing goes live.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np

from model_repository.contract import ModelRef
from model_repository.evaluation.precision import Picture, Precision, average_precision, resampled
from model_repository.learning.contract import Example, TrainingRecord
from model_repository.learning.difference import SCORE_MIN

RESAMPLES = 400


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """How little and how much is allowed."""

    pictures_min: int = 10
    objects_min: int = 10
    class_objects_min: int = 5
    """A class with fewer true objects says nothing for or against."""
    loss_max: float = 0.005
    """Of mAP50: what counts as equal."""
    latency_ratio_max: float = 1.25
    latency_ms_slack: float = 3.0
    memory_ratio_max: float = 1.25
    memory_mb_slack: float = 32.0


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One of the two, measured beside the other."""

    model: ModelRef
    latency_ms: float = 0.0
    """Median of single requests."""
    memory_mb: float = 0.0
    """Of its processes in Triton, each page counted once."""


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """A figure of both; `low` and `high` hold the difference in 95 of 100 paired samples."""

    name: str
    live: float | None
    candidate: float | None
    difference: float
    low: float
    high: float
    n: int


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What came out."""

    name: str
    passed: bool
    reasons: tuple[str, ...]
    notes: tuple[str, ...] = ()
    figures: tuple[Compared, ...] = ()
    live: Side
    candidate: Side
    pictures: int
    dataset: str = ""
    expected: float = 1.0
    """Objects that the candidate sees for each that the live one sees, on these pictures."""


def unfit(pictures: int, objects: int, leaks: tuple[str, ...], bounds: Bounds) -> tuple[str, ...]:
    """Why a set can't judge these weights at all: then nothing is measured."""
    reasons = list(leaks)
    if pictures < bounds.pictures_min:
        reasons.append(f"too few: {pictures} pictures in the test split, {bounds.pictures_min} are needed")
    if objects < bounds.objects_min:
        reasons.append(f"too few: {objects} objects in the test split, {bounds.objects_min} are needed")
    return tuple(reasons)


def judge(
    pictures: Sequence[tuple[Picture, Picture]], labels: tuple[str, ...], sides: tuple[Side, Side], bounds: Bounds
) -> Verdict:
    """`pictures` as seen by (live, candidate)."""
    figures = compared(pictures, labels)
    reasons = (*_worse(figures, bounds), *_heavier(*sides, bounds))
    live, candidate = sides
    return Verdict(
        name=candidate.model.name,
        passed=not reasons,
        reasons=reasons,
        figures=figures,
        live=live,
        candidate=candidate,
        pictures=len(pictures),
        expected=_expected(pictures),
    )


def _expected(pictures: Sequence[tuple[Picture, Picture]]) -> float:
    live, candidate = (
        sum(int((side.found[:, 4] >= SCORE_MIN).sum()) for side in own) for own in zip(*pictures, strict=True)
    ) if pictures else (0, 0)  # fmt: skip
    return round((candidate + 1) / (live + 1), 4)


def leaked(test: Sequence[Example], records: Sequence[TrainingRecord]) -> tuple[str, ...]:
    """Why the test split can't judge weights with these records."""
    groups = sorted({each.group for each in test} & {group for record in records for group in record.groups})
    hashes = {digest for record in records for digest in record.pictures}
    same = sum(1 for each in test if each.sha256 and each.sha256 in hashes)
    reasons = []
    if groups:
        reasons.append(f"leaked: it has learnt from {len(groups)} camera-days of the test split ({groups[0]}, …)")
    if same:
        reasons.append(f"leaked: {same} pictures of the test split were learnt from")
    return tuple(reasons)


def compared(pictures: Sequence[tuple[Picture, Picture]], labels: tuple[str, ...]) -> tuple[Compared, ...]:
    """MAP50 and AP50 per class of both, with paired intervals of the differences."""
    if not pictures:
        return ()
    both = [list(side) for side in zip(*pictures, strict=True)]
    whole = [average_precision(side, len(labels)) for side in both]
    # The same seed draws the same pictures for both: the samples are paired.
    samples = list(zip(*(resampled(side, len(labels), times=RESAMPLES) for side in both), strict=True))
    true = np.concatenate([each.true[:, 0] for each in both[0]]).astype(int)
    counts = np.bincount(true, minlength=len(labels))
    first = _compared("mAP50", whole, samples, None, int(counts.sum()))
    classes = [index for index in range(len(labels)) if counts[index]]
    return (first, *(_compared(labels[index], whole, samples, index, int(counts[index])) for index in classes))


def _compared(
    name: str, whole: list[Precision], samples: list[tuple[Precision, ...]], kind: int | None, n: int
) -> Compared:
    def of(precision: Precision) -> float:
        return precision.map50 if kind is None else precision.ap50[kind]

    live, candidate = (of(each) for each in whole)
    differences = [of(new) - of(old) for old, new in samples]
    finite = [each for each in differences if not math.isnan(each)] or [0.0]
    low, high = np.quantile(finite, [0.025, 0.975])
    return Compared(
        name=name,
        live=None if math.isnan(live) else round(live, 4),
        candidate=None if math.isnan(candidate) else round(candidate, 4),
        difference=0.0 if math.isnan(candidate - live) else round(candidate - live, 4),
        low=round(float(low), 4),
        high=round(float(high), 4),
        n=n,
    )


def _worse(figures: tuple[Compared, ...], bounds: Bounds) -> list[str]:
    reasons = []
    for number, each in enumerate(figures):
        span = f"{each.difference:+.3f}, {each.low:+.3f} to {each.high:+.3f}"
        if number == 0 and each.difference < -bounds.loss_max:
            reasons.append(f"worse: {each.name} {each.candidate} against {each.live} ({span})")
        elif number and each.n >= bounds.class_objects_min and each.high < 0:
            reasons.append(f"worse on {each.name}: AP50 {each.candidate} against {each.live} ({span})")
    return reasons


def _heavier(live: Side, candidate: Side, bounds: Bounds) -> list[str]:
    reasons = []
    if candidate.latency_ms > live.latency_ms * bounds.latency_ratio_max + bounds.latency_ms_slack:
        reasons.append(f"slower: {candidate.latency_ms:.1f} ms a picture against {live.latency_ms:.1f} ms")
    if candidate.memory_mb > live.memory_mb * bounds.memory_ratio_max + bounds.memory_mb_slack:
        reasons.append(f"larger: {candidate.memory_mb:.0f} MB against {live.memory_mb:.0f} MB")
    return reasons

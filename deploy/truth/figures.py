"""What was measured, as tables of a terminal, as JSON, and as the blocks of MODELS.md. Pure: no I/O, no clock.

    <!-- events:rules -->   rules alone over made-up scenes
    <!-- events:chain -->   the whole chain over rendered clips
    <!-- events:real -->    the whole chain over real clips, a table for each set of weights
    <!-- events:end -->

What stands between a marker and its end is replaced; everything else is left as it is. No figure is written by hand.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import msgspec

from deploy.truth.suites import Score

Measure = Literal["rules", "chain", "real"]
TARGETS: Mapping[Measure, tuple[float, float]] = {"rules": (0.99, 0.99), "chain": (0.98, 0.95), "real": (0.0, 0.0)}
"""Precision and recall that are aimed at; of real clips the figures are told, whatever they are."""
NONE = Score(expected=0, matched=0, extra=0)
_BLOCK = re.compile(r"(<!-- events:(rules|chain|real) -->\n).*?(<!-- events:end -->)", re.DOTALL)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One kind, measured one way."""

    kind: str
    how: str = ""
    """True boxes or those with errors, of rules; the clip, of real ones."""
    score: Score


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """All rows of one measure, and what they were measured on."""

    measure: Measure
    weights: str = ""
    """Name and hash of the detector that looked; empty = none did."""
    rows: tuple[Row, ...]
    date: str
    command: str
    on: str
    """In words: how many scenes or clips."""

    @property
    def total(self) -> Score:
        """Of what counts: rules with errors, and every clip."""
        return sum((row.score for row in self.rows if row.how != "true boxes"), NONE)


def by_kind(rows: Iterable[Row]) -> tuple[Row, ...]:
    """Rows of the same kind and way together."""
    found: dict[tuple[str, str], Score] = {}
    for row in rows:
        found[row.kind, row.how] = found.get((row.kind, row.how), NONE) + row.score
    return tuple(Row(kind=kind, how=how, score=score) for (kind, how), score in found.items())


def as_json(found: Measured) -> dict[str, Any]:
    """Sums, and every kind by itself; one that was measured several ways holds one object for each."""
    per_kind: dict[str, Any] = {}
    for row in found.rows:
        if row.how:
            per_kind.setdefault(row.kind, {})[row.how] = _figures(row.score)
        else:
            per_kind[row.kind] = _figures(row.score)
    return _figures(found.total) | {"measure": found.measure, "weights": found.weights, "per_kind": per_kind}


def _figures(score: Score) -> dict[str, Any]:
    return {
        "precision": round(score.precision, 4),
        "recall": round(score.recall, 4),
        "expected": score.expected,
        "matched": score.matched,
        "extra": score.extra,
    }


def below(row: Row, measure: Measure) -> bool:
    """Whether a row misses what is aimed at."""
    precision, recall = TARGETS[measure]
    return row.score.precision < precision or row.score.recall < recall


def as_lines(found: Measured) -> list[str]:
    """A table for a terminal; what lies below the target is marked."""
    wide = max([14, *(len(row.how) + 2 for row in found.rows)])
    lines = [f"{'kind':<18}{'':<{wide}}{'expected':>9}{'matched':>9}{'extra':>7}{'precision':>11}{'recall':>9}"]
    for row in (*found.rows, Row(kind="all", score=found.total)):
        score = row.score
        lines.append(
            f"{row.kind:<18}{row.how:<{wide}}{score.expected:>9}{score.matched:>9}{score.extra:>7}"
            f"{score.precision:>11.4f}{score.recall:>9.4f}{'  below' if below(row, found.measure) else ''}"
        )
    return lines


def filled(text: str, kept: Iterable[Measured]) -> str:
    """The text with every marked block written anew."""
    every = sorted(kept, key=lambda each: each.weights)

    def block(match: re.Match[str]) -> str:
        mine = [table(each) for each in every if each.measure == match[2]]
        body = "\n\n".join(mine) or "Nothing has been kept."
        return f"{match[1]}\n{body}\n\n{match[3]}"

    return _BLOCK.sub(block, text)


def table(found: Measured) -> str:
    """Heading with the conditions, and the rows."""
    weights = f"**{found.weights}**, " if found.weights else ""
    named = any(row.how for row in found.rows)
    head = ["kind", *(["measured on"] if named else []), "expected", "matched", "extra", "precision", "recall"]
    rows = [
        f"| {row.kind} |{f' {row.how} |' if named else ''} {row.score.expected} | {row.score.matched} "
        f"| {row.score.extra} | {row.score.precision:.3f} | {row.score.recall:.3f} |"
        for row in (*found.rows, Row(kind="all", score=found.total))
    ]
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|", *rows]
    return "\n".join([f"{weights}{found.on}. {found.date}. `{found.command}`", "", *lines])

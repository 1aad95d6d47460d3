"""MODELS.md by command: tables of cards and kept evaluations, put between markers. Pure.

    <!-- models:card NAME -->        what the card of weights says
    <!-- models:results ENSEMBLE --> every kept evaluation of an ensemble; `object_detector` means all further detectors
    <!-- models:end -->

What stands between a marker and its end is replaced; everything else is left as it is. No figure is written by hand.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from model_repository.card import WeightsCard
from model_repository.contract import OBJECT_DETECTOR
from model_repository.errors import ReportMarkerUnknown
from model_repository.evaluation.task import Evaluation, shown

FIGURES_MAX = 24
"""So many figures of one evaluation stand in the report; the others are in its file."""

_BLOCK = re.compile(r"(<!-- models:(card|results) (\S+) -->\n).*?(<!-- models:end -->)", re.DOTALL)


def filled(text: str, cards: Mapping[str, WeightsCard], evaluations: Iterable[Evaluation]) -> str:
    """The text with every marked block written anew. Raises ReportMarkerUnknown for a card that is not there."""
    kept = sorted(evaluations, key=lambda each: (each.ensemble, each.data, [model.name for model in each.models]))

    def block(match: re.Match[str]) -> str:
        kind, name = match[2], match[3]
        if kind == "card" and name not in cards:
            raise ReportMarkerUnknown(name, tuple(cards))
        body = card_table(cards[name]) if kind == "card" else results(name, kept)
        return f"{match[1]}\n{body}\n\n{match[4]}"

    return _BLOCK.sub(block, text)


def card_table(card: WeightsCard) -> str:
    """What a card says, as a table."""
    rows = {
        "task": card.task,
        "version": card.version,
        "finds": ", ".join(card.labels),
        "input": f"{card.input_width}×{card.input_height}, {card.colour}, anchored {card.anchor.replace('_', ' ')}",
        "head": card.head,
        "characters": card.alphabet,
        "licence": card.licence,
        "trained on": card.trained_on,
        "SHA-256": f"`{card.sha256}`",
    }
    lines = [f"| {name} | {value} |" for name, value in rows.items() if value]
    lines += [f"| {name} | {value} |" for name, value in flat(card.figures)]
    if card.command:
        lines.append(f"| command | `{card.command}` |")
    return "\n".join(["| | |", "|---|---|", *lines])


def flat(figures: Mapping[str, Any], above: str = "") -> list[tuple[str, str]]:
    """Nested figures of a card as rows of a name and a value."""
    rows: list[tuple[str, str]] = []
    for key, value in figures.items():
        name = f"{above} {key}".strip().replace("_", " ")
        rows += flat(value, name) if isinstance(value, dict) else [(name, str(value))]
    return rows


def results(ensemble: str, evaluations: list[Evaluation]) -> str:
    """Every evaluation of an ensemble, each with its conditions above its table."""
    mine = [each for each in evaluations if _belongs(each.ensemble, ensemble)]
    return "\n\n".join(map(_one, mine)) or "No evaluation has been kept."


def _belongs(ensemble: str, asked: str) -> bool:
    return ensemble == asked or (asked == OBJECT_DETECTOR and ensemble.startswith(f"{OBJECT_DETECTOR}_"))


def _one(evaluation: Evaluation) -> str:
    """Heading, conditions, table."""
    models = " + ".join(f"{model.name} ({model.sha256[:12]})" for model in evaluation.models)
    conditions = evaluation.conditions
    alone = {figure.name: figure for figure in evaluation.measured.alone}
    figures = evaluation.measured.served
    rows = [
        f"| {each.name} | {shown(each)} | {shown(alone.get(each.name))} | {each.n} |" for each in figures[:FIGURES_MAX]
    ]
    speed = "; ".join(f"{each.name} {shown(each)}" for each in evaluation.speed)
    notes = [f"{len(figures) - FIGURES_MAX} more figures are in the file." if len(figures) > FIGURES_MAX else ""]
    notes += [f"Left out: {each}." for each in evaluation.measured.left_out]
    load = "" if conditions.load is None else f", load {conditions.load:.1f}"
    head = (
        f"**{models}** on `{evaluation.data}`, {evaluation.measured.items} pictures, input "
        f"{evaluation.input_width}×{evaluation.input_height}. {conditions.date}, {conditions.machine}, "
        f"{conditions.cores} cores{load}; {conditions.engine}. `{conditions.command}`"
    )
    foot = f"Median times, with quartiles: {speed}. {' '.join(note for note in notes if note)}".rstrip()
    table = ["| | through Triton | the network alone | n |", "|---|---|---|---|", *rows]
    return "\n".join([head, "", *table, "", foot])

"""What `zool models list` says about a set of weights. Pure."""

from __future__ import annotations

import msgspec

from model_repository.card import WeightsCard


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One set of weights."""

    task: str
    name: str
    version: str
    live: bool
    starter: bool
    input_width: int
    input_height: int
    classes: int
    licence: str
    sha256: str
    trained_on: str
    figure: str


def entry(card: WeightsCard, *, used: bool, figure: str) -> Entry:
    """`figure` is the first one of the last kept evaluation, or empty."""
    return Entry(
        task=card.task,
        name=card.name,
        version=card.version,
        live=used,
        starter=card.starter,
        input_width=card.input_width,
        input_height=card.input_height,
        classes=len(card.labels) or len(card.alphabet),
        licence=card.licence,
        sha256=card.sha256,
        trained_on=card.trained_on,
        figure=figure,
    )

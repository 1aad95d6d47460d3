"""A board of its panels: what all boards have in common. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.cog import builder as cogbuilder
from grafana_foundation_sdk.models import dashboard as models

from dashboards.text import Language, Say

Panels = Sequence[Any]
"""Builders of panels, and `builders.Row` between them, in the order in which they are read."""


def row(say: Say, en: str, ru: str) -> builders.Row:
    """A heading."""
    return builders.Row(say(en, ru))


def board(
    name: str,
    language: Language,
    *,
    title: str,
    about: str,
    variables: list[cogbuilder.Builder[models.VariableModel]],
    panels: Panels,
    since: str = "now-24h",
) -> models.Dashboard:
    """The board `zool-<name>-<language>`; a menu leads to its other language, another one to the other boards."""
    tag = f"zool-{name}"
    built = (
        builders.Dashboard(title)
        .uid(f"zool-{name}-{language}")
        .description(about)
        .tags(["zool", tag, f"zool-{language}"])
        .time(since, "now")
        .timezone("browser")
        .refresh("30s")
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .variables(variables)
        .link(_menu("English / Русский", tag))
        .link(_menu("zool", f"zool-{language}"))
    )
    for panel in panels:
        built = built.with_row(panel) if isinstance(panel, builders.Row) else built.with_panel(panel)
    return _numbered(built.build())


def _numbered(board: models.Dashboard) -> models.Dashboard:
    """Ids 1, 2, 3 … in the order of the panels: the same in every language."""
    for number, panel in enumerate(board.panels or [], 1):
        panel.id_val = number
    return board


def _menu(title: str, tag: str) -> builders.DashboardLink:
    return (
        builders.DashboardLink(title)
        .type(models.DashboardLinkType.DASHBOARDS)
        .tags([tag])
        .as_dropdown(title == "zool")
        .keep_time(True)
        .include_vars(True)
    )

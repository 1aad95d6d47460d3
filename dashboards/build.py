"""Boards as files that Grafana reads. Pure but for `write`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as models

from dashboards.alerts.rule import RUNBOOK_URL
from dashboards.alerts.rules import GROUPS
from dashboards.attendance import attendance
from dashboards.camera_health import camera_health
from dashboards.gate.board import gate
from dashboards.gpu import gpu
from dashboards.pipeline import pipeline
from dashboards.plant import plant
from dashboards.safety import safety
from dashboards.storage import storage
from dashboards.text import LANGUAGES

ZOOL_URL = "http://127.0.0.1:8080"
BUILDERS: Mapping[str, Callable[..., models.Dashboard]] = {
    "plant": plant,
    "gate": gate,
    "attendance": attendance,
    "safety": safety,
    "cameras": camera_health,
    "pipeline": pipeline,
    "triton": gpu,
    "storage": storage,
}
"""Name of a board → what makes it in a language."""


def files(*, zool_url: str = ZOOL_URL) -> dict[str, str]:
    """Name of a file → its text."""
    return {
        f"{name}.{language}.json": json.dumps(
            build(language, zool_url=zool_url), cls=JSONEncoder, indent=1, ensure_ascii=False, sort_keys=True
        )
        + "\n"
        for name, build in BUILDERS.items()
        for language in LANGUAGES
    }


def write(folder: Path, *, zool_url: str = ZOOL_URL) -> list[Path]:
    """Write all files into a folder; returns where they lie."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in files(zool_url=zool_url).items():
        path = folder / name
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return written


def rules(*, runbook_url: str = RUNBOOK_URL) -> str:
    """The alert rules as Prometheus reads them (`rule_files`), and as a PrometheusRule holds them (`spec`)."""
    groups = [{"name": group.name, "rules": [alert.rule(runbook_url) for alert in group.alerts]} for group in GROUPS]
    text: str = yaml.safe_dump({"groups": groups}, allow_unicode=True, sort_keys=False, width=120)
    return "# Written by `zool dashboards build`; see dashboards/alerts.\n" + text

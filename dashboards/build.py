"""Boards as files that Grafana reads. Pure but for `write`."""

from __future__ import annotations

import json
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from dashboards.gate.board import ZOOL_URL, gate
from dashboards.text import LANGUAGES


def files(*, zool_url: str = ZOOL_URL) -> dict[str, str]:
    """Name of a file → its text."""
    return {
        f"gate.{language}.json": json.dumps(
            gate(language, zool_url=zool_url), cls=JSONEncoder, indent=1, ensure_ascii=False, sort_keys=True
        )
        + "\n"
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

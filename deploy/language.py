"""Which of our two languages a terminal speaks. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Language = Literal["ru", "en"]


def language_of(environ: Mapping[str, str]) -> Language:
    """As the terminal is set: LC_ALL over LC_MESSAGES over LANG."""
    chosen = next((environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(name)), "")
    return "ru" if chosen.lower().startswith("ru") else "en"

"""Words in the language of a board. Pure.

Rules
- Both languages stand side by side where they are used, so that neither is forgotten.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

Language = Literal["en", "ru"]
LANGUAGES: tuple[Language, ...] = ("en", "ru")
Say = Callable[[str, str], str]
"""English and Russian in, the board's language out."""


def speaking(language: Language) -> Say:
    """The chooser of a language."""
    return lambda en, ru: ru if language == "ru" else en

"""Which language a reader wants, and sentences that exist in both.

Pure. Two languages are spoken: Russian and English; English where nothing else is asked for.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Language = Literal["en", "ru"]
LANGUAGES: tuple[Language, ...] = ("en", "ru")


class Words(NamedTuple):
    """One sentence in both languages."""

    en: str
    ru: str

    def to(self, language: Language) -> str:
        """The sentence in a language."""
        return self.ru if language == "ru" else self.en


def preferred(accept_language: str) -> Language:
    """The best of our languages for an Accept-Language header (RFC 9110, 12.5.4); garbage reads as English."""
    best: Language = "en"
    best_quality = 0.0
    for part in accept_language.split(",")[:20]:
        tag, _, parameters = part.strip().partition(";")
        quality = _quality(parameters)
        primary = tag.strip().lower().partition("-")[0]
        for language in LANGUAGES:
            if primary == language and quality > best_quality:
                best, best_quality = language, quality
    return best


def _quality(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return max(0.0, min(1.0, float(value)))
    except ValueError:
        return 0.0

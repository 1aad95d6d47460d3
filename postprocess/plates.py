"""What plates look like, for votes and lists: which series a text fits, and a text mended by a series.

Pure: no I/O, no clock.

Rules
- The series stand once, in `model_repository.plates` (`grammar`: Russian kinds and codes, `nations`: other countries),
  so that reader, vote and lists can't disagree.
- Texts here are folded: upper case, Latin twins for Cyrillic letters. `spelled` gives the spelling of events.
- A character is mended only into one that looks like it, and only where the series asks for the other sort: a letter
  for a digit or a digit for a letter.
"""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

from model_repository.plates.grammar import COMMON_KINDS, PATTERNS, allowed, kinds_of, valid_ru, wire_ru
from model_repository.plates.nations import REGIONS, SERIES, bare
from postprocess.contract import fold_plate

RUSSIA = "ru"
SELDOM = 0.9
"""How much a seldom Russian kind weighs against a common one, where the same reads fit both."""
_ALIKE = {
    "0": "ODQ", "1": "IL", "2": "Z", "3": "B", "4": "A", "5": "S", "6": "G", "7": "T", "8": "B",
    "O": "0", "D": "0", "Q": "0", "I": "1", "L": "1", "Z": "2", "A": "4", "S": "5", "G": "6", "T": "7", "B": "8",
}  # fmt: skip
"""Character → those of the other sort that look like it, the likest first."""


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """One shape of plates: a slot for each character (see `grammar.SLOTS`), and who has it."""

    region: str
    """One of `nations.REGIONS`."""
    slots: str
    weight: float = 1.0


@lru_cache(maxsize=64)
def series_of(length: int) -> tuple[Series, ...]:
    """All series of so many characters, each once for a region, in the order of the regions."""
    found: dict[tuple[str, str], Series] = {}
    for kind, head in PATTERNS.items():
        weight = 1.0 if kind in COMMON_KINDS else SELDOM
        slots = head + "D" * (length - len(head))
        if length - len(head) in {2, 3} and weight > found.get((RUSSIA, slots), _NONE).weight:
            found[RUSSIA, slots] = Series(region=RUSSIA, slots=slots, weight=weight)
    for region, countries in SERIES.items():
        for pattern in (pattern for patterns in countries.values() for pattern in patterns):
            if len(slots := bare(pattern)) == length:
                found[region, slots] = Series(region=region, slots=slots)
    return tuple(sorted(found.values(), key=lambda one: (REGIONS.index(one.region), -one.weight, one.slots)))


_NONE = Series(region="", slots="", weight=0.0)


@lru_cache(maxsize=16384)
def fitting(text: str) -> tuple[Series, ...]:
    """The series that a folded text fits as it is."""
    return tuple(one for one in series_of(len(text)) if _fits(text, one))


def regions_of(text: str) -> tuple[str, ...]:
    """The regions whose plates may carry a folded text, in the order of `nations.REGIONS`."""
    return tuple(dict.fromkeys(one.region for one in fitting(text)))


def country_of(text: str, region: str) -> str:
    """ISO 3166 alpha-2 in lower case; empty where several countries of the region have plates like this, or none."""
    if region not in SERIES:
        return region if region == RUSSIA and valid_ru(text) else ""
    named = [
        country
        for country, patterns in SERIES[region].items()
        if any(_shape(bare(pattern)).fullmatch(text) for pattern in patterns)
    ]
    return named[0] if len(named) == 1 else ""


@lru_cache(maxsize=65536)
def mended(text: str, series: Series) -> str | None:
    """The folded text as the series would have it, look-alikes changed where needed; None where that won't do."""
    if len(text) != len(series.slots):
        return None
    out = ""
    for char, slot in zip(text, series.slots, strict=True):
        takes = allowed(slot)
        fit = char if char in takes else next((other for other in _ALIKE.get(char, "") if other in takes), "")
        if not fit:
            return None
        out += fit
    return out if _fits(out, series) else None


def canonical(text: str) -> str:
    """A plate as people or readers write it, as it is compared: folded, and mended where it fits nothing as it is.

    'о123вс77' and '0123ВС77' stay apart: both are plates. 'А1О3ВС77' can only be A103BC77.
    """
    folded = fold_plate(text)
    if fitting(folded):
        return folded
    tries = {mended(folded, one) for one in series_of(len(folded)) if one.region == RUSSIA and one.weight == 1.0}
    likely = sorted(other for other in tries if other is not None)
    return likely[0] if len(likely) == 1 else folded


def spelled(text: str, region: str) -> str:
    """How a folded text is written in events: Cyrillic on Russian plates but diplomatic ones, else Latin."""
    return wire_ru(text) if region == RUSSIA else text


@lru_cache(maxsize=1024)
def _shape(slots: str) -> re.Pattern[str]:
    """A pattern of slots as an expression: a list of ten thousand plates is compared with each."""
    return re.compile("".join(f"[{allowed(slot)}]" for slot in slots))


def _fits(text: str, series: Series) -> bool:
    if _shape(series.slots).fullmatch(text) is None:
        return False
    if series.region != RUSSIA:
        return True
    return any(series.slots[: len(PATTERNS[kind])] == PATTERNS[kind] for kind in kinds_of(text))

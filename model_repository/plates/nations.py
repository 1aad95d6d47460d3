"""What is written on the plates of other countries, and where a text may come from.

Rules of this file: pure, tables and look-ups only.  A pattern is written as on the plate: the slots of
`grammar.SLOTS`, and between groups `_` a gap, `-` a hyphen, `*` an emblem, `:` two seals, `+` a hyphen between two
seals.  The tables hold the usual series of each country, not every one: a text outside of them is less likely, not
impossible.
"""

from functools import lru_cache
from typing import Final

from model_repository.plates.grammar import (
    COMMON_KINDS,
    DIGITS,
    fits_pattern,
    kinds_of,
    starts_pattern,
    starts_ru,
    valid_ru,
)

SEPARATORS: Final = "_-*:+"
REGIONS: Final = ("ru", "ua", "kz", "by", "ge", "eu", "other")
"""Whose plate it looks like; the classes of the reader's second answer, in order. `eu` stands for Europe's plates with
a band of the country on the left, `other` for the rest of the world."""

SERIES: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "ua": {"ua": ("UU_DDDD_UU", "UU_DDDD_UU", "UU_DDDD_UU", "DDD-DD_UU", "DDDD_UU")},
    "kz": {"kz": ("DDD_AAA_DD", "DDD_AAA_DD", "DDD_AA_DD", "DD_AAA_DD", "A_DDD_AAA", "A_DDD_AA")},
    "by": {"by": ("DDDD_UU-D", "DDDD_UU-D", "UU_DDDD-D", "UDDDD_U-D", "eDDD_UU-D")},
    "ge": {"ge": ("AA-DDD-AA", "AA-DDD-AA", "AAA-DDD")},
    "eu": {
        "de": ("A:AA_DDDD", "AA:A_DDD", "AAA:AA_DD", "A:A_DDDD", "AA:AA_DDD", "AAA:A_DDD", "AA:AA_DDDD", "AAA:AA_DDD"),
        "at": ("A*DDDDDA", "AA*DDDAA", "AA*DDDDA", "AA*DDAAA"),
        "pl": ("AA_DDDDD", "AAA_DDDD", "AAA_DDNN", "AA_DDDDN", "AA_DDDNN", "AAA_NDDD", "AAA_DDDDD", "AA_NDDNN"),
        "cz": ("DND:DDDD", "DND:DDDD", "DND_DDDD", "DNN:DDDD", "AAA:DD-DD"),
        "sk": ("AA*DDDAA", "AA+DDDAA", "AA-DDDAA"),
        "hu": ("AAA-DDD", "AA_AA-DDD"),
        "ro": ("A_DD_AAA", "A_DDD_AAA", "AA_DD_AAA"),
        "bg": ("A_DDDD_AA", "AA_DDDD_AA"),
        "si": ("AA*DD-DAA", "AA*AA-DDD", "AA*AD-DDD", "AA*DDD-AA"),
        "hr": ("AA*DDD-AA", "AA*DDDD-AA", "AA*DDD-A"),
        "it": ("AA_DDDAA", "AA*DDDAA"),
        "fr": ("NN-DDD-NN", "NN-DDD-NN", "DDD_NNN_DD", "DDDD_NN_DD"),
        "es": ("DDDD_NNN", "DDDD_NNN", "A-DDDD-AA"),
        "pt": ("DD-DD-AA", "DD-AA-DD", "AA-DD-AA", "AA-DD-DD"),
        "nl": ("DD-NNN-D", "NN-NN-DD", "DD-NN-NN", "N-DDD-NN", "NN-DDD-N", "NNN-DD-N", "D-NNN-DD"),
        "be": ("D-AAA-DDD", "AAA-DDD"),
        "lu": ("AA_DDDD",),
        "gb": ("AADD_AAA", "ADDD_AAA"),
        "ie": ("DD-A-DDDDD", "DDD-A-DDDD", "DD-AA-DDDD"),
        "dk": ("NN_DD_DDD",),
        "se": ("AAA_DDD", "AAA_DDA"),
        "no": ("NN_DDDDD",),
        "fi": ("AAA-DDD",),
        "ee": ("DDD_AAA",),
        "lv": ("AA-DDDD",),
        "lt": ("AAA*DDD",),
        "ch": ("AA*DDDDDD", "AA*DDDDD"),
        "gr": ("AAA-DDDD",),
        "cy": ("AAA_DDD",),
        "mt": ("AAA*DDD",),
        "rs": ("AA*DDD-AA", "AA*DDDD-AA"),
        "ba": ("ADD-A-DDD",),
        "mk": ("AA*DDDD-AA",),
        "me": ("AA*AADDD",),
        "al": ("AA_DDD_AA",),
        "md": ("AAA_DDD",),
        "tr": ("DD_A_DDDD", "DD_AA_DDD", "DD_AAA_DD", "DD_AA_DDDD", "DD_AAA_DDD"),
    },
    "other": {
        "am": ("DD_AA_DDD", "DDD_AA_DD"),
        "az": ("DD-AA-DDD",),
        "uz": ("DD_A_DDD_AA", "DD_DDD_AAA"),
        "kg": ("DD_DDD_AAA",),
        "tj": ("DDDD_AA_DD",),
        "us": ("AAA_DDDD", "DAAADDD", "AAA_DDD", "DDD_AAA", "AAA*DDDD", "DDD*AAA", "AAAA_DDD", "DDDDAA"),
        "br": ("AAA-DDDD", "AAA-DDDD", "AAADADD"),
        "ar": ("AAA_DDD", "AA_DDD_AA"),
    },
}
"""Series by region and country. An entry that stands twice is drawn twice as often."""

LENGTHS: Final = range(4, 11)
"""How many characters a plate outside of the known series may have."""
_KNOWN: Final = 1.0
_SELDOM: Final = 0.1
"""How likely a Russian plate of a seldom kind is, against a common one: 0123BC77 is more often O123BC77."""
_FREE: Final[dict[str, float]] = {"eu": 0.15, "other": 0.3}
"""How likely a text outside of the known series is, against one inside, where such texts exist at all."""


def bare(pattern: str) -> str:
    """Return a pattern without its separators."""
    return "".join(slot for slot in pattern if slot not in SEPARATORS)


_BARE: Final[dict[str, tuple[str, ...]]] = {
    region: tuple(sorted({bare(pattern) for patterns in countries.values() for pattern in patterns}))
    for region, countries in SERIES.items()
}


@lru_cache(maxsize=65536)
def fits(text: str, region: str) -> bool:
    """Whether the text is of a known series of the region."""
    if region == "ru":
        return valid_ru(text)
    return any(fits_pattern(text, pattern) for pattern in _BARE[region])


@lru_cache(maxsize=65536)
def starts(text: str, region: str) -> bool:
    """Whether a text of a known series of the region may start like this."""
    if region == "ru":
        return starts_ru(text)
    return any(len(text) <= len(pattern) and starts_pattern(text, pattern) for pattern in _BARE[region])


@lru_cache(maxsize=65536)
def weight(text: str, region: str) -> float:
    """How far the text is one that a plate of the region carries, 0 to 1; a text without a digit is no plate."""
    if region == "ru":
        kinds = kinds_of(text)
        return 0.0 if not kinds else _KNOWN if set(kinds) & set(COMMON_KINDS) else _SELDOM
    if fits(text, region):
        return _KNOWN
    plausible = len(text) in LENGTHS and any(char in DIGITS for char in text)
    return _FREE.get(region, 0.0) if plausible else 0.0

"""What may be written on a Russian plate (GOST R 50577-2018), and the two spellings of it.

Rules of this file: pure, no imports outside the standard library.  `latin` is what the network reads: ASCII letters and
digits.  `cyrillic` is the wire form that events carry of a Russian plate, for example 'А123ВС77'.  Plates of other
countries stay in Latin letters (`nations`); so do diplomatic ones, whose D and CD are Latin letters on the plate too.
"""

import re
import unicodedata
from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
"""The classes of the reader, in order; the blank follows them."""
DIGITS: Final = "0123456789"
LETTERS: Final = "ABEKMHOPCTYX"
"""The twelve letters of Russian plates, as their Latin twins."""
LATIN: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_CYRILLIC: Final = "АВЕКМНОРСТУХ"

SLOTS: Final[dict[str, str]] = {
    "L": LETTERS,
    "D": DIGITS,
    "A": LATIN,
    "U": "ABCEHIKMOPTX",
    "N": "ABCDEFGHJKLMNPRSTUVWXYZ",
}
"""What a capital of a pattern stands for: L a Russian letter, D a digit, A any letter, U one of Ukraine's and Belarus's
twelve, N a letter where I, O and Q aren't issued because they look like digits. A small letter stands for itself as a
capital."""

PATTERNS: Final[dict[str, str]] = {
    "private": "LDDDLL",
    "private_two_row": "LDDDLL",
    "taxi": "LLDDD",
    "trailer": "LLDDDD",
    "police": "LDDDD",
    "motorcycle": "DDDDLL",
    "tractor": "DDDDLL",
    "military": "DDDDLL",
    "military_trailer": "LLDDDD",
    "transit": "LLDDDL",
    "exit": "tLLDDD",
    "diplomatic_head": "DDDcdD",
    "diplomatic": "DDDdDDD",
    "technical": "DDDtDDD",
    "police_trailer": "DDDL",
    "police_motorcycle": "DDDDL",
    "classic": "kDDDLL",
    "sport": "cDDDLL",
}
"""Characters before the region code, by kind (letters: see `SLOTS`). Buses and route taxis carry the kind `taxi`."""

COMMON_KINDS: Final = ("private", "private_two_row", "taxi", "trailer", "police")
"""What drives by every camera every day; the others are seldom enough to be doubted first."""
LATIN_KINDS: Final = ("diplomatic_head", "diplomatic", "technical")

_TO_CYRILLIC: Final = str.maketrans(LETTERS, _CYRILLIC)
_TO_LATIN: Final = str.maketrans(_CYRILLIC, LETTERS)
_SEPARATORS: Final = re.compile(r"[\s\-_.|/]+")

_TWO_DIGIT: Final = frozenset(f"{code:02d}" for code in range(1, 100))
_THREE_DIGIT_TEXT: Final = """
    101 102 103 105 107 109 111 113 115 116 117 118 119 121 122 123 124 125 126 128 130 131 134 135 136 138 139 140 142
    143 145 147 150 152 153 154 155 156 158 159 161 163 164 165 166 168 169 172 173 174 175 177 178 180 181 182 184 185
    186 188 189 190 192 193 196 197 198 199 224 250 252 277 278 297 298 299 323 550 702 716 725 750 754 761 763 774 777
    790 797 799 977
"""
_THREE_DIGIT: Final = frozenset(_THREE_DIGIT_TEXT.split())
REGION_CODES: Final[frozenset[str]] = _TWO_DIGIT | _THREE_DIGIT
"""Region codes in use or assigned; 00 and the other three-digit numbers are never printed."""
_REGION_PREFIXES: Final = frozenset(code[:length] for code in REGION_CODES for length in range(len(code) + 1))


def to_cyrillic(latin: str) -> str:
    """Return the Cyrillic spelling of a latin plate text: 'A123BC77' becomes 'А123ВС77'."""
    return latin.translate(_TO_CYRILLIC)


def to_latin(text: str) -> str:
    """Fold a text of any spelling to the network's alphabet: case, Cyrillic look-alikes, separators, the word RUS.

    Characters that stand on no Russian plate are kept, so that `valid_ru` can refuse them.
    """
    folded = _SEPARATORS.sub("", unicodedata.normalize("NFKC", text)).upper()
    return folded.removesuffix("RUS").translate(_TO_LATIN)


def wire_ru(latin: str) -> str:
    """Return how a Russian plate's text is written in events: Cyrillic, but for diplomatic plates."""
    kinds = kinds_of(latin)
    return latin if kinds and all(kind in LATIN_KINDS for kind in kinds) else to_cyrillic(latin)


def allowed(slot: str) -> str:
    """Return the characters that a slot of a pattern takes."""
    return SLOTS.get(slot) or slot.upper()


def fits_pattern(text: str, pattern: str) -> bool:
    """Whether the text is exactly what the pattern asks for."""
    return len(text) == len(pattern) and starts_pattern(text, pattern)


def starts_pattern(text: str, pattern: str) -> bool:
    """Whether the text fits the pattern as far as both reach."""
    return all(char in allowed(slot) for char, slot in zip(text, pattern, strict=False))


def split_region(latin: str) -> tuple[str, str] | None:
    """Return (serial, region) of a valid text, None otherwise.

    'AB123777' is both a taxi of region 777 and a trailer of region 77; the longer region wins, the text is the same.
    """
    for region_len in (3, 2):
        serial, region = latin[:-region_len], latin[-region_len:]
        if any(fits_kind(serial + region, kind) and len(PATTERNS[kind]) == len(serial) for kind in PATTERNS):
            return serial, region
    return None


def valid_ru(latin: str) -> bool:
    """Whether the latin text is one that a Russian plate of a known kind can carry."""
    return any(fits_kind(latin, kind) for kind in PATTERNS)


def kinds_of(latin: str) -> tuple[str, ...]:
    """Return the plate kinds that the text fits, in the order of `PATTERNS`; empty when it fits none."""
    return tuple(kind for kind in PATTERNS if fits_kind(latin, kind))


def fits_kind(latin: str, kind: str) -> bool:
    """Whether the text has the kind's pattern, a number other than zero and a real region code."""
    pattern = PATTERNS[kind]
    serial, region = latin[: len(pattern)], latin[len(pattern) :]
    return fits_pattern(serial, pattern) and region in REGION_CODES and not _all_zero(serial)


def starts_ru(latin: str) -> bool:
    """Whether a valid Russian text may start like this."""
    return any(
        starts_pattern(latin[: len(pattern)], pattern) and latin[len(pattern) :] in _REGION_PREFIXES
        for pattern in set(PATTERNS.values())
    )


def _all_zero(serial: str) -> bool:
    """The number 000 is never issued."""
    return set(serial) & set(DIGITS) == {"0"}

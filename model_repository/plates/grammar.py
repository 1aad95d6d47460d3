"""What may be written on a Russian plate (GOST R 50577-2018).

Rules of this file: pure, no imports outside the standard library.  Two spellings exist.  `latin` is what the network
reads: the 22 look-alike characters as ASCII.  `cyrillic` is the wire form that events carry, for example 'А123ВС77'.
"""

import re
import unicodedata
from typing import Final

ALPHABET: Final = "0123456789ABEKMHOPCTYX"
DIGITS: Final = "0123456789"
LETTERS: Final = "ABEKMHOPCTYX"
_CYRILLIC: Final = "АВЕКМНОРСТУХ"

PATTERNS: Final[dict[str, str]] = {
    "private": "LDDDLL",
    "private_two_row": "LDDDLL",
    "taxi": "LLDDD",
    "trailer": "LLDDDD",
    "police": "LDDDD",
}
"""Characters before the region code, by kind; L is a letter, D a digit. Buses and route taxis carry the kind `taxi`."""

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


def to_cyrillic(latin: str) -> str:
    """Return the wire form of a latin plate text: 'A123BC77' becomes 'А123ВС77'."""
    return latin.translate(_TO_CYRILLIC)


def to_latin(text: str) -> str:
    """Fold a text of any spelling to the network's alphabet: case, Cyrillic look-alikes, separators, the word RUS.

    Characters that stand on no Russian plate are kept, so that `valid_ru` can refuse them.
    """
    folded = _SEPARATORS.sub("", unicodedata.normalize("NFKC", text)).upper()
    return folded.removesuffix("RUS").translate(_TO_LATIN)


def shape_of(latin: str) -> str:
    """Return the text with letters as L and digits as D; other characters stay themselves."""
    return "".join("L" if char in LETTERS else "D" if char in DIGITS else char for char in latin)


def split_region(latin: str) -> tuple[str, str] | None:
    """Return (serial, region) of a valid text, None otherwise.

    'AB123777' is both a taxi of region 777 and a trailer of region 77; the longer region wins, the text is the same.
    """
    for region_len in (3, 2):
        serial, region = latin[:-region_len], latin[-region_len:]
        if region in REGION_CODES and shape_of(serial) in _SHAPES and not _all_zero(serial):
            return serial, region
    return None


def valid_ru(latin: str) -> bool:
    """Whether the latin text is one that a Russian plate of a known kind can carry."""
    return split_region(latin) is not None


def kinds_of(latin: str) -> tuple[str, ...]:
    """Return the plate kinds that the text fits, in the order of `PATTERNS`; empty when it fits none."""
    return tuple(kind for kind in PATTERNS if fits_kind(latin, kind))


def fits_kind(latin: str, kind: str) -> bool:
    """Whether the text has the kind's pattern, a number other than zero and a real region code."""
    pattern = PATTERNS[kind]
    serial, region = latin[: len(pattern)], latin[len(pattern) :]
    return shape_of(serial) == pattern and region in REGION_CODES and not _all_zero(serial)


_SHAPES: Final = frozenset(PATTERNS.values())


def _all_zero(serial: str) -> bool:
    """The number 000 is never issued."""
    return set(serial) & set(DIGITS) == {"0"}

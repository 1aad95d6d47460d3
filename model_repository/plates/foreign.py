"""Plates of other countries by chance, and a standard one of each.

Rules of this file: pure, randomness comes in as a Generator.
"""

from typing import Final

import msgspec
import numpy as np

from model_repository.plates.grammar import ALPHABET, allowed
from model_repository.plates.layout import BLACK, BLUE, WHITE, YELLOW, Colour
from model_repository.plates.layout_foreign import Variation
from model_repository.plates.nations import SERIES, bare
from model_repository.plates.render import Plate

Rng = np.random.Generator

_BANDLESS: Final = frozenset(("us", "br", "ar", "ch", "az", "tj", "tr"))
_YELLOW: Final = frozenset(("nl", "lu", "gb"))
_ASPECTS: Final[dict[str, tuple[float, float]]] = {"us": (305, 152), "br": (400, 130), "ar": (400, 130)}
_SQUARE: Final = ((280, 200), (290, 170), (240, 130), (220, 160), (340, 200))
_INKS: Final[tuple[tuple[Colour, Colour], ...]] = (
    (WHITE, (120, 50, 20)),
    (WHITE, (40, 30, 170)),
    (WHITE, (60, 110, 20)),
    (YELLOW, BLACK),
    ((60, 160, 90), BLACK),
    (BLACK, WHITE),
    (BLUE, WHITE),
    ((40, 30, 190), WHITE),
    ((200, 195, 180), (110, 60, 40)),
)
_WORDS: Final = ("TEXAS", "OHIO", "SUNSHINE STATE", "SP SAO PAULO", "MG BELO HORIZONTE", "GEORGIA", "MERCOSUR BRASIL")


def standard(country: str, pattern: str, text: str, rows: int = 1) -> Plate:
    """The plate of a country as its family has it."""
    width_mm, height_mm = (280.0, 200.0) if rows == 2 else _ASPECTS.get(country, (520.0, 112.0))
    paper = YELLOW if country in _YELLOW else WHITE
    variation = Variation(width_mm=width_mm, height_mm=height_mm, rows=rows, band=country not in _BANDLESS, paper=paper)
    return Plate(kind=country, text_latin=text, pattern=pattern, variation=variation)


def random_text(rng: Rng, pattern: str) -> str:
    """Draw a text of a pattern, every character alike likely."""
    return "".join(str(rng.choice(list(allowed(slot)))) for slot in bare(pattern))


def random_foreign(rng: Rng, region: str, *, rows: int = 1) -> Plate:
    """Draw a plate of a region of `nations.SERIES`; some of the free regions' carry any characters at all."""
    countries = sorted(SERIES[region])
    country = countries[int(rng.integers(len(countries)))]
    patterns = SERIES[region][country]
    pattern = patterns[int(rng.integers(len(patterns)))]
    text = random_text(rng, pattern)
    if region in ("eu", "other") and rng.random() < 0.15:
        pattern, text = _free(rng)
    plate = standard(country, pattern, text, rows)
    return msgspec.structs.replace(plate, variation=_varied(rng, plate, free=region in ("eu", "other")))


def _free(rng: Rng) -> tuple[str, str]:
    """A text of no known series, in two or three groups, as a pattern of literals."""
    size = int(rng.integers(4, 9))
    letters = rng.random() < 0.3
    text = "".join(ALPHABET[int(value)] for value in rng.integers(10 if letters else 0, 36, size))
    cells = list(text.lower())
    for _ in range(int(rng.integers(0, 3))):
        cells.insert(int(rng.integers(1, len(cells))), str(rng.choice(list("_-*"))))
    return _tidy("".join(cells)), text


def _tidy(pattern: str) -> str:
    """No two separators beside each other."""
    out = pattern[0]
    for char in pattern[1:]:
        if not (char in "_-*:" and out[-1] in "_-*:"):
            out += char
    return out


def _varied(rng: Rng, plate: Plate, *, free: bool) -> Variation:
    """Move a standard plate within what is seen in streets."""
    own = plate.variation
    width_mm, height_mm = own.width_mm, own.height_mm
    if own.rows == 2:
        width_mm, height_mm = _SQUARE[int(rng.integers(len(_SQUARE)))]
    elif rng.random() < 0.25:
        width_mm *= float(rng.uniform(0.75, 1.05))
    paper, ink = own.paper, own.ink
    if rng.random() < 0.15 + 0.25 * (plate.kind == "us"):
        paper, ink = _INKS[int(rng.integers(len(_INKS)))]
    narrow = height_mm / width_mm > 0.3
    words = narrow and own.rows == 1 and rng.random() < 0.85
    return msgspec.structs.replace(
        own,
        width_mm=width_mm,
        height_mm=height_mm,
        band=bool(own.band and rng.random() < 0.88) or bool(free and rng.random() < 0.2),
        band_right=bool(own.band and plate.kind in ("it", "fr", "al", "pt") and rng.random() < 0.7),
        char_h=float(rng.uniform(0.42, 0.6) if words else rng.uniform(0.58, 0.82)),
        char_w=float(rng.uniform(0.46, 0.68)),
        letter_h=float(rng.uniform(0.76, 0.9)) if rng.random() < 0.12 else 1.0,
        gap=float(rng.uniform(0.08, 0.32)),
        group_gap=float(rng.uniform(0.25, 0.8)),
        spread=bool(rng.random() < 0.4),
        top=_word(rng) if words else "",
        bottom=_word(rng) if words and rng.random() < 0.6 else "",
        paper=paper,
        ink=ink,
    )


def _word(rng: Rng) -> str:
    if rng.random() < 0.4:
        return _WORDS[int(rng.integers(len(_WORDS)))]
    return "".join(chr(65 + int(value)) for value in rng.integers(0, 26, int(rng.integers(4, 14))))

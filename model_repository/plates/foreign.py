"""Plates of other countries by chance, and a standard one of each.

Rules of this file: pure, randomness comes in as a Generator.
"""

from typing import Final

import msgspec
import numpy as np

from model_repository.plates.grammar import DIGITS, SLOTS, allowed
from model_repository.plates.layout import BAND_BLUE, BLACK, BLUE, WHITE, YELLOW, Colour
from model_repository.plates.layout_foreign import Variation
from model_repository.plates.nations import SEPARATORS, SERIES, bare
from model_repository.plates.ornaments import Ornaments
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
_PLAIN: Final = "2345679ACEFHJKLMNPRTUVWXY"
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
    elif region == "eu" and rng.random() < 0.3:
        pattern = _otherwise(rng, pattern)
    plate = standard(country, pattern, text, rows)
    return msgspec.structs.replace(plate, variation=_varied(rng, plate, free=region in ("eu", "other")))


def _free(rng: Rng) -> tuple[str, str]:
    """A text of no known series, in groups of letters or of digits, as a pattern of literals.

    A group of both has none of the characters that only its neighbours could tell apart.
    """
    groups: list[str] = []
    while sum(map(len, groups)) < 4:
        kind = rng.random()
        chars = DIGITS if kind < 0.45 else SLOTS["A"] if kind < 0.9 else _PLAIN
        groups.append("".join(str(rng.choice(list(chars))) for _ in range(int(rng.integers(1, 6)))))
    text = "".join(groups)
    if not set(text) & set(DIGITS):
        return _free(rng)
    return str(rng.choice(list(SEPARATORS))).join(groups).lower(), text


def _otherwise(rng: Rng, pattern: str) -> str:
    """The same groups with something else between them: countries change their minds, and seals fall off."""
    return "".join(str(rng.choice(list("_--*:+"))) if slot in SEPARATORS else slot for slot in pattern)


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
    banded = bool(own.band and rng.random() < 0.8) or bool(free and rng.random() < 0.1)
    return msgspec.structs.replace(
        own,
        width_mm=width_mm,
        height_mm=height_mm,
        band=banded,
        band_right=bool(own.band and plate.kind in ("it", "fr", "al", "pt") and rng.random() < 0.7),
        char_h=float(rng.uniform(0.42, 0.6) if words else rng.uniform(0.58, 0.82)),
        char_w=float(rng.uniform(0.44, 0.68)),
        digit_w=float(rng.uniform(0.84, 1.0)) if rng.random() < 0.5 else 1.0,
        letter_h=float(rng.uniform(0.76, 0.9)) if rng.random() < 0.12 else 1.0,
        gap=float(rng.uniform(0.08, 0.32)),
        group_gap=float(rng.uniform(0.25, 1.0)),
        spread=bool(rng.random() < 0.4),
        top=_word(rng) if words else "",
        bottom=_word(rng) if words and rng.random() < 0.6 else "",
        paper=paper,
        ink=ink,
        bolts_high=bool(rng.random() < 0.3),
        ornaments=_ornaments(rng, arms_left=bool(free and not banded and own.band and rng.random() < 0.7)),
    )


def _ornaments(rng: Rng, *, arms_left: bool) -> Ornaments:
    """Bands from dark to bleached, seals old and new, arms of any colours."""
    bleach = float(rng.uniform(0, 1)) ** 1.5
    blue = BAND_BLUE if rng.random() < 0.15 else _blend((110, 35, 5), (215, 150, 95), bleach)
    bright = float(rng.uniform(0.2, 1.0))
    return Ornaments(
        band_w=float(rng.uniform(0.34, 0.5)),
        band_colour=blue,
        ring=float(rng.uniform(0.2, 0.36)) if rng.random() < 0.85 else 0.0,
        star=float(rng.uniform(0.02, 0.12)),
        star_colour=_blend(blue, (80, 225, 250), bright),
        code_colour=_blend(blue, (245, 245, 245), float(rng.uniform(0.4, 1.0))),
        code_size=float(rng.uniform(0.15, 0.28)),
        code_right="".join(str(value) for value in rng.integers(0, 10, 2)) if rng.random() < 0.6 else "",
        arms_left=arms_left,
        seal_shape="round" if rng.random() < 0.75 else "octagon",
        seal_rim=_colour(rng, 20, 170),
        seal_face=_colour(rng, 50, 235),
        seal_core=_colour(rng, 30, 245),
        seal_size=float(rng.uniform(0.28, 0.5)),
        seals=_present(rng),
        seal_gap=float(rng.uniform(0.52, 0.8)),
        arms_shape=("shield", "shield", "round", "octagon")[int(rng.integers(4))],
        arms_size=float(rng.uniform(0.35, 0.7)),
        arms_face=_colour(rng, 30, 200),
        arms_mark=_colour(rng, 80, 245),
        dash_w=float(rng.uniform(0.5, 0.95)),
        dash_h=float(rng.uniform(0.08, 0.18)),
    )


def _present(rng: Rng) -> tuple[bool, bool]:
    """Both seals, mostly; now and then one of them."""
    if rng.random() < 0.8:
        return True, True
    upper = bool(rng.random() < 0.5)
    return upper, not upper


def _colour(rng: Rng, low: int, high: int) -> Colour:
    """Any colour within the range, so that its gray is anywhere in it."""
    middle = int(rng.integers(low, high))
    blue, green, red = (int(value) for value in np.clip(middle + rng.integers(-60, 61, 3), 5, 250))
    return blue, green, red


def _blend(one: Colour, other: Colour, part: float) -> Colour:
    blue, green, red = (round(a + (b - a) * part) for a, b in zip(one, other, strict=True))
    return blue, green, red


def _word(rng: Rng) -> str:
    if rng.random() < 0.4:
        return _WORDS[int(rng.integers(len(_WORDS)))]
    return "".join(chr(65 + int(value)) for value in rng.integers(0, 26, int(rng.integers(4, 14))))

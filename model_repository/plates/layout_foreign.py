"""Plates of other countries: a band or a flag on the left, groups of characters with something between them.

Rules of this file: pure geometry. These are not drawings of single standards: size, band, spacing and colours follow
the family that a country's plates belong to, and `Variation` moves them within what is seen in streets.
"""

import msgspec

from model_repository.plates.errors import PlateTextError
from model_repository.plates.grammar import DIGITS, fits_pattern
from model_repository.plates.layout import (
    BLACK,
    WHITE,
    Box,
    Colour,
    Lettering,
    Patch,
    PlateLayout,
    PlateSpec,
    Slot,
)
from model_repository.plates.nations import SEPARATORS, bare
from model_repository.plates.ornaments import Ornaments, edges, mark


class Variation(msgspec.Struct, frozen=True, kw_only=True):
    """How one plate departs from its family; fractions of the plate's height where no unit is named."""

    width_mm: float = 520.0
    height_mm: float = 112.0
    rows: int = 1
    band: bool = True
    band_right: bool = False
    char_h: float = 0.68
    char_w: float = 0.60
    """Of the character's height."""
    digit_w: float = 1.0
    """Width of digits, of the letters'."""
    letter_h: float = 1.0
    """Height of letters, of the digits' height."""
    gap: float = 0.14
    """Between characters, of their width."""
    group_gap: float = 0.55
    """Between groups, of a character's width."""
    top: str = ""
    bottom: str = ""
    """Small print above and below."""
    paper: Colour = WHITE
    ink: Colour = BLACK
    spread: bool = False
    """Whether characters fill the field that they have."""
    bolts_high: bool = False
    """Whether the bolts are near the upper edge rather than at the sides."""
    ornaments: Ornaments = Ornaments()


def layout_foreign(country: str, text: str, pattern: str, variation: Variation) -> PlateLayout:
    """Lay the text out by a pattern with its separators (`nations.SERIES`).

    Raises PlateTextError when the text does not fit the pattern.
    """
    if not fits_pattern(text, bare(pattern)):
        raise PlateTextError(text, country, bare(pattern))
    spec = PlateSpec(
        kind=country,
        width_mm=variation.width_mm,
        height_mm=variation.height_mm,
        paper=variation.paper,
        ink=variation.ink,
        rows=variation.rows,
    )
    patches, lettering, left_mm, right_mm = _edges(country, variation)
    field = Box(x_mm=left_mm, y_mm=0, w_mm=right_mm - left_mm, h_mm=variation.height_mm)
    cells = _cells(text, pattern)
    framed: tuple[tuple[float, float, float, float], ...] = ()
    if variation.rows == 2:
        slots, marks = _two_rows(cells, field, variation)
    elif country == "kz" and pattern.endswith("_DD"):
        slots, marks, framed = _kz(cells, field, variation)
    else:
        slots, marks = _row(cells, _inner(field, variation), variation)
    return PlateLayout(
        spec=spec,
        slots=slots,
        lines=framed,
        patches=patches + marks,
        lettering=lettering + _small_print(variation),
        bolts_mm=_bolts(left_mm, right_mm, variation),
    )


def _cells(text: str, pattern: str) -> list[str]:
    """Characters and separators in the order of the plate."""
    chars = iter(text)
    return [slot if slot in SEPARATORS else next(chars) for slot in pattern]


def _edges(country: str, variation: Variation) -> tuple[tuple[Patch, ...], tuple[Lettering, ...], float, float]:
    """Bands and flags, where there are any; and the left and right end of the field for characters."""
    if not variation.band and not variation.ornaments.arms_left:
        return (), (), 8.0, variation.width_mm - 8.0
    size_mm = (variation.width_mm, variation.height_mm)
    return edges(country, size_mm, variation.ornaments, band_right=variation.band_right)


def _bolts(left_mm: float, right_mm: float, variation: Variation) -> tuple[tuple[float, float], ...]:
    if variation.bolts_high:
        return (0.25 * variation.width_mm, 8.0), (0.75 * variation.width_mm, 8.0)
    return (left_mm + 6, variation.height_mm / 2), (right_mm - 6, variation.height_mm / 2)


def _small_print(variation: Variation) -> tuple[Lettering, ...]:
    size_mm = 0.14 * variation.height_mm
    out = []
    for text, y_mm in ((variation.top, 5.0), (variation.bottom, variation.height_mm - size_mm - 4)):
        if text:
            wide_mm = min(0.7 * size_mm * len(text), 0.8 * variation.width_mm)
            box = Box(x_mm=(variation.width_mm - wide_mm) / 2, y_mm=y_mm, w_mm=wide_mm, h_mm=size_mm)
            out.append(Lettering(text=text, box=box))
    return tuple(out)


def _inner(field: Box, variation: Variation) -> Box:
    """The part of the field that characters may fill: what small print leaves."""
    top_mm = 0.2 * field.h_mm if variation.top else 4.0
    bottom_mm = 0.2 * field.h_mm if variation.bottom else 4.0
    return Box(x_mm=field.x_mm, y_mm=top_mm, w_mm=field.w_mm, h_mm=field.h_mm - top_mm - bottom_mm)


def _row(cells: list[str], field: Box, variation: Variation) -> tuple[tuple[Slot, ...], tuple[Patch, ...]]:
    """Set one row in the middle of the field; what is too wide is set narrower."""
    high_mm = min(variation.char_h * variation.height_mm / variation.rows, 0.92 * field.h_mm)
    char_mm = variation.char_w * high_mm
    widths = [_width(cell, variation) * char_mm for cell in cells]
    gap_mm = variation.gap * char_mm
    total_mm = sum(widths) + gap_mm * (len(cells) - 1)
    room_mm = 0.95 * field.w_mm
    factor = room_mm / total_mm if total_mm > room_mm or variation.spread else 1.0
    factor = min(factor, 1.35)
    x_mm = field.x_mm + (field.w_mm - total_mm * factor) / 2
    base_mm = field.y_mm + (field.h_mm + high_mm) / 2
    slots: list[Slot] = []
    marks: list[Patch] = []
    for cell, width_mm in zip(cells, widths, strict=True):
        own_mm = width_mm * factor
        if cell in SEPARATORS:
            space = Box(x_mm=x_mm, y_mm=base_mm - high_mm, w_mm=own_mm, h_mm=high_mm)
            marks += mark(cell, space, variation.ornaments)
        else:
            tall_mm = high_mm * (1.0 if cell in DIGITS else variation.letter_h)
            box = Box(x_mm=x_mm, y_mm=base_mm - tall_mm, w_mm=own_mm, h_mm=tall_mm)
            slots.append(Slot(char=cell, box=box, glyph="y" if cell == "Y" else cell))
        x_mm += own_mm + gap_mm * factor
    return tuple(slots), tuple(marks)


def _width(cell: str, variation: Variation) -> float:
    """Of a letter's width."""
    if cell in SEPARATORS:
        return variation.group_gap if cell in "_-" else max(variation.group_gap, 0.6)
    return variation.digit_w if cell in DIGITS else 1.0


def _two_rows(cells: list[str], field: Box, variation: Variation) -> tuple[tuple[Slot, ...], tuple[Patch, ...]]:
    """Break at the separator that halves the text best."""
    breaks = [index for index, cell in enumerate(cells) if cell in SEPARATORS] or [len(cells) // 2]
    at = min(breaks, key=lambda index: abs(2 * index - len(cells)))
    rows = [cells[:at], [cell for k, cell in enumerate(cells[at:]) if k or cell not in SEPARATORS]]
    half_mm = (field.h_mm - 12) / 2
    slots: tuple[Slot, ...] = ()
    marks: tuple[Patch, ...] = ()
    for index, row in enumerate(rows):
        part = Box(x_mm=field.x_mm, y_mm=5 + index * (half_mm + 2), w_mm=field.w_mm, h_mm=half_mm)
        more_slots, more_marks = _row(row, part, variation)
        slots, marks = slots + more_slots, marks + more_marks
    return slots, marks


def _kz(
    cells: list[str], field: Box, variation: Variation
) -> tuple[tuple[Slot, ...], tuple[Patch, ...], tuple[tuple[float, float, float, float], ...]]:
    """The region's two digits stand in a box of their own on the right."""
    cut_mm = field.right_mm - 0.9 * min(variation.height_mm, 0.2 * variation.width_mm)
    left = Box(x_mm=field.x_mm, y_mm=4, w_mm=cut_mm - field.x_mm, h_mm=field.h_mm - 8)
    right = Box(x_mm=cut_mm, y_mm=4, w_mm=field.right_mm - cut_mm, h_mm=field.h_mm - 8)
    slots, marks = _row(cells[:-3], left, variation)
    region, _ = _row(cells[-2:], right, msgspec.structs.replace(variation, char_h=0.85 * variation.char_h))
    return slots + region, marks, ((cut_mm, 3, cut_mm, field.h_mm - 3),)

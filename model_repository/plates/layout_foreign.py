"""Plates of other countries: a band or a flag on the left, groups of characters with something between them.

Rules of this file: pure geometry. These are not drawings of single standards: size, band, spacing and colours follow
the family that a country's plates belong to, and `Variation` moves them within what is seen in streets.
"""

from typing import Final

import msgspec

from model_repository.plates.errors import PlateTextError
from model_repository.plates.grammar import DIGITS, fits_pattern
from model_repository.plates.layout import (
    BAND_BLUE,
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

_GOLD: Final = (30, 205, 245)
_EMBLEM: Final = (120, 110, 105)


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
        bolts_mm=((left_mm + 6, variation.height_mm / 2), (right_mm - 6, variation.height_mm / 2)),
    )


def _cells(text: str, pattern: str) -> list[str]:
    """Characters and separators in the order of the plate."""
    chars = iter(text)
    return [slot if slot in SEPARATORS else next(chars) for slot in pattern]


def _edges(country: str, variation: Variation) -> tuple[tuple[Patch, ...], tuple[Lettering, ...], float, float]:
    """Bands and flags; returns them with the left and right end of the field for characters."""
    high_mm, wide_mm = variation.height_mm, variation.width_mm
    left_mm, right_mm = 8.0, wide_mm - 8.0
    if not variation.band:
        return (), (), left_mm, right_mm
    band_mm = 0.4 * min(high_mm, 112)
    if country in ("kz", "by", "am", "uz", "kg"):
        flag = Box(x_mm=9, y_mm=0.22 * high_mm, w_mm=0.62 * band_mm, h_mm=0.2 * high_mm)
        name = Box(x_mm=9, y_mm=0.55 * high_mm, w_mm=0.62 * band_mm, h_mm=0.17 * high_mm)
        colours = {"kz": (190, 160, 20), "by": (40, 30, 200)}
        patches: tuple[Patch, ...] = (Patch(box=flag, colour=colours.get(country, (60, 60, 190))),)
        return patches, (Lettering(text=country.upper(), box=name),), 12 + 0.62 * band_mm, right_mm
    band = Box(x_mm=2, y_mm=2, w_mm=band_mm, h_mm=high_mm - 4)
    patches = (Patch(box=band, colour=BAND_BLUE), *_emblem(country, band))
    code = country.upper()[: 1 if country in ("de", "at", "fr", "it", "es", "hu", "pt", "be", "se", "fi") else 3]
    size_mm = 0.2 * min(high_mm, 112)
    name = Box(
        x_mm=band.x_mm + band_mm * (0.5 - 0.19 * len(code)),
        y_mm=high_mm - 8 - size_mm,
        w_mm=0.38 * band_mm * len(code),
        h_mm=size_mm,
    )
    if variation.band_right:
        right_mm = wide_mm - 2 - band_mm
        patches += (Patch(box=Box(x_mm=right_mm, y_mm=2, w_mm=band_mm, h_mm=high_mm - 4), colour=BAND_BLUE),)
    return patches, (Lettering(text=code, box=name, colour=WHITE),), 2 + band_mm, right_mm


def _emblem(country: str, band: Box) -> tuple[Patch, ...]:
    """The ring of stars, or a flag of two stripes, in the upper part of a band."""
    if country in ("ua", "ge"):
        stripe = Box(x_mm=band.x_mm + 6, y_mm=14, w_mm=band.w_mm - 12, h_mm=0.12 * band.h_mm)
        lower = Box(x_mm=stripe.x_mm, y_mm=stripe.bottom_mm, w_mm=stripe.w_mm, h_mm=stripe.h_mm)
        return Patch(box=stripe, colour=(190, 110, 20)), Patch(box=lower, colour=_GOLD)
    x_mm, y_mm, reach_mm = band.x_mm + band.w_mm / 2, 0.3 * band.h_mm, 0.3 * band.w_mm
    ring = [(1, 0), (0.87, 0.5), (0.5, 0.87), (0, 1), (-0.5, 0.87), (-0.87, 0.5)]
    return tuple(
        Patch(
            box=Box(x_mm=x_mm + s * dx * reach_mm - 2.2, y_mm=y_mm + s * dy * reach_mm - 2.2, w_mm=4.4, h_mm=4.4),
            colour=_GOLD,
            round=True,
        )
        for dx, dy in ring
        for s in (1, -1)
    )


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
    widths = [variation.group_gap * char_mm if cell in SEPARATORS else char_mm for cell in cells]
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
            marks += _mark(cell, Box(x_mm=x_mm, y_mm=base_mm - high_mm, w_mm=own_mm, h_mm=high_mm))
        else:
            tall_mm = high_mm * (1.0 if cell in DIGITS else variation.letter_h)
            box = Box(x_mm=x_mm, y_mm=base_mm - tall_mm, w_mm=own_mm, h_mm=tall_mm)
            slots.append(Slot(char=cell, box=box, glyph="y" if cell == "Y" else cell))
        x_mm += own_mm + gap_mm * factor
    return tuple(slots), tuple(marks)


def _mark(cell: str, box: Box) -> tuple[Patch, ...]:
    """What stands between two groups."""
    x_mm, y_mm = box.x_mm + box.w_mm / 2, box.y_mm + box.h_mm / 2
    if cell == "-":
        wide_mm, thick_mm = 0.8 * box.w_mm, 0.12 * box.h_mm
        return (Patch(box=Box(x_mm=x_mm - wide_mm / 2, y_mm=y_mm - thick_mm / 2, w_mm=wide_mm, h_mm=thick_mm)),)
    if cell == "*":
        size_mm = min(1.1 * box.w_mm, 0.55 * box.h_mm)
        emblem = Box(x_mm=x_mm - size_mm / 2, y_mm=y_mm - 0.6 * size_mm, w_mm=size_mm, h_mm=1.2 * size_mm)
        return (Patch(box=emblem, colour=_EMBLEM, round=True),)
    if cell == ":":
        size_mm = min(1.2 * box.w_mm, 0.42 * box.h_mm)
        return tuple(
            Patch(
                box=Box(x_mm=x_mm - size_mm / 2, y_mm=y_mm + at * size_mm - size_mm / 2, w_mm=size_mm, h_mm=size_mm),
                colour=colour,
                round=True,
            )
            for at, colour in ((-0.65, (90, 150, 90)), (0.65, (150, 130, 110)))
        )
    return ()


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

"""What stands on a plate besides its characters: bands, arms, seals, stickers, hyphens.

Rules of this file: pure geometry, in millimetres. What is drawn here is what a reader must learn to leave out, so it
varies more than the characters do: a ring of stars over two letters is no 9, two stickers above each other are no 8.
"""

from typing import Final

import msgspec

from model_repository.plates.layout import BAND_BLUE, WHITE, Box, Colour, Lettering, Patch, Shape

GOLD: Final = (30, 205, 245)
FLAG_LEFT: Final = ("kz", "by", "am", "uz", "kg")
_ONE_LETTER: Final = frozenset(("de", "at", "fr", "it", "es", "hu", "pt", "be", "se", "fi"))
_RING: Final = ((1, 0), (0.87, 0.5), (0.5, 0.87), (0, 1), (-0.5, 0.87), (-0.87, 0.5))


class Ornaments(msgspec.Struct, frozen=True, kw_only=True):
    """How a plate's ornaments look; sizes are fractions as said."""

    band_w: float = 0.4
    """Of the plate's height."""
    band_colour: Colour = BAND_BLUE
    ring: float = 0.3
    """The ring of stars: its radius, of the band's width; 0 for a band without one."""
    star: float = 0.05
    """A star's size, of the band's width and a fixed 2.4 mm."""
    star_colour: Colour = GOLD
    code_colour: Colour = WHITE
    code_size: float = 0.2
    """The country's letters: their height, of the plate's height."""
    code_right: str = ""
    """What stands in a band on the right: a department, a province."""
    arms_left: bool = False
    """Arms above the country's letters, without a band, as on Slovak plates before 2004."""
    seal_shape: Shape = "round"
    seal_rim: Colour = (120, 120, 120)
    seal_face: Colour = (150, 130, 110)
    seal_core: Colour = (110, 150, 110)
    seal_size: float = 0.42
    """Of the characters' height."""
    seals: tuple[bool, bool] = (True, True)
    """Whether the upper and the lower one is there: they fall off."""
    seal_gap: float = 0.65
    """How far each stands from the middle, of its size."""
    arms_shape: Shape = "shield"
    arms_size: float = 0.5
    """Of the characters' height."""
    arms_face: Colour = (60, 40, 180)
    arms_mark: Colour = (225, 225, 225)
    dash_w: float = 0.8
    """Of the space between two groups."""
    dash_h: float = 0.12
    """Of the characters' height."""


def edges(
    country: str, size_mm: tuple[float, float], look: Ornaments, *, band_right: bool
) -> tuple[tuple[Patch, ...], tuple[Lettering, ...], float, float]:
    """Bands, arms and flags of a plate of that width and height; also the left and right end of what they leave."""
    wide_mm, high_mm = size_mm
    unit_mm = min(high_mm, 112.0)
    if country in FLAG_LEFT:
        return (*_flag_left(country, high_mm, 0.4 * unit_mm), 12 + 0.25 * unit_mm, wide_mm - 8)
    code = country.upper()[: 1 if country in _ONE_LETTER else 3]
    if look.arms_left:
        return (*_arms_left(code, high_mm, unit_mm, look), 10 + 0.3 * unit_mm, wide_mm - 8)
    band = Box(x_mm=2, y_mm=2, w_mm=look.band_w * unit_mm, h_mm=high_mm - 4)
    patches = (Patch(box=band, colour=look.band_colour), *_emblem(country, band, look))
    letters: tuple[Lettering, ...] = (_code(code, band, unit_mm, look),)
    if not band_right:
        return patches, letters, band.right_mm, wide_mm - 8
    right = msgspec.structs.replace(band, x_mm=wide_mm - 2 - band.w_mm)
    patches += (Patch(box=right, colour=look.band_colour),)
    if look.code_right:
        badge = Box(x_mm=right.x_mm + 0.2 * right.w_mm, y_mm=12, w_mm=0.6 * right.w_mm, h_mm=0.3 * high_mm)
        patches += (Patch(box=badge, colour=look.star_colour, shape=look.arms_shape),)
        letters += (_code(look.code_right, right, unit_mm, look),)
    return patches, letters, band.right_mm, right.x_mm


def _code(code: str, band: Box, unit_mm: float, look: Ornaments) -> Lettering:
    """The letters in the lower part of a band, set narrower where they would not fit."""
    high_mm = look.code_size * unit_mm
    wide_mm = min(0.95 * band.w_mm, 1.9 * look.code_size * band.w_mm * len(code))
    x_mm = band.x_mm + (band.w_mm - wide_mm) / 2
    return Lettering(
        text=code,
        box=Box(x_mm=x_mm, y_mm=band.bottom_mm - 6 - high_mm, w_mm=wide_mm, h_mm=high_mm),
        colour=look.code_colour,
    )


def _flag_left(country: str, high_mm: float, band_mm: float) -> tuple[tuple[Patch, ...], tuple[Lettering, ...]]:
    """A small flag above the country's letters."""
    flag = Box(x_mm=9, y_mm=0.22 * high_mm, w_mm=0.62 * band_mm, h_mm=0.2 * high_mm)
    name = Box(x_mm=9, y_mm=0.55 * high_mm, w_mm=0.62 * band_mm, h_mm=0.17 * high_mm)
    colours = {"kz": (190, 160, 20), "by": (40, 30, 200)}
    patch = Patch(box=flag, colour=colours.get(country, (60, 60, 190)))
    return (patch,), (Lettering(text=country.upper(), box=name),)


def _arms_left(
    code: str, high_mm: float, unit_mm: float, look: Ornaments
) -> tuple[tuple[Patch, ...], tuple[Lettering, ...]]:
    """Arms above the country's letters, both in the plate's own colours."""
    wide_mm = 0.22 * unit_mm
    shield = Box(x_mm=9, y_mm=0.2 * high_mm, w_mm=wide_mm, h_mm=1.2 * wide_mm)
    name = Box(x_mm=8, y_mm=0.62 * high_mm, w_mm=1.1 * wide_mm, h_mm=0.9 * look.code_size * unit_mm)
    return arms(shield, look), (Lettering(text=code, box=name),)


def _emblem(country: str, band: Box, look: Ornaments) -> tuple[Patch, ...]:
    """The ring of stars, or a flag of two stripes, in the upper part of a band."""
    if country in ("ua", "ge"):
        stripe = Box(x_mm=band.x_mm + 6, y_mm=14, w_mm=band.w_mm - 12, h_mm=0.12 * band.h_mm)
        lower = msgspec.structs.replace(stripe, y_mm=stripe.bottom_mm)
        return Patch(box=stripe, colour=(190, 110, 20)), Patch(box=lower, colour=GOLD)
    if not look.ring:
        return ()
    x_mm, y_mm, reach_mm = band.x_mm + band.w_mm / 2, band.y_mm + 0.3 * band.h_mm, look.ring * band.w_mm
    size_mm = 2.4 + look.star * band.w_mm
    return tuple(
        Patch(
            box=Box(
                x_mm=x_mm + s * dx * reach_mm - size_mm / 2,
                y_mm=y_mm + s * dy * reach_mm - size_mm / 2,
                w_mm=size_mm,
                h_mm=size_mm,
            ),
            colour=look.star_colour,
            shape="round",
        )
        for dx, dy in _RING
        for s in (1, -1)
    )


def mark(cell: str, box: Box, look: Ornaments) -> tuple[Patch, ...]:
    """What stands between two groups (`nations.SEPARATORS`); `box` is the space, as high as the characters."""
    if cell == "-":
        return (dash(box, look),)
    if cell == "*":
        size_mm = min(1.3 * box.w_mm, look.arms_size * box.h_mm)
        y_mm = box.y_mm + box.h_mm / 2 - 0.6 * size_mm
        centre_mm = box.x_mm + box.w_mm / 2
        return arms(Box(x_mm=centre_mm - size_mm / 2, y_mm=y_mm, w_mm=size_mm, h_mm=1.2 * size_mm), look)
    if cell == ":":
        return seals(box, look, look.seal_size, look.seal_gap)
    if cell == "+":
        return (dash(box, look), *seals(box, look, 0.75 * look.seal_size, 1.2 * look.seal_gap))
    return ()


def dash(box: Box, look: Ornaments) -> Patch:
    """A hyphen in the middle of a space."""
    wide_mm, thick_mm = look.dash_w * box.w_mm, look.dash_h * box.h_mm
    x_mm, y_mm = box.x_mm + (box.w_mm - wide_mm) / 2, box.y_mm + (box.h_mm - thick_mm) / 2
    return Patch(box=Box(x_mm=x_mm, y_mm=y_mm, w_mm=wide_mm, h_mm=thick_mm))


def seals(box: Box, look: Ornaments, size: float, gap: float) -> tuple[Patch, ...]:
    """Round or eight-sided stickers above each other: a rim, a face, and something in its middle."""
    size_mm = min(1.35 * box.w_mm, size * box.h_mm)
    x_mm, middle_mm = box.x_mm + box.w_mm / 2, box.y_mm + box.h_mm / 2
    colours = (look.seal_face, look.seal_core)
    out: list[Patch] = []
    for there, side, (face, core) in zip(look.seals, (-1, 1), (colours, colours[::-1]), strict=True):
        y_mm = middle_mm + side * gap * size_mm
        for part, colour in ((1.0, look.seal_rim), (0.82, face), (0.4, core)) if there else ():
            half_mm = part * size_mm / 2
            spot = Box(x_mm=x_mm - half_mm, y_mm=y_mm - half_mm, w_mm=2 * half_mm, h_mm=2 * half_mm)
            out.append(Patch(box=spot, colour=colour, shape=look.seal_shape))
    return tuple(out)


def arms(box: Box, look: Ornaments) -> tuple[Patch, ...]:
    """A coat of arms: a field with a rim, and a cross or bars on it."""
    inner = _shrunk(box, 0.88, 0.88)
    upright = _shrunk(inner, 0.16, 0.7)
    bar = _shrunk(inner, 0.6, 0.13)
    return (
        Patch(box=box, colour=look.seal_rim, shape=look.arms_shape),
        Patch(box=inner, colour=look.arms_face, shape=look.arms_shape),
        Patch(box=upright, colour=look.arms_mark),
        Patch(box=bar, colour=look.arms_mark),
    )


def _shrunk(box: Box, wide: float, high: float) -> Box:
    """The middle of a box."""
    w_mm, h_mm = wide * box.w_mm, high * box.h_mm
    return Box(x_mm=box.x_mm + (box.w_mm - w_mm) / 2, y_mm=box.y_mm + (box.h_mm - h_mm) / 2, w_mm=w_mm, h_mm=h_mm)

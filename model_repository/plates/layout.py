"""What stands where on a plate, in millimetres: the shapes that all layouts are made of.

Rules of this file: pure geometry, no pixels and no drawing.  The origin is the plate's top left corner, x to the
right, y down. `layout_ru` lays out Russian plates, `layout_foreign` all others.
"""

from itertools import pairwise
from typing import Final, Literal

import msgspec

from model_repository.plates.grammar import DIGITS

Colour = tuple[int, int, int]
"""Blue, green, red; 0 to 255."""
Shape = Literal["box", "round", "shield", "octagon"]

WHITE: Final = (238, 240, 240)
BLACK: Final = (22, 20, 20)
YELLOW: Final = (20, 190, 250)
BLUE: Final = (140, 62, 18)
RED: Final = (40, 30, 190)
BAND_BLUE: Final = (150, 60, 10)


class Box(msgspec.Struct, frozen=True, kw_only=True):
    """A rectangle on the plate, in millimetres."""

    x_mm: float
    y_mm: float
    w_mm: float
    h_mm: float

    @property
    def right_mm(self) -> float:
        """The right edge."""
        return self.x_mm + self.w_mm

    @property
    def bottom_mm(self) -> float:
        """The lower edge."""
        return self.y_mm + self.h_mm


class Slot(msgspec.Struct, frozen=True, kw_only=True):
    """One character of the text, the glyph that is drawn for it (see `glyphs`) and the box that it fills."""

    char: str
    box: Box
    glyph: str = ""


class Lettering(msgspec.Struct, frozen=True, kw_only=True):
    """Small print that is no part of the text: the country, a state, a slogan. No `colour`: the plate's ink."""

    text: str
    box: Box
    colour: Colour | None = None


class Patch(msgspec.Struct, frozen=True, kw_only=True):
    """A filled shape: a band, a stripe of a flag, an emblem, a hyphen. No `colour`: the plate's ink."""

    box: Box
    colour: Colour | None = None
    shape: Shape = "box"


class PlateSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What all plates of a kind share."""

    kind: str
    width_mm: float
    height_mm: float
    paper: Colour = WHITE
    ink: Colour = BLACK
    rows: int = 1


class PlateLayout(msgspec.Struct, frozen=True, kw_only=True):
    """Everything printed on one plate. `slots` stand in reading order; `lines` are (x1, y1, x2, y2)."""

    spec: PlateSpec
    slots: tuple[Slot, ...]
    region_box: Box | None = None
    lines: tuple[tuple[float, float, float, float], ...] = ()
    patches: tuple[Patch, ...] = ()
    lettering: tuple[Lettering, ...] = ()
    flag: Box | None = None
    bolts_mm: tuple[tuple[float, float], ...] = ()


class Type(msgspec.Struct, frozen=True, kw_only=True):
    """The sizes of the large characters."""

    digit_h_mm: float = 76.0
    digit_w_mm: float = 44.0
    letter_h_mm: float = 58.0
    letter_w_mm: float = 47.0
    gap_mm: float = 10.0
    group_gap_mm: float = 20.0

    def scaled(self, factor: float) -> "Type":
        """The same, larger or smaller."""
        return Type(**{name: getattr(self, name) * factor for name in self.__struct_fields__})


def row_of(chars: str, field: Box, sizes: Type) -> tuple[Slot, ...]:
    """Centre the characters in the field, all on its lower edge; a wider gap where letters and digits meet.

    What is too wide for the field is set narrower.
    """
    widths = [sizes.digit_w_mm if char in DIGITS else sizes.letter_w_mm for char in chars]
    gaps = [
        0.0,
        *(sizes.gap_mm if (a in DIGITS) == (b in DIGITS) else sizes.group_gap_mm for a, b in pairwise(chars)),
    ]
    squeeze = min(1.0, field.w_mm / (sum(widths) + sum(gaps)))
    x_mm = field.x_mm + (field.w_mm - (sum(widths) + sum(gaps)) * squeeze) / 2
    slots = []
    for char, width_mm, gap_mm in zip(chars, widths, gaps, strict=True):
        h_mm = sizes.digit_h_mm if char in DIGITS else sizes.letter_h_mm
        x_mm += gap_mm * squeeze
        box = Box(x_mm=x_mm, y_mm=field.bottom_mm - h_mm, w_mm=width_mm * squeeze, h_mm=h_mm)
        slots.append(Slot(char=char, box=box, glyph=char))
        x_mm += width_mm * squeeze
    return tuple(slots)

"""Where things stand on a plate, in millimetres (after GOST R 50577-2018).

Rules of this file: pure geometry, no pixels and no drawing.  The origin is the plate's top left corner, x to the
right, y down.
"""

from itertools import pairwise
from typing import Final, Literal

import msgspec

from model_repository.plates.errors import PlateTextError
from model_repository.plates.grammar import DIGITS, PATTERNS, fits_kind

type_of_kind: Final[dict[str, str]] = {
    "private": "1",
    "private_two_row": "1A",
    "taxi": "1B",
    "trailer": "2",
    "police": "20",
}

Kind = Literal["private", "private_two_row", "taxi", "trailer", "police"]
Colour = tuple[int, int, int]
"""Blue, green, red; 0 to 255."""

DIGIT_H_MM: Final = 76.0
LETTER_H_MM: Final = 58.0
REGION_H_MM: Final = 58.0
DIGIT_W_MM: Final = 44.0
LETTER_W_MM: Final = 47.0
MARGIN_MM: Final = 6.0
"""From the plate's edge to the inside of the printed border."""


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
    """One character and the box that it fills."""

    char: str
    box: Box


class PlateSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What all plates of a kind share."""

    kind: Kind
    width_mm: float
    height_mm: float
    paper: Colour
    ink: Colour
    rows: int = 1


class PlateLayout(msgspec.Struct, frozen=True, kw_only=True):
    """Everything printed on one plate. `region_box` is framed; `slots` stand in reading order."""

    spec: PlateSpec
    slots: tuple[Slot, ...]
    region_box: Box
    rus: Box
    flag: Box | None
    bolts_mm: tuple[tuple[float, float], ...]


_WHITE: Final = (238, 240, 240)
_BLACK: Final = (22, 20, 20)
_YELLOW: Final = (20, 190, 250)
_BLUE: Final = (140, 62, 18)

SPECS: Final[dict[str, PlateSpec]] = {
    spec.kind: spec
    for spec in (
        PlateSpec(kind="private", width_mm=520, height_mm=112, paper=_WHITE, ink=_BLACK),
        PlateSpec(
            kind="private_two_row",
            width_mm=290,
            height_mm=170,
            paper=_WHITE,
            ink=_BLACK,
            rows=2,
        ),
        PlateSpec(kind="taxi", width_mm=520, height_mm=112, paper=_YELLOW, ink=_BLACK),
        PlateSpec(kind="trailer", width_mm=520, height_mm=112, paper=_WHITE, ink=_BLACK),
        PlateSpec(kind="police", width_mm=520, height_mm=112, paper=_BLUE, ink=_WHITE),
    )
}
KINDS: Final[tuple[Kind, ...]] = tuple(spec.kind for spec in SPECS.values())


def layout_plate(kind: str, text: str) -> PlateLayout:
    """Lay the latin text out on a plate of that kind.

    Raises PlateTextError when the text does not fit the kind.
    """
    if not fits_kind(text, kind):
        raise PlateTextError(text, kind, PATTERNS[kind])
    return _two_rows(SPECS[kind], text) if SPECS[kind].rows == 2 else _one_row(SPECS[kind], text)


def _one_row(spec: PlateSpec, text: str) -> PlateLayout:
    serial_len = len(PATTERNS[spec.kind])
    serial, region = text[:serial_len], text[serial_len:]
    wide = len(region) > 2
    field_right = 380.0 if wide else 398.0
    inner_right, inner_bottom = spec.width_mm - MARGIN_MM, spec.height_mm - MARGIN_MM
    box = Box(
        x_mm=field_right,
        y_mm=MARGIN_MM,
        w_mm=inner_right - field_right,
        h_mm=inner_bottom - MARGIN_MM,
    )
    slots = _row(
        serial,
        Box(x_mm=MARGIN_MM, y_mm=18, w_mm=field_right - MARGIN_MM, h_mm=DIGIT_H_MM),
    )
    # Two digits stand left of the right-hand bolt; three fill the box, and the bolt goes between them and RUS's row.
    digits_box = (
        Box(x_mm=box.x_mm + 9, y_mm=13, w_mm=box.w_mm - 20, h_mm=REGION_H_MM)
        if wide
        else Box(x_mm=box.x_mm + 8, y_mm=13, w_mm=86, h_mm=REGION_H_MM)
    )
    # The bolts' holes are 6 mm wide: left of the first letter, and right of (or under) the region digits.
    bolts = ((15.0, 56.0), (spec.width_mm - 14.0, 80.0 if wide else 56.0))
    return PlateLayout(
        spec=spec,
        slots=slots + _region(region, digits_box),
        region_box=box,
        rus=Box(x_mm=box.x_mm + 10, y_mm=79, w_mm=48, h_mm=18),
        flag=Box(x_mm=box.x_mm + 66, y_mm=79, w_mm=30, h_mm=18) if spec.kind != "police" else None,
        bolts_mm=bolts,
    )


def _two_rows(spec: PlateSpec, text: str) -> PlateLayout:
    top, bottom, region = text[:4], text[4:6], text[6:]
    inner_right, inner_bottom = spec.width_mm - MARGIN_MM, spec.height_mm - MARGIN_MM
    box = Box(x_mm=138, y_mm=93, w_mm=inner_right - 138, h_mm=inner_bottom - 93)
    slots = _row(top, Box(x_mm=MARGIN_MM, y_mm=11, w_mm=inner_right - MARGIN_MM, h_mm=DIGIT_H_MM))
    slots += _row(
        bottom,
        Box(x_mm=MARGIN_MM, y_mm=99, w_mm=box.x_mm - MARGIN_MM, h_mm=LETTER_H_MM),
    )
    return PlateLayout(
        spec=spec,
        slots=slots + _region(region, Box(x_mm=box.x_mm + 8, y_mm=97, w_mm=box.w_mm - 16, h_mm=44)),
        region_box=box,
        rus=Box(x_mm=box.x_mm + 18, y_mm=145, w_mm=42, h_mm=15),
        flag=Box(x_mm=box.x_mm + 72, y_mm=145, w_mm=26, h_mm=15),
        bolts_mm=((14.0, 48.0), (spec.width_mm - 14.0, 48.0)),
    )


def _row(chars: str, field: Box) -> tuple[Slot, ...]:
    """Centre the characters in the field, all on its lower edge; a wider gap where letters and digits meet."""
    widths = [DIGIT_W_MM if char in DIGITS else LETTER_W_MM for char in chars]
    gaps = [
        0.0,
        *(10.0 if (a in DIGITS) == (b in DIGITS) else 20.0 for a, b in pairwise(chars)),
    ]
    x_mm = field.x_mm + (field.w_mm - sum(widths) - sum(gaps)) / 2
    slots = []
    for char, w_mm, gap_mm in zip(chars, widths, gaps, strict=True):
        h_mm = DIGIT_H_MM if char in DIGITS else LETTER_H_MM
        x_mm += gap_mm
        slots.append(
            Slot(
                char=char,
                box=Box(x_mm=x_mm, y_mm=field.bottom_mm - h_mm, w_mm=w_mm, h_mm=h_mm),
            )
        )
        x_mm += w_mm
    return tuple(slots)


def _region(region: str, field: Box) -> tuple[Slot, ...]:
    """Centre the region digits in the field; they are as high as the field and 0.6 of that wide."""
    gap_mm = 7.0 if len(region) == 2 else 4.5
    w_mm = min(0.6 * field.h_mm, (field.w_mm - gap_mm * (len(region) - 1)) / len(region))
    start_mm = field.x_mm + (field.w_mm - w_mm * len(region) - gap_mm * (len(region) - 1)) / 2
    return tuple(
        Slot(
            char=char,
            box=Box(
                x_mm=start_mm + i * (w_mm + gap_mm),
                y_mm=field.y_mm,
                w_mm=w_mm,
                h_mm=field.h_mm,
            ),
        )
        for i, char in enumerate(region)
    )

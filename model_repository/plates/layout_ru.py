"""Russian plates after GOST R 50577-2018 (with the sizes of 1993 where both are in the streets).

Rules of this file: pure geometry. Types by the standard's numbers: 1, 1A, 1B, 2, 3, 4, 5, 6, 9, 10, 15, 19, 20, 21,
22, and the classic (K) and sports (C) series of 2019. Mopeds (4B) are missing: their series could not be sourced.
"""

from typing import Final

from model_repository.plates.errors import PlateTextError
from model_repository.plates.grammar import PATTERNS, fits_kind
from model_repository.plates.layout import (
    BLACK,
    BLUE,
    RED,
    WHITE,
    YELLOW,
    Box,
    Lettering,
    PlateLayout,
    PlateSpec,
    Slot,
    Type,
    row_of,
)

MARGIN_MM: Final = 6.0
"""From the plate's edge to the inside of the printed border."""
REGION_H_MM: Final = 58.0
_SIZES: Final = Type()
_DIGIT_ROWS: Final = Type(letter_h_mm=58.0, letter_w_mm=44.0)

type_of_kind: Final[dict[str, str]] = {
    "private": "1",
    "private_two_row": "1A",
    "taxi": "1B",
    "trailer": "2",
    "tractor": "3",
    "motorcycle": "4",
    "military": "5",
    "military_trailer": "6",
    "diplomatic_head": "9",
    "diplomatic": "10",
    "technical": "10",
    "transit": "15",
    "exit": "19",
    "police": "20",
    "police_trailer": "21",
    "police_motorcycle": "22",
    "classic": "classic",
    "sport": "sport",
}


def _spec(kind: str, size: tuple[float, float] = (520, 112), **more: object) -> PlateSpec:
    return PlateSpec(kind=kind, width_mm=size[0], height_mm=size[1], **more)  # type: ignore[arg-type]


SPECS: Final[dict[str, PlateSpec]] = {
    spec.kind: spec
    for spec in (
        _spec("private"),
        _spec("private_two_row", (290, 170), rows=2),
        _spec("taxi", paper=YELLOW),
        _spec("trailer"),
        _spec("police", paper=BLUE, ink=WHITE),
        _spec("motorcycle", (190, 145), rows=2),
        _spec("tractor", (288, 206), rows=2),
        _spec("military", paper=BLACK, ink=WHITE),
        _spec("military_trailer", paper=BLACK, ink=WHITE),
        _spec("transit"),
        _spec("exit"),
        _spec("diplomatic_head", paper=RED, ink=WHITE),
        _spec("diplomatic", paper=RED, ink=WHITE),
        _spec("technical", paper=RED, ink=WHITE),
        _spec("police_trailer", paper=BLUE, ink=WHITE),
        _spec("police_motorcycle", (190, 145), paper=BLUE, ink=WHITE, rows=2),
        _spec("classic"),
        _spec("sport"),
    )
}
SCENE_KINDS: Final = ("private", "private_two_row", "taxi", "trailer", "police")
"""What rendered scenes draw from when nothing else is asked for."""
_FLAGLESS: Final = frozenset(SPECS) - {"private", "private_two_row", "taxi", "trailer", "classic", "sport"}


def layout_ru(kind: str, text: str) -> PlateLayout:
    """Lay the latin text out on a plate of that kind.

    Raises PlateTextError when the text does not fit the kind.
    """
    if kind not in SPECS or not fits_kind(text, kind):
        raise PlateTextError(text, kind, PATTERNS.get(kind, "a known kind"))
    return _two_rows(SPECS[kind], text) if SPECS[kind].rows == 2 else _one_row(SPECS[kind], text)


def _one_row(spec: PlateSpec, text: str) -> PlateLayout:
    serial_len = len(PATTERNS[spec.kind])
    serial, region = text[:serial_len], text[serial_len:]
    wide = len(region) > 2
    field_right = 380.0 if wide else 398.0
    inner_right, inner_bottom = spec.width_mm - MARGIN_MM, spec.height_mm - MARGIN_MM
    box = Box(x_mm=field_right, y_mm=MARGIN_MM, w_mm=inner_right - field_right, h_mm=inner_bottom - MARGIN_MM)
    slots, lines = _serial(spec.kind, serial, field_right)
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
        lines=((box.x_mm, box.y_mm, box.x_mm, box.bottom_mm), *lines),
        lettering=(Lettering(text="RUS", box=Box(x_mm=box.x_mm + 10, y_mm=79, w_mm=48, h_mm=18)),),
        flag=None if spec.kind in _FLAGLESS else Box(x_mm=box.x_mm + 66, y_mm=79, w_mm=30, h_mm=18),
        bolts_mm=bolts,
    )


def _serial(
    kind: str, serial: str, right_mm: float
) -> tuple[tuple[Slot, ...], tuple[tuple[float, float, float, float], ...]]:
    """The large characters; a classic or sports car's first letter stands in a field of its own."""
    field = Box(x_mm=MARGIN_MM + 4, y_mm=18, w_mm=right_mm - MARGIN_MM - 8, h_mm=76.0)
    if kind not in ("classic", "sport"):
        return row_of(serial, field, _SIZES), ()
    cut_mm = 76.0
    first = row_of(serial[0], Box(x_mm=MARGIN_MM + 8, y_mm=18, w_mm=cut_mm - MARGIN_MM - 12, h_mm=76.0), _SIZES)
    rest = row_of(serial[1:], Box(x_mm=cut_mm + 4, y_mm=18, w_mm=right_mm - cut_mm - 8, h_mm=76.0), _SIZES)
    return first + rest, ((cut_mm, MARGIN_MM, cut_mm, 112 - MARGIN_MM),)


def _two_rows(spec: PlateSpec, text: str) -> PlateLayout:
    """Four characters above; the others below on the left, the region in its box on the right."""
    serial_len = len(PATTERNS[spec.kind])
    top, bottom, region = text[:4], text[4:serial_len], text[serial_len:]
    scale = spec.width_mm / 290
    high_mm, inset_mm = spec.height_mm / 170, MARGIN_MM
    right_mm, bottom_mm = spec.width_mm - inset_mm, spec.height_mm - inset_mm
    box_x_mm = 138 * scale
    box = Box(x_mm=box_x_mm, y_mm=93 * high_mm, w_mm=right_mm - box_x_mm, h_mm=bottom_mm - 93 * high_mm)
    sizes = (_SIZES if spec.kind == "private_two_row" else _DIGIT_ROWS).scaled(min(scale, high_mm))
    upper = Box(x_mm=inset_mm, y_mm=11 * high_mm, w_mm=right_mm - inset_mm, h_mm=76 * high_mm)
    lower = Box(x_mm=inset_mm, y_mm=99 * high_mm, w_mm=box.x_mm - inset_mm, h_mm=58 * high_mm)
    digits = Box(x_mm=box.x_mm + 8 * scale, y_mm=97 * high_mm, w_mm=box.w_mm - 16 * scale, h_mm=44 * high_mm)
    rus = Box(x_mm=box.x_mm + 18 * scale, y_mm=145 * high_mm, w_mm=42 * scale, h_mm=15 * high_mm)
    flag = Box(x_mm=box.x_mm + 72 * scale, y_mm=145 * high_mm, w_mm=26 * scale, h_mm=15 * high_mm)
    return PlateLayout(
        spec=spec,
        slots=row_of(top, upper, sizes) + row_of(bottom, lower, sizes) + _region(region, digits),
        region_box=box,
        lines=((box.x_mm, box.y_mm, box.x_mm, box.bottom_mm), (box.x_mm, box.y_mm, right_mm, box.y_mm)),
        lettering=(Lettering(text="RUS", box=rus),),
        flag=None if spec.kind in _FLAGLESS else flag,
        bolts_mm=((14.0, 48.0 * high_mm), (spec.width_mm - 14.0, 48.0 * high_mm)),
    )


def _region(region: str, field: Box) -> tuple[Slot, ...]:
    """Centre the region digits in the field; they are as high as the field and 0.6 of that wide."""
    gap_mm = (7.0 if len(region) == 2 else 4.5) * min(1.0, field.w_mm / 86)
    w_mm = min(0.6 * field.h_mm, (field.w_mm - gap_mm * (len(region) - 1)) / len(region))
    start_mm = field.x_mm + (field.w_mm - w_mm * len(region) - gap_mm * (len(region) - 1)) / 2
    return tuple(
        Slot(
            char=char,
            box=Box(x_mm=start_mm + i * (w_mm + gap_mm), y_mm=field.y_mm, w_mm=w_mm, h_mm=field.h_mm),
            glyph=char,
        )
        for i, char in enumerate(region)
    )

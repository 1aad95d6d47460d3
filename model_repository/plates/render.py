"""Clean frontal pictures of plates: a texture for scenes, and the base of all training pictures.

Rules of this file: pure (randomness comes in as a Generator), numpy and cv2 drawing only, no font file.  Without a
generator the picture is the standard look; with one, the pen, the glyph variants, the places and the colours vary
within what is seen in streets.
"""

from collections.abc import Callable, Sequence
from typing import Final

import cv2
import msgspec
import numpy as np
import numpy.typing as npt

from model_repository.plates.glyphs import GLYPHS, glyph_mask
from model_repository.plates.grammar import DIGITS, PATTERNS, REGION_CODES, allowed
from model_repository.plates.layout import BLACK, Box, Colour, Lettering, Patch, PlateLayout, Slot
from model_repository.plates.layout_foreign import Variation, layout_foreign
from model_repository.plates.layout_ru import SCENE_KINDS, SPECS, layout_ru

Image = npt.NDArray[np.uint8]
GlyphSource = Callable[[str, tuple[int, int]], Image]
"""(glyph, (w px, h px)) -> ink coverage, uint8 [h, w]; glyphs are named as in `glyphs.GLYPHS`."""

_REGIONS: Final = tuple(sorted(REGION_CODES))
_BUSY_REGIONS: Final = (
    "77",
    "97",
    "99",
    "177",
    "197",
    "199",
    "777",
    "797",
    "799",
    "977",
    "50",
    "90",
    "150",
    "190",
    "750",
    "78",
    "98",
    "178",
)


class Plate(msgspec.Struct, frozen=True, kw_only=True):
    """One plate: its kind (a Russian kind, or a country of `nations`) and its text in the network's (latin) spelling.

    Foreign ones also have the pattern that they were written by and how they depart from their family.
    """

    kind: str
    text_latin: str
    pattern: str = ""
    variation: Variation = Variation()


class PlateStyle(msgspec.Struct, frozen=True, kw_only=True):
    """How one plate departs from the standard; millimetres, or fractions where no unit is named."""

    pen_mm: float = 10.5
    radius: float = 0.42
    variants: tuple[int, ...] = (0,) * len(GLYPHS)
    shift_mm: tuple[float, float] = (0.0, 0.0)
    jitter_mm: float = 0.0
    width_scale: float = 1.0
    border_mm: float = 3.0
    paper: Colour | None = None
    ink: Colour | None = None
    flag: bool = True
    bolts: bool = False
    bolt_shade: int = 150


STANDARD: Final = PlateStyle()


def random_plate(rng: np.random.Generator, kinds: Sequence[str] = SCENE_KINDS) -> Plate:
    """Draw a Russian plate of one of the kinds: all characters alike likely.

    A third of the regions is taken from the most populous.
    """
    kind = kinds[int(rng.integers(len(kinds)))]
    region = str(rng.choice(_BUSY_REGIONS if rng.random() < 0.3 else _REGIONS))
    while True:
        serial = "".join(str(rng.choice(list(allowed(slot)))) for slot in PATTERNS[kind])
        if set(serial) & set(DIGITS) != {"0"}:
            return Plate(kind=kind, text_latin=serial + region)


def random_style(rng: np.random.Generator, *, coloured: bool = False) -> PlateStyle:
    """Draw a look: pen 7.6 to 12.6 mm, glyph variants, small shifts, dirty or grey paper."""
    grey = int(rng.integers(16, 70))
    tint = rng.integers(-10, 11, 3)
    paper = None
    if not coloured and rng.random() < 0.5:
        shade = int(rng.integers(180, 251))
        paper = (
            int(np.clip(shade + tint[0], 0, 255)),
            int(np.clip(shade + tint[1], 0, 255)),
            shade,
        )
    return PlateStyle(
        pen_mm=float(rng.uniform(7.6, 12.6)),
        radius=float(rng.uniform(0.2, 0.5)),
        variants=tuple(int(value) for value in rng.integers(0, 3, len(GLYPHS)) * (rng.random(len(GLYPHS)) < 0.6)),
        shift_mm=(float(rng.uniform(-4, 4)), float(rng.uniform(-4, 4))),
        jitter_mm=float(rng.uniform(0, 1.5)),
        width_scale=float(rng.uniform(0.9, 1.08)),
        border_mm=float(rng.uniform(1.5, 4.5)) * float(rng.random() < 0.9),
        paper=paper if rng.random() < 0.5 else None,
        ink=None if coloured else (grey, grey, grey),
        flag=bool(rng.random() < 0.85),
        bolts=bool(rng.random() < 0.6),
        bolt_shade=int(rng.integers(20, 220)),
    )


def render_plate(plate: Plate, rng: np.random.Generator | None = None, width_px: int = 520) -> Image:
    """Draw the plate: uint8 BGR [h, width_px, 3], frontal, clean, filling the whole picture.

    With `rng` the look is drawn by `random_style`. Raises PlateTextError when the text does not fit the kind.
    """
    style = STANDARD if rng is None else random_style(rng, coloured=is_coloured(plate))
    return render_styled(plate, style, width_px, rng=rng)


def render_styled(
    plate: Plate,
    style: PlateStyle,
    width_px: int = 520,
    *,
    rng: np.random.Generator | None = None,
    glyphs: GlyphSource | None = None,
) -> Image:
    """Draw the plate in a given style; `glyphs` replaces the pen strokes of the large characters."""
    layout = layout_of(plate)
    canvas = _Canvas(layout, style, max(1.0, width_px / layout.spec.width_mm))
    canvas.draw_patches()
    canvas.draw_frame()
    source = glyphs or canvas.pen_glyph
    for slot in layout.slots:
        canvas.draw_slot(_jittered(slot, style, rng), source)
    canvas.draw_rest()
    if style.bolts:
        canvas.draw_bolts()
    height_px = round(width_px * layout.spec.height_mm / layout.spec.width_mm)
    return np.asarray(
        cv2.resize(canvas.image, (width_px, height_px), interpolation=cv2.INTER_AREA),
        np.uint8,
    )


def is_coloured(plate: Plate) -> bool:
    """Whether the kind asks for colours of its own: these are not varied."""
    ink = plate.variation.ink if plate.pattern else SPECS[plate.kind].ink
    return ink != BLACK


def layout_of(plate: Plate) -> PlateLayout:
    """Lay the plate out. Raises PlateTextError when the text does not fit its kind or pattern."""
    if plate.pattern:
        return layout_foreign(plate.kind, plate.text_latin, plate.pattern, plate.variation)
    return layout_ru(plate.kind, plate.text_latin)


def _jittered(slot: Slot, style: PlateStyle, rng: np.random.Generator | None) -> Slot:
    """Move a character by the plate's shift and its own jitter, and scale its width about its centre."""
    dx_mm, dy_mm = style.shift_mm
    if rng is not None and style.jitter_mm:
        own = rng.normal(0, style.jitter_mm, 2)
        dx_mm, dy_mm = dx_mm + float(own[0]), dy_mm + 0.5 * float(own[1])
    box = slot.box
    w_mm = box.w_mm * style.width_scale
    moved = Box(
        x_mm=box.x_mm + dx_mm + (box.w_mm - w_mm) / 2,
        y_mm=box.y_mm + dy_mm,
        w_mm=w_mm,
        h_mm=box.h_mm,
    )
    return Slot(char=slot.char, box=moved, glyph=slot.glyph)


class _Canvas:
    """A picture in progress; it lives for one plate."""

    def __init__(self, layout: PlateLayout, style: PlateStyle, px_per_mm: float) -> None:
        self.layout = layout
        self.style = style
        self.scale = px_per_mm
        self.paper = style.paper or layout.spec.paper
        self.ink = style.ink or layout.spec.ink
        size = (
            round(layout.spec.height_mm * px_per_mm),
            round(layout.spec.width_mm * px_per_mm),
            3,
        )
        self.image = np.full(size, self.paper, np.uint8)

    def pen_glyph(self, char: str, size_px: tuple[int, int]) -> Image:
        """The stroke glyph in this style; smaller characters (region digits) get a thinner pen, as printed."""
        pen_px = self.style.pen_mm * self.scale * (0.4 + 0.6 * min(1.0, size_px[0] / (44.0 * self.scale)))
        variant = self.style.variants[_ORDER[char]]
        # Rounded so that the cache of glyphs serves many plates.
        pen, radius = (
            round(pen_px / size_px[1] * 64) / 64,
            round(self.style.radius * 10) / 10,
        )
        return glyph_mask(char, size_px, pen, radius, variant)

    def draw_slot(self, slot: Slot, source: GlyphSource) -> None:
        """Ink one character."""
        box = slot.box
        size = (
            max(2, round(box.w_mm * self.scale)),
            max(3, round(box.h_mm * self.scale)),
        )
        self._ink(
            source(slot.glyph, size),
            round(box.x_mm * self.scale),
            round(box.y_mm * self.scale),
        )

    def draw_frame(self) -> None:
        """The printed border and the lines of the region box."""
        width_px = round(self.style.border_mm * self.scale)
        if width_px < 1:
            return
        spec = self.layout.spec
        outer = Box(x_mm=4.5, y_mm=4.5, w_mm=spec.width_mm - 9, h_mm=spec.height_mm - 9)
        left, top, right, bottom = self._corners(outer)
        inset_px = round(9 * self.scale)
        corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
        steps = [(1, 1), (-1, 1), (-1, -1), (1, -1)]
        outline = [
            (x + sx * dx * inset_px, y + sy * dy * inset_px)
            for (x, y), (sx, sy), ends in zip(corners, steps, _CUTS, strict=True)
            for dx, dy in ends
        ]
        cv2.polylines(
            self.image,
            [np.array(outline, np.int32)],
            isClosed=True,
            color=self.ink,
            thickness=width_px,
            lineType=cv2.LINE_AA,
        )
        for line in self.layout.lines:
            x1, y1, x2, y2 = (round(value * self.scale) for value in line)
            cv2.line(self.image, (x1, y1), (x2, y2), self.ink, width_px, cv2.LINE_AA)

    def draw_patches(self) -> None:
        """Bands, emblems, hyphens: below the characters."""
        for patch in self.layout.patches:
            self._fill(patch)

    def draw_rest(self) -> None:
        """Small print, and the flag below the region digits."""
        for lettering in self.layout.lettering:
            self._letter(lettering)
        flag = self.layout.flag
        if flag is None or not self.style.flag:
            return
        left, top, right, bottom = self._corners(flag)
        for index, colour in enumerate(((236, 236, 236), (170, 60, 20), (40, 30, 200))):
            y_from, y_to = (top + round((bottom - top) * part / 3) for part in (index, index + 1))
            self.image[y_from:y_to, left:right] = colour
        cv2.rectangle(self.image, (left, top), (right, bottom), self.ink, max(1, round(0.6 * self.scale)))

    def _letter(self, lettering: Lettering) -> None:
        box = lettering.box
        pitch_mm = box.w_mm / max(1, len(lettering.text))
        size = (max(2, round(pitch_mm * 0.72 * self.scale)), max(3, round(box.h_mm * self.scale)))
        for index, char in enumerate(lettering.text):
            if char in GLYPHS:
                left_px = round((box.x_mm + index * pitch_mm) * self.scale)
                mask = glyph_mask("y" if char == "Y" else char, size, 0.18, 0.4, 0)
                self._ink(mask, left_px, round(box.y_mm * self.scale), lettering.colour)

    def _fill(self, patch: Patch) -> None:
        left, top, right, bottom = self._corners(patch.box)
        colour = patch.colour or self.ink
        if outline := _OUTLINES.get(patch.shape):
            points = np.array(outline) * [right - left, bottom - top] + [left, top]
            cv2.fillPoly(self.image, [np.round(points).astype(np.int32)], colour, cv2.LINE_AA)
        elif patch.shape == "round":
            centre = ((left + right) // 2, (top + bottom) // 2)
            axes = (max(1, (right - left) // 2), max(1, (bottom - top) // 2))
            cv2.ellipse(self.image, centre, axes, 0, 0, 360, colour, -1, cv2.LINE_AA)
        else:
            cv2.rectangle(self.image, (left, top), (max(left, right - 1), max(top, bottom - 1)), colour, -1)

    def draw_bolts(self) -> None:
        """Two bolt heads, never on a character."""
        shade = self.style.bolt_shade
        for x_mm, y_mm in self.layout.bolts_mm:
            centre = (round(x_mm * self.scale), round(y_mm * self.scale))
            cv2.circle(
                self.image,
                centre,
                max(1, round(4.5 * self.scale)),
                (shade, shade, shade),
                -1,
                cv2.LINE_AA,
            )

    def _ink(self, mask: Image, left_px: int, top_px: int, colour: Colour | None = None) -> None:
        """Blend ink through a mask, cut at the picture's edge."""
        x_from, y_from = max(0, left_px), max(0, top_px)
        ink = np.array(colour or self.ink, np.uint16)
        target = self.image[y_from : top_px + mask.shape[0], x_from : left_px + mask.shape[1]]
        cut = mask[y_from - top_px :, x_from - left_px :][: target.shape[0], : target.shape[1]]
        alpha = cut[..., None].astype(np.uint16)
        target[:] = ((target * (255 - alpha) + ink * alpha) // 255).astype(np.uint8)

    def _corners(self, box: Box) -> tuple[int, int, int, int]:
        """Left, top, right, bottom in pixels."""
        return (
            round(box.x_mm * self.scale),
            round(box.y_mm * self.scale),
            round(box.right_mm * self.scale),
            round(box.bottom_mm * self.scale),
        )


_OUTLINES: Final[dict[str, tuple[tuple[float, float], ...]]] = {
    "shield": ((0, 0), (1, 0), (1, 0.55), (0.8, 0.82), (0.5, 1), (0.2, 0.82), (0, 0.55)),
    "octagon": ((0.3, 0), (0.7, 0), (1, 0.3), (1, 0.7), (0.7, 1), (0.3, 1), (0, 0.7), (0, 0.3)),
}
"""Corners in the unit box."""
_ORDER: Final = {char: index for index, char in enumerate(GLYPHS)}
# Each corner of the border is cut by two points, in the order in which the outline passes them.
_CUTS: Final = (((0, 1), (1, 0)), ((1, 0), (0, 1)), ((0, 1), (1, 0)), ((1, 0), (0, 1)))

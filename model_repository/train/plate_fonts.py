"""Fonts of the machine as further shapes of the plate characters, for variety in training.

Nothing depends on a font being there: `fonts` returns what it finds, perhaps nothing. Debian has all of them
(fonts-roboto, fonts-liberation, fonts-open-sans, fonts-freefont-otf, fonts-urw-base35, fonts-b612, fonts-lato,
fonts-bebas-neue, fonts-osifont, fonts-yanone-kaffeesatz, fonts-play, fonts-routed-gothic, fonts-oxygen, fonts-dosis,
fonts-cantarell, fonts-league-mono, fonts-adf-universalis, fonts-adf-gillius, fonts-jetbrains-mono).
"""

from functools import lru_cache
from pathlib import Path
from typing import Final

import cv2
import msgspec
import numpy as np
import numpy.typing as npt

from model_repository.plates.grammar import ALPHABET
from model_repository.plates.render import GlyphSource

Mask = npt.NDArray[np.uint8]

_NAMES: Final = (
    "RobotoCondensed-Bold", "LiberationSansNarrow-Bold", "DejaVuSansCondensed-Bold", "DejaVuSans-Bold", "FreeSansBold",
    "OpenSans-CondBold", "OpenSans-Semibold", "LiberationSans-Bold", "OSP-DIN", "Roboto-Medium", "Roboto-Bold",
    "RobotoCondensed-Medium", "NimbusSans-Bold", "NimbusSansNarrow-Bold", "B612-Bold", "B612Mono-Bold", "Lato-Bold",
    "Lato-Heavy", "BebasNeue-Bold", "BebasNeue-Regular", "osifont", "YanoneKaffeesatz-Bold", "Play-Bold",
    "routed-gothic", "Oxygen-Sans-Bold", "Dosis-Bold", "Cantarell-Bold", "LeagueMono-NarrowBold",
    "LeagueMono-CondensedBold", "UniversalisADFStd-BoldCond", "UniversalisADFStd-Bold", "GilliusADF-BoldCond",
    "JetBrainsMono-Bold", "DejaVuSansMono-Bold", "LiberationMono-Bold", "Comfortaa-Bold",
)  # fmt: skip
_THIN: Final = ("osifont", "routed-gothic", "Comfortaa-Bold", "Dosis-Bold")
"""Drawn with a wider line."""
_LATIN_ONLY: Final = (
    "B612Mono-Bold", "JetBrainsMono-Bold", "LeagueMono-CondensedBold", "LeagueMono-NarrowBold", "GilliusADF-BoldCond",
    "UniversalisADFStd-Bold", "UniversalisADFStd-BoldCond", "BebasNeue-Bold", "Comfortaa-Bold",
)  # fmt: skip
"""Without a У of their own, or too far from what Russian plates carry."""
_DIRS: Final = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))
_NARROW: Final = frozenset("1IJ")


class Font(msgspec.Struct, frozen=True, kw_only=True):
    """The glyphs of one font; `cyrillic` says that it has the letter У of Russian plates."""

    name: str
    glyph: GlyphSource
    cyrillic: bool


def fonts() -> list[Font]:
    """Return the fonts found on this machine, each once."""
    paths = {path.stem: path for folder in _DIRS for path in sorted(folder.rglob("*.?tf")) if path.stem in _NAMES}
    return [font for _, path in sorted(paths.items()) if (font := _load(path))]


def _load(path: Path) -> Font | None:
    """Draw all characters once; None for a font that lacks one."""
    face = cv2.FontFace(str(path))
    thicken = 7 if path.stem in _THIN else 0
    masters = {char: _trim(_draw(face, char, thicken)) for char in ALPHABET if char != "Y"}
    masters |= {"y": _trim(_draw(face, "Y", thicken)), "Y": _trim(_draw(face, "У", thicken))}
    if any(mask.size == 0 for char, mask in masters.items() if char != "Y"):
        return None

    @lru_cache(maxsize=1024)
    def glyph(char: str, size_px: tuple[int, int]) -> Mask:
        return _stretch(masters[char], size_px, narrow=char in _NARROW)

    return Font(name=path.stem, glyph=glyph, cyrillic=path.stem not in _LATIN_ONLY)


def _draw(face: cv2.FontFace, char: str, thicken: int) -> Mask:
    canvas = np.zeros((230, 300, 3), np.uint8)
    cv2.putText(canvas, char, (60, 180), (255, 255, 255), face, 150)
    mask = np.asarray(canvas[..., 0])
    return mask if not thicken else np.asarray(cv2.dilate(mask, np.ones((thicken, thicken), np.uint8)), np.uint8)


def _trim(mask: Mask) -> Mask:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if rows.size == 0:
        return np.zeros((0, 0), np.uint8)
    return mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _stretch(master: Mask, size_px: tuple[int, int], *, narrow: bool) -> Mask:
    """Fill the slot; a narrow character keeps about its own proportions, right of the middle."""
    w_px, h_px = size_px
    if not narrow:
        return np.asarray(cv2.resize(master, size_px, interpolation=cv2.INTER_AREA), np.uint8)
    own_w_px = min(w_px, max(2, round(h_px * master.shape[1] / master.shape[0] * 0.9)))
    out = np.zeros((h_px, w_px), np.uint8)
    left = round((w_px - own_w_px) * 0.55)
    out[:, left : left + own_w_px] = cv2.resize(master, (own_w_px, h_px), interpolation=cv2.INTER_AREA)
    return out


def reweighted(source: GlyphSource, step_px: int) -> GlyphSource:
    """The same font in a lighter (-1) or heavier (1) weight: one pixel less or more on every side of a stroke."""

    def glyph(char: str, size_px: tuple[int, int]) -> Mask:
        change = cv2.erode if step_px < 0 else cv2.dilate
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
        return np.asarray(change(source(char, size_px), kernel, borderType=cv2.BORDER_REPLICATE), np.uint8)

    return glyph


def twinned(source: GlyphSource, shape: str) -> GlyphSource:
    """The same font with one shape, "O" or "0", for both: on many countries' plates only the place tells them apart."""

    def glyph(char: str, size_px: tuple[int, int]) -> Mask:
        return source(shape if char in "O0" else char, size_px)

    return glyph

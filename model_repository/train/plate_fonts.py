"""Bold fonts of the machine as further shapes of the plate characters, for variety in training.

Nothing depends on a font being there: `font_sources` returns what it finds, perhaps nothing.
"""

from functools import lru_cache
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from model_repository.plates.grammar import ALPHABET, to_cyrillic
from model_repository.plates.render import GlyphSource

Mask = npt.NDArray[np.uint8]

_FONT_NAMES: Final = (
    "RobotoCondensed-Bold", "LiberationSansNarrow-Bold", "DejaVuSansCondensed-Bold", "DejaVuSans-Bold", "FreeSansBold",
    "OpenSans-CondBold", "OpenSans-Semibold", "LiberationSans-Bold", "OSP-DIN", "Roboto-Medium",
)  # fmt: skip
_FONT_DIRS: Final = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))


def font_sources() -> list[GlyphSource]:
    """Return one glyph source per font found on this machine."""
    paths = [path for folder in _FONT_DIRS for path in folder.rglob("*.?tf") if path.stem in _FONT_NAMES]
    return [source for source in map(_source_of, sorted(paths)) if source]


def _source_of(path: Path) -> GlyphSource | None:
    """Draw all characters once; a font without Cyrillic У is left out."""
    face = cv2.FontFace(str(path))
    masters = {char: _trim(_draw(face, to_cyrillic(char) if char == "Y" else char)) for char in ALPHABET}
    if any(mask.size == 0 for mask in masters.values()):
        return None

    @lru_cache(maxsize=512)
    def glyph(char: str, size_px: tuple[int, int]) -> Mask:
        return _stretch(masters[char], size_px, narrow=char == "1")

    return glyph


def _draw(face: cv2.FontFace, char: str) -> Mask:
    canvas = np.zeros((220, 260, 3), np.uint8)
    cv2.putText(canvas, char, (50, 170), (255, 255, 255), face, 150)
    return np.asarray(canvas[..., 0])


def _trim(mask: Mask) -> Mask:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if rows.size == 0:
        return np.zeros((0, 0), np.uint8)
    return mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _stretch(master: Mask, size_px: tuple[int, int], *, narrow: bool) -> Mask:
    """Fill the slot; the digit one keeps about its own proportions, right of the middle."""
    w_px, h_px = size_px
    if not narrow:
        return np.asarray(cv2.resize(master, size_px, interpolation=cv2.INTER_AREA), np.uint8)
    own_w_px = min(w_px, max(2, round(h_px * master.shape[1] / master.shape[0] * 0.9)))
    out = np.zeros((h_px, w_px), np.uint8)
    left = round((w_px - own_w_px) * 0.6)
    out[:, left : left + own_w_px] = cv2.resize(master, (own_w_px, h_px), interpolation=cv2.INTER_AREA)
    return out

"""A time code for every frame, for people and for machines. Pure: numpy only.

In the upper left corner stands the clip's time as mm:ss.mmm and below it a row of squares: one white and one black for
reference, sixteen bits of the frame number (most significant first, white = 1) and an odd parity bit. Squares are 14 px
wide in a picture of 1280 px, so that they survive H.264 and a halving of the size.
"""

import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]
WIDTH_PX = 1280
BITS = 16
FRAMES_MAX = 1 << BITS
_LEFT, _TOP, _CELL, _SCALE = 8, 8, 14, 3
_ROW_TOP = _TOP + 7 * _SCALE + 12
_CELLS = 2 + BITS + 1
_GLYPHS = {
    "0": "01110 10001 10011 10101 11001 10001 01110", "1": "00100 01100 00100 00100 00100 00100 01110",
    "2": "01110 10001 00001 00110 01000 10000 11111", "3": "11111 00010 00100 00010 00001 10001 01110",
    "4": "00010 00110 01010 10010 11111 00010 00010", "5": "11111 10000 11110 00001 00001 10001 01110",
    "6": "00110 01000 10000 11110 10001 10001 01110", "7": "11111 00001 00010 00100 01000 01000 01000",
    "8": "01110 10001 10001 01110 10001 10001 01110", "9": "01110 10001 10001 01111 00001 00010 01100",
    ":": "00000 00100 00100 00000 00100 00100 00000", ".": "00000 00000 00000 00000 00000 01100 01100",
}  # fmt: skip


def clock(frame: int, fps: float = 25.0) -> str:
    """Clip time of a frame as mm:ss.mmm."""
    ms = round(frame * 1000 / fps)
    return f"{ms // 60000:02d}:{ms // 1000 % 60:02d}.{ms % 1000:03d}"


def draw(frame: Image, n: int, fps: float = 25.0) -> None:
    """Burn frame number n into a BGR or grey picture 1280 px wide, in place. n runs modulo 65536."""
    height = _ROW_TOP + _CELL + 6
    frame[0:height, 0 : 2 * _LEFT + _CELLS * _CELL] = 0
    for k, char in enumerate(clock(n, fps)):
        rows = [[int(bit) for bit in row] for row in _GLYPHS[char].split()]
        glyph = np.kron(np.array(rows, np.uint8), np.ones((_SCALE, _SCALE), np.uint8)) * 235
        x = _LEFT + k * 6 * _SCALE
        window = frame[_TOP : _TOP + glyph.shape[0], x : x + glyph.shape[1]]
        window[...] = glyph if frame.ndim == 2 else glyph[..., None]
    for k, white in enumerate(_cells(n % FRAMES_MAX)):
        if white:
            x = _LEFT + k * _CELL
            frame[_ROW_TOP : _ROW_TOP + _CELL, x : x + _CELL] = 235


def _cells(n: int) -> list[bool]:
    bits = [bool(n >> k & 1) for k in range(BITS - 1, -1, -1)]
    return [True, False, *bits, sum(bits) % 2 == 0]


def read(picture: Image) -> int | None:
    """Frame number burnt into a luma (H, W) or BGR (H, W, 3) picture of any size, or None if there is none."""
    luma = picture if picture.ndim == 2 else picture[..., 1]
    k = luma.shape[1] / WIDTH_PX
    if (_ROW_TOP + _CELL) * k >= luma.shape[0]:
        return None
    y0, y1 = round((_ROW_TOP + 4) * k), max(round((_ROW_TOP + 10) * k), round((_ROW_TOP + 4) * k) + 1)
    levels = []
    for cell in range(_CELLS):
        x = (_LEFT + cell * _CELL) * k
        x0 = round(x + 4 * k)
        levels.append(float(luma[y0:y1, x0 : max(round(x + 10 * k), x0 + 1)].mean()))
    white, black = levels[0], levels[1]
    if white - black < 60:
        return None
    bits = [level > (white + black) / 2 for level in levels[2:]]
    if sum(bits) % 2 == 0:
        return None
    return int("".join("1" if bit else "0" for bit in bits[:BITS]), 2)

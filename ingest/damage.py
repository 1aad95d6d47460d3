"""Which decoded pictures are whole: a broken one breaks all that are built on it. Pure: no I/O, no clock.

Rules
- A picture that the decoder marked, or before which something is missing, is broken, and so are those after it up to
  the next key frame: predicted from what is wrong, they are smeared, though the decoder calls them good.
- Where a stream has no key frames (intra refresh) pictures count as whole again after `REFRESH_US`.
- H.264 numbers its reference pictures (`frame_num`, ITU-T H.264 7.4.3): a hole in the numbers is a lost reference,
  however it was lost. H.265 has no such counter; there libav gives no picture that lacks a reference.
"""

from __future__ import annotations

import msgspec

REFRESH_US = 10_000_000
_SLICE, _IDR, _SPS = 1, 5, 7
_HIGH_PROFILES = frozenset({44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244})
HEADER_BYTES = 64
"""Enough of a NAL unit for what is read of it."""


class Meter(msgspec.Struct, kw_only=True):
    """What a connection has seen so far; written by its thread."""

    octets: int = 0
    missed: int = 0
    """Packets or pictures that the stream's own counters say are missing."""
    errors: int = 0
    """Pictures that the decoder marked as broken, and packets that it could not decode."""
    waited_s: float = 0.0
    """Time spent waiting for packets."""


class Damage:
    """State of one connection."""

    def __init__(self) -> None:
        self._since_us: int | None = None

    def hurt(self, now_us: int) -> None:
        """Something is missing: what comes is broken."""
        if self._since_us is None:
            self._since_us = now_us

    def broken(self, *, corrupt: bool, key: bool, now_us: int) -> bool:
        """Whether a decoded picture is to be distrusted; once for each, in order."""
        if corrupt:
            self._since_us = now_us
        elif self._since_us is not None and (key or now_us - self._since_us >= REFRESH_US):
            self._since_us = None
        return self._since_us is not None


class FrameNumbers:
    """Follows the `frame_num` of an H.264 stream; feed it what the packets hold, in order of decoding."""

    def __init__(self) -> None:
        self._bits: int | None = None
        self._gaps_allowed = False
        self._before: int | None = None
        """Number of the last reference picture: the next one has the same or one more."""

    def missing(self, data: bytes) -> int:
        """How many reference pictures are missing before this one (Annex B, parameter sets or a picture)."""
        missing = 0
        for unit in _units(data):
            kind, reference = unit[0] & 31, bool(unit[0] & 96)
            if kind == _SPS:
                self._parameters(unit)
            elif kind in {_SLICE, _IDR} and self._bits is not None:
                return missing + self._slice(unit, idr=kind == _IDR, reference=reference)
        return missing

    def _parameters(self, unit: bytes) -> None:
        bits = _Bits(unit[1:])
        try:
            self._bits, self._gaps_allowed = _frame_num_bits(bits)
        except IndexError:
            self._bits = None

    def _slice(self, unit: bytes, *, idr: bool, reference: bool) -> int:
        assert self._bits is not None  # noqa: S101 - asked by the caller
        bits = _Bits(unit[1:])
        try:
            _ = bits.ue(), bits.ue(), bits.ue()  # first_mb_in_slice, slice_type, pic_parameter_set_id
            number = bits.u(self._bits)
        except IndexError:
            return 0
        before, size = self._before, 1 << self._bits
        if reference:
            self._before = number
        step = 0 if idr or before is None or self._gaps_allowed else (number - before) % size
        return step - 1 if 1 < step <= size // 2 else 0


def _frame_num_bits(bits: _Bits) -> tuple[int, bool]:
    """`log2_max_frame_num` and whether gaps are allowed, of a sequence parameter set (7.3.2.1.1)."""
    profile = bits.u(8)
    bits.u(16)
    bits.ue()
    if profile in _HIGH_PROFILES:
        if bits.ue() == 3:  # chroma_format_idc
            bits.u(1)
        _ = bits.ue(), bits.ue(), bits.u(1)
        if bits.u(1):
            raise IndexError  # scaling matrices are rare and long: such a stream is not followed
    width = bits.ue() + 4
    order = bits.ue()
    if order == 0:
        bits.ue()
    elif order == 1:
        _ = bits.u(1), bits.ue(), bits.ue()
        for _ in range(bits.ue()):
            bits.ue()
    bits.ue()
    return width, bool(bits.u(1))


class _Bits:
    """Reads bits and Exp-Golomb codes (9.1) of a NAL unit; raises `IndexError` at its end."""

    def __init__(self, payload: bytes) -> None:
        plain = payload[:HEADER_BYTES].replace(b"\x00\x00\x03", b"\x00\x00")
        self._value, self._left = int.from_bytes(plain, "big"), 8 * len(plain)

    def u(self, count: int) -> int:
        """Read `count` bits."""
        if count > self._left:
            raise IndexError
        self._left -= count
        return (self._value >> self._left) & ((1 << count) - 1)

    def ue(self) -> int:
        """Read an unsigned code."""
        zeros = 0
        while not self.u(1):
            zeros += 1
        return (1 << zeros) - 1 + self.u(zeros)


def _units(data: bytes) -> list[bytes]:
    """The first bytes of each NAL unit of an Annex B packet, up to and with its first picture."""
    found: list[bytes] = []
    at = data.find(b"\x00\x00\x01")
    while at >= 0 and at + 3 < len(data):
        found.append(data[at + 3 : at + 3 + HEADER_BYTES + 1])
        if found[-1][0] & 31 in {_SLICE, _IDR}:
            break
        at = data.find(b"\x00\x00\x01", at + 3)
    return found

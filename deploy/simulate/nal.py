"""NAL units of H.264 and H.265: finding them in a byte stream and telling parameter sets from the rest. Pure.

A NAL unit here is its bytes without start code. Types by ITU-T H.264 table 7-1 and H.265 table 7-1.
"""

from __future__ import annotations

import enum

import msgspec

_START = b"\x00\x00\x01"
_H264_SPS, _H264_PPS = 7, 8
_H265_VPS, _H265_SPS, _H265_PPS = 32, 33, 34


class Codec(enum.Enum):
    """The codecs that are served; values are libav's names."""

    H264 = "h264"
    H265 = "hevc"


def split_annex_b(data: bytes) -> tuple[bytes, ...]:
    """The NAL units of a byte stream with start codes (ITU-T H.264 annex B); bytes before the first one are ignored."""
    nals = []
    begin = data.find(_START)
    while begin >= 0:
        begin += len(_START)
        end = data.find(_START, begin)
        # A NAL unit never ends in a zero byte: trailing zeros belong to the next (four-byte) start code or are padding.
        nal = data[begin : end if end >= 0 else len(data)].rstrip(b"\x00")
        if nal:
            nals.append(nal)
        begin = end
    return tuple(nals)


def nal_type(codec: Codec, nal: bytes) -> int:
    """The type number in the header of a NAL unit."""
    return nal[0] & 0x1F if codec is Codec.H264 else (nal[0] >> 1) & 0x3F


class ParameterSets(msgspec.Struct, frozen=True, kw_only=True):
    """What a decoder must know before the first picture; `vps` is empty for H.264."""

    vps: tuple[bytes, ...] = ()
    sps: tuple[bytes, ...]
    pps: tuple[bytes, ...]

    @classmethod
    def found_in(cls, codec: Codec, nals: tuple[bytes, ...]) -> ParameterSets | None:
        """Those among the NAL units of one picture, or None if a kind is missing."""
        vps, sps, pps = (_of_type(codec, nals, number) for number in _set_types(codec))
        complete = sps and pps and (vps or codec is Codec.H264)
        return cls(vps=vps, sps=sps, pps=pps) if complete else None

    def in_order(self) -> tuple[bytes, ...]:
        """All of them in the order in which a decoder needs them."""
        return self.vps + self.sps + self.pps


def with_parameter_sets(codec: Codec, nals: tuple[bytes, ...], known: ParameterSets) -> tuple[bytes, ...]:
    """The NAL units of a keyframe with parameter sets in front, unless it carries its own."""
    return nals if ParameterSets.found_in(codec, nals) else known.in_order() + nals


def _set_types(codec: Codec) -> tuple[int, int, int]:
    return (-1, _H264_SPS, _H264_PPS) if codec is Codec.H264 else (_H265_VPS, _H265_SPS, _H265_PPS)


def _of_type(codec: Codec, nals: tuple[bytes, ...], number: int) -> tuple[bytes, ...]:
    return tuple(nal for nal in nals if nal_type(codec, nal) == number)

"""Edge to libav: reads a file once and gives its coded pictures, nothing decoded, nothing re-encoded.

Everything leaves here in ticks of the 90 kHz RTP clock, counted from the first shown picture, in decoding order, and
begins with a keyframe. What follows (packets, schedule, description) is pure.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import msgspec
from av.bitstream import BitStreamFilterContext
from av.video.stream import VideoStream

from deploy.simulate.errors import (
    CodecNotServedError,
    FileMissingError,
    NoKeyframeError,
    NotAVideoError,
    NoVideoTrackError,
)
from deploy.simulate.nal import Codec, ParameterSets, split_annex_b, with_parameter_sets
from deploy.simulate.schedule import TICKS_PER_S

_FILTERS = {Codec.H264: "h264_mp4toannexb", Codec.H265: "hevc_mp4toannexb"}
_FPS_UNKNOWN = Fraction(25)


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """One coded picture: its NAL units, when it is shown and when it is decoded (90 kHz ticks)."""

    nals: tuple[bytes, ...]
    pts_ticks: int
    dts_ticks: int
    keyframe: bool


class Clip(msgspec.Struct, frozen=True, kw_only=True):
    """A file as the simulator needs it; `duration_ticks` is the period of a loop."""

    path: Path
    codec: Codec
    width: int
    height: int
    fps: float
    duration_ticks: int
    parameter_sets: ParameterSets
    pictures: tuple[Picture, ...]


class _Coded(msgspec.Struct, frozen=True):
    """A packet of libav, already as Annex B: data, pts, dts, duration (of the stream's time base), keyframe."""

    data: bytes
    pts: int
    dts: int
    duration: int
    keyframe: bool


def load_clip(path: Path) -> Clip:
    """Read `path` whole; blocks for the time of reading. Raises SourceError in words."""
    if not path.is_file():
        raise FileMissingError(str(path))
    try:
        # A local file only: a playlist must not make libav open a web address.
        with av.open(str(path), options={"protocol_whitelist": "file"}) as container:
            if not container.streams.video:
                raise NoVideoTrackError(str(path))
            stream = container.streams.video[0]
            name = stream.codec_context.name
            if name not in {codec.value for codec in Codec}:
                raise CodecNotServedError(str(path), name)
            return _clip(path, stream, Codec(name), _demux(container, stream, Codec(name)))
    except (av.error.FFmpegError, UnicodeDecodeError) as error:
        raise NotAVideoError(str(path), getattr(error, "strerror", None) or str(error)) from error


def _demux(container: av.container.InputContainer, stream: VideoStream, codec: Codec) -> list[_Coded]:
    """Every packet of the track in decoding order, from the first keyframe on."""
    to_annex_b = BitStreamFilterContext(_FILTERS[codec], stream)
    frame_units = round(1 / ((stream.average_rate or _FPS_UNKNOWN) * (stream.time_base or Fraction(1, TICKS_PER_S))))
    coded: list[_Coded] = []
    for packet in container.demux(stream):
        for out in to_annex_b.filter(packet if packet.size else None):
            if not coded and not out.is_keyframe:
                continue
            known = coded[-1].dts + coded[-1].duration if coded else 0
            dts = out.dts if out.dts is not None else (known if out.pts is None or coded else out.pts)
            pts = out.pts if out.pts is not None else dts
            coded.append(_Coded(bytes(out), pts, dts, out.duration or frame_units, out.is_keyframe))
    return coded


def _clip(path: Path, stream: VideoStream, codec: Codec, coded: list[_Coded]) -> Clip:
    """Turn libav's packets into pictures on the 90 kHz clock."""
    time_base = stream.time_base or Fraction(1, TICKS_PER_S)
    start = min((one.pts for one in coded), default=0)
    first = [split_annex_b(one.data) for one in coded[:1]]
    sets = ParameterSets.found_in(codec, first[0]) if first else None
    if sets is None:
        raise NoKeyframeError(str(path))

    def ticks(units: int) -> int:
        return round((units - start) * time_base * TICKS_PER_S)

    pictures = tuple(
        Picture(
            nals=with_parameter_sets(codec, split_annex_b(one.data), sets) if one.keyframe else split_annex_b(one.data),
            pts_ticks=ticks(one.pts),
            dts_ticks=ticks(one.dts),
            keyframe=one.keyframe,
        )
        for one in coded
    )
    duration_ticks = max(ticks(one.pts + one.duration) for one in coded)
    return Clip(
        path=path,
        codec=codec,
        width=stream.codec_context.width,
        height=stream.codec_context.height,
        fps=round(len(pictures) * TICKS_PER_S / duration_ticks, 3),
        duration_ticks=duration_ticks,
        parameter_sets=sets,
        pictures=pictures,
    )

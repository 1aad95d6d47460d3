"""Edge to libav: a clip once more, its pictures spoilt on the way, coded anew. Blocks for as long as coding takes.

A variant has as many pictures as its clip, taken at the same times, so that a camera can change over at any key frame;
it has one a second, and none out of order.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
import cv2
import msgspec
import numpy as np
from av.codec.context import CodecContext

from deploy.simulate.clip import Clip, Picture
from deploy.simulate.errors import NoKeyframeError
from deploy.simulate.faults import Fault
from deploy.simulate.nal import Codec, ParameterSets, split_annex_b, with_parameter_sets
from deploy.simulate.schedule import TICKS_PER_S
from deploy.simulate.spoil import SPOILS, Planes

_ENCODERS = {Codec.H264: "libx264", Codec.H265: "libx265"}


def variant_of(clip: Clip, fault: Fault) -> Clip:
    """The clip as a picture fault makes it."""
    width, height = _size(clip, fault)
    encoder: Any = CodecContext.create(_ENCODERS[clip.codec], "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, TICKS_PER_S), Fraction(round(clip.fps * 1000), 1000)
    encoder.gop_size = max(1, round(clip.fps))
    encoder.options = _options(clip.codec, encoder.gop_size, fault)
    pts_ticks = sorted(picture.pts_ticks for picture in clip.pictures)
    packets = [packet for frame in _frames(clip, fault, pts_ticks) for packet in encoder.encode(frame)]
    packets += encoder.encode(None)
    units = [(split_annex_b(bytes(packet)), int(packet.pts), bool(packet.is_keyframe)) for packet in packets]
    sets = ParameterSets.found_in(clip.codec, units[0][0]) if units else None
    if sets is None:
        raise NoKeyframeError(str(clip.path))
    pictures = tuple(
        Picture(
            nals=with_parameter_sets(clip.codec, nals, sets) if key else nals,
            pts_ticks=pts,
            dts_ticks=pts,
            keyframe=key,
        )
        for nals, pts, key in units
    )
    return msgspec.structs.replace(clip, width=width, height=height, parameter_sets=sets, pictures=pictures)


def _size(clip: Clip, fault: Fault) -> tuple[int, int]:
    if fault.kind != "resolution":
        return clip.width // 2 * 2, clip.height // 2 * 2
    return tuple(max(32, round(side * fault.value / 2) * 2) for side in (clip.width, clip.height))  # type: ignore[return-value]


def _options(codec: Codec, gop: int, fault: Fault) -> dict[str, str]:
    other = fault.kind == "parameters"
    if codec is Codec.H265:
        reference = "ref=1:" if other else ""
        return {
            "x265-params": f"{reference}log-level=error:keyint={gop}:min-keyint={gop}:scenecut=0:bframes=0:annexb=1"
        }
    plain = {"preset": "ultrafast", "bf": "0", "sc_threshold": "0", "crf": "23", "forced-idr": "1"}
    return plain | ({"profile": "baseline", "refs": "1"} if other else {"profile": "high", "preset": "veryfast"})


def _frames(clip: Clip, fault: Fault, pts_ticks: list[int]) -> Iterator[Any]:
    """As many pictures as the clip has, in the order in which they are shown."""
    rng, at_s = np.random.default_rng(1), fault.start_s if np.isfinite(fault.start_s) else 0.0
    still_ticks = at_s * TICKS_PER_S % clip.duration_ticks
    kept: Planes | None = None
    size, spoil = _size(clip, fault), SPOILS.get(fault.kind)
    last: Planes | None = None
    shown_count = 0
    for number, (ticks, planes) in enumerate(zip(pts_ticks, _decoded(clip), strict=False)):
        shown = planes
        if fault.kind == "freeze":
            kept = planes if kept is None or ticks <= still_ticks else kept
            last = planes
            continue
        if spoil is not None:
            shown = spoil(planes, fault.value, rng)
        last, shown_count = shown, number + 1
        yield _frame(shown, size, ticks)
    for ticks in pts_ticks[shown_count:]:  # a still, or pictures that the decoder did not give
        yield _frame(kept or last, size, ticks)  # type: ignore[arg-type]


def _decoded(clip: Clip) -> Iterator[Planes]:
    with av.open(str(clip.path), options={"protocol_whitelist": "file"}) as container:
        for frame in container.decode(video=0):
            plain: Any = frame.reformat(format="yuv420p") if frame.format.name != "yuv420p" else frame
            sizes = ((frame.height, frame.width), *[((frame.height + 1) // 2, (frame.width + 1) // 2)] * 2)
            yield tuple(  # type: ignore[misc]
                np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[:rows, :columns]
                for plane, (rows, columns) in zip(plain.planes, sizes, strict=True)
            )


def _frame(planes: Planes, size: tuple[int, int], ticks: int) -> Any:
    width, height = size
    sides = ((width, height), (width // 2, height // 2), (width // 2, height // 2))
    fitted = [
        np.asarray(cv2.resize(plane, side, interpolation=cv2.INTER_AREA)).reshape(-1)
        for plane, side in zip(planes, sides, strict=True)
    ]
    frame = av.VideoFrame.from_ndarray(np.concatenate(fitted).reshape(height * 3 // 2, width), format="yuv420p")
    frame.pts, frame.time_base = ticks, Fraction(1, TICKS_PER_S)
    return frame

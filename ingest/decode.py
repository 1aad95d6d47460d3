"""One RTSP stream, opened and decoded. Edge: PyAV; blocking, for a thread of its own.

Rules
- Every address passes `url.check`, and libav gets the protocol whitelist besides.
- libav is silent: its own log lines may hold the address with its password. The thread that reads a stream counts those
  that tell of lost packets and passes none on.
- One decoding thread per stream: a hundred cameras are enough threads by themselves.
- What goes wrong leaves as `CameraError`, with the cause in words.
"""

from __future__ import annotations

import functools
import logging
import re
import socket
import struct
import time
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Any, Self

import av
import av.error
import av.logging
import msgspec
import numpy as np
from av.codec.context import Flags
from av.codec.hwaccel import HWAccel, hwdevices_available
from av.container import InputContainer

from ingest import url as addresses
from ingest.config import Hardware, LoopFilter
from ingest.contract import Transport
from ingest.damage import Damage, FrameNumbers, Meter
from ingest.doze import Choice, Doze
from ingest.errors import CameraError
from ingest.faults import camera_error, unresolved
from ingest.planes import Picture
from ingest.ports import Facts

logging.getLogger("libav").setLevel(logging.CRITICAL + 1)
av.logging.set_level(av.logging.WARNING)

log = logging.getLogger(__name__)

CODECS = ("h264", "hevc")
PIXELS_MAX = 8192 * 8192
HEAD_BYTES = 4096
"""Of a packet, in which its first slice begins: behind parameters and what encoders say of themselves."""
STALLED = 0.98
"""Of `stall_s`: libav's own timer is a little early or late."""
PICTURE_STALLS = 2
"""So many times `stall_s` packets may come without a picture; then the stream is given up and opened anew."""
FULL_RANGE = 2
NO_VIDEO = "{where} has no video track"
WRONG_CODEC = "{where} sends {codec}; only H.264 and H.265 are supported"
_MISSED = re.compile(r"RTP: missed (\d+) packets|Could not find ref with POC")
"""What libav says of lost packets, and the H.265 decoder of pictures that others are built on."""


class Decoded(msgspec.Struct, frozen=True, kw_only=True):
    """A frame: libav's (planes on demand), when its packet came, and the camera's own time if it said one (Unix µs)."""

    frame: Any
    arrival_us: int
    wallclock_us: int | None
    broken: bool = False

    def picture(self) -> Picture:
        """Views of the planes; a frame that is not 4:2:0 of 8 bits is converted first (rare, and slower)."""
        frame, name = self.frame, self.frame.format.name
        if name == "nv12":
            return _interleaved(frame)
        if name not in {"yuv420p", "yuvj420p"}:
            frame = frame.reformat(format="yuv420p")
        full = name == "yuvj420p" or (name == "yuv420p" and int(frame.color_range) == FULL_RANGE)
        rows, columns = frame.height, frame.width
        y = _plane(frame, 0, rows, columns)
        u, v = (_plane(frame, i, (rows + 1) // 2, (columns + 1) // 2) for i in (1, 2))
        return Picture(y=y, u=u, v=v, full_range=full)


class Coded(msgspec.Struct, frozen=True, kw_only=True):
    """A packet of libav's, when it came, and the camera's own time if it said one (Unix µs)."""

    packet: Any
    arrival_us: int
    wallclock_us: int | None
    key: bool
    size: int


class Decoder(msgspec.Struct, frozen=True, kw_only=True):
    """How pictures are decoded; see `ingest.config`."""

    hardware: Hardware = "off"
    skip_loop_filter: LoopFilter = "noref"


class VideoStream:
    """An open stream; a context manager. Use from one thread."""

    def __init__(
        self,
        url: str,
        *,
        transport: Transport,
        open_timeout_s: float,
        stall_s: float,
        decoder: Decoder = Decoder(),  # noqa: B008 - frozen
    ) -> None:
        parts = addresses.check(url)
        self._decoder, self._stall_s = decoder, stall_s
        self.meter = Meter()
        self._damage, self._numbers = Damage(), FrameNumbers()
        self._kept: list[Any] = []
        self._where = f"{parts.hostname}:{addresses.port_of(parts)}"
        _resolve(parts.hostname or "", addresses.port_of(parts))
        begun_s = time.monotonic()
        try:
            self._container = _open_video(url, transport, (open_timeout_s, stall_s), decoder.hardware)
        except (av.error.FFmpegError, OSError, ValueError, MemoryError) as error:
            if time.monotonic() - begun_s >= min(open_timeout_s, stall_s):  # libav reports silence as invalid data
                raise camera_error(TimeoutError(), self._where) from None
            raise camera_error(error, self._where) from None
        try:
            self._stream = self._video()
        except CameraError:
            self._container.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._container.close()
        except (av.error.FFmpegError, OSError):
            return  # it was broken already; nothing is left to close

    @property
    def facts(self) -> Facts:
        """What the stream says of itself."""
        context = self._stream.codec_context
        rate = self._stream.average_rate or self._stream.guessed_rate or 0
        return Facts(
            codec=str(context.name), width=int(context.width), height=int(context.height), fps=round(float(rate), 3)
        )

    def frames(self, doze: Doze | None = None) -> Iterator[Decoded | None]:
        """Frames as they come, and None for a packet without one, so that the caller can look at its stop flag.

        `doze` chooses which packets are decoded; None = all.

        Raises:
            CameraError: when the stream ends, stalls or is broken.

        """
        picture_us, choice = time.time_ns() // 1000, "decode"  # type: int, Choice
        with av.logging.Capture(local=True) as lines:
            for coded in self.packets():
                if doze is not None:
                    choice = doze.choose(key=coded.key, size=coded.size, now_us=coded.arrival_us)
                self._inspect(coded, lines)
                decoded = self._chosen(coded.packet, choice)
                if decoded or choice == "keep":
                    picture_us = coded.arrival_us
                elif coded.arrival_us - picture_us > PICTURE_STALLS * self._stall_s * 1e6:
                    raise CameraError("decoder", f"{self._where} sends video that can't be decoded")
                yield from decoded or (None,)

    def _inspect(self, coded: Coded, lines: list[tuple[int, str, str]]) -> None:
        """Look for what is missing before a packet: libav says so of RTP packets, H.264 of reference pictures."""
        missed = sum(int(found[1] or 1) for _, _, line in lines if (found := _MISSED.search(line)))
        lines.clear()
        if self._stream.codec_context.name == "h264":
            missed += self._numbers.missing(bytes(memoryview(coded.packet)[:HEAD_BYTES]))
        self.meter.octets += coded.size
        if missed or coded.packet.is_corrupt:
            self.meter.missed += max(1, missed)
            self._damage.hurt(coded.arrival_us)

    def packets(self) -> Iterator[Coded]:
        """Packets as they come, none decoded.

        Raises:
            CameraError: when the stream ends, stalls or is broken.

        """
        begun_s = time.monotonic()
        try:
            for packet in self._container.demux(self._stream):
                self.meter.waited_s += time.monotonic() - begun_s
                self._not_stalled(begun_s)
                if not packet.size:
                    break
                now_us, wallclock_us = time.time_ns() // 1000, _wallclock_us(packet)
                packet.opaque = (now_us, wallclock_us)
                yield Coded(
                    packet=packet,
                    arrival_us=now_us,
                    wallclock_us=wallclock_us,
                    key=packet.is_keyframe,
                    size=packet.size,
                )
                begun_s = time.monotonic()
        except (av.error.FFmpegError, OSError) as error:
            self._not_stalled(begun_s)
            raise camera_error(error, self._where) from None
        raise CameraError("broken", f"the stream of {self._where} ended")

    def _not_stalled(self, since_s: float) -> None:
        """Raise where nothing came for so long: libav gives what its parser still held then, and waits once more."""
        if time.monotonic() - since_s >= STALLED * self._stall_s:
            raise camera_error(TimeoutError(), self._where)

    def decode(self, packets: Sequence[Coded]) -> list[Decoded]:
        """Frames of packets that begin with a key frame; not beside `frames`, but beside `packets`."""
        context = self._stream.codec_context
        context.flush_buffers()
        return [frame for coded in (*packets, None) for frame in self._decode(coded.packet if coded else None)]

    def _chosen(self, packet: Any, choice: Choice) -> list[Decoded]:
        """Frames of a packet that is decoded now, by itself, or with those that were kept before it."""
        context = self._stream.codec_context
        if choice == "keep":
            self._kept.append(packet)
            return []
        if choice == "alone":
            self._kept = [packet]
            context.flush_buffers()
            decoded = self._decode(packet) + self._decode(None)
            context.flush_buffers()
            return decoded
        if choice == "wake":
            for before in self._kept:
                self._decode(before)
        self._kept = []
        return self._decode(packet)

    def _decode(self, packet: Any) -> list[Decoded]:
        """Frames that a packet completes (None: the last ones); a broken one completes none, no reason to give up."""
        try:
            frames = self._stream.codec_context.decode(packet)
        except (av.error.InvalidDataError, av.error.PatchWelcomeError, av.error.UndefinedError):
            self.meter.errors += 1
            self._damage.hurt(time.time_ns() // 1000)
            return []
        for frame in frames:
            if frame.width * frame.height > PIXELS_MAX:
                raise CameraError("codec", f"{self._where} sends pictures of {frame.width}x{frame.height}: too large")
        return [self._judged(frame) for frame in frames]

    def _judged(self, frame: Any) -> Decoded:
        arrival_us, wallclock_us = frame.opaque or (time.time_ns() // 1000, None)
        self.meter.errors += frame.is_corrupt
        broken = self._damage.broken(corrupt=frame.is_corrupt, key=frame.key_frame, now_us=arrival_us)
        return Decoded(frame=frame, arrival_us=arrival_us, wallclock_us=wallclock_us, broken=broken)

    def _video(self) -> Any:
        streams = self._container.streams.video
        if not streams:
            raise CameraError("no_video", NO_VIDEO.format(where=self._where))
        stream = streams[0]
        codec = stream.codec_context.name if stream.codec_context is not None else "an unknown codec"
        if codec not in CODECS:
            raise CameraError("codec", WRONG_CODEC.format(where=self._where, codec=codec))
        stream.codec_context.thread_count = 1
        stream.codec_context.options = {"skip_loop_filter": self._decoder.skip_loop_filter}
        stream.codec_context.flags |= Flags.copy_opaque | Flags.low_delay
        return stream


def _open_video(url: str, transport: Transport, timeout_s: tuple[float, float], hardware: Hardware) -> InputContainer:
    """Open the video of a stream; its sound is not even asked for."""
    device = _device(hardware)
    try:
        return _open(url, transport, timeout_s, device, media="video")
    except av.error.HTTPOtherClientError:  # a stream without video: PLAY with nothing set up; look at what it has
        return _open(url, transport, timeout_s, device, media="video+audio+data")


@functools.cache
def _device(hardware: Hardware) -> HWAccel | None:
    """The device that decodes, None = the processor; asked for once, and said once where it is not there."""
    if hardware == "off":
        return None
    try:
        device = HWAccel(hardware, allow_software_fallback=True)
        device.create(av.codec.Codec("h264", "r"))
    except (av.error.FFmpegError, ValueError, NotImplementedError) as error:
        known = ", ".join(hwdevices_available()) or "none"
        log.warning(
            "hardware_decode = %s is not to be had on this machine (%s): pictures are decoded by the processor; "
            "this build of FFmpeg knows: %s",
            hardware,
            error,
            known,
        )
        return None
    return device


def _open(
    url: str, transport: Transport, timeout_s: tuple[float, float], device: HWAccel | None, *, media: str
) -> InputContainer:
    options = {
        "protocol_whitelist": addresses.PROTOCOLS,
        "rtsp_transport": "udp_multicast" if transport == "multicast" else transport,
        "allowed_media_types": media,
        "timeout": str(round(min(timeout_s) * 1e6)),
        "max_delay": "200000",
        "analyzeduration": "1000000",
        "probesize": "1000000",
        "fpsprobesize": "2",
    }
    return av.open(url, format="rtsp", options=options, timeout=timeout_s, hwaccel=device)


def _resolve(host: str, port: int) -> None:
    """Tell an unknown host from a silent one: libav reports both alike."""
    try:
        socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError):
        raise unresolved(host) from None


def _wallclock_us(packet: Any) -> int | None:
    """The camera's time of a packet after its first sender report (AVProducerReferenceTime: int64 µs, int32 flags)."""
    if not packet.has_sidedata("prft"):
        return None
    return int(struct.unpack_from("<q", packet.get_sidedata("prft"))[0])


def _interleaved(frame: Any) -> Picture:
    """What a card gives: Y, then U and V in turn."""
    rows, columns = frame.height, frame.width
    pairs = _plane(frame, 1, (rows + 1) // 2, (columns + 1) // 2 * 2).reshape((rows + 1) // 2, -1, 2)
    u, v = (np.ascontiguousarray(pairs[..., i]) for i in (0, 1))
    full = int(frame.color_range) == FULL_RANGE
    return Picture(y=_plane(frame, 0, rows, columns), u=u, v=v, full_range=full)


def _plane(frame: Any, index: int, rows: int, columns: int) -> Any:
    plane = frame.planes[index]
    return np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[:rows, :columns]

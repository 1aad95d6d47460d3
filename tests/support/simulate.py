"""Small coded clips made on the spot, and a client that tells what a simulated camera showed and when."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.codec.context import Flags
from av.video.stream import VideoStream

from deploy.simulate.spoil import Planes

WIDTH, HEIGHT, FPS = 160, 96, 25
PERIOD_US = 1_000_000 // FPS


def make_clip(
    path: Path,
    *,
    pictures: int,
    gop: int,
    b_frames: int = 0,
    codec: str = "libx264",
    noise: bool = False,
    scale: int = 1,
    still_until: int = 0,
    fps: int = FPS,
) -> Path:
    """A clip whose pictures all differ: a bar that moves, or noise that can't be compressed; `scale` times as large.

    `still_until`: so many pictures at the beginning show the bar where it stands at first.
    """
    rng = np.random.default_rng(7)
    with av.open(str(path), "w") as container:
        quiet = {"x265-params": f"log-level=error:keyint={gop}:min-keyint={gop}:scenecut=0:bframes={b_frames}"}
        options = {"bf": str(b_frames), "sc_threshold": "0"} if codec == "libx264" else quiet
        stream = container.add_stream(codec, rate=fps, options=options | ({"qp": "10"} if noise else {}))
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = WIDTH * scale, HEIGHT * scale, "yuv420p", gop
        for number in range(pictures):
            image = np.full((HEIGHT, WIDTH, 3), 40, np.uint8)
            if noise:
                image = rng.integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)
            image[:, max(0, number - still_until) * 3 % WIDTH :][:, :12] = 200
            image = image.repeat(scale, axis=0).repeat(scale, axis=1)
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def make_scene(path: Path, *, pictures: int = 100, codec: str = "libx264") -> Path:
    """A clip with a view: coloured boxes among which one moves, with the noise of a sensor; 320x180, 25 fps."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=FPS, options={"bf": "0", "crf": "20", "preset": "ultrafast"})
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = 320, 180, "yuv420p", FPS
        for number, planes in zip(range(pictures), scene(), strict=False):
            flat = np.concatenate([plane.reshape(-1) for plane in planes]).reshape(270, 320)
            frame = av.VideoFrame.from_ndarray(flat, format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def scene(seed: int = 5) -> Iterator[Planes]:
    """The pictures of such a view, for ever: I420 planes of 320x180."""
    rng = np.random.default_rng(seed)
    y, u, v = np.full((180, 320), 90, np.uint8), np.full((90, 160), 110, np.uint8), np.full((90, 160), 140, np.uint8)
    for _ in range(60):
        top, left, high, wide = (int(rng.integers(*span)) // 2 for span in ((0, 340), (0, 600), (12, 80), (12, 80)))
        y[top : top + high, left : left + wide] = rng.integers(40, 200)
        u[top // 2 : (top + high) // 2, left // 2 : (left + wide) // 2] = rng.integers(100, 150)
        v[top // 2 : (top + high) // 2, left // 2 : (left + wide) // 2] = rng.integers(100, 150)
    number = 0
    while True:
        now = y.astype(np.int16) + rng.integers(-3, 4, y.shape)
        now[60:100, number % 280 : number % 280 + 30] = 220
        number += 7
        yield np.clip(now, 16, 235).astype(np.uint8), u, v


def direct_hashes(path: Path) -> list[str]:
    """What the clip shows when it is decoded from the file."""
    with av.open(str(path)) as container:
        return [digest(frame) for frame in container.decode(video=0)]


def digest(frame: av.VideoFrame) -> str:
    """One picture in short."""
    return hashlib.sha256(frame.to_ndarray(format="yuv420p").tobytes()).hexdigest()[:16]


def watch(url: str, transport: str, pictures: int | None = None) -> list[tuple[int, str]]:
    """Capture time (Unix µs, from the sender reports) and digest of each picture; None plays up to the end."""
    seen: list[tuple[int, str]] = []
    with av.open(url, options={"rtsp_transport": transport}, timeout=20) as container:
        stream = container.streams.video[0]
        stream.codec_context.flags |= Flags.copy_opaque
        for packet in container.demux(stream):
            if packet.size:
                packet.opaque = struct.unpack_from("<q", bytes(packet.get_sidedata("prft")))[0]
            for frame in packet.decode():
                assert isinstance(frame.opaque, int)
                seen.append((frame.opaque, digest(frame)))
            if pictures is not None and len(seen) >= pictures:
                break
    return seen

"""Reads the time code out of a camera's pictures: the truth's clock has to be the one that is seen in them.

Edge (PyAV; blocking, for a thread of its own), but for `offsets_ms`, which is pure.

Every delay from a crossing is counted from the truth's time, which is that of the frames' time code. What is checked
here is that a picture with time code n really leaves the simulator when the truth says that frame n is taken.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import av
import msgspec
import numpy as np

from deploy.bench import series
from deploy.simulate.command import Announcement
from model_repository.scenes import timecode

PICTURES = 100
SETTLE_PICTURES = 50
"""A viewer begins with the last key frame: up to two seconds come in one burst, with past times."""

Sighting = tuple[int, int | None]
"""When a picture came (Unix µs) and the frame number that stands in it, None where none could be read."""


class Glass(msgspec.Struct, frozen=True, kw_only=True):
    """How late pictures came after their time code, and how many could not be read."""

    picture_to_viewer_ms: dict[str, float]
    unreadable: int


def check(camera: Announcement) -> Glass:
    """Watch a camera for some seconds as a viewer of our own."""
    seen = read(camera.url)
    late_ms = offsets_ms(seen, camera)
    return Glass(picture_to_viewer_ms=series.percentiles(late_ms), unreadable=len(seen) - len(late_ms))


def read(url: str, pictures: int = PICTURES) -> list[Sighting]:
    """The time codes of the pictures behind the first burst, each with the time at which it had been received."""
    seen: list[Sighting] = []
    with av.open(url, format="rtsp", options={"rtsp_transport": "tcp", "fpsprobesize": "2"}, timeout=10.0) as stream:
        stream.streams.video[0].codec_context.thread_count = 1
        for number, frame in enumerate(stream.decode(video=0)):
            if number >= SETTLE_PICTURES:
                luma = frame.reformat(format="gray").to_ndarray().astype(np.uint8, copy=False)
                seen.append((time.time_ns() // 1000, timecode.read(luma)))
            if len(seen) >= pictures:
                break
    return seen


def offsets_ms(seen: Sequence[Sighting], camera: Announcement) -> list[float]:
    """By how much pictures came after the time that their code says, in the loop that fits best."""
    found = []
    for arrival_us, code in seen:
        if code is not None:
            since_s = arrival_us / 1e6 - camera.started_at - code / camera.fps
            found.append(1000.0 * (since_s - round(since_s / camera.duration_s) * camera.duration_s))
    return found

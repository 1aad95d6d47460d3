"""`python -m deploy.bench.decoders HOW WHAT…`: decoding as others do it, in a process whose time can be measured.

Edge (PyAV, OpenCV, threads). Prints a line of JSON a second, or one at the end.

opencv URL…          a thread per camera: `cv2.VideoCapture`, every frame scaled to 640x384; {"frames": n} each second
libav SECONDS FILE…  one thread: the files, over and over, decoded and thrown away; at the end frames, video_s, cpu_s
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Sequence

import av

SIZE = (640, 384)


def main(argv: Sequence[str]) -> int:
    """Run one of them."""
    how, *rest = argv
    if how == "opencv":
        return _opencv(rest)
    return _libav(float(rest[0]), rest[1:])


def _libav(seconds: float, files: Sequence[str]) -> int:
    frames, video_s, begun, end = 0, 0.0, time.process_time(), time.monotonic() + seconds
    while time.monotonic() < end:
        for file in files:
            with av.open(file) as clip:
                stream = clip.streams.video[0]
                stream.codec_context.thread_count = 1
                count = sum(1 for _ in clip.decode(video=0))
                frames, video_s = frames + count, video_s + count / float(stream.average_rate or 25)
    print(json.dumps({"frames": frames, "video_s": video_s, "cpu_s": time.process_time() - begun}), flush=True)
    return 0


def _opencv(urls: Sequence[str]) -> int:
    os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = "rtsp_transport;tcp|threads;1"
    import cv2  # noqa: PLC0415 - reads the environment

    cv2.setNumThreads(1)
    counts = [0] * len(urls)

    def watch(number: int) -> None:
        capture = cv2.VideoCapture(urls[number], cv2.CAP_FFMPEG)
        while True:
            ok, frame = capture.read()
            if not ok:
                os._exit(1)
            cv2.resize(frame, SIZE)
            counts[number] += 1

    for number in range(len(urls)):
        threading.Thread(target=watch, args=(number,), daemon=True).start()
    while True:
        time.sleep(1)
        print(json.dumps({"frames": sum(counts)}), flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""`python -m deploy.bench.article_loop`: OpenCV captures and a detector in one Python loop, as articles show it.

Edge (OpenCV, ONNX Runtime, clock). Prints one line of JSON: frames and looks a second, by camera.

It is kept cheaper than such programs are: frames that are not looked at are only grabbed, and the boxes are not even
read out of the head. What it can't do is keep up, track, or tell an event.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

WARM_UP_S = 5.0


def main(argv: Sequence[str] | None = None) -> int:
    """Measure once; 1 where a camera ends."""
    parser = argparse.ArgumentParser(prog="python -m deploy.bench.article_loop", description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="folder with network.onnx and network.json")
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--every", required=True, help="by camera: every how many frames one is looked at, by commas")
    parser.add_argument("urls", nargs="+")
    args = parser.parse_args(argv)
    os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = "rtsp_transport;tcp"
    import cv2  # noqa: PLC0415 - reads the environment
    import onnxruntime  # noqa: PLC0415 - slow to import

    every = [int(word) for word in args.every.split(",")]
    card = json.loads((args.model / "network.json").read_text("utf-8"))
    session = onnxruntime.InferenceSession(args.model / "network.onnx", providers=["CPUExecutionProvider"])
    name, size = session.get_inputs()[0].name, (card["input_width"], card["input_height"])
    captures = [cv2.VideoCapture(url, cv2.CAP_FFMPEG) for url in args.urls]
    frames, looks = [0] * len(captures), [0] * len(captures)
    begun, measured = time.monotonic(), False
    while (now := time.monotonic()) - begun < args.seconds or not measured:
        if not measured and now - begun >= WARM_UP_S:
            frames, looks, begun, measured = [0] * len(captures), [0] * len(captures), now, True
        for number, capture in enumerate(captures):
            if not capture.grab():
                return 1
            frames[number] += 1
            if frames[number] % every[number] == 0:
                _, picture = capture.retrieve()
                blob = cv2.dnn.blobFromImage(picture, 1 / (card["divide"] or 1.0), size, swapRB=True)
                session.run(None, {name: blob})
                looks[number] += 1
    took_s = time.monotonic() - begun
    rates = {"frames_per_s": [one / took_s for one in frames], "looks_per_s": [one / took_s for one in looks]}
    print(json.dumps(rates), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

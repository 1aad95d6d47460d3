"""Figures of a detector on held-out pictures.

`python -m model_repository.train.detector_eval --weights NAME.onnx --data DIR` evaluates an exported one.

Rules
- Pictures go through the same I420 and letterbox as a camera's, boxes through the same head and suppression as in
  Triton.
- The floor of scores is that of the serving side, so precision is read where it will be used.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from model_repository.evaluation.precision import Picture, Precision, average_precision
from model_repository.heads import candidates, select
from model_repository.train.detector_augment import half_chroma, letterboxed
from model_repository.train.detector_frames import LABELS, SIZE, Frames, read

Floats = npt.NDArray[np.float32]
Ask = Callable[[Floats], Floats]
"""Pictures float32 [N, 3, H, W] in 0..1, RGB → the raw head [N, 4 + classes, A]."""


def tensor(picture: npt.NDArray[np.uint8]) -> Floats:
    """BGR uint8 [h, w, 3] → RGB float32 [3, h, w] in 0..1."""
    return np.ascontiguousarray(picture[:, :, ::-1].transpose(2, 0, 1), np.float32) / np.float32(255)


def found(head: Floats) -> Floats:
    """Raw head [4 + classes, A] of one picture → rows x1, y1, x2, y2, score, class, best first."""
    boxes, scores, classes, count = select(candidates(head, "yolov8", SIZE))
    return np.column_stack((boxes[:count], scores[:count], classes[:count])).astype(np.float32)


def evaluate(ask: Ask, frames: Frames, *, at_most: int = 600) -> Precision:
    """Average precision on the first pictures of a pile."""
    pictures = []
    for index in range(min(at_most, len(frames))):
        picture, boxes = frames.get(index)
        picture, boxes = letterboxed(half_chroma(cv2.resize(picture, SIZE)), boxes)
        pictures.append(Picture(found(ask(tensor(picture)[None])[0]), boxes))
    return average_precision(pictures, len(LABELS))


def figures(precision: Precision) -> dict[str, Any]:
    """The figures as they stand in a card."""
    per_class = {
        label: {"ap50": round(ap50, 4), "ap50_95": round(ap50_95, 4)}
        for label, ap50, ap50_95 in zip(LABELS, precision.ap50, precision.ap50_95, strict=True)
        if not np.isnan(ap50)
    }
    return {"map50": round(precision.map50, 4), "map50_95": round(precision.map50_95, 4), "classes": per_class}


def onnx(path: Path, *, threads: int = 1) -> Ask:
    """An exported detector as something that can be asked."""
    import onnxruntime  # noqa: PLC0415 - evaluation during a training does without

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def ask(pictures: Floats) -> Floats:
        answer: Floats = session.run(None, {"images": pictures})[0]
        return answer

    return ask


def main(arguments: list[str]) -> int:
    """Evaluate an exported detector on held-out shards."""
    parser = argparse.ArgumentParser(prog="detector_eval", description=main.__doc__)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--count", type=int, default=600)
    asked = parser.parse_args(arguments)
    held_out = read(asked.data, validation=True)
    print(json.dumps(figures(evaluate(onnx(asked.weights), held_out, at_most=asked.count)), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""What a detector sees in clips: `python -m model_repository.train.detector_clips --weights NAME.onnx CLIP…`.

Rules
- Frames go the way of the live chain: decoded I420, planes scaled and letterboxed one by one, colour only at the end.
- Boxes are linked greedily by overlap, class left aside: enough to see classes flicker, boxes tremble and ghosts stand.
- Pixels are those of the network's input.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import av
import cv2
import numpy as np
import numpy.typing as npt

from model_repository.contract import letterbox
from model_repository.heads import iou
from model_repository.train.detector_eval import Ask, found, onnx, tensor
from model_repository.train.detector_frames import LABELS, SIZE

Picture = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

LINK_MIN = 0.3
FORGET_FRAMES = 5
FILLS = (114, 128, 128)


class Trail(NamedTuple):
    """One thing over time."""

    frames: list[int]
    rows: list[Floats]  # each [6]: corners, score, class


def planes(frame: av.VideoFrame) -> tuple[Picture, Picture, Picture]:
    """Y, U and V of a decoded frame, without padding."""
    packed = np.asarray(frame.to_ndarray(format="yuv420p"), np.uint8)
    height, width = frame.height, frame.width
    luma = packed[:height]
    chroma = packed[height:].reshape(2, height // 2, width // 2)
    return luma, chroma[0], chroma[1]


def fitted(frame: av.VideoFrame) -> Picture:
    """A frame as the detector gets it, BGR uint8 of SIZE: planes scaled on their own, grey bars."""
    box = letterbox((frame.width, frame.height), SIZE)
    parts = []
    for plane, fill, share in zip(planes(frame), FILLS, (1, 2, 2), strict=True):
        canvas = np.full((SIZE[1] // share, SIZE[0] // share), fill, np.uint8)
        top, left, height, width = (each // share for each in (box.top, box.left, box.height, box.width))
        canvas[top : top + height, left : left + width] = cv2.resize(
            plane, (width, height), interpolation=cv2.INTER_AREA
        )
        parts.append(canvas.ravel())
    packed = np.concatenate(parts).reshape(SIZE[1] * 3 // 2, SIZE[0])
    return np.asarray(cv2.cvtColor(packed, cv2.COLOR_YUV2BGR_I420), np.uint8)


def frames_of(path: Path, every: int) -> Iterator[tuple[float, Picture]]:
    """Every n-th frame of a clip with its time in seconds."""
    with av.open(str(path)) as clip:
        for index, frame in enumerate(clip.decode(video=0)):
            if index % every == 0:
                yield float(frame.time or 0.0), fitted(frame)


def linked(rows_of: list[Floats], score_min: float) -> list[Trail]:
    """Trails through the found rows [n, 6] of consecutive frames."""
    done: list[Trail] = []
    live: list[Trail] = []
    for index, rows in enumerate(rows_of):
        done += [trail for trail in live if index - trail.frames[-1] > FORGET_FRAMES]
        live = [trail for trail in live if index - trail.frames[-1] <= FORGET_FRAMES]
        free = list(range(len(live)))
        for row in rows[rows[:, 4] >= score_min]:
            shared = [float(iou(row[None, :4], live[i].rows[-1][None, :4])[0, 0]) for i in free]
            if shared and max(shared) >= LINK_MIN:
                trail = live[free.pop(int(np.argmax(shared)))]
                trail.frames.append(index)
                trail.rows.append(row)
            else:
                live.append(Trail([index], [row]))
    return done + live


def describe(trail: Trail, times: list[float]) -> str:
    """One line: when, what, how sure, how steady, where."""
    rows = np.stack(trail.rows)
    kinds = Counter(LABELS[int(kind)] for kind in rows[:, 5])
    steps = np.diff(rows[:, 3], 2)
    tremble = float(np.median(np.abs(steps))) if len(steps) else 0.0
    gaps = trail.frames[-1] - trail.frames[0] + 1 - len(trail.frames)
    first, last = (" ".join(f"{each:.0f}" for each in rows[index, :4]) for index in (0, -1))
    return (
        f"  {times[trail.frames[0]]:6.1f}-{times[trail.frames[-1]]:6.1f} s {len(rows):4d} seen {gaps:3d} missed "
        f"score {rows[:, 4].mean():.2f} (least {rows[:, 4].min():.2f}) lower edge trembles {tremble:.2f} px "
        f"{dict(kinds)} [{first}] -> [{last}]"
    )


def sheet(pictures: list[Picture], rows_of: list[Floats], score_min: float) -> Picture:
    """Up to 24 frames, four in a row, with what was found."""
    picked = np.linspace(0, len(pictures) - 1, min(24, len(pictures))).astype(int)
    drawn = []
    for index in picked:
        picture = pictures[index].copy()
        for x1, y1, x2, y2, score, kind in rows_of[index]:
            if score >= score_min:
                cv2.rectangle(picture, (int(x1), int(y1)), (int(x2), int(y2)), (0, 255, 255), 1)
                words = f"{LABELS[int(kind)]} {score:.2f}"
                cv2.putText(picture, words, (int(x1), int(y1) + 10), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 255, 255), 1)
        drawn.append(picture)
    drawn += [np.zeros_like(drawn[0])] * (-len(drawn) % 4)
    return np.vstack([np.hstack(drawn[index : index + 4]) for index in range(0, len(drawn), 4)])


def look(path: Path, ask: Ask, asked: argparse.Namespace) -> None:
    """Print the trails of one clip."""
    times, pictures, rows_of = [], [], []
    for at_s, picture in frames_of(path, asked.every):
        times.append(at_s)
        rows_of.append(found(ask(tensor(picture)[None])[0]))
        pictures.append(picture)
    print(f"{path.name}: {len(times)} frames, {times[-1] if times else 0:.0f} s")
    for trail in sorted(linked(rows_of, asked.score), key=lambda each: each.frames[0]):
        if len(trail.frames) >= asked.least:
            print(describe(trail, times))
    if asked.sheets:
        asked.sheets.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(asked.sheets / f"{path.stem}.jpg"), sheet(pictures, rows_of, asked.score))


def main(arguments: list[str]) -> int:
    """Say what an exported detector sees in clips."""
    parser = argparse.ArgumentParser(prog="detector_clips", description=main.__doc__)
    parser.add_argument("clips", type=Path, nargs="+")
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--every", type=int, default=5, help="look at every n-th frame")
    parser.add_argument("--score", type=float, default=0.4)
    parser.add_argument("--least", type=int, default=2, help="print trails of at least so many frames")
    parser.add_argument("--sheets", type=Path, help="folder for pictures of what was found")
    asked = parser.parse_args(arguments)
    for path in asked.clips:
        look(path, onnx(asked.weights), asked)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

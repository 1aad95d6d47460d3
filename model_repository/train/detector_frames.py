"""Pictures with boxes on disk, so that rendering and training need not share a machine's cores.

`python -m model_repository.train.detector_frames --out DIR --seed N --count N` renders one shard from the scenes.

Rules
- A shard is one `.npz`: all JPEGs end to end, their offsets, all boxes, their offsets. Nothing is pickled.
- Boxes are float32 [n, 5]: class (an index into LABELS), x1, y1, x2, y2 in pixels of the picture.
- Shards of validation have `val` in their name and come from seeds that training never sees.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

LABELS = ("person", "bicycle", "car", "motorcycle", "bus", "truck")
COCO = (0, 1, 2, 3, 5, 7)
"""The COCO class behind each label: scenes speak COCO, the network counts from zero."""

SIZE = (640, 384)
JPEG_QUALITY = 90


class Frames:
    """A pile of pictures with boxes, held in memory as JPEGs."""

    def __init__(self) -> None:
        self._jpegs: list[npt.NDArray[np.uint8]] = []
        self._boxes: list[Floats] = []

    def __len__(self) -> int:
        return len(self._jpegs)

    def add(self, picture: Picture, boxes: Floats) -> None:
        """Take one BGR picture uint8 [h, w, 3] and its boxes float32 [n, 5]."""
        _, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        self._jpegs.append(jpeg.ravel())
        self._boxes.append(boxes.reshape(-1, 5).astype(np.float32))

    def get(self, index: int, *, half: bool = False) -> tuple[Picture, Floats]:
        """One picture, BGR uint8, and its boxes; at half its size (decoded so, which is cheap) where asked."""
        flag = cv2.IMREAD_REDUCED_COLOR_2 if half else cv2.IMREAD_COLOR
        boxes = self._boxes[index].copy()
        if half:
            boxes[:, 1:] *= 0.5
        return np.asarray(cv2.imdecode(self._jpegs[index], flag), np.uint8), boxes

    def kinds(self, index: int) -> npt.NDArray[np.intp]:
        """The labels of one picture's boxes, [n]."""
        return self._boxes[index][:, 0].astype(np.intp)

    def save(self, path: Path) -> None:
        """Write a shard; appears under its name only when it is whole."""
        part = path.with_suffix(".part.npz")
        np.savez(
            part,
            jpegs=np.concatenate(self._jpegs),
            jpeg_ends=np.cumsum([len(each) for each in self._jpegs]),
            boxes=np.concatenate(self._boxes),
            box_ends=np.cumsum([len(each) for each in self._boxes]),
        )
        part.replace(path)

    def load(self, path: Path) -> None:
        """Add everything that a shard holds."""
        with np.load(path, allow_pickle=False) as shard:
            self._jpegs += np.split(shard["jpegs"], shard["jpeg_ends"][:-1])
            self._boxes += np.split(shard["boxes"], shard["box_ends"][:-1])

    def counts(self) -> tuple[int, ...]:
        """How many boxes of each label there are."""
        kinds = np.concatenate([np.zeros(0, np.float32), *(boxes[:, 0] for boxes in self._boxes)])
        return tuple(int((kinds == kind).sum()) for kind in range(len(LABELS)))


def read(folder: Path, *, validation: bool) -> Frames:
    """All shards of a folder that are (not) for validation."""
    frames = Frames()
    for path in shards(folder, validation=validation):
        frames.load(path)
    return frames


def shards(folder: Path, *, validation: bool) -> list[Path]:
    """The whole shards of a folder that are (not) for validation, by name."""
    found = sorted(folder.glob("*.npz"))
    return [path for path in found if ".part" not in path.name and ("val" in path.name) == validation]


def numbered(boxes: Iterable[tuple[int, float, float, float, float]]) -> Floats:
    """Boxes of a scene (COCO class, corners) as float32 [n, 5] with indices into LABELS; other classes are left out."""
    rows = [(COCO.index(kind), *corners) for kind, *corners in boxes if kind in COCO]
    return np.array(rows, np.float32).reshape(-1, 5)


def rendered(seed: int, count: int) -> Iterator[tuple[Picture, Floats]]:
    """Pictures of the scenes; needs the packages of the group `train`."""
    from model_repository.scenes.dataset import frames  # noqa: PLC0415 - panda3d is there only where scenes are made

    for sample in frames(seed, count, size=SIZE):
        yield sample.image, numbered(sample.boxes)


def toys(seed: int, count: int, size: tuple[int, int] = SIZE) -> Iterator[tuple[Picture, Floats]]:
    """Rectangles on noise with as many stripes as their class has: enough to see that a training learns at all."""
    rng = np.random.default_rng(seed)
    width, height = size
    for _ in range(count):
        picture = np.full((height, width, 3), rng.integers(60, 200, 3), np.uint8)
        rows = []
        for _ in range(rng.integers(0, 4)):
            kind = int(rng.integers(0, len(LABELS)))
            w, h = rng.uniform(0.08, 0.4, 2) * (width, height)
            x, y = rng.uniform(0, width - w), rng.uniform(0, height - h)
            box = [round(each) for each in (x, y, x + w, y + h)]
            shade = [int(each) for each in rng.integers(0, 256, 3)]
            cv2.rectangle(picture, (box[0], box[1]), (box[2] - 1, box[3] - 1), shade, -1)
            for stripe in range(1, kind + 1):
                at = box[1] + (box[3] - box[1]) * stripe // (kind + 1)
                cv2.line(picture, (box[0], at), (box[2] - 1, at), [255 - each for each in shade], 3)
            rows.append((kind, *box))
        noise = rng.normal(0, 6, picture.shape)
        yield (
            np.clip(picture + noise, 0, 255).astype(np.uint8),
            np.array(rows, np.float32).reshape(-1, 5),
        )


def main(arguments: list[str]) -> int:
    """Render one shard."""
    parser = argparse.ArgumentParser(prog="detector_frames", description=main.__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--validation", action="store_true", help="mark the shard as held out")
    parser.add_argument("--toys", action="store_true", help="rectangles in place of scenes")
    asked = parser.parse_args(arguments)
    asked.out.mkdir(parents=True, exist_ok=True)
    frames, started = Frames(), time.monotonic()
    for picture, boxes in (toys if asked.toys else rendered)(asked.seed, asked.count):
        frames.add(picture, boxes)
        if len(frames) % 200 == 0:
            print(f"{len(frames)}/{asked.count} in {time.monotonic() - started:.0f} s", flush=True)
    name = f"{'val' if asked.validation else 'train'}-{asked.seed:06d}.npz"
    frames.save(asked.out / name)
    print(name, dict(zip(LABELS, frames.counts(), strict=True)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Rendered people kept on disk for the trainings of faces and equipment: `python -m … portraits|close-ups --out F`."""

import argparse
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from model_repository.scenes.closeups import close_ups
from model_repository.scenes.geometry import Box
from model_repository.scenes.portraits import Portrait, backgrounds, portraits
from model_repository.train.trainer import say

SHOWN_SEEDS = range(10)
"""Kept for the clips that are shown."""
FACES_MAX = 3
PORTRAITS = {"portraits-1": (61, 700, 8), "portraits-2": (62, 1200, 10), "held-portraits": (63, 250, 4)}
"""What the starters learned from and were measured on: seed, how many, backgrounds."""
CLOSE_UPS = {"closeups-1": (72, 160, 14, 5), "closeups-2": (73, 240, 14, 5), "held-closeups": (71, 40, 10, 3)}
"""Seed, people, views of each, backgrounds."""


def portrait_shards(folder: Path) -> tuple[list[Path], Path]:
    """The shards to learn from and the one to measure on; rendered where they are missing (about ten minutes)."""
    for name, (seed, count, behind) in PORTRAITS.items():
        if not (folder / f"{name}.npz").exists():
            keep_portraits(seed, count, backgrounds(seed, behind), folder / f"{name}.npz")
    return sorted(folder.glob("portraits-*.npz")), folder / "held-portraits.npz"


def close_up_shards(folder: Path) -> tuple[list[Path], Path]:
    """The same of close-ups."""
    for name, (seed, count, views, behind) in CLOSE_UPS.items():
        if not (folder / f"{name}.npz").exists():
            keep_close_ups(seed, range(count), views, backgrounds(seed, behind), folder / f"{name}.npz")
    return sorted(folder.glob("closeups-*.npz")), folder / "held-closeups.npz"


def keep_portraits(seed: int, count: int, behind: list[npt.NDArray[np.uint8]], path: Path) -> None:
    """Render portraits and write them as one file: JPEGs end to end, labels beside them."""
    found = []
    for index, portrait in enumerate(portraits(seed, count, behind)):
        found.append(portrait)
        if index % 250 == 0:
            say(f"portraits of seed {seed}: {index} of {count}")
    data = [cv2.imencode(".jpg", each.image, [cv2.IMWRITE_JPEG_QUALITY, 96])[1] for each in found]
    rows = {name: np.array([getattr(each, name) for each in found])
            for name in ("box", "own_face", "head_seen", "torso_seen", "head_px", "helmet", "vest")}  # fmt: skip
    _save(
        path,
        jpegs=np.concatenate(data),
        ends=np.cumsum([len(each) for each in data]),
        faces=np.array([_padded([points for points, _ in each.faces], (5, 2)) for each in found]),
        face_boxes=np.array([_padded([box for _, box in each.faces], (4,)) for each in found]),
        **rows,
    )


def load_portraits(path: Path) -> list[Portrait]:
    """What `keep_portraits` wrote."""
    with np.load(path) as data:
        rows = {name: data[name] for name in data.files}
    parts = np.split(rows["jpegs"], rows["ends"][:-1])
    return [
        Portrait(
            image=np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), np.uint8),
            box=_box(rows["box"][index]),
            faces=tuple(
                (points, _box(box))
                for points, box in zip(rows["faces"][index], rows["face_boxes"][index], strict=True)
                if not np.isnan(box[0])
            ),
            own_face=bool(rows["own_face"][index]),
            head_seen=float(rows["head_seen"][index]),
            torso_seen=float(rows["torso_seen"][index]),
            head_px=float(rows["head_px"][index]),
            helmet=bool(rows["helmet"][index]),
            vest=bool(rows["vest"][index]),
        )
        for index, jpeg in enumerate(parts)
    ]


def _padded(rows: list[Any], shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """Rows filled up with NaN to FACES_MAX."""
    out = np.full((FACES_MAX, *shape), np.nan, np.float32)
    for index, row in enumerate(rows[:FACES_MAX]):
        out[index] = row
    return out


def _box(row: npt.NDArray[np.floating]) -> Box:
    return (float(row[0]), float(row[1]), float(row[2]), float(row[3]))


def keep_close_ups(seed: int, identities: range, views: int, behind: list[npt.NDArray[np.uint8]], path: Path) -> None:
    """Render close-ups and write them: images (N, 128, 128, 3), points (N, 5, 2), identities (N,)."""
    images, points, who = [], [], []
    for shot in close_ups(seed, identities, views, behind):
        images.append(shot.image)
        points.append(shot.points)
        who.append(shot.identity)
        if len(who) % 500 == 0:
            say(f"close-ups of seed {seed}: {len(who)} of {len(identities) * views}")
    _save(path, images=np.stack(images), points=np.stack(points), who=np.array(who))


def _save(path: Path, **arrays: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.npz")
    np.savez(partial, **arrays)
    partial.replace(path)


def main() -> None:
    """Render one shard."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("kind", choices=["portraits", "close-ups"])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--count", type=int, default=1000, help="portraits, or people of close-ups")
    parser.add_argument("--views", type=int, default=24, help="close-ups of each of the people")
    parser.add_argument("--backgrounds", type=int, default=24)
    asked = parser.parse_args()
    if asked.seed in SHOWN_SEEDS:
        parser.error(f"seeds {SHOWN_SEEDS} are kept for what is shown")
    cv2.setNumThreads(1)
    behind = backgrounds(asked.seed, asked.backgrounds)
    if asked.kind == "portraits":
        keep_portraits(asked.seed, asked.count, behind, asked.out)
    else:
        keep_close_ups(asked.seed, range(asked.count), asked.views, behind, asked.out)
    say(f"{asked.out}: done")


if __name__ == "__main__":
    main()

"""Vehicle crops from sites like those of the demo, with other seeds than its clips: `python -m … --out FILE`."""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from model_repository.scenes.clips import scene_of
from model_repository.scenes.film import Film
from model_repository.scenes.gate import PLANS
from model_repository.scenes.picture import PlateSeen
from model_repository.scenes.site import FPS, Driver
from model_repository.scenes.truth import boxes_at
from model_repository.train.plate_crops import Crop, fit

SHOWN_SEEDS = range(10)
"""Kept for the clips that are shown: what is learned must not come from them."""
VEHICLE_PX_MIN = 80
PLATE_PX_MIN = 26.0
BAD_VISIBLE = 0.95


def site_crops(seed: int, count: int) -> Iterator[Crop]:
    """Crops of the vehicles in `count` moments of each gate."""
    if seed in SHOWN_SEEDS:
        raise ValueError(f"seed {seed} is kept for the clips that are shown: take one outside {SHOWN_SEEDS}")
    rng = np.random.default_rng([seed, 6])
    for name in sorted(PLANS):
        scene = scene_of(name, seed)
        film = Film(scene)
        try:
            for number in rng.integers(0, scene.frame_count, count):
                image = film.frame(int(number))
                for actor, _, box in boxes_at(scene, int(number) / FPS):
                    if isinstance(actor, Driver) and box[2] - box[0] >= VEHICLE_PX_MIN:
                        yield _crop(rng, image, np.array(box), _own(film.plates, actor))
        finally:
            film.close()


def _own(plates: list[PlateSeen], driver: Driver) -> list[PlateSeen]:
    return [plate for plate in plates if plate.spot.text_latin == driver.plate_latin]


def _crop(
    rng: np.random.Generator, image: npt.NDArray[np.uint8], box: npt.NDArray[np.float64], plates: list[PlateSeen]
) -> Crop:
    height_px, width_px = image.shape[:2]
    side = np.array([box[2] - box[0], box[3] - box[1]] * 2)
    cut = box + side * rng.uniform(-0.03, 0.14, 4) * [-1, -1, 1, 1]
    x1, y1, x2, y2 = np.clip(cut, np.zeros(4), [width_px, height_px] * 2).astype(int)
    quads = [plate for plate in plates if plate.visible > BAD_VISIBLE]
    good = [q.quad - [x1, y1] for q in quads if np.ptp(q.quad[:, 0]) * 416 / max(x2 - x1, y2 - y1) >= PLATE_PX_MIN]
    inside = [q for q in good if q.min() >= 0 and np.all(q.max(axis=0) <= [x2 - x1, y2 - y1])]
    quad = inside[0].astype(np.float32) if inside else None
    return fit(image[y1:y2, x1:x2], quad, vague=quad is None and bool(plates))


def save(crops: list[Crop], path: Path) -> None:
    """Keep crops as one compressed file."""
    quads = np.array([np.zeros((4, 2), np.float32) if crop.quad is None else crop.quad for crop in crops])
    state = np.array([2 if crop.quad is not None else int(crop.vague) for crop in crops])
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, images=np.stack([crop.image for crop in crops]), quads=quads, state=state)


def main() -> None:
    """Render one shard of gates."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--count", type=int, default=60, help="moments of each gate")
    asked = parser.parse_args()
    save(list(site_crops(asked.seed, asked.count)), asked.out)


if __name__ == "__main__":
    main()

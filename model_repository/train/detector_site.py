"""Pictures of sites like the demo one: `python -m model_repository.train.detector_site --out DIR --seed N`.

The scenes' random places hold few cameras like those of the demo site: long lenses down a lane, rooms. Here the same
kinds of site are drawn with other seeds, from shaken cameras and in other light. The seeds of the clips that are shown
(SHOWN_SEEDS) are refused: what a detector is measured on, it must not have learned.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from model_repository.scenes import dataset, shading
from model_repository.scenes.clips import NAMES, scene_of
from model_repository.scenes.film import Film
from model_repository.scenes.gate import PLANS
from model_repository.scenes.geometry import View, visible_box
from model_repository.scenes.site import FPS, Scene
from model_repository.train.detector_augment import FILL
from model_repository.train.detector_frames import LABELS, SIZE, Floats, Frames, Picture, numbered

SHOWN_SEEDS = range(10)
INNER = (640, 360)
PER_CAMERA = 20
BAR_PX = (SIZE[1] - INNER[1]) // 2
PIXELS_MIN = 40
SEEN_SHARE_MIN = 0.12


def camera(scene: Scene, rng: np.random.Generator) -> View:
    """The scene's camera at the detector's size, moved and turned a little, with a slightly other lens."""
    view, far = scene.view, 1.0 if scene.name in PLANS else 0.25
    x, y, z = view.at
    at = (x + far * rng.normal(0, 0.5), y + far * rng.normal(0, 1.5), z * float(np.exp(rng.normal(0, 0.1))))
    yaw, pitch = view.yaw_rad + rng.normal(0, np.radians(1.5)), view.pitch_rad + rng.normal(0, np.radians(0.8))
    focal = view.focal_px * INNER[0] / view.width * float(np.exp(rng.uniform(-0.3, 0.1)))
    return View(at, float(yaw), float(pitch), focal, *INNER)


def weather(scene: Scene, rng: np.random.Generator) -> Scene:
    """Outdoor scenes in some other light half of the time."""
    if scene.name not in PLANS or rng.random() < 0.5:
        return scene
    light = dataset.LIGHTS[int(rng.integers(len(dataset.LIGHTS)))]
    kind = "rain" if light is shading.RAIN else "dusk" if light.lamps else "clear"
    return replace(scene, light=light, weather=kind)


def boxes_of(film: Film, scene: Scene, frame: int) -> Floats:
    """Visible boxes of the frame that was drawn last, float32 [n, 5] in pixels of the whole picture with its bars."""
    ids = film._stage.render().ids  # noqa: SLF001 - the film keeps the numbers of its last frame to itself
    rows: list[tuple[int, float, float, float, float]] = []
    for number, (actor, at, kind) in enumerate(scene.actors(frame / FPS), start=1 + len(scene.moving)):
        mask = ids == number
        whole = visible_box(scene.view, actor.mesh(at))
        if whole is None or mask.sum() < max(
            PIXELS_MIN, SEEN_SHARE_MIN * (whole[2] - whole[0]) * (whole[3] - whole[1])
        ):
            continue
        columns, lines = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
        top, bottom = float(lines[0]) + BAR_PX, float(lines[-1]) + 1 + BAR_PX
        rows.append((kind, float(columns[0]), top, float(columns[-1]) + 1, bottom))
    return numbered(rows)


def pictures(seed: int, count: int) -> Iterator[tuple[Picture, Floats]]:
    """Moments of sites: another site, camera and light every PER_CAMERA pictures."""
    if seed in SHOWN_SEEDS:
        raise ValueError(f"seed {seed} is kept for the clips that are shown: take one outside {SHOWN_SEEDS}")
    rng = np.random.default_rng((seed, 71))
    for camera_index in range(-(-count // PER_CAMERA)):
        scene = scene_of(NAMES[camera_index % len(NAMES)], seed * 1000 + camera_index)
        scene = replace(weather(scene, rng), view=camera(scene, rng))
        film = Film(scene)
        try:
            for frame in rng.integers(0, scene.frame_count, min(PER_CAMERA, count - camera_index * PER_CAMERA)):
                inner = film.frame(int(frame))
                picture = cv2.copyMakeBorder(inner, BAR_PX, BAR_PX, 0, 0, cv2.BORDER_CONSTANT, value=[FILL] * 3)
                yield np.asarray(picture, np.uint8), boxes_of(film, scene, int(frame))
        finally:
            film.close()


def main(arguments: list[str]) -> int:
    """Render one shard of sites."""
    parser = argparse.ArgumentParser(prog="detector_site", description=main.__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--validation", action="store_true", help="mark the shard as held out")
    asked = parser.parse_args(arguments)
    asked.out.mkdir(parents=True, exist_ok=True)
    frames = Frames()
    for image, boxes in pictures(asked.seed, asked.count):
        frames.add(image, boxes)
    name = f"{'val' if asked.validation else 'train'}-site-{asked.seed:04d}.npz"
    frames.save(asked.out / name)
    print(name, dict(zip(LABELS, frames.counts(), strict=True)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

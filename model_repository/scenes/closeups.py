"""Many pictures of the same few people, close up: what telling faces apart is learned and measured on.

Deterministic: view `v` of identity `i` of seed `s` depends on (s, i, v) and the backgrounds alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from model_repository.scenes import picture, shading
from model_repository.scenes.dataset import random_light
from model_repository.scenes.geometry import look_at
from model_repository.scenes.indoors import HALL
from model_repository.scenes.people import CLOTH, HELMETS, Person, Pose, face_points, person_body, person_head, somebody
from model_repository.scenes.stage import Stage

Image = npt.NDArray[np.uint8]
SIDE = 128


@dataclass(frozen=True, slots=True)
class CloseUp:
    """A picture (128, 128, 3) uint8 BGR of a face and its five points (5, 2)."""

    identity: int
    image: Image
    points: npt.NDArray[np.float32]


def close_ups(seed: int, identities: range, views: int, behind: list[Image]) -> Iterator[CloseUp]:
    """Yield `views` pictures of each of the identities."""
    stage = Stage((SIDE, SIDE), 2)
    try:
        for identity in identities:
            who = somebody(np.random.default_rng((seed, 41, identity)), 0.0, 0.2)
            for view in range(views):
                yield _close_up(stage, np.random.default_rng((seed, 42, identity, view)), who, identity, behind)
    finally:
        stage.close()


def _close_up(stage: Stage, rng: np.random.Generator, who: Person, identity: int, behind: list[Image]) -> CloseUp:
    yaw, nod = float(np.clip(rng.normal(0, 0.42), -1.0, 1.0)), float(rng.normal(0, 0.12))
    pose, shown = Pose(look=(yaw, nod)), _dressed(rng, who)
    points = face_points(shown, pose)
    middle = points.mean(axis=0)
    far, down = float(rng.uniform(1.6, 8.0)), float(rng.uniform(-0.12, 0.55))
    at = (float(middle[0]), float(middle[1] + far * np.cos(down)), float(middle[2] + far * np.sin(down)))
    # Eyes about 40 px apart, more or less.
    focal = float(rng.uniform(0.85, 1.15)) * 40 / 0.062 * far / (shown.height / 1.75)
    view = look_at(at, (float(middle[0]), float(middle[1]), float(middle[2])), focal, (SIDE, SIDE))
    light = HALL if rng.random() < 0.4 else random_light(rng)
    # The sun may stand anywhere around the face.
    turn = float(rng.uniform(-np.pi, np.pi))
    c, s = float(np.cos(turn)), float(np.sin(turn))
    x, y, z = light.sun
    light = replace(light, sun=(c * x - s * y, s * x + c * y, z))
    stage.clear(statics=True)
    stage.look(view)
    for part in (person_head(shown, pose), person_body(shown, pose)):
        stage.put(part, shading.shade(part, view.at, light))
    shot = stage.render()
    image = picture.lay_over(_behind(rng, behind), shot.colour, shot.cover)
    gain = float(rng.uniform(0.6, 1.35)) * (1.3 if light.lamps else 1.0)
    image = cv2.convertScaleAbs(image, alpha=gain, beta=float(rng.uniform(-15, 15)))
    return CloseUp(identity, np.asarray(image, np.uint8), view.project(points).astype(np.float32))


def _dressed(rng: np.random.Generator, who: Person) -> Person:
    """The same person on another day: other clothes, now and then a cap or a helmet."""
    top = CLOTH[int(rng.integers(len(CLOTH)))]
    draw = rng.random()
    helmet = HELMETS[int(rng.integers(len(HELMETS)))] if draw < 0.12 else None
    return replace(who, top=top, cap=who.cap if draw < 0.85 else not who.cap, helmet=helmet)


def _behind(rng: np.random.Generator, behind: list[Image]) -> Image:
    if not behind or rng.random() < 0.3:
        return np.full((SIDE, SIDE, 3), rng.uniform(30, 230, 3), np.uint8)
    whole = behind[int(rng.integers(len(behind)))]
    y, x = int(rng.integers(whole.shape[0] - SIDE)), int(rng.integers(whole.shape[1] - SIDE))
    return np.ascontiguousarray(whole[y : y + SIDE, x : x + SIDE])

"""People of the demo's clips, cut out as ingest would, with the truth of the scene that the clip was drawn from."""

from __future__ import annotations

import functools
from pathlib import Path

import av
import msgspec
import numpy as np
import numpy.typing as npt

from model_repository.scenes.geometry import Box
from model_repository.scenes.indoors import office_door
from model_repository.scenes.indoors import workshop as workshop_scene
from model_repository.scenes.people import face_points
from model_repository.scenes.site import FPS, Scene, Standing, Walker
from model_repository.scenes.truth import boxes_at

SITE = Path(__file__).resolve().parents[2] / "deploy" / "site"
EVERY_FRAMES = 12
FACE_EYES_PX_MIN = 11.0
PERSON_PX_MIN = 90.0
COVERED_MAX = 0.2
MARGIN = 0.06


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """One person in one frame; `points` float32 [5, 2] of the face in pixels of the crop."""

    crop: npt.NDArray[np.uint8]
    points: npt.NDArray[np.float32]
    identity: str
    helmet: bool
    vest: bool


@functools.cache
def office() -> tuple[Shown, ...]:
    """Everybody in the office clip whose face is near enough, not cut off and turned to the camera."""
    return tuple(each for each, eyes_px, turned in _shown(office_door()) if eyes_px >= FACE_EYES_PX_MIN and not turned)


@functools.cache
def workshop() -> tuple[Shown, ...]:
    """Everybody in the workshop clip who stands free."""
    return tuple(each for each, _, _ in _shown(workshop_scene()))


def _shown(scene: Scene) -> list[tuple[Shown, float, bool]]:
    """Person, distance of the eyes in pixels, and whether the face is turned away or cut off."""
    found = []
    with av.open(str(SITE / f"{scene.name}.mp4")) as clip:
        for number, frame in enumerate(clip.decode(video=0)):
            if number % EVERY_FRAMES == 0:
                picture = frame.to_ndarray(format="bgr24")
                boxes = boxes_at(scene, number / FPS)
                for index, (actor, _, box) in enumerate(boxes):
                    others = [other for place, (_, _, other) in enumerate(boxes) if place != index]
                    if isinstance(actor, Walker) and _free(box, others, scene):
                        found.append(_cut(scene, actor, number / FPS, picture, box))
    return found


def _free(box: Box, others: list[Box], scene: Scene) -> bool:
    """Large enough, the head in the picture, and not covered by anybody."""
    x1, y1, x2, y2 = box
    if y2 - y1 < PERSON_PX_MIN or y1 < 2 or x1 < 2 or x2 > scene.view.width - 2:
        return False
    for a1, b1, a2, b2 in others:
        both = max(0.0, min(x2, a2) - max(x1, a1)) * max(0.0, min(y2, b2) - max(y1, b1))
        if both > COVERED_MAX * (x2 - x1) * (y2 - y1):
            return False
    return True


def _cut(scene: Scene, actor: Walker, t: float, picture: npt.NDArray[np.uint8], box: Box) -> tuple[Shown, float, bool]:
    at = actor.where(t)
    assert at is not None
    world = _world(actor, at)
    pixels = scene.view.project(world)
    mx, my = (box[2] - box[0]) * MARGIN, (box[3] - box[1]) * MARGIN
    left, top = max(0, int(box[0] - mx)), max(0, int(box[1] - my))
    right, low = min(scene.view.width, int(box[2] + mx)), min(scene.view.height, int(box[3] + my))
    ahead = world[2] - world[[0, 1, 3, 4]].mean(axis=0)
    gaze = np.array(scene.view.at) - world[2]
    cosine = float(ahead @ gaze / np.linalg.norm(ahead) / np.linalg.norm(gaze))
    inside = bool((pixels > 4).all() and (pixels < np.array([scene.view.width, scene.view.height]) - 4).all())
    person = Shown(
        crop=np.ascontiguousarray(picture[top:low, left:right]),
        points=(pixels - [left, top]).astype(np.float32),
        identity=actor.identity or actor.subject,
        helmet=actor.who.helmet is not None,
        vest=actor.who.vest is not None,
    )
    return person, float(np.linalg.norm(pixels[0] - pixels[1])), cosine < 0.6 or not inside


def _world(actor: Walker, at: Standing) -> npt.NDArray[np.float64]:
    """The five points of a face where somebody stands."""
    c, s = np.cos(at.heading), np.sin(at.heading)
    assert at.pose is not None
    local = face_points(actor.who, at.pose).astype(np.float64)
    return np.asarray(local @ np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]).T + [at.x, at.y, 0.0])

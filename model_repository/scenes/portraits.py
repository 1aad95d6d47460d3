"""Single people as a camera's crops show them, with everything known: what faces and equipment are learned from.

Each picture is a person of random looks, pose, light and distance before a piece of some other scene, now and then
with somebody else in the way, framed from head to foot or cut anywhere below the chest. Labels come from a second
drawing in which head and body have numbers, so "visible" means visible.
Deterministic: portrait `i` of seed `s` depends on (s, i) and the backgrounds alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from model_repository.scenes import picture, shading
from model_repository.scenes.dataset import frames, random_light
from model_repository.scenes.geometry import Box, View, look_at, outline
from model_repository.scenes.indoors import HALL, machine
from model_repository.scenes.mesh import Mesh
from model_repository.scenes.people import (
    Person,
    Pose,
    face_points,
    person_body,
    person_head,
    somebody,
    walking,
    working,
)
from model_repository.scenes.shading import Light
from model_repository.scenes.stage import Stage

Image = npt.NDArray[np.uint8]
Rng = np.random.Generator
SIZE = (384, 512)
FACE_TURN_MAX_RAD = 1.15
"""A face turned further from the camera shows one eye: nobody is recognised by it."""


@dataclass(frozen=True, slots=True)
class Portrait:
    """A picture (512, 384, 3) uint8 BGR of one person; lengths in its pixels.

    `faces` are the five points (5, 2) and the box of every face that can be seen; the person's own comes first when
    `own_face`. `head_seen` and `torso_seen` are the shares 0..1 of head and trunk that are in the picture and not
    covered; `head_px` is the height of the head.
    """

    image: Image
    box: Box
    faces: tuple[tuple[npt.NDArray[np.float32], Box], ...]
    own_face: bool
    head_seen: float
    torso_seen: float
    head_px: float
    helmet: bool
    vest: bool


def backgrounds(seed: int, count: int) -> list[Image]:
    """Pictures (720, 1280, 3) to cut backgrounds from: random scenes."""
    return [sample.image for sample in frames(seed, count, (1280, 720), 1)]


def portraits(seed: int, count: int, behind: list[Image], *, look_px_min: float = 0.0) -> Iterator[Portrait]:
    """Yield `count` people; with `look_px_min` the head is at least so many pixels high."""
    stage = Stage(SIZE, 2)
    try:
        for index in range(count):
            rng = np.random.default_rng((seed, 40, index))
            yield _portrait(stage, rng, behind, look_px_min)
    finally:
        stage.close()


def random_pose(rng: Rng) -> Pose:
    """Walking, standing or working, the head turned a little."""
    pose = working(float(rng.random())) if rng.random() < 0.3 else walking(float(rng.random()), float(rng.random()))
    return replace(pose, look=(float(rng.normal(0, 0.3)), float(rng.normal(0, 0.15))))


def view_of(rng: Rng, who: Person, low: float, high: float) -> View:
    """A camera, where cameras hang, that sees somebody at the origin from `low` to `high` metres above the ground."""
    far, up = float(rng.uniform(2.2, 12.0)), float(rng.uniform(1.3, 3.8))
    side = float(rng.uniform(-np.pi, np.pi))
    at = (far * float(np.sin(side)), far * float(np.cos(side)), up)
    middle = (low + high) / 2 * who.height / 1.75
    focal = 0.9 * SIZE[1] * float(np.hypot(far, up - middle)) / (high - low)
    return look_at(at, (float(rng.normal(0, 0.08)), 0.0, middle), focal, SIZE)


@dataclass(frozen=True, slots=True)
class _Placed:
    """Somebody in the world: head and body, the five points (5, 3)."""

    head: Mesh
    body: Mesh
    points: npt.NDArray[np.floating]


def _placed(who: Person, pose: Pose, at: tuple[float, float], heading: float) -> _Placed:
    c, s = np.cos(heading), np.sin(heading)
    spot = (at[0], at[1], 0.0)
    points = face_points(who, pose) @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]]) + np.array(spot)
    return _Placed(person_head(who, pose).moved(spot, heading), person_body(who, pose).moved(spot, heading), points)


def _portrait(stage: Stage, rng: Rng, behind: list[Image], look_px_min: float) -> Portrait:
    who, pose = somebody(rng, 0.5, 0.5), random_pose(rng)
    low = 0.0 if rng.random() < 0.6 else float(rng.uniform(0.2, 1.25))
    low = max(low, 1.95 - 0.26 * SIZE[1] * 0.9 / look_px_min) if look_px_min else low
    view = view_of(rng, who, low, 1.95)
    light = HALL if rng.random() < 0.35 else random_light(rng)
    # Who is photographed for recognition comes towards the camera more often than not.
    towards = float(np.arctan2(-view.at[0], view.at[1]))
    heading = towards + float(rng.normal(0, 0.5)) if rng.random() < 0.65 else float(rng.uniform(-np.pi, np.pi))
    people = [_placed(who, pose, (0.0, 0.0), heading), *_company(rng, view)]
    stage.clear(statics=True)
    stage.look(view)
    numbers = [
        [stage.put(part, shading.shade(part, view.at, light)) for part in (each.head, each.body)] for each in people
    ]
    if rng.random() < 0.2:
        thing = _thing(rng, view)
        stage.put(thing, shading.shade(thing, view.at, light))
    shot = stage.render()
    image = picture.lay_over(_behind(rng, behind), shot.colour, shot.cover)
    seen = [_face_of(view, each, shot.ids == own[0]) for each, own in zip(people, numbers, strict=True)]
    own, masks = people[0], [shot.ids == number for number in numbers[0]]
    torso = own.body.points[:, 2] > 0.55 * who.height
    return Portrait(
        image=_worn(image, light, rng),
        box=_box(masks[0] | masks[1]) or (0.0, 0.0, 1.0, 1.0),
        faces=tuple(each for each in seen if each is not None),
        own_face=seen[0] is not None,
        head_seen=_share(view, own.head.points, masks[0]),
        torso_seen=_share(view, own.body.points[torso], masks[1]),
        head_px=float(np.ptp(view.project(own.head.points)[:, 1])),
        helmet=who.helmet is not None,
        vest=who.vest is not None,
    )


def _face_of(view: View, who: _Placed, mask: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.float32], Box] | None:
    """Points and box of a face in the picture, None where it cannot be seen."""
    if _facing(who.points, view) > FACE_TURN_MAX_RAD:
        return None
    pixels = view.project(who.points)
    return (pixels.astype(np.float32), face_box(pixels)) if _all_seen(pixels, mask) else None


def _facing(points: npt.NDArray[np.floating], view: View) -> float:
    """Angle between where a face looks and the camera."""
    ahead = points[2] - points[[0, 1, 3, 4]].mean(axis=0)
    gaze = np.array(view.at) - points[2]
    cosine = float(ahead @ gaze / max(1e-9, float(np.linalg.norm(ahead) * np.linalg.norm(gaze))))
    return float(np.arccos(np.clip(cosine, -1, 1)))


def face_box(pixels: npt.NDArray[np.floating]) -> Box:
    """From the hairline to the chin, as detectors of faces are taught: eyes and mouth (5, 2) grown to all sides."""
    eyes, mouth = pixels[:2].mean(axis=0), pixels[3:].mean(axis=0)
    tall = float(np.linalg.norm(mouth - eyes))
    wide = max(float(np.ptp(pixels[:, 0])), 0.75 * tall)
    x, y = float(pixels[:, 0].mean()), float((eyes[1] + mouth[1]) / 2)
    return (x - 1.05 * wide, y - 1.55 * tall, x + 1.05 * wide, y + 1.25 * tall)


def _company(rng: Rng, view: View) -> list[_Placed]:
    """Others around: behind mostly, in front at times."""
    ahead, across = _axes(view)
    found = []
    for share, low, high, sign, wide in ((0.35, 0.7, 3.0, 1, 0.6), (0.08, 0.5, 1.0, -1, 0.35)):
        if rng.random() < share:
            x, y = sign * ahead * float(rng.uniform(low, high)) + across * float(rng.normal(0, wide))
            who, heading = somebody(rng, 0.5, 0.5), float(rng.uniform(-np.pi, np.pi))
            found.append(_placed(who, random_pose(rng), (float(x), float(y)), heading))
    return found


def _thing(rng: Rng, view: View) -> Mesh:
    """A machine beside, behind or before the person."""
    ahead, across = _axes(view)
    away = float(rng.uniform(1.3, 2.2)) * (1 if rng.random() < 0.6 else -1)
    x, y = ahead * away + across * float(rng.normal(0, 1.2))
    return machine(rng).moved((float(x), float(y), 0), float(rng.uniform(-np.pi, np.pi)))


def _axes(view: View) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """On the ground: away from the camera, and to its right."""
    ahead = np.array([-view.at[0], -view.at[1]])
    ahead /= max(1e-6, float(np.linalg.norm(ahead)))
    return ahead, np.array([ahead[1], -ahead[0]])


def _behind(rng: Rng, behind: list[Image]) -> Image:
    """A piece of a picture, scaled and mirrored at will; now and then a plain wall."""
    w, h = SIZE
    if not behind or rng.random() < 0.25:
        top, low = rng.uniform(40, 235, (2, 3))
        wall = np.linspace(top, low, h)[:, None, :] + rng.normal(0, 2, (h, w, 3))
        return np.clip(wall, 0, 255).astype(np.uint8)
    whole = behind[int(rng.integers(len(behind)))]
    side = float(rng.uniform(0.35, 1.0))
    ch, cw = int(720 * side), int(540 * side)
    y, x = int(rng.integers(720 - ch + 1)), int(rng.integers(1280 - cw + 1))
    piece = cv2.resize(whole[y : y + ch, x : x + cw], (w, h), interpolation=cv2.INTER_LINEAR)
    return np.ascontiguousarray(piece[:, ::-1] if rng.random() < 0.5 else piece)


def _share(view: View, points: npt.NDArray[np.floating], mask: npt.NDArray[np.bool_]) -> float:
    """How much of a convex part is seen: its pixels over those of its outline, cut-off parts of it included."""
    hull = (outline(view.project(points)) / 16).astype(np.float32)
    rows, columns = _rows(hull, mask.shape)
    return float(np.clip(mask[rows, columns].sum() / max(1.0, cv2.contourArea(hull)), 0, 1))


def _rows(hull: npt.NDArray[np.float32], shape: tuple[int, ...]) -> tuple[Any, Any]:
    """The rows and columns of a mask that hold an outline."""
    low, high = np.floor(hull.reshape(-1, 2).min(axis=0)), np.ceil(hull.reshape(-1, 2).max(axis=0))
    x1, y1 = np.clip(low, 0, [shape[1], shape[0]]).astype(int)
    x2, y2 = np.clip(high, 0, [shape[1], shape[0]]).astype(int)
    return slice(int(y1), int(y2)), slice(int(x1), int(x2))


def _all_seen(pixels: npt.NDArray[np.floating], mask: npt.NDArray[np.bool_]) -> bool:
    """Whether four of five points and at least one eye lie where the head is seen."""
    at = np.round(pixels).astype(int)
    inside = (at >= 0).all(axis=1) & (at[:, 0] < mask.shape[1]) & (at[:, 1] < mask.shape[0])
    seen = np.array([bool(ok) and bool(mask[y, x]) for ok, (x, y) in zip(inside, at, strict=True)])
    return bool(seen.sum() >= 4 and seen[:2].any())


def _box(mask: npt.NDArray[np.bool_]) -> Box | None:
    columns, rows = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
    if len(columns) == 0:
        return None
    return (float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1))


def _worn(image: Image, light: Light, rng: Rng) -> Image:
    """Lens, sensor, distance and codec: a crop from far away has fewer pixels than this picture."""
    gain = float(rng.uniform(0.6, 1.35)) * (1.3 if light.lamps else 1.0)
    image = cv2.convertScaleAbs(image, alpha=gain, beta=float(rng.uniform(-18, 18)))
    small = float(rng.uniform(0.22, 1.0)) if rng.random() < 0.6 else 1.0
    if small < 1:
        image = cv2.resize(image, None, fx=small, fy=small, interpolation=cv2.INTER_AREA)
    if rng.random() < 0.5:
        image = picture.sensor_noise(np.asarray(image, np.uint8), rng, float(rng.uniform(0.5, 5)))
    if rng.random() < 0.6:
        _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(40, 92))])
        image = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    if rng.random() < 0.06:
        image = cv2.merge([cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)] * 3)
    return np.asarray(cv2.resize(image, SIZE, interpolation=cv2.INTER_LINEAR), np.uint8)

"""Endless randomised pictures with exact labels: what detectors and plate finders learn from.

Every picture is another camera, road, light, weather and crowd. Boxes come from a second drawing in which each actor
has a number, so they are the boxes of what is visible; actors that are nearly hidden, tiny or mere slivers are dropped.
Deterministic: picture `i` of seed `s` depends on (s, i) alone, except that grounds are shared between pictures.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from model_repository.plates.render import Plate, random_plate, render_plate
from model_repository.scenes import picture, shading
from model_repository.scenes.geometry import Box, View, outline, visible_points
from model_repository.scenes.ground import backdrop
from model_repository.scenes.layouts import Place, random_place
from model_repository.scenes.mesh import Mesh
from model_repository.scenes.people import Person
from model_repository.scenes.shading import Light
from model_repository.scenes.stage import Stage
from model_repository.scenes.vehicles import PERSON, Vehicle, plate_corners
from model_repository.scenes.zoo import (
    PERSONS_POOLED,
    TWO_WHEELERS_POOLED,
    pooled_person,
    pooled_static,
    pooled_two_wheeler,
    random_vehicle,
)

Image = npt.NDArray[np.uint8]
LIGHTS = (shading.DAY, shading.OVERCAST, shading.RAIN, shading.DUSK, shading.EVENING)
SIDE_PX_MIN = 8.0
SEEN_SHARE_MIN = 0.15
PLACES = 48


@dataclass(frozen=True, slots=True)
class PlateLabel:
    """A plate that looks at the camera: quad (4, 2) px, text, share not covered, its vehicle in `boxes` or -1."""

    quad: npt.NDArray[np.floating]
    text_latin: str
    visible: float
    vehicle_index: int


@dataclass(frozen=True, slots=True)
class PersonLabel:
    """What a person wears; `box_index` points into `boxes`."""

    box_index: int
    helmet: bool
    vest: bool


@dataclass(frozen=True, slots=True)
class Sample:
    """A picture (H, W, 3) uint8 BGR with its labels; boxes are (COCO class id, x1, y1, x2, y2) in pixels."""

    image: Image
    boxes: list[tuple[int, float, float, float, float]]
    plates: list[PlateLabel]
    persons: list[PersonLabel]


@dataclass(slots=True)
class _Actor:
    class_id: int
    mesh: Mesh
    vehicle: Vehicle | None = None
    who: Person | None = None
    heading: float = 0.0
    at: tuple[float, float] = (0.0, 0.0)
    spots: list[picture.PlateSpot] = field(default_factory=list)


def frames(seed: int, count: int, size: tuple[int, int] = (1280, 720), oversample: int = 2) -> Iterator[Sample]:
    """Yield `count` labelled pictures of (width, height); the larger of both sets the scale of everything."""
    stage = Stage(size, oversample)
    try:
        for index in range(count):
            yield _sample(stage, seed, index)
    finally:
        stage.close()


def _sample(stage: Stage, seed: int, index: int) -> Sample:
    rng = np.random.default_rng((seed, index))
    place = _place(seed, int(rng.integers(PLACES)))
    light = random_light(rng)
    view = place.camera(rng, stage.size)
    actors = _crowd(place, view, rng)
    stage.clear(statics=True)
    stage.look(view)
    statics = [pooled_static(kind, pick).moved((x, y, 0), turn) for kind, pick, x, y, turn in place.standing]
    statics = [mesh for mesh in statics if _in_view(view, mesh)]
    for mesh in statics:
        stage.stand(mesh, shading.shade(mesh, view.at, light))
    numbers = [stage.put(actor.mesh, shading.shade(actor.mesh, view.at, light)) for actor in actors]
    shot = stage.render()
    ground = backdrop(view, place.floor, light, rng)
    ground = picture.cast_shadows(ground, view, statics + [a.mesh for a in actors], light)
    if light.lamps:
        lit = [((a.at[0], a.at[1], 0.7), a.heading) for a in actors if a.vehicle is not None and a.vehicle.headlamps]
        ground = picture.beams(ground, view, lit, 9.0, 0.5)
    image = picture.lay_over(ground, shot.colour, shot.cover)
    spots = _plate_spots(actors, numbers, rng)
    seen = picture.paste_plates(image, view, spots, shot.ids, light)
    image = _lamps(image, view, (actors, numbers, shot.ids), light, rng)
    boxes, kept = _boxes(view, actors, numbers, shot.ids)
    plates = [PlateLabel(p.quad, p.spot.text_latin, p.visible, kept.get(p.spot.actor, -1)) for p in seen]
    persons = [PersonLabel(kept[n], a.who.helmet is not None, a.who.vest is not None)
               for a, n in zip(actors, numbers, strict=True) if n in kept and a.who is not None]  # fmt: skip
    return Sample(spoil(image, light, rng), boxes, plates, persons)


@lru_cache(maxsize=PLACES)
def _place(seed: int, number: int) -> Place:
    return random_place(np.random.default_rng((seed, 1_000_003, number)))


@lru_cache(maxsize=256)
def plate_texture(number: int) -> tuple[str, Image]:
    """One of a pool of plates: latin text and its texture, 320 px wide."""
    rng = np.random.default_rng((77, number))
    kind = str(rng.choice(["private", "private", "private", "private", "taxi", "police"]))
    plate: Plate = random_plate(rng, (kind,))
    return plate.text_latin, render_plate(plate, rng, 320)


def _in_view(view: View, mesh: Mesh) -> bool:
    """Whether a thing, or a shadow of its size, may show."""
    low, high = mesh.points.min(axis=0), mesh.points.max(axis=0)
    middle, reach = view.to_camera(((low + high) / 2)[None])[0], float(np.linalg.norm(high - low))
    return bool(
        middle[1] > -reach and abs(middle[0]) < (middle[1] + reach) * view.width / 2 / view.focal_px + 2 * reach
    )


def random_light(rng: np.random.Generator) -> Light:
    """Any weather and hour, never twice the same."""
    base = LIGHTS[int(rng.choice(5, p=[0.34, 0.24, 0.14, 0.14, 0.14]))]
    a, z = float(rng.uniform(0, 2 * np.pi)), float(rng.uniform(0.3, 0.95)) if base is shading.DAY else base.sun[2]
    flat = float(np.sqrt(max(1e-6, 1 - z * z)))

    def shake(rgb: tuple[float, float, float], amount: float) -> tuple[float, float, float]:
        all_, each = float(1 + amount * rng.standard_normal()), 1 + 0.3 * amount * rng.standard_normal(3)
        r, g, b = (max(0.0, c * all_ * float(e)) for c, e in zip(rgb, each, strict=True))
        return (r, g, b)

    return Light(
        (flat * float(np.cos(a)), flat * float(np.sin(a)), z), shake(base.sun_rgb, 0.12), shake(base.sky_rgb, 0.08),
        shake(base.ground_rgb, 0.1), shake(base.zenith, 0.08), shake(base.horizon, 0.05),
        base.haze_m * float(rng.uniform(0.6, 1.6)), base.lamps, base.shadow, float(rng.uniform(0.8, 1.15)),
    )  # fmt: skip


def _crowd(place: Place, view: View, rng: np.random.Generator) -> list[_Actor]:
    """Vehicles and people without overlap on the ground; one picture in twelve is empty."""
    actors: list[_Actor] = []
    if rng.random() < 0.08:
        return actors
    taken: list[tuple[float, float, float]] = [(view.at[0], view.at[1], 1.2)]
    for _ in range(int(rng.integers(1, 15))):
        vehicle = random_vehicle(rng)
        x, y, heading = place.vehicle_spot(rng)
        radius = 0.5 * float(np.hypot(*vehicle.size[:2])) * 0.8
        if _free(taken, x, y, radius):
            taken.append((x, y, radius))
            mesh = vehicle.mesh.moved((x, y, 0), heading)
            actors.append(_Actor(vehicle.class_id, mesh, vehicle, None, heading, (x, y)))
    for _ in range(int(rng.choice([0, 1, 2, 3]))):
        x, y, heading = place.vehicle_spot(rng) if rng.random() < 0.5 else place.person_spot(rng)
        if _free(taken, x, y, 0.9):
            taken.append((x, y, 0.9))
            actors.extend(_two_wheeled(rng, (x, y), heading))
    for _ in range(int(rng.choice([0, 1, 2, 4, 7]))):
        x, y, heading = place.person_spot(rng)
        if _free(taken, x, y, 0.3):
            taken.append((x, y, 0.3))
            who, mesh = pooled_person(int(rng.integers(PERSONS_POOLED)))
            actors.append(_Actor(PERSON, mesh.moved((x, y, 0), heading), None, who, heading, (x, y)))
    return actors


def _two_wheeled(rng: np.random.Generator, at: tuple[float, float], heading: float) -> list[_Actor]:
    motor = bool(rng.random() < 0.5)
    machine, who, seated = pooled_two_wheeler(int(rng.integers(TWO_WHEELERS_POOLED)), motor=motor)
    spot = (at[0], at[1], 0.0)
    out = [_Actor(machine.class_id, machine.mesh.moved(spot, heading), machine, None, heading, at)]
    if rng.random() < 0.75:
        out.append(_Actor(PERSON, seated.moved(spot, heading), None, who, heading, at))
    return out


def _free(taken: list[tuple[float, float, float]], x: float, y: float, radius: float) -> bool:
    return all(np.hypot(x - a, y - b) > radius + r for a, b, r in taken)


def _plate_spots(actors: list[_Actor], numbers: list[int], rng: np.random.Generator) -> list[picture.PlateSpot]:
    spots = []
    for actor, number in zip(actors, numbers, strict=True):
        if actor.vehicle is None:
            continue
        text, texture = plate_texture(int(rng.integers(256)))
        for at, front in ((actor.vehicle.front_plate, True), (actor.vehicle.rear_plate, False)):
            if at is not None:
                corners = _world(plate_corners(at, front=front), actor)
                spots.append(picture.PlateSpot(corners, texture, number, text))
    return spots


def _world(points: npt.NDArray[np.floating], actor: _Actor) -> npt.NDArray[np.floating]:
    c, s = np.cos(actor.heading), np.sin(actor.heading)
    turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    return points @ turn.T + np.array([*actor.at, 0.0])


def _lamps(
    image: Image,
    view: View,
    cast: tuple[list[_Actor], list[int], npt.NDArray[np.uint16]],
    light: Light,
    rng: np.random.Generator,
) -> Image:
    if not (light.lamps or rng.random() < 0.1):
        return image
    actors, numbers, ids = cast
    lamps = []
    for actor, number in zip(actors, numbers, strict=True):
        if actor.vehicle is None:
            continue
        ahead = (-float(np.sin(actor.heading)), float(np.cos(actor.heading)), 0.0)
        back = (-ahead[0], -ahead[1], 0.0)
        for points, towards, bgr, wide in ((actor.vehicle.headlamps, ahead, (230.0, 245.0, 255.0), 0.13),
                                           (actor.vehicle.tail_lamps, back, (40.0, 30.0, 190.0), 0.09)):  # fmt: skip
            world = _world(np.array(points).reshape(-1, 3), actor)
            lamps += [picture.Lamp((float(p[0]), float(p[1]), float(p[2])), towards, bgr, wide, number) for p in world]
    return picture.glow(image, view, lamps, float(rng.uniform(0.5, 1.0)), ids)


def _boxes(view: View, actors: list[_Actor], numbers: list[int], ids: npt.NDArray[np.uint16]
           ) -> tuple[list[tuple[int, float, float, float, float]], dict[int, int]]:  # fmt: skip
    boxes: list[tuple[int, float, float, float, float]] = []
    kept: dict[int, int] = {}
    for actor, number in zip(actors, numbers, strict=True):
        box = _visible(view, actor.mesh, ids, number)
        if box is not None:
            kept[number] = len(boxes)
            boxes.append((actor.class_id, *box))
    return boxes, kept


def _visible(view: View, mesh: Mesh, ids: npt.NDArray[np.uint16], number: int) -> Box | None:
    mask = ids == number
    columns, rows = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
    if len(columns) == 0:
        return None
    box = (float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1))
    if max(box[2] - box[0], box[3] - box[1]) < SIDE_PX_MIN or min(box[2] - box[0], box[3] - box[1]) < 4:
        return None
    whole = np.zeros(ids.shape, np.uint8)
    cv2.fillConvexPoly(whole, outline(visible_points(view, mesh)), 1, cv2.LINE_8, 4)
    full = cv2.contourArea(outline(visible_points(view, mesh)).astype(np.float32) / 16)
    inside = float(whole.sum())
    share = float(mask.sum()) / max(inside, 1.0)
    if share < SEEN_SHARE_MIN or inside < 0.06 * full:
        return None
    return box


def spoil(image: Image, light: Light, rng: np.random.Generator) -> Image:
    """Air, lens, sensor and codec."""
    if light.haze_m < 140 and rng.random() < 0.7:
        image = picture.rain(image, rng, int(image.shape[1] * rng.uniform(0.1, 0.5)), image.shape[0] * 0.06)
    level = max(8.0, float(cv2.mean(image)[1]))
    aim = float(rng.uniform(50, 85) if light.lamps else rng.uniform(85, 130))
    gain = float(np.clip(aim / level, 0.8, 2.6)) * float(rng.uniform(0.9, 1.1))
    shift = float(rng.uniform(-10, 10))
    table = np.clip(np.arange(256) * gain + shift, 0, 255).astype(np.uint8)
    image = cv2.LUT(image, table)
    if rng.random() < 0.25:
        image = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.4, 1.1)))
    sigma = float(rng.uniform(0, 9 if light.lamps else 5)) if rng.random() < 0.7 else 0.0
    if sigma > 0.5:
        image = picture.sensor_noise(image, rng, sigma)
    if rng.random() < 0.1:
        image = cv2.merge([cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)] * 3)
    if rng.random() < 0.6:
        ok, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(35, 95))])
        image = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8) if ok else image
    return image

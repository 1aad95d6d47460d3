"""The workshop and the office door of the demo site. Pure."""

import numpy as np

from model_repository.scenes import scenery
from model_repository.scenes.face import random_face
from model_repository.scenes.geometry import look_at
from model_repository.scenes.ground import YELLOW, Floor, noise, stripe
from model_repository.scenes.mesh import Colour, Mesh, Paint, Sculptor
from model_repository.scenes.motion import Ride, path, ride
from model_repository.scenes.people import HAIR, SKIN, Person, somebody
from model_repository.scenes.shading import Light
from model_repository.scenes.site import SIZE, Scene, Walker
from model_repository.scenes.vehicles import BLACK, CHROME, DARK

HALL = Light(
    (0.1, -0.25, 0.95),
    (0.28, 0.28, 0.27),
    (0.60, 0.62, 0.64),
    (0.34, 0.34, 0.34),
    (0.5, 0.5, 0.5),
    (0.6, 0.6, 0.6),
    4000.0,
    shadow=0.22,
    exposure=1.5,
)
CLIP_S = 24.0


def _floor(rgb: Colour, rng: np.random.Generator, tile_m: float = 0.0) -> Floor:
    scale = 40.0
    h, w = int(30 * scale), int(28 * scale)
    level = 1 + 0.02 * noise((h, w), 2, rng) + 0.03 * noise((h, w), 60, rng)
    image = np.clip(level[..., None] * np.array(rgb[::-1], np.float32) * 255, 0, 255).astype(np.uint8)
    if tile_m:
        step = round(tile_m * scale)
        image[::step] = (image[::step] * 0.85).astype(np.uint8)
        image[:, ::step] = (image[:, ::step] * 0.85).astype(np.uint8)
    return Floor(image, scale, -14.0, 26.0)


def _room(width: float, depth: float, height: float, paints: tuple[Paint, Paint]) -> Mesh:
    """Walls left, right and far, with a painted lower band, and a ceiling."""
    wall, band = paints
    clay = Sculptor()
    h = width / 2
    for a, b in (((-h, -3.0), (-h, depth)), ((-h, depth), (h, depth)), ((h, depth), (h, -3.0))):
        for low, high, paint in ((0.0, 1.3, band), (1.3, height, wall)):
            clay.quad([(*a, low), (*a, high), (*b, high), (*b, low)], paint, (4, 12))
    clay.quad([(-h, -3, height), (-h, depth, height), (h, depth, height), (h, -3, height)], wall.tinted(0.8), (10, 10))
    return clay.build()


def machine(rng: np.random.Generator) -> Mesh:
    """A machine tool: bed, column, guard with a window, control panel, lamp."""
    clay = Sculptor()
    hue = Paint(((0.20, 0.36, 0.30), (0.24, 0.34, 0.46), (0.62, 0.62, 0.58))[int(rng.integers(3))], 0.08)
    clay.box((0, 0, 0.4), (2.4, 1.2, 0.8), hue.tinted(0.8))
    clay.box((0, 0.25, 1.25), (2.3, 0.7, 0.9), hue)
    clay.box((0, 0.3, 1.9), (1.3, 0.7, 0.5), hue.tinted(0.9), (0.8, 0.9))
    clay.box((-0.2, -0.11, 1.25), (1.3, 0.04, 0.62), Paint((0.06, 0.08, 0.09), 0.5))
    clay.box((0.85, -0.13, 1.35), (0.40, 0.06, 0.5), DARK)
    clay.box((0.85, -0.17, 1.45), (0.30, 0.02, 0.22), Paint((0.25, 0.55, 0.65), 0.1))
    for k in range(3):
        clay.box(
            (0.75 + 0.1 * k, -0.17, 1.22),
            (0.05, 0.03, 0.05),
            Paint(((0.7, 0.1, 0.1), (0.8, 0.7, 0.1), (0.1, 0.6, 0.2))[k]),
        )
    clay.tube(((0.5, 0.3, 2.1), (0.5, 0.3, 2.5)), (0.05, 0.05), Paint((0.15, 0.70, 0.25), 0.1), 8)
    clay.box((0, -0.62, 0.5), (2.2, 0.04, 0.1), CHROME)
    for k in range(6):
        clay.box((-1.0 + 0.4 * k, -0.61, 0.12), (0.2, 0.02, 0.12), Paint((0.85, 0.7, 0.05)) if k % 2 else BLACK)
    return clay.build()


def workshop(seed: int = 1, duration_s: float = CLIP_S) -> Scene:
    """A hall with machines; people walk the marked lane and work, some with helmet and vest and some without."""
    rng = np.random.default_rng((seed, 31))
    view = look_at((-4.6, -1.6, 3.6), (0.6, 9.5, 0.7), 1000.0, SIZE)
    floor = _floor((0.44, 0.46, 0.45), rng)
    for x in (-1.1, 1.1):
        stripe(floor, (x, -4), (x, 25), 0.1, None, colour=YELLOW)
    scene = Scene("workshop", view, HALL, floor, duration_s, seed, weather="inside")
    scene.standing = [_room(17, 22, 6.0, (Paint((0.72, 0.73, 0.70)), Paint((0.36, 0.48, 0.46))))]
    for k in range(3):
        scene.standing.append(machine(rng).moved((3.1, 5.0 + 4.6 * k, 0), -np.pi / 2))
        scene.standing.append(machine(rng).moved((-4.2, 7.6 + 4.6 * k, 0), np.pi / 2))
    for k in range(4):
        scene.standing.append(scenery.clutter(np.random.default_rng(3 + 4 * k)).moved((6.4, 4.0 + 4 * k, 0)))
        tube = Sculptor()
        tube.box((0, 4 + 5 * k, 5.7), (5.0, 0.3, 0.1), Paint((0.98, 0.98, 0.94), 0, 0.9))
        tube.box((-8.46, 4 + 5 * k, 4.0), (0.06, 3.0, 1.3), Paint((0.75, 0.84, 0.92), 0.1))
        scene.standing.append(tube.build())
    gear = ((1.0, 1.0), (0.0, 1.0), (1.0, 0.0), (0.0, 0.0), (1.0, 1.0), (1.0, 1.0))
    spots: list[tuple[list[tuple[float, float]], float]] = [
        ([(-0.5, 21.0), (-0.4, -3.0)], 0.5),
        ([(0.5, -3.0), (0.4, 21.0)], 3.0),
        ([(-0.6, 21.0), (-0.7, 9.0), (-0.9, -3.0)], 7.5),
        ([(-0.2, -3.0), (-0.3, 9.0), (-2.3, 12.2)], 5.0),
    ]
    for k, (corners, start) in enumerate(spots):
        way = path(corners, 1.5)
        pace = ride(
            [(0.0, 1.3), (way.length_m, 1.25)], [(way.length_m - 0.2, 30.0)] if k == 3 else [], way.length_m, start
        )
        scene.walkers.append(Walker(f"worker-{k + 1}", somebody(rng, *gear[k]), way, pace, works=True))
    for k, (x, y, turn) in enumerate(((1.9, 5.0, -np.pi / 2), (-2.9, 7.6, np.pi / 2), (1.9, 9.6, -np.pi / 2))):
        way = path([(x, y), (x + 0.05, y)], 0.1)
        still = Ride(-1.0, np.zeros(int((duration_s + 3) * 100)))
        who = somebody(rng, *gear[(k + 4) % 6] if k != 1 else (0.0, 0.0))
        scene.walkers.append(Walker(f"operator-{k + 1}", who, way, still, works=True, busy_heading=turn))
    return scene


IDENTITIES: tuple[tuple[str, Person], ...] = tuple(
    (
        f"person-{k + 1}",
        Person(
            1.62 + 0.06 * (k % 4),
            0.95 + 0.06 * (k % 3),
            SKIN[k],
            HAIR[k],
            top,
            (0.12, 0.13, 0.17),
            None,
            None,
            k == 2,
            k == 3,
            random_face(np.random.default_rng((33, k))),
        ),
    )
    for k, top in enumerate(
        ((0.15, 0.22, 0.40), (0.50, 0.48, 0.44), (0.40, 0.10, 0.12), (0.14, 0.30, 0.22), (0.30, 0.30, 0.34))
    )
)


def office_door(seed: int = 1, duration_s: float = CLIP_S) -> Scene:
    """A corridor; people of five identities come through the far door towards the camera, one after another."""
    rng = np.random.default_rng((seed, 32))
    view = look_at((0.9, -0.4, 2.25), (-0.1, 4.6, 1.25), 1150.0, SIZE)
    scene = Scene("office-door", view, HALL, _floor((0.58, 0.55, 0.50), rng, 0.6), duration_s, seed, weather="inside")
    scene.standing = [_room(4.4, 9.0, 3.0, (Paint((0.80, 0.79, 0.75)), Paint((0.62, 0.66, 0.68))))]
    clay = Sculptor()
    clay.box((-0.2, 8.97, 1.08), (1.5, 0.06, 2.16), Paint((0.34, 0.30, 0.26)))
    for x in (-0.54, 0.14):
        clay.box((x, 8.93, 1.05), (0.60, 0.04, 2.0), Paint((0.62, 0.74, 0.80), 0.25))
    clay.box((-0.2, 8.9, 2.42), (0.6, 0.04, 0.2), Paint((0.10, 0.50, 0.25)))
    clay.box((-2.17, 4.2, 1.1), (0.05, 0.95, 2.15), Paint((0.48, 0.34, 0.22), 0.08))
    clay.box((2.17, 6.0, 1.1), (0.05, 0.95, 2.15), Paint((0.48, 0.34, 0.22), 0.08))
    clay.box((2.16, 3.6, 1.7), (0.03, 1.2, 0.8), Paint((0.85, 0.85, 0.80)))
    clay.box((-2.1, 7.2, 0.35), (0.45, 0.45, 0.7), Paint((0.30, 0.30, 0.30)))
    scene.standing += [clay.build(), scenery.bush(0.9, rng).moved((-1.95, 7.2, 0.6))]
    start = 0.6
    for name, who in IDENTITIES:
        way = path([(-0.2, 8.6), (float(rng.uniform(-0.5, 0.4)), 4.0), (float(rng.uniform(-0.9, -0.2)), -2.0)], 1.0)
        pace = ride([(0.0, 1.2), (5.0, 1.05), (way.length_m, 1.2)], [], way.length_m, start)
        scene.walkers.append(Walker(name, who, way, pace, identity=name))
        start += 4.4
    return scene

"""Places of trials: cameras, grounds and light that no model has learned from. Pure; chance by generator.

Trials are clips by which the whole chain is measured. The starters learned from random roads and yards, from gates that
are looked at along their lanes, a workshop and a corridor. Here are a depot and a store that are looked into from a
corner, and a road that is looked at from its side; cameras, paints and light are drawn anew for every clip.
"""

from dataclasses import dataclass, replace

import numpy as np

from model_repository.scenes import scenery
from model_repository.scenes.geometry import Pair, View, look_at
from model_repository.scenes.ground import YELLOW, Floor, asphalt, grass, noise, slabs, stripe
from model_repository.scenes.mesh import Colour, Mesh, Paint, Sculptor
from model_repository.scenes.shading import Light
from model_repository.scenes.site import SIZE

Rng = np.random.Generator
WALL_Y = 21.0


@dataclass(frozen=True, slots=True)
class Place:
    """A camera and what it looks at; `line` (a, b) and `zone` are ground points in metres."""

    view: View
    light: Light
    floor: Floor
    standing: list[Mesh]
    weather: str
    line: tuple[Pair, Pair]
    zone: tuple[Pair, ...]


YARD_LINE: tuple[Pair, Pair] = ((-6.0, 10.6), (6.0, 10.6))
YARD_ZONE: tuple[Pair, ...] = ((-2.8, 9.2), (2.8, 9.2), (2.8, 5.0), (-2.8, 5.0))
ROAD_LINE: tuple[Pair, Pair] = ((0.0, 11.4), (0.0, 21.0))
LAY_BY: tuple[Pair, ...] = ((3.0, 11.9), (14.0, 11.9), (14.0, 7.0), (3.0, 7.0))
LANES_Y = (15.2, 18.6)


def _paint(rng: Rng, low: float, high: float) -> Paint:
    r, g, b = (float(rng.uniform(low, high)) for _ in range(3))
    return Paint((r, g, b), float(rng.uniform(0.0, 0.1)))


def _daylight(rng: Rng) -> Light:
    """Between high noon and a pale afternoon, with a tint of its own."""
    turn, high = float(rng.uniform(0, 2 * np.pi)), float(rng.uniform(0.45, 0.85))
    flat = float(np.sqrt(1 - high * high))
    warm = float(rng.uniform(-0.08, 0.10))
    sun = float(rng.uniform(0.18, 0.55))
    sky = float(rng.uniform(0.50, 0.66))
    return Light(
        (flat * float(np.cos(turn)), flat * float(np.sin(turn)), high),
        (sun + warm, sun, sun - warm),
        (sky - 0.04, sky, sky + 0.07),
        (0.28, 0.27, 0.26),
        (0.44, 0.58, 0.76),
        (0.78, 0.82, 0.86),
        float(rng.uniform(220, 600)),
        shadow=float(rng.uniform(0.2, 0.6)),
        exposure=float(rng.uniform(0.9, 1.1)),
    )


def _lamplight(rng: Rng) -> Light:
    """Under a roof, warmer or colder than the demo's hall."""
    warm, level = float(rng.uniform(-0.05, 0.07)), float(rng.uniform(0.46, 0.60))
    return Light(
        (float(rng.uniform(-0.3, 0.3)), float(rng.uniform(-0.4, 0.2)), 0.9),
        (0.22 + warm, 0.22, 0.22 - warm),
        (level + warm, level, level - warm),
        (0.30, 0.30, 0.29),
        (0.5, 0.5, 0.5),
        (0.6, 0.6, 0.6),
        4000.0,
        shadow=0.25,
        exposure=float(rng.uniform(1.25, 1.5)),
    )


def _from_corner(rng: Rng) -> View:
    side = float(rng.choice([-1.0, 1.0]))
    at = (side * float(rng.uniform(3.0, 6.5)), float(rng.uniform(-4.5, -2.5)), float(rng.uniform(4.2, 5.8)))
    return look_at(at, (side * float(rng.uniform(-0.8, 0.4)), 9.6, 0.6), float(rng.uniform(860, 1000)), SIZE)


def _from_near(rng: Rng) -> View:
    """As near as equipment can be told from."""
    side = float(rng.choice([-1.0, 1.0]))
    at = (side * float(rng.uniform(2.4, 4.2)), float(rng.uniform(-1.4, -0.6)), float(rng.uniform(3.1, 3.8)))
    return look_at(at, (side * float(rng.uniform(-0.5, 0.3)), 8.0, 0.7), float(rng.uniform(1000, 1120)), SIZE)


def depot(rng: Rng) -> Place:
    """A paved yard with containers behind, a hall beside and things along its edges."""
    floor = grass((70, 84), (-35, 66), 20.0, rng)
    asphalt(floor, [[(-14, -8), (14, -8), (14, WALL_Y), (-14, WALL_Y)]], rng, float(rng.uniform(100, 145)))
    slabs(floor, (-14.0, WALL_Y - 2.4), (28.0, 2.4), rng)
    for x in (-6.0, 6.0):
        stripe(floor, (x, 2.0), (x, 18.0), 0.12, (1.0, 1.0), colour=YELLOW)
    standing = [scenery.container(rng).moved((float(x), WALL_Y + 1.6, 0), np.pi / 2) for x in (-10.5, -3.9, 2.7, 9.3)]
    standing.append(scenery.building((24.0, 12.0, 7.0), rng, hall=True).moved((4.0, 36.0, 0)))
    standing += [
        scenery.clutter(rng).moved((side * float(rng.uniform(7.5, 11)), float(rng.uniform(6, 18)), 0))
        for side in (-1, -1, 1, 1)
    ]
    standing.append(scenery.lamp_post(7.0).moved((-9.0, 19.0, 0)))
    standing += [
        scenery.tree(float(rng.uniform(5, 9)), rng).moved((float(x), 30.0 + float(rng.uniform(-3, 6)), 0))
        for x in (-24, -16, 18, 26)
    ]
    return Place(_from_corner(rng), _daylight(rng), floor, standing, "clear", YARD_LINE, YARD_ZONE)


def store(rng: Rng) -> Place:
    """A store house: racks along the walls, a marked way, a painted wall at the end."""
    scale, grey = 36.0, float(rng.uniform(0.55, 0.8))
    tone = [grey + float(rng.uniform(-0.05, 0.05)) for _ in range(3)]
    level = 1 + 0.02 * noise((1080, 1080), 2, rng) + 0.04 * noise((1080, 1080), 50, rng)
    image = np.clip(level[..., None] * np.array(tone, np.float32) * 255, 0, 255).astype(np.uint8)
    floor = Floor(image, scale, -15.0, 25.0)
    for y in (4.4, 17.5):
        stripe(floor, (-6.5, y), (6.5, y), 0.1, None, colour=YELLOW)
    clay, wall = Sculptor(), _paint(rng, 0.68, 0.82)
    for a, b in (((-9.5, -5.0), (-9.5, WALL_Y)), ((-9.5, WALL_Y), (9.5, WALL_Y)), ((9.5, WALL_Y), (9.5, -5.0))):
        clay.quad([(*a, 0.0), (*a, 7.0), (*b, 7.0), (*b, 0.0)], wall, (6, 12))
    clay.quad([(-9.5, -5, 7.0), (-9.5, WALL_Y, 7.0), (9.5, WALL_Y, 7.0), (9.5, -5, 7.0)], wall.tinted(0.7), (8, 8))
    racks = [_rack(rng).moved((side * 8.4, 3.4 * k + 4.0, 0), np.pi / 2) for side in (-1, 1) for k in range(5)]
    racks += [_rack(rng).moved((x, WALL_Y - 0.8, 0)) for x in (-5.4, -1.8, 1.8, 5.4)]
    return Place(_from_corner(rng), _lamplight(rng), floor, [clay.build(), *racks], "inside", YARD_LINE, YARD_ZONE)


def bench(rng: Rng) -> Place:
    """The store house from near."""
    return replace(store(rng), view=_from_near(rng))


def _rack(rng: Rng) -> Mesh:
    """Three shelves of boxes, 3.3 m wide."""
    clay = Sculptor()
    steel, orange = Paint((0.12, 0.20, 0.42), 0.05), Paint((0.80, 0.36, 0.08), 0.03)
    for x in (-1.6, 1.6):
        for y in (-0.45, 0.45):
            clay.box((x, y, 2.0), (0.09, 0.09, 4.0), steel)
    for z in (0.15, 1.5, 2.85):
        clay.box((0, 0, z), (3.2, 1.0, 0.1), orange)
        for x in (-1.1, 0.0, 1.1):
            if rng.random() < 0.8:
                high = float(rng.uniform(0.5, 1.1))
                clay.box((x, 0, z + 0.05 + high / 2), (float(rng.uniform(0.7, 1.0)), 0.8, high), _paint(rng, 0.2, 0.65))
    return clay.build()


def crates(rng: Rng) -> Mesh:
    """A pile higher than a man and 1.9 m wide: who walks behind it is hidden."""
    clay = Sculptor()
    for k, wide in enumerate((1.9, 1.9, 1.7)):
        clay.box((0, 0, 0.35 + 0.7 * k), (wide, 1.1, 0.7), _paint(rng, 0.25, 0.55))
    return clay.build()


def road(rng: Rng) -> Place:
    """A road with two lanes and a lay-by, looked at from its side."""
    floor = grass((90, 84), (-45, 66), 16.0, rng)
    edge = 44.0
    asphalt(floor, [[(-edge, 13.2), (edge, 13.2), (edge, 20.6), (-edge, 20.6)]], rng, float(rng.uniform(76, 112)))
    asphalt(floor, [[(1.0, 13.4), (2.6, 8.0), (14.4, 8.0), (17.0, 13.4)]], rng, float(rng.uniform(80, 115)))
    stripe(floor, (-edge, 16.9), (edge, 16.9), 0.14, (3.0, 3.0))
    for y in (13.3, 20.5):
        stripe(floor, (-edge, y), (edge, y), 0.14)
    slabs(floor, (-edge, 20.8), (2 * edge, 2.2), rng)
    side = float(rng.choice([-1.0, 1.0]))
    at = (side * float(rng.uniform(6.0, 10.5)), float(rng.uniform(-5.5, -3.0)), float(rng.uniform(5.6, 7.4)))
    view = look_at(at, (float(rng.uniform(0.5, 2.0)), 14.6, 0.2), float(rng.uniform(800, 930)), SIZE)
    hues: tuple[Colour, ...] = ((0.15, 0.2, 0.18), (0.30, 0.16, 0.12), (0.45, 0.46, 0.48))
    fence = Paint(hues[int(rng.integers(3))])
    standing = [scenery.rail_fence(((-40.0, 24.0), (40.0, 24.0)), 1.8, fence)]
    standing += [
        scenery.tree(float(rng.uniform(4, 8)), rng).moved((float(x), float(rng.uniform(27, 34)), 0))
        for x in range(-30, 31, 9)
    ]
    standing += [
        scenery.building((float(rng.uniform(14, 24)), 12.0, float(rng.uniform(6, 12))), rng).moved((x, 48.0, 0))
        for x in (-24.0, 4.0, 30.0)
    ]
    standing += [scenery.lamp_post(7.5).moved((x, 23.2, 0), np.pi) for x in (-13.0, 15.0)]
    return Place(view, _daylight(rng), floor, standing, "clear", ROAD_LINE, LAY_BY)

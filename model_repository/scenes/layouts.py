"""Random places for training pictures: ground, roads, what stands there, where cameras and actors go. Pure."""

from dataclasses import dataclass, field

import numpy as np

from model_repository.scenes.geometry import View
from model_repository.scenes.ground import YELLOW, Floor, asphalt, grass, slabs, stripe

SCALE = 14.0
SPAN, DEPTH = 64.0, 76.0
Spot = tuple[float, float, float]


@dataclass(slots=True)
class Place:
    """A piece of the world: x in ±SPAN/2, y from -8 to DEPTH-8, the camera near the origin looking along +y."""

    floor: Floor
    standing: list[tuple[str, int, float, float, float]] = field(default_factory=list)
    lanes: list[tuple[tuple[float, float], tuple[float, float]]] = field(default_factory=list)
    walks: list[tuple[tuple[float, float], tuple[float, float]]] = field(default_factory=list)
    yard: bool = False

    def camera(self, rng: np.random.Generator, size: tuple[int, int]) -> View:
        """A pole, a wall or a tripod: 1.6 to 9 m high, 35 to 85 degrees wide, looking down more or less."""
        width, height = size
        low = rng.random() < 0.25
        z = float(rng.uniform(1.5, 2.6) if low else rng.uniform(2.6, 9.0))
        wide = float(np.radians(rng.uniform(32, 88)))
        focal = max(width, height * 16 / 9) / 2 / float(np.tan(wide / 2))
        aim = float(rng.uniform(6, 26))
        pitch = -float(np.arctan2(z - rng.uniform(0.2, 1.5), aim))
        return View(
            (float(rng.uniform(-7, 7)), float(rng.uniform(-3, 2)), z),
            float(rng.normal(0, 0.28)),
            pitch,
            focal,
            width,
            height,
            float(rng.normal(0, 0.015)),
        )

    def vehicle_spot(self, rng: np.random.Generator) -> Spot:
        """Somewhere on a lane in its direction, or parked anyhow in a yard."""
        near = float(rng.beta(1.1, 1.8))
        if (self.yard and rng.random() < 0.6) or rng.random() < 0.2:
            y = 4 + near * 48
            return float(rng.uniform(-0.55, 0.55) * (y + 6)), y, float(rng.uniform(0, 2 * np.pi))
        a, b = self.lanes[int(rng.integers(len(self.lanes)))]
        t = near if b[1] > a[1] else 1 - near
        t = t if abs(b[1] - a[1]) > 10 else float(rng.random())
        heading = float(np.arctan2(-(b[0] - a[0]), b[1] - a[1])) + float(rng.normal(0, 0.06))
        return a[0] + t * (b[0] - a[0]) + float(rng.normal(0, 0.25)), a[1] + t * (b[1] - a[1]), heading

    def person_spot(self, rng: np.random.Generator) -> Spot:
        """On a pavement or anywhere."""
        if self.walks and rng.random() < 0.5:
            a, b = self.walks[int(rng.integers(len(self.walks)))]
            t = float(rng.beta(1, 2))
            return (
                a[0] + t * (b[0] - a[0]) + float(rng.normal(0, 0.4)),
                a[1] + t * (b[1] - a[1]),
                float(rng.uniform(0, 6.28)),
            )
        y = 3 + float(rng.beta(1, 2.2)) * 34
        return float(rng.uniform(-0.6, 0.6) * (y + 3)), y, float(rng.uniform(0, 6.28))


def random_place(rng: np.random.Generator) -> Place:
    """A road along the view, a crossing, a road across, or a yard."""
    floor = grass((SPAN, DEPTH), (-SPAN / 2, DEPTH - 8), SCALE, rng)
    place = Place(floor)
    kind = int(rng.integers(4))
    tone = float(rng.uniform(72, 128))
    if kind == 3:
        _yard(place, tone, rng)
    if kind in (0, 1):
        _road_along(place, tone, rng)
    if kind in (1, 2):
        _road_across(place, tone, rng)
    _furnish(place, rng)
    return place


def _road_along(place: Place, tone: float, rng: np.random.Generator) -> None:
    x, lane = float(rng.uniform(-5, 5)), float(rng.uniform(3.0, 3.8))
    half = lane * int(rng.integers(1, 3))
    low, high = -8.0, DEPTH - 8
    asphalt(place.floor, [[(x - half, low), (x + half, low), (x + half, high), (x - half, high)]], rng, tone)
    stripe(place.floor, (x, low), (x, high), 0.15, (3.0, 4.0) if rng.random() < 0.6 else None)
    for side in (-1.0, 1.0):
        stripe(place.floor, (x + side * (half - 0.15), low), (x + side * (half - 0.15), high), 0.12)
        if half > lane:
            stripe(place.floor, (x + side * lane, low), (x + side * lane, high), 0.12, (1.5, 3.0))
        if rng.random() < 0.7:
            wide = float(rng.uniform(1.5, 3.0))
            edge = x + half if side > 0 else x - half - wide
            slabs(place.floor, (edge, low), (wide, high - low), rng)
            place.walks.append(((edge + wide / 2, 2.0), (edge + wide / 2, 45.0)))
            stripe(place.floor, (x + side * half, low), (x + side * half, high), 0.2, None, colour=(165, 168, 170))
    for k in range(round(half / lane)):
        place.lanes.append(((x + lane * (k + 0.5), 2.0), (x + lane * (k + 0.5), 58.0)))
        place.lanes.append(((x - lane * (k + 0.5), 58.0), (x - lane * (k + 0.5), 2.0)))


def _road_across(place: Place, tone: float, rng: np.random.Generator) -> None:
    y, half = float(rng.uniform(9, 34)), float(rng.uniform(3.0, 3.8))
    edge = SPAN / 2
    asphalt(place.floor, [[(-edge, y - half), (edge, y - half), (edge, y + half), (-edge, y + half)]], rng, tone)
    stripe(place.floor, (-edge, y), (edge, y), 0.15, (3.0, 4.0))
    if rng.random() < 0.6:
        slabs(place.floor, (-edge, y - half - 2.2), (2 * edge, 2.2), rng)
        place.walks.append(((-18.0, y - half - 1.1), (18.0, y - half - 1.1)))
    if rng.random() < 0.4:
        x = float(rng.uniform(-10, 10))
        for k in range(int(2 * half / 1.0)):
            stripe(place.floor, (x - 2, y - half + 0.5 + k), (x + 2, y - half + 0.5 + k), 0.5)
        place.walks.append(((x, y - half), (x, y + half)))
    place.lanes += [((-26.0, y - half / 2), (26.0, y - half / 2)), ((26.0, y + half / 2), (-26.0, y + half / 2))]


def _yard(place: Place, tone: float, rng: np.random.Generator) -> None:
    place.yard = True
    edge = SPAN / 2
    asphalt(place.floor, [[(-edge, -8), (edge, -8), (edge, DEPTH - 14), (-edge, DEPTH - 14)]], rng, tone)
    row, wide = float(rng.uniform(10, 28)), 2.6
    colour = YELLOW if rng.random() < 0.3 else (196, 200, 200)
    for k in range(-8, 9):
        stripe(place.floor, (k * wide, row), (k * wide, row + 5.2), 0.1, None, colour=colour)
    stripe(place.floor, (-8 * wide, row), (8 * wide, row), 0.1, None, colour=colour)
    place.lanes += [
        ((k * wide + wide / 2, row + 2.6), (k * wide + wide / 2, row + (2.7 if k % 2 else 2.5))) for k in range(-6, 6)
    ]


def _furnish(place: Place, rng: np.random.Generator) -> None:
    def add(kind: str, x: float, y: float, turn: float = 0.0) -> None:
        place.standing.append((kind, int(rng.integers(8)), x, y, turn))

    for side in (-1, 1):
        if rng.random() < 0.7:
            add(
                str(rng.choice(["house", "hall"])),
                side * float(rng.uniform(20, 30)),
                float(rng.uniform(18, 44)),
                side * np.pi / 2,
            )
    for _ in range(int(rng.integers(1, 4))):
        add(str(rng.choice(["house", "hall"])), float(rng.uniform(-40, 40)), float(rng.uniform(66, 95)))
    for kind, low, high in (
        ("tree", 0, 9),
        ("bush", 0, 6),
        ("lamp", 0, 4),
        ("sign", 0, 3),
        ("container", 0, 3),
        ("clutter", 0, 7),
        ("fence", 0, 2),
        ("rails", 0, 2),
        ("gatehouse", 0, 2),
        ("barrier", 0, 2),
    ):
        for _ in range(int(rng.integers(low, high + 1)) if rng.random() < 0.7 else 0):
            y = float(rng.uniform(8, 60))
            side = -1 if rng.random() < 0.5 else 1
            clear = 2.0 if kind == "clutter" else 6.5
            x = side * float(rng.uniform(clear, clear + 4 + y * 0.4))
            if kind == "fence":
                x, y = side * float(rng.uniform(12, 18)), float(rng.uniform(20, 60))
            turn = (
                float(rng.uniform(0, 6.28))
                if kind in {"tree", "bush", "clutter"}
                else float(rng.choice([0, np.pi / 2]))
            )
            add(kind, x, y, turn)

"""Road vehicles as meshes: cars of several bodies, vans, trucks, buses. Pure.

Local frame: x right, y forward (the front is at +y), z up, origin on the ground below the middle. A `Vehicle` names the
corners of its plates (520 × 112 mm, order top-left, top-right, bottom-right, bottom-left as read) and of its lamps.
"""

from dataclasses import dataclass, field

import numpy as np

from model_repository.scenes.mesh import Colour, Mesh, Paint, Point, Sculptor

CAR, MOTORCYCLE, BUS, TRUCK, BICYCLE, PERSON = 2, 3, 5, 7, 1, 0
PLATE_M = (0.520, 0.112)
RUBBER, BLACK, DARK = Paint((0.035, 0.035, 0.04)), Paint((0.02, 0.02, 0.022)), Paint((0.07, 0.07, 0.08), 0.05)
GLASS, CHROME, RIM = Paint((0.035, 0.045, 0.055), 0.55), Paint((0.55, 0.56, 0.58), 0.5), Paint((0.5, 0.51, 0.53), 0.25)
COLOURS: tuple[Colour, ...] = (
    (0.80, 0.81, 0.82), (0.62, 0.64, 0.66), (0.30, 0.32, 0.34), (0.05, 0.05, 0.06), (0.50, 0.06, 0.06),
    (0.06, 0.14, 0.36), (0.08, 0.26, 0.16), (0.55, 0.45, 0.30), (0.75, 0.34, 0.06), (0.16, 0.30, 0.46),
    (0.32, 0.10, 0.16), (0.72, 0.70, 0.60),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Vehicle:
    """A mesh with what the rest of the scene wants to know about it."""

    mesh: Mesh
    class_id: int
    look: str
    size: Point
    front_plate: Point | None = None
    rear_plate: Point | None = None
    headlamps: tuple[Point, ...] = ()
    tail_lamps: tuple[Point, ...] = ()
    extra: dict[str, float] = field(default_factory=dict)


def plate_corners(at: Point, *, front: bool) -> np.ndarray:
    """The four corners (4, 3) of a plate in the vehicle's frame, in reading order."""
    x, y, z = at
    side = -1.0 if front else 1.0  # seen from ahead, the reader's left is the vehicle's right... and x grows right
    hx, hz = PLATE_M[0] / 2, PLATE_M[1] / 2
    left, right = (x - side * hx, x + side * hx)
    return np.array([(left, y, z + hz), (right, y, z + hz), (right, y, z - hz), (left, y, z - hz)], np.float32)


@dataclass(frozen=True, slots=True)
class CarShape:
    """A body in metres: lengths along y are measured from the middle, heights from the ground."""

    length: float
    width: float
    height: float
    belt: float
    bonnet: float
    nose: float
    boot: float
    base: tuple[float, float]  # where the cabin meets the body: rear, front
    roof: tuple[float, float]  # the roof's ends: rear, front
    clearance: float = 0.2
    wheel: float = 0.32


CARS: dict[str, CarShape] = {
    "sedan": CarShape(4.55, 1.80, 1.47, 0.98, 0.92, 0.70, 1.02, (-1.72, 1.00), (-0.98, 0.20)),
    "hatchback": CarShape(4.05, 1.74, 1.50, 0.99, 0.93, 0.72, 0.98, (-1.93, 0.98), (-1.55, 0.22)),
    "wagon": CarShape(4.65, 1.80, 1.50, 0.98, 0.93, 0.71, 1.00, (-2.22, 1.00), (-1.90, 0.22)),
    "suv": CarShape(4.62, 1.90, 1.74, 1.14, 1.08, 0.88, 1.12, (-2.20, 1.02), (-1.85, 0.32), 0.27, 0.37),
    "compact": CarShape(3.65, 1.66, 1.53, 0.99, 0.92, 0.74, 0.98, (-1.74, 0.98), (-1.42, 0.30)),
    "offroad": CarShape(4.10, 1.78, 1.92, 1.18, 1.16, 1.02, 1.16, (-1.98, 0.72), (-1.92, 0.46), 0.32, 0.38),
    "minivan": CarShape(4.90, 1.96, 1.98, 1.14, 1.12, 0.84, 1.12, (-2.36, 1.52), (-2.22, 0.62), 0.22, 0.34),
    "van": CarShape(5.40, 2.04, 2.35, 1.24, 1.20, 0.92, 1.22, (-2.66, 1.62), (-2.62, 0.98), 0.26, 0.36),
}


def car(look: str, rgb: Colour, rng: np.random.Generator) -> Vehicle:
    """A car of a named body and colour; small details vary with rng."""
    shape = CARS[look]
    clay = Sculptor()
    body = Paint(rgb, 0.20)
    _car_body(clay, shape, body)
    _cabin(clay, shape, body, rng)
    for y in (-shape.length * 0.29, shape.length * 0.30):
        for side in (-1.0, 1.0):
            wheel(clay, (side * shape.width / 2, y, shape.wheel), shape.wheel, rng)
    lamps = _car_front(clay, shape, rng)
    tails, rear_plate = _car_rear(clay, shape, body)
    front_plate = (0.0, shape.length / 2 + 0.045, shape.clearance + 0.26)
    for at in (front_plate, rear_plate):
        plate_holder(clay, at)
    _trim(clay, shape, body, rng)
    size = (shape.width, shape.length, shape.height)
    return Vehicle(clay.build(), CAR, look, size, front_plate, rear_plate, lamps, tails)


def _top(shape: CarShape, y: float) -> float:
    """Height of the body's upper edge without the cabin at y."""
    half = shape.length / 2
    ys = [-half, -half + 0.10, shape.base[0], shape.base[1], half - 0.45, half - 0.12, half]
    zs = [shape.boot - 0.14, shape.boot - 0.02, shape.belt, shape.belt, shape.bonnet - 0.07, shape.nose + 0.06]
    return float(np.interp(y, ys, [*zs, shape.nose - 0.06]))


def _car_body(clay: Sculptor, shape: CarShape, body: Paint) -> None:
    half, w = shape.length / 2, shape.width / 2
    stations = [-half, -half + 0.06, -half + 0.25, -half * 0.62, -half * 0.3, 0.0, half * 0.3, half * 0.6,
                half - 0.45, half - 0.2, half - 0.07, half]  # fmt: skip
    wide = [0.86, 0.93, 0.985, 1.0, 1.0, 1.0, 1.0, 1.0, 0.985, 0.94, 0.87, 0.80]
    low = [0.16, 0.08, 0.03, 0.0, 0.0, 0.0, 0.0, 0.0, 0.02, 0.06, 0.10, 0.14]
    rings = []
    for y, f, lift in zip(stations, wide, low, strict=True):
        bottom, top = shape.clearance + lift, _top(shape, y)
        mid = bottom + 0.45 * (top - bottom)
        right = [
            (0.80, bottom),
            (0.975, bottom + 0.07),
            (1.0, mid),
            (0.985, top - 0.14),
            (0.90, top - 0.02),
            (0.55, top + 0.012),
        ]
        ring = [(f * w * a, y, z) for a, z in right] + [(-f * w * a, y, z) for a, z in right[::-1]]
        rings.append(ring)
    clay.loft(np.array(rings, np.float32), body)


def _between(a: Point, b: Point, t: float) -> Point:
    return (a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t)


def _pane(
    clay: Sculptor, corners: list[Point], inset: tuple[float, float, float, float], push: Point, paint: Paint
) -> None:
    """A patch cut out of a four-cornered face (low-left, low-right, high-right, high-left), moved outwards by push."""
    left, right, down, up = inset
    a, b, c, e = corners
    low = (_between(a, b, left), _between(a, b, 1 - right))
    high = (_between(e, c, left), _between(e, c, 1 - right))
    cut = [_between(low[0], high[0], down), _between(low[1], high[1], down), _between(low[1], high[1], 1 - up)]
    cut.append(_between(low[0], high[0], 1 - up))
    clay.quad([(p[0] + push[0], p[1] + push[1], p[2] + push[2]) for p in cut], paint, (4, 4))


def _cabin(clay: Sculptor, shape: CarShape, body: Paint, rng: np.random.Generator) -> None:
    w = shape.width / 2
    wb, wt = 0.90 * w, (0.70 if shape.height < 1.9 else 0.80) * w
    (br, bf), (tr, tf) = shape.base, shape.roof
    zb, zt = shape.belt - 0.02, shape.height
    lows = [(-wb, br, zb), (wb, br, zb), (wb, bf, zb), (-wb, bf, zb)]
    eaves = [
        (-wt * 1.04, tr, zt - 0.07),
        (wt * 1.04, tr, zt - 0.07),
        (wt * 1.04, tf, zt - 0.07),
        (-wt * 1.04, tf, zt - 0.07),
    ]
    inner = [
        (-wt * 0.86, tr + 0.12, zt - 0.01),
        (wt * 0.86, tr + 0.12, zt - 0.01),
        (wt * 0.86, tf - 0.12, zt - 0.01),
        (-wt * 0.86, tf - 0.12, zt - 0.01),
    ]
    rings = np.array([lows, eaves, inner], np.float32)
    clay.loft(rings, body, smooth=False)
    clay.quad(inner, body, (3, 3))
    glass = Paint(GLASS.rgb, 0.5 + 0.2 * float(rng.random()))
    _pane(clay, [lows[2], lows[3], eaves[3], eaves[2]], (0.05, 0.05, 0.04, 0.03), (0, 0.015, 0.012), glass)
    blank = shape.height > 2.2 and rng.random() < 0.7  # a panel van has no side windows behind the door
    _pane(clay, [lows[0], lows[1], eaves[1], eaves[0]], (0.08, 0.08, 0.12, 0.08), (0, -0.015, 0.012), glass)
    for side in (0, 1):
        face = [lows[1], lows[2], eaves[2], eaves[1]] if side else [lows[0], lows[3], eaves[3], eaves[0]]
        push = (0.014 if side else -0.014, 0.0, 0.004)
        cuts = [(0.70, 0.05)] if blank else [(0.05, 0.74), (0.29, 0.40), (0.63, 0.05)]
        for left, right in cuts:
            _pane(clay, face, (left, right, 0.10, 0.08), push, glass)


def wheel(clay: Sculptor, hub: Point, radius: float, rng: np.random.Generator, width: float = 0.21) -> None:
    """A wheel whose outer face is at hub.x (the sign of x is the side), with its dark arch and a spoked rim."""
    x, y, z = hub
    side = 1.0 if x > 0 else -1.0
    clay.disc((x + side * 0.004, y, z + 0.02), side, radius * 1.20, BLACK, 16)
    clay.tube(((x - side * width, y, z), (x + side * 0.015, y, z)), (radius, radius), RUBBER, 16)
    clay.disc((x + side * 0.020, y, z), side, radius * 0.68, DARK, 14)
    clay.disc((x + side * 0.030, y, z), side, radius * 0.20, RIM, 8)
    spokes, turn = int(rng.integers(5, 8)), float(rng.random())
    for i in range(spokes):
        a = 2 * np.pi * (i + turn) / spokes
        tip, base = 0.66 * radius, 0.09
        c, s = float(np.cos(a)), float(np.sin(a))
        corners = [(x + side * 0.028, y + c * r - s * h, z + s * r + c * h) for r, h in
                   ((0.05, -base * 0.5), (tip, -base * 0.4), (tip, base * 0.4), (0.05, base * 0.5))]  # fmt: skip
        clay.quad(corners, RIM)


def plate_holder(clay: Sculptor, at: Point) -> None:
    """The black frame and a blank plate: the real one is warped over it later."""
    side = 1.0 if at[1] > 0 else -1.0
    clay.box((at[0], at[1] - side * 0.022, at[2]), (0.545, 0.03, 0.135), BLACK)
    clay.box((at[0], at[1] - side * 0.010, at[2]), (0.520, 0.016, 0.112), Paint((0.7, 0.7, 0.7)))


def _car_front(clay: Sculptor, shape: CarShape, rng: np.random.Generator) -> tuple[Point, ...]:
    half, w = shape.length / 2, shape.width / 2
    face, low = half + 0.012, shape.clearance
    grille = CHROME if rng.random() < 0.3 else DARK
    depth = 0.10 + 0.08 * float(rng.random())
    clay.box((0, face - 0.03, shape.nose - 0.02 - depth / 2), (w * 0.95, 0.06, depth), BLACK)
    for k in range(3):
        clay.box((0, face + 0.005, shape.nose - 0.03 - depth * k / 2.4), (w * 0.93, 0.02, 0.016), grille)
    clay.ball((0, face + 0.012, shape.nose - 0.02 - depth / 2), (0.055, 0.02, 0.055), CHROME, (8, 4))
    clay.box((0, face - 0.02, low + 0.14), (w * 1.30, 0.07, 0.10), BLACK)
    clay.box((0, half - 0.08, low + 0.05), (w * 1.62, 0.16, 0.05), DARK)
    lamp = Paint((0.75, 0.78, 0.80), 0.35)
    lamps = []
    for side in (-1.0, 1.0):
        at = (side * w * 0.66, half - 0.10, shape.nose - 0.03)
        clay.ball(at, (w * 0.20, 0.13, 0.085), DARK, (10, 5))
        clay.ball((at[0], at[1] + 0.02, at[2]), (w * 0.17, 0.13, 0.068), lamp, (10, 5))
        clay.ball((side * w * 0.68, half - 0.06, low + 0.15), (0.075, 0.07, 0.06), lamp, (8, 4))
        lamps.append((at[0], at[1] + 0.12, at[2]))
    return tuple(lamps)


def _car_rear(clay: Sculptor, shape: CarShape, body: Paint) -> tuple[tuple[Point, ...], Point]:
    half, w = shape.length / 2, shape.width / 2
    face, red = -half - 0.012, Paint((0.45, 0.02, 0.03), 0.25)
    clay.box((0, face + 0.03, shape.clearance + 0.19), (w * 1.66, 0.09, 0.14), body.tinted(0.9))
    clay.box((0, face + 0.03, shape.clearance + 0.08), (w * 1.5, 0.08, 0.07), DARK)
    tails = []
    upright = shape.base[0] < -half + 0.3
    for side in (-1.0, 1.0):
        at = (side * w * 0.74, -half + 0.03, shape.boot - (0.10 if upright else 0.16))
        clay.ball(at, (w * 0.12, 0.08, 0.16) if upright else (w * 0.19, 0.09, 0.085), red, (10, 6))
        clay.ball((at[0], at[1] - 0.02, at[2] - 0.05), (w * 0.07, 0.07, 0.03), Paint((0.7, 0.66, 0.62), 0.2), (8, 4))
        tails.append((at[0], at[1] - 0.10, at[2]))
    height = shape.boot - (0.25 if upright else 0.19)
    clay.box((0, face + 0.04, height + 0.09), (w * 0.8, 0.06, 0.035), CHROME)
    return tuple(tails), (0.0, -half - 0.06, height)


def _trim(clay: Sculptor, shape: CarShape, body: Paint, rng: np.random.Generator) -> None:
    w = shape.width / 2
    front = shape.base[1]
    for side in (-1.0, 1.0):
        clay.box((side * (w + 0.07), front - 0.24, shape.belt + 0.06), (0.17, 0.10, 0.13), body, (0.8, 0.8))
        clay.box((side * (w + 0.004), 0.0, shape.clearance + 0.05), (0.02, shape.length * 0.46, 0.09), DARK)
        for y in (front - 0.55, front - 1.45, shape.base[0] + 0.55):
            clay.box((side * (w - 0.004), y, shape.belt - 0.28), (0.012, 0.012, 0.44), BLACK)
        for y in (front - 0.80, front - 1.70):
            clay.box(
                (side * (w + 0.004), y, shape.belt - 0.15), (0.03, 0.17, 0.03), CHROME if rng.random() < 0.4 else body
            )
        if shape.height > 1.7 and shape.height < 2.0:
            clay.box(
                (side * w * 0.66, (shape.roof[0] + shape.roof[1]) / 2, shape.height + 0.03), (0.04, 1.5, 0.03), CHROME
            )
    for x in (-0.32, 0.22):  # wipers
        clay.box((x, front - 0.02, shape.belt + 0.03), (0.42, 0.03, 0.015), BLACK)

"""Trucks and buses as meshes, in the frame of `vehicles`. Pure."""

from dataclasses import dataclass

import numpy as np

from model_repository.scenes.mesh import Colour, Paint, Point, Sculptor
from model_repository.scenes.vehicles import (
    BLACK,
    BUS,
    CHROME,
    DARK,
    GLASS,
    RUBBER,
    TRUCK,
    Vehicle,
    plate_holder,
    wheel,
)

TRUCK_LOOKS = ("box", "tipper", "flatbed", "tank", "curtain")
LAMP, RED, AMBER = Paint((0.75, 0.78, 0.80), 0.35), Paint((0.45, 0.02, 0.03), 0.2), Paint((0.75, 0.36, 0.03), 0.2, 0.4)
STEEL = Paint((0.22, 0.23, 0.25), 0.05)


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where things of a lorry go: total length, width, cab height and depth, load height."""

    length: float
    width: float
    cab: tuple[float, float]
    load_top: float


def truck(look: str, rgb: Colour, rng: np.random.Generator) -> Vehicle:
    """A rigid lorry: a cab over the engine and one of TRUCK_LOOKS behind it."""
    frame = _Frame(
        float(rng.uniform(6.4, 8.2)),
        float(rng.uniform(2.25, 2.48)),
        (float(rng.uniform(2.45, 2.95)), float(rng.uniform(1.75, 2.05))),
        float(rng.uniform(2.7, 3.15)),
    )
    clay = Sculptor()
    half, w = frame.length / 2, frame.width / 2
    clay.box((0, -0.2, 0.72), (0.9, frame.length - 0.9, 0.22), STEEL)
    _cab(clay, frame, Paint(rgb, 0.16), rng)
    back = half - frame.cab[1] - 0.18
    _load(clay, look, (w, -half, back, frame.load_top), rng)
    axles = [half - 1.15, -half + 1.35] + ([-half + 2.45] if frame.length > 7.2 else [])
    for y in axles:
        for side in (-1.0, 1.0):
            wheel(clay, (side * (w - 0.03), y, 0.48), 0.48, rng, 0.45)
            clay.box((side * (w - 0.24), y, 1.02), (0.46, 1.15, 0.05), BLACK)
    for side in (-1.0, 1.0):
        clay.box((side * (w - 0.12), 0.2, 0.72), (0.12, frame.length * 0.28, 0.42), STEEL)
    tails, rear = _truck_rear(clay, half, w)
    front = (0.0, half + 0.035, 0.52)
    plate_holder(clay, front)
    lamps = tuple((side * w * 0.74, half + 0.05, 0.72) for side in (-1.0, 1.0))
    size = (frame.width, frame.length, max(frame.load_top, frame.cab[0]))
    return Vehicle(clay.build(), TRUCK, look, size, front, rear, lamps, tails)


def _cab(clay: Sculptor, frame: _Frame, body: Paint, rng: np.random.Generator) -> None:
    half, w = frame.length / 2, frame.width / 2 - 0.03
    top, depth = frame.cab
    rear, front = half - depth, half - 0.04
    rings = []
    for z, inset, lean in (
        (0.62, 0.05, 0.05),
        (0.95, 0.0, 0.0),
        (1.45, 0.0, 0.02),
        (top - 0.22, 0.07, 0.24),
        (top, 0.22, 0.42),
    ):
        x, y = w - inset, front - lean
        rings.append(
            [(-x, rear, z), (x, rear, z), (x, y - 0.14, z), (x - 0.14, y, z), (-x + 0.14, y, z), (-x, y - 0.14, z)]
        )
    clay.loft(np.array(rings, np.float32), body, smooth=False)
    glass_top = top - 0.24
    clay.quad(
        [
            (-w + 0.12, front - 0.01, 1.50),
            (w - 0.12, front - 0.01, 1.50),
            (w - 0.20, front - 0.225, glass_top),
            (-w + 0.20, front - 0.225, glass_top),
        ],
        GLASS,
        (5, 4),
    )
    for side in (-1.0, 1.0):
        x = side * (w + 0.012)
        clay.quad(
            [
                (x, rear + 0.55, 1.50),
                (x, front - 0.20, 1.46),
                (x - side * 0.06, front - 0.38, glass_top),
                (x - side * 0.06, rear + 0.55, glass_top),
            ],
            GLASS,
            (3, 3),
        )
        clay.box((x, rear + 0.5, 1.4), (0.012, 0.015, 1.3), BLACK)
        clay.box((x, rear + 0.62, 1.36), (0.03, 0.2, 0.04), BLACK)
        clay.box((side * (w + 0.17), front + 0.02, top - 0.55), (0.20, 0.10, 0.50), BLACK, (0.9, 0.9))
        clay.box((side * (w + 0.06), front - 0.02, top - 0.28), (0.2, 0.04, 0.04), BLACK)
        clay.box((side * w * 0.76, front + 0.03, 0.72), (0.40, 0.10, 0.20), DARK)
        clay.ball((side * w * 0.76, front + 0.06, 0.72), (0.16, 0.04, 0.08), LAMP, (10, 4))
        clay.box((side * w * 0.97, front - 0.02, 0.95), (0.07, 0.09, 0.07), AMBER)
    clay.box((0, front + 0.01, 0.58), (2 * w, 0.14, 0.32), body if rng.random() < 0.4 else DARK)
    slats = DARK if rng.random() < 0.7 else CHROME
    clay.box((0, front + 0.002, 1.14), (w * 1.35, 0.03, 0.46), BLACK)
    for k in range(5):
        clay.box((0, front + 0.02, 0.96 + 0.09 * k), (w * 1.30, 0.02, 0.028), slats)
    clay.box((0, front + 0.02, 1.44), (w * 0.5, 0.02, 0.06), CHROME)
    clay.box((0, front - 0.30, top + 0.03), (w * 1.5, 0.30, 0.08), body.tinted(0.8))


def _load(clay: Sculptor, look: str, span: tuple[float, float, float, float], rng: np.random.Generator) -> None:
    w, rear, front, top = span
    middle, length = (rear + front) / 2, front - rear
    hues: tuple[Colour, ...] = (
        (0.82, 0.83, 0.84),
        (0.70, 0.72, 0.74),
        (0.12, 0.26, 0.52),
        (0.55, 0.10, 0.08),
        (0.80, 0.78, 0.70),
        (0.16, 0.36, 0.22),
        (0.78, 0.40, 0.08),
    )
    paint = Paint(hues[int(rng.integers(len(hues)))], 0.08)
    if look in {"box", "curtain"}:
        _box_body(clay, look, (w, rear, front, top), paint)
    elif look == "tipper":
        rim = top - 0.75
        rings = [
            [(-x, rear + d, z), (x, rear + d, z), (x, front - d, z), (-x, front - d, z)]
            for x, d, z in ((w * 0.72, 0.25, 0.95), (w * 0.98, 0.05, 1.30), (w, 0.0, rim))
        ]
        clay.loft(np.array(rings, np.float32), paint, smooth=False)
        for k in range(6):
            y = rear + 0.2 + k * (length - 0.4) / 5
            for side in (-1.0, 1.0):
                clay.box((side * w, y, (1.2 + rim) / 2), (0.07, 0.10, rim - 1.2), paint.tinted(0.85))
        clay.ball((0, middle, rim - 0.1), (w * 0.9, length * 0.45, 0.38), Paint((0.36, 0.30, 0.22)), (12, 6))
        clay.box((0, front + 0.05, rim + 0.1), (2 * w, 0.08, 0.3), paint)
    elif look == "tank":
        t = np.linspace(0, 2 * np.pi, 18, endpoint=False)
        rings = [
            [(w * 0.94 * r * np.cos(a), y, 1.72 + 0.78 * r * np.sin(a)) for a in t]
            for y, r in ((rear + 0.1, 0.6), (rear + 0.25, 1.0), (middle, 1.0), (front - 0.25, 1.0), (front - 0.1, 0.6))
        ]
        clay.loft(np.array(rings, np.float32), Paint(paint.rgb, 0.25))
        for y in (rear + 1.0, middle, front - 1.0):
            clay.tube(((0, y, 2.45), (0, y, 2.68)), (0.28, 0.28), STEEL, 10)
        clay.box((0, middle, 0.98), (w * 1.2, length, 0.16), STEEL)
    else:
        clay.box((0, middle, 1.0), (2 * w, length, 0.14), STEEL)
        for side in (-1.0, 1.0):
            clay.box((side * w, middle, 1.32), (0.05, length, 0.52), paint)
        clay.box((0, rear, 1.32), (2 * w, 0.05, 0.52), paint)
        clay.box((0, front, 1.6), (2 * w, 0.06, 1.1), paint)
        for k in range(int(rng.integers(1, 4))):
            hue = Paint((0.42, 0.33, 0.22) if k % 2 else (0.34, 0.36, 0.38))
            clay.box((0, rear + 0.9 + 1.4 * k, 1.55), (w * 1.4, 1.1, 1.0), hue)


def _box_body(clay: Sculptor, look: str, span: tuple[float, float, float, float], paint: Paint) -> None:
    w, rear, front, top = span
    middle, length, low = (rear + front) / 2, front - rear, 1.02
    clay.box((0, middle, (low + top) / 2), (2 * w, length, top - low), paint)
    edge = paint.tinted(0.7)
    for side in (-1.0, 1.0):
        for z in (low + 0.05, top - 0.04):
            clay.box((side * w, middle, z), (0.05, length, 0.10), edge)
        count = 9 if look == "curtain" else 4
        for k in range(count):
            y = rear + 0.1 + k * (length - 0.2) / (count - 1)
            clay.box((side * w, y, (low + top) / 2), (0.035, 0.05, top - low), edge)
        clay.box(
            (side * (w + 0.008), middle, low + 0.62 * (top - low)), (0.012, length * 0.55, 0.36), paint.tinted(0.45)
        )
        for x in (side * w * 0.97, side * 0.03):  # rear doors: frame and bars
            clay.box((x, rear - 0.012, (low + top) / 2), (0.05, 0.04, top - low), edge)
        for x in (side * w * 0.30, side * w * 0.68):
            clay.tube(((x, rear - 0.04, low + 0.1), (x, rear - 0.04, top - 0.1)), (0.018, 0.018), CHROME, 5)
            clay.box((x, rear - 0.05, low + 0.5), (0.10, 0.03, 0.05), DARK)
    for z in (low + 0.03, top - 0.04):
        clay.box((0, rear - 0.012, z), (2 * w, 0.04, 0.09), edge)
        clay.box((0, front + 0.012, z), (2 * w, 0.04, 0.09), edge)


def _truck_rear(clay: Sculptor, half: float, w: float) -> tuple[tuple[Point, ...], Point]:
    y = -half
    clay.box((0, y + 0.05, 0.60), (2 * w * 0.94, 0.10, 0.14), STEEL)
    for k in range(8):
        hue = Paint((0.75, 0.75, 0.72)) if k % 2 else Paint((0.62, 0.05, 0.05))
        clay.box(((k - 3.5) * w * 0.22, y - 0.004, 0.56), (w * 0.22, 0.012, 0.05), hue)
    tails = []
    for side in (-1.0, 1.0):
        clay.box((side * w * 0.80, y - 0.01, 0.84), (0.42, 0.08, 0.16), BLACK)
        for k, hue in enumerate((RED, AMBER, RED)):
            clay.box((side * (w * 0.80 + (k - 1) * 0.13), y - 0.055, 0.84), (0.11, 0.03, 0.11), hue)
        clay.box((side * w * 0.72, y + 0.7, 0.42), (0.50, 0.02, 0.40), RUBBER)
        tails.append((side * w * 0.80, y - 0.08, 0.84))
    at = (0.0, y - 0.05, 0.84)
    plate_holder(clay, at)
    return tuple(tails), at


def bus(rgb: Colour, rng: np.random.Generator) -> Vehicle:
    """A city bus with a coloured band, large windows and a lit destination board."""
    length, width, height = float(rng.uniform(7.6, 10.2)), float(rng.uniform(2.3, 2.5)), float(rng.uniform(2.85, 3.1))
    half, w = length / 2, width / 2
    clay = Sculptor()
    body = Paint(rgb, 0.16)
    rings = []
    for y, f, tall in (
        (-half, 0.93, 0.96),
        (-half + 0.12, 0.99, 0.99),
        (-half + 0.4, 1, 1),
        (half - 0.4, 1, 1),
        (half - 0.1, 0.98, 0.99),
        (half, 0.91, 0.95),
    ):
        ring = [
            (1.0, 0.34),
            (1.0, 1.1),
            (0.985, height * tall - 0.25),
            (0.90, height * tall - 0.06),
            (0.6, height * tall),
        ]
        rings.append([(w * f * x, y, z) for x, z in ring] + [(-w * f * x, y, z) for x, z in ring[::-1]])
    clay.loft(np.array(rings, np.float32), body, smooth=False)
    band = Paint((min(1.0, rgb[2] + 0.1), rgb[1] * 0.5, rgb[0] * 0.4), 0.1)
    _bus_sides(clay, (half, w, height), band, rng)
    _bus_ends(clay, (half, w, height), band)
    for y in (half - 2.1, -half + 2.2):
        for side in (-1.0, 1.0):
            wheel(clay, (side * (w - 0.01), y, 0.46), 0.46, rng, 0.4)
    clay.box((0, -half + 1.8, height + 0.08), (w * 1.3, 1.8, 0.20), body.tinted(0.9), (0.9, 0.9))
    front, rear = (0.0, half + 0.05, 0.50), (0.0, -half - 0.05, 0.62)
    plate_holder(clay, front)
    plate_holder(clay, rear)
    lamps = tuple((s * w * 0.74, half + 0.05, 0.72) for s in (-1.0, 1.0))
    tails = tuple((s * w * 0.80, -half - 0.05, 1.0) for s in (-1.0, 1.0))
    return Vehicle(clay.build(), BUS, "bus", (width, length, height), front, rear, lamps, tails)


def _bus_sides(clay: Sculptor, size: tuple[float, float, float], band: Paint, rng: np.random.Generator) -> None:
    half, w, height = size
    low, top = 1.22, height - 0.36
    panes = round((2 * half - 1.2) / 1.35)
    door = {0, panes // 2} if rng.random() < 0.8 else {0}
    for side in (-1.0, 1.0):
        x = side * (w + 0.008)
        clay.box((side * (w + 0.002), 0, 1.02), (0.012, 2 * half - 0.9, 0.16), band)
        clay.box((side * (w + 0.002), 0, 0.42), (0.012, 2 * half - 0.9, 0.10), DARK)
        clay.quad(
            [
                (x, -half + 0.5, low),
                (x, half - 0.5, low),
                (x - side * 0.02, half - 0.5, top),
                (x - side * 0.02, -half + 0.5, top),
            ],
            GLASS,
            (8, 3),
        )
        for k in range(panes + 1):
            y = half - 0.55 - k * (2 * half - 1.1) / panes
            clay.box((x, y, (low + top) / 2), (0.02, 0.06, top - low), BLACK)
            if side > 0 and k in door:
                clay.quad(
                    [
                        (x + 0.006, y - 1.2, 0.45),
                        (x + 0.006, y - 0.1, 0.45),
                        (x + 0.004, y - 0.1, top),
                        (x + 0.004, y - 1.2, top),
                    ],
                    GLASS,
                    (3, 4),
                )
                clay.box((x + 0.01, y - 0.65, (0.45 + top) / 2), (0.01, 0.05, top - 0.45), BLACK)


def _bus_ends(clay: Sculptor, size: tuple[float, float, float], band: Paint) -> None:
    half, w, height = size
    y = half + 0.012
    clay.quad(
        [
            (-w * 0.86, y, 1.02),
            (w * 0.86, y, 1.02),
            (w * 0.84, y - 0.02, height - 0.50),
            (-w * 0.84, y - 0.02, height - 0.50),
        ],
        GLASS,
        (6, 5),
    )
    clay.box((0, y - 0.01, 1.7), (0.03, 0.03, 1.3), BLACK)
    clay.box((0, y - 0.02, height - 0.34), (w * 1.5, 0.05, 0.24), BLACK)
    for k in range(9):  # the letters of the destination, too small to read
        clay.box(
            ((k - 4) * w * 0.14, y + 0.008, height - 0.34), (w * 0.09, 0.01, 0.12), Paint((0.95, 0.55, 0.05), 0, 1.0)
        )
    clay.box((0, y - 0.02, 0.50), (w * 1.75, 0.07, 0.30), band)
    clay.box((0, -half - 0.01, 0.55), (w * 1.75, 0.07, 0.36), band)
    clay.quad(
        [(-w * 0.72, -y, 1.55), (w * 0.72, -y, 1.55), (w * 0.70, -y, height - 0.42), (-w * 0.70, -y, height - 0.42)],
        GLASS,
        (4, 4),
    )
    clay.box((0, -y, 1.12), (w * 1.1, 0.02, 0.30), DARK)
    for side in (-1.0, 1.0):
        clay.ball((side * w * 0.74, half, 0.72), (0.20, 0.06, 0.09), LAMP, (10, 4))
        clay.ball((side * w * 0.50, half, 0.70), (0.08, 0.05, 0.07), LAMP, (8, 4))
        clay.box((side * w * 0.80, -half - 0.01, 1.0), (0.14, 0.06, 0.42), RED)
        clay.box((side * (w + 0.12), half + 0.12, height - 0.75), (0.12, 0.08, 0.36), BLACK)
        clay.box((side * (w + 0.02), half + 0.10, height - 0.52), (0.22, 0.05, 0.05), BLACK)

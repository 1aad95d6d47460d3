"""Things that stand: buildings, fences, trees, lamp posts, a gate house, barriers, clutter. Pure."""

import numpy as np

from model_repository.scenes.mesh import Colour, Mesh, Paint, Point, Sculptor
from model_repository.scenes.vehicles import BLACK, CHROME, DARK, GLASS

CONCRETE, STEEL = Paint((0.62, 0.61, 0.58)), Paint((0.42, 0.43, 0.45), 0.08)
WALLS: tuple[Colour, ...] = (
    (0.66, 0.62, 0.54),
    (0.60, 0.36, 0.27),
    (0.72, 0.72, 0.70),
    (0.52, 0.56, 0.60),
    (0.74, 0.68, 0.50),
    (0.48, 0.52, 0.46),
)


def speckle(mesh: Mesh, amount: float, rng: np.random.Generator) -> Mesh:
    """The mesh with its albedo varied from vertex to vertex, as dirt and weather do."""
    factor = (1 + amount * rng.standard_normal((len(mesh.points), 1))).astype(np.float32)
    return Mesh(mesh.points, mesh.normals, np.clip(mesh.albedo * factor, 0, 1), mesh.gloss, mesh.glow, mesh.faces)


def building(size: Point, rng: np.random.Generator, *, hall: bool = False) -> Mesh:
    """A house of flats or offices, or an industrial hall, of size (width, depth, height) around the origin."""
    w, d, h = size
    rgb = WALLS[int(rng.integers(len(WALLS)))]
    clay = Sculptor()
    wall, trim = Paint(rgb), Paint((0.80, 0.80, 0.78))
    lit = float(rng.uniform(0.1, 0.4))
    for turn in range(4):
        side = Sculptor()
        width, depth = (w, d) if turn % 2 == 0 else (d, w)
        _facade(side, (width, -depth / 2, h), (wall, trim), rng, (hall, lit))
        clay.add(speckle(side.build(), 0.025, rng).moved((0, 0, 0), turn * np.pi / 2))
    clay.box((0, 0, h), (w + 0.3, d + 0.3, 0.35), Paint((0.36, 0.36, 0.37)))
    for _ in range(int(rng.integers(1, 4))):
        at = (float(rng.uniform(-w, w)) * 0.35, float(rng.uniform(-d, d)) * 0.35, h + 0.7)
        clay.box(at, (1.4, 1.2, 1.1), STEEL)
    return clay.build()


def _facade(
    clay: Sculptor, size: Point, paints: tuple[Paint, Paint], rng: np.random.Generator, mood: tuple[bool, float]
) -> None:
    """One wall in the plane y = size[1], facing -y."""
    (w, y, h), (wall, trim), (hall, lit) = size, paints, mood
    cells = (max(2, int(w / 1.2)), max(2, int(h / 1.2)))
    clay.quad([(-w / 2, y, 0), (-w / 2, y, h), (w / 2, y, h), (w / 2, y, 0)], wall, cells[::1])
    clay.box((0, y - 0.03, 0.3), (w, 0.08, 0.6), wall.tinted(0.6))
    if hall:
        for k in range(int(w / 0.9)):
            clay.box((-w / 2 + 0.45 + 0.9 * k, y - 0.02, h / 2 + 0.3), (0.07, 0.05, h - 0.6), wall.tinted(0.86))
        gates = max(1, int(w / 9))
        for k in range(gates):
            x = (k - (gates - 1) / 2) * w / gates
            clay.box((x, y - 0.05, 1.9), (3.6, 0.08, 3.8), Paint((0.38, 0.42, 0.46), 0.05))
            for row in range(8):
                clay.box((x, y - 0.10, 0.3 + row * 0.46), (3.5, 0.02, 0.04), DARK)
    floors, columns = max(1, int((h - 0.6) / 3.0)), max(1, int(w / (3.2 if not hall else 5)))
    for floor in range(floors if not hall else 1):
        z = 1.9 + 3.0 * floor if not hall else h - 1.2
        for k in range(columns):
            x = (k - (columns - 1) / 2) * w / columns
            wide, tall = (1.5, 1.5) if not hall else (3.4, 0.9)
            glow = Paint((0.95, 0.80, 0.50), 0, 0.9) if rng.random() < lit else GLASS
            clay.box((x, y - 0.02, z), (wide + 0.16, 0.08, tall + 0.16), trim)
            clay.quad(
                [
                    (x - wide / 2, y - 0.065, z - tall / 2),
                    (x - wide / 2, y - 0.065, z + tall / 2),
                    (x + wide / 2, y - 0.065, z + tall / 2),
                    (x + wide / 2, y - 0.065, z - tall / 2),
                ],
                Paint(glow.rgb, glow.gloss, glow.glow),
                (2, 2),
            )
            clay.box((x, y - 0.08, z), (0.06, 0.03, tall), trim)
            clay.box((x, y - 0.10, z - tall / 2 - 0.06), (wide + 0.3, 0.2, 0.06), STEEL)


def concrete_fence(
    ends: tuple[tuple[float, float], tuple[float, float]], height: float, rng: np.random.Generator
) -> Mesh:
    """Panels between posts from one ground point to another, with wire on top."""
    (x0, y0), (x1, y1) = ends
    length, heading = float(np.hypot(x1 - x0, y1 - y0)), float(np.arctan2(y1 - y0, x1 - x0))
    clay = Sculptor()
    count = max(1, round(length / 2.5))
    step = length / count
    for k in range(count):
        x = (k + 0.5) * step
        tint = CONCRETE.tinted(float(rng.uniform(0.86, 1.06)))
        clay.quad(
            [(x - step / 2, 0, 0.05), (x - step / 2, 0, height), (x + step / 2, 0, height), (x + step / 2, 0, 0.05)],
            tint,
            (4, 3),
        )
        for i in range(2):
            for j in range(2):
                at = (x + (i - 0.5) * step * 0.46, -0.05, height * (0.28 + 0.46 * j))
                clay.box(at, (step * 0.38, 0.05, height * 0.36), tint.tinted(0.93))
    for k in range(count + 1):
        clay.box((k * step, -0.03, height / 2 + 0.05), (0.16, 0.20, height + 0.1), CONCRETE.tinted(0.85))
    for z in (0.12, 0.26):
        clay.tube(((0, 0, height + z), (length, 0, height + z)), (0.008, 0.008), STEEL, 3)
    return speckle(clay.build(), 0.03, rng).moved((x0, y0, 0), heading)


def rail_fence(ends: tuple[tuple[float, float], tuple[float, float]], height: float, paint: Paint) -> Mesh:
    """A see-through steel fence: posts, two rails, bars."""
    (x0, y0), (x1, y1) = ends
    length, heading = float(np.hypot(x1 - x0, y1 - y0)), float(np.arctan2(y1 - y0, x1 - x0))
    clay = Sculptor()
    for k in range(int(length / 0.28) + 1):
        wide = 0.09 if k % 9 == 0 else 0.028
        clay.box((k * 0.28, 0, height / 2), (wide, wide, height), paint)
    for z in (0.25, height - 0.15):
        clay.box((length / 2, 0, z), (length, 0.04, 0.06), paint)
    return clay.build().moved((x0, y0, 0), heading)


def tree(height: float, rng: np.random.Generator) -> Mesh:
    """A leafy tree or, one in four, a fir."""
    clay = Sculptor()
    clay.tube(((0, 0, 0), (0.05, 0, height * 0.55)), (0.035 * height, 0.02 * height), Paint((0.22, 0.17, 0.12)), 7)
    leaf = Paint((0.13 + 0.1 * float(rng.random()), 0.27 + 0.1 * float(rng.random()), 0.09))
    crown = Sculptor()
    if rng.random() < 0.25:
        for k in range(6):
            z = height * (0.18 + 0.14 * k)
            crown.tube(((0, 0, z), (0, 0, z + height * 0.24)), (height * (0.22 - 0.03 * k), 0.02), leaf.tinted(0.7), 12)
    else:
        for _ in range(15):
            a, r = float(rng.uniform(0, 2 * np.pi)), height * 0.24 * float(np.sqrt(rng.random()))
            s = height * float(rng.uniform(0.11, 0.19))
            at = (r * np.cos(a), r * np.sin(a), height * float(rng.uniform(0.48, 0.88)))
            crown.ball(at, (s, s, s * 0.85), leaf.tinted(float(rng.uniform(0.75, 1.25))), (9, 6))
    clay.add(speckle(crown.build(), 0.16, rng))
    return clay.build()


def bush(width: float, rng: np.random.Generator) -> Mesh:
    """A low shrub or a piece of hedge."""
    clay = Sculptor()
    for _ in range(7):
        at = (float(rng.uniform(-0.5, 0.5)) * width, float(rng.uniform(-0.3, 0.3)), float(rng.uniform(0.2, 0.55)))
        s = float(rng.uniform(0.25, 0.5))
        clay.ball(at, (s, s, s * 0.9), Paint((0.14, 0.28 * float(rng.uniform(0.8, 1.2)), 0.09)), (8, 5))
    return speckle(clay.build(), 0.16, rng)


def lamp_post(height: float = 7.0) -> Mesh:
    """A street lamp whose arm points to +x."""
    clay = Sculptor()
    clay.tube(((0, 0, 0), (0, 0, height)), (0.09, 0.06), STEEL, 8)
    clay.tube(((0, 0, height), (1.3, 0, height + 0.25)), (0.05, 0.04), STEEL, 6)
    clay.box((1.5, 0, height + 0.25), (0.7, 0.22, 0.10), DARK)
    clay.box((1.5, 0, height + 0.19), (0.6, 0.18, 0.03), Paint((1.0, 0.90, 0.70), 0, 1.0))
    return clay.build()


def gate_house(rng: np.random.Generator) -> Mesh:
    """A guard's cabin with windows on all sides; its long side looks to +x and -x."""
    clay = Sculptor()
    clay.box((0, 0, 0.08), (2.6, 3.6, 0.16), CONCRETE)
    clay.box((0, 0, 1.35), (2.3, 3.3, 2.5), Paint((0.70, 0.71, 0.70)))
    clay.box((0, 0, 0.62), (2.34, 3.34, 0.9), Paint((0.20, 0.34, 0.50)))
    clay.box((0, 0, 2.72), (2.9, 3.9, 0.22), Paint((0.30, 0.31, 0.33)))
    glow = Paint((0.95, 0.85, 0.60), 0.3, 0.75)
    pane = Paint(GLASS.rgb, 0.5) if rng.random() < 0.001 else glow
    pane = Paint((0.10, 0.13, 0.15), 0.5, 0.0) if pane is glow and rng.random() < 0.5 else pane
    for side in (-1.0, 1.0):
        for y in (-0.75, 0.75):
            clay.box((side * 1.16, y, 1.65), (0.05, 1.30, 1.05), DARK)
            x = side * 1.19
            clay.quad(
                [(x, y - 0.58, 1.18), (x, y + 0.58, 1.18), (x, y + 0.58, 2.10), (x, y - 0.58, 2.10)], pane, (3, 3)
            )
        clay.box((0, side * 1.66, 1.65), (1.5, 0.05, 1.05), DARK)
        y = side * 1.69
        clay.quad([(-0.68, y, 1.18), (0.68, y, 1.18), (0.68, y, 2.10), (-0.68, y, 2.10)], pane, (3, 3))
    clay.box((0.4, -1.7, 2.45), (0.30, 0.1, 0.16), Paint((0.8, 0.1, 0.1), 0, 0.8))
    return speckle(clay.build(), 0.012, rng)


def barrier_post() -> Mesh:
    """The housing of a barrier's drive."""
    clay = Sculptor()
    clay.box((0, 0, 0.06), (0.5, 0.5, 0.12), CONCRETE)
    clay.box((0, 0, 0.62), (0.34, 0.36, 1.05), Paint((0.86, 0.60, 0.06), 0.1), (0.92, 0.92))
    clay.box((0, -0.20, 0.85), (0.16, 0.02, 0.22), BLACK)
    clay.ball((0, 0, 1.22), (0.07, 0.07, 0.08), Paint((0.95, 0.30, 0.05), 0.1, 0.9), (8, 5))
    return clay.build()


def barrier_arm(length: float, raised: float) -> Mesh:
    """The striped boom from the pivot at the origin towards +x; `raised` 0 level … 1 upright."""
    clay = Sculptor()
    a = raised * np.pi * 0.47
    c, s = float(np.cos(a)), float(np.sin(a))
    count = int(length / 0.5)
    for k in range(count):
        p, q = k * 0.5, (k + 1) * 0.5
        paint = Paint((0.75, 0.06, 0.05), 0.05) if k % 2 else Paint((0.90, 0.90, 0.88), 0.05)
        clay.tube(((p * c, 0, p * s), (q * c, 0, q * s)), (0.05, 0.05), paint, 6)
    clay.box((-0.25 * c, 0, -0.25 * s), (0.45, 0.12, 0.16), DARK)
    return clay.build()


def sign(kind: int) -> Mesh:
    """A road sign on a post: round red-rimmed (0), blue (1), triangle-like yellow board (2)."""
    clay = Sculptor()
    clay.tube(((0, 0, 0), (0, 0, 2.3)), (0.03, 0.03), CHROME, 6)
    rim, face = ((0.75, 0.05, 0.05), (0.9, 0.9, 0.9)) if kind == 0 else ((0.9, 0.9, 0.9), (0.05, 0.2, 0.6))
    if kind == 2:
        clay.box((0, -0.04, 2.3), (0.75, 0.03, 0.5), Paint((0.88, 0.75, 0.10)))
        clay.box((0, -0.06, 2.3), (0.55, 0.02, 0.08), BLACK)
    else:
        disc = Sculptor()
        disc.disc((0, 0, 0), 1, 0.33, Paint(rim), 18)
        disc.disc((0.012, 0, 0), 1, 0.26, Paint(face), 18)
        clay.add(disc.build().moved((0, -0.05, 2.3), -np.pi / 2))
        clay.box((0, -0.075, 2.3), (0.34, 0.012, 0.10), Paint((0.1, 0.1, 0.1) if kind == 0 else (0.9, 0.9, 0.9)))
    return clay.build()


def container(rng: np.random.Generator) -> Mesh:
    """A 20-foot container with ribs."""
    hues: tuple[Colour, ...] = (
        (0.50, 0.16, 0.10),
        (0.10, 0.26, 0.44),
        (0.16, 0.36, 0.26),
        (0.60, 0.60, 0.58),
        (0.66, 0.40, 0.08),
    )
    paint = Paint(hues[int(rng.integers(len(hues)))], 0.04)
    clay = Sculptor()
    clay.box((0, 0, 1.3), (2.4, 6.0, 2.6), paint)
    for side in (-1.0, 1.0):
        for k in range(22):
            clay.box((side * 1.2, -2.85 + k * 0.27, 1.3), (0.07, 0.12, 2.4), paint.tinted(0.86))
        for k in range(8):
            clay.box((-1.05 + k * 0.3, side * 3.0, 1.3), (0.12, 0.07, 2.4), paint.tinted(0.86))
    return speckle(clay.build(), 0.03, rng)


def clutter(rng: np.random.Generator) -> Mesh:
    """A cone, a block, a barrel, a pallet of crates, a bin or a bench: what confuses detectors."""
    clay = Sculptor()
    kind = int(rng.integers(6))
    if kind == 0:
        clay.box((0, 0, 0.02), (0.36, 0.36, 0.04), BLACK)
        clay.tube(((0, 0, 0.04), (0, 0, 0.70)), (0.14, 0.025), Paint((0.88, 0.30, 0.05)), 10)
        clay.tube(((0, 0, 0.34), (0, 0, 0.46)), (0.088, 0.068), Paint((0.9, 0.9, 0.9)), 10)
    elif kind == 1:
        clay.box((0, 0, 0.3), (0.5, 2.0, 0.6), CONCRETE, (0.7, 0.98))
    elif kind == 2:
        clay.tube(((0, 0, 0), (0, 0, 0.9)), (0.29, 0.29), Paint((0.10, 0.24, 0.45), 0.1), 14)
    elif kind == 3:
        clay.box((0, 0, 0.07), (1.2, 0.8, 0.14), Paint((0.45, 0.34, 0.20)))
        for k in range(int(rng.integers(1, 5))):
            clay.box((float(rng.uniform(-0.2, 0.2)), 0, 0.35 + 0.4 * k), (0.9, 0.7, 0.4), Paint((0.52, 0.40, 0.26)))
    elif kind == 4:
        clay.box((0, 0, 0.6), (1.2, 0.9, 1.1), Paint((0.12, 0.36, 0.20)), (1.06, 1.06))
    else:
        clay.box((0, 0, 0.45), (1.8, 0.45, 0.06), Paint((0.40, 0.26, 0.14)))
        clay.box((0, 0.22, 0.75), (1.8, 0.05, 0.3), Paint((0.40, 0.26, 0.14)))
        for x in (-0.7, 0.7):
            clay.box((x, 0, 0.22), (0.08, 0.4, 0.44), DARK)
    return clay.build()

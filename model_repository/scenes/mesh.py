"""Triangle meshes built from primitives. Pure: numpy arithmetic only.

Lengths are metres; x points right, y forward, z up; the origin of an object is on the ground below its middle. A mesh
carries per vertex what `shading` needs (albedo, gloss, emission) instead of textures. Winding is free: surfaces are
drawn two-sided and lit on the side that faces the camera.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]
Point = tuple[float, float, float]
Colour = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Paint:
    """A surface: RGB albedo 0..1, mirror share 0..1, own light 0..1 (how much of the albedo glows by itself)."""

    rgb: Colour
    gloss: float = 0.0
    glow: float = 0.0

    def tinted(self, factor: float) -> "Paint":
        """The same surface, lighter or darker."""
        r, g, b = (min(1.0, c * factor) for c in self.rgb)
        return Paint((r, g, b), self.gloss, self.glow)


@dataclass(frozen=True, slots=True)
class Mesh:
    """Vertices (N,3), normals (N,3), albedo (N,3), gloss (N,), glow (N,) as float32 and triangles (M,3) as int32."""

    points: Floats
    normals: Floats
    albedo: Floats
    gloss: Floats
    glow: Floats
    faces: Ints

    def moved(self, at: Point, heading_rad: float = 0.0) -> "Mesh":
        """The mesh turned about z (counter-clockwise from above) and put at `at`."""
        turn = turn_z(heading_rad)
        points = self.points @ turn.T + np.asarray(at, np.float32)
        return Mesh(points, self.normals @ turn.T, self.albedo, self.gloss, self.glow, self.faces)


def turn_z(angle_rad: float) -> Floats:
    """Rotation about z, counter-clockwise seen from above; (3, 3)."""
    c, s = float(np.cos(angle_rad)), float(np.sin(angle_rad))
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]], np.float32)


def turn_x(angle_rad: float) -> Floats:
    """Rotation about x: positive lifts what lies ahead; (3, 3)."""
    c, s = float(np.cos(angle_rad)), float(np.sin(angle_rad))
    return np.array([[1, 0, 0], [0, c, -s], [0, s, c]], np.float32)


def join(meshes: list[Mesh]) -> Mesh:
    """Many meshes as one."""
    shifts = np.cumsum([0] + [len(m.points) for m in meshes[:-1]])
    return Mesh(
        np.concatenate([m.points for m in meshes]),
        np.concatenate([m.normals for m in meshes]),
        np.concatenate([m.albedo for m in meshes]),
        np.concatenate([m.gloss for m in meshes]),
        np.concatenate([m.glow for m in meshes]),
        np.concatenate([m.faces + s for m, s in zip(meshes, shifts, strict=True)]).astype(np.int32),
    )


def cross(a: Floats, b: Floats) -> Floats:
    """Row-wise cross product (N, 3); numpy's own spends most of its time on axes."""
    out = np.empty_like(a)
    out[:, 0] = a[:, 1] * b[:, 2] - a[:, 2] * b[:, 1]
    out[:, 1] = a[:, 2] * b[:, 0] - a[:, 0] * b[:, 2]
    out[:, 2] = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
    return out


def _unit(v: Floats) -> Floats:
    return (v / np.maximum(np.linalg.norm(v, axis=-1, keepdims=True), 1e-9)).astype(np.float32)


class Sculptor:
    """Collects primitives; `build` gives the mesh."""

    def __init__(self) -> None:
        """Start with nothing."""
        self._parts: list[Mesh] = []

    def build(self) -> Mesh:
        """Everything added so far."""
        return join(self._parts)

    def add(self, mesh: Mesh) -> None:
        """Add a finished mesh."""
        self._parts.append(mesh)

    def tris(self, points: Floats, faces: Ints, paint: Paint, *, smooth: bool) -> None:
        """Add triangles; smooth shares normals between the faces of a vertex, flat gives every face its own."""
        points = np.asarray(points, np.float32)
        faces = np.asarray(faces, np.int32)
        corners = points[faces]
        face_normals = cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        if smooth:
            normals = np.zeros_like(points)
            for k in range(3):
                np.add.at(normals, faces[:, k], face_normals)
            self._push(points, _unit(normals), faces, paint)
            return
        flat = np.arange(3 * len(faces), dtype=np.int32).reshape(-1, 3)
        self._push(corners.reshape(-1, 3), np.repeat(_unit(face_normals), 3, axis=0), flat, paint)

    def _push(self, points: Floats, normals: Floats, faces: Ints, paint: Paint) -> None:
        n = len(points)
        albedo = np.tile(np.array(paint.rgb, np.float32), (n, 1))
        gloss, glow = np.full(n, paint.gloss, np.float32), np.full(n, paint.glow, np.float32)
        self._parts.append(Mesh(points, normals, albedo, gloss, glow, faces))

    def quad(self, corners: list[Point], paint: Paint, cells: tuple[int, int] = (1, 1)) -> None:
        """A (possibly bent) four-cornered patch, corners in order around it, divided into cells."""
        nu, nv = cells
        a, b, c, d = (np.array(p, np.float32) for p in corners)
        u = np.linspace(0, 1, nu + 1, dtype=np.float32)[:, None, None]
        v = np.linspace(0, 1, nv + 1, dtype=np.float32)[None, :, None]
        grid = (1 - u) * (1 - v) * a + u * (1 - v) * b + u * v * c + (1 - u) * v * d
        self.tris(grid.reshape(-1, 3), _grid_faces(nu + 1, nv + 1), paint, smooth=True)

    def box(self, centre: Point, size: Point, paint: Paint, top: tuple[float, float] = (1.0, 1.0)) -> None:
        """A box around `centre`; `top` scales its upper face (a frustum)."""
        cx, cy, cz = centre
        hx, hy, hz = size[0] / 2, size[1] / 2, size[2] / 2
        low = [(cx + sx * hx, cy + sy * hy, cz - hz) for sx, sy in _SQUARE]
        high = [(cx + sx * hx * top[0], cy + sy * hy * top[1], cz + hz) for sx, sy in _SQUARE]
        self.tris(np.array(low + high, np.float32), _BOX_FACES, paint, smooth=False)

    def loft(self, rings: Floats, paint: Paint, *, caps: bool = True, smooth: bool = True) -> None:
        """A skin over closed rings (S, K, 3), ends closed with fans."""
        s, k, _ = rings.shape
        closed = np.concatenate([rings, rings[:, :1]], axis=1).astype(np.float32)
        points = closed.reshape(-1, 3)
        faces = _grid_faces(s, k + 1)
        index = (np.arange(s)[:, None] * k + np.arange(k + 1)[None] % k).reshape(-1)
        self.tris(rings.reshape(-1, 3) if smooth else points, index[faces] if smooth else faces, paint, smooth=smooth)
        if caps:
            for ring in (rings[0], rings[-1]):
                fan = np.concatenate([ring.mean(axis=0, keepdims=True), ring])
                spokes = np.array([(0, i + 1, (i + 1) % k + 1) for i in range(k)], np.int32)
                self.tris(fan, spokes, paint, smooth=False)

    def tube(self, ends: tuple[Point, Point], radii: tuple[float, float], paint: Paint, sides: int = 8) -> None:
        """A cone-like tube between two points, ends closed."""
        a, b = (np.array(p, np.float32) for p in ends)
        along = _unit(b - a)
        side = np.cross(along, np.array([0.0, 0.0, 1.0] if abs(float(along[2])) < 0.9 else [0.0, 1.0, 0.0]))
        side = _unit(side.astype(np.float32))
        other = np.cross(along, side).astype(np.float32)
        t = np.linspace(0, 2 * np.pi, sides, endpoint=False, dtype=np.float32)[:, None]
        circle = np.cos(t) * side + np.sin(t) * other
        self.loft(np.stack([a + circle * radii[0], b + circle * radii[1]]), paint)

    def ball(self, centre: Point, radii: Point, paint: Paint, cells: tuple[int, int] = (8, 5)) -> None:
        """An ellipsoid."""
        around, up = cells
        self.dome(centre, radii, paint, (around, up, -np.pi / 2))

    def dome(self, centre: Point, radii: Point, paint: Paint, cells: tuple[int, int, float]) -> None:
        """The part of an ellipsoid above latitude `cells[2]` (radians); a helmet is one from about 0."""
        around, up, low = cells
        t = np.linspace(0, 2 * np.pi, around, endpoint=False, dtype=np.float32)[None]
        p = np.linspace(low, np.pi / 2, up + 1, dtype=np.float32)[:, None]
        unit = np.stack([np.cos(p) * np.cos(t), np.cos(p) * np.sin(t), np.sin(p) + 0 * t], axis=-1)
        rings = unit * np.array(radii, np.float32) + np.array(centre, np.float32)
        self.loft(rings.astype(np.float32), paint, caps=False)

    def disc(self, centre: Point, side: float, radius: float, paint: Paint, sides: int = 14) -> None:
        """A disc whose axis is x (a wheel's face); `side` is unused by the drawing and fixes the normal's sign."""
        t = np.linspace(0, 2 * np.pi, sides, endpoint=False)
        rim = [(centre[0], centre[1] + radius * np.cos(a), centre[2] + radius * np.sin(a)) for a in t]
        fan = np.array([centre, *rim], np.float32)
        order = 1 if side > 0 else -1
        faces = np.array([(0, i + 1, (i + 1) % sides + 1)[::order] for i in range(sides)], np.int32)
        self.tris(fan, faces, paint, smooth=False)


_SQUARE = ((-1, -1), (1, -1), (1, 1), (-1, 1))
_BOX_FACES = np.array(
    [(0, 1, 2), (0, 2, 3), (4, 5, 6), (4, 6, 7), (0, 1, 5), (0, 5, 4), (1, 2, 6), (1, 6, 5), (2, 3, 7), (2, 7, 6),
     (3, 0, 4), (3, 4, 7)],
    np.int32,
)  # fmt: skip


def _grid_faces(rows: int, columns: int) -> Ints:
    i, j = np.meshgrid(np.arange(rows - 1), np.arange(columns - 1), indexing="ij")
    a = (i * columns + j).reshape(-1)
    b, c, d = a + 1, a + columns + 1, a + columns
    return np.concatenate([np.stack([a, b, c], -1), np.stack([a, c, d], -1)]).astype(np.int32)

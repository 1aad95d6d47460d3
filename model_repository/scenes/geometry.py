"""The pinhole camera and what follows from it: projection, boxes, outlines, line crossing. Pure.

World: x right, y ahead, z up, metres. Picture: pixels, x right, y down, (0, 0) the upper left corner. A camera with
yaw 0 and pitch 0 looks along +y; positive yaw turns it to the left (counter-clockwise from above), positive pitch up.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from model_repository.scenes.mesh import Mesh, Point, turn_x, turn_z

Array = npt.NDArray[np.floating]
NEAR_M = 0.4
Box = tuple[float, float, float, float]
Pair = tuple[float, float]


@dataclass(frozen=True, slots=True)
class View:
    """A camera: where it stands, where it looks, focal length in pixels of a picture `width` × `height`."""

    at: Point
    yaw_rad: float
    pitch_rad: float
    focal_px: float
    width: int
    height: int
    roll_rad: float = 0.0

    def rotation(self) -> Array:
        """Camera axes (right, ahead, up) as columns in the world; (3, 3)."""
        c, s = np.cos(self.roll_rad), np.sin(self.roll_rad)
        roll = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
        return turn_z(self.yaw_rad) @ turn_x(self.pitch_rad) @ roll

    def to_camera(self, points: Array) -> Array:
        """World points (N, 3) in camera axes (right, ahead, up)."""
        return (np.asarray(points, np.float64) - np.array(self.at)) @ self.rotation()

    def project(self, points: Array) -> Array:
        """Pixels (N, 2) of world points (N, 3), all of which must lie ahead of the camera."""
        return self.flatten(self.to_camera(points))

    def flatten(self, local: Array) -> Array:
        """Pixels (N, 2) of points in camera axes."""
        depth = np.maximum(local[:, 1], 1e-6)
        x = self.width / 2 + self.focal_px * local[:, 0] / depth
        y = self.height / 2 - self.focal_px * local[:, 2] / depth
        return np.stack([x, y], axis=-1)

    def ground_to_picture(self) -> Array:
        """Homography (3, 3) from ground metres (x, y, 1) to pixels."""
        r, f = self.rotation(), self.focal_px
        right, ahead, up = r[:, 0], r[:, 1], r[:, 2]
        k = np.stack([f * right + self.width / 2 * ahead, -f * up + self.height / 2 * ahead, ahead])
        origin = -k @ np.array(self.at)
        return np.stack([k[:, 0], k[:, 1], origin], axis=-1)

    def scaled(self, factor: float) -> "View":
        """The same view of a picture `factor` times as large."""
        size = (round(self.width * factor), round(self.height * factor))
        return View(self.at, self.yaw_rad, self.pitch_rad, self.focal_px * factor, *size, self.roll_rad)


def look_at(at: Point, target: Point, focal_px: float, size: tuple[int, int]) -> View:
    """The view from `at` with `target` in the middle of the picture."""
    dx, dy, dz = (t - a for t, a in zip(target, at, strict=True))
    yaw, pitch = float(np.arctan2(-dx, dy)), float(np.arctan2(dz, np.hypot(dx, dy)))
    return View(at, yaw, pitch, focal_px, *size)


def visible_points(view: View, mesh: Mesh) -> Array:
    """Pixels of the vertices ahead of the camera, and of the places where edges pierce the near plane; (K, 2)."""
    local = view.to_camera(mesh.points)
    ahead = local[:, 1] > NEAR_M
    points = local[ahead]
    if not ahead.all() and ahead.any():
        f = mesh.faces
        edges = np.concatenate([f[:, [0, 1]], f[:, [1, 2]], f[:, [2, 0]]])
        a, b = local[edges[:, 0]], local[edges[:, 1]]
        cut = ahead[edges[:, 0]] != ahead[edges[:, 1]]
        a, b = a[cut], b[cut]
        t = (NEAR_M - a[:, 1:2]) / (b[:, 1:2] - a[:, 1:2])
        points = np.concatenate([points, a + t * (b - a)])
    return view.flatten(points)


def visible_box(view: View, mesh: Mesh) -> Box | None:
    """The projected box, cut to the picture; None if nothing of it is inside. Occlusion is not looked at."""
    points = visible_points(view, mesh)
    if len(points) == 0:
        return None
    x1, y1 = (float(v) for v in points.min(axis=0))
    x2, y2 = (float(v) for v in points.max(axis=0))
    box = (max(0.0, x1), max(0.0, y1), min(float(view.width), x2), min(float(view.height), y2))
    return box if box[2] > box[0] and box[3] > box[1] else None


def outline(points: Array) -> npt.NDArray[np.int32]:
    """Convex outline of pixels, as cv2.fillConvexPoly with shift=4 wants it (sixteenths of a pixel)."""
    hull = cv2.convexHull(np.asarray(points, np.float32).reshape(-1, 1, 2))
    return np.round(np.clip(hull, -16000, 16000) * 16).astype(np.int32)


def ground_shadow(points: Array, sun: Point) -> Array:
    """Where the sun (a vector towards it) throws world points (N, 3) on the ground: convex outline (K, 2) in metres."""
    z = np.maximum(points[:, 2:3], 0)
    flat = points[:, :2] - z * np.array([[sun[0], sun[1]]]) / sun[2]
    hull = cv2.convexHull(np.asarray(flat, np.float32).reshape(-1, 1, 2))
    return hull.reshape(-1, 2)


def ground_polygon(view: View, polygon: Array) -> Array:
    """Pixels (K, 2) of a convex ground polygon (N, 2), cut at the near plane; empty if it lies behind."""
    local = view.to_camera(np.concatenate([polygon, np.zeros((len(polygon), 1))], axis=1))
    kept = []
    for a, b in zip(local, np.roll(local, -1, axis=0), strict=True):
        if a[1] > NEAR_M:
            kept.append(a)
        if (a[1] > NEAR_M) != (b[1] > NEAR_M):
            kept.append(a + (NEAR_M - a[1]) / (b[1] - a[1]) * (b - a))
    return view.flatten(np.array(kept)) if len(kept) > 2 else np.zeros((0, 2))


def side_of(a: Pair, b: Pair, p: Pair) -> float:
    """Cross product (b - a) × (p - a), picture axes (y down): negative = left of the directed line a → b."""
    return (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0])


def crossing(line: tuple[Pair, Pair], before: Pair, after: Pair) -> tuple[float, str] | None:
    """Share 0..1 of the step at which it crosses the segment, and the direction: "forward" is left to right."""
    (a, b) = line
    s0, s1 = side_of(a, b, before), side_of(a, b, after)
    if (s0 < 0) == (s1 < 0):
        return None
    share = s0 / (s0 - s1)
    at = (before[0] + share * (after[0] - before[0]), before[1] + share * (after[1] - before[1]))
    length2 = (b[0] - a[0]) ** 2 + (b[1] - a[1]) ** 2
    along = ((at[0] - a[0]) * (b[0] - a[0]) + (at[1] - a[1]) * (b[1] - a[1])) / length2
    if not 0 <= along <= 1:
        return None
    return share, "forward" if s0 < 0 else "backward"

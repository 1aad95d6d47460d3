"""Puts a picture together: backdrop, shadows, meshes, plates, lamps, weather. numpy and OpenCV only.

The order is that of nature: shadows darken the ground, lamps light it, what stands covers it, plates are warped into
place from high-resolution textures (so that their quads are exact and their letters sharp), then air and sensor.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from model_repository.scenes.geometry import View, ground_polygon, ground_shadow, outline
from model_repository.scenes.mesh import Mesh, Point
from model_repository.scenes.shading import Light

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class PlateSpot:
    """A plate in the world: corners (4, 3) in reading order, its texture, and the number of its carrier in the ids."""

    corners: Floats
    texture: Image
    actor: int
    text_latin: str = ""


@dataclass(frozen=True, slots=True)
class PlateSeen:
    """A plate in the picture: quad (4, 2) px in reading order and the share of it 0..1 that nothing covers."""

    quad: Floats
    visible: float
    spot: PlateSpot


@dataclass(frozen=True, slots=True)
class Lamp:
    """A glowing spot: where, which way it shines (unit, or zero for all ways), BGR, size in metres."""

    at: Point
    towards: Point
    bgr: tuple[float, float, float]
    size_m: float
    actor: int = 0


def cast_shadows(ground: Image, view: View, meshes: list[Mesh], light: Light) -> Image:
    """The backdrop darkened where things keep sun and sky away; things are taken as convex."""
    scale = 0.5
    small = view.scaled(scale)
    sun = np.zeros((small.height, small.width), np.uint8)
    sky = np.zeros((small.height, small.width), np.uint8)
    for mesh in meshes:
        _fill(sun, ground_polygon(small, ground_shadow(mesh.points, light.sun)), 255)
        low = mesh.points[mesh.points[:, 2] < 0.7]
        if len(low) > 2:
            hull = cv2.convexHull(np.ascontiguousarray(low[:, :2], np.float32)).reshape(-1, 2)
            middle = hull.mean(axis=0)
            _fill(sky, ground_polygon(small, middle + (hull - middle) * 1.06), 150)
    blur = max(3, small.width // 200) | 1
    dark = cv2.GaussianBlur(sun, (blur, blur), 0).astype(np.float32) * (light.shadow / 255)
    wide = max(5, small.width // 70) | 1
    dark = np.maximum(dark, cv2.GaussianBlur(sky, (wide, wide), 0).astype(np.float32) / 255)
    factor = cv2.resize(1 - dark, (view.width, view.height), interpolation=cv2.INTER_LINEAR)
    return (ground * factor[..., None]).astype(np.uint8)


def _fill(mask: Image, polygon: Floats, value: int) -> None:
    if len(polygon) > 2:
        cv2.fillConvexPoly(mask, outline(polygon), value, cv2.LINE_AA, 4)


def lay_over(ground: Image, colour: Image, cover: npt.NDArray[np.float32]) -> Image:
    """Premultiplied colour over the ground."""
    return np.clip(colour + ground * (1 - cover[..., None]), 0, 255).astype(np.uint8)


def facing_plates(view: View, spots: list[PlateSpot], width_px_min: float) -> list[tuple[Floats, PlateSpot]]:
    """Quads (4, 2) of the plates that look at the camera, are ahead of it and wide enough."""
    found = []
    for spot in spots:
        local = view.to_camera(spot.corners)
        if local[:, 1].min() < 0.6:
            continue
        quad = view.flatten(local)
        across, down = quad[1] - quad[0], quad[3] - quad[0]
        if across[0] * down[1] - across[1] * down[0] <= 0 or np.linalg.norm(across) < width_px_min:
            continue
        found.append((quad, spot))
    return found


def paste_plates(
    picture: Image,
    view: View,
    spots: list[PlateSpot],
    ids: npt.NDArray[np.uint16],
    light: Light,
    *,
    width_px_min: float = 6.0,
) -> list[PlateSeen]:
    """Warp the plates into the picture (in place) where their carrier is what is seen; returns what is there."""
    seen = []
    for quad, spot in facing_plates(view, spots, width_px_min):
        patch = _warped(picture.shape, quad, spot.texture)
        if patch is None:
            continue
        (x, y), colour, cover = patch
        h, w = cover.shape
        own = (ids[y : y + h, x : x + w] == spot.actor).astype(np.float32)
        share = float((own * cover).sum() / max(cover.sum(), 1e-6))
        if share < 0.02:
            continue
        mask = cover if share > 0.97 else cover * own
        gain = _plate_gain(spot, light)
        window = picture[y : y + h, x : x + w]
        lit = colour.astype(np.float32) * gain
        window[:] = np.clip(window * (1 - mask[..., None]) + lit * mask[..., None], 0, 255)
        inside = _inside_share(quad, picture.shape)
        seen.append(PlateSeen(quad, share * inside, spot))
    return seen


def _plate_gain(spot: PlateSpot, light: Light) -> float:
    """Brightness of white paper: sky, sun on its face, its own lamp at night."""
    a, b, d = spot.corners[0], spot.corners[1], spot.corners[3]
    normal = np.cross(d - a, b - a)
    normal = normal / max(float(np.linalg.norm(normal)), 1e-9)
    sun = np.array(light.sun) / np.linalg.norm(light.sun)
    grey = 0.52 * float(np.mean(light.sky_rgb)) + 0.48 * float(np.mean(light.ground_rgb))
    gain = grey + max(0.0, float(normal @ sun)) * float(np.mean(light.sun_rgb)) + (0.22 if light.lamps else 0.0) + 0.14
    return min(1.0, gain) * light.exposure


def _inside_share(quad: Floats, shape: tuple[int, ...]) -> float:
    x, y = np.clip(quad[:, 0], 0, shape[1]), np.clip(quad[:, 1], 0, shape[0])
    full = cv2.contourArea(quad.astype(np.float32))
    cut = cv2.contourArea(np.stack([x, y], -1).astype(np.float32))
    return float(cut / full) if full > 0 else 0.0


def _warped(
    shape: tuple[int, ...], quad: Floats, texture: Image
) -> tuple[tuple[int, int], Image, npt.NDArray[np.float32]] | None:
    """The part of the picture under the quad: its corner, the plate there (h, w, 3) and its cover (h, w)."""
    x0, y0 = (int(v) for v in np.floor(quad.min(axis=0)))
    x1, y1 = (int(v) + 1 for v in np.ceil(quad.max(axis=0)))
    x0, y0, x1, y1 = max(x0, 0), max(y0, 0), min(x1, shape[1]), min(y1, shape[0])
    if x1 <= x0 or y1 <= y0:
        return None
    k = 4
    width = float(np.linalg.norm(quad[1] - quad[0]))
    want = round(max(16.0, min(texture.shape[1], width * k)))
    if want < texture.shape[1]:
        tall = max(4, round(texture.shape[0] * want / texture.shape[1]))
        texture = cv2.resize(texture, (want, tall), interpolation=cv2.INTER_AREA)
    th, tw = texture.shape[:2]
    source = np.array([(0, 0), (tw, 0), (tw, th), (0, th)], np.float32)
    target = ((quad - (x0, y0)) * k).astype(np.float32)
    half = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1]])
    matrix = half @ cv2.getPerspectiveTransform(source, target) @ np.linalg.inv(half)
    size = ((x1 - x0) * k, (y1 - y0) * k)
    colour = cv2.warpPerspective(texture, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    white = np.full((th, tw), 255, np.uint8)
    cover = cv2.warpPerspective(white, matrix, size, flags=cv2.INTER_NEAREST)
    small = (x1 - x0, y1 - y0)
    colour = cv2.resize(colour, small, interpolation=cv2.INTER_AREA)
    return (x0, y0), colour, cv2.resize(cover, small, interpolation=cv2.INTER_AREA).astype(np.float32) / 255


def glow(
    picture: Image, view: View, lamps: list[Lamp], strength: float, ids: npt.NDArray[np.uint16] | None = None
) -> Image:
    """Add light from lamps that look at the camera: a bright core and a halo; with `ids` of carriers in sight."""
    if not lamps or strength <= 0:
        return picture
    scale = 0.5
    small = view.scaled(scale)
    layer = np.zeros((small.height, small.width, 3), np.float32)
    for lamp in lamps:
        local = small.to_camera(np.array([lamp.at]))
        if local[0, 1] < 0.8:
            continue
        to_eye = np.array(view.at) - np.array(lamp.at)
        distance = float(np.linalg.norm(to_eye))
        aim = np.array(lamp.towards)
        facing = float(aim @ to_eye / distance) if np.any(aim) else 0.7
        if facing <= 0.05:
            continue
        x, y = small.flatten(local)[0]
        if ids is not None and lamp.actor and not _in_sight(ids, (x / scale, y / scale), lamp.actor):
            continue
        radius = max(1.2, lamp.size_m * small.focal_px / float(local[0, 1]))
        _spot(layer, (float(x), float(y)), radius, np.array(lamp.bgr) * facing**2)
    big = cv2.resize(layer, (view.width, view.height), interpolation=cv2.INTER_LINEAR)
    return np.clip(picture + big * strength, 0, 255).astype(np.uint8)


def _in_sight(ids: npt.NDArray[np.uint16], at: tuple[float, float], actor: int) -> bool:
    x, y = int(at[0]), int(at[1])
    window = ids[max(y - 3, 0) : max(y + 4, 0), max(x - 3, 0) : max(x + 4, 0)]
    return bool(window.size > 0 and (window == actor).mean() > 0.2)


def _spot(layer: npt.NDArray[np.float32], at: tuple[float, float], radius: float, bgr: Floats) -> None:
    reach = int(radius * 4) + 2
    x0, y0 = max(0, int(at[0]) - reach), max(0, int(at[1]) - reach)
    x1, y1 = min(layer.shape[1], int(at[0]) + reach), min(layer.shape[0], int(at[1]) + reach)
    if x1 <= x0 or y1 <= y0:
        return
    xs, ys = np.arange(x0, x1) - at[0], np.arange(y0, y1) - at[1]
    r2 = (xs[None] ** 2 + ys[:, None] ** 2) / radius**2
    fade = 0.9 * np.exp(-r2 * 0.9) + 0.22 * np.exp(-r2 / 4.5)
    layer[y0:y1, x0:x1] += fade[..., None] * bgr


def beams(ground: Image, view: View, sources: list[tuple[Point, float]], reach_m: float, strength: float) -> Image:
    """Light the ground ahead of headlamps given as (position, heading): a soft wedge for each."""
    if not sources or strength <= 0:
        return ground
    small = view.scaled(0.25)
    mask = np.zeros((small.height, small.width), np.uint8)
    for (x, y, _), heading in sources:
        ahead = np.array([-np.sin(heading), np.cos(heading)])
        side = np.array([ahead[1], -ahead[0]])
        start = np.array([x, y])
        for k, value in ((1.0, 70), (0.7, 120), (0.45, 190)):
            corners = [
                start - side * 0.3 + ahead * 0.5,
                start - side * 1.5 * k + ahead * reach_m * k,
                start + side * 1.5 * k + ahead * reach_m * k,
                start + side * 0.3 + ahead * 0.5,
            ]
            layer = np.zeros_like(mask)
            _fill(layer, ground_polygon(small, np.array(corners)), value)
            mask = np.maximum(mask, layer)
    soft = cv2.GaussianBlur(mask, (0, 0), max(1.0, small.width / 90))
    big = cv2.resize(soft, (view.width, view.height), interpolation=cv2.INTER_LINEAR).astype(np.float32) / 255
    gain = 1 + big[..., None] * strength * np.array([1.7, 2.0, 2.1])
    return np.clip(ground * gain + big[..., None] * 14 * strength, 0, 255).astype(np.uint8)


def rain(picture: Image, rng: np.random.Generator, count: int, length_px: float) -> Image:
    """Streaks of falling drops over the picture."""
    h, w = picture.shape[:2]
    layer = np.zeros((h // 2, w // 2), np.uint8)
    x, y = rng.uniform(0, w / 2, count), rng.uniform(-10, h / 2, count)
    long = rng.uniform(0.5, 1.3, count) * length_px / 2
    for k in range(count):
        a, b = (int(x[k] * 8), int(y[k] * 8)), (int((x[k] - 0.08 * long[k]) * 8), int((y[k] + long[k]) * 8))
        cv2.line(layer, a, b, int(30 + 45 * (k % 3) / 2), 1, cv2.LINE_AA, 3)
    streaks = cv2.resize(layer, (w, h), interpolation=cv2.INTER_LINEAR)
    return cv2.add(picture, cv2.merge([streaks] * 3))


def sensor_noise(picture: Image, rng: np.random.Generator, sigma: float, grain_px: int = 1) -> Image:
    """Add luma noise of standard deviation sigma with grains of some pixels."""
    h, w = picture.shape[:2]
    small = rng.standard_normal((h // grain_px + 1, w // grain_px + 1), dtype=np.float32) * sigma
    grain = (
        small if grain_px == 1 else cv2.resize(small, None, fx=grain_px, fy=grain_px, interpolation=cv2.INTER_LINEAR)
    )
    return np.clip(picture + grain[:h, :w, None], 0, 255).astype(np.uint8)

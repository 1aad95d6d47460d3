"""The ground seen from above as a texture, and ground, sky and skyline as a picture. Pure.

A `Floor` is a BGR texture of `scale` pixels per metre whose first pixel lies at (x0, y1) and whose rows run towards
smaller y, so that it looks like a map.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from model_repository.scenes.geometry import View
from model_repository.scenes.shading import Light

Image = npt.NDArray[np.uint8]
Ground = tuple[float, float]
WHITE, YELLOW = (196, 200, 200), (60, 165, 205)


@dataclass(slots=True)
class Floor:
    """A map of the ground: image (H, W, 3), pixels per metre, world position of its upper left corner."""

    image: Image
    scale: float
    x0: float
    y1: float

    def at(self, x: float, y: float) -> tuple[int, int]:
        """Map pixel of a ground point."""
        return round((x - self.x0) * self.scale), round((self.y1 - y) * self.scale)

    def matrix(self) -> npt.NDArray[np.float64]:
        """Homography (3, 3) from map pixels to ground metres."""
        s = 1 / self.scale
        return np.array([[s, 0, self.x0], [0, -s, self.y1], [0, 0, 1]])


def noise(shape: tuple[int, int], cell: int, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Smooth noise around 0 with features of about `cell` pixels; (H, W)."""
    h, w = shape
    small = rng.standard_normal((h // cell + 3, w // cell + 3)).astype(np.float32)
    return cv2.resize(small, (w, h), interpolation=cv2.INTER_CUBIC)


def grass(size: tuple[float, float], corner: Ground, scale: float, rng: np.random.Generator) -> Floor:
    """A meadow of size (width, depth) metres whose upper left map corner is `corner` = (x0, y1)."""
    h, w = int(size[1] * scale), int(size[0] * scale)
    rough = (
        0.5 * noise((h, w), 1, rng)
        + 0.6 * noise((h, w), max(2, int(scale / 4)), rng)
        + noise((h, w), int(scale * 3), rng)
    )
    dry = noise((h, w), int(scale * 2), rng)
    base = np.array([52, 98, 88], np.float32) + rng.uniform(-12, 12, 3).astype(np.float32)
    image = (
        base
        + rough[..., None] * np.array([6, 10, 9], np.float32)
        + np.maximum(dry, 0)[..., None] * np.array([6, 10, 20], np.float32)
    )
    return Floor(np.clip(image, 0, 255).astype(np.uint8), scale, *corner)


def asphalt(floor: Floor, polygons: list[list[Ground]], rng: np.random.Generator, tone: float = 92) -> None:
    """Pave polygons: speckled, patched, cracked and stained."""
    h, w = floor.image.shape[:2]
    mask = np.zeros((h, w), np.uint8)
    for polygon in polygons:
        cv2.fillPoly(mask, [np.array([floor.at(*p) for p in polygon], np.int32)], 255, cv2.LINE_AA)
    s = floor.scale
    level = (
        tone
        + 5 * noise((h, w), 1, rng)
        + 3 * noise((h, w), max(2, int(s / 3)), rng)
        + 5 * noise((h, w), int(3 * s), rng)
    )
    paved = cv2.merge([level * 1.02, level, level * 0.99])
    for _ in range(int(h * w / s / s / 120)):
        x, y = int(rng.integers(w)), int(rng.integers(h))
        a, b = int(rng.uniform(0.5, 3) * s), int(rng.uniform(0.5, 2) * s)
        paved[y : y + b, x : x + a] *= float(rng.uniform(0.82, 1.06))
    for _ in range(int(h * w / s / s / 60)):
        p = np.array([rng.integers(w), rng.integers(h)], np.float64)
        walk = p + np.cumsum(rng.normal(0, 0.35 * s, (12, 2)) + rng.normal(0, 0.35 * s, 2), axis=0)
        tint = (tone * 0.68,) * 3
        cv2.polylines(paved, [walk.astype(np.int32)], isClosed=False, color=tint, thickness=max(1, round(s * 0.03)))
    for _ in range(int(h * w / s / s / 50)):
        at = (int(rng.integers(w)), int(rng.integers(h)))
        cv2.ellipse(
            paved,
            at,
            (int(rng.uniform(0.1, 0.5) * s), int(rng.uniform(0.1, 0.4) * s)),
            0,
            0,
            360,
            (tone * 0.72,) * 3,
            -1,
            cv2.LINE_AA,
        )
    share = (mask.astype(np.float32) / 255)[..., None]
    floor.image[:] = np.clip(floor.image * (1 - share) + paved * share, 0, 255)


def stripe(floor: Floor, a: Ground, b: Ground, width_m: float = 0.12, dash_m: tuple[float, float] | None = None,
           *, colour: tuple[int, int, int] = WHITE) -> None:  # fmt: skip
    """A painted, slightly worn line, whole or dashed (stroke, gap)."""
    length = float(np.hypot(b[0] - a[0], b[1] - a[1]))
    pieces = [(0.0, length)]
    if dash_m is not None:
        step = sum(dash_m)
        pieces = [(k * step, min(k * step + dash_m[0], length)) for k in range(int(length / step) + 1)]
    layer = floor.image.copy()
    side = np.array([-(b[1] - a[1]), b[0] - a[0]]) / max(length, 1e-6) * width_m / 2
    for lo, hi in pieces:
        p = np.array(a) + (np.array(b) - np.array(a)) * lo / max(length, 1e-6)
        q = np.array(a) + (np.array(b) - np.array(a)) * hi / max(length, 1e-6)
        corners = [floor.at(*(p + side)), floor.at(*(q + side)), floor.at(*(q - side)), floor.at(*(p - side))]
        cv2.fillPoly(layer, [np.array(corners, np.int32)], colour, cv2.LINE_AA)
    wear = 0.82
    floor.image[:] = cv2.addWeighted(layer, wear, floor.image, 1 - wear, 0)


def slabs(floor: Floor, corner: Ground, size: tuple[float, float], rng: np.random.Generator) -> None:
    """A pavement of concrete slabs: a rectangle from `corner` (smallest x, smallest y)."""
    x0, y0 = floor.at(corner[0], corner[1] + size[1])
    x1, y1 = floor.at(corner[0] + size[0], corner[1])
    x0, y0, x1, y1 = max(x0, 0), max(y0, 0), min(x1, floor.image.shape[1]), min(y1, floor.image.shape[0])
    if x1 <= x0 or y1 <= y0:
        return
    level = 138 + 5 * noise((y1 - y0, x1 - x0), 2, rng) + 5 * noise((y1 - y0, x1 - x0), int(floor.scale * 2), rng)
    tile = max(4, round(floor.scale * 0.5))
    level[::tile] *= 0.84
    level[:, ::tile] *= 0.84
    floor.image[y0:y1, x0:x1] = np.clip(cv2.merge([level * 0.98, level, level * 1.01]), 0, 255)


def backdrop(view: View, floor: Floor, light: Light, rng: np.random.Generator, oversample: int = 1) -> Image:
    """Ground, sky and skyline without anything that stands; (H, W, 3) uint8 BGR."""
    big = view.scaled(oversample)
    picture = _paint_backdrop(big, floor, light, rng)
    if oversample == 1:
        return picture
    return cv2.resize(picture, (view.width, view.height), interpolation=cv2.INTER_AREA).astype(np.uint8)


def _paint_backdrop(view: View, floor: Floor, light: Light, rng: np.random.Generator) -> Image:
    size = (view.width, view.height)
    to_picture = view.ground_to_picture() @ floor.matrix()
    near = cv2.warpPerspective(floor.image, to_picture, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    shrink = 8
    small = cv2.resize(floor.image, None, fx=1 / shrink, fy=1 / shrink, interpolation=cv2.INTER_AREA)
    grow = np.diag([floor.image.shape[1] / small.shape[1], floor.image.shape[0] / small.shape[0], 1.0])
    far = cv2.warpPerspective(small, to_picture @ grow, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    rise = _elevation(view)
    top, bottom = _sky_rows(rise)
    ground = _ground_light(near[top:], far[top:], view, floor, light=light, rise=rise[top:])
    picture = np.empty((view.height, view.width, 3), np.float32)
    picture[top:] = ground
    if bottom > 0:
        sky = _sky(view, light, rise[:bottom], rng)
        mixed = np.where((rise[top:bottom] < -0.0015)[..., None], picture[top:bottom], sky[top:])
        picture[:top], picture[top:bottom] = sky[:top], mixed
    return cv2.convertScaleAbs(picture, alpha=light.exposure)


def _sky_rows(rise: npt.NDArray[np.float32]) -> tuple[int, int]:
    """The first row with ground and the first row without any sky."""
    ground = np.asarray((rise < -0.0015).any(axis=1))
    sky = np.asarray((rise >= -0.0015).any(axis=1))
    top = int(np.argmax(ground)) if ground.any() else len(rise)
    return top, int(len(rise) - np.argmax(sky[::-1])) if sky.any() else 0


def _ground_light(near: Image, far: Image, view: View, floor: Floor, *, light: Light,
                  rise: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:  # fmt: skip
    distance = view.at[2] / np.maximum(-rise, 1e-4)
    blend = np.clip((distance / view.focal_px * floor.scale - 1.0) * 0.7, 0, 1)[..., None]
    flat = (np.array(light.sky_rgb) + np.array(light.sun_rgb) * max(light.sun[2], 0)).astype(np.float32)
    haze = (1 - np.exp(-distance / light.haze_m))[..., None]
    horizon = np.array(light.horizon[::-1], np.float32) * 255
    ground = (near + (far.astype(np.float32) - near) * blend) * flat[::-1]
    return (ground + (horizon - ground) * haze).astype(np.float32)


def _elevation(view: View) -> npt.NDArray[np.float32]:
    """World z per unit of depth of the ray through each pixel; (H, W)."""
    r = view.rotation()
    x = (np.arange(view.width, dtype=np.float32) - view.width / 2 + 0.5) / view.focal_px
    y = (view.height / 2 - 0.5 - np.arange(view.height, dtype=np.float32)) / view.focal_px
    return (r[2, 1] + x[None] * r[2, 0] + y[:, None] * r[2, 2]).astype(np.float32)


def _sky(view: View, light: Light, rise: npt.NDArray[np.float32], rng: np.random.Generator) -> npt.NDArray[np.float32]:
    top, low = (np.array(c[::-1], np.float32) * 255 for c in (light.zenith, light.horizon))
    share = np.clip(rise / 0.5, 0, 1)[..., None] ** 0.7
    sky = low * (1 - share) + top * share
    h, w = rise.shape
    half = (h // 2 + 1, w // 2 + 1)
    cloud = (
        noise(half, max(8, w // 14), rng)
        + 0.6 * noise(half, max(4, w // 44), rng)
        + 0.3 * noise(half, max(3, w // 120), rng)
    )
    cloud = cv2.resize(cloud, (w, h), interpolation=cv2.INTER_LINEAR)
    cover = np.clip(cloud * 0.35 + 0.1, 0, 0.55)[..., None]
    sky = sky * (1 - cover) + (low * 0.5 + 127 * float(np.mean(light.sky_rgb)) + 30) * cover
    return _skyline(view, light, rise, sky.astype(np.float32), rng)


def _skyline(view: View, light: Light, rise: npt.NDArray[np.float32], sky: npt.NDArray[np.float32],
             rng: np.random.Generator) -> npt.NDArray[np.float32]:  # fmt: skip
    """Far woods and blocks on the horizon, pale with distance."""
    w = view.width
    horizon = np.array(light.horizon[::-1], np.float32) * 255
    dark = np.array([46, 62, 54], np.float32) * float(np.mean(light.sky_rgb)) * 1.5
    for height, pale in ((0.055, 0.55), (0.035, 0.30)):
        wood = noise((1, w), max(6, w // 14), rng)[0] * 0.4 + noise((1, w), max(2, w // 150), rng)[0] * 0.14
        level = np.maximum(height * (0.55 + wood * 0.6), 0.004)
        if height > 0.05:
            for _ in range(int(rng.integers(1, 6))):
                x = int(rng.integers(w))
                level[x : x + int(w * rng.uniform(0.03, 0.1))] = height * rng.uniform(0.7, 1.8)
        hue = dark * (1 - pale) + horizon * pale
        rows = (rise < float(level.max()) + 0.01).any(axis=1)
        inside = np.clip((level[None] - rise[rows]) * view.focal_px / 1.5, 0, 1)[..., None]
        sky[rows] = sky[rows] * (1 - inside) + hue * inside
    return sky

"""Light: what colour a vertex has for a camera under a sky. Pure.

One sun (or none), a sky that is brighter above than at the horizon, ground light from below, a mirror share that
shows sky, horizon or ground, haze with distance. Colours are display RGB 0..1 (no gamma: the albedos are chosen so).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from model_repository.scenes.mesh import Colour, Floats, Mesh, Point


@dataclass(frozen=True, slots=True)
class Light:
    """The weather of a scene. `sun` points towards the sun; colours multiply albedo."""

    sun: Point = (-0.45, -0.55, 0.70)
    sun_rgb: Colour = (0.62, 0.58, 0.50)
    sky_rgb: Colour = (0.52, 0.57, 0.64)
    ground_rgb: Colour = (0.24, 0.23, 0.21)
    zenith: Colour = (0.36, 0.54, 0.80)
    horizon: Colour = (0.78, 0.84, 0.90)
    haze_m: float = 400.0
    lamps: bool = False
    shadow: float = 0.55
    exposure: float = 1.0


def shade(mesh: Mesh, eye: Point, light: Light) -> npt.NDArray[np.uint8]:
    """RGBA bytes (N, 4) of the vertices of a mesh that already stands in the world."""
    sun = np.array(light.sun, np.float32)
    sun /= np.linalg.norm(sun)
    gaze = np.array(eye, np.float32) - mesh.points
    far = np.linalg.norm(gaze, axis=1, keepdims=True)
    gaze /= np.maximum(far, 1e-6)
    facing = np.sum(mesh.normals * gaze, axis=1, keepdims=True)
    normals = np.where(facing < 0, -mesh.normals, mesh.normals)
    up = normals[:, 2:3] * 0.5 + 0.5
    ambient = up * _row(light.sky_rgb) + (1 - up) * _row(light.ground_rgb)
    direct = np.maximum(normals @ sun, 0)[:, None] * _row(light.sun_rgb)
    low = 0.62 + 0.38 * np.clip(mesh.points[:, 2:3] / 0.7, 0, 1)  # near the ground less sky is seen
    base = mesh.albedo * (ambient * low + direct)
    mirror = _mirror(normals, gaze, sun, light)
    fresnel = mesh.gloss[:, None] * (0.45 + 0.55 * (1 - np.abs(facing)) ** 2)
    lit = base * (1 - 0.5 * fresnel) + mirror * fresnel
    lit = lit * (1 - mesh.glow[:, None]) + mesh.albedo * mesh.glow[:, None] if light.lamps else lit
    haze = 1 - np.exp(-far / light.haze_m)
    rgb = (lit * (1 - haze) + _row(light.horizon) * haze) * light.exposure
    out = np.full((len(rgb), 4), 255, np.uint8)
    out[:, :3] = np.clip(rgb * 255, 0, 255)
    return out


def _row(rgb: Colour) -> Floats:
    return np.array([rgb], np.float32)


def _mirror(normals: Floats, gaze: Floats, sun: Floats, light: Light) -> Floats:
    """What a mirror at each vertex shows: sky, horizon or dark ground, and the sun's glint."""
    out = 2 * np.sum(normals * gaze, axis=1, keepdims=True) * normals - gaze
    z = out[:, 2:3]
    sky = _row(light.horizon) + np.clip(z, 0, 1) ** 0.6 * (_row(light.zenith) - _row(light.horizon))
    ground = _row(light.ground_rgb) * 0.8
    picture = np.where(z > 0.06, sky, np.where(z > -0.08, 0.55 * ground + 0.2 * sky, ground))
    glint = np.maximum(out @ sun, 0)[:, None] ** 40
    return (picture + glint * _row(light.sun_rgb) * 1.5).astype(np.float32)


DAY = Light()
OVERCAST = Light((-0.2, -0.3, 0.93), (0.14, 0.14, 0.15), (0.72, 0.75, 0.79), (0.34, 0.34, 0.34),
                 (0.66, 0.70, 0.75), (0.80, 0.83, 0.86), 260.0, shadow=0.18)  # fmt: skip
RAIN = Light((-0.2, -0.3, 0.93), (0.05, 0.05, 0.05), (0.56, 0.60, 0.66), (0.27, 0.28, 0.30),
             (0.50, 0.54, 0.60), (0.66, 0.70, 0.74), 110.0, lamps=True, shadow=0.10)  # fmt: skip
DUSK = Light((-0.7, 0.3, 0.4), (0.05, 0.04, 0.03), (0.27, 0.29, 0.37), (0.14, 0.13, 0.13),
             (0.10, 0.14, 0.28), (0.52, 0.38, 0.34), 300.0, lamps=True, shadow=0.10, exposure=1.45)  # fmt: skip
EVENING = Light((-0.85, -0.40, 0.30), (0.75, 0.52, 0.30), (0.36, 0.38, 0.46), (0.20, 0.18, 0.16),
                (0.30, 0.42, 0.68), (0.86, 0.72, 0.58), 350.0, shadow=0.50)  # fmt: skip

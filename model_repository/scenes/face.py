"""Heads with faces that differ from one another: what recognition of faces is shown and trained with. Pure.

A head stands in its own frame: its middle is the origin, it faces +y, z is up, lengths are metres for a person of
1.75 m. Everything that makes a face somebody's is in `Face`; skin and hair colours are the person's.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from model_repository.scenes.mesh import Colour, Mesh, Paint, Point, Sculptor

HALF_WIDTH, HALF_DEPTH, HALF_HEIGHT = 0.078, 0.095, 0.118
HAIR_STYLES = ("short", "fringe", "long", "bald")
WHITE = Paint((0.86, 0.85, 0.82))
LIPS = Paint((0.50, 0.25, 0.22))
IRIS: tuple[Colour, ...] = ((0.10, 0.06, 0.04), (0.20, 0.13, 0.07), (0.16, 0.26, 0.34), (0.20, 0.27, 0.16))


@dataclass(frozen=True, slots=True)
class Face:
    """Shape of a face. Factors are around 1, lengths in metres from the middle of the head."""

    jaw: float = 1.0
    long: float = 1.0
    eye_gap: float = 0.031
    eye_size: float = 1.0
    eye_high: float = 0.018
    iris: Colour = IRIS[0]
    brow_thick: float = 0.006
    brow_tilt: float = 0.0
    brow_gap: float = 0.022
    nose_wide: float = 0.014
    nose_long: float = 0.024
    mouth_wide: float = 0.042
    mouth_low: float = 0.052
    beard: float = 0.0
    moustache: bool = False
    glasses: bool = False
    hair: str = "short"


def random_face(rng: np.random.Generator) -> Face:
    """Somebody's face."""
    bearded = rng.random() < 0.3
    return Face(
        jaw=float(rng.uniform(0.84, 1.16)),
        long=float(rng.uniform(0.92, 1.08)),
        eye_gap=float(rng.uniform(0.026, 0.037)),
        eye_size=float(rng.uniform(0.8, 1.35)),
        eye_high=float(rng.uniform(0.010, 0.027)),
        iris=IRIS[int(rng.integers(len(IRIS)))],
        brow_thick=float(rng.uniform(0.004, 0.011)),
        brow_tilt=float(rng.uniform(-0.3, 0.3)),
        brow_gap=float(rng.uniform(0.016, 0.027)),
        nose_wide=float(rng.uniform(0.010, 0.020)),
        nose_long=float(rng.uniform(0.017, 0.031)),
        mouth_wide=float(rng.uniform(0.032, 0.058)),
        mouth_low=float(rng.uniform(0.044, 0.064)),
        beard=float(rng.uniform(0.35, 1.0)) if bearded else 0.0,
        moustache=bool(rng.random() < (0.7 if bearded else 0.12)),
        glasses=bool(rng.random() < 0.22),
        hair=str(rng.choice(HAIR_STYLES, p=[0.42, 0.22, 0.24, 0.12])),
    )


def landmarks(face: Face) -> npt.NDArray[np.float64]:
    """The five points (5, 3) of recognition, as a picture of the face shows them: left eye, right eye, nose, mouth.

    Left is the left of the picture, which is the side of +x of who looks at the camera.
    """
    eye, nose, mouth = _eye(face), (0.0, _front(face, 0, -0.015) + 0.022, -0.022), _mouth_corner(face)
    mirrored = [(-x, y, z) for x, y, z in (eye, mouth)]
    return np.array([eye, mirrored[0], nose, mouth, mirrored[1]])


def head_mesh(face: Face, skin: Colour, hair: Colour) -> Mesh:
    """Head with face, without hair or hat."""
    clay = Sculptor()
    clay.add(_skull(face, skin, hair))
    tone = Paint(skin)
    for side in (-1.0, 1.0):
        _eye_of(clay, face, side, Paint(hair), tone)
        clay.ball((side * HALF_WIDTH, 0, 0), (0.012, 0.02, 0.03), tone.tinted(0.92), (6, 4))
    y = _front(face, 0, -0.015)
    low, high = (0.0, y + 0.014, -0.022), (0.0, _front(face, 0, face.nose_long - 0.01) - 0.004, face.nose_long - 0.01)
    clay.tube((low, high), (face.nose_wide * 0.8, face.nose_wide * 0.35), tone.tinted(0.97), 6)
    clay.ball((0, y + 0.010, -0.022), (face.nose_wide, 0.014, 0.011), tone.tinted(0.93), (8, 4))
    mouth = (0.0, _front(face, 0, -face.mouth_low) - 0.002, -face.mouth_low)
    clay.ball(mouth, (face.mouth_wide / 2, 0.010, 0.0075), LIPS, (8, 4))
    clay.box((0, mouth[1] + 0.0095, -face.mouth_low), (face.mouth_wide * 0.9, 0.002, 0.002), Paint((0.22, 0.10, 0.09)))
    if face.moustache:
        at = (0.0, mouth[1] + 0.003, -face.mouth_low + 0.014)
        clay.ball(at, (face.mouth_wide * 0.55, 0.010, 0.006), Paint(hair), (8, 4))
    if face.glasses:
        _glasses(clay, face)
    return clay.build()


def hair_mesh(face: Face, hair: Paint) -> Mesh | None:
    """Hair as it is without a helmet; None for a bald head."""
    if face.hair == "bald":
        return None
    clay = Sculptor()
    clay.dome((0, -0.020, 0.018), (0.088, 0.100, 0.113 * face.long), hair, (14, 6, 0.12))
    clay.ball((0, -0.045, 0.01), (0.080, 0.07, 0.10), hair, (12, 6))
    if face.hair == "fringe":
        clay.ball((0, 0.052, 0.082 * face.long), (0.072, 0.046, 0.026), hair, (10, 5))
    if face.hair == "long":
        for side in (-1.0, 1.0):
            clay.ball((side * 0.080, -0.015, -0.035), (0.022, 0.055, 0.10), hair, (8, 6))
        clay.ball((0, -0.07, -0.06), (0.085, 0.045, 0.12), hair, (10, 6))
    return clay.build()


def _skull(face: Face, skin: Colour, hair: Colour) -> Mesh:
    """An ellipsoid whose lower half follows the jaw, the beard painted on it."""
    around, up = 22, 15
    t = np.linspace(0, 2 * np.pi, around, endpoint=False)[None]
    p = np.linspace(-np.pi / 2, np.pi / 2, up)[:, None]
    wide = HALF_WIDTH * np.where(np.sin(p) < 0, face.jaw ** (-np.sin(p)), 1.0)
    rings = np.stack(
        [
            wide * np.cos(p) * np.cos(t),
            HALF_DEPTH * np.cos(p) * np.sin(t),
            HALF_HEIGHT * face.long * np.sin(p) + 0 * t,
        ],
        axis=-1,
    )
    clay = Sculptor()
    clay.loft(rings.astype(np.float32), Paint(skin), caps=False)
    mesh = clay.build()
    if face.beard:
        x, y, z = mesh.points.T
        mask = np.clip((-z - 0.032 + 0.25 * np.abs(x)) / 0.016, 0, 1) * np.clip((y + 0.01) / 0.02, 0, 1) * face.beard
        mesh.albedo[:] = mesh.albedo * (1 - mask[:, None]) + np.array(hair, np.float32) * mask[:, None]
    return mesh


def _front(face: Face, x: float, z: float) -> float:
    """Where the skin is, straight ahead of a point of the middle plane."""
    wide = HALF_WIDTH * (face.jaw ** min(1.0, -z / HALF_HEIGHT) if z < 0 else 1.0)
    inside = 1 - (x / wide) ** 2 - (z / (HALF_HEIGHT * face.long)) ** 2
    return HALF_DEPTH * float(np.sqrt(max(0.02, inside)))


def _eye(face: Face) -> Point:
    return (face.eye_gap, _front(face, face.eye_gap, face.eye_high), face.eye_high)


def _mouth_corner(face: Face) -> Point:
    x = face.mouth_wide / 2
    return (x, _front(face, x, -face.mouth_low) + 0.003, -face.mouth_low)


def _eye_of(clay: Sculptor, face: Face, side: float, brow: Paint, tone: Paint) -> None:
    x, y, z = _eye(face)
    size = face.eye_size
    clay.ball((side * x, y - 0.003, z), (0.0135 * size, 0.008, 0.0075 * size), WHITE, (8, 5))
    clay.ball((side * x, y + 0.0035, z), (0.0062 * size, 0.004, 0.0062 * size), Paint(face.iris), (8, 4))
    clay.box((side * x, y + 0.003, z + 0.0078 * size), (0.027 * size, 0.007, 0.003), tone.tinted(0.55))
    high = z + face.brow_gap
    a, b = (x - 0.016, high - 0.016 * face.brow_tilt), (x + 0.017, high + 0.016 * face.brow_tilt)
    ends = [(side * px, _front(face, px, pz) + 0.001, pz) for px, pz in (a, b)]
    clay.tube((ends[0], ends[1]), (face.brow_thick, face.brow_thick * 0.7), brow, 5)


def _glasses(clay: Sculptor, face: Face) -> None:
    frame = Paint((0.07, 0.07, 0.08), 0.1)
    x, y, z = _eye(face)
    t = np.linspace(0, 2 * np.pi, 11)
    for side in (-1.0, 1.0):
        ring = [
            (
                side * x + 0.021 * float(np.cos(a)),
                y + 0.014 - 0.004 * float(np.cos(a)) * side,
                z + 0.017 * float(np.sin(a)),
            )
            for a in t
        ]
        for a, b in pairwise(ring):
            clay.tube((a, b), (0.0024, 0.0024), frame, 4)
        clay.tube(((side * (x + 0.02), y + 0.012, z), (side * HALF_WIDTH, 0.0, z)), (0.002, 0.002), frame, 4)
    clay.tube(((-x + 0.021, y + 0.016, z), (x - 0.021, y + 0.016, z)), (0.0022, 0.0022), frame, 4)

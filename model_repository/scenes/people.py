"""Walking, standing and riding people, bicycles and motorcycles as meshes. Pure.

A person stands on the ground at the origin and faces +y. `phase` runs through one double step per unit.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from model_repository.scenes.face import Face, hair_mesh, head_mesh, landmarks, random_face
from model_repository.scenes.mesh import Colour, Floats, Mesh, Paint, Point, Sculptor, join, turn_x, turn_z
from model_repository.scenes.vehicles import BICYCLE, BLACK, CHROME, DARK, MOTORCYCLE, RUBBER, Vehicle

SKIN: tuple[Colour, ...] = (
    (0.80, 0.60, 0.48),
    (0.72, 0.52, 0.40),
    (0.58, 0.40, 0.28),
    (0.36, 0.24, 0.17),
    (0.86, 0.68, 0.58),
)
CLOTH: tuple[Colour, ...] = (
    (0.10, 0.12, 0.20),
    (0.30, 0.30, 0.32),
    (0.45, 0.10, 0.10),
    (0.12, 0.25, 0.15),
    (0.55, 0.52, 0.45),
    (0.08, 0.08, 0.09),
    (0.20, 0.32, 0.52),
    (0.62, 0.60, 0.58),
    (0.35, 0.25, 0.16),
)
HELMETS: tuple[Colour, ...] = (
    (0.88, 0.88, 0.86),
    (0.90, 0.70, 0.05),
    (0.85, 0.35, 0.05),
    (0.10, 0.28, 0.65),
    (0.70, 0.08, 0.06),
)
VESTS: tuple[Colour, ...] = ((0.92, 0.42, 0.05), (0.72, 0.88, 0.10))
HAIR: tuple[Colour, ...] = (
    (0.06, 0.05, 0.05),
    (0.20, 0.12, 0.07),
    (0.40, 0.27, 0.14),
    (0.35, 0.34, 0.33),
    (0.10, 0.08, 0.07),
)


PLAIN = Face()


@dataclass(frozen=True, slots=True)
class Person:
    """How somebody looks: everything that stays the same while they move."""

    height: float
    girth: float
    skin: Colour
    hair: Colour
    top: Colour
    trousers: Colour
    helmet: Colour | None
    vest: Colour | None
    bag: bool
    cap: bool
    face: Face = PLAIN


def somebody(rng: np.random.Generator, helmet_share: float = 0.3, vest_share: float = 0.3) -> Person:
    """A random person."""

    def pick(colours: tuple[Colour, ...]) -> Colour:
        r, g, b = colours[int(rng.integers(len(colours)))]
        f = float(rng.uniform(0.8, 1.15))
        return (min(1, r * f), min(1, g * f), min(1, b * f))

    helmet = pick(HELMETS) if rng.random() < helmet_share else None
    return Person(
        height=float(np.clip(rng.normal(1.74, 0.08), 1.52, 1.95)),
        girth=float(rng.uniform(0.9, 1.18)),
        skin=pick(SKIN),
        hair=pick(HAIR),
        top=pick(CLOTH),
        trousers=pick(CLOTH),
        helmet=helmet,
        vest=pick(VESTS) if rng.random() < vest_share else None,
        bag=bool(rng.random() < 0.15),
        cap=helmet is None and bool(rng.random() < 0.2),
        # A child generator: whoever draws people goes on with the numbers that it had before.
        face=random_face(rng.spawn(1)[0]),
    )


@dataclass(frozen=True, slots=True)
class Pose:
    """Angles of the limbs in radians (positive = forward): hips, knees, shoulders, elbows (left, right), lean.

    `look` turns the head: to its left, and up.
    """

    hips: tuple[float, float] = (0.0, 0.0)
    knees: tuple[float, float] = (0.0, 0.0)
    arms: tuple[float, float] = (0.05, 0.05)
    elbows: tuple[float, float] = (0.15, 0.15)
    lean: float = 0.0
    drop: float = 0.0
    look: tuple[float, float] = (0.0, 0.0)


def walking(phase: float, stride: float = 1.0) -> Pose:
    """The pose within a double step; stride 0 stands still."""
    a = 2 * np.pi * phase
    s, c = float(np.sin(a)) * stride, float(np.cos(a)) * stride
    knees = (0.1 + 0.55 * max(0.0, c) * stride, 0.1 + 0.55 * max(0.0, -c) * stride)
    return Pose(
        (0.48 * s, -0.48 * s),
        knees,
        (-0.42 * s, 0.42 * s),
        (0.25 + 0.2 * abs(s), 0.25 + 0.2 * abs(s)),
        0.03,
        0.02 * abs(s),
    )


def working(phase: float) -> Pose:
    """Both hands busy ahead, as at a machine."""
    s = 0.15 * float(np.sin(2 * np.pi * phase))
    return Pose(arms=(0.7 + s, 0.8 - s), elbows=(0.8, 0.7), lean=0.12)


def person_mesh(who: Person, pose: Pose) -> Mesh:
    """The person in a pose, feet on the ground."""
    return join([person_body(who, pose), person_head(who, pose)])


def person_body(who: Person, pose: Pose) -> Mesh:
    """All of `person_mesh` but the head."""
    clay = Sculptor()
    k = who.height / 1.75
    g = who.girth * k
    hip = 0.92 * k - pose.drop
    _legs(clay, who, pose, (hip, k, g))
    lean = float(np.sin(pose.lean))
    shoulder = (0.0, lean * 0.5 * k, hip + 0.52 * k)
    _torso(clay, who, (hip, k, g), lean)
    _arms(clay, who, pose, (shoulder, k, g))
    return clay.build()


def _swing(at: Point, length: float, angle: float, out: float = 0.0) -> Point:
    return (at[0] + out, at[1] + length * float(np.sin(angle)), at[2] - length * float(np.cos(angle)))


def _legs(clay: Sculptor, who: Person, pose: Pose, body: tuple[float, float, float]) -> None:
    hip, k, g = body
    cloth, shoe = Paint(who.trousers), Paint((0.05, 0.045, 0.04), 0.05)
    for side, angle, bend in ((-1.0, pose.hips[0], pose.knees[0]), (1.0, pose.hips[1], pose.knees[1])):
        top = (side * 0.095 * g, 0.0, hip + 0.02)
        knee = _swing(top, 0.44 * k, angle)
        ankle = _swing(knee, 0.42 * k, angle - bend)
        clay.tube((top, knee), (0.092 * g, 0.068 * g), cloth, 8)
        clay.ball(knee, (0.068 * g, 0.07 * g, 0.07 * g), cloth, (8, 4))
        clay.tube((knee, ankle), (0.066 * g, 0.052 * g), cloth, 8)
        clay.ball(
            (ankle[0], ankle[1] + 0.05 * k, max(ankle[2] - 0.015, 0.05)), (0.05 * k, 0.135 * k, 0.05 * k), shoe, (8, 4)
        )


def _torso(clay: Sculptor, who: Person, body: tuple[float, float, float], lean: float) -> None:
    hip, k, g = body
    vest = who.vest is not None
    rows = (
        (-0.06, 0.15, 0.10),
        (0.04, 0.165, 0.115),
        (0.16, 0.155, 0.11),
        (0.32, 0.185, 0.12),
        (0.45, 0.20, 0.115),
        (0.54, 0.155, 0.09),
        (0.58, 0.07, 0.06),
    )
    t = np.linspace(0, 2 * np.pi, 12, endpoint=False)

    def ring(up: float, wide: float, deep: float, grow: float = 1.0) -> list[Point]:
        return [
            (float(wide * g * grow * np.cos(a)), float(deep * g * grow * np.sin(a) + lean * up * k), hip + up * k)
            for a in t
        ]

    clay.loft(np.array([ring(*r) for r in rows[:2]], np.float32), Paint(who.trousers))
    clay.loft(
        np.array([ring(*r, 1.03) for r in rows[1:]], np.float32),
        Paint(who.vest if vest and who.vest else who.top, 0, 0.35 if vest else 0),
    )
    if vest:
        stripe = Paint((0.86, 0.87, 0.85), 0, 0.55)
        for low in (0.09, 0.25):
            wide = float(np.interp(low, [r[0] for r in rows], [r[1] for r in rows]))
            deep = float(np.interp(low, [r[0] for r in rows], [r[2] for r in rows]))
            clay.loft(
                np.array([ring(low, wide, deep, 1.09), ring(low + 0.05, wide, deep, 1.09)], np.float32),
                stripe,
                caps=False,
            )
        for side in (-1.0, 1.0):
            for face in (-1.0, 1.0):
                y = face * 0.128 * g
                x = side * 0.095 * g
                clay.quad(
                    [
                        (x - 0.025, y + lean * 0.3 * k, hip + 0.30 * k),
                        (x + 0.025, y + lean * 0.3 * k, hip + 0.30 * k),
                        (x + 0.025, y * 0.93 + lean * 0.5 * k, hip + 0.50 * k),
                        (x - 0.025, y * 0.93 + lean * 0.5 * k, hip + 0.50 * k),
                    ],
                    stripe,
                )
    if who.bag:
        clay.box((0, -0.17 * g, hip + 0.33 * k), (0.28 * k, 0.14, 0.38 * k), Paint((0.12, 0.13, 0.16)), (0.8, 0.8))


def _arms(clay: Sculptor, who: Person, pose: Pose, body: tuple[Point, float, float]) -> None:
    (_, y, z), k, g = body
    cloth, skin = Paint(who.top), Paint(who.skin)
    for side, angle, bend in ((-1.0, pose.arms[0], pose.elbows[0]), (1.0, pose.arms[1], pose.elbows[1])):
        top = (side * 0.205 * g, y, z - 0.03 * k)
        elbow = _swing(top, 0.29 * k, angle, side * 0.03)
        hand = _swing(elbow, 0.26 * k, angle + bend)
        clay.ball(top, (0.062 * g, 0.065 * g, 0.065 * g), cloth, (8, 4))
        clay.tube((top, elbow), (0.056 * g, 0.046 * g), cloth, 7)
        clay.tube((elbow, hand), (0.046 * g, 0.036 * g), cloth, 7)
        clay.ball(_swing(hand, 0.05 * k, angle + bend), (0.035 * k, 0.045 * k, 0.055 * k), skin, (7, 4))


def head_of(who: Person) -> Mesh:
    """Head and neck with what is worn on it, in the frame of `face`."""
    clay = Sculptor()
    clay.tube(((0, -0.01, -0.17), (0, 0, -0.06)), (0.055, 0.05), Paint(who.skin), 8)
    clay.add(head_mesh(who.face, who.skin, who.hair))
    if who.helmet is not None:
        shell = Paint(who.helmet, 0.12)
        clay.dome((0, 0, 0.035), (0.118, 0.142, 0.125), shell, (14, 5, 0.0))
        clay.dome((0, 0.02, 0.030), (0.128, 0.172, 0.022), shell.tinted(0.9), (14, 2, -0.6))
        clay.box((0, 0, 0.15), (0.03, 0.20, 0.03), shell.tinted(0.95))
        return clay.build()
    if who.cap:
        top = Paint(who.top)
        clay.dome((0, -0.012, 0.018), (0.088, 0.102, 0.112), top, (12, 5, 0.12))
        clay.ball((0, -0.045, 0.01), (0.080, 0.07, 0.10), Paint(who.hair), (10, 5))
        clay.box((0, 0.12, 0.052), (0.11, 0.10, 0.012), top)
        return clay.build()
    hair = hair_mesh(who.face, Paint(who.hair))
    return join([clay.build(), hair]) if hair is not None else clay.build()


def _placed(who: Person, pose: Pose, points: Floats) -> Floats:
    """Points (N, 3) of the head's frame in the person's."""
    k = who.height / 1.75
    lean = float(np.sin(pose.lean))
    at = np.array([0.0, lean * 0.62 * k, (0.92 * k - pose.drop) + 0.72 * k], np.float32)
    yaw, nod = pose.look
    turn = turn_z(yaw) @ turn_x(nod)
    return (points * k) @ turn.T.astype(np.float32) + at


def face_points(who: Person, pose: Pose) -> Floats:
    """The five points of recognition (5, 3) in the person's frame, as `face.landmarks` orders them."""
    return _placed(who, pose, landmarks(who.face).astype(np.float32))


def person_head(who: Person, pose: Pose) -> Mesh:
    """The head of `person_mesh` alone, in the same frame."""
    head = head_of(who)
    yaw, nod = pose.look
    normals = head.normals @ (turn_z(yaw) @ turn_x(nod)).T
    return Mesh(_placed(who, pose, head.points), normals, head.albedo, head.gloss, head.glow, head.faces)


def _ring(clay: Sculptor, at: Point, radius: float, thick: float, paint: Paint) -> None:
    t = np.linspace(0, 2 * np.pi, 18)
    points = [(at[0], at[1] + radius * float(np.cos(a)), at[2] + radius * float(np.sin(a))) for a in t]
    for a, b in pairwise(points):
        clay.tube((a, b), (thick, thick), paint, 5)


def two_wheeler(rng: np.random.Generator, *, motor: bool) -> Vehicle:
    """A bicycle or motorcycle without its rider (a rider is a person mesh from `rider` at the same place)."""
    clay = Sculptor()
    hue = Paint(tuple(float(v) for v in rng.uniform(0.05, 0.8, 3)), 0.15)  # type: ignore[arg-type]
    r, base = (0.31, 0.70) if motor else (0.34, 0.53)
    for y in (-base, base):
        _ring(clay, (0, y, r), r, 0.055 if motor else 0.018, RUBBER)
        if motor:
            clay.tube(((-0.03, y, r), (0.03, y, r)), (r * 0.6, r * 0.6), DARK, 10)
        for k in range(0 if motor else 5):
            a = np.pi * k / 5
            d = (r * float(np.cos(a)), r * float(np.sin(a)))
            clay.tube(((0, y - d[0], r - d[1]), (0, y + d[0], r + d[1])), (0.004, 0.004), CHROME, 3)
    if motor:
        clay.box((0, 0.0, 0.50), (0.30, 0.62, 0.40), DARK, (0.8, 0.8))
        clay.ball((0, 0.22, 0.82), (0.16, 0.32, 0.15), hue, (10, 5))
        clay.box((0, -0.38, 0.80), (0.26, 0.66, 0.10), BLACK)
        clay.ball((0, -0.72, 0.80), (0.12, 0.22, 0.09), hue, (8, 4))
        clay.ball((0, base - 0.02, 0.66), (0.08, 0.30, 0.06), hue, (8, 4))
        clay.ball((0, base - 0.12, 0.98), (0.15, 0.13, 0.15), hue, (10, 5))
        clay.ball((0, base - 0.02, 0.97), (0.09, 0.06, 0.09), Paint((0.8, 0.82, 0.84), 0.3, 0.5), (8, 4))
        clay.tube(((0.14, -0.2, 0.3), (0.16, -0.85, 0.42)), (0.05, 0.06), CHROME, 8)
        clay.box((0, -0.93, 0.74), (0.1, 0.05, 0.07), Paint((0.5, 0.03, 0.03), 0.2))
    else:
        for heel, tip in (
            ((-0.12, 0.52), (-0.12, 0.92)),
            ((-0.12, 0.52), (0.42, 0.84)),
            ((-0.12, 0.84), (0.40, 0.88)),
            ((-0.12, 0.34), (-base, r)),
            ((-0.12, 0.80), (-base, r)),
            ((-0.12, 0.34), (-0.12, 0.55)),
            ((0.42, 0.92), (base, r)),
            ((-0.12, 0.34), (0.42, 0.80)),
        ):
            clay.tube(((0, *heel), (0, *tip)), (0.020, 0.020), hue, 6)
        clay.box((0, -0.16, 0.95), (0.14, 0.26, 0.05), BLACK)
    front, high = (base - 0.18, 1.06) if motor else (0.40, 1.02)
    clay.tube(((-0.33, front, high), (0.33, front, high)), (0.018, 0.018), BLACK, 6)
    clay.tube(((0, front, high), (0, base, r)), (0.03, 0.02), DARK, 6)
    return Vehicle(clay.build(), MOTORCYCLE if motor else BICYCLE, "two-wheeler", (0.66, 2 * (base + r), high))


def rider(who: Person, phase: float, *, motor: bool) -> Mesh:
    """Somebody seated on a two-wheeler, in its frame."""
    s = 0.0 if motor else 0.35 * float(np.sin(2 * np.pi * phase))
    pose = Pose((1.05 + s, 1.05 - s), (1.15 + s, 1.15 - s), (0.95, 0.95), (0.25, 0.25), 0.35, 0.0)
    mesh = person_mesh(who, pose)
    seat = 0.88 if motor else 0.98
    return mesh.moved((0.0, -0.25 if motor else -0.17, seat - 0.92 * who.height / 1.75))

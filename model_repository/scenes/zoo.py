"""Pools of ready meshes, so that random scenes need not sculpt everything anew. Pure; the pools are the same always."""

from functools import lru_cache

import numpy as np

from model_repository.scenes import heavy, scenery
from model_repository.scenes.mesh import Colour, Mesh, Paint, join
from model_repository.scenes.people import Person, person_mesh, rider, somebody, two_wheeler, walking, working
from model_repository.scenes.vehicles import CARS, COLOURS, Vehicle, car

CARS_POOLED, TRUCKS_POOLED, BUSES_POOLED, STATICS_POOLED = 96, 32, 14, 8
PERSONS_POOLED, TWO_WHEELERS_POOLED = 240, 24
_WEIGHTS = {"sedan": 5, "hatchback": 4, "wagon": 2, "suv": 4, "compact": 2, "offroad": 2, "minivan": 2, "van": 3}
BUS_COLOURS: tuple[Colour, ...] = (
    (0.78, 0.70, 0.12),
    (0.80, 0.80, 0.78),
    (0.12, 0.34, 0.62),
    (0.16, 0.48, 0.30),
    (0.70, 0.14, 0.10),
)
STATIC_KINDS = (
    "house",
    "hall",
    "tree",
    "bush",
    "lamp",
    "sign",
    "container",
    "clutter",
    "fence",
    "rails",
    "gatehouse",
    "barrier",
)


def _tinted(rgb: Colour, rng: np.random.Generator) -> Colour:
    f = float(rng.uniform(0.8, 1.2))
    r, g, b = (float(np.clip(c * f + rng.normal(0, 0.02), 0.015, 0.95)) for c in rgb)
    return (r, g, b)


@lru_cache(maxsize=CARS_POOLED)
def pooled_car(number: int) -> Vehicle:
    """One of CARS_POOLED cars."""
    rng = np.random.default_rng((11, number))
    looks = list(CARS)
    weights = np.array([_WEIGHTS[k] for k in looks], float)
    look = looks[int(rng.choice(len(looks), p=weights / weights.sum()))]
    white_van = look == "van" and rng.random() < 0.6
    return car(look, COLOURS[0] if white_van else _tinted(COLOURS[int(rng.integers(len(COLOURS)))], rng), rng)


@lru_cache(maxsize=TRUCKS_POOLED)
def pooled_truck(number: int) -> Vehicle:
    """One of TRUCKS_POOLED lorries."""
    rng = np.random.default_rng((12, number))
    look = heavy.TRUCK_LOOKS[int(rng.integers(len(heavy.TRUCK_LOOKS)))]
    return heavy.truck(look, _tinted(COLOURS[int(rng.integers(len(COLOURS)))], rng), rng)


@lru_cache(maxsize=BUSES_POOLED)
def pooled_bus(number: int) -> Vehicle:
    """One of BUSES_POOLED buses."""
    rng = np.random.default_rng((13, number))
    return heavy.bus(_tinted(BUS_COLOURS[int(rng.integers(len(BUS_COLOURS)))], rng), rng)


def random_vehicle(rng: np.random.Generator) -> Vehicle:
    """A pooled vehicle: six cars to two lorries to one bus."""
    draw = rng.random()
    if draw < 0.66:
        return pooled_car(int(rng.integers(CARS_POOLED)))
    if draw < 0.87:
        return pooled_truck(int(rng.integers(TRUCKS_POOLED)))
    return pooled_bus(int(rng.integers(BUSES_POOLED)))


@lru_cache(maxsize=PERSONS_POOLED)
def pooled_person(number: int) -> tuple[Person, Mesh]:
    """One of PERSONS_POOLED people in a pose."""
    rng = np.random.default_rng((15, number))
    who = somebody(rng)
    stride = float(rng.choice([0.0, 0.5, 0.8, 1.0]))
    pose = working(float(rng.random())) if rng.random() < 0.12 else walking(float(rng.random()), stride)
    return who, person_mesh(who, pose)


@lru_cache(maxsize=2 * TWO_WHEELERS_POOLED)
def pooled_two_wheeler(number: int, *, motor: bool) -> tuple[Vehicle, Person, Mesh]:
    """One of TWO_WHEELERS_POOLED machines with a rider who may be left out."""
    rng = np.random.default_rng((16, number, int(motor)))
    who = somebody(rng, 0.5, 0.15)
    return two_wheeler(rng, motor=motor), who, rider(who, float(rng.random()), motor=motor)


@lru_cache(maxsize=len(STATIC_KINDS) * STATICS_POOLED)
def pooled_static(kind: str, number: int) -> Mesh:
    """One of STATICS_POOLED things of a kind."""
    number %= STATICS_POOLED
    rng = np.random.default_rng((14, STATIC_KINDS.index(kind), number))
    if kind in {"house", "hall"}:
        hall = kind == "hall"
        size = (
            float(rng.uniform(12, 30)),
            float(rng.uniform(8, 14)),
            float(rng.uniform(5, 8) if hall else rng.uniform(6, 18)),
        )
        return scenery.building(size, rng, hall=hall)
    if kind == "tree":
        return scenery.tree(float(rng.uniform(4, 11)), rng)
    if kind == "bush":
        return scenery.bush(float(rng.uniform(1, 4)), rng)
    if kind == "lamp":
        return scenery.lamp_post(float(rng.uniform(6, 9)))
    if kind == "sign":
        return scenery.sign(number % 3)
    if kind == "container":
        return scenery.container(rng)
    if kind == "fence":
        return scenery.concrete_fence(((-10, 0), (10, 0)), float(rng.uniform(1.6, 2.5)), rng)
    if kind == "rails":
        return scenery.rail_fence(((-8, 0), (8, 0)), float(rng.uniform(1.0, 2.0)), Paint((0.15, 0.2, 0.18)))
    if kind == "gatehouse":
        return scenery.gate_house(rng)
    if kind == "barrier":
        post = scenery.barrier_post()
        return join([post, scenery.barrier_arm(4.0, float(rng.choice([0.0, 1.0]))).moved((0, 0, 0.95))])
    return scenery.clutter(rng)

"""Scenes of people who meet in a zone, stay for a while and part. Pure: no I/O, no clock; chance by seed."""

from __future__ import annotations

import math
import random

from deploy.truth.scenes import ASPECT, DOORS_X, WELL, Scene, Walk, inside, rim
from ingest.contract import Point
from postprocess.contract import Zone

GROUPS, GROUP_S = 2, 60.0
APART = 0.12
"""Between two who stand, frame heights: nobody stands behind another."""


def gathering(seed: int, zone: Zone, *, least: int, most: int) -> Scene:
    """Two groups of `least` to `most` persons, one after the other; each comes from a door and goes to one."""
    chance = random.Random(seed)
    walks: list[Walk] = []
    for group in range(GROUPS):
        spots = _spots(chance, zone, chance.randint(least, most))
        last_s = group * GROUP_S + 24.0
        for number, spot in enumerate(spots):
            arrives_s = last_s - chance.uniform(0.0, 10.0)
            leaves_s = last_s + chance.uniform(12.0, 22.0)
            walks.append(_visit(chance, f"g{group}p{number}", spot, arrives_s, leaves_s))
    return Scene(walks=tuple(walks), seconds=GROUPS * GROUP_S + 25.0)


def _spots(chance: random.Random, zone: Zone, count: int) -> list[Point]:
    found: list[Point] = []
    while len(found) < count:
        spot = (chance.uniform(0.2, 0.8), chance.uniform(0.4, 0.85))
        clear = all(math.hypot((spot[0] - x) * ASPECT, spot[1] - y) >= APART for x, y in found)
        if inside(zone, spot) and rim(zone, spot) >= WELL and clear:
            found.append(spot)
    return found


def _visit(chance: random.Random, name: str, spot: Point, arrives_s: float, leaves_s: float) -> Walk:
    """From a door to a spot and to a door, at walking pace."""
    doors = [(chance.choice(DOORS_X), chance.uniform(0.4, 0.9)) for _ in range(2)]
    ways_s = [math.hypot((spot[0] - x) * ASPECT, spot[1] - y) / chance.uniform(0.08, 0.18) for x, y in doors]
    return Walk(
        name=name,
        label="person",
        stops=(
            (arrives_s - ways_s[0], *doors[0]),
            (arrives_s, *spot),
            (leaves_s, *spot),
            (leaves_s + ways_s[1], *doors[1]),
        ),
    )

"""The three gates of the demo site: the same kind of place, other cameras, weather and traffic. Pure.

The camera hangs on the island between the lanes, inside the plant, and looks out (along +y) through the gate at
y = 24 m to a street at y ≈ 42 m. Entry traffic comes towards it on the left of the picture and shows its front plate;
exit traffic appears at the lower edge on the right and shows its rear plate.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from model_repository.plates.render import random_plate
from model_repository.scenes import scenery, shading
from model_repository.scenes.geometry import Pair, View, visible_box
from model_repository.scenes.ground import Floor, asphalt, grass, slabs, stripe
from model_repository.scenes.mesh import Mesh, Paint, Sculptor
from model_repository.scenes.motion import Path, Ride, path, ride, there_and_back
from model_repository.scenes.people import somebody
from model_repository.scenes.shading import Light
from model_repository.scenes.site import SIZE, Driver, Scene, Walker
from model_repository.scenes.vehicles import BUS, Vehicle
from model_repository.scenes.zoo import pooled_bus, pooled_car, pooled_truck

GATE_Y, STREET_Y, LANE_X, BEHIND_Y = 24.0, 42.0, 1.85, -16.0
CLIP_S = 40.0
QUIET_S = 0.7
GAP_M = 9.0
Maker = Callable[[np.random.Generator], tuple[Vehicle, float, list[tuple[float, float]]]]


@dataclass(frozen=True, slots=True)
class GatePlan:
    """What makes one gate differ from the next; traffic is a word: c car, t truck, b bus, r a car that turns back."""

    name: str
    at: tuple[float, float, float]
    focal_px: float
    pitch_deg: float
    light: Light
    weather: str
    line: tuple[Pair, Pair]
    entry: str
    exit: str
    house_side: float
    period_s: float
    rails: bool = False
    quiet: bool = False
    """Nobody walks by, and no vehicle stops at the barrier."""


PLANS: dict[str, GatePlan] = {
    "gate-day": GatePlan(
        "gate-day",
        (0.15, 0.0, 3.5),
        2000,
        -8.9,
        shading.DAY,
        "clear",
        ((0.03, 0.83), (0.97, 0.83)),
        "ctcbc",
        "cctcc",
        -1.0,
        5.6,
        rails=True,
    ),
    "gate-dusk": GatePlan(
        "gate-dusk",
        (-0.2, 0.0, 3.3),
        2050,
        -8.6,
        shading.DUSK,
        "dusk",
        ((0.03, 0.84), (0.97, 0.82)),
        "cctcr",
        "ctccb",
        -1.0,
        5.6,
    ),
    "gate-rain": GatePlan(
        "gate-rain",
        (0.0, 0.0, 3.6),
        1960,
        -9.2,
        shading.RAIN,
        "rain",
        ((0.04, 0.82), (0.96, 0.84)),
        "tcccc",
        "cbctc",
        1.0,
        5.6,
    ),
}


QUIET_PLANS: dict[str, GatePlan] = {
    f"{name}-quiet": replace(PLANS[name], name=f"{name}-quiet", period_s=33.0, quiet=True)
    for name in ("gate-day", "gate-dusk")
}
"""The same gates with one vehicle each way twice in a clip, about a third of the time: for benchmarks alone."""


def gate(name: str, seed: int = 1, duration_s: float = CLIP_S) -> Scene:
    """The scene of a gate; longer durations repeat the traffic words with other vehicles and plates."""
    plan = (PLANS | QUIET_PLANS)[name]
    rng = np.random.default_rng((seed, (*sorted(PLANS), *sorted(QUIET_PLANS)).index(name)))
    view = View(plan.at, 0.0, float(np.radians(plan.pitch_deg)), plan.focal_px, *SIZE)
    scene = Scene(name, view, plan.light, _floor(rng), duration_s, seed, line=plan.line, weather=plan.weather)
    scene.standing = _set(plan, rng)
    scene.drivers = _traffic(scene, plan, rng)
    scene.walkers = _people(plan, rng, duration_s)
    lanes = {
        side: [d for d in scene.drivers if d.path.points[0][1] > 0]
        if side < 0
        else [d for d in scene.drivers if d.path.points[0][1] < 0]
        for side in (-1, 1)
    }
    scene.moving = [_arm(side, drivers) for side, drivers in lanes.items()]
    scene.lamps = [(-6.6, 16.0, 7.15), (7.4, 29.0, 7.15)]
    return scene


def _floor(rng: np.random.Generator) -> Floor:
    floor = grass((70, 84), (-35, 66), 24.0, rng)
    road = [(-3.9, -18.0), (3.9, -18.0), (3.9, 40.0), (-3.9, 40.0)]
    street = [(-35.0, STREET_Y - 3.8), (35.0, STREET_Y - 3.8), (35.0, STREET_Y + 3.8), (-35.0, STREET_Y + 3.8)]
    flare = [(-8.5, 38.4), (-3.9, 33.0), (3.9, 33.0), (8.5, 38.4)]
    lot = [(3.9, 26.5), (11.5, 26.5), (11.5, 33.0), (3.9, 33.0)]
    asphalt(floor, [road, street, flare, lot], rng, 96)
    slabs(floor, (3.95, -18.0), (1.7, 44.0), rng)
    slabs(floor, (-7.6, 17.0), (3.7, 6.4), rng)
    for x in (-3.9, 3.9):
        stripe(floor, (x, -18), (x, 33), 0.22, None, colour=(168, 170, 172))
    for x in (-3.62, 3.62):
        stripe(floor, (x, -18), (x, 36), 0.12)
    stripe(floor, (-0.14, -18), (-0.14, 19.5), 0.11)
    stripe(floor, (0.14, -18), (0.14, 19.5), 0.11)
    stripe(floor, (-0.14, 28), (-0.14, 37), 0.11, (1.5, 1.0))
    stripe(floor, (-3.5, 27.2), (-0.4, 27.2), 0.4)
    stripe(floor, (0.4, 21.0), (3.5, 21.0), 0.4)
    stripe(floor, (-35, STREET_Y), (35, STREET_Y), 0.15, (3, 3))
    for k in range(4):
        stripe(floor, (5.2 + 2.5 * k, 27.0), (5.2 + 2.5 * k, 32.5), 0.1)
    for lane in (-1, 1):  # arrows and the dark tracks of many wheels
        x = lane * LANE_X
        stripe(floor, (x, 13.8), (x, 16.2), 0.16)
        tip = 13.6 if lane < 0 else 16.4
        back = tip + (0.9 if lane < 0 else -0.9)
        for d in (-0.35, 0.35):
            stripe(floor, (x, tip), (x + d, back), 0.16)
        _ruts(floor, x)
    return floor


def _ruts(floor: Floor, x: float) -> None:
    """Where wheels have run for years the asphalt is darker."""
    columns = np.arange(floor.image.shape[1]) / floor.scale + floor.x0
    dark = sum(np.exp(-(((columns - x - d) / 0.28) ** 2)) for d in (-0.8, 0.8))
    _, top = floor.at(0, 36)
    window = floor.image[top:].astype(np.float32) * (1 - 0.09 * np.asarray(dark)[None, :, None])
    floor.image[top:] = window.astype(np.uint8)


def _set(plan: GatePlan, rng: np.random.Generator) -> list[Mesh]:
    s = plan.house_side
    out = [scenery.gate_house(rng).moved((-5.75, 20.6, 0))]
    for ends in (((-34.0, GATE_Y), (-4.6, GATE_Y)), ((5.9, GATE_Y), (34.0, GATE_Y))):
        if plan.rails:
            out.append(scenery.rail_fence(ends, 2.0, Paint((0.10, 0.22, 0.16))))
        else:
            out.append(scenery.concrete_fence(ends, 1.75, rng))
    for x in (-4.4, 5.7):
        pillar = Sculptor()
        pillar.box((0, 0, 1.25), (0.5, 0.5, 2.5), Paint((0.55, 0.34, 0.26)))
        pillar.box((0, 0, 2.56), (0.6, 0.6, 0.12), scenery.CONCRETE)
        out.append(pillar.build().moved((x, GATE_Y, 0)))
    island = Sculptor()
    island.box((0, GATE_Y, 0.09), (0.7, 5.0, 0.18), scenery.CONCRETE)
    for y in (GATE_Y - 2.6, GATE_Y + 2.6):
        island.tube(((0, y, 0.1), (0, y, 0.95)), (0.06, 0.06), Paint((0.85, 0.6, 0.05)), 8)
    out.append(island.build())
    out += [scenery.barrier_post().moved((x, y, 0)) for x, y in ((-4.05, GATE_Y + 0.4), (4.25, GATE_Y - 0.4))]
    out += [scenery.lamp_post(6.9).moved((-8.1, 16.0, 0)), scenery.lamp_post(6.9).moved((8.9, 29.0, 0), np.pi)]
    out += [scenery.sign(1).moved((5.0, 19.0, 0)), scenery.sign(0).moved((-4.5, 27.6, 0))]
    for k, (x, y, w, d, h) in enumerate(
        ((-22, 62, 26, 12, 9), (12, 66, 30, 12, 14), (40, 58, 18, 14, 7), (-48, 70, 20, 14, 16))
    ):
        out.append(scenery.building((w, d, h), rng, hall=(k + int(s)) % 2 == 0).moved((s * x, y, 0)))
    for _ in range(16):
        x, y = float(rng.uniform(-30, 30)), float(rng.uniform(49, 56))
        out.append(scenery.tree(float(rng.uniform(4.5, 8)), rng).moved((x, y, 0)))
    for x, y in ((-9.5, 31.0), (-12.0, 29.0), (9.8, 20.5), (12.5, 34.8)):
        out.append(scenery.tree(float(rng.uniform(3.5, 5.5)), rng).moved((x, y, 0)))
    for k in range(7):
        out.append(scenery.bush(1.9, rng).moved((7.2 + 0.2 * k, 9.0 + 2.0 * k, 0), np.pi / 2))
    out += [scenery.clutter(np.random.default_rng(5)).moved((-4.7, 13.0 + 2 * k, 0)) for k in range(2)]
    return out


def _entry_path() -> Path:
    y = STREET_Y - 1.8
    return path([(-30.0, y), (-LANE_X, y), (-LANE_X, BEHIND_Y)], 7.5)


def _exit_path() -> Path:
    y = STREET_Y - 1.8
    return path([(LANE_X, BEHIND_Y), (LANE_X, y), (32.0, y)], 7.5)


def _ride(way: Path, *, entry: bool, size_y: float, rng: np.random.Generator, stop: str, heavy: bool) -> Ride:
    """A timetable from time 0: slow past the line, faster elsewhere; `stop` is "", "barrier" or "line"."""

    def s_at(y: float) -> float:
        straight = np.abs(way.points[:, 0] - (-LANE_X if entry else LANE_X)) < 0.05
        inside = np.where(straight, np.abs(way.points[:, 1] - y), 1e9)
        return float(way.lengths[int(np.argmin(inside))])

    half = size_y / 2
    slow = float(rng.uniform(2.35, 2.9)) * (0.95 if heavy else 1.0)
    if entry:  # the front is half a length nearer to the camera than the middle
        speeds = [
            (0.0, 7.0),
            (s_at(34) - 6, 6.0),
            (s_at(34), 5.5),
            (s_at(25 + half), 4.3),
            (s_at(15.5 + half), slow + 0.3),
            (s_at(13.5 + half), slow),
            (s_at(7 + half), slow + 0.4),
            (s_at(2 + half), 6.0),
        ]
        stops = {
            "barrier": [(s_at(25.2 + half), float(rng.uniform(0.7, 1.3)))],
            "line": [(s_at(13.4 + half), float(rng.uniform(0.6, 1.0)))],
        }
    else:
        speeds = [
            (0.0, 6.0),
            (s_at(4 - half), 5.0),
            (s_at(7.5 + half), slow + 0.5),
            (s_at(9.5 + half), slow + 0.2),
            (s_at(13.5 + half), slow + 0.4),
            (s_at(18 + half), 4.6),
            (s_at(30), 6.0),
            (way.length_m, 8.0),
        ]
        stops = {"barrier": [(s_at(22.6 - half), float(rng.uniform(0.6, 1.1)))], "line": [(s_at(10.6 + half), 0.6)]}
    return ride(speeds, stops.get(stop, []), way.length_m)


def _traffic(scene: Scene, plan: GatePlan, rng: np.random.Generator) -> list[Driver]:
    seen: set[str] = set()
    drivers: list[Driver] = []
    for entry, word in ((True, plan.entry), (False, plan.exit)):
        way = _entry_path() if entry else _exit_path()
        cursor = QUIET_S + (0.0 if entry else float(rng.uniform(0.1, 0.5)))
        ahead: Driver | None = None
        for k in range(200):
            driver = _driver(
                f"{'in' if entry else 'out'}-{k + 1}",
                word[k % len(word)],
                way,
                rng,
                seen,
                entry=entry,
                turn=0 if plan.quiet else k,
            )
            first, last = _span(scene, driver)
            driver = replace(driver, ride=driver.ride.shifted(driver.ride.start_s + cursor - first))
            while ahead is not None and _gap_m(ahead, driver) < GAP_M:
                driver = replace(driver, ride=driver.ride.shifted(driver.ride.start_s + 0.25))
                cursor += 0.25
            if cursor + last - first > scene.duration_s - QUIET_S:
                break
            drivers.append(driver)
            ahead = driver
            cursor += plan.period_s
    return drivers


def _gap_m(ahead: Driver, behind: Driver) -> float:
    """The least free length between two vehicles of a lane while both are there; one that turns back wants it empty."""
    if _turns_back(ahead):
        return behind.ride.start_s + 4.0 - ahead.ride.end_s
    room = (ahead.vehicle.size[1] + behind.vehicle.size[1]) / 2
    times = np.arange(behind.ride.start_s, ahead.ride.end_s, 0.1)
    gaps = [(ahead.ride.at(float(t)) or 0.0) - (behind.ride.at(float(t)) or 0.0) - room for t in times]
    return min(gaps, default=GAP_M)


def _turns_back(driver: Driver) -> bool:
    """Whether the vehicle comes up and reverses without crossing."""
    return bool(driver.ride.lengths[-1] < driver.ride.lengths.max() - 1.0)


def _driver(
    subject: str, letter: str, way: Path, rng: np.random.Generator, seen: set[str], *, entry: bool, turn: int
) -> Driver:
    vehicle = _vehicle(letter, rng)
    kind = "taxi" if vehicle.class_id == BUS else "private"
    plate = random_plate(rng, (kind,))
    while plate.text_latin in seen:
        plate = random_plate(rng, (kind,))
    seen.add(plate.text_latin)
    heavy = letter in "tb"
    stop = ("", "barrier", "", "", "")[(turn + (0 if entry else 3)) % 5]
    if letter == "r":
        where = float(np.max(way.lengths[way.points[:, 1] > 17.5 + vehicle.size[1] / 2]))
        timetable = there_and_back([(0.0, 7.5), (where - 22, 6.0), (where - 8, 4.2), (where, 3.5)], where, 1.2)
    else:
        timetable = _ride(way, entry=entry, size_y=vehicle.size[1], rng=rng, stop=stop, heavy=heavy)
    return Driver(subject, vehicle, way, timetable, plate.text_latin, kind)


def _vehicle(letter: str, rng: np.random.Generator) -> Vehicle:
    """A pooled vehicle that fits through the gate and into the picture."""
    while True:
        if letter == "t":
            found = pooled_truck(int(rng.integers(32)))
        elif letter == "b":
            found = pooled_bus(int(rng.integers(14)))
        else:
            found = pooled_car(int(rng.integers(96)))
        if found.size[0] < 2.45 and found.size[1] < 8.9 and found.size[2] < 3.12:
            return found


def _span(scene: Scene, driver: Driver) -> tuple[float, float]:
    """First and last time (s) at which anything of the vehicle is inside the picture."""
    times = np.arange(driver.ride.start_s, driver.ride.end_s, 0.08)
    seen = [
        t
        for t in times
        if (at := driver.where(float(t))) is not None and visible_box(scene.view, driver.mesh(at)) is not None
    ]
    return float(seen[0]) - 0.08, float(seen[-1]) + 0.08


def _people(plan: GatePlan, rng: np.random.Generator, duration_s: float) -> list[Walker]:
    guard_spot = path([(-4.15, 19.0), (-4.15, 18.6)], 0.1)
    guard = Walker(
        "guard",
        somebody(rng, 0.0, 1.0),
        guard_spot,
        Ride(-1.0, np.zeros(int((duration_s + 3) * 100))),
        busy_heading=np.pi * 0.9,
    )
    way = path(
        [(4.9, 33.0), (4.8, 12.6), (4.7, -4.0)] if plan.house_side < 0 else [(4.7, -4.0), (4.8, 14.0), (4.9, 33.0)], 1.0
    )
    walkers = [guard]
    start = float(rng.uniform(4, 9))
    while not plan.quiet and start + 24 < duration_s:
        passer = ride([(0.0, 1.45), (way.length_m, 1.5)], [], way.length_m, start)
        walkers.append(Walker(f"passer-{len(walkers)}", somebody(rng, 0.5, 0.4), way, passer))
        start += 33.0
    return walkers


def _arm(side: int, drivers: list[Driver]) -> Callable[[float], Mesh]:
    """A boom that opens for those who come and closes behind them."""

    def wish(t: float) -> float:
        for driver in drivers:
            at = driver.where(t)
            if at is None or (side < 0 and at.y > 36):
                continue
            half = driver.vehicle.size[1] / 2
            ahead, behind = (
                (at.y - half - GATE_Y, at.y + half - GATE_Y)
                if side < 0
                else (GATE_Y - at.y - half, GATE_Y - at.y + half)
            )
            if ahead < 6.5 and behind > -1.5:
                return float(min(1.0, max(0.0, (6.5 - ahead) / 4.0)) * min(1.0, max(0.0, (behind + 1.5) / 2.0)))
        return 0.0

    def boom(t: float) -> Mesh:
        raised = round(min(1.0, max(wish(t - 0.2), wish(t), wish(t + 0.2))), 2)
        arm = scenery.barrier_arm(3.6, raised)
        if side < 0:
            return arm.moved((-4.05, GATE_Y + 0.4, 0.95))
        return arm.moved((4.25, GATE_Y - 0.4, 0.95), np.pi)

    return boom

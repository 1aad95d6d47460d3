"""What happens in trials: who goes where and when, easy and hard. Pure; chance by generator.

Rules
- Whatever happens is beyond doubt: who crosses a line goes well beyond it, who is in a zone is there for a moment or
  for long. Places, paces, clothes and vehicles are drawn; the situation is not.
- A script says in `kinds` which rules it is a trial of.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from model_repository.plates.render import random_plate
from model_repository.scenes import heavy
from model_repository.scenes.mesh import Colour, Mesh
from model_repository.scenes.motion import Path, Ride, path, ride, there_and_back
from model_repository.scenes.people import Person, somebody
from model_repository.scenes.site import Driver, Walker
from model_repository.scenes.trial_places import LANES_Y, Place, Rng, bench, crates, depot, road, store
from model_repository.scenes.vehicles import CARS, Vehicle, car

Corners = list[tuple[float, float]]
FAR_Y, NEAR_Y, SIDE_X = 19.0, -6.0, 15.0
LINE_Y = 10.6


@dataclass(slots=True)
class Cast:
    """Who takes part, and what stands in their way."""

    walkers: list[Walker] = field(default_factory=list)
    drivers: list[Driver] = field(default_factory=list)
    standing: list[Mesh] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Script:
    """A situation: its place, how long it takes, what it is a trial of, and who acts."""

    place: Callable[[Rng], Place]
    seconds: float
    kinds: tuple[str, ...]
    cast: Callable[[Rng], Cast]


def _colour(rng: Rng) -> Colour:
    grey, tint = float(rng.uniform(0.06, 0.7)), float(rng.uniform(0.0, 0.16))
    r, g, b = (float(np.clip(grey + tint * rng.standard_normal(), 0.04, 0.85)) for _ in range(3))
    return (r, g, b)


def _who(rng: Rng, helmet: float = 0.15, vest: float = 0.15) -> Person:
    return replace(somebody(rng, helmet, vest), top=_colour(rng), trousers=_colour(rng))


def _walk(
    cast: Cast,
    rng: Rng,
    corners: Corners,
    start_s: float,
    *,
    pace: float = 0.0,
    stops: tuple[tuple[float, float], ...] = (),
    who: Person | None = None,
) -> None:
    """One more person on a way; `stops` are (length, seconds)."""
    way = path(corners, 0.7)
    speed = pace or float(rng.uniform(1.15, 1.45))
    timetable = ride([(0.0, speed), (way.length_m, speed)], list(stops), way.length_m, start_s)
    name = f"p{len(cast.walkers) + 1}"
    cast.walkers.append(Walker(name, who or _who(rng), way, timetable, works=bool(rng.random() < 0.3)))


def crossing(rng: Rng) -> Cast:
    """Two people meet on the line, a third walks across before them, a fourth goes back later."""
    cast, x = Cast(), float(rng.uniform(-0.9, 0.9))
    _walk(cast, rng, [(x - 0.4, FAR_Y), (x - 0.3, NEAR_Y)], 1.0, pace=1.3)
    _walk(cast, rng, [(x + 0.3, 1.5), (x + 0.4, FAR_Y)], 1.6, pace=1.3)
    _walk(cast, rng, [(-SIDE_X, 7.4), (SIDE_X, 6.6)], 4.0 + float(rng.uniform(0, 2)))
    _walk(cast, rng, [(float(rng.uniform(3.2, 4.6)), 0.0), (3.6, FAR_Y)], 17.0)
    _walk(cast, rng, [(-3.8, FAR_Y), (-3.4, NEAR_Y)], 20.0)
    return cast


def turning(rng: Rng) -> Cast:
    """Over the line and back; up to the line and back; a stop on the line."""
    cast = Cast()
    beyond = LINE_Y - float(rng.uniform(2.0, 2.8))
    _walk(cast, rng, [(-2.6, FAR_Y), (-2.4, beyond), (-1.6, beyond), (-1.4, FAR_Y)], 1.0)
    short = LINE_Y + float(rng.uniform(1.4, 2.0))
    _walk(cast, rng, [(1.8, FAR_Y), (2.0, short), (2.7, short), (3.0, FAR_Y)], 6.0)
    _walk(
        cast, rng, [(0.4, FAR_Y), (0.3, NEAR_Y)], 20.0, stops=((FAR_Y - LINE_Y + float(rng.uniform(-0.1, 0.1)), 3.0),)
    )
    _walk(cast, rng, [(-4.4, 2.0), (-4.4, FAR_Y)], 25.0)
    return cast


def tailgating(rng: Rng) -> Cast:
    """Three close behind each other, one against them, and two side by side."""
    cast, x = Cast(), float(rng.uniform(-0.5, 0.5))
    pace = float(rng.uniform(1.15, 1.35))
    for k in range(3):
        _walk(cast, rng, [(x + 0.1 * k, FAR_Y), (x - 0.1 * k, NEAR_Y)], 1.0 + 0.8 * k, pace=pace)
    _walk(cast, rng, [(x + 1.3, 1.0), (x + 1.1, FAR_Y)], 3.0)
    for k in range(2):
        _walk(cast, rng, [(-1.0 + 0.8 * k, 0.0), (-1.2 + 0.8 * k, FAR_Y)], 20.0 + 0.2 * k, pace=pace)
    return cast


def hiding(rng: Rng) -> Cast:
    """Behind a pile for some seconds, in the midst of a zone; another one passes before it."""
    cast = Cast(standing=[crates(rng).moved((float(rng.uniform(-0.3, 0.3)), 6.2, 0))])
    _walk(cast, rng, [(-SIDE_X, 8.3), (SIDE_X, 8.2)], 1.0, stops=((SIDE_X - 2.0, 3.0),))
    _walk(cast, rng, [(SIDE_X, 7.9), (-SIDE_X, 8.1)], 22.0, pace=1.2)
    _walk(cast, rng, [(-4.6, 0.0), (-4.4, FAR_Y)], 12.0)
    return cast


def lingering(rng: Rng) -> Cast:
    """One stands in the zone for long while others pass before and behind; a short stay is none."""
    cast, x = Cast(), float(rng.uniform(-1.0, 1.0))
    _walk(cast, rng, [(-SIDE_X, 7.2), (x, 7.0), (SIDE_X, 7.4)], 0.0, stops=((SIDE_X + x, 20.0),))
    _walk(cast, rng, [(SIDE_X, 6.1), (-SIDE_X, 5.9)], 12.0)
    _walk(cast, rng, [(SIDE_X, 8.5), (-SIDE_X, 8.4)], 19.0, pace=1.4)
    _walk(cast, rng, [(4.6, FAR_Y), (4.4, 0.0)], 6.0)
    return cast


def crowding(rng: Rng) -> Cast:
    """Three meet and one more joins them, they part; later two stay alone for a while."""
    cast = Cast()
    spots = [(-1.5, 7.6), (0.1, 7.0), (1.6, 7.5)]
    for k, (x, y) in enumerate(spots):
        x, y = x + float(rng.uniform(-0.2, 0.2)), y + float(rng.uniform(-0.2, 0.2))  # noqa: PLW2901 - shaken
        _walk(
            cast,
            rng,
            [(x, FAR_Y), (x, y), (x + 0.3, y), (x + 0.4, NEAR_Y)],
            0.5 + 1.2 * k,
            stops=((FAR_Y - y, 17.0 - k),),
        )
    _walk(cast, rng, [(SIDE_X, 6.0), (-SIDE_X, 5.9)], 8.0)
    for k in range(2):
        x = -1.0 + 2.0 * k
        _walk(cast, rng, [(x, FAR_Y), (x, 7.3), (x + 0.2, 7.3), (x, FAR_Y)], 38.0 + k, stops=((FAR_Y - 7.3, 7.0),))
    return cast


def _gear(rng: Rng, worn: tuple[str, ...]) -> Person:
    return _who(rng, float("helmet" in worn), float("vest" in worn))


def working(rng: Rng) -> Cast:
    """Five people with all, some or none of helmet and vest, coming and staying for a while."""
    cast = Cast()
    kits: list[tuple[str, ...]] = [("helmet", "vest"), ("vest",), ("helmet",), (), ("helmet", "vest")]
    rng.shuffle(kits)
    for k, worn in enumerate(kits):
        x, y = -3.2 + 1.6 * k, float(rng.uniform(5.6, 8.0))
        corners = [(x, FAR_Y), (x, y), (x + 0.3, y), (x + 0.6, FAR_Y)]
        _walk(cast, rng, corners, 0.5 + 2.6 * k, stops=((FAR_Y - y, 12.0),), who=_gear(rng, worn))
    return cast


def _vehicle(rng: Rng, kind: str) -> Vehicle:
    if kind == "truck":
        return heavy.truck(heavy.TRUCK_LOOKS[int(rng.integers(len(heavy.TRUCK_LOOKS)))], _colour(rng), rng)
    if kind == "bus":
        return heavy.bus(_colour(rng), rng)
    return car(list(CARS)[int(rng.integers(len(CARS)))], _colour(rng), rng)


def _lane(*, right: bool) -> Path:
    y = LANES_Y[0] if right else LANES_Y[1]
    return path([(-34.0, y), (34.0, y)] if right else [(34.0, y), (-34.0, y)], 1.0)


def _drive(cast: Cast, rng: Rng, way: Path, timetable: Ride, kind: str = "car") -> None:
    """One more vehicle."""
    plate = random_plate(rng, ("private",))
    name = f"v{len(cast.drivers) + 1}"
    cast.drivers.append(Driver(name, _vehicle(rng, kind), way, timetable, plate.text_latin, "private"))


def _along(way: Path, start_s: float, pace: float, stops: tuple[tuple[float, float], ...] = ()) -> Ride:
    return ride([(0.0, pace), (way.length_m, pace)], list(stops), way.length_m, start_s)


def halting(rng: Rng) -> Cast:
    """A car stops on the line while a lorry comes the other way; another pulls up in the lay-by and goes on."""
    cast, right, left = Cast(), _lane(right=True), _lane(right=False)
    _drive(cast, rng, right, _along(right, 0.5, 7.0, ((34.0 + float(rng.uniform(-0.3, 0.3)), 3.0),)))
    _drive(cast, rng, left, _along(left, 3.5, float(rng.uniform(5.5, 7.0))), "truck")
    aside = path(
        [(-34.0, LANES_Y[0]), (1.0, LANES_Y[0]), (5.0, 10.3), (12.5, 10.3), (16.5, LANES_Y[0]), (34, LANES_Y[0])], 5.0
    )
    _drive(cast, rng, aside, _along(aside, 16.0, 5.5, ((44.0, 12.0),)))
    _drive(cast, rng, left, _along(left, 24.0, float(rng.uniform(7, 9))), str(rng.choice(["car", "bus"])))
    return cast


def reversing(rng: Rng) -> Cast:
    """A car drives over the line and reverses; another one turns back before it; a third drives through."""
    cast, right, left = Cast(), _lane(right=True), _lane(right=False)
    over = 34.0 + float(rng.uniform(4.5, 6.0))
    _drive(cast, rng, right, there_and_back([(0.0, 7.0), (over - 8, 5.0), (over, 3.0)], over, 1.5, 0.5))
    short = 34.0 - float(rng.uniform(5.0, 6.5))
    _drive(cast, rng, left, there_and_back([(0.0, 7.0), (short - 8, 5.0), (short, 3.0)], short, 1.5, 4.0))
    _drive(cast, rng, right, _along(right, 27.0, float(rng.uniform(6, 8))), str(rng.choice(["car", "truck"])))
    return cast


def convoy(rng: Rng) -> Cast:
    """Three cars close behind each other, a bus against them, and a lorry with a car in its shadow."""
    cast, right, left = Cast(), _lane(right=True), _lane(right=False)
    for k in range(3):
        _drive(cast, rng, right, _along(right, 0.5 + 1.5 * k, 6.0))
    _drive(cast, rng, left, _along(left, 2.0, 6.5), "bus")
    _drive(cast, rng, right, _along(right, 18.0, 6.0), "truck")
    _drive(cast, rng, right, _along(right, 20.4, 6.0))
    return cast


LINES, ZONES = ("counting", "attendance lines", "wrong_way"), ("intrusion", "attendance zones", "loitering")
SCRIPTS: dict[str, Script] = {
    "crossing": Script(depot, 34.0, (*LINES, *ZONES), crossing),
    "turning": Script(store, 40.0, LINES, turning),
    "tailgating": Script(store, 40.0, LINES, tailgating),
    "hiding": Script(depot, 48.0, ZONES, hiding),
    "lingering": Script(store, 48.0, (*ZONES, "counting"), lingering),
    "crowding": Script(depot, 64.0, ("occupancy", "counting"), crowding),
    "working": Script(bench, 44.0, ("ppe",), working),
    "halting": Script(road, 44.0, ("vehicles", "object"), halting),
    "reversing": Script(road, 42.0, ("vehicles",), reversing),
    "convoy": Script(road, 36.0, ("vehicles",), convoy),
}

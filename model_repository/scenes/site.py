"""What a scene of the demo site is made of, and who is where at a time. Pure.

A scene is a camera, a ground, standing things, actors with their timetables and possibly a directed line. Drawing
(`film`) and truth (`truth`) both read it, so neither can differ from the other.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from model_repository.scenes.geometry import Pair, View
from model_repository.scenes.ground import Floor
from model_repository.scenes.mesh import Mesh
from model_repository.scenes.motion import Path, Ride
from model_repository.scenes.people import Person, Pose, person_mesh, walking, working
from model_repository.scenes.picture import Image
from model_repository.scenes.shading import Light
from model_repository.scenes.vehicles import PERSON, Vehicle

FPS = 25
SIZE = (1280, 720)
FORWARD, BACKWARD = "forward", "backward"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an actor is: ground point, heading, and for people the pose."""

    x: float
    y: float
    heading: float
    pose: Pose | None = None


@dataclass(frozen=True, slots=True)
class Driver:
    """A vehicle on its way, with the plate that it carries ("" = none)."""

    subject: str
    vehicle: Vehicle
    path: Path
    ride: Ride
    plate_latin: str = ""
    plate_kind: str = "private"

    def where(self, t: float) -> Standing | None:
        """Place at time t, or None when it is away."""
        s = self.ride.at(t)
        if s is None:
            return None
        return Standing(*self.path.pose(s, self.vehicle.size[1] * 0.55))

    def mesh(self, at: Standing) -> Mesh:
        """The vehicle standing there."""
        return self.vehicle.mesh.moved((at.x, at.y, 0.0), at.heading)


@dataclass(frozen=True, slots=True)
class Walker:
    """A person with a path and a ride along it; who stands still works or waits."""

    subject: str
    who: Person
    path: Path
    ride: Ride
    works: bool = False
    face: int | None = None
    identity: str = ""
    busy_heading: float | None = None

    def where(self, t: float) -> Standing | None:
        """Place and pose at time t, or None when away."""
        s = self.ride.at(t)
        if s is None:
            return None
        x, y, heading = self.path.pose(s)
        pace = ((self.ride.at(t + 0.2) or s) - (self.ride.at(t - 0.2) or s)) / 0.4
        if pace < 0.15:
            still = working(t * 0.4) if self.works else walking(0.25, 0.06)
            return Standing(x, y, heading if self.busy_heading is None else self.busy_heading, still)
        return Standing(x, y, heading, walking(s / 1.35, min(1.0, 0.35 + pace / 1.8)))

    def mesh(self, at: Standing) -> Mesh:
        """The person standing there in the pose of that time."""
        return person_mesh(self.who, at.pose or Pose()).moved((at.x, at.y, 0.0), at.heading)


@dataclass(slots=True)
class Scene:
    """One camera of the site. `line` is in relative coordinates; `entry` is the direction that means entry."""

    name: str
    view: View
    light: Light
    floor: Floor
    duration_s: float
    seed: int
    standing: list[Mesh] = field(default_factory=list)
    drivers: list[Driver] = field(default_factory=list)
    walkers: list[Walker] = field(default_factory=list)
    moving: list[Callable[[float], Mesh]] = field(default_factory=list)
    line: tuple[Pair, Pair] | None = None
    entry: str = FORWARD
    lamps: list[tuple[float, float, float]] = field(default_factory=list)
    weather: str = "clear"
    faces: dict[str, Image] = field(default_factory=dict)

    @property
    def frame_count(self) -> int:
        """Frames of the clip."""
        return round(self.duration_s * FPS)

    def actors(self, t: float) -> list[tuple[Driver | Walker, Standing, int]]:
        """Everybody who is there at time t, with COCO class ids."""
        found: list[tuple[Driver | Walker, Standing, int]] = []
        for driver in self.drivers:
            at = driver.where(t)
            if at is not None:
                found.append((driver, at, driver.vehicle.class_id))
        for walker in self.walkers:
            at = walker.where(t)
            if at is not None:
                found.append((walker, at, PERSON))
        return found

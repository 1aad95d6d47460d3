"""Draws the frames of a scene: standing things once, everything that moves anew in every frame."""

from collections.abc import Iterator

import numpy as np

from model_repository.plates.render import Plate, render_plate
from model_repository.scenes import picture, timecode
from model_repository.scenes.ground import backdrop
from model_repository.scenes.mesh import Mesh
from model_repository.scenes.picture import Image, Lamp, PlateSeen, PlateSpot
from model_repository.scenes.shading import shade
from model_repository.scenes.site import FPS, Driver, Scene, Standing, Walker
from model_repository.scenes.stage import Stage
from model_repository.scenes.vehicles import plate_corners

_NOISE = {"clear": 0.0, "inside": 0.0, "dusk": 1.6, "rain": 0.8}


class Film:
    """A scene on the renderer. Frames may be asked for in any order; equal numbers give equal pictures."""

    def __init__(self, scene: Scene, oversample: int = 2) -> None:
        """Build the background; takes a second or two."""
        self.scene = scene
        self._stage = Stage((scene.view.width, scene.view.height), oversample)
        self._stage.look(scene.view)
        for mesh in scene.standing:
            self._stage.stand(mesh, shade(mesh, scene.view.at, scene.light))
        rng = np.random.default_rng((scene.seed, 5))
        ground = backdrop(scene.view, scene.floor, scene.light, rng, 3)
        low = [m for m in scene.standing if m.points[:, 2].max() < 12]
        ground = picture.cast_shadows(ground, scene.view, low, scene.light)
        if scene.weather == "rain":
            ground = _wet(ground)
        if scene.light.lamps:
            pools = [Lamp(at, (0.0, 0.0, 0.0), (70.0, 110.0, 140.0), 0.5) for at in scene.lamps]
            ground = picture.glow(ground, scene.view, pools, 0.8)
        self._ground = ground
        self.plates: list[PlateSeen] = []
        """Plates of the frame that was drawn last."""
        self._plates = {d.subject: _texture(scene, d) for d in scene.drivers if d.plate_latin}
        self._last: tuple[tuple[object, ...], Image] | None = None

    def close(self) -> None:
        """Give the renderer back."""
        self._stage.close()

    def frames(self) -> Iterator[Image]:
        """All frames in order, time code included."""
        for n in range(self.scene.frame_count):
            yield self.frame(n)

    def frame(self, n: int) -> Image:
        """Frame n (H, W, 3) uint8 BGR."""
        t = n / FPS
        moving = [move(t) for move in self.scene.moving]
        present = [(actor, at) for actor, at, _ in self.scene.actors(t)]
        same = (*((actor.subject, at) for actor, at in present), *(mesh.points.tobytes() for mesh in moving))
        if self._last is None or self._last[0] != same:  # where nothing moves, the last picture is this one, too
            self._last = (same, self._drawn(moving, present))
        image = self._air(self._last[1].copy(), n)
        timecode.draw(image, n, FPS)
        return image

    def _drawn(self, moving: list[Mesh], present: list[tuple[Driver | Walker, Standing]]) -> Image:
        """Everything but the air and the time code."""
        scene, stage = self.scene, self._stage
        stage.clear()
        for mesh in moving:
            stage.put(mesh, shade(mesh, scene.view.at, scene.light))
        actors = [(actor, at, actor.mesh(at)) for actor, at in present]
        numbers: dict[str, int] = {}
        spots: list[PlateSpot] = []
        for actor, at, mesh in actors:
            number = stage.put(mesh, shade(mesh, scene.view.at, scene.light))
            numbers[actor.subject] = number
            if isinstance(actor, Driver) and actor.subject in self._plates:
                spots += _spots(actor, at, self._plates[actor.subject], number)
        shot = stage.render()
        ground = picture.cast_shadows(self._ground, scene.view, [mesh for _, _, mesh in actors], scene.light)
        drivers = [(actor, at) for actor, at, _ in actors if isinstance(actor, Driver)]
        if scene.light.lamps:
            fronts = [(_nose(actor, at), at.heading) for actor, at in drivers]
            ground = picture.beams(ground, scene.view, fronts, 9.0, 0.55)
        image = picture.lay_over(ground, shot.colour, shot.cover)
        self.plates = picture.paste_plates(image, scene.view, spots, shot.ids, scene.light)
        if scene.light.lamps:
            image = picture.glow(image, scene.view, _lamps(drivers, numbers), 0.62, shot.ids)
        return image

    def _air(self, image: Image, n: int) -> Image:
        rng = np.random.default_rng((self.scene.seed, 9, n))
        if self.scene.weather == "rain":
            image = picture.rain(image, rng, 110, 46.0)
        sigma = _NOISE[self.scene.weather]
        return picture.sensor_noise(image, rng, sigma, 2) if sigma > 0 else image


def _wet(ground: Image) -> Image:
    """Wet ground is darker and shows the brightness of the sky here and there."""
    soft = np.array([1.02, 0.99, 0.97]) * 0.86
    return np.clip(ground * soft, 0, 255).astype(np.uint8)


def _texture(scene: Scene, driver: Driver) -> Image:
    number = sum(ord(c) * (k + 1) for k, c in enumerate(driver.subject))
    rng = np.random.default_rng((scene.seed, 21, number))
    return render_plate(Plate(kind=driver.plate_kind, text_latin=driver.plate_latin), rng, 520)


def _turned(points: np.ndarray, at: Standing) -> np.ndarray:
    c, s = np.cos(at.heading), np.sin(at.heading)
    return points @ np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]).T + np.array([at.x, at.y, 0.0])


def _spots(driver: Driver, at: Standing, texture: Image, number: int) -> list[PlateSpot]:
    vehicle, out = driver.vehicle, []
    for place, front in ((vehicle.front_plate, True), (vehicle.rear_plate, False)):
        if place is not None:
            corners = _turned(plate_corners(place, front=front), at)
            out.append(PlateSpot(corners, texture, number, driver.plate_latin))
    return out


def _nose(driver: Driver, at: Standing) -> tuple[float, float, float]:
    half = driver.vehicle.size[1] / 2
    return (at.x - half * float(np.sin(at.heading)), at.y + half * float(np.cos(at.heading)), 0.7)


def _lamps(drivers: list[tuple[Driver, Standing]], numbers: dict[str, int]) -> list[Lamp]:
    out = []
    for driver, at in drivers:
        ahead = (-float(np.sin(at.heading)), float(np.cos(at.heading)), 0.0)
        back = (-ahead[0], -ahead[1], 0.0)
        for points, towards, bgr, wide in ((driver.vehicle.headlamps, ahead, (215.0, 232.0, 240.0), 0.10),
                                           (driver.vehicle.tail_lamps, back, (35.0, 25.0, 175.0), 0.08)):  # fmt: skip
            world = _turned(np.array(points, float).reshape(-1, 3), at)
            out += [
                Lamp((float(p[0]), float(p[1]), float(p[2])), towards, bgr, wide, numbers[driver.subject])
                for p in world
            ]
    return out

"""Scenes: geometry, timetables and truth, without a renderer; and the renderer where it is installed."""

import importlib.util
import itertools
import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model_repository.plates.grammar import to_latin, valid_ru
from model_repository.scenes import truth
from model_repository.scenes.clips import BENCH_NAMES, NAMES, scene_of
from model_repository.scenes.gate import PLANS
from model_repository.scenes.geometry import View, crossing, look_at, visible_box
from model_repository.scenes.mesh import Paint, Sculptor
from model_repository.scenes.motion import path, ride, there_and_back
from model_repository.scenes.site import Scene
from model_repository.scenes.vehicles import COLOURS, car, plate_corners

SITE = Path(__file__).resolve().parents[2] / "deploy" / "site"

needs_renderer = pytest.mark.skipif(
    importlib.util.find_spec("panda3d") is None, reason="panda3d is not installed (dependency group `train`)"
)


@cache
def _scene(name: str) -> Scene:
    return scene_of(name, 1)


@cache
def _events(name: str) -> list[dict[str, Any]]:
    return truth.events(_scene(name))


def test_projection_of_a_known_point() -> None:
    """A point 10 m ahead and 1 m right of a 1000 px lens lies 100 px right of the middle."""
    view = View((0, 0, 2), 0, 0, 1000, 1280, 720)
    assert np.allclose(view.project(np.array([[1.0, 10.0, 2.0]])), [[740, 360]])


def test_ground_homography_agrees_with_projection() -> None:
    """Ground metres through the homography land where the points are projected."""
    view = look_at((1, -2, 4), (0.5, 12, 0), 900, (1280, 720))
    point = np.array([2.0, 9.0, 0.0])
    x, y, w = view.ground_to_picture() @ np.array([point[0], point[1], 1.0])
    assert np.allclose((x / w, y / w), view.project(point[None])[0])


def test_box_is_cut_to_the_picture_and_absent_behind() -> None:
    """A block half outside is cut at the edge; one behind the camera has no box."""
    clay = Sculptor()
    clay.box((0, 0, 1), (2, 2, 2), Paint((1, 1, 1)))
    block = clay.build()
    view = View((0, 0, 1), 0, 0, 640, 1280, 720)
    box = visible_box(view, block.moved((10, 10, 0)))
    assert box is not None
    assert box[2] == 1280
    assert visible_box(view, block.moved((0, -10, 0))) is None
    straddling = visible_box(view, block)
    assert straddling is not None
    assert (straddling[0], straddling[3]) == (0, 720)


@pytest.mark.parametrize(
    ("before", "after", "direction"), [((0.5, 0.2), (0.5, 0.8), "forward"), ((0.5, 0.8), (0.5, 0.2), "backward")]
)
def test_line_direction(before: tuple[float, float], after: tuple[float, float], direction: str) -> None:
    """From above (left of a line that runs to the right) to below is forward.

    a ────▶ b      forward is down
    """
    hit = crossing(((0.0, 0.5), (1.0, 0.5)), before, after)
    assert hit is not None
    assert hit[0] == pytest.approx(0.5)
    assert hit[1] == direction


def test_no_crossing_beside_the_line() -> None:
    """Passing beyond its ends or staying on one side does not cross a line."""
    line = ((0.4, 0.5), (0.6, 0.5))
    assert crossing(line, (0.1, 0.2), (0.1, 0.8)) is None
    assert crossing(line, (0.5, 0.2), (0.5, 0.4)) is None


def test_plate_corners_read_from_left_to_right() -> None:
    """Front and rear plates have their upper left corner at the reader's left."""
    vehicle = car("sedan", COLOURS[0], np.random.default_rng(1))
    for at, front, turn in ((vehicle.front_plate, True, np.pi), (vehicle.rear_plate, False, 0.0)):
        assert at is not None
        c, s = np.cos(turn), np.sin(turn)
        corners = plate_corners(at, front=front) @ np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]).T + [0, 9, 0]
        quad = View((0, 0, 1), 0, 0, 800, 1280, 720).project(corners)
        assert quad[0, 0] < quad[1, 0]
        assert quad[0, 1] < quad[3, 1]


def test_ride_stops_and_goes_on() -> None:
    """A stop of two seconds is held at its place, and the end is reached."""
    found = ride([(0.0, 5.0)], [(20.0, 2.0)], 40.0)
    held = np.abs(found.lengths - 20.0) < 0.05
    assert held.sum() * 0.01 >= 1.9
    assert found.lengths[-1] >= 40.0
    assert np.diff(found.lengths).min() >= 0


def test_there_and_back() -> None:
    """Who turns back ends where he began and went no further than told."""
    found = there_and_back([(0.0, 4.0)], 15.0, 1.0)
    assert found.lengths.max() <= 15.1
    assert found.lengths[-1] < 0.2


def test_path_is_rounded() -> None:
    """The corner is cut, and headings turn from east to south."""
    way = path([(-20, 10), (0, 10), (0, -20)], 5.0)
    assert way.length_m < 50
    assert way.pose(1.0)[2] == pytest.approx(-np.pi / 2)
    assert abs(way.pose(way.length_m - 1)[2]) == pytest.approx(np.pi)


@pytest.mark.parametrize("name", sorted(PLANS))
def test_gate_truth_is_sound(name: str) -> None:
    """A clip has 9 to 11 crossings of distinct valid plates, at least 1.5 s apart within a lane, and quiet ends."""
    scene, events = _scene(name), _events(name)
    assert 9 <= len(events) <= 11
    assert len({e["plate"] for e in events}) == len(events)
    assert all(valid_ru(to_latin(e["plate"])) for e in events)
    for kind in ("vehicle_entry", "vehicle_exit"):
        times = [e["at_s"] for e in events if e["kind"] == kind]
        assert len(times) >= 4
        assert all(b - a >= 1.5 for a, b in itertools.pairwise(times))
    for n in (0, 7, 14, scene.frame_count - 15, scene.frame_count - 1):
        assert all(class_id == 0 for _, class_id, _ in truth.boxes_at(scene, n / 25))


@pytest.mark.parametrize("name", sorted(PLANS))
def test_plates_are_readable_for_long_enough(name: str) -> None:
    """Each plate is 75 px wide for 1.5 s, reaches 85 px, and the whole vehicle is in the picture at the line."""
    scene = _scene(name)
    at_line = {e["subject"]: e["at_s"] for e in _events(name)}
    for driver in scene.drivers:
        if driver.subject not in at_line:
            continue
        entry = driver.subject.startswith("in")
        place = driver.vehicle.front_plate if entry else driver.vehicle.rear_plate
        assert place is not None
        widths = [
            _plate_px(scene, driver, place, t, front=entry)
            for t in np.arange(driver.ride.start_s, driver.ride.end_s, 0.1)
        ]
        assert sum(w >= 75 for w in widths) * 0.1 >= 1.5, driver.subject
        assert max(widths) >= 85
        at = driver.where(at_line[driver.subject])
        assert at is not None
        box = visible_box(scene.view, driver.mesh(at))
        assert box is not None
        assert box[0] > 0
        assert box[2] < 1280
        assert box[1] > 0


def _plate_px(scene: Scene, driver: Any, place: Any, t: float, *, front: bool) -> float:
    at = driver.where(float(t))
    if at is None:
        return 0.0
    c, s = np.cos(at.heading), np.sin(at.heading)
    corners = plate_corners(place, front=front) @ np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]).T + [at.x, at.y, 0]
    if scene.view.to_camera(corners)[:, 1].min() < 1:
        return 0.0
    quad = scene.view.project(corners)
    inside = (quad >= 0).all() and (quad[:, 0] < 1280).all() and (quad[:, 1] < 720).all()
    return float(quad[1, 0] - quad[0, 0]) if inside else 0.0


def test_same_seed_same_truth() -> None:
    """The truth of a seed is always the same, another seed has other plates."""
    again = truth.document(scene_of("gate-day", 1))
    assert again["events"] == _events("gate-day")
    other = truth.events(scene_of("gate-day", 2))
    assert {e["plate"] for e in other} != {e["plate"] for e in again["events"]}


def test_indoor_scenes_have_their_people() -> None:
    """The workshop shows people with and without helmet and vest; five identities come through the office door."""
    workers = truth.document(scene_of("workshop", 1))["people"]
    assert {p["helmet"] for p in workers} == {True, False}
    assert {p["vest"] for p in workers} == {True, False}
    assert len({p["identity"] for p in truth.document(scene_of("office-door", 1))["people"]}) == 5


def test_boxes_frame_by_frame() -> None:
    """Everybody in the office corridor has a person box inside the picture in every frame that shows him."""
    rows = list(truth.box_rows(scene_of("office-door", 1, 2.0)))
    assert [row["frame"] for row in rows] == list(range(50))
    assert rows[0]["boxes"] == []
    (found,) = rows[49]["boxes"]
    assert (found["subject"], found["class_id"]) == ("person-1", 0)
    assert 0 <= found["box"][0] < found["box"][2] <= 1280


@needs_renderer
def test_training_pictures_repeat() -> None:
    """The same seed gives the same picture and labels, and boxes lie inside the picture."""
    from model_repository.scenes.dataset import frames  # noqa: PLC0415

    first, second = (list(frames(5, 2, (320, 192), 1)) for _ in range(2))
    for a, b in zip(first, second, strict=True):
        assert np.array_equal(a.image, b.image)
        assert a.boxes == b.boxes
        for _, x1, y1, x2, y2 in a.boxes:
            assert 0 <= x1 < x2 <= 320
            assert 0 <= y1 < y2 <= 192


@needs_renderer
def test_frames_repeat_and_carry_their_number() -> None:
    """A frame of a clip is the same twice and its time code is its number."""
    from model_repository.scenes import timecode  # noqa: PLC0415
    from model_repository.scenes.film import Film  # noqa: PLC0415

    film = Film(_scene("gate-day"), oversample=1)
    one, two = film.frame(200), film.frame(200)
    film.close()
    assert np.array_equal(one, two)
    assert timecode.read(one) == 200


@pytest.mark.parametrize("name", BENCH_NAMES)
def test_quiet_gates_have_vehicles_about_a_third_of_the_time(name: str) -> None:
    """One each way, twice; nobody walks by; and the committed truth is what the seed gives."""
    scene = _scene(name)
    times = np.arange(0, scene.duration_s, 0.5)
    there = [[(driver, at) for driver in scene.drivers if (at := driver.where(float(t))) is not None] for t in times]
    seen = [any(visible_box(scene.view, driver.mesh(at)) is not None for driver, at in now) for now in there]
    assert 0.3 < sum(seen) / len(seen) < 0.4
    events = _events(name)
    assert [event["kind"] for event in events] == ["vehicle_exit", "vehicle_entry"] * 2
    assert [walker.subject for walker in scene.walkers] == ["guard"]
    assert json.loads((SITE / "bench" / f"{name}.json").read_text("utf-8"))["events"] == events
    assert name not in NAMES

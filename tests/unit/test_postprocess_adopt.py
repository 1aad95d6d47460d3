"""Tracks that break, change owners or double where it matters: at lines and in zones."""

from __future__ import annotations

import msgspec
import pytest

from ingest.contract import Box, FrameReport
from postprocess.contract import Event
from postprocess.rules import attendance
from postprocess.rules.scene import Input
from tests.support.persons import ATTENDANCE, END, final
from tests.support.persons import play as play_persons
from tests.support.vehicles import PLATE, drive, events, frame, newest, play, read
from tests.support.zones import POLICY, Way, film, told, visits, walk

TOWARDS = [0.30, 0.33, 0.36, 0.39, 0.42, 0.45]
BEYOND = [0.58, 0.61, 0.64, 0.67, 0.70, 0.73, 0.76]


def _broken(gap: int, *, x: float = 0.5) -> list[Input]:
    """A vehicle that is lost before the line and found `gap` looks later beyond it."""
    first = drive(TOWARDS, track="1-1")
    return [*first, *drive(BEYOND, track="1-2", first=len(first) + gap, x=x)]


def test_a_vehicle_lost_at_the_line_has_crossed_it() -> None:
    """1-1 ↓ · · line · · ↓ 1-2: one entry, with the plate that was read before; its time lies in between."""
    _, said = play([read("s1"), read("s2"), *_broken(2)])
    (event,) = newest(said).values()
    assert (event.kind, event.plate, event.direction) == ("vehicle_entry", PLATE, "entry")
    assert 6 * 200_000 <= event.opened_at_us - 1_790_000_000_000_000 <= 9 * 200_000


@pytest.mark.parametrize("inputs", [_broken(30), _broken(2, x=0.2)], ids=["late", "elsewhere"])
def test_another_vehicle_makes_up_for_nothing(inputs: list[Input]) -> None:
    """What begins much later, or elsewhere, is not the one that was lost."""
    assert events(play(inputs)[1]) == []


def test_a_moment_of_nothing_is_not_gone_on_with() -> None:
    """A box of a single look before the line is no vehicle that crossed it."""
    false = drive([0.45], track="1-9")
    assert events(play([*false, *drive(BEYOND, track="1-2", first=4)])[1]) == []


def _boxed(report: FrameReport, boxes: dict[str, Box]) -> FrameReport:
    found = tuple(msgspec.structs.replace(each, box=boxes[each.track], label="truck") for each in report.detections)
    return msgspec.structs.replace(report, detections=found)


def _lorry(*, cab_lower: float) -> list[Event]:
    """A lorry that drives down, and its cab as a box of its own at its lower end, which crosses first."""
    frames: list[Input] = []
    for seq in range(16):
        y = 0.30 + 0.03 * seq
        boxes = {"1-1": (0.3, y - 0.3, 0.7, y), "1-2": (0.32, y - 0.12 + cab_lower, 0.6, y + cab_lower)}
        frames.append(_boxed(frame(seq, dict.fromkeys(boxes, (0.5, y))), boxes))
    return list(newest(play(frames)[1]).values())


def test_a_part_of_a_lorry_does_not_cross_by_itself() -> None:
    """A cab within the lorry is the lorry; a car before it, whose wheels stand lower, is another vehicle."""
    assert len(_lorry(cab_lower=0.0)) == 1
    assert len(_lorry(cab_lower=0.05)) == 2


def _persons(ways: dict[str, Way]) -> list[tuple[str, str]]:
    said = play_persons(attendance.step, [*film(16, ways), END], ATTENDANCE)
    return [(event.kind, event.track) for event in final(said) if event.kind != "presence"]


def test_a_person_lost_at_a_line_has_crossed_it() -> None:
    """The door lies at y = 0.5: lost above it and found below it a second later, as another track."""
    ways = {"1-1": walk((0, 0.2, 0.2), (3, 0.2, 0.47)), "1-2": walk((4, 0.2, 0.56), (7, 0.2, 0.9))}
    assert _persons(ways) == [("person_entry", "1-2")]


def test_two_boxes_on_a_person_enter_once() -> None:
    """Nearly the same box all the time."""
    ways = {name: walk((0, x, 0.2), (7, x, 0.9)) for name, x in (("1-1", 0.2), ("1-2", 0.203))}
    assert [kind for kind, _ in _persons(ways)] == ["person_entry"]


def test_who_comes_back_over_the_line_as_another_track_has_gone_twice() -> None:
    """An echo is told from a return: down, and up again five seconds later."""
    ways = {"1-1": walk((0, 0.2, 0.2), (3, 0.2, 0.8)), "1-2": walk((4, 0.2, 0.8), (9, 0.2, 0.2))}
    assert [kind for kind, _ in _persons(ways)] == ["person_entry", "person_exit"]


def _stays(seconds: float, ways: dict[str, Way]) -> list[tuple[str, str, float, float]]:
    return told(visits(film(seconds, ways), msgspec.structs.replace(POLICY, travel_min=0.02)))


def test_two_who_change_tracks_where_they_meet_stay_who_they_are() -> None:
    """One stands in the zone, another passes above it at y = 0.36; from 10 s on each has the other's track."""
    ways = {
        "1-1": walk((0, 0.5, 0.3), (3, 0.5, 0.48), (9.9, 0.5, 0.48), (10, 0.5, 0.36), (16, 0.9, 0.36)),
        "1-2": walk((4, 0.1, 0.36), (9.9, 0.5, 0.36), (10, 0.5, 0.48), (20, 0.5, 0.48), (22, 0.5, 0.2)),
    }
    assert [what for what, *_ in _stays(30, ways)] == ["entered", "left"]


def test_two_who_pass_each_other_at_the_rim_are_two() -> None:
    """One comes in where another goes out: the one was not deep inside."""
    ways = {
        "1-1": walk((0, 0.1, 0.6), (4, 0.5, 0.6), (8, 0.5, 0.6), (10, 0.9, 0.6)),
        "1-2": walk((7, 0.9, 0.62), (10.5, 0.5, 0.62), (16, 0.5, 0.62), (18, 0.5, 0.95)),
    }
    assert [what for what, *_ in _stays(30, ways)].count("entered") == 2


def test_a_track_that_breaks_on_the_way_out_ends_the_stay() -> None:
    """Lost at the rim, found again just before it and seen to leave: nobody waits for whoever is hidden."""
    ways = {
        "1-1": walk((0, 0.1, 0.6), (4, 0.5, 0.6), (8, 0.68, 0.6)),
        "1-2": walk((8.2, 0.69, 0.6), (8.8, 0.75, 0.6), (12, 0.95, 0.6)),
    }
    assert [what for what, *_ in _stays(11, ways)] == ["entered", "left"]


def test_boxes_where_nothing_is_keep_no_stay_alive() -> None:
    """One is lost in the zone; something flickers near the place every three seconds; a person comes 20 s later."""
    flicker = {f"1-{9 + n}": walk((3 * n, 0.5, 0.6), (3 * n + 0.3, 0.5, 0.6)) for n in range(3, 9)}
    ways = {
        "1-1": walk((0, 0.1, 0.6), (4, 0.5, 0.6), (8, 0.5, 0.6)),
        "1-2": walk((27, 0.9, 0.6), (30, 0.5, 0.6), (34, 0.5, 0.6)),
    }
    assert [root for what, root, *_ in _stays(45, ways | flicker) if what == "entered"] == ["1:1-1", "1:1-2"]

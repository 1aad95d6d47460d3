"""Visits of things to zones: when one begins, what keeps it going, what ends it."""

from __future__ import annotations

import msgspec
import pytest

from postprocess.contract import Hours, Zone
from postprocess.rules.scene import Input, Note, Tick
from postprocess.rules.visits import watch
from postprocess.rules.zones import THINGS_MAX, VISITS_MAX, WHOLE, ZonePolicy, ZoneScene
from tests.support.vehicles import CAMERA, STEP_US, T0_US
from tests.support.zones import POLICY, film, look, second, told, visits, walk

IN_AND_OUT = walk((0, 0.1, 0.6), (4, 0.5, 0.6), (8, 0.5, 0.6), (12, 0.9, 0.6))
#       yard 0.3..0.7: comes in after 2 s, goes out after 10 s


def policy(**fields: object) -> ZonePolicy:
    """The plain policy with other fields."""
    return msgspec.structs.replace(POLICY, **fields)


def stays(inputs: list[Input], **fields: object) -> list[tuple[float, float]]:
    """Since and last seen of every visit that is over."""
    said = visits(inputs, policy(**fields))
    return [(second(v.visit.since_us), second(v.visit.seen_us)) for v in said if v.what == "left"]


def test_a_visit_is_told_when_it_counts_and_when_it_is_over() -> None:
    """One entered, one left; a little behind the rim, for the band."""
    said = visits(film(20, {"1-1": IN_AND_OUT}))
    assert [what for what, *_ in told(said)] == ["entered", "left"]
    assert stays(film(20, {"1-1": IN_AND_OUT})) == [(2.2, 10.0)]


def test_a_corner_cut_is_no_visit() -> None:
    """Less than the debounce."""
    assert stays(film(20, {"1-1": walk((0, 0.1, 0.3), (2, 0.36, 0.43), (4, 0.1, 0.5))}), debounce_us=2_000_000) == []


def test_flicker_at_the_rim_makes_no_second_visit() -> None:
    """It swings over the rim by less than the band, then inside again."""
    swing = walk(
        (0, 0.1, 0.6), (4, 0.5, 0.6), *((5 + n, 0.298 + 0.004 * (n % 2), 0.6) for n in range(8)), (16, 0.5, 0.6)
    )
    assert stays(film(24, {"1-1": swing})) == [(2.2, 16.0)]


def test_who_steps_out_for_a_moment_has_not_left() -> None:
    """Out for less than `leave`, then for more."""
    out = walk((0, 0.5, 0.6), (5, 0.5, 0.6), (6, 0.25, 0.6), (7, 0.5, 0.6), (20, 0.5, 0.6))
    assert len(stays(film(30, {"1-1": out}), leave_us=2_000_000)) == 1
    long = walk((0, 0.5, 0.6), (5, 0.5, 0.6), (6, 0.2, 0.6), (10, 0.2, 0.6), (11, 0.5, 0.6), (20, 0.5, 0.6))
    assert len(stays(film(30, {"1-1": long}))) == 2


def test_a_second_visit_of_the_same_thing_is_another_occurrence() -> None:
    """The root stays, the occurrence counts."""
    twice = walk((0, 0.5, 0.6), (5, 0.5, 0.6), (6, 0.1, 0.6), (12, 0.1, 0.6), (13, 0.5, 0.6), (20, 0.5, 0.6))
    said = visits(film(30, {"1-1": twice}))
    assert [(v.visit.root, v.visit.occurrence) for v in said if v.what == "entered"] == [("1:1-1", 0), ("1:1-1", 1)]


@pytest.mark.parametrize(("gap_s", "expected"), [(2, 1), (4, 1), (8, 2)])
def test_a_broken_track_goes_on_in_the_next_near_its_place(gap_s: int, expected: int) -> None:
    """Occlusion shorter than the bridge: one visit with the first root; longer: two."""
    first, second_way = walk((0, 0.1, 0.6), (4, 0.5, 0.6), (8, 0.5, 0.6)), walk((8 + gap_s, 0.5, 0.6), (30, 0.52, 0.6))
    said = [v for v in visits(film(40, {"1-1": first, "1-2": second_way})) if v.what == "left"]
    assert len(said) == expected
    assert said[0].visit.root == "1:1-1"
    assert len(said[0].visit.roots) == 3 - expected


def test_another_person_elsewhere_is_no_heir() -> None:
    """One vanishes at one end of the yard, another appears at the other end."""
    ways = {"1-1": walk((0, 0.1, 0.6), (4, 0.35, 0.6), (8, 0.35, 0.6)), "1-2": walk((9, 0.65, 0.7), (20, 0.6, 0.7))}
    assert len(stays(film(30, ways))) == 2


def test_a_second_box_on_the_same_thing_is_no_second_visit() -> None:
    """Two tracks over each other all the time."""
    twin = walk((0, 0.102, 0.6), (4, 0.502, 0.6), (8, 0.502, 0.6), (12, 0.902, 0.6))
    assert len(stays(film(30, {"1-1": IN_AND_OUT, "1-2": twin}))) == 1


def test_two_persons_beside_each_other_are_two() -> None:
    """Boxes that hardly touch."""
    beside = walk((0, 0.1, 0.65), (4, 0.46, 0.65), (8, 0.46, 0.65), (12, 0.9, 0.65))
    assert len(stays(film(30, {"1-1": IN_AND_OUT, "1-2": beside}))) == 2


def test_a_takeover_is_bridged() -> None:
    """A new epoch, another track, the same place."""
    first = film(8, {"1-1": walk((0, 0.1, 0.6), (4, 0.5, 0.6), (8, 0.5, 0.6))})
    later = film(14, {"2-1": walk((0, 0.5, 0.6), (6, 0.5, 0.6), (8, 0.9, 0.6))}, first=len(first), epoch=2)
    assert len(stays([*first, *later])) == 1


def test_what_is_too_small_or_never_moved_or_stands_for_long_starts_no_visit() -> None:
    """Minimum size, minimum travel, stationary suppression."""
    parked = {"1-1": walk((0, 0.5, 0.6), (90, 0.5, 0.6))}
    assert stays(film(100, parked), travel_min=0.02) == []
    assert stays(film(30, {"1-1": IN_AND_OUT}), size_min=0.2) == []
    night = (Hours(since="14:13", until="20:00"),)  # the film begins at 14:13:20 UTC: so it holds from its beginning
    assert len(stays(film(100, parked), schedule=night)) == 1


def test_what_stood_for_long_before_the_schedule_began_starts_no_visit() -> None:
    """Parked since before the watch; a person who walks then does."""
    begins = (Hours(since="14:15", until="20:00"),)  # second 100 of the film
    ways = {"1-1": walk((0, 0.5, 0.6), (200, 0.5, 0.6)), "1-2": walk((90, 0.1, 0.7), (105, 0.6, 0.7), (110, 0.9, 0.7))}
    said = [v for v in visits(film(220, ways), policy(schedule=begins)) if v.what == "entered"]
    assert [v.visit.root for v in said] == ["1:1-2"]
    assert len(stays(film(220, ways), schedule=begins, still_us=0)) == 2


def test_furniture_that_is_found_again_starts_no_visit() -> None:
    """A car that parked in the zone, was hidden for longer than the bridge, and is found where it stood."""
    parks, again = walk((0, 0.1, 0.6), (4, 0.5, 0.6), (90, 0.5, 0.6)), walk((110, 0.5, 0.6), (150, 0.5, 0.6))
    assert len(stays(film(170, {"1-1": parks, "1-2": again}))) == 1


def test_it_goes_on_while_it_stands() -> None:
    """Stationary suppression ends no visit."""
    stands = walk((0, 0.1, 0.6), (4, 0.5, 0.6), (300, 0.5, 0.6), (304, 0.9, 0.6))
    assert stays(film(320, {"1-1": stands})) == [(2.2, 302.0)]


def test_a_span_of_not_looking_is_no_absence_and_no_presence() -> None:
    """Nobody looks from second 10 to 40; the person stands there before and after."""
    stands = film(60, {"1-1": walk((0, 0.1, 0.6), (4, 0.5, 0.6), (50, 0.5, 0.6), (54, 0.9, 0.6))})
    blind = [*stands[:50], *stands[200:]]
    (left,) = [v for v in visits(blind) if v.what == "left"]
    assert (second(left.visit.since_us), second(left.visit.seen_us)) == (2.2, 52.0)
    assert left.visit.stay_us == pytest.approx(52.0e6 - 2.2e6 - 30.2e6)


def test_looks_at_which_nothing_had_changed_are_looks() -> None:
    """No report for three seconds because nothing moved: no cut, all of it presence."""
    stands = film(30, {"1-1": walk((0, 0.1, 0.6), (4, 0.5, 0.6), (20, 0.5, 0.6), (24, 0.9, 0.6))})
    quiet = msgspec.structs.replace(stands[65], before_us=T0_US + 64 * STEP_US)  # type: ignore[type-var]
    (left,) = [v for v in visits([*stands[:50], quiet, *stands[66:]]) if v.what == "left"]
    assert left.visit.stay_us == left.visit.seen_us - left.visit.since_us


def test_a_long_span_of_not_looking_ends_a_visit_as_of_the_last_look() -> None:
    """By a tick or by the next frame: the same is said."""
    stands = film(200, {"1-1": walk((0, 0.1, 0.6), (4, 0.5, 0.6), (190, 0.5, 0.6))})
    by_frame = visits([*stands[:50], *stands[700:]])
    tick = Tick(now_us=T0_US + 135 * 1_000_000)
    by_tick = visits([*stands[:50], tick, *stands[700:]])
    assert [told([v])[0][:3] for v in by_frame] == [told([v])[0][:3] for v in by_tick]
    assert second(by_tick[1].visit.seen_us) == 9.8
    assert [v.what for v in by_tick] == ["entered", "left", "entered", "left"]


def test_a_zone_that_is_taken_away_ends_its_visits() -> None:
    """The next frame says so."""
    scene, frames = ZoneScene(camera=CAMERA), film(10, {"1-1": IN_AND_OUT})
    visits(frames[:30], scene=scene)
    assert [v.what for v in visits(frames[30:32], policy(zones=()), scene)] == ["left"]


@pytest.mark.parametrize(("anchor", "expected"), [("foot", 0), ("centre", 1), ("overlap", 1)])
def test_anchors(anchor: str, expected: int) -> None:
    """A person whose feet are below the yard and most of whose body is in it."""
    low = walk((0, 0.1, 0.86), (4, 0.5, 0.86), (8, 0.5, 0.86), (12, 0.9, 0.86))
    assert len(stays(film(20, {"1-1": low}), anchor=anchor)) == expected


def test_the_whole_picture_is_a_zone() -> None:
    """Also for what is cut off at the border."""
    assert stays(film(20, {"1-1": walk((0, 0.0, 1.0), (6, 0.1, 1.0))}), zones=(WHOLE,)) == [(0.0, 6.0)]


def test_a_narrow_zone_can_be_entered() -> None:
    """Its band is narrower than the zone."""
    strip = Zone(id="strip", points=((0.3, 0.59), (0.7, 0.59), (0.7, 0.61), (0.3, 0.61)))
    assert len(stays(film(20, {"1-1": IN_AND_OUT}), zones=(strip,))) == 1


def test_a_frame_that_another_detector_did_not_see_is_no_look_of_it() -> None:
    """Boxes of the further detector come with every fifth frame: the frames between are no absence."""
    frames = film(30, {"1-1": IN_AND_OUT})
    named = []
    for number, frame in enumerate(frames):
        assert not isinstance(frame, Tick)
        seen = tuple(msgspec.structs.replace(d, detector="fire") for d in frame.detections)  # type: ignore[union-attr]
        further = {} if number % 5 else {"fire": frame.model}
        named.append(msgspec.structs.replace(frame, detections=() if number % 5 else seen, further=further))
    assert stays(named, detector="fire", gap_us=2_500_000) == [(3.0, 10.0)]
    assert stays(named, detector="smoke") == []


def test_repeats_and_older_epochs_are_named() -> None:
    """They change nothing."""
    scene, frame = ZoneScene(camera=CAMERA), look(5, [("1-1", (0.5, 0.6))], epoch=2)
    for report, expected in ((frame, None), (frame, "repeated_frame"), (look(6, [], epoch=1), "stale_epoch")):
        notes = [each.kind for each in watch(scene, report, POLICY) if isinstance(each, Note)]
        assert notes == ([] if expected is None else [expected])


def test_memory_is_bounded() -> None:
    """More things than are remembered: the oldest goes, and it is said."""
    scene = ZoneScene(camera=CAMERA)
    crowd = [(f"1-{n}", (0.3 + 0.4 * (n % 40) / 40, 0.45 + 0.3 * (n // 40) / 20)) for n in range(THINGS_MAX + 3)]
    notes = [
        each.kind
        for seq in range(8)
        for each in watch(scene, look(seq, crowd, height=0.004), policy(debounce_us=0))
        if isinstance(each, Note)
    ]
    assert len(scene.things) <= THINGS_MAX
    assert len(scene.visits) <= VISITS_MAX
    assert "overflow" in notes


def test_what_is_over_is_forgotten() -> None:
    """Things, tracks and visits, once nothing could continue them."""
    scene, frames = ZoneScene(camera=CAMERA), film(12, {"1-1": IN_AND_OUT})
    visits([*frames, look(60, [], ended=("1-1",)), *(look(seq, []) for seq in range(61, 130))], scene=scene)
    assert (scene.things, scene.tracks, scene.visits) == ({}, {}, {})

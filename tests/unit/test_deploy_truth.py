"""What must have happened on the demo site, against what was said."""

from __future__ import annotations

import pytest

from deploy.demo.truth import (
    TOLERANCE_US,
    Happening,
    Moment,
    Schedule,
    Span,
    Truth,
    compare,
    expected,
    percentiles_ms,
)

S = 1_000_000
WINDOW = (0, 100 * S)


def _at(at_s: float, plate: str = "A", kind: str = "vehicle_entry", camera: str = "gate") -> Happening:
    return Happening(at_us=round(at_s * S), camera=camera, kind=kind, plate=plate)


def test_moments_of_a_looping_clip() -> None:
    """Started 100 s, loop 10 s, moment at 3 s: 103, 113, 123 …; the window holds its begin and not its end."""
    clip = Truth(camera="gate", duration_s=10.0, events=(Moment(kind="vehicle_entry", at_s=3.0, plate="A"),))
    schedule = Schedule(started_at_s=100.0, duration_s=10.0)

    def times(since_s: float, until_s: float) -> list[float]:
        return [one.at_us / S for one in expected(clip, schedule, round(since_s * S), round(until_s * S))]

    assert times(0, 120) == [103, 113]
    assert times(103, 113) == [103]
    assert times(103.1, 113) == []
    assert times(1100, 1125) == [1103, 1113, 1123]
    assert times(0, 100) == []


def test_expected_is_in_order_of_time() -> None:
    """Whatever the order in the file."""
    events = (Moment(kind="vehicle_exit", at_s=8.0), Moment(kind="vehicle_entry", at_s=1.0))
    clip = Truth(camera="gate", duration_s=10.0, events=events)
    found = expected(clip, Schedule(started_at_s=0.0, duration_s=10.0), 0, 20 * S)
    assert [one.at_us // S for one in found] == [1, 8, 11, 18]


def test_match_miss_extra_and_blind() -> None:
    """Exact plate, kind and camera within the tolerance; a blind miss is set aside; a hit while blind is a hit."""
    truth = [_at(10), _at(20), _at(30), _at(40)]
    said = [_at(10.9), _at(20, plate="B"), _at(40.0)]
    blind = [Span(camera="gate", from_us=25 * S, to_us=45 * S)]
    found = compare(truth, said, blind=blind, window_us=WINDOW)
    assert [(a.at_us, b.at_us) for a, b in found.matched] == [(10 * S, 10_900_000), (40 * S, 40 * S)]
    assert found.missed == (_at(20),)
    assert found.extra == (_at(20, plate="B"),)
    assert found.excluded == (_at(30),)
    assert found.expected == 3
    assert not found.good


@pytest.mark.parametrize(("offset_us", "matched"), [(TOLERANCE_US, 1), (TOLERANCE_US + 1, 0), (-TOLERANCE_US, 1)])
def test_tolerance_is_inclusive(offset_us: int, matched: int) -> None:
    """One second either way, not a microsecond more."""
    moment = _at(50)
    said = Happening(at_us=moment.at_us + offset_us, camera="gate", kind="vehicle_entry", plate="A")
    assert len(compare([moment], [said], window_us=WINDOW).matched) == matched


def test_only_what_the_truth_speaks_of_can_be_extra() -> None:
    """Camera events, and events near or over the window's ends, are no extras."""
    said = [_at(10), _at(11.5, kind="camera_lost"), _at(0.5), _at(99.5), _at(120), _at(60, camera="other")]
    found = compare([_at(10)], said, window_us=WINDOW)
    assert found.extra == ()
    assert found.good


def test_nothing_expected_is_not_good() -> None:
    """An empty run proves nothing."""
    found = compare([], [], window_us=WINDOW)
    assert (found.matched_ratio, found.extra_ratio, found.good) == (0.0, 0.0, False)


def test_bounds_of_good() -> None:
    """19 of 20 are enough; one extra in 20 is too much."""
    truth = [_at(2 + 4 * i) for i in range(20)]
    assert compare(truth, truth[:19], window_us=WINDOW).good
    assert not compare(truth, truth[:18], window_us=WINDOW).good
    assert not compare(truth, [*truth, _at(50, plate="X")], window_us=WINDOW).good


def test_percentiles_by_nearest_rank() -> None:
    """Of 1..100 ms: 50, 95, 99; of one value: itself; of none: nothing."""
    assert percentiles_ms([i * 1000 for i in range(100, 0, -1)]) == {"p50": 50.0, "p95": 95.0, "p99": 99.0}
    assert percentiles_ms([1234]) == {"p50": 1.2, "p95": 1.2, "p99": 1.2}
    assert percentiles_ms([]) == {}

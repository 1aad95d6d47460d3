"""The schedule: position out of time, and time out of position, over loops and pictures out of order."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from deploy.simulate.schedule import Schedule, due_ticks_of, spread_share, us_of

START = 1_700_000_000_000_000

# Decoding order I0 P3 B1 B2, then a second group I4 P5; 25 pictures per second.
PTS = (0, 10800, 3600, 7200, 14400, 18000)
DTS = (-3600, 0, 3600, 7200, 10800, 14400)


def reordered(*, loop: bool = True) -> Schedule:
    """Six pictures, one period of 240 ms."""
    return Schedule(
        started_us=START,
        period_ticks=21600,
        pts_ticks=PTS,
        due_ticks=due_ticks_of(PTS, DTS),
        keyframes=(0, 4),
        loop=loop,
    )


def test_nothing_is_sent_before_it_is_captured() -> None:
    """Sending times are the decoding times moved by the longest reordering."""
    assert due_ticks_of(PTS, DTS) == (7200, 10800, 14400, 18000, 21600, 25200)
    schedule = reordered()
    assert all(schedule.due_us(number) >= schedule.captured_us(number) for number in range(20))


def test_due_never_falls() -> None:
    """Decoding times of a damaged file that step back do not make time run backwards."""
    assert due_ticks_of((0, 10, 20), (0, 10, 5)) == (15, 25, 25)


def test_capture_times_go_on_over_loops() -> None:
    """Picture 6 is picture 0 of the second loop."""
    schedule = reordered()
    assert [schedule.captured_us(number) - START for number in (0, 1, 5, 6, 7)] == [0, 120000, 200000, 240000, 360000]
    assert schedule.ticks(13) == 2 * 21600 + 10800


@given(st.integers(0, 1_000_000), st.integers(-1, 1))
def test_latest_inverts_due(number: int, off_us: int) -> None:
    """At the due time of a picture it is the latest; a microsecond earlier the one before is."""
    schedule = reordered()
    expected = number - 1 if off_us < 0 else number
    assert schedule.latest(schedule.due_us(number) + off_us) == expected


def test_before_the_first_picture() -> None:
    """A camera that has not begun shows nothing."""
    assert reordered().latest(START) == -1
    assert reordered().latest(START - 10_000_000) == -1
    assert reordered(loop=False).latest(START) == -1


def test_keyframes() -> None:
    """The keyframe before a picture is in the same loop, for a loop begins with one."""
    assert [reordered().keyframe_before(number) for number in (0, 3, 4, 5, 6, 11)] == [0, 0, 4, 4, 6, 10]


def test_the_end_without_loop() -> None:
    """A period after its first sending the camera has ended; it stays at its last picture."""
    schedule = reordered(loop=False)
    assert schedule.ends_us() == START + 80_000 + 240_000
    assert not schedule.ended(schedule.ends_us() - 1)
    assert schedule.ended(schedule.ends_us())
    assert schedule.latest(START + 10**9) == 5
    assert schedule.has(5)
    assert not schedule.has(6)
    assert schedule.position_s(START + 10**9) == 0.24


def test_a_loop_never_ends() -> None:
    """Every picture number exists, and the position begins again."""
    schedule = reordered()
    assert schedule.has(10**9)
    assert not schedule.ended(START + 10**15)
    assert schedule.position_s(START + 250_000) == 0.01
    assert schedule.position_s(START - 5) == 0.0
    assert schedule.period_s == 0.24


def test_ticks_in_microseconds() -> None:
    """Rounded to the nearest, for a tick is 11.1 µs."""
    assert [us_of(ticks) for ticks in (0, 1, 2, 90_000, 27_000_000_001)] == [0, 11, 22, 1_000_000, 300_000_000_011]


def test_cameras_spread_evenly_over_a_clip() -> None:
    """Of any ten in a row no two neighbours are nearer than half, or further than twice, their fair distance."""
    for first in (0, 7, 32):
        places = sorted(spread_share(number) for number in range(first, first + 10))
        gaps = [after - before for before, after in itertools.pairwise([*places, places[0] + 1.0])]
        assert min(gaps) > 0.05
        assert max(gaps) < 0.2

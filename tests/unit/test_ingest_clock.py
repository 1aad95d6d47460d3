"""When a picture was taken, whether it is due, and how long to wait between attempts."""

import pytest

from ingest.backoff import delay_s
from ingest.clock import Sampler, captured

SECOND = 1_000_000
NOW = 1_700_000_000 * SECOND


@pytest.mark.parametrize(
    ("wallclock_us", "clock"),
    [
        (NOW - 40_000, "rtcp"),
        (NOW - 5 * SECOND, "rtcp"),
        (NOW + 400_000, "rtcp"),
        (None, "arrival"),
        (0, "arrival"),
        (NOW - 6 * SECOND, "arrival"),
        (NOW + SECOND, "arrival"),
    ],
)
def test_a_cameras_clock_is_believed_near_arrival_only(wallclock_us: int | None, clock: str) -> None:
    """A camera that lives in 1970, or ahead of us, is timed by arrival."""
    assert captured(NOW, wallclock_us, 5.0) == (wallclock_us if clock == "rtcp" else NOW, clock)


def test_five_of_twenty_five_stay_five() -> None:
    """The raster does not drift: 100 s of 25 fps with jitter give 500 looks at 5 fps."""
    sampler = Sampler(0)
    times = [NOW + n * 40_000 + (n * 7919 % 9 - 4) * 1000 for n in range(2500)]
    assert sum(sampler.due(t, 5.0) is not None for t in times) == 500


def test_odd_rates_are_kept_on_average() -> None:
    """4 of 24.01 fps do not divide: the raster still gives four a second."""
    sampler = Sampler(0)
    due = sum(sampler.due(NOW + round(n * 1e6 / 24.01), 4.0) is not None for n in range(2401))
    assert 398 <= due <= 402


def test_a_rate_above_the_cameras_takes_every_frame() -> None:
    """Ten frames a second looked at with 25 fps are ten looks."""
    sampler = Sampler(0)
    assert all(sampler.due(NOW + n * 100_000, 25.0) for n in range(50))


def test_what_was_looked_at_is_not_looked_at_again() -> None:
    """A rejoined camera repeats the pictures since its key frame: none of them is due before the floor is passed."""
    sampler = Sampler(NOW)
    assert sampler.due(NOW - 2 * SECOND, 5.0) is None
    assert sampler.due(NOW, 5.0) is None
    assert sampler.due(NOW + 1, 5.0) == NOW + 1


def test_a_clock_that_was_set_back_does_not_blind_the_camera() -> None:
    """Far back is another clock, not a repeat: looks go on and stamps still grow."""
    sampler = Sampler(NOW)
    assert sampler.due(NOW - 3600 * SECOND, 5.0) == NOW + 1


def test_looks_go_on_after_a_gap() -> None:
    """The raster begins anew behind a gap instead of catching up."""
    sampler = Sampler(0)
    assert sampler.due(NOW, 5.0)
    assert sampler.due(NOW + 60 * SECOND, 5.0)
    assert sampler.due(NOW + 60 * SECOND + 40_000, 5.0) is None


def test_pauses_grow_and_jitter() -> None:
    """Doubled up to the longest of the cause, each shortened by at most half; the network's stay short."""
    assert [delay_s("timeout", n, 30.0, 0.0) for n in range(5)] == [0.5, 1, 2, 4, 4]
    assert [delay_s("not_found", n, 30.0, 0.0) for n in range(6)] == [2, 4, 8, 16, 30, 30]
    assert delay_s("refused", 3, 30.0, 1.0) == 2.0
    assert delay_s("broken", 10_000, 30.0, 0.5) == 3.0
    assert delay_s("codec", 10_000, 1.0, 0.0) == 1.0


def test_a_refused_login_is_tried_rarely() -> None:
    """Minutes, whatever the longest pause of others is: cameras lock accounts."""
    assert [delay_s("auth", n, 1.0, 0.0) for n in range(7)] == [15, 30, 60, 120, 240, 300, 300]

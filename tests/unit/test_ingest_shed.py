"""Shedding: one factor for all cameras, down when the machine is late, up when it has room."""

from __future__ import annotations

import pytest

from ingest.shed import AGE_US_MAX, ANSWERS_MIN, DOWN, FACTOR_MIN, UP, WINDOW_TICKS, Shedder


def window(shedder: Shedder, *, ages: list[int], dropped: int = 0) -> bool:
    """Seconds in the first of which frames of these ages were answered."""
    for number, age in enumerate(ages):
        shedder.answered(age_us=age, dropped=dropped if number == 0 else 0)
    assert not any(shedder.tick() for _ in range(WINDOW_TICKS - 1))
    return shedder.tick()


def test_in_time_nothing_is_shed() -> None:
    """Young answers, none passed over: all that was asked for."""
    shedder = Shedder()
    assert not window(shedder, ages=[100_000] * 20)
    assert shedder.factor == 1.0


@pytest.mark.parametrize(
    ("ages", "dropped"), [([AGE_US_MAX + 1] * 20, 0), ([100_000] * 20, 3)], ids=["late", "passed over"]
)
def test_too_slow_lowers_the_rate(ages: list[int], dropped: int) -> None:
    """Either sign alone is enough; it goes on down to a floor."""
    shedder = Shedder()
    assert window(shedder, ages=ages, dropped=dropped)
    assert shedder.factor == DOWN
    for _ in range(20):
        window(shedder, ages=ages, dropped=dropped)
    assert shedder.factor == FACTOR_MIN


def test_one_late_answer_of_many_is_none() -> None:
    """A tenth may be late."""
    shedder = Shedder()
    window(shedder, ages=[100_000] * 19 + [10 * AGE_US_MAX])
    assert shedder.factor == 1.0


def test_with_room_it_comes_back_slowly() -> None:
    """Step by step, and not beyond what was asked for."""
    shedder = Shedder()
    window(shedder, ages=[2 * AGE_US_MAX] * 20)
    assert window(shedder, ages=[100_000] * 20)
    assert shedder.factor == pytest.approx(DOWN + UP)
    for _ in range(20):
        window(shedder, ages=[100_000] * 20)
    assert shedder.factor == 1.0


def test_few_answers_say_nothing() -> None:
    """A few late answers are no measure of a machine."""
    shedder = Shedder()
    window(shedder, ages=[10 * AGE_US_MAX] * (ANSWERS_MIN - 1))
    assert shedder.factor == 1.0

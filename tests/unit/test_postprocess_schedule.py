"""When a schedule holds, by the wall clock of the site."""

from __future__ import annotations

from datetime import datetime

import pytest

from postprocess.contract import Hours
from postprocess.rules.schedule import holds, local, zone_of

NIGHT = Hours(days=("fri",), since="22:00", until="06:00")
WORK = Hours(days=("mon", "tue", "wed", "thu", "fri"), since="08:00", until="17:00")


def at(text: str) -> int:
    """ISO time with offset as microseconds."""
    return round(datetime.fromisoformat(text).timestamp() * 1e6)


@pytest.mark.parametrize(
    ("schedule", "when", "expected"),
    [
        ((), "2026-11-24T03:00:00+03:00", True),
        ((WORK,), "2026-11-24T08:00:00+03:00", True),  # a Tuesday
        ((WORK,), "2026-11-24T16:59:59+03:00", True),
        ((WORK,), "2026-11-24T17:00:00+03:00", False),
        ((WORK,), "2026-11-22T12:00:00+03:00", False),  # a Sunday
        ((NIGHT,), "2026-11-27T21:59:00+03:00", False),
        ((NIGHT,), "2026-11-27T22:00:00+03:00", True),
        ((NIGHT,), "2026-11-28T05:59:00+03:00", True),
        ((NIGHT,), "2026-11-28T06:00:00+03:00", False),
        ((NIGHT,), "2026-11-28T22:30:00+03:00", False),  # Saturday's own night is not meant
        ((NIGHT, WORK), "2026-11-24T12:00:00+03:00", True),
        ((Hours(),), "2026-11-24T00:00:00+03:00", True),
        ((Hours(days=("mon",)),), "2026-11-24T00:00:00+03:00", False),
    ],
)
def test_hours_of_the_week(schedule: tuple[Hours, ...], when: str, *, expected: bool) -> None:
    """Days, ends, and nights that last into the next day."""
    assert holds(schedule, at(when), "Europe/Moscow") is expected


def test_the_hour_that_comes_twice() -> None:
    """On the last Sunday of October 02:00 to 03:00 comes twice in Berlin, and the schedule holds in both."""
    hours = (Hours(since="02:00", until="03:00"),)
    assert [holds(hours, at(f"2026-10-25T{t}:30:00+00:00"), "Europe/Berlin") for t in ("00", "01", "02")] == [
        True,
        True,
        False,
    ]


def test_a_zone_that_does_not_exist() -> None:
    """A `KeyError`, so that whoever asks can say which setting it was."""
    assert local(0, "UTC").isoformat() == "1970-01-01T00:00:00+00:00"
    with pytest.raises(KeyError):
        zone_of("Europe/Atlantis")

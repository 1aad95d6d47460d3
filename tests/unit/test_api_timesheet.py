"""Timesheets: shifts against entries, exits and presence; changes of the clock; who is inside."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from api.timesheet import Fact, Row, muster, planned, rows_of
from postprocess.contract import Shift

BERLIN = ZoneInfo("Europe/Berlin")
DAY = Shift(date="2026-06-10", since="08:00", until="16:00", break_min=30)
NIGHT = Shift(date="2026-06-10", since="22:00", until="06:00")


def us(text: str) -> int:
    """A wall-clock time in Berlin."""
    return round(datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp()) * 1_000_000


def entry(at: str, person: str = "anna") -> Fact:
    """Over the line inwards."""
    return Fact(kind="person_entry", camera="gate", person=person, opened_at_us=us(at), closed_at_us=us(at))


def leave(at: str, person: str = "anna") -> Fact:
    """Over the line outwards."""
    return Fact(kind="person_exit", camera="gate", person=person, opened_at_us=us(at), closed_at_us=us(at))


def stay(since: str, until: str | None, seconds: float = 0.0, person: str = "anna") -> Fact:
    """In a zone."""
    closed = us(until) if until else None
    return Fact(
        kind="presence", camera="hall", person=person, opened_at_us=us(since), closed_at_us=closed, stay_s=seconds
    )


def sheet(
    *facts: Fact, shifts: tuple[Shift, ...] = (DAY,), now: str = "2026-06-20 12:00", grace_min: int = 0
) -> list[Row]:
    """Of Anna."""
    return rows_of("anna", shifts, facts, BERLIN, now_us=us(now), grace_min=grace_min)


def test_night_and_break() -> None:
    """22 to 6 is night, an hour longer where the clock goes back; what was spent outside is off the break already."""
    late = Shift(date="2026-10-24", since="20:00", until="06:00", break_min=60)
    (row,) = sheet(entry("2026-10-24 20:00"), leave("2026-10-25 06:00"), shifts=(late,), now="2026-10-30 12:00")
    assert (row.there_min, row.night_min, row.break_min) == (660, 540, 60)
    early = Shift(date="2026-06-10", since="05:00", until="13:00", break_min=30)
    outside = (
        entry("2026-06-10 05:00"),
        leave("2026-06-10 09:00"),
        entry("2026-06-10 09:20"),
        leave("2026-06-10 13:00"),
    )
    (row,) = sheet(*outside, shifts=(early,))
    assert (row.there_min, row.night_min, row.break_min) == (460, 60, 10)
    (row,) = sheet(entry("2026-06-10 08:00"), leave("2026-06-10 11:00"))
    assert (row.there_min, row.night_min, row.break_min) == (180, 0, 0)


def test_a_day_as_planned() -> None:
    """In early, a break outside, out late: hours within the shift, overtime beside it."""
    facts = (
        entry("2026-06-10 07:50"), leave("2026-06-10 12:00"), entry("2026-06-10 12:30"), leave("2026-06-10 16:20"),
        stay("2026-06-10 08:30", "2026-06-10 11:30"), stay("2026-06-10 13:00", "2026-06-10 15:45"),
    )  # fmt: skip
    (row,) = sheet(*facts)
    assert (row.planned_min, row.there_min, row.present_min, row.overtime_min) == (450, 450, 345, 30)
    assert (row.late_min, row.early_min, row.absent, row.open, row.unpaired) == (0, 0, False, False, 0)
    assert (row.first_us, row.last_us) == (us("2026-06-10 07:50"), us("2026-06-10 16:20"))
    assert row.presence_share == pytest.approx(345 / 450, abs=1e-4)


def test_late_early_and_grace() -> None:
    """Late by twelve minutes, gone by twenty-five; a grace of fifteen forgives the first."""
    facts = (entry("2026-06-10 08:12"), leave("2026-06-10 15:35"))
    (row,) = sheet(*facts)
    assert (row.late_min, row.early_min) == (12, 25)
    (row,) = sheet(*facts, grace_min=15)
    assert (row.late_min, row.early_min) == (0, 25)


def test_absent_only_once_the_shift_is_over() -> None:
    """Nothing was seen: absent afterwards, open before, not told of before it begins."""
    (row,) = sheet()
    assert (row.absent, row.there_min, row.presence_share) == (True, 0, 0.0)
    (row,) = sheet(now="2026-06-10 09:00")
    assert (row.absent, row.open) == (False, True)
    assert sheet(now="2026-06-10 07:00") == []


def test_presence_alone_is_enough() -> None:
    """A site without a gate camera: time in zones is time there."""
    (row,) = sheet(stay("2026-06-10 08:05", "2026-06-10 15:55"))
    assert (row.there_min, row.late_min, row.early_min, row.absent) == (470, 5, 5, False)


def test_lost_passages_are_no_time() -> None:
    """Two entries in a row, an exit out of nothing: counted, not guessed."""
    facts = (entry("2026-06-10 08:00"), entry("2026-06-10 13:00"), leave("2026-06-10 16:00"), leave("2026-06-10 16:30"))
    (row,) = sheet(*facts)
    assert (row.there_min, row.unpaired, row.late_min) == (180, 2, 300)


def test_inside_now_lasts_until_now() -> None:
    """The shift goes on: no end yet; an entry of two days ago without an exit is a lost exit."""
    (row,) = sheet(entry("2026-06-10 08:00"), now="2026-06-10 10:00")
    assert (row.open, row.there_min, row.last_us, row.early_min) == (True, 120, None, 0)
    (row,) = sheet(entry("2026-06-10 08:00"), now="2026-06-12 10:00")
    assert (row.there_min, row.unpaired, row.absent) == (0, 1, False)


def test_an_open_presence_lasts_as_long_as_it_is_told() -> None:
    """Told a minute ago: until now; told an hour ago: until then."""
    (row,) = sheet(stay("2026-06-10 08:00", None, 3540), now="2026-06-10 09:00")
    assert row.present_min == 60
    (row,) = sheet(stay("2026-06-10 08:00", None, 3600), now="2026-06-10 12:00")
    assert row.present_min == 60


def test_unplanned_time_is_a_row_of_its_own() -> None:
    """On a day without a shift, far from any, and a passage without its other half."""
    facts = (entry("2026-06-13 10:00"), leave("2026-06-13 12:00"), leave("2026-06-14 09:00"))
    absent, extra, lost = sheet(*facts)
    assert absent.absent
    assert (extra.shift, extra.date, extra.overtime_min, extra.presence_share) == (None, "2026-06-13", 120, None)
    assert (lost.date, lost.unpaired, lost.overtime_min) == ("2026-06-14", 1, 0)


def test_a_night_shift_belongs_to_the_day_it_begins() -> None:
    """22 to 06: in at 21:55, out at 06:10 of the next day."""
    (row,) = sheet(entry("2026-06-10 21:55"), leave("2026-06-11 06:10"), shifts=(NIGHT,))
    assert (row.date, row.planned_min, row.there_min, row.overtime_min) == ("2026-06-10", 480, 480, 15)


@pytest.mark.parametrize(
    ("date", "next_day", "hours"),
    [("2026-03-28", "2026-03-29", 7), ("2026-10-24", "2026-10-25", 9), ("2026-06-10", "2026-06-11", 8)],
)
def test_a_night_with_a_change_of_the_clock(date: str, next_day: str, hours: int) -> None:
    """22 to 06 in Berlin lasts seven hours in March and nine in October, planned and worked alike."""
    shift = Shift(date=date, since="22:00", until="06:00")
    (row,) = sheet(entry(f"{date} 22:00"), leave(f"{next_day} 06:00"), shifts=(shift,), now="2026-12-01 12:00")
    assert (row.planned_min, row.there_min, row.late_min, row.early_min) == (hours * 60, hours * 60, 0, 0)


def test_times_that_come_twice_or_never() -> None:
    """02:30 on the night of the change: as an end the second one; as a beginning that never comes, 03:30."""
    autumn = planned(Shift(date="2026-10-25", since="02:30", until="02:45"), BERLIN)
    assert (autumn.until_us - autumn.since_us) / 60e6 == 75
    spring = planned(Shift(date="2026-03-29", since="02:30", until="06:00"), BERLIN)
    assert spring.since_us == us("2026-03-29 03:30")


def test_two_shifts_a_day_share_what_lies_between() -> None:
    """06 to 10 and 16 to 20: the time between goes to the nearer one, and counts once."""
    early, late = (Shift(date="2026-06-10", since=s, until=u) for s, u in (("06:00", "10:00"), ("16:00", "20:00")))
    one, two = sheet(entry("2026-06-10 06:00"), leave("2026-06-10 20:00"), shifts=(late, early))
    assert (one.shift, two.shift) == (early, late)
    assert (one.there_min, two.there_min) == (240, 240)
    assert (one.overtime_min, two.overtime_min) == (180, 180)


def test_who_is_inside() -> None:
    """Entered and not left, present in a zone, unidentified by their number; old entries are forgotten."""
    facts = [
        entry("2026-06-10 08:00"), entry("2026-06-10 08:10", "boris"), leave("2026-06-10 09:00", "boris"),
        stay("2026-06-10 08:30", None, 5340, "vera"), stay("2026-06-10 07:00", None, 60, "old"),
        stay("2026-06-10 08:30", "2026-06-10 08:40", 600, "gone"),
        entry("2026-06-10 08:20", ""), entry("2026-06-10 08:21", ""), leave("2026-06-10 08:22", ""),
        entry("2026-06-08 08:00", "lost"),
    ]  # fmt: skip
    found = muster(facts, us("2026-06-10 10:00"))
    assert [(one.person, one.by) for one in found.inside] == [("anna", "entry"), ("vera", "presence")]
    assert found.unidentified == 1
    assert muster([leave("2026-06-10 08:00", "")], us("2026-06-10 10:00")).unidentified == 0

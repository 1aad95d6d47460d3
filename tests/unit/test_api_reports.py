"""Reports and their plots: pure functions of rows."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.contract import InsideOut, MusterOut, TimesheetRow
from api.contract_work import ReportOut
from api.errors import BadParameter
from api.reports import attendance, kit, parking, precision, quality, safety, traffic
from api.reports.plots import Series, Share, bars, ceiling, number, shares, steps
from ingest.contract import PictureFault
from postprocess.rules.findings import What

ROOT = Path(__file__).parents[2]
MOSCOW = ZoneInfo("Europe/Moscow")
PERIOD = kit.Period(first=date(2026, 3, 2), last=date(2026, 3, 4), zone=MOSCOW)
NAMES = kit.Names(cameras={"gate": "Ворота"}, functions={"ppe": "Equipment"}, lots={"yard": "Двор"})
HOUR_US = 3_600_000_000


def at(day: int, hour: float) -> int:
    """A moment of March 2026 by Moscow's clock."""
    moment = datetime(2026, 3, day, tzinfo=MOSCOW) + timedelta(hours=hour)
    return round(moment.timestamp() * 1e6)


def marks(svg: str, kind: str) -> list[ET.Element]:
    """Elements of a class in a plot, which is well-formed."""
    root = ET.fromstring(svg)  # noqa: S314 - our own text
    return [node for node in root.iter() if node.get("class") == kind]


def figure(report: ReportOut, label: str) -> str:
    """A figure by its label."""
    return next(one.value for one in report.figures if one.label == label)


@pytest.mark.parametrize(("largest", "top"), [(0, 1), (1, 1), (1.1, 1.2), (58, 60), (0.03, 0.032), (999, 1000), (7, 8)])
def test_an_axis_ends_at_a_round_number(largest: float, top: float) -> None:
    """Just above the largest value."""
    assert ceiling(largest) == pytest.approx(top)


@given(st.floats(1e-6, 1e9))
def test_an_axis_always_holds_its_values(largest: float) -> None:
    """And wastes less than half of the height."""
    assert largest * (1 - 1e-9) <= ceiling(largest) < 2 * largest


def test_numbers_have_no_tail() -> None:
    """Thousands are parted by a narrow blank."""
    assert [number(value) for value in (2.0, 2.5, 0.75, 12_345)] == ["2", "2.5", "0.75", "12 345"]


def test_bars_stand_on_each_other_or_side_by_side() -> None:
    """Heights follow the values; what is zero has no mark; names can't become markup."""
    series = [Series(name="in", values=[4, 0]), Series(name="<b>", values=[2, 2], tone="b")]
    stacked = bars(["mon", "tue"], series, title="t & t")
    (lower,), upper = marks(stacked, "plot-a"), marks(stacked, "plot-b")
    assert float(upper[0].get("y", 0)) + float(upper[0].get("height", 0)) == pytest.approx(
        float(lower.get("y", 0)), abs=0.2
    )
    assert float(lower.get("height", 0)) == pytest.approx(2 * float(upper[0].get("height", 0)), abs=0.3)
    assert "<b>" not in stacked
    assert "mon · in: 4" in stacked
    beside = bars(
        ["mon"], [Series(name="a", values=[1]), Series(name="b", values=[1], tone="b")], title="t", stacked=False
    )
    (first,), (second,) = marks(beside, "plot-a"), marks(beside, "plot-b")
    assert first.get("y") == second.get("y")
    assert float(first.get("x", 0)) < float(second.get("x", 0))
    assert marks(bars([], [], title="t"), "plot-a") == []


def test_many_categories_are_not_all_named() -> None:
    """So that labels don't run into each other."""
    plot = bars([str(n) for n in range(90)], [Series(name="n", values=[1.0] * 90)], title="t")
    assert len(marks(plot, "plot-a")) == 90
    assert len([node for node in marks(plot, "plot-label") if node.get("text-anchor") == "middle"]) <= 16


def test_a_level_holds_between_its_changes() -> None:
    """The line has a corner before and after each change, ends at the end, and the limit lies across."""
    plot = steps([(0, 1), (5, 3)], (0, 10), [(5, "noon")], title="t", limit=4, told="places: 4")
    (line,) = marks(plot, "plot-line")
    corners = re.findall(r"([\d.]+) ([\d.]+)", line.get("d", ""))
    assert len(corners) == 4
    assert corners[1][0] == corners[2][0]
    assert len(marks(plot, "plot-limit")) == 1
    assert "places: 4" in plot
    assert marks(steps([(0, 0)], (0, 0), [], title="t"), "plot-limit") == []


def test_a_share_is_shown_with_its_uncertainty() -> None:
    """Its colour says how it is to be taken; long names are cut."""
    rows = [Share(name="x" * 60, value=value, low=0.1, high=0.9, told="5/10") for value in (0.95, 0.8, 0.2)]
    plot = shares(rows, title="t")
    assert [len(marks(plot, f"plot-{tone}")) for tone in ("good", "warn", "bad")] == [1, 1, 1]
    assert len(marks(plot, "plot-span")) == 3
    assert "…" in plot
    assert "5/10" in plot


def test_days_follow_the_site_s_clock() -> None:
    """They begin at its midnight and hold both ends."""
    assert PERIOD.days() == [date(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 4)]
    assert datetime.fromtimestamp(PERIOD.since_us / 1e6, UTC).isoformat() == "2026-03-01T21:00:00+00:00"
    assert PERIOD.until_us - PERIOD.since_us == 72 * HOUR_US
    assert [kit.hours(minutes, "en") for minutes in (5, 372)] == ["5 min", "6 h 12 min"]
    assert [kit.graded(share, good=0.9, fair=0.7) for share in (None, 0.95, 0.8, 0.1)] == ["", "good", "warn", "bad"]
    assert NAMES.camera("other") == "other"


def test_traffic_counts_by_day_hour_and_camera() -> None:
    """An hour of the store belongs to the site's day; the share of read plates counts vehicles alone."""
    rows: list[dict[str, Any]] = [
        {"kind": "vehicle_entry", "camera": "gate", "hour_s": at(2, 0) // 1_000_000, "n": 6, "read": 5},
        {"kind": "vehicle_exit", "camera": "gate", "hour_s": at(2, 17) // 1_000_000, "n": 4, "read": 4},
        {"kind": "person_entry", "camera": "door", "hour_s": at(4, 17) // 1_000_000, "n": 9, "read": 0},
    ]
    report = traffic.report(rows, PERIOD, NAMES, "en")
    assert (figure(report, "In"), figure(report, "Out"), figure(report, "Plates read")) == ("15", "4", "90 %")
    assert figure(report, "Busiest hour") == "17:00"
    assert ("Ворота", 6, 4, "90 %", 0, 0) in report.tables[0].rows
    assert ("door", 0, 0, "–", 9, 0) in report.tables[0].rows
    assert report.tables[1].rows[-1] == ("2026-03-02 00:00", "Ворота", 6, 0)
    assert "02.03 · in: 6" in report.plots[0].svg
    assert "17 · in: 3" in report.plots[1].svg
    empty = traffic.report([], PERIOD, NAMES, "ru")
    assert (empty.title, figure(empty, "Самый загруженный час")) == ("Движение", "–")
    assert traffic.query(PERIOD, "gate").parameters["camera"] == "gate"


def a_stay(came: int, left: int | None, cause: str = "", plate: str = "А1") -> dict[str, Any]:
    """A row of the store."""
    stay_s = (left - came) / 1e6 if left is not None and not cause else None
    return {
        "lot": "yard",
        "plate": plate,
        "listed": "",
        "cause": cause,
        "opened_us": came,
        "closed_us": left,
        "stay_s": stay_s,
    }


def test_parking_knows_how_full_it_was() -> None:
    """Stays of before count at the beginning; who was not seen to come is not counted in."""
    rows = [
        a_stay(at(1, 20), at(2, 10)),
        a_stay(at(2, 8), at(2, 9)),
        a_stay(at(3, 8), None),
        a_stay(at(3, 9), at(4, 9), "no_exit"),
        a_stay(at(3, 11), at(3, 11), "no_entry", plate=""),
    ]
    found = parking.level(rows, PERIOD.since_us, PERIOD.until_us)
    assert [n for _, n in found] == [1, 2, 1, 0, 1, 2, 1]
    assert found[0][0] == PERIOD.since_us
    report = parking.report(rows, PERIOD, NAMES, "en", now_us=at(4, 12), capacity={"yard": 40, "empty": None})
    assert (figure(report, "Stays"), figure(report, "Most at once"), figure(report, "Exit not seen")) == ("5", "2", "1")
    assert figure(report, "Median stay") == "1 h 00 min"
    assert report.tables[0].rows[1] == ("Двор", 40, 5, "7 h 30 min", "14 h 00 min", 2, 1)
    assert [row[5] for row in report.tables[1].rows] == ["", "", "inside", "exit not seen", "entry not seen"]
    assert report.tables[1].rows[4][1:4] == ("–", "", "")
    assert "places: 40" in report.plots[1].svg
    assert parking.bins([5, 15, 200, 2000]) == [1, 1, 0, 1, 0, 1]
    none = parking.report([], PERIOD, NAMES, "en", now_us=at(4, 12), capacity={})
    assert (figure(none, "Median stay"), len(none.plots)) == ("–", 1)
    assert parking.query(PERIOD, "yard").parameters["lot"] == "yard"


@pytest.mark.parametrize("text", ["", "25:00", "08:00,x", "01:00,02:00,03:00,04:00,05:00"])
def test_shifts_that_can_t_be(text: str) -> None:
    """Each is refused with an example."""
    with pytest.raises(BadParameter):
        safety.shifts(text)


def test_a_night_shift_belongs_to_the_day_on_which_it_begins() -> None:
    """Whatever the order in which shifts are named."""
    begins = safety.shifts("20:00,08:00")
    assert begins == ("08:00", "20:00")
    assert safety.shift_of(datetime(2026, 3, 3, 7, 59, tzinfo=MOSCOW), begins) == (date(2026, 3, 2), 1)
    assert safety.shift_of(datetime(2026, 3, 3, 8, 0, tzinfo=MOSCOW), begins) == (date(2026, 3, 3), 0)


def a_case(kind: str, us: int, **more: Any) -> dict[str, Any]:
    """A row of the store."""
    row = {
        "kind": kind,
        "camera": "gate",
        "rule": "press",
        "cause": "",
        "missing": [],
        "lasted_s": 90.0,
        "opened_us": us,
        "verdict": "",
    }
    return row | more


def test_safety_leaves_false_alarms_out() -> None:
    """Compliance counts what could be told."""
    rows = [
        a_case("ppe_violation", at(3, 3), missing=["helmet", "gas_mask"]),
        a_case("ppe_violation", at(3, 9), missing=["helmet"], lasted_s=None),
        a_case("ppe_violation", at(3, 9), missing=["vest"], verdict="false_alarm"),
        *(a_case("ppe_visit", at(3, 9), cause=cause) for cause in ("worn", "worn", "worn", "missing", "unknown")),
    ]
    report = safety.report(rows, PERIOD, NAMES, "ru", begins=("08:00", "20:00"))
    assert [one.value for one in report.figures] == ["2", "75 %", "1", "1"]
    assert report.figures[1].tone == "bad"
    assert "02.03 · 20:00–08:00: 1" in report.plots[0].svg
    assert "каска" in report.plots[1].svg
    assert "gas mask" in report.plots[1].svg
    assert report.tables[0].rows == (("Ворота", "press", 5, "75 %", 1, 2, "2 мин"),)
    assert report.tables[1].rows[1][5] is None
    nobody = safety.report([], PERIOD, NAMES, "en", begins=("08:00",))
    assert (nobody.figures[1].value, nobody.figures[1].tone) == ("–", "")
    assert safety.query(PERIOD, "").parameters["since"] == PERIOD.since_us


def test_precision_is_what_people_say() -> None:
    """The worst rule comes first; reasons of the console are words, others stay."""
    rows = [
        {
            "camera": "gate",
            "function": "ppe",
            "rule": "press",
            "alarms": 20,
            "right_n": 9,
            "wrong_n": 1,
            "reasons": ["light"],
        },
        {
            "camera": "gate",
            "function": "own",
            "rule": "",
            "alarms": 9,
            "right_n": 1,
            "wrong_n": 3,
            "reasons": ["own words", "own words"],
        },
        {"camera": "far", "function": "ppe", "rule": "x", "alarms": 5, "right_n": 0, "wrong_n": 0, "reasons": []},
    ]
    report = precision.report(rows, PERIOD, NAMES, "en")
    assert [one.value for one in report.figures] == ["34", "14", "71 %"]
    assert report.plots[0].svg.index("25 % (1/4)") < report.plots[0].svg.index("90 % (9/10)")
    assert "far" not in report.plots[0].svg
    assert "light or shadow" in report.plots[1].svg
    assert report.tables[0].rows[1][6:] == ("25 %", "5 % – 70 %", "own words")
    assert report.tables[0].rows[2][6:] == ("–", "–", "")
    assert precision.report([], PERIOD, NAMES, "ru").figures[2].value == "–"
    assert precision.query(PERIOD, "gate").parameters["camera"] == "gate"


def a_row(person: str, day: str, **more: Any) -> TimesheetRow:
    """A row of a timesheet."""
    values: dict[str, Any] = {
        "person": person, "name": person.title(), "department": "shop", "date": day, "since": "08:00", "until": "17:00",
        "first": f"{day}T08:05:00+03:00", "last": None, "planned_min": 480, "there_min": 470, "present_min": 300,
        "night_min": 0, "break_min": 0,
        "presence_share": 0.6, "late_min": 5, "early_min": 0, "overtime_min": 0, "absent": False, "open": False,
        "unpaired": 0,
    }  # fmt: skip
    return TimesheetRow(**(values | more))


def test_attendance_sums_by_day_and_person() -> None:
    """Planned against seen; who is inside stands beside, by the site's clock."""
    rows = [
        a_row("ann", "2026-03-02"),
        a_row("bob", "2026-03-02", there_min=0, late_min=0, absent=True, first=None),
        a_row("ann", "2026-03-03", early_min=10, late_min=0),
    ]
    inside = InsideOut(
        person="ann", name="Ann", department="shop", since="2026-03-03T05:00:00.000000Z", camera="gate", by="entry"
    )
    report = attendance.report(rows, MusterOut(at="", inside=(inside,), unidentified=2), PERIOD, "en")
    assert [one.value for one in report.figures] == ["24 h 00 min", "15 h 40 min", "65 %", "1", "1 / 3", "1 + 2"]
    assert report.tables[0].rows[0][:6] == ("Ann", "shop", 2, "16 h 00 min", "15 h 40 min", "98 %")
    assert report.tables[1].rows[0][:2] == ("2026-03-03", "Ann")
    assert report.tables[1].rows[1][11] == "absent"
    assert report.tables[2].rows == (("Ann", "shop", "2026-03-03 08:00", "gate"),)
    assert "02.03 · late: 1" in report.plots[1].svg


def test_a_page_holds_fewer_rows_than_the_file() -> None:
    """What is left out is told; the CSV has all tables, each with its title."""
    rows = [
        {"kind": "vehicle_entry", "camera": f"c{n}", "hour_s": at(2, 1) // 1_000_000, "n": 1, "read": 0}
        for n in range(600)
    ]
    report = traffic.report(rows, PERIOD, NAMES, "ru")
    short = kit.shown(report)
    assert (len(short.tables[0].rows), short.tables[0].cut) == (500, 100)
    lines = kit.as_csv(report, "ru").decode("utf-8-sig").split("\r\n")
    assert lines[0] == "По камерам"
    assert lines[1].startswith("Камера;")
    assert len([line for line in lines if line.startswith("c")]) == 600
    assert kit.as_table(report.tables[0]).rows == report.tables[0].rows


def test_quality_shows_days_rules_and_what_got_worse() -> None:
    """Plates read, alarms judged and the finding with its likely cause, in words; nothing at all is no fault."""
    row = {
        "camera": "gate", "function": "vehicles", "rule": "in", "day": PERIOD.first.isoformat(), "events": 10,
        "alarms": 4, "passages": 10, "read": 9, "told": 10, "confidence": 8.0, "right_n": 1, "wrong_n": 1,
    }  # fmt: skip
    finding = {
        "camera": "gate", "rule": "", "label": "plates_unreadable", "cause": "sudden", "since": PERIOD.since_us,
        "until": 0, "items": {"value": 0.4, "usual": 0.93, "of": 20.0},
    }  # fmt: skip
    shown = quality.report([row], [finding], PERIOD, NAMES, "ru")
    assert [figure.value for figure in shown.figures] == ["90 %", "50 %", "1"]
    worse, rules = shown.tables
    assert worse.rows[0][1:2] + worse.rows[0][4:] == (
        "длится", "номера не читаются", "внезапно: грязь или камеру сдвинули?", "40 %", "93 %",
    )  # fmt: skip
    assert rules.rows[0][5:8] == ("90 %", "80 %", "50 %")
    assert len(shown.plots) == 3
    assert [figure.value for figure in quality.report([], [], PERIOD, NAMES, "en").figures] == ["–", "–", "0"]


def test_every_finding_has_words() -> None:
    """The report and the console know every finding and every fault of a picture, in both languages."""
    texts = (ROOT / "api/console/texts/causes.js").read_text("utf-8")
    for fault in get_args(PictureFault):
        assert quality.cause_name(fault, "ru") != fault
        assert texts.count(f"cause_{fault}:") == 2
    for what in get_args(What):
        assert texts.count(f"quality_{what}:") == 2
        assert quality.finding_name(what, "ru") != what

"""`zool bench gate`: whom a barrier let in, beside the truth."""

from __future__ import annotations

from deploy.acs.barrier import Command
from deploy.bench import fleet
from deploy.bench.gate_run import Heard, result
from deploy.demo import gate
from deploy.demo.record import Record
from deploy.demo.truth import Moment, Truth
from tests.unit.test_bench_report import LINE, START_US, event, watched

DAY = Truth(
    camera="day",
    duration_s=40.0,
    lines=(LINE,),
    events=(
        Moment(kind="vehicle_entry", at_s=2.0, plate="A1"),
        Moment(kind="vehicle_entry", at_s=5.0, plate="B2"),
        Moment(kind="vehicle_exit", at_s=8.0, plate="C3"),
        Moment(kind="vehicle_exit", at_s=12.0, plate="E5"),
    ),
)


def heard(name: str, plate: str, second: float, *, granted: bool = True, reason: str = "REASON_PLATE") -> Heard:
    """A decision at the camera's barrier, at the client so many seconds into the window."""
    command = Command(id=name, version=1, door="day", granted=granted, reason=reason, plate=plate, event=name)
    return Heard(command=command, at_us=START_US + round(second * 1e6))


def cameras() -> fleet.Fleet:
    """One camera."""
    found = fleet.fleet({"day": DAY}, 1)
    assert found is not None
    return found


def record() -> Record:
    """The passages as the system told them."""
    said = Record()
    for name, plate, at in (("1", "A1", "02.100"), ("2", "C3", "08.000"), ("3", "A1", "20.000")):
        said.hear(event(name, "day", "vehicle_entry", at, plate), START_US)
    return said


def test_every_second_plate_is_let_in() -> None:
    """And one of the others is denied by name."""
    assert gate.plates([DAY]) == (("A1", "C3"), "B2")
    assert gate.plates([]) == ((), "")


def test_delays_and_who_was_let_in_wrongly() -> None:
    """Two rightly; one with a plate that did not pass then; the third listed one stood before a shut barrier."""
    said = [
        heard("1", "A1", 2.5),
        heard("2", "C3", 8.5, granted=False, reason="REASON_STALE"),
        heard("3", "A1", 20.5),
    ]
    found = result(cameras(), watched(record()), said)
    assert found is not None
    details = found.conditions["details"]
    assert (found.value, found.target, details["granted"]) == (500.0, 1000.0, 2)
    assert details["granted_wrongly"] == ["A1"]
    assert (details["listed"], details["denied_wrongly"]) == (2, {"stale": 1})


def test_nobody_named_it() -> None:
    """A listed vehicle without a decision was blind time, misread or not seen."""
    found = result(cameras(), watched(record()), [heard("1", "A1", 2.5)])
    assert found is not None
    assert found.conditions["details"]["denied_wrongly"] == {"misread_or_not_seen": 1}
    said = record()
    blind = event("b", "day", "camera_blind", "07.000") | {"closed_at": "2027-01-15T08:00:09.000Z"}
    said.hear(blind, START_US)
    found = result(cameras(), watched(said), [heard("1", "A1", 2.5)])
    assert found is not None
    assert found.conditions["details"]["denied_wrongly"] == {"blind": 1}


def test_without_a_grant_there_is_no_figure() -> None:
    """Nothing was measured."""
    assert result(cameras(), watched(Record()), [heard("1", "A1", 2.5, granted=False)]) is None

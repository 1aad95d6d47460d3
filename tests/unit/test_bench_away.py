"""What the benchmark of an outage makes of what came to somebody who was away."""

from __future__ import annotations

import pytest

from deploy.acs.barrier import Command
from deploy.bench import away
from deploy.bench.away import Arrival, Opening, Told

DUE = [("a1", "A"), ("b1", "B"), ("a2", "A"), ("b2", "B")]


def came(*names: str, since_s: float = 100.0) -> list[Arrival]:
    """One arrival a second; the key is the first letter."""
    return [Arrival(id=name, key=name[0].upper(), at_s=since_s + number) for number, name in enumerate(names)]


@pytest.mark.parametrize(
    ("names", "missing", "twice", "disorder"),
    [
        (("a1", "b1", "a2", "b2"), 0, 0, 0),
        (("b1", "b2", "a1", "a2"), 0, 0, 0),  # keys may overtake each other
        (("a2", "a1", "b1", "b2"), 0, 0, 1),
        (("a1", "a1", "b1", "a2", "a1", "b2"), 0, 2, 0),  # a repeat behind is no disorder
        (("a1", "a2"), 2, 0, 0),
    ],
)
def test_what_is_missing_twice_or_out_of_order_is_counted(
    names: tuple[str, ...], missing: int, twice: int, disorder: int
) -> None:
    """Order is that of one key."""
    found = away.row(Told(due=DUE, away=frozenset({"b1"}), came=came(*names), back_s=100.0))
    assert (found["missing"], found["twice"], found["out of order"]) == (missing, twice, disorder)


def test_the_end_is_when_the_last_of_the_outage_came() -> None:
    """What was said afterwards does not count; nothing that came is no figure."""
    told = Told(due=DUE, away=frozenset({"a1", "b1"}), came=came("a1", "b1", "a2", "b2"), back_s=99.5)
    assert away.row(told)["all there after s"] == 1.5
    found = away.result({"controller": told, "webhook": told}, [], [], {"outage_s": 5})
    assert found is not None
    assert (found.value, found.conditions["details"]["runs"]["webhook"]["while away"]) == (1.5, 2)
    nothing = Told(due=DUE, away=frozenset({"a1"}), came=[], back_s=0.0)
    assert away.result({"controller": told, "webhook": nothing}, [], [], {}) is None


def test_a_barrier_may_open_for_listed_plates_in_time_alone() -> None:
    """Too late by the clock of this machine, or for a plate that is not listed, is told."""
    good = Command(id="1", version=1, door="gate-1", granted=True, plate=away.LISTED[0], expires_at_us=5_000_000)
    denied = Command(id="2", version=1, door="gate-1", granted=True, plate=away.DENIED, expires_at_us=5_000_000)
    said = [Opening(command=good, at_us=4_999_999), Opening(command=good, at_us=6_000_000)]
    assert away.wrongly(said) == ["1: 1.0 s too late"]
    assert away.wrongly([Opening(command=denied, at_us=1)]) == [f"2: {away.DENIED} is not listed"]


def test_a_passage_has_two_versions_of_one_plate() -> None:
    """Plates go round; the second version is the last."""
    first, last = away.passages(7, 5)
    assert (first.event_id, first.plate, first.final) == (last.event_id, away.PLATES[1], False)
    assert (last.version, last.final) == (away.VERSIONS, True)

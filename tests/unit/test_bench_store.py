"""What the benchmark of the store sends, expects and says."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from deploy.bench import storing
from deploy.bench.result import as_text
from deploy.bench.storing import Asked, Expected, Found, Point
from ingest.contract import decode
from postprocess.contract import Event


def told(count: int) -> Expected:
    """What the store has to hold of so many messages."""
    expected = Expected()
    for sent in storing.messages(count, 1_000_000):
        expected.add(sent)
    return expected


@pytest.mark.parametrize("count", [1, 2, 3, 4, 105, 500])
def test_expectation_is_that_of_the_messages(count: int) -> None:
    """Counted the slow way: events by id, each at its newest version; ids of messages differ, also of repeats."""
    sent = list(storing.messages(count, 1_000_000))
    newest: dict[str, Event] = {}
    for one in sent:
        event = decode(one.payload, Event)
        assert one.subject == f"zool.events.{event.camera}.{event.kind}"
        newest[event.event_id] = max(event, newest.get(event.event_id, event), key=lambda e: e.version)
    assert len({one.message_id for one in sent}) == count
    versions, plates = sum(e.version for e in newest.values()), sum(e.plate != "" for e in newest.values())
    expected = told(count)
    assert (expected.messages, expected.events, expected.versions) == (count, len(newest), versions)
    assert expected.plates == plates


def test_the_same_number_gives_the_same_messages() -> None:
    """So that two runs can be compared."""
    one, two = (list(storing.messages(60, 5)) for _ in range(2))
    assert [(m.payload, m.message_id) for m in one] == [(m.payload, m.message_id) for m in two]


@pytest.mark.parametrize("spoil", [lambda f: f.events - 1, lambda f: f.events + 1])
def test_one_event_too_few_or_too_many_is_not_exact(spoil: Callable[[Found], int]) -> None:
    """Rows in the table may be more."""
    expected = told(105)
    right = Found(rows=104, events=expected.events, versions=expected.versions, plates=expected.plates)
    assert right.exact(expected)
    wrong = Found(rows=104, events=spoil(right), versions=right.versions, plates=right.plates)
    assert not wrong.exact(expected)


def test_the_figure_is_rows_by_time_between_acknowledgements() -> None:
    """900 rows in 3 s; processor time by row; panels with median and worst."""
    points = [
        Point(at_s=10.0, rows=100, cpu_s={"store": 1.0}),
        Point(at_s=11.0, rows=500, cpu_s={"store": 1.02}),
        Point(at_s=13.0, rows=1000, cpu_s={"store": 1.045}),
    ]
    assert storing.rates(points, 2) == [400.0, 250.0]
    found = Found(rows=9, events=8, versions=7, plates=6)
    asked = {"a panel": Asked(times_ms=(10.0, 30.0, 20.0))}
    result = storing.drained(points, found, told(105), floor=600.0, asked=asked, conditions={"messages": 105})
    assert (result.value, result.floor, result.ratio) == (300, 600, 0.5)
    details = result.conditions["details"]
    assert details["cpu_us_per_row"] == {"store": 50.0}
    assert details["panels"]["a panel"] == {"median_ms": 20.0, "max_ms": 30.0}
    assert not details["exact_under_final"]
    assert "a panel" in as_text(result)

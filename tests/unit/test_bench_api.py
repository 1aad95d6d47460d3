"""What the benchmark of the api makes of what its clients heard."""

from __future__ import annotations

import pytest

from deploy.bench import listening
from deploy.bench.listening import Heard, Listened


def listened(*clients: dict[int, float], sent_s: dict[int, float]) -> Listened:
    """A window in which the clients heard these sequences at these times."""
    heard = tuple(Heard(at_s=at_s) for at_s in clients)
    return Listened(
        sent_s=sent_s, clients=heard, late_ms=(1.0,), window_s=10.0, rss_mb=120.0, cpu_s={"api": 2.5},
        queries={"newest": [20.0]},
    )  # fmt: skip


def test_delays_and_losses_are_counted_by_client() -> None:
    """A delay is from the sending to the hearing; what a client did not hear is missing."""
    window = listened({1: 10.010, 2: 20.030}, {1: 10.050, 9: 1.0}, sent_s={1: 10.0, 2: 20.0})
    found = listening.row(window)
    assert found["heard"] == 3
    assert found["missing"] == 1
    assert (found["p50_ms"], found["max_ms"]) == (30.0, 50.0)
    assert found["worst_client_p99"] == 50.0
    assert (found["api_mb"], found["api_cores"]) == (120.0, 0.25)


def test_what_comes_twice_is_counted_and_keeps_its_first_time() -> None:
    """The second hearing of a sequence changes no delay."""
    heard = Heard()
    for at_s in (1.0, 2.0):
        heard.note(5, at_s)
    assert (heard.at_s, heard.twice) == ({5: 1.0}, 1)
    assert Heard().at_s == {}


def test_the_figure_is_beside_one_client_and_none_without_events() -> None:
    """p95 over all, the same of one client as the floor, memory by client."""
    alone = listened({1: 0.010}, sent_s={1: 0.0})
    crowd = listened({1: 0.020}, {1: 0.040}, sent_s={1: 0.0})
    found = listening.result(alone, crowd, {"newest": [10.0]}, empty_mb=100.0, conditions={"clients": 2})
    assert found is not None
    assert (found.value, found.floor, found.ratio, found.spread) == (40.0, 10.0, 4.0, [20.0, 40.0])
    details = found.conditions["details"]
    assert details["api_kb_a_client"] == 10_000
    assert set(details["panels"]) == {"newest", "newest, meanwhile"}
    assert listening.result(alone, listened({}, sent_s={1: 0.0}), {}, empty_mb=1.0, conditions={}) is None


@pytest.mark.parametrize("number", [1, 25])
def test_events_of_the_feed_differ(number: int) -> None:
    """Each has an id of its own and the time it is sent at."""
    one, other = listening.event(number, 5), listening.event(number + 1, 5)
    assert one.event_id != other.event_id
    assert one.opened_at_us == 5

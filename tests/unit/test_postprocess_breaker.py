"""When a stage has too much that it can't process."""

from __future__ import annotations

from postprocess.breaker import MINUTE_S, Breaker, BreakerPolicy


def breaker() -> Breaker:
    """Two letters a minute, ten seconds of pause."""
    return Breaker(BreakerPolicy(per_minute_max=2, pause_s=10.0))


def test_letters_within_the_limit_are_buried() -> None:
    """The count slides: what is older than a minute no longer counts."""
    one = breaker()
    assert [one.failed(at_s) for at_s in (0.0, 30.0, MINUTE_S, MINUTE_S + 30.0)] == [(True, "")] * 4
    assert one.takes(100.0) is None


def test_one_more_stops_the_stage_and_is_not_buried() -> None:
    """Nothing is taken, then one message; while it fails nothing is buried, and the change is told once."""
    one = breaker()
    assert [one.failed(0.0), one.failed(1.0), one.failed(2.0)] == [(True, ""), (True, ""), (False, "stopped")]
    assert (one.state, one.takes(11.9), one.takes(12.0), one.state) == ("open", 0, 1, "trying")
    assert one.failed(13.0) == (False, "")
    assert (one.takes(22.9), one.takes(23.0)) == (0, 1)


def test_it_goes_on_once_one_goes_well() -> None:
    """What goes well while nothing is tried changes nothing; then the count begins anew."""
    one = breaker()
    assert one.went_well() == ""
    for at_s in (0.0, 0.0, 0.0):
        one.failed(at_s)
    assert one.went_well() == ""
    one.takes(10.0)
    assert one.went_well() == "resumed"
    assert one.takes(10.0) is None
    assert [one.failed(10.0), one.failed(10.0), one.failed(10.0)] == [(True, ""), (True, ""), (False, "stopped")]


def test_it_goes_on_when_told() -> None:
    """At once; told while it runs, nothing changes."""
    one = breaker()
    assert one.resume() == ""
    for _ in range(3):
        one.failed(0.0)
    assert one.resume() == "resumed"
    assert one.takes(0.0) is None

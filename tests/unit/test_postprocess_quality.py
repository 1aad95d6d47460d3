"""How well cameras do: what is told when things grow worse, why, and that nothing is told of few or usual events."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.contract import decode, encode
from postprocess.contract import Event, Feedback, feedback_of
from postprocess.rules.quality import QualityMemory, QualityPolicy, matters, step
from postprocess.rules.scene import Tick
from postprocess.rules.tally import HOUR_US, HOURS_KEPT, RECENT_MAX, RULES_MAX, Ledger, Tally

T0_US = 1_790_000_000_000_000 // HOUR_US * HOUR_US
DAY_US = 24 * HOUR_US
POLICY = QualityPolicy(camera="gate-1")


def event(name: str, hours: float, **fields: Any) -> Event:
    """A final passage of a vehicle, so many hours after the beginning."""
    values: dict[str, Any] = {
        "event_id": name, "version": 2, "kind": "vehicle_entry", "camera": "gate-1", "final": True,
        "opened_at_us": T0_US + round(hours * HOUR_US), "function": "vehicles", "rule": "gate", "plate": "А123ВС77",
        "confidence": 0.8,
    }  # fmt: skip
    return Event(**(values | fields))


def week(per_hour: int = 2, hours: Iterable[int] = range(7 * 24), **fields: Any) -> list[Event]:
    """Seven usual days: of ten plates nine are read."""
    found = []
    for hour in hours:
        for n in range(per_hour):
            place = hour * per_hour + n
            plate = "" if place % 10 == 9 else "А123ВС77"
            found.append(event(f"u{place}", hour + n / per_hour, **({"plate": plate} | fields)))
    return found


def run(inputs: Iterable[Event | Tick], memory: QualityMemory | None = None) -> tuple[QualityMemory, list[Event]]:
    """All of them through the rules, as `follow` gives them."""
    memory, said = memory or QualityMemory(), []
    for message in inputs:
        if isinstance(message, Tick) or matters(message):
            memory, more = step(memory, message, POLICY)
            said += more
    return memory, said


def verdict(about: str, hours: float, what: Any, reason: str = "") -> Event:
    """What somebody says of an event."""
    at_us = T0_US + round(hours * HOUR_US)
    said = Feedback(event_id=about, camera="gate-1", user="a", verdict=what, at_us=at_us, reason=reason)
    return said.event()


def test_usual_days_say_nothing() -> None:
    """Two weeks as always, ticks between them: no event."""
    inputs: list[Event | Tick] = [*week(hours=range(14 * 24))]
    inputs += [Tick(now_us=T0_US + hour * HOUR_US) for hour in range(14 * 24)]
    inputs.sort(key=lambda one: one.now_us if isinstance(one, Tick) else one.opened_at_us)
    assert run(inputs)[1] == []


def test_plates_that_can_no_longer_be_read_are_told_and_mended() -> None:
    """From one vehicle to the next nothing can be read: told once, with rates and since when; over when read."""
    memory, said = run(week())
    blind = [event(f"n{n}", 168 + n / 8, plate="") for n in range(16)]
    memory, told = run(blind, memory)
    assert said == []
    assert [(e.label, e.cause, e.final, e.severity) for e in told] == [
        ("plates_unreadable", "sudden", False, "warning")
    ]
    assert told[0].opened_at_us == blind[0].opened_at_us
    assert told[0].items["usual"] == pytest.approx(0.9, abs=0.01)
    assert told[0].items["value"] <= 0.55
    memory, over = run([event(f"m{n}", 171 + n / 8) for n in range(40)], memory)
    assert [(e.event_id, e.version, e.final) for e in over] == [(told[0].event_id, 2, True)]


def test_a_fault_of_the_picture_is_the_likeliest_cause() -> None:
    """The lens is blurred while plates can't be read: that is the cause."""
    blurred = event("b", 167, kind="camera_degraded", function="", rule="blurred", cause="blurred", final=False)
    _, told = run([*week(), blurred, *(event(f"n{n}", 168 + n / 8, plate="") for n in range(16))])
    assert [e.cause for e in told] == ["blurred"]


def test_the_same_hours_of_the_days_before_are_a_cause() -> None:
    """Each evening headlights shine into the lens: the cause is the time of day."""
    usual = week(per_hour=4)
    evening = [
        event(e.event_id, (e.opened_at_us - T0_US) / HOUR_US, plate="")
        if (e.opened_at_us - T0_US) // HOUR_US % 24 in {20, 21, 22, 23} and int(e.event_id[1:]) % 3
        else e
        for e in usual
    ]
    _, told = run([*evening, *(event(f"n{n}", 168 + 20 + n / 6, plate="") for n in range(22))])
    assert [e.cause for e in told if e.label == "plates_unreadable"][-1] == "time_of_day"


def test_false_alarms_are_told_with_their_reason() -> None:
    """Of six judged alarms five were birds; five right ones later it is over. Few verdicts say nothing."""
    alarms = [
        event(f"a{n}", n, kind="intrusion", function="intrusion", rule="yard", severity="alarm", plate="")
        for n in range(30)
    ]
    memory, said = run([*alarms, *(verdict(f"a{n}", 40, "false_alarm", "animal") for n in range(4))])
    assert said == []
    memory, said = run([verdict("a4", 41, "false_alarm", "light"), verdict("a5", 41, "false_alarm", "animal")], memory)
    assert [(e.label, e.rule, e.cause, e.value) for e in said] == [("alarms_false", "yard", "animal", 0.0)]
    memory, said = run([verdict(f"a{n}", 42, "confirmed") for n in range(6, 16)], memory)
    assert [(e.label, e.final) for e in said] == [("alarms_false", True)]


def test_a_verdict_that_is_taken_back_counts_once() -> None:
    """The newest word on an event is the one that counts."""
    ledger = Ledger()
    ledger.take(event("a", 0))
    for what in ("false_alarm", "confirmed"):
        said = feedback_of(verdict("a", 1, what))
        assert said is not None
        assert ledger.hear(said)
    assert [one.right for one in ledger.verdicts["vehicles/gate"]] == [True]


def test_far_more_alarms_than_usual_are_told() -> None:
    """Three a day, then forty: told; the days after are usual again."""
    usual = [
        event(f"a{day}-{n}", 24 * day + 8 * n, kind="intrusion", function="intrusion", rule="yard", severity="alarm")
        for day in range(7)
        for n in range(3)
    ]
    storm = [
        event(f"s{n}", 170 + n / 10, kind="intrusion", function="intrusion", rule="yard", severity="alarm")
        for n in range(40)
    ]
    memory, said = run([*usual, *storm])
    told = [e for e in said if e.label == "alarms_many"]
    assert [(e.rule, e.items["usual"]) for e in told] == [("yard", 3.0)]
    _, said = run([Tick(now_us=T0_US + 30 * DAY_US // 3)], memory)
    assert [(e.label, e.final) for e in said] == [("alarms_many", True)]


def test_less_sure_recognition_is_told() -> None:
    """The mean falls from 0.8 to 0.55; a drop within the spread says nothing."""
    rng = random.Random(7)
    usual = [event(e.event_id, (e.opened_at_us - T0_US) / HOUR_US, confidence=rng.gauss(0.8, 0.05)) for e in week()]
    memory, said = run(usual)
    assert said == []
    _, said = run([event(f"n{n}", 168 + n / 8, confidence=0.55) for n in range(40)], memory)
    assert [e.label for e in said] == ["confidence_low"]


def test_silence_at_a_busy_time_is_told_until_the_next_event() -> None:
    """Four an hour for a week, then none for seven hours."""
    memory, said = run([*week(per_hour=4), Tick(now_us=T0_US + 175 * HOUR_US)])
    assert [(e.label, e.final) for e in said] == [("silent", False)]
    memory, again = run([Tick(now_us=T0_US + 176 * HOUR_US)], memory)
    assert again == []
    _, over = run([event("n", 177)], memory)
    assert [(e.label, e.final) for e in over] == [("silent", True)]


def test_nobody_calls_a_lost_camera_silent() -> None:
    """It is lost: that is an event of its own; a weekend without traffic is usual, too."""
    lost = event("l", 169, kind="camera_lost", function="", final=False)
    assert run([*week(per_hour=4), lost, Tick(now_us=T0_US + 175 * HOUR_US)])[1] == []
    working_days = week(per_hour=4, hours=[h for h in range(7 * 24) if h // 24 not in {2, 3}])
    assert run([*working_days, Tick(now_us=T0_US + 175 * HOUR_US)])[1] == []


def test_a_later_version_takes_the_place_of_the_one_before() -> None:
    """A plate that is read late makes the passage a read one; an older version changes nothing."""
    ledger = Ledger()
    assert ledger.take(event("a", 0, plate=""))
    assert ledger.take(event("a", 0, version=3))
    assert not ledger.take(event("a", 0, version=2, plate=""))
    tally = ledger.between(0, 10**9)
    assert (tally.events, tally.passages, tally.read) == (1, 1, 1)


def test_what_is_remembered_is_bounded() -> None:
    """Hours, newest events and rules have an end, what falls off is counted, and a month of ticks empties the hours."""
    ledger = Ledger()
    for n in range(RECENT_MAX + 50):
        ledger.take(event(f"e{n}", n / 100, rule=f"r{n % (RULES_MAX + 5)}"))
    assert len(ledger.recent) == RECENT_MAX
    assert max(len(rules) for rules in ledger.hours.values()) == RULES_MAX
    assert ledger.uncounted > 0
    ledger.forget(T0_US + (HOURS_KEPT + 100) * HOUR_US)
    assert ledger.hours == {}


@settings(max_examples=30, deadline=None)
@given(cut=st.integers(0, 367), blind=st.integers(0, 20))
def test_a_restart_anywhere_says_the_same(cut: int, blind: int) -> None:
    """State written and read again at any place: the same events, byte for byte."""
    inputs = [*week(), *(event(f"n{n}", 168 + n / 8, plate="" if n < blind else "А1") for n in range(31))]
    _, whole = run(inputs)
    memory, first = run(inputs[:cut])
    _, rest = run(inputs[cut:], decode(encode(memory), QualityMemory))
    assert [encode(e) for e in (*first, *rest)] == [encode(e) for e in whole]


def test_sums_can_be_taken_out_again() -> None:
    """Adding and taking out the same event leaves nothing."""
    tally = Tally()
    ledger = Ledger()
    ledger.take(event("a", 0))
    tally.add(ledger.recent["a"])
    tally.add(ledger.recent["a"], -1)
    assert tally == Tally()

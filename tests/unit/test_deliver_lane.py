"""The lane of one target: order by key, outages, refusals, what expires."""

from __future__ import annotations

import pytest

from postprocess.contract import Event
from postprocess.deliver.lane import Answer, Lane, LanePolicy, Parcel

AWAY, REFUSED, SENT = Answer(outcome="away"), Answer(outcome="refused"), Answer(outcome="sent")
POLICY = LanePolicy(inflight_max=3, backoff_s_max=8.0, refused_max=3, give_up_s=100.0)


def parcel(number: int, key: str = "", *, event: str = "", expires_us: int | None = None) -> Parcel:
    """A parcel with a key of its own, or a given one."""
    happened = Event(
        event_id=event or f"event-{number}", version=1, kind="intrusion", camera="gate-1", opened_at_us=0
    )  # fmt: skip
    return Parcel(
        id=f"{number}", key=key or f"key {number}", rule="r", events=(happened,), places=(("EVENTS", number),),
        born_us=0, expires_us=expires_us,
    )  # fmt: skip


def settle(lane: Lane, one: Parcel, answer: Answer, now_s: float = 0.0) -> str:
    """Without jitter."""
    return lane.settle(one, answer, now_s=now_s, now_us=int(now_s * 1e6), chance=0.0)


def names(parcels: list[Parcel]) -> list[str]:
    """Their ids."""
    return [one.id for one in parcels]


def test_one_of_a_key_at_a_time_and_so_many_at_once() -> None:
    """Keys a, a, b, c, d with three at once: the second of a waits for the first."""
    lane = Lane(POLICY)
    for number, key in enumerate("aabcd"):
        lane.put(parcel(number, key))
    first = lane.due(0.0)
    assert names(first) == ["0", "2", "3"]
    assert lane.due(0.0) == []
    assert lane.wait_s(0.0) is None
    assert settle(lane, first[0], SENT) == "sent"
    assert names(lane.due(0.0)) == ["1"]
    assert (lane.waiting, lane.under_way) == (4, 3)


def test_an_outage_is_one_probe_at_a_time_until_one_gets_through() -> None:
    """Down after one failure: tried at 1 s, 3 s, 7 s; then all at once, in order."""
    lane = Lane(POLICY)
    for number in range(3):
        lane.put(parcel(number))
    for one in lane.due(0.0):
        assert settle(lane, one, AWAY) == "again"
    assert lane.down
    assert lane.due(0.5) == []
    now_s = 0.0
    for _ in range(3):
        wait_s = lane.wait_s(now_s)
        assert wait_s is not None
        now_s += wait_s
        (probe,) = lane.due(now_s)
        assert lane.wait_s(now_s) is None
        assert settle(lane, probe, AWAY, now_s) == "again"
    now_s += lane.wait_s(now_s) or 0.0
    (probe,) = lane.due(now_s)
    assert settle(lane, probe, SENT, now_s) == "sent"
    assert not lane.down
    assert len(lane.due(now_s)) == 2


def test_the_probe_goes_round_so_that_one_bad_parcel_is_no_outage() -> None:
    """The first always ends with an error of the server, the second gets through: the first is dead in the end."""
    lane = Lane(POLICY)
    bad, good = parcel(1), parcel(2)
    lane.put(bad)
    (one,) = lane.due(0.0)
    settle(lane, one, AWAY, 0.0)
    lane.put(good)
    assert lane.due(1.0) == [good]
    settle(lane, good, SENT, 1.0)
    fates = []
    for number in range(3, 12):
        lane.put(parcel(number))
        for one in lane.due(10.0 * number):
            fate = settle(lane, one, AWAY if one is bad else SENT, 10.0 * number)
            fates += [fate] if one is bad else []
            if fate == "dead":
                lane.done(one)
    assert fates == ["again", "again", "dead"]
    assert lane.waiting == 0


def test_a_refusal_is_tried_again_and_holds_up_its_key_alone() -> None:
    """Three refusals, then dead; the next of its key follows, others were never held up."""
    lane = Lane(POLICY)
    lane.put(parcel(1, "a"))
    lane.put(parcel(2, "a"))
    lane.put(parcel(3, "b"))
    first, other = lane.due(0.0)
    assert settle(lane, first, REFUSED) == "again"
    assert settle(lane, other, SENT) == "sent"
    assert lane.due(0.5) == []
    assert lane.wait_s(0.5) == pytest.approx(0.5)
    (first,) = lane.due(1.0)
    assert settle(lane, first, REFUSED, 1.0) == "again"
    (first,) = lane.due(3.0)
    assert settle(lane, first, REFUSED, 3.0) == "dead"
    lane.done(first)
    assert names(lane.due(3.0)) == ["2"]


def test_an_outage_has_an_end() -> None:
    """Beyond `give_up_s` after the event a failure is the last one."""
    lane = Lane(POLICY)
    lane.put(parcel(1))
    (one,) = lane.due(99.0)
    assert settle(lane, one, AWAY, 99.0) == "again"
    (one,) = lane.due(101.0)
    assert settle(lane, one, AWAY, 101.0) == "dead"


def test_what_the_target_asks_for_is_waited_for() -> None:
    """Retry-After wins over a shorter pause."""
    lane = Lane(POLICY)
    lane.put(parcel(1))
    (one,) = lane.due(0.0)
    settle(lane, one, Answer(outcome="away", retry_after_s=30.0))
    assert lane.wait_s(0.0) == pytest.approx(30.0)
    lane = Lane(POLICY)
    lane.put(parcel(1))
    (one,) = lane.due(0.0)
    settle(lane, one, Answer(outcome="refused", retry_after_s=20.0))
    assert lane.due(19.0) == []
    assert lane.due(20.0) == [one]


def test_a_later_version_waits_behind_the_earlier_one_whatever_its_key() -> None:
    """The plate is known by the second version only: it must not overtake the first."""
    lane = Lane(POLICY)
    lane.put(parcel(1, "camera", event="e"))
    lane.put(parcel(2, "plate", event="e"))
    lane.put(parcel(3, "plate"))
    first, third = lane.due(0.0)
    assert names([first, third]) == ["1", "3"]
    settle(lane, first, SENT)
    (second,) = lane.due(0.0)
    assert second.id == "2"
    settle(lane, second, SENT)
    settle(lane, third, SENT)
    lane.put(parcel(4, "plate", event="e"))
    assert [one.key for one in lane.due(0.0)] == ["plate"]


def test_what_expires_is_taken_out_unless_it_is_being_tried() -> None:
    """By its own time; in a queue behind another, too."""
    lane = Lane(POLICY)
    trying, waiting, lasting = parcel(1, "a", expires_us=10), parcel(2, "a", expires_us=10), parcel(3, "b")
    for one in (trying, waiting, lasting):
        lane.put(one)
    assert lane.due(0.0, room=1) == [trying]
    assert lane.expired(9) == []
    assert lane.expired(10) == [waiting]
    settle(lane, trying, AWAY)
    assert lane.expired(10) == [trying]
    assert lane.waiting == 1


def test_room_bounds_what_is_tried() -> None:
    """None where the caller has none."""
    lane = Lane(POLICY)
    for number in range(3):
        lane.put(parcel(number))
    assert lane.due(0.0, room=0) == []
    assert len(lane.due(0.0, room=1)) == 1
    assert lane.due(0.0, room=1) == []


def test_what_can_not_be_buried_waits_in_its_place() -> None:
    """A dead one holds its key until it is buried; put back, it comes before the next, and is dead again."""
    lane = Lane(LanePolicy(refused_max=1))
    lane.put(parcel(1, "a"))
    lane.put(parcel(2, "a"))
    (one,) = lane.due(0.0)
    assert settle(lane, one, REFUSED) == "dead"
    assert lane.due(10.0) == []
    lane.put_back(one)
    assert lane.due(10.0) == [one]
    assert settle(lane, one, REFUSED, 10.0) == "dead"
    lane.done(one)
    assert names(lane.due(10.0)) == ["2"]
    assert lane.waiting == 1


def test_a_digest_has_a_key_of_its_own() -> None:
    """Several events are no version of one."""
    lane = Lane(POLICY)
    several = parcel(3, "b")
    several.events = (*several.events, *several.events)
    lane.put(several)
    assert lane.due(0.0) == [several]
    assert settle(lane, several, SENT) == "sent"
    assert lane.waiting == 0

"""Passages in any order, repeated, in several versions, cut by restarts: the same sessions in the end."""

from __future__ import annotations

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from postprocess.contract import Event
from postprocess.rules import parking
from postprocess.rules.lots import Policy, pair
from postprocess.rules.parking import LotMemory, step
from postprocess.rules.scene import Tick

T0_US = 1_790_000_000_000_000
HOUR_US = 3_600_000_000
POLICY = Policy(lot="yard", capacity=3, antipassback="both")
END = Tick(now_us=T0_US + 60 * HOUR_US)

passages = st.builds(
    lambda minute, inward, plate, sure: (minute, inward, plate, sure and bool(plate)),
    st.integers(0, 59 * 60),
    st.booleans(),
    st.sampled_from(("", "А123ВС77", "А123ВС71", "М777ММ99", "А128ВС77")),
    st.booleans(),
)


@st.composite
def streams(draw: st.DrawFn) -> list[Event]:
    """Up to a dozen passages, each in one version or two; the older one may say another plate."""
    events = []
    for number, (minute, inward, plate, sure) in enumerate(draw(st.lists(passages, max_size=12))):
        way = "entry" if inward else "exit"
        event = Event(
            event_id=f"e{number}", version=3, kind=f"vehicle_{way}", camera="gate", final=True, direction=way,
            opened_at_us=T0_US + minute * 60_000_000, plate=plate, plate_sure=sure,
        )  # fmt: skip
        events.append(event)
        if draw(st.booleans()):
            events.append(msgspec.structs.replace(event, version=1, plate=draw(st.sampled_from(("", "Т050ХХ150")))))
    return events


def outcome(inputs: list[Event | Tick]) -> list[Event]:
    """What stands in the end of sessions and warnings; versions count how often something was said, and are left out.

    Whether the lot is full is told as it happens, and may differ.
    """
    memory, last = LotMemory(), dict[str, Event]()
    for message in inputs:
        memory, said = step(memory, message, POLICY)
        for event in said:
            before = last.get(event.event_id)
            assert before is None or (before.version < event.version and before.opened_at_us == event.opened_at_us)
            last[event.event_id] = event
    stand = [e for e in last.values() if e.kind != parking.FULL and e.cause != parking.WITHDRAWN]
    return sorted((msgspec.structs.replace(e, version=0) for e in stand), key=lambda e: e.event_id)


@given(events=streams(), data=st.data())
@settings(max_examples=200, deadline=None)
def test_order_and_repeats_change_nothing(events: list[Event], data: st.DataObject) -> None:
    """Any order of arrival, any repeat."""
    twice = events + data.draw(st.lists(st.sampled_from(events), max_size=4) if events else st.just([]))
    mixed: list[Event | Tick] = [*data.draw(st.permutations(twice)), END]
    assert outcome(mixed) == outcome([*events, END])


@given(events=streams(), data=st.data())
@settings(max_examples=100, deadline=None)
def test_a_restart_says_the_same(events: list[Event], data: st.DataObject) -> None:
    """From a snapshot and the stream behind it every version says what it said before, byte for byte."""
    kept_at = data.draw(st.integers(0, len(events)))
    died_at = data.draw(st.integers(kept_at, len(events)))
    memory, told = LotMemory(), dict[tuple[str, int], Event]()
    snapshot = msgspec.msgpack.encode(memory)
    for number, event in enumerate(events[:died_at]):
        if number == kept_at:
            snapshot = msgspec.msgpack.encode(memory)
        memory, said = step(memory, event, POLICY)
        told |= {(one.event_id, one.version): one for one in said}
    if kept_at == died_at:
        snapshot = msgspec.msgpack.encode(memory)
    memory = msgspec.msgpack.decode(snapshot, type=LotMemory)
    for event in events[kept_at:]:
        memory, said = step(memory, event, POLICY)
        for one in said:
            assert told.setdefault((one.event_id, one.version), one) == one


@given(events=streams())
@settings(max_examples=100, deadline=None)
def test_nobody_is_twice_in_the_lot(events: list[Event]) -> None:
    """Every passage belongs to one session at most; the lot is never less than empty."""
    memory = LotMemory()
    for event in events:
        memory, _ = step(memory, event, POLICY)
    paired = pair(memory.passages.values(), POLICY, memory.now_us)
    used = [p.event for one in paired.sessions for p in (one.entry, one.exit) if p is not None]
    assert len(used) == len(set(used))
    inside = [one.first.plate for one in paired.sessions if one.state == "open" and one.first.plate]
    assert len(inside) == len(set(inside))
    assert paired.occupied(memory.now_us, POLICY.lost_us) >= 0

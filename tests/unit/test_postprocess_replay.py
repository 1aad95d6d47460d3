"""Edited rules over looks of the past, and how both lists of events are paired."""

from __future__ import annotations

import msgspec

from ingest.contract import Camera, FrameReport
from postprocess.contract import Event, Line, Read
from postprocess.functions.replay import Difference, Replay, compare
from postprocess.functions.unit import Context
from postprocess.functions.vehicles import VEHICLES, VehiclesSettings
from tests.support.vehicles import CAMERA, GATE, PLATE, T0_US, drive, read

PLACE = Context(camera=Camera(id=CAMERA, name="Gate", url=""))
LOW = Line(id="gate", a=(0.1, 0.9), b=(0.9, 0.9))
END_US = T0_US + 60_000_000


def replayed(line: Line, since_us: int = T0_US) -> tuple[Event, ...]:
    """A vehicle that drives to y = 0.7 and is read, by other lines."""
    replay = Replay(VEHICLES, VEHICLES.policy(VehiclesSettings(lines=(line,)), PLACE), CAMERA)
    messages = [*drive((0.2, 0.3, 0.4, 0.6, 0.7)), read("s1", seq=1)]
    replay.take(message for message in messages if isinstance(message, FrameReport | Read))
    assert replay.messages == 7
    return replay.finish(since_us, END_US)


def event(name: str, *, at_us: int = 0, rule: str = "gate") -> Event:
    """A passage at a time."""
    return Event(event_id=name, version=1, kind="vehicle_entry", camera=CAMERA, opened_at_us=at_us, rule=rule)


def test_rules_that_hold_say_it_again() -> None:
    """The last word, final, with its plate."""
    (said,) = replayed(GATE)
    assert (said.kind, said.plate, said.final) == ("vehicle_entry", PLATE, True)


def test_another_line_says_something_else() -> None:
    """Nobody came as far as that."""
    assert replayed(LOW) == ()


def test_only_what_opened_within_the_span() -> None:
    """Looks before it warm the rules up, their events are left out."""
    assert replayed(GATE, since_us=T0_US + 30_000_000) == ()


def test_pairs_by_id_then_by_place_and_time() -> None:
    """One happening under two ids is one; each event has one partner at most."""
    was = (event("a"), event("b", at_us=10), event("c", at_us=9_000_000), event("d", at_us=20))
    would = (event("a"), event("B", at_us=900_000), event("C", at_us=9_000_000, rule="yard"))
    found = compare(was, would)
    assert [(one.event_id, two.event_id) for one, two in found.same] == [("a", "a"), ("b", "B")]
    assert [one.event_id for one in found.gone] == ["d", "c"]
    assert [one.event_id for one in found.new] == ["C"]
    assert compare((), ()) == Difference()


def test_time_passes_between_looks_that_lie_apart() -> None:
    """As in decide, ticks make an event final before the next vehicle comes an hour later."""
    replay = Replay(VEHICLES, VEHICLES.policy(VehiclesSettings(lines=(GATE,)), PLACE), CAMERA)
    first = [message for message in drive((0.4, 0.6)) if isinstance(message, FrameReport)]
    later = [
        msgspec.structs.replace(
            message,
            stamp=msgspec.structs.replace(
                message.stamp, seq=message.stamp.seq + 100, captured_at_us=message.stamp.captured_at_us + 3_600_000_000
            ),
        )
        for message in drive((0.4, 0.6), track="1-2")
        if isinstance(message, FrameReport)
    ]
    replay.take([*first, *later])
    assert len(replay.finish(T0_US, T0_US + 7_200_000_000)) == 2

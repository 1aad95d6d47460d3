"""Parking sessions: who came, who left, who is inside, and what is told of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import pytest

from postprocess.contract import Event, Feedback, Parking
from postprocess.rules import parking
from postprocess.rules.lots import Policy, pair, policy_of
from postprocess.rules.parking import LotMemory, step
from postprocess.rules.scene import Tick

T0_US = 1_790_000_000_000_000
MIN_US = 60_000_000
HOUR_US = 60 * MIN_US
POLICY = Policy(lot="yard", capacity=2, antipassback="both")
PLATE = "А123ВС77"


def passage(name: str, minute: float, way: str, plate: str = PLATE, **fields: Any) -> Event:
    """A final vehicle event, so many minutes after the beginning."""
    at_us = T0_US + round(minute * MIN_US)
    values = {
        "event_id": name, "version": 2, "kind": f"vehicle_{way}", "camera": f"gate-{way}", "opened_at_us": at_us,
        "final": True, "function": "vehicles", "direction": way, "plate": plate, "plate_sure": True, "label": "car",
        "plate_region": "ru",
    }  # fmt: skip
    return Event(**(values | fields))


def tick(minute: float) -> Tick:
    """Time goes on."""
    return Tick(now_us=T0_US + round(minute * MIN_US))


def run(inputs: Iterable[Event | Tick], policy: Policy = POLICY) -> tuple[LotMemory, list[Event]]:
    """All inputs one after the other; the memory and everything said."""
    memory, said = LotMemory(), list[Event]()
    for message in inputs:
        memory, events = step(memory, message, policy)
        said += events
    return memory, said


def newest(said: Iterable[Event], kind: str = parking.SESSION) -> dict[str, Event]:
    """The newest version of each event of a kind, by what it is about; versions only grow."""
    last: dict[str, Event] = {}
    for event in said:
        if event.kind == kind:
            before = last.get(event.event_id)
            assert before is None or before.version < event.version
            last[event.event_id] = event
    return {event.about or event.track or event.event_id: event for event in last.values()}


def stays(said: Iterable[Event]) -> dict[str, tuple[str, bool, float | None]]:
    """Sessions that stand: cause, whether over, seconds of stay."""
    found = newest(said).items()
    return {key: (e.cause, e.final, e.value) for key, e in found if e.cause != parking.WITHDRAWN}


def test_in_and_out_is_a_session() -> None:
    """Opened by the entry, closed by the exit with the time between; it names both events and lies at the lot."""
    _, said = run([passage("in", 0, "entry"), passage("out", 40, "exit")])
    opened, closed = said
    assert (opened.kind, opened.camera, opened.rule, opened.version) == ("parking_session", "lot-yard", "yard", 1)
    assert (opened.closed_at_us, opened.final, opened.value, opened.plate) == (None, False, None, PLATE)
    assert (closed.version, closed.final, closed.value, closed.cause) == (2, True, 2400.0, "")
    assert (closed.about, closed.track) == ("in", "out")
    assert closed.event_id == opened.event_id
    assert closed.opened_at_us == opened.opened_at_us


def test_order_of_arrival_does_not_matter() -> None:
    """The exit's camera was faster: what was said of an exit without an entry is withdrawn."""
    _, said = run([passage("out", 40, "exit"), passage("in", 0, "entry")])
    assert stays(said) == {"in": ("", True, 2400.0)}
    assert newest(said)["out"].cause == "withdrawn"
    assert newest(said, parking.ANTIPASSBACK)["out"].cause == "withdrawn"


def test_only_final_passages_count() -> None:
    """First versions, other kinds, repeats and older versions say nothing."""
    first = passage("in", 0, "entry", final=False, version=1)
    other = msgspec.structs.replace(first, kind="camera_lost", final=True)
    late = passage("in", 0, "entry", version=1, plate="М777ММ99")
    assert run([first, other])[1] == []
    assert len(run([passage("in", 0, "entry"), passage("in", 0, "entry"), late])[1]) == 1


def test_a_later_version_moves_the_plate() -> None:
    """A read that came late names another vehicle: its session goes on under its own event."""
    inputs = [passage("in", 0, "entry", plate=""), passage("in", 0, "entry", version=4), passage("out", 9, "exit")]
    assert stays(run(inputs)[1]) == {"in": ("", True, 540.0)}


def test_two_cameras_at_one_gate() -> None:
    """The same plate in again within a minute is the same passage; so is out again."""
    inputs = [passage("in", 0, "entry"), passage("in-2", 0.5, "entry")]
    inputs += [passage("out", 9, "exit"), passage("out-2", 9.5, "exit")]
    _, said = run(inputs)
    assert stays(said) == {"in": ("", True, 540.0)}
    assert newest(said, parking.ANTIPASSBACK) == {}


def test_in_again_while_inside() -> None:
    """Anti-passback: a warning at the second entry; the first session ends without an exit."""
    _, said = run([passage("one", 0, "entry"), passage("two", 30, "entry")])
    assert stays(said) == {"one": ("no_exit", True, None), "two": ("", False, None)}
    warning = newest(said, parking.ANTIPASSBACK)["two"]
    assert (warning.cause, warning.severity, warning.direction, warning.plate) == (
        "already_inside", "warning", "entry", PLATE,
    )  # fmt: skip


@pytest.mark.parametrize(("setting", "warned"), [("off", 0), ("entry", 0), ("both", 1)])
def test_out_without_in(setting: str, warned: int) -> None:
    """A session without an entry; a warning only where the lot asks for it."""
    _, said = run([passage("out", 9, "exit")], policy_of("yard", msgspec.convert({"antipassback": setting}, Parking)))
    assert stays(said) == {"out": ("no_entry", True, None)}
    assert len(newest(said, parking.ANTIPASSBACK)) == warned


def test_who_is_never_seen_to_leave_is_lost() -> None:
    """After 48 hours, by a tick or by the next entry; an exit after that has no entry."""
    assert stays(run([passage("in", 0, "entry"), tick(48 * 60 + 1)])[1]) == {"in": ("no_exit", True, None)}
    again = [passage("in", 0, "entry"), passage("back", 50 * 60, "entry")]
    memory, said = run(again)
    assert stays(said) == {"in": ("no_exit", True, None), "back": ("", False, None)}
    assert newest(said, parking.ANTIPASSBACK) == {}
    assert len(memory.passages) == 2
    late = [passage("in", 0, "entry"), passage("out", 50 * 60, "exit")]
    assert stays(run(late)[1]) == {"in": ("no_exit", True, None), "out": ("no_entry", True, None)}


def test_one_misread_character_is_forgiven() -> None:
    """An exit read as М instead of А … if nobody else may be meant, and one of the two was not sure.

    in   А 1 2 3 В С 7 7
    out  А 1 2 3 В С 7 1
    """
    out = passage("out", 40, "exit", plate="А123ВС71", plate_sure=False)
    _, said = run([passage("in", 0, "entry"), out])
    assert stays(said) == {"in": ("alike", True, 2400.0)}
    assert newest(said, parking.ANTIPASSBACK) == {}
    sure = msgspec.structs.replace(out, plate_sure=True)
    assert stays(run([passage("in", 0, "entry"), sure])[1]).keys() == {"in", "out"}
    other = passage("other", 5, "entry", plate="А123ВС74")
    assert stays(run([passage("in", 0, "entry"), other, out])[1]) == {
        "in": ("", False, None), "other": ("", False, None), "out": ("no_entry", True, None),
    }  # fmt: skip
    before = passage("before", -5, "exit", plate="А123ВС71", plate_sure=False)
    assert stays(run([passage("in", 0, "entry"), before])[1]).keys() == {"in", "before"}


def test_a_misread_exit_before_the_next_entry() -> None:
    """It left unseen as itself, came back and is not "already inside": the misread exit was its own."""
    out = passage("out", 40, "exit", plate="А123ВС71", plate_sure=False)
    back = passage("back", 90, "entry")
    _, said = run([passage("in", 0, "entry"), back, out])
    assert stays(said) == {"in": ("alike", True, 2400.0), "back": ("", False, None)}
    assert newest(said, parking.ANTIPASSBACK)["back"].cause == "withdrawn"


def test_vehicles_without_plates_are_counted() -> None:
    """First in, first out, and no stay is told; an exit of nobody known frees a place."""
    inputs = [passage("a", 0, "entry", plate=""), passage("b", 1, "entry", plate=""), passage("x", 9, "exit", plate="")]
    _, said = run(inputs)
    assert stays(said) == {"a": ("", True, None), "b": ("", False, None)}
    full = run(
        [passage("in", 0, "entry"), passage("in-2", 2, "entry", plate="М777ММ99"), passage("x", 9, "exit", plate="")]
    )
    (told,) = newest(full[1], parking.FULL).values()
    assert (told.final, told.value) == (True, 1.0)


def test_unnamed_vehicles_are_lost_too() -> None:
    """And what leaves after that has no entry, which no longer counts after as long again."""
    inputs = [passage("a", 0, "entry", plate=""), passage("x", 50 * 60, "exit", plate="")]
    memory, said = run([*inputs, tick(51 * 60)])
    assert stays(said) == {"a": ("no_exit", True, None), "x": ("no_entry", True, None)}
    paired = pair(memory.passages.values(), POLICY, memory.now_us)
    assert paired.occupied(memory.now_us, POLICY.lost_us) == 0
    assert paired.occupied(memory.now_us + 49 * HOUR_US, POLICY.lost_us) == 0


def test_full_and_free_again() -> None:
    """Told when the last place is taken and when one is free; a lot without a capacity is never full."""
    inputs = [passage("in", 0, "entry"), passage("in-2", 1, "entry", plate="М777ММ99"), passage("out", 9, "exit")]
    opened, closed = [event for event in run(inputs)[1] if event.kind == parking.FULL]
    assert (opened.severity, opened.value, opened.final, opened.closed_at_us) == ("warning", 2.0, False, None)
    assert (closed.version, closed.event_id, closed.final) == (2, opened.event_id, True)
    assert closed.closed_at_us == T0_US + 9 * MIN_US
    endless = msgspec.structs.replace(POLICY, capacity=None)
    assert newest(run(inputs, endless)[1], parking.FULL) == {}


def judged(name: str, verdict: Any, plate: str = "") -> Event:
    """What a person said of a passage."""
    return Feedback(
        event_id=name, camera="gate", user="guard", verdict=verdict, plate=plate, at_us=T0_US + HOUR_US
    ).event()


def test_a_person_knows_better() -> None:
    """A corrected plate pairs again, and no later read undoes it; a false alarm did not happen."""
    inputs = [
        passage("in", 0, "entry"),
        passage("out", 40, "exit", plate="М777ММ99"),
        judged("out", "corrected", "a123bc77"),
    ]
    _, said = run([*inputs, passage("out", 40, "exit", plate="М777ММ99", version=8)])
    assert stays(said) == {"in": ("", True, 2400.0)}
    _, said = run([passage("one", 0, "entry"), passage("two", 30, "entry"), judged("one", "false_alarm")])
    assert stays(said) == {"two": ("", False, None)}
    assert newest(said, parking.ANTIPASSBACK)["two"].cause == "withdrawn"
    assert run([judged("nobody", "corrected"), passage("in", 0, "entry"), judged("in", "confirmed")])[1][0].version == 1


def test_what_is_over_is_forgotten() -> None:
    """Twice 48 hours after the last passage of a plate nothing of it is kept, and nothing is said of that."""
    misread = passage("out", 40, "exit", plate="А123ВС71", plate_sure=False)
    unnamed = [passage("a", 3, "entry", plate=""), passage("x", 47 * 60, "exit", plate="")]
    inputs = [passage("in", 0, "entry"), misread, *unnamed, passage("two", 5, "entry", plate="М777ММ99")]
    days = [tick(60 * hours) for hours in range(1, 200)]
    memory, said = run([*inputs, *days])
    assert (memory.passages, memory.said, memory.warned) == ({}, {}, {})
    assert stays(said) == {"in": ("alike", True, 2400.0), "a": ("", True, None), "two": ("no_exit", True, None)}
    assert all(event.cause != parking.WITHDRAWN or event.track == "out" for event in said)
    assert memory.forgotten == 0


def test_the_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit the plates that moved longest ago go, and are counted."""
    monkeypatch.setattr(parking, "PASSAGES_MAX", 3)
    memory, _ = run([passage(f"in-{n}", n * 2, "entry", plate=f"А{100 + n}ВС77") for n in range(5)])
    assert (sorted(memory.passages), memory.forgotten) == (["in-2", "in-3", "in-4"], 2)

"""Who may pass: every reason of a denial, every ground of a grant, and what anti-passback remembers."""

from __future__ import annotations

import math
from typing import get_args

import pytest

from postprocess.contract import DAYS, Employee, Event, EventPhoto, Hours, VehicleEntry
from postprocess.functions.access import KEYS_MAX, Whereabouts, decide
from postprocess.functions.doors import (
    Candidate,
    Denial,
    Deny,
    Door,
    Grant,
    Ground,
    Place,
    Site,
    candidates,
    command_until_us,
    decision_event,
    decision_id,
    key_of,
)

NOW = 1_790_000_000_000_000  # a Monday, 13:33 UTC
HOUR = 3_600_000_000
PLATE = "A123BC77"
NIGHT = (Hours(days=DAYS, since="22:00", until="06:00"),)


def entry(list_: str = "allow", **fields: object) -> VehicleEntry:
    """The plate on a list."""
    return VehicleEntry(id=f"v-{list_}", plate=PLATE, list=list_, **fields)  # type: ignore[arg-type]


def site(*entries: VehicleEntry, **people: Employee) -> Site:
    """Lists with these entries of the plate, and people with the badge `<id>-card`."""
    named = {person.id: person for person in people.values()}
    return Site(
        vehicles={PLATE: entries} if entries else {},
        people=named,
        badges={f"{name}-card": name for name in named},
    )


def car(**fields: object) -> Candidate:
    """A fresh, sure plate that comes in."""
    values: dict[str, object] = {
        "door": "gate", "subject": "e", "captured_at_us": NOW, "direction": "entry", "vehicle": True,
        "plate": "а123вс77", "plate_confidence": 0.9, "plate_sure": True,
    }  # fmt: skip
    return Candidate(**(values | fields))  # type: ignore[arg-type]


def face(**fields: object) -> Candidate:
    """A fresh face of Ann."""
    values: dict[str, object] = {
        "door": "gate", "subject": "e", "captured_at_us": NOW, "person": "ann", "person_confidence": 0.8,
        "liveness": 0.9,
    }  # fmt: skip
    return Candidate(**(values | fields))  # type: ignore[arg-type]


DOOR = Door(id="gate")
OPEN = Door(id="gate", everybody=True)
BOTH = Door(id="gate", everybody=True, second_factor="card_face")
ANN = Employee(id="ann", name="Ann", department="press")
LISTED = site(entry())
PEOPLE = site(a=ANN, b=Employee(id="bob", name="Bob"))

DENIED: list[tuple[Denial, Door, Candidate, Site]] = [
    ("door_off", Door(id="gate", enabled=False), car(), LISTED),
    ("lists_unknown", DOOR, car(), Site(vehicles=LISTED.vehicles, known=False)),
    ("unread", DOOR, car(plate=""), LISTED),
    ("unread", OPEN, face(person=""), PEOPLE),
    ("unsure", DOOR, car(plate_sure=False), LISTED),
    ("low_confidence", DOOR, car(plate_confidence=0.59), LISTED),
    ("low_confidence", DOOR, car(plate_confidence=math.nan), LISTED),
    ("low_confidence", OPEN, face(person_confidence=math.nan), PEOPLE),
    ("denied", DOOR, car(plate_sure=False), site(entry("deny"), entry())),
    ("unknown", DOOR, car(plate="M001MM99"), LISTED),
    ("unknown", OPEN, face(person="eve"), PEOPLE),
    ("unknown", OPEN, face(person="", card="nobody's"), PEOPLE),
    ("list_closed", Door(id="gate", lists=("guest",)), car(), LISTED),
    ("not_yet", DOOR, car(), site(entry(valid_from_us=NOW + 1))),
    ("expired", DOOR, car(captured_at_us=NOW - 1), site(entry(valid_until_us=NOW))),
    ("expired", OPEN, face(), site(a=Employee(id="ann", name="Ann", valid_until_us=NOW))),
    ("off_schedule", DOOR, car(), site(entry(schedule=NIGHT))),
    ("entry_direction", DOOR, car(), site(entry(directions=("exit",)))),
    ("watched", OPEN, face(), site(a=Employee(id="ann", name="Ann", watch="thieves"))),
    ("person_closed", DOOR, face(), PEOPLE),
    ("person_closed", Door(id="gate", people=("bob",), departments=("paint",)), face(), PEOPLE),
    ("second_factor", BOTH, face(), PEOPLE),
    ("second_factor", BOTH, face(person="", card="ann-card"), PEOPLE),
    ("second_factor", BOTH, car(), LISTED),
    ("mismatch", BOTH, face(card="bob-card"), PEOPLE),
    ("mismatch", OPEN, face(card="bob-card"), PEOPLE),
    ("no_liveness", Door(id="gate", everybody=True, liveness="always"), face(liveness=-1.0), PEOPLE),
    ("no_liveness", OPEN, face(liveness=math.nan), PEOPLE),
    ("not_alive", OPEN, face(liveness=0.49), PEOPLE),
    ("direction", DOOR, car(direction="exit"), LISTED),
    ("direction", Door(id="gate", direction="both", everybody=True, antipassback="entry"), face(), PEOPLE),
    ("door_schedule", Door(id="gate", schedule=NIGHT), car(), LISTED),
    ("clock", DOOR, car(captured_at_us=NOW + 1_000_001), LISTED),
    ("stale", DOOR, car(captured_at_us=NOW - 5_000_001), LISTED),
]
GRANTED: list[tuple[Ground, Door, Candidate, Site]] = [
    ("plate", DOOR, car(captured_at_us=NOW - 5_000_000), LISTED),
    ("plate", DOOR, car(captured_at_us=NOW + 1_000_000), LISTED),
    ("plate", DOOR, car(), site(entry("deny", valid_until_us=NOW), entry("guest"))),
    ("plate", Door(id="gate", plate_sure=False), car(plate_sure=False), LISTED),
    ("person", OPEN, face(), PEOPLE),
    ("person", Door(id="gate", departments=("press",)), face(liveness=-1.0), PEOPLE),
    ("person", Door(id="gate", people=("ann",), liveness="off"), face(liveness=0.0), PEOPLE),
    ("card", OPEN, face(person="", card="ann-card"), PEOPLE),
    ("card_face", BOTH, face(card="ann-card"), PEOPLE),
]


@pytest.mark.parametrize(("reason", "door", "candidate", "known"), DENIED)
def test_denied(reason: Denial, door: Door, candidate: Candidate, known: Site) -> None:
    """The door stays shut, and says why."""
    found = decide(door, candidate, known, NOW, Whereabouts())
    assert isinstance(found, Deny)
    assert found.reason == reason


@pytest.mark.parametrize(("ground", "door", "candidate", "known"), GRANTED)
def test_granted(ground: Ground, door: Door, candidate: Candidate, known: Site) -> None:
    """The door may open for three seconds, and says on what ground."""
    found = decide(door, candidate, known, NOW)
    assert isinstance(found, Grant)
    assert (found.reason, found.expires_at_us) == (ground, NOW + 3_000_000)


def test_every_reason_is_shown_here() -> None:
    """But those of anti-passback and of a hand, which have tests of their own."""
    assert {reason for reason, *_ in DENIED} | {"inside", "not_inside", "under_way"} == set(get_args(Denial))
    assert {ground for ground, *_ in GRANTED} | {"manual"} == set(get_args(Ground))


def test_antipassback() -> None:
    """In, not again; out, and in again; what is too long ago is not known any more."""
    where, inward = Whereabouts(), Door(id="in", region="yard", antipassback="both")
    outward = Door(id="out", region="yard", antipassback="both", direction="exit")

    def said(door: Door, at_us: int = NOW) -> str:
        candidate = car(direction=door.direction, captured_at_us=at_us)
        return decide(door, candidate, LISTED, at_us, where).reason

    key = f"plate:{PLATE}"
    assert (said(inward), said(outward)) == ("plate", "not_inside")
    where.passed(inward, key, "entry", NOW)
    assert (said(inward), said(outward)) == ("inside", "plate")
    where.passed(outward, key, "exit", NOW - 1)  # told late: it was before
    assert said(inward) == "inside"
    assert (said(inward, NOW + 25 * HOUR), said(outward, NOW + 25 * HOUR)) == ("plate", "not_inside")
    where.passed(outward, key, "exit", NOW + 1)
    assert (said(inward), said(outward)) == ("plate", "not_inside")
    where.passed(inward, key, "", NOW + 2)
    assert said(inward) == "plate"
    off = Door(id="in", region="yard")
    where.passed(off, key, "entry", NOW + 3)
    assert (said(off), said(Door(id="in", antipassback="entry"))) == ("plate", "plate")


def test_a_command_under_way_lets_nobody_else_in() -> None:
    """The same plate at another door of the region waits until the command is used or over; its own event does not."""
    where, door = Whereabouts(), Door(id="gate", region="yard", antipassback="entry")
    where.granted(door, f"plate:{PLATE}", decision_id("gate", "e"), NOW + 3_000_000)
    assert decide(door, car(), LISTED, NOW, where).reason == "plate"
    other = car(subject="f")
    assert decide(door, other, LISTED, NOW, where).reason == "under_way"
    assert (
        decide(door, car(subject="f", captured_at_us=NOW + 3_000_000), LISTED, NOW + 3_000_000, where).reason == "plate"
    )
    where.settled(door, f"plate:{PLATE}")
    assert decide(door, other, LISTED, NOW, where).reason == "plate"


def test_whereabouts_are_bounded() -> None:
    """Who moved longest ago is forgotten first."""
    where = Whereabouts()
    for number in range(KEYS_MAX + 2):
        where.passed(DOOR, str(number), "entry", number)
        where.granted(DOOR, str(number), "c", number)
    assert len(where.seen) == len(where.let_in) == KEYS_MAX
    assert "door-gate|0" not in where.seen


def test_events_are_candidates_at_the_doors_of_their_camera() -> None:
    """By camera and line; the newest picture says how fresh it is; other kinds are none."""
    doors = {
        door.id: door
        for door in (
            Door(id="b", places=(Place(camera="cam", rules=("gate",)),)),
            Door(id="a", places=(Place(camera="cam"),)),
            Door(id="c", places=(Place(camera="cam", rules=("other",)), Place(camera="cam-2"))),
        )
    }
    event = Event(
        event_id="e", version=2, kind="vehicle_entry", camera="cam", opened_at_us=NOW, rule="gate", direction="entry",
        plate="А123ВС77", photos=(EventPhoto(shot_id="s", captured_at_us=NOW + 5),),
    )  # fmt: skip
    found = candidates(event, doors)
    assert [(one.door, one.captured_at_us, one.opened_at_us, one.vehicle) for one in found] == [
        ("a", NOW + 5, NOW, True), ("b", NOW + 5, NOW, True),
    ]  # fmt: skip
    known = Event(event_id="f", version=2, kind="face_known", camera="cam-2", opened_at_us=NOW, items={"liveness": 0.4})
    assert [(one.door, one.vehicle, one.liveness) for one in candidates(known, doors)] == [("c", False, 0.4)]
    assert candidates(Event(event_id="e", version=1, kind="camera_lost", camera="cam", opened_at_us=NOW), doors) == []


def test_a_decision_as_an_event() -> None:
    """Id of the command, when it was decided, until when it holds, and whom it is about."""
    grant = decide(DOOR, car(opened_at_us=NOW - 9, event="e"), LISTED, NOW)
    event = decision_event(DOOR, car(opened_at_us=NOW - 9, event="e"), grant, NOW)
    assert (event.event_id, event.kind, event.camera) == (decision_id("gate", "e"), "access_granted", "door-gate")
    assert (event.opened_at_us, event.closed_at_us, command_until_us(event)) == (NOW - 9, NOW, NOW + 3_000_000)
    assert (event.about, key_of(event)) == ("e", f"plate:{PLATE}")
    denied = decision_event(OPEN, face(), Deny(reason="watched", person="ann"), NOW)
    assert (denied.severity, command_until_us(denied), key_of(denied)) == ("alarm", 0, "person:ann")
    assert key_of(decision_event(OPEN, face(person=""), Deny(reason="unread"), NOW)) == ""

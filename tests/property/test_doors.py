"""Nothing opens on doubt: made-up passages against an oracle, and what every grant must mean."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postprocess.contract import Employee, VehicleEntry
from postprocess.functions.access import Whereabouts, decide
from postprocess.functions.doors import Candidate, Door, Grant, Place, Site, candidates
from postprocess.plates import canonical
from tests.support.doors import passage
from tests.support.passages import lists, passages

NOW = 1_790_000_000_000_000
GATE = Door(id="gate", places=(Place(camera="cam"),))


def _site() -> Site:
    return Site(vehicles={canonical(entry.plate): (entry,) for entry in lists(NOW)})


@pytest.mark.parametrize("seed", range(10))
def test_a_thousand_made_up_passages(seed: int) -> None:
    """Each is decided as it must be, with its reason."""
    for number, made in enumerate(passages(random.Random(seed), 1000)):
        event = passage(number, camera="cam", plate=made.plate, **made.fields)
        at_us = NOW - round(made.age_s * 1e6)
        event = msgspec.structs.replace(event, opened_at_us=at_us, photos=())
        (candidate,) = candidates(event, {"gate": GATE})
        assert decide(GATE, candidate, _site(), NOW, Whereabouts()).reason == (made.why or "plate"), made


NUMBERS = st.one_of(st.sampled_from([-1.0, 0.0, 0.45, 0.6, 1.0]), st.floats(allow_nan=True, allow_infinity=True))
TIMES = st.one_of(st.integers(NOW - 10_000_000, NOW + 3_000_000), st.none())
WAYS = st.sampled_from(["", "entry", "exit"])
PLATES = st.sampled_from(["", "A123BC77", "M001MM99", "а123вс77"])
PEOPLE = st.sampled_from(["", "ann", "bob", "eve"])
CANDIDATES = st.builds(
    Candidate,
    door=st.just("gate"), subject=st.just("e"), direction=WAYS,
    captured_at_us=st.integers(NOW - 8_000_000, NOW + 2_000_000),
    vehicle=st.booleans(), plate=PLATES, plate_confidence=NUMBERS, plate_sure=st.booleans(), person=PEOPLE,
    person_confidence=NUMBERS, liveness=NUMBERS, card=st.sampled_from(["", "1", "2", "3", "9"]),
)  # fmt: skip
DOORS = st.builds(
    Door,
    id=st.just("gate"), enabled=st.booleans(), direction=st.sampled_from(["entry", "exit", "both"]),
    lists=st.sampled_from([(), ("allow",), ("guest",), ("allow", "guest")]), everybody=st.booleans(),
    plate_sure=st.booleans(), second_factor=st.sampled_from(["none", "card_face"]),
    antipassback=st.sampled_from(["off", "entry", "both"]), liveness=st.sampled_from(["off", "if_there", "always"]),
)  # fmt: skip
ENTRIES = st.builds(
    VehicleEntry,
    id=st.just("v"), plate=st.just("A123BC77"), list=st.sampled_from(["allow", "deny", "guest"]), valid_from_us=TIMES,
    valid_until_us=TIMES, directions=st.sampled_from([("entry",), ("exit",), ("entry", "exit")]),
)  # fmt: skip
ANN = Employee(id="ann", name="Ann")
STAFF = {"ann": ANN, "bob": Employee(id="bob", name="Bob", watch="thieves")}


@given(door=DOORS, candidate=CANDIDATES, entries=st.lists(ENTRIES, max_size=3), known=st.booleans(), way=WAYS)
def test_what_every_grant_means(
    door: Door, candidate: Candidate, entries: list[VehicleEntry], known: bool, way: Any
) -> None:
    """Whatever comes: a grant has a fresh picture, a name that may pass, and nothing that speaks against it."""
    site = Site(
        vehicles={"A123BC77": tuple(entries)}, people=STAFF, badges={"1": "ann", "2": "bob", "3": "gone"}, known=known
    )
    where = Whereabouts()
    for key in ("plate:A123BC77", "person:ann"):
        where.passed(door, key, way, NOW - 1)
    found = decide(door, candidate, site, NOW, where)
    if not isinstance(found, Grant):
        return
    assert door.enabled
    assert known
    assert NOW - 5_000_000 <= candidate.captured_at_us <= NOW + 1_000_000
    assert found.expires_at_us == NOW + 3_000_000
    going = candidate.direction or (door.direction if door.direction != "both" else "")
    assert door.direction in {"both", going}
    assert door.antipassback == "off" or (going, way) not in {("entry", "entry"), ("exit", "exit")}
    if found.reason == "plate":
        assert door.second_factor == "none"
        assert canonical(candidate.plate) == "A123BC77"
        assert candidate.plate_confidence >= 0.6
        assert candidate.plate_sure or not door.plate_sure
        in_force = [
            entry.list
            for entry in entries
            if (entry.valid_from_us or 0) <= NOW < (entry.valid_until_us or NOW + 1) and going in entry.directions
        ]
        assert "deny" not in in_force
        assert set(in_force) & set(door.lists)
        return
    assert door.everybody
    assert candidate.person in {"", "ann"}
    assert candidate.card in {"", "1"}
    assert candidate.card or candidate.person
    assert door.second_factor == "none" or (candidate.card and candidate.person)
    if candidate.person:
        assert candidate.person_confidence >= 0.45
        assert (
            door.liveness == "off"
            or candidate.liveness >= 0.5
            or (candidate.liveness, door.liveness) == (-1.0, "if_there")
        )

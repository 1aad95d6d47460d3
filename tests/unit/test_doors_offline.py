"""The list that a door uses while nobody can be asked."""

from __future__ import annotations

from postprocess.contract import DAYS, Employee, Hours, VehicleEntry
from postprocess.functions.doors import Door, Site
from postprocess.functions.offline import OfflineEntry, OfflineList, offline_entries, offline_revision

NOW = 1_790_000_000_000_000  # a Monday, 13:33 UTC
DAY = 86_400_000_000
NIGHT = (Hours(days=DAYS, since="22:00", until="06:00"),)


def vehicle(plate: str, on: str = "allow", **fields: object) -> VehicleEntry:
    """An entry of a list."""
    return VehicleEntry(id=f"{plate.lower()}-{on}", plate=plate, list=on, **fields)  # type: ignore[arg-type]


SITE = Site(
    vehicles={
        "A1": (vehicle("A1"), vehicle("A1", "guest", valid_until_us=NOW + 5)),
        "B2": (vehicle("B2"), vehicle("B2", "deny", valid_until_us=NOW)),
        "C3": (vehicle("C3", valid_until_us=NOW), vehicle("C3", "guest", valid_from_us=NOW + DAY)),
    },
    people={
        "ann": Employee(id="ann", name="Ann"),
        "bob": Employee(id="bob", name="Bob", watch="thieves"),
        "cid": Employee(id="cid", name="Cid", valid_until_us=NOW),
    },
    badges={"1": "ann", "2": "bob", "3": "cid"},
)


def test_who_is_on_it() -> None:
    """Who may pass until its end; nobody denied, watched, over, or of a list that does not open the door."""
    everybody = Door(id="gate", everybody=True)
    found = list(offline_entries(everybody, SITE, NOW, NOW + DAY))
    assert [one.plate or one.card for one in found] == ["A1", "A1", "1"]
    later = list(offline_entries(Door(id="gate", lists=("guest",)), SITE, NOW, NOW + DAY + 1))
    assert [one.plate for one in later] == ["A1", "C3"]


def test_doors_without_a_list() -> None:
    """A door that is off has none, and one that wants a face: a controller sees none."""
    for door in (Door(id="gate", enabled=False), Door(id="gate", everybody=True, second_factor="card_face")):
        assert list(offline_entries(door, SITE, NOW, NOW + DAY)) == []


def test_equal_lists_have_equal_revisions() -> None:
    """Whatever the time; another list or other hours of the door have another."""
    door = Door(id="gate")
    one = [OfflineEntry(plate="A1")]
    assert offline_revision(door, one) == offline_revision(Door(id="other"), iter(one))
    assert offline_revision(door, one) != offline_revision(door, [])
    assert offline_revision(door, one) != offline_revision(Door(id="gate", schedule=NIGHT), one)


def test_what_it_opens_for() -> None:
    """A plate in any spelling or a card, within its time, hours and way."""
    kept = OfflineList(
        door="gate", made_at_us=NOW, valid_until_us=NOW + DAY,
        entries=(
            OfflineEntry(plate="A123BC77", directions=("entry",), valid_from_us=NOW, valid_until_us=NOW + 10),
            OfflineEntry(card="7", schedule=NIGHT),
            OfflineEntry(card="8"),
            OfflineEntry(),
        ),
    )  # fmt: skip
    assert kept.opens(plate="а123вс77", way="entry", now_us=NOW)
    assert not kept.opens(plate="а123вс77", way="exit", now_us=NOW)
    assert not kept.opens(plate="а123вс77", way="entry", now_us=NOW + 10)
    assert not kept.opens(card="7", now_us=NOW)
    assert kept.opens(card="8", now_us=NOW)
    assert not kept.opens(card="9", now_us=NOW)
    assert not kept.opens(now_us=NOW)


def test_it_ends() -> None:
    """Behind its end and before it was made it opens for nobody, nor outside the hours of the door."""
    kept = OfflineList(door="gate", made_at_us=NOW, valid_until_us=NOW + DAY, entries=(OfflineEntry(card="8"),))
    assert [kept.opens(card="8", now_us=at) for at in (NOW - 1, NOW, NOW + DAY)] == [False, True, False]
    shut = OfflineList(
        door="gate", made_at_us=NOW, valid_until_us=NOW + DAY, schedule=NIGHT, entries=(OfflineEntry(card="8"),)
    )
    assert not shut.opens(card="8", now_us=NOW)

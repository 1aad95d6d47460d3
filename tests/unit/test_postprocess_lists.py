"""Plates against the lists of the site: which entry counts, when, and what is forgiven."""

from __future__ import annotations

import pytest

from postprocess.contract import Hours, VehicleEntry
from postprocess.plates import canonical
from postprocess.rules.lists import Found, Lists
from postprocess.vote import Ballot, Verdict, vote

NOON_US = 1_790_078_400_000_000
"""Tuesday, 2026-09-22, 12:00 UTC: 15:00 in Moscow."""
PLATE = "А123ВС77"
SURE = vote([Ballot(text=PLATE, confidence=0.9)] * 2)
TORN = vote([Ballot(text=PLATE, confidence=0.9), Ballot(text="А123ВС71", confidence=0.8)])
"""The reads disagree on the last digit: 7 or 1."""


def lists(*entries: VehicleEntry, **rules: object) -> Lists:
    """Lists with these entries."""
    plates: dict[str, tuple[VehicleEntry, ...]] = {}
    for entry in entries:
        plate = canonical(entry.plate)
        plates[plate] = (*plates.get(plate, ()), entry)
    return Lists(entries=plates, **rules)  # type: ignore[arg-type]


def entry(id_: str = "1", **fields: object) -> VehicleEntry:
    """An entry of the allow list."""
    return VehicleEntry(**({"id": id_, "plate": PLATE, "list": "allow"} | fields))  # type: ignore[arg-type]


@pytest.mark.parametrize("written", ["А123ВС77", "a123bc77", "а 123 вс 77", "A-123-BC-77"])
def test_spelling_does_not_matter(written: str) -> None:
    """Alphabets, case, blanks, dashes."""
    assert lists(entry(plate=written)).find(SURE, NOON_US, "entry") == Found(listed="allow", entry="1")


def test_unlisted() -> None:
    """No plate, no lists, another plate: nothing is found and nothing is said."""
    assert lists(entry()).find(Verdict(), NOON_US, "entry") == Found()
    assert lists().find(SURE, NOON_US, "entry") == Found()
    assert lists(entry(plate="М777ММ99")).find(SURE, NOON_US, "entry") == Found()


@pytest.mark.parametrize(
    ("fields", "cause"),
    [
        ({"valid_from_us": NOON_US, "valid_until_us": NOON_US + 1}, ""),
        ({"valid_from_us": NOON_US + 1}, "list_not_yet"),
        ({"valid_until_us": NOON_US}, "list_expired"),
        ({"directions": ("exit",)}, "list_direction"),
        ({"schedule": (Hours(days=("tue",), since="14:00", until="16:00"),)}, ""),
        ({"schedule": (Hours(days=("tue",), since="11:00", until="13:00"),)}, "list_off_schedule"),
    ],
)
def test_when_an_entry_counts(fields: dict[str, object], cause: str) -> None:
    """Validity, direction, schedule in the site's time zone; one that does not count says why."""
    found = lists(entry(**fields), timezone="Europe/Moscow").find(SURE, NOON_US, "entry")
    assert found == Found(listed="" if cause else "allow", entry="" if cause else "1", cause=cause)


def test_deny_wins_while_it_counts() -> None:
    """Deny over allow over guest; an expired denial leaves the allowance."""
    every = (entry("1", list="guest"), entry("2", list="allow"), entry("3", list="deny"))
    assert lists(*every).find(SURE, NOON_US, "entry").listed == "deny"
    over = entry("3", list="deny", valid_until_us=NOON_US)
    assert lists(*every[:2], over).find(SURE, NOON_US, "entry") == Found(listed="allow", entry="2")


def test_one_unsure_character_may_be_forgiven() -> None:
    """Only where the camera says so, only where the reads disagree, and only if one plate can be meant."""
    other = entry(plate="А123ВС71")
    assert lists(other).find(TORN, NOON_US, "entry") == Found()
    assert lists(other, unsure_chars_max=1).find(TORN, NOON_US, "entry") == Found(
        listed="allow", entry="1", cause="list_alike"
    )
    assert lists(other, unsure_chars_max=1).find(SURE, NOON_US, "entry") == Found()
    both = (other, entry("2", plate="А123ВС74"))
    assert lists(*both, unsure_chars_max=1).find(TORN, NOON_US, "entry") == Found()
    expired = entry(plate="А123ВС71", valid_until_us=1)
    assert lists(expired, unsure_chars_max=1).find(TORN, NOON_US, "entry") == Found(cause="list_expired")


def test_severity() -> None:
    """Denied: alarm. Listed: information. Unlisted: as the gate says, once that is known."""
    rules = lists(unlisted="warning")
    assert rules.severity(Found(listed="deny"), known=True) == "alarm"
    assert rules.severity(Found(listed="guest"), known=True) == "info"
    assert rules.severity(Found(), known=True) == "warning"
    assert rules.severity(Found(), known=False) == "info"

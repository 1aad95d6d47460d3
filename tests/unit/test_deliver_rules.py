"""Which events go where, which versions of them, and for whom a relay opens."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from ingest.contract import Camera
from postprocess.contract import Event, Region
from postprocess.deliver.rules import TOLD_MAX, Site, Told, opens, order_key, rule_for, wants
from postprocess.deliver.settings import DeliveryRule

MONDAY_NOON = 1_780_315_200_000_000
SITE = Site(
    timezone="Europe/Moscow",
    cameras={name: Camera(id=name, name=name, url="", region=region) for name, region in (("a", "gate"), ("b", ""))},
    regions={
        "site": Region(id="site", name="Site"),
        "gate": Region(id="gate", name="Gate", parent="site"),
        "shop": Region(id="shop", name="Shop", parent="site"),
    },
)


def rule(**fields: Any) -> DeliveryRule:
    """A rule of all events."""
    return msgspec.convert({"id": "r", "target": "t"} | fields, DeliveryRule)


def event(**fields: Any) -> Event:
    """An event of camera a."""
    plain = {"event_id": "e", "version": 1, "kind": "intrusion", "camera": "a", "opened_at_us": MONDAY_NOON}
    return msgspec.convert(plain | fields, Event)


@pytest.mark.parametrize(
    ("fields", "happened", "wanted"),
    [
        ({}, {}, True),
        ({"enabled": False}, {}, False),
        ({"kinds": ["intrusion"]}, {}, True),
        ({"kinds": ["loitering"]}, {}, False),
        ({}, {"kind": "feedback"}, False),
        ({}, {"kind": "handling"}, False),
        ({"kinds": ["feedback"]}, {"kind": "feedback"}, True),
        ({"severity": "warning"}, {"severity": "info"}, False),
        ({"severity": "warning"}, {"severity": "alarm"}, True),
        ({"lists": ["deny", "vip"]}, {"listed": "vip"}, True),
        ({"lists": ["deny"]}, {}, False),
        ({"cameras": ["a"]}, {}, True),
        ({"cameras": ["a"]}, {"camera": "b"}, False),
        ({"regions": ["site"]}, {}, True),
        ({"regions": ["shop"]}, {}, False),
        ({"regions": ["shop"], "cameras": ["a"]}, {}, True),
        ({"regions": ["site"]}, {"camera": "b"}, False),
        ({"regions": ["site"]}, {"camera": "gone"}, False),
        ({"kinds": ["system_gap", "system_stopped"]}, {"kind": "system_gap", "camera": "system"}, True),
        ({"kinds": ["system_gap"], "regions": ["site"]}, {"kind": "system_gap", "camera": "system"}, False),
        ({"cameras": ["system"]}, {"kind": "system_stopped", "camera": "system"}, True),
        ({"severity": "alarm"}, {"kind": "system_stopped", "camera": "system", "severity": "alarm"}, True),
        ({"schedule": [{"days": ["mon"], "since": "14:00", "until": "16:00"}]}, {}, True),
        ({"schedule": [{"days": ["mon"], "since": "12:00", "until": "14:00"}]}, {}, False),
    ],
)
def test_a_rule_asks_for_all_that_it_names(fields: dict[str, Any], happened: dict[str, Any], wanted: bool) -> None:
    """Each field by itself; noon UTC is three in the afternoon in Moscow."""
    assert wants(rule(**fields), event(**happened), SITE) == wanted


@pytest.mark.parametrize(
    ("versions", "sent"),
    [("first", [2]), ("final", [4]), ("both", [2, 4]), ("every", [2, 3, 4, 5])],
)
def test_which_versions_are_sent(versions: str, sent: list[int]) -> None:
    """The rule is for a listed plate, which version 1 does not have; 4 is final, and 5 once more."""
    told, found = Told(), []
    wanted = rule(versions=versions, lists=["deny"])
    for number in range(1, 6):
        happened = event(version=number, listed="deny" if number > 1 else "", final=number >= 4)
        if rule_for([wanted], happened, SITE, told) is wanted:
            found.append(number)
            told.note("e", number, final=happened.final)
    assert found == sent


def test_what_came_twice_is_sent_once() -> None:
    """The same version, and an older one that comes late."""
    told, every = Told(), rule(versions="every")
    told.note("e", 2, final=False)
    assert rule_for([every], event(version=2), SITE, told) is None
    assert rule_for([every], event(version=1), SITE, told) is None
    assert rule_for([rule(), every], event(version=3), SITE, told) is every


def test_memory_is_bounded() -> None:
    """The oldest is forgotten first."""
    told = Told()
    for number in range(TOLD_MAX + 1):
        told.note(f"e{number}", 1, final=False)
    assert told.is_new(rule(), event(event_id="e0"))
    assert not told.is_new(rule(), event(event_id="e1"))


@pytest.mark.parametrize(
    ("lists", "happened", "opened"),
    [
        (["allow"], {"plate": "А123ВС77", "plate_sure": True, "listed": "allow"}, True),
        (["allow"], {"plate": "А123ВС77", "plate_sure": False, "listed": "allow", "final": True}, False),
        (["allow"], {"plate": "А123ВС77", "plate_sure": True, "listed": "guest"}, False),
        (["deny"], {"plate": "А123ВС77", "plate_sure": True, "listed": "deny"}, False),
        ([], {"plate": "А123ВС77", "plate_sure": True, "listed": "allow"}, False),
        (["staff"], {"person": "p", "listed": "staff"}, True),
        (["staff"], {"listed": "staff"}, False),
        ([""], {"plate": "А123ВС77", "plate_sure": True}, False),
    ],
)
def test_a_relay_opens_for_nobody_unknown(lists: list[str], happened: dict[str, Any], opened: bool) -> None:
    """Only for a list that the rule names, never for `deny`, never on an unsure plate."""
    wanted = msgspec.structs.replace(rule(), lists=tuple(lists))
    assert opens(wanted, event(**happened)) == opened


def test_order_is_kept_by_person_then_plate_then_camera() -> None:
    """What is known best."""
    assert order_key(event(person="p", plate="x")) == "person p"
    assert order_key(event(plate="x")) == "plate x"
    assert order_key(event()) == "camera a"


def test_a_relay_obeys_decisions_of_doors_where_it_is_told_to() -> None:
    """Only a rule that names the kind; the moment of the decision stands in the event."""
    named = rule(kinds=["access_granted"])
    decided = event(kind="access_granted", closed_at_us=MONDAY_NOON)
    assert opens(named, decided)
    assert not opens(rule(), decided)
    assert not opens(named, event(kind="access_granted"))
    assert not opens(named, event(kind="access_denied", closed_at_us=MONDAY_NOON))

"""The decision about a candidate at a door. Pure: no I/O, no clock but the `now_us` that is handed in.

Rules
- Nothing opens unless every condition holds. What is unknown, unsure, stale or not a number never grants: conditions
  are written so that a comparison with NaN fails.
- A decision names one reason out of a closed set. Who somebody is comes first (unread, unsure, unknown, denied), then
  whether this door may open for them now, then whether the picture is fresh: so a listed plate that came too late is
  told as stale, and a stranger as unknown, however late.
- Lists, schedules and validity hold at the time of the decision, not of the picture.
- Who denies wins: a plate that stands on `deny` in force is denied whatever else it stands on.
"""

from __future__ import annotations

import msgspec

from postprocess.contract import Employee
from postprocess.functions.doors import (
    COMMAND_US,
    Candidate,
    Decision,
    Denial,
    Deny,
    Door,
    Grant,
    Ground,
    Site,
    Way,
    decision_id,
    opens_for,
)
from postprocess.plates import canonical
from postprocess.rules.lists import Lists
from postprocess.rules.schedule import holds
from postprocess.vote import Verdict

AHEAD_US_MAX = 1_000_000
"""A picture may be from the future by so much; beyond it a clock is wrong and nothing opens."""


class Whereabouts(msgspec.Struct, kw_only=True):
    """Who is inside, as the doors' own reports say; one for all doors. Bounded: who moved longest ago is forgotten."""

    seen: dict[str, tuple[bool, int]] = {}
    """`<region>|<key>` → inside, and since when."""
    let_in: dict[str, tuple[str, int]] = {}
    """`<region>|<key>` → id of a command, and until when it may be used."""

    def passed(self, door: Door, key: str, way: Way, at_us: int) -> None:
        """Somebody went through; what is older than is known changes nothing."""
        slot = _slot(door, key)
        if way and self.seen.get(slot, (False, -1))[1] <= at_us:
            self.seen.pop(slot, None)
            self.seen[slot] = (way == "entry", at_us)
            _bound(self.seen)

    def granted(self, door: Door, key: str, command: str, until_us: int) -> None:
        """A command is under way: the same key is not let in twice meanwhile."""
        self.let_in[_slot(door, key)] = (command, until_us)
        _bound(self.let_in)

    def settled(self, door: Door, key: str) -> None:
        """The command was used, or won't be any more."""
        self.let_in.pop(_slot(door, key), None)

    def why_not(self, door: Door, key: str, way: Way, command: str, now_us: int) -> Denial | None:
        """What anti-passback has against it."""
        if door.antipassback == "off":
            return None
        slot = _slot(door, key)
        other, until_us = self.let_in.get(slot, (command, 0))
        if other != command and now_us < until_us:
            return "under_way"
        inside, at_us = self.seen.get(slot, (None, 0))
        if inside is not None and now_us - at_us > door.antipassback_h * 3.6e9:
            inside = None
        if way == "entry" and inside:
            return "inside"
        return "not_inside" if way == "exit" and door.antipassback == "both" and inside is not True else None


KEYS_MAX = 65_536


def _slot(door: Door, key: str) -> str:
    return f"{door.region or f'door-{door.id}'}|{key}"


def _bound(keys: dict[str, tuple[bool, int]] | dict[str, tuple[str, int]]) -> None:
    while len(keys) > KEYS_MAX:
        del keys[next(iter(keys))]


def decide(door: Door, candidate: Candidate, site: Site, now_us: int, inside: Whereabouts | None = None) -> Decision:
    """Whether a door opens for a candidate now. Never raises, never grants on doubt."""
    if not door.enabled:
        return Deny(reason="door_off")
    if not site.known:
        return Deny(reason="lists_unknown")
    way = candidate.direction or (door.direction if door.direction != "both" else "")
    found = (
        _vehicle(door, candidate, site, way, now_us) if _by_plate(candidate) else _person(door, candidate, site, now_us)
    )
    if isinstance(found, Deny):
        return found
    against = _against(door, site, way, now_us) or (
        inside.why_not(door, found.key, way, decision_id(door.id, candidate.subject), now_us)
        if inside is not None
        else None
    )
    against = against or _age(door, candidate, now_us)
    if against is not None:
        return Deny(reason=against, listed=found.listed, person=found.person)
    return msgspec.structs.replace(found, way=way, expires_at_us=now_us + COMMAND_US)


def _by_plate(candidate: Candidate) -> bool:
    return candidate.vehicle or bool(candidate.plate)


def _against(door: Door, site: Site, way: Way, now_us: int) -> Denial | None:
    """What the door itself has against it."""
    if door.direction not in {"both", way} or (not way and door.antipassback != "off"):
        return "direction"
    return None if holds(door.schedule, now_us, site.timezone) else "door_schedule"


def _age(door: Door, candidate: Candidate, now_us: int) -> Denial | None:
    age_us = now_us - candidate.captured_at_us
    if age_us < -AHEAD_US_MAX:
        return "clock"
    return None if age_us <= door.age_s_max * 1e6 else "stale"


_CAUSES: dict[str, Denial] = {
    "list_not_yet": "not_yet",
    "list_expired": "expired",
    "list_off_schedule": "off_schedule",
    "list_direction": "entry_direction",
}


def _vehicle(door: Door, candidate: Candidate, site: Site, way: Way, now_us: int) -> Decision:
    plate = canonical(candidate.plate)
    if not plate:
        return Deny(reason="unread")
    entries = site.vehicles.get(plate, ())
    opening = tuple(one for one in entries if one.list == "deny" or one.list in door.lists)
    found = Lists(entries={plate: opening}, timezone=site.timezone).find(Verdict(text=plate), now_us, way)
    if found.listed == "deny":
        return Deny(reason="denied", listed="deny")
    if door.second_factor != "none":
        return Deny(reason="second_factor", listed=found.listed)
    if door.plate_sure and not candidate.plate_sure:
        return Deny(reason="unsure", listed=found.listed)
    if not candidate.plate_confidence >= door.plate_confidence_min:
        return Deny(reason="low_confidence", listed=found.listed)
    if found.listed:
        return Grant(reason="plate", key=f"plate:{plate}", way=way, listed=found.listed, expires_at_us=0)
    if found.cause:
        return Deny(reason=_CAUSES[found.cause])
    return Deny(reason="list_closed" if entries else "unknown")


def _person(door: Door, candidate: Candidate, site: Site, now_us: int) -> Decision:
    """A face, a card, or both."""
    owner = site.badges.get(candidate.card, "") if candidate.card else ""
    if not candidate.person and not candidate.card:
        return Deny(reason="unread")
    if candidate.card and not owner:
        return Deny(reason="unknown")
    if door.second_factor == "card_face" and not (candidate.card and candidate.person):
        return Deny(reason="second_factor", person=owner or candidate.person)
    if candidate.person and owner and owner != candidate.person:
        return Deny(reason="mismatch", person=owner)
    against = _face(door, candidate) if candidate.person else None
    if against is not None:
        return Deny(reason=against, person=candidate.person)
    name = owner or candidate.person
    person = site.people.get(name)
    if person is None:
        return Deny(reason="unknown")
    why = _why_not(door, person, now_us)
    if why is not None:
        return Deny(reason=why, listed=person.watch, person=name)
    reason: Ground = "card_face" if owner and candidate.person else "card" if owner else "person"
    return Grant(reason=reason, key=f"person:{name}", way="", person=name, expires_at_us=0)


def _face(door: Door, candidate: Candidate) -> Denial | None:
    if not candidate.person_confidence >= door.person_confidence_min:
        return "low_confidence"
    if door.liveness == "off":
        return None
    if not candidate.liveness >= 0.0:
        return "no_liveness" if door.liveness == "always" or candidate.liveness != -1.0 else None
    return None if candidate.liveness >= door.liveness_min else "not_alive"


def _why_not(door: Door, person: Employee, now_us: int) -> Denial | None:
    if person.watch:
        return "watched"
    if person.valid_until_us is not None and now_us >= person.valid_until_us:
        return "expired"
    return None if opens_for(door, person) else "person_closed"

"""Doors of the site: what is kept of a door, who stands at one, and decisions as events. Pure: no I/O, no clock.

`access` decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec

from ingest.contract import Token
from postprocess.contract import Employee, Event, Schedule, Title, VehicleEntry, event_id
from postprocess.plates import canonical
from postprocess.rules.faces import LIVENESS

ACCESS = "access"
"""`function` of the events that decisions and passages are."""
GRANTED, DENIED, PASSAGE = "access_granted", "access_denied", "access_passage"
KINDS: dict[str, Title] = {
    GRANTED: Title(en="Access granted", ru="Проход разрешён"),
    DENIED: Title(en="Access denied", ru="Проход запрещён"),
    PASSAGE: Title(en="What the door did", ru="Действие двери"),
}
COMMAND_US = 3_000_000
"""A command to open is good for so long."""
DOOR_CHARS_MAX = 40

Ratio = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
Way = Literal["", "entry", "exit"]
ListName = Literal["allow", "guest"]
Department = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class Place(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A camera whose events are candidates at a door; no rules = all its lines and zones."""

    camera: Token
    rules: Annotated[tuple[Token, ...], msgspec.Meta(max_length=16)] = ()


class DoorSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of a door. By itself it opens for vehicles on the allow and guest lists, and for no person."""

    name: Annotated[str, msgspec.Meta(max_length=200)] = ""
    region: Annotated[str, msgspec.Meta(max_length=64)] = ""
    """Doors of one region share one anti-passback; empty = the door alone."""
    kind: Literal["barrier", "door", "turnstile"] = "barrier"
    enabled: bool = True
    places: Annotated[tuple[Place, ...], msgspec.Meta(max_length=16)] = ()
    direction: Literal["entry", "exit", "both"] = "entry"
    """Ways that it lets through. A candidate without a way is taken to go the one way of a one-way door."""
    lists: Annotated[tuple[ListName, ...], msgspec.Meta(max_length=2)] = ("allow", "guest")
    """Vehicle lists that open it."""
    everybody: bool = False
    """Opens for everybody who is known by name and stands on no watch list."""
    departments: Annotated[tuple[Department, ...], msgspec.Meta(max_length=64)] = ()
    people: Annotated[tuple[Token, ...], msgspec.Meta(max_length=1000)] = ()
    schedule: Schedule = ()
    plate_sure: bool = True
    """Only plates that are safe to act on before the event is final."""
    plate_confidence_min: Ratio = 0.6
    person_confidence_min: Ratio = 0.45
    age_s_max: Annotated[float, msgspec.Meta(ge=0.5, le=60)] = 5.0
    """A newest picture older than this opens nothing."""
    antipassback: Literal["off", "entry", "both"] = "off"
    """Refuse who comes in while inside; with `both` also who leaves and was not."""
    antipassback_h: Annotated[float, msgspec.Meta(ge=0.1, le=168.0)] = 24.0
    """After so many hours it is not known any more where somebody is."""
    second_factor: Literal["none", "card_face"] = "none"
    """`card_face`: only a card opens it, with its owner's face seen at the door within `factor_s`."""
    factor_s: Annotated[float, msgspec.Meta(ge=1.0, le=60.0)] = 8.0
    liveness: Literal["off", "if_there", "always"] = "if_there"
    """Whether faces must be alive: `if_there` asks where a liveness model answers, `always` refuses without one."""
    liveness_min: Ratio = 0.5
    offline_h: Annotated[float, msgspec.Meta(ge=0.0, le=720.0)] = 24.0
    """How long the list that it uses while offline holds; 0 = offline nobody gets in."""


class Door(DoorSettings, frozen=True, kw_only=True):
    """A door, gate or barrier (KV bucket `doors`, key = id)."""

    id: Annotated[Token, msgspec.Meta(max_length=DOOR_CHARS_MAX)]


def opens_for(door: Door, person: Employee) -> bool:
    """Whether a door is open to a person at all."""
    return door.everybody or person.id in door.people or person.department in door.departments


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody or something that stands at a door: a plate, a face, a card, or a card and a face."""

    door: str
    subject: str
    """What it is the same decision by: the event's id, or the id of the request."""
    version: int = 1
    captured_at_us: int
    """Of the newest picture."""
    opened_at_us: int = 0
    """Of the event; 0 = `captured_at_us`."""
    final: bool = True
    direction: Way = ""
    vehicle: bool = False
    plate: str = ""
    plate_confidence: float = 0.0
    plate_sure: bool = False
    person: str = ""
    person_confidence: float = 0.0
    liveness: float = -1.0
    card: str = ""
    """Number of the badge that was read."""
    event: str = ""
    """Id of the event that is the evidence; empty = none."""


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """What decisions stand on; `known` False = the lists were not read yet."""

    vehicles: Mapping[str, tuple[VehicleEntry, ...]] = {}
    """Canonical plate → entries."""
    people: Mapping[str, Employee] = {}
    badges: Mapping[str, str] = {}
    """Badge → person; a badge that two people have is nobody's."""
    timezone: str = "UTC"
    known: bool = True


Denial = Literal[
    "door_off", "lists_unknown", "unread", "unsure", "low_confidence", "denied", "unknown", "list_closed", "not_yet",
    "expired", "off_schedule", "entry_direction", "watched", "person_closed", "second_factor", "mismatch",
    "no_liveness", "not_alive", "direction", "door_schedule", "inside", "not_inside", "under_way", "clock", "stale",
]  # fmt: skip
Ground = Literal["plate", "person", "card", "card_face", "manual"]

REASONS: dict[str, Title] = {
    "plate": Title(en="the plate is on a list of this door", ru="номер в списке этой двери"),
    "person": Title(en="the person may pass here", ru="человеку разрешён проход"),
    "card": Title(en="the card's owner may pass here", ru="владельцу карты разрешён проход"),
    "card_face": Title(en="card and face are of one person who may pass", ru="карта и лицо одного человека"),
    "manual": Title(en="opened by hand", ru="открыто вручную"),
    "door_off": Title(en="the door is switched off", ru="дверь отключена"),
    "lists_unknown": Title(en="the lists are not loaded yet", ru="списки ещё не загружены"),
    "unread": Title(en="no plate, face or card was read", ru="номер, лицо или карта не распознаны"),
    "unsure": Title(en="the plate is not sure", ru="номер распознан неуверенно"),
    "low_confidence": Title(en="the confidence is too low", ru="слишком низкая уверенность"),
    "denied": Title(en="the plate is on the deny list", ru="номер в запрещающем списке"),
    "unknown": Title(en="on no list", ru="нет в списках"),
    "list_closed": Title(en="on a list that does not open this door", ru="список не открывает эту дверь"),
    "not_yet": Title(en="not valid yet", ru="ещё не действует"),
    "expired": Title(en="no longer valid", ru="срок действия истёк"),
    "off_schedule": Title(en="outside the hours of the entry", ru="вне разрешённых часов записи"),
    "entry_direction": Title(en="the entry does not hold this way", ru="запись не действует в этом направлении"),
    "watched": Title(en="the person is on a watch list", ru="человек в списке наблюдения"),
    "person_closed": Title(en="the door does not open for this person", ru="дверь не открывается для этого человека"),
    "second_factor": Title(en="card and face are both needed", ru="нужны и карта, и лицо"),
    "mismatch": Title(en="card and face are of different people", ru="карта и лицо разных людей"),
    "no_liveness": Title(en="nothing says whether the face is alive", ru="нет проверки, что лицо живое"),
    "not_alive": Title(en="the face does not look alive", ru="лицо не похоже на живое"),
    "direction": Title(en="wrong way", ru="неверное направление"),
    "door_schedule": Title(en="outside the hours of the door", ru="вне часов работы двери"),
    "inside": Title(en="inside already", ru="уже внутри"),
    "not_inside": Title(en="leaves and never came in", ru="выезжает, но не въезжал"),
    "under_way": Title(en="the same was let in a moment ago", ru="этот же номер или человек пропущен только что"),
    "clock": Title(en="the picture is from the future: a clock is wrong", ru="кадр из будущего: неверные часы"),
    "stale": Title(en="the picture is too old", ru="кадр устарел"),
}
"""Reason → words; grounds of grants and reasons of denials, a closed set."""
WAITING = frozenset(("unread", "unsure", "low_confidence"))
"""Reasons that a later version of the event may do away with: told with its last version only."""


class Grant(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The door may open once, until `expires_at_us`."""

    reason: Ground
    key: str
    """Who passes, for anti-passback: `plate:<canonical>` or `person:<id>`."""
    way: Way
    listed: str = ""
    person: str = ""
    expires_at_us: int


class Deny(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The door stays shut."""

    reason: Denial
    listed: str = ""
    person: str = ""


Decision = Grant | Deny


CANDIDATE_KINDS = (
    "vehicle_entry",
    "vehicle_exit",
    "face_known",
    "face_watch",
    "face_unknown",
    "person_entry",
    "person_exit",
)
"""Kinds of events that are candidates at the doors that watch their camera."""


def candidates(event: Event, doors: Mapping[str, Door]) -> list[Candidate]:
    """What an event is at the doors of its camera."""
    if event.kind not in CANDIDATE_KINDS:
        return []
    newest_us = max([event.opened_at_us, *(photo.captured_at_us for photo in event.photos)])
    return [
        Candidate(
            door=door.id,
            subject=event.event_id,
            version=event.version,
            captured_at_us=newest_us,
            opened_at_us=event.opened_at_us,
            final=event.final,
            direction=event.direction,
            vehicle=event.kind.startswith("vehicle_"),
            plate=event.plate,
            plate_confidence=event.plate_confidence,
            plate_sure=event.plate_sure,
            person=event.person,
            person_confidence=event.person_confidence,
            liveness=event.items.get(LIVENESS, -1.0),
            event=event.event_id,
        )
        for door in sorted(doors.values(), key=lambda door: door.id)
        if any(one.camera == event.camera and (not one.rules or event.rule in one.rules) for one in door.places)
    ]


def door_token(door: str) -> str:
    """What stands for a door in the place of a camera, in subjects and events."""
    return f"door-{door}"


def decision_id(door: str, subject: str) -> str:
    """Of the decision about a candidate: the same for all its versions, and the id of the command."""
    return event_id(
        camera=door_token(door), function=ACCESS, rule=door, kind="access_decision", subject=subject, occurrence=0
    )


def decision_event(door: Door, candidate: Candidate, decision: Decision, now_us: int) -> Event:
    """A decision as it is published: `opened_at_us` of the candidate, `closed_at_us` when it was decided."""
    granted = isinstance(decision, Grant)
    return Event(
        event_id=decision_id(door.id, candidate.subject),
        version=candidate.version,
        kind=GRANTED if granted else DENIED,
        camera=door_token(door.id),
        opened_at_us=candidate.opened_at_us or candidate.captured_at_us,
        closed_at_us=now_us,
        final=granted or candidate.final,
        function=ACCESS,
        rule=door.id,
        track=candidate.card,
        direction=decision.way if isinstance(decision, Grant) else candidate.direction,
        plate=candidate.plate,
        plate_confidence=candidate.plate_confidence,
        plate_sure=candidate.plate_sure,
        person=decision.person or candidate.person,
        person_confidence=candidate.person_confidence,
        cause=decision.reason,
        severity="alarm" if decision.reason in {"denied", "watched"} else "info",
        listed=decision.listed,
        value=round((now_us - candidate.captured_at_us) / 1e6, 3),
        about=candidate.event,
    )


def command_until_us(decision: Event) -> int:
    """Until when a published grant may be acted on; 0 for what is no grant."""
    return 0 if decision.kind != GRANTED or decision.closed_at_us is None else decision.closed_at_us + COMMAND_US


def key_of(decision: Event) -> str:
    """Who passes by a published decision, for anti-passback; empty = nobody is known."""
    if decision.plate:
        return f"plate:{canonical(decision.plate)}"
    return f"person:{decision.person}" if decision.person else ""

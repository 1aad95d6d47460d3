"""Doors, decisions and guest passes for people, and the list that a door uses while it is offline.

Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

import msgspec

from api.contract import VehicleIn
from api.errors import FieldFault, InvalidBody
from api.etag import etag
from api.language import Language, Words
from api.query import instant
from api.vehicles import TIME_WORDS, read_vehicle
from api.views import moment
from postprocess.contract import Event, Title, VehicleEntry, event_id
from postprocess.functions.doors import (
    ACCESS,
    DENIED,
    GRANTED,
    PASSAGE,
    REASONS,
    Door,
    DoorSettings,
    Way,
    command_until_us,
    door_token,
)

GUEST_US_MAX = 31 * 86_400_000_000
Outcome = Literal["opened", "passed", "refused", "timed_out", "failed"]
OUTCOMES: dict[str, Title] = {
    "opened": Title(en="opened", ru="открыто"),
    "passed": Title(en="went through", ru="проход совершён"),
    "refused": Title(en="stayed shut", ru="осталось закрыто"),
    "timed_out": Title(en="nobody went through, or it came too late", ru="проход не состоялся или команда опоздала"),
    "failed": Title(en="could not be opened", ru="не удалось открыть"),
}
UNTIL_WORDS = Words(
    "a guest pass needs an end, later than now and at most 31 days away",
    "гостевому пропуску нужен срок окончания: позже текущего времени и не дальше 31 дня",
)


class DoorIn(DoorSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A door as people write it. Left out = the default; by default it opens for no person."""


class DecisionOut(msgspec.Struct, frozen=True, kw_only=True):
    """What was decided at a door, or what it did. `granted` null: a report; `event`: the camera's event behind it."""

    id: str
    door: str
    at: str
    kind: str
    granted: bool | None
    reason: str
    reason_title: dict[str, str]
    expires_at: str | None
    direction: str
    plate: str
    person: str
    card: str
    list: str
    event: str
    author: str
    note: str


class DoorOut(DoorSettings, frozen=True, kw_only=True):
    """A door with what happened at it last, newest first; `listeners`: controllers that hear its decisions now."""

    id: str
    listeners: int
    recent: tuple[DecisionOut, ...]
    etag: str


class DoorList(msgspec.Struct, frozen=True, kw_only=True):
    """All doors."""

    items: tuple[DoorOut, ...]
    now: str
    """The server's clock."""


class OpenIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Opening by hand. The same `request_id` never opens twice."""

    reason: Annotated[str, msgspec.Meta(min_length=3, max_length=500)]
    request_id: Annotated[str, msgspec.Meta(max_length=64)] = ""


class GuestIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A guest's plate, let in for a time."""

    plate: Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
    valid_until: str
    """RFC 3339."""
    valid_from: str | None = None
    owner: Annotated[str, msgspec.Meta(max_length=500)] = ""
    """Whom it comes to."""
    note: Annotated[str, msgspec.Meta(max_length=500)] = ""


def door_view(door: Door, revision: int, recent: Iterable[Event], listeners: int) -> DoorOut:
    """A door for people."""
    settings = {name: getattr(door, name) for name in DoorSettings.__struct_fields__}
    shown = tuple(decision_view(event) for event in recent)
    return DoorOut(**settings, id=door.id, listeners=listeners, recent=shown, etag=etag(revision))


def read_door(body: DoorIn, door_id: str) -> Door:
    """A door as written."""
    return Door(id=door_id, **{name: getattr(body, name) for name in DoorSettings.__struct_fields__})


def decision_view(event: Event) -> DecisionOut:
    """A decision or a report for people."""
    title = reason_title(event)
    until_us = command_until_us(event)
    return DecisionOut(
        id=event.about if event.kind == PASSAGE else event.event_id,
        door=event.camera.removeprefix("door-"),
        at=moment(event.closed_at_us or event.opened_at_us),
        kind=event.kind,
        granted={GRANTED: True, DENIED: False}.get(event.kind),
        reason=event.cause,
        reason_title={"en": title.en, "ru": title.ru},
        expires_at=moment(until_us) if until_us else None,
        direction=event.direction,
        plate=event.plate,
        person=event.person,
        card=event.track,
        list=event.listed,
        event="" if event.kind == PASSAGE else event.about,
        author=event.author,
        note=event.text,
    )


def reason_title(event: Event) -> Title:
    """Why, or what was done, in words."""
    words = OUTCOMES if event.kind == PASSAGE else REASONS
    return words.get(event.cause, Title(en=event.cause, ru=event.cause))


def reason_text(event: Event, language: Language) -> str:
    """The same in a language."""
    title = reason_title(event)
    return title.ru if language == "ru" else title.en


def passage_event(
    *,
    door: str,
    outcome: Outcome,
    at_us: int,
    author: str,
    decision: Event | None,
    decision_id: str = "",
    plate: str = "",
    person: str = "",
    direction: Way = "",
    note: str = "",
) -> Event:
    """What a door did, as an event about the decision. A passage against a denial is an alarm."""
    forced = decision is not None and decision.kind == DENIED and outcome in {"opened", "passed"}
    return Event(
        event_id=event_id(
            camera=door_token(door),
            function=ACCESS,
            rule=outcome,
            kind=PASSAGE,
            subject=decision_id or f"{plate}|{person}",
            occurrence=0 if decision_id else at_us,
        ),
        version=1,
        kind=PASSAGE,
        camera=door_token(door),
        opened_at_us=at_us,
        closed_at_us=at_us,
        final=True,
        function=ACCESS,
        rule=door,
        direction=direction if decision is None else decision.direction,
        plate=plate if decision is None else decision.plate,
        person=person if decision is None else decision.person,
        cause=outcome,
        text=note,
        severity="alarm" if forced else "warning" if outcome == "failed" else "info",
        about=decision_id,
        author=author,
    )


def read_guest(body: GuestIn, now_us: int) -> VehicleEntry:
    """A guest pass as an entry of the guest list; raises `InvalidBody`."""
    entry = read_vehicle(
        VehicleIn(
            plate=body.plate,
            list="guest",
            valid_from=body.valid_from or moment(now_us),
            valid_until=body.valid_until,
            owner=body.owner,
            note=body.note,
        )
    )
    until_us = instant(body.valid_until)
    if until_us is None:
        raise InvalidBody(FieldFault("valid_until", TIME_WORDS))
    if not now_us < until_us <= now_us + GUEST_US_MAX:
        raise InvalidBody(FieldFault("valid_until", UNTIL_WORDS))
    return entry

"""Who entered or left, and who was how long in a zone: frames, faces and ticks in, events out. Pure: no I/O, no clock.

Rules
- Every crossing of a line and every stay in a zone is an event, named or not: `person_entry`, `person_exit` and
  `presence`.
- A name comes from a face read on the same track, or from the roster (exactly one entry of the zone holds when the
  stay begins); `cause` says which. Else the person is unidentified. Nothing is guessed: a stay whose tracks show the
  faces of two people is unidentified.
- A stay is told when it begins, then after every `every_us` of it with the seconds so far, and when it is over.
"""

from __future__ import annotations

import msgspec

from ingest.contract import FrameReport
from postprocess.contract import Hours, Read, event_id
from postprocess.rules import persons
from postprocess.rules.identity import NOBODY, FaceNote, Identity, identify
from postprocess.rules.persons import Case, Claimed, PersonPolicy, PersonScene
from postprocess.rules.scene import Hit, Input, Moved, Note, Output
from postprocess.rules.schedule import holds
from postprocess.rules.zones import Visited

FUNCTION = "attendance"


class Planned(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is to be in a zone, and when."""

    zone: str
    person: str
    schedule: tuple[Hours, ...] = ()


class AttendancePolicy(PersonPolicy, frozen=True, kw_only=True):
    """How attendance is decided for one camera."""

    roster: tuple[Planned, ...] = ()
    every_us: int = 60_000_000


def step(memory: PersonScene, message: Input, policy: AttendancePolicy) -> tuple[PersonScene, list[Output]]:
    """Take one input; `memory` is used up and handed back."""
    outputs: list[Output] = []
    for happened in persons.take(memory, message, policy):
        if isinstance(happened, Note):
            outputs.append(happened)
        elif isinstance(happened, Moved):
            if isinstance(message, FrameReport):
                for hit in happened.hits:
                    outputs += _crossed(memory, happened, hit, message, policy)
        elif isinstance(happened, Claimed):
            outputs += _heard(memory, happened.root, policy)
        else:
            outputs += _visited(memory, happened, policy)
    if isinstance(message, Read):
        outputs += _heard(memory, persons.owner_of(memory, message), policy)
    for case in memory.cases.values():
        if persons.settle(memory, case, policy):
            outputs += _tell(memory, case, policy)
    persons.tidy(memory, policy)
    return memory, outputs


def _heard(memory: PersonScene, root: str | None, policy: AttendancePolicy) -> list[Output]:
    return [said for case in persons.touched(memory, root) for said in _tell(memory, case, policy)]


def _crossed(
    memory: PersonScene, moved: Moved, hit: Hit, report: FrameReport, policy: AttendancePolicy
) -> list[Output]:
    counted = persons.crossing(memory, moved.track, hit, policy)
    if isinstance(counted, Note):
        return [counted]
    key, way, number = counted
    event = _id(memory, hit.line.id, f"person_{way}", moved.track.root, number)
    case = persons.case_of(memory, moved, hit, report, policy, key=key, way=way, event=event)
    return [*persons.open_case(memory, case), *_tell(memory, case, policy)]


def _visited(memory: PersonScene, happened: Visited, policy: AttendancePolicy) -> list[Output]:
    visit = happened.visit
    case = memory.cases.get(visit.key)
    if happened.what == "entered":
        case = persons.stay_of(visit, event=_id(memory, visit.zone, "presence", visit.root, visit.occurrence))
        return [*persons.open_case(memory, case), *_tell(memory, case, policy)]
    if case is None:
        return []
    grown = len(visit.roots) != len(case.roots)
    persons.goes_on(case, visit)
    case.over = happened.what == "left"
    return _tell(memory, case, policy) if grown or _minutes(case, policy) > case.said_minutes else []


def _id(memory: PersonScene, rule: str, kind: str, subject: str, number: int) -> str:
    return event_id(camera=memory.camera, function=FUNCTION, rule=rule, kind=kind, subject=subject, occurrence=number)


def _minutes(case: Case, policy: AttendancePolicy) -> int:
    return case.stay_us // policy.every_us if case.stay else 0


def _tell(memory: PersonScene, case: Case, policy: AttendancePolicy) -> list[Output]:
    """The event as known now, if readers would learn something."""
    notes = persons.notes_of(memory, case.roots)
    minutes = _minutes(case, policy)
    version = persons.version_of(case, len(notes), minutes)
    who, cause = _named(memory, case, notes, policy)
    news = case.said_version == 0 or case.final or minutes > case.said_minutes or who.person != case.said_person
    if version <= case.said_version or not (news or len(notes) == 1):
        return []
    case.said_version, case.said_minutes, case.said_person = version, minutes, who.person
    kind = "presence" if case.stay else f"person_{case.direction}"
    told = persons.event_of(memory, case, notes, kind=kind, function=FUNCTION, version=version)
    so_far_us = case.stay_us if case.final else minutes * policy.every_us
    value = round(so_far_us / 1e6, 3) if case.stay else None
    return [
        msgspec.structs.replace(told, person=who.person, person_confidence=who.confidence, cause=cause, value=value)
    ]


def _named(memory: PersonScene, case: Case, notes: list[FaceNote], policy: AttendancePolicy) -> tuple[Identity, str]:
    """Who it is, and by what."""
    by_root = (identify(persons.notes_of(memory, (root,)), policy.identity) for root in case.roots)
    faces = {who.person for who in by_root if who.person}
    if len(faces) > 1:
        return NOBODY, ""
    who = identify(notes, policy.identity)
    if who.person:
        return who, "face"
    planned = {
        each.person
        for each in policy.roster
        if each.zone == case.rule and holds(each.schedule, case.opened_at_us, policy.timezone)
    }
    if case.stay and len(planned) == 1:
        return Identity(person=planned.pop()), "roster"
    return NOBODY, ""

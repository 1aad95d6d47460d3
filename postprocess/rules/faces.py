"""Whose face is seen where: known persons, persons on watch lists, strangers. Pure: no I/O, no clock.

Rules
- One event per passage over a line or stay in a zone, whoever it turns out to be: its id does not depend on the person,
  its kind does (`face_known`, `face_watch`, `face_unknown`), and a later version may know better.
- It is told once somebody is identified (see `identity`); a stranger once the passage is over and reads had time to
  come, if that is asked for and the face was seen well enough, `unknown_reads_min` times.
- A person who comes again to the same place within `echo_person_us` of having been seen there last is an echo and no
  event. Two who are there at once are two.
- So that the order in which reads come does not decide, a passage waits for those that ended shortly before it there,
  until they are final: some seconds at most, and only where there are such.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from ingest.contract import FrameReport
from postprocess.contract import Read, event_id
from postprocess.rules import persons
from postprocess.rules.identity import Identity, identify, usable
from postprocess.rules.persons import Case, Claimed, PersonPolicy, PersonScene
from postprocess.rules.scene import Hit, Input, Moved, Note, Output
from postprocess.rules.zones import Visited

FUNCTION = "faces"
LIVENESS = "liveness"
"""Among an event's `items`: the least that a read of the person's face says; a model for it is deployed."""


class FacesPolicy(PersonPolicy, frozen=True, kw_only=True):
    """How faces are told for one camera."""

    known: bool = True
    unknown: bool = False
    unknown_reads_min: int = 2
    watch_severity: Literal["info", "warning", "alarm"] = "alarm"
    echo_person_us: int = 60_000_000


def step(memory: PersonScene, message: Input, policy: FacesPolicy) -> tuple[PersonScene, list[Output]]:
    """Take one input; `memory` is used up and handed back."""
    outputs: list[Output] = []
    touched = {persons.owner_of(memory, message)} if isinstance(message, Read) else set[str | None]()
    for happened in persons.take(memory, message, policy):
        if isinstance(happened, Note):
            outputs.append(happened)
        elif isinstance(happened, Moved):
            if isinstance(message, FrameReport):
                outputs += [n for hit in happened.hits for n in _crossed(memory, happened, hit, message, policy)]
        elif isinstance(happened, Claimed):
            touched.add(happened.root)
        else:
            outputs += _visited(memory, happened)
            touched |= set() if happened.what == "inside" else set(happened.visit.roots)
    settled = {case.key for case in memory.cases.values() if persons.settle(memory, case, policy)}
    if settled or touched:
        for case in sorted(memory.cases.values(), key=_order):
            if case.key in settled or case.waiting or not touched.isdisjoint(case.roots):
                outputs += _tell(memory, case, policy)
    persons.tidy(memory, policy, kept_us=policy.echo_person_us)
    return memory, outputs


def _order(case: Case) -> tuple[int, str]:
    return (case.opened_at_us, case.key)


def _crossed(memory: PersonScene, moved: Moved, hit: Hit, report: FrameReport, policy: FacesPolicy) -> list[Note]:
    counted = persons.crossing(memory, moved.track, hit, policy)
    if isinstance(counted, Note):
        return [counted]
    key, way, number = counted
    event = _id(memory, hit.line.id, moved.track.root, number)
    return persons.open_case(memory, persons.case_of(memory, moved, hit, report, policy, key=key, way=way, event=event))


def _visited(memory: PersonScene, happened: Visited) -> list[Note]:
    visit = happened.visit
    if happened.what == "entered":
        event = _id(memory, visit.zone, visit.root, visit.occurrence)
        return persons.open_case(memory, persons.stay_of(visit, event=event))
    case = memory.cases.get(visit.key)
    if case is not None:
        persons.goes_on(case, visit)
        case.over = happened.what == "left"
    return []


def _id(memory: PersonScene, rule: str, subject: str, number: int) -> str:
    return event_id(camera=memory.camera, function=FUNCTION, rule=rule, kind="face", subject=subject, occurrence=number)


def _tell(memory: PersonScene, case: Case, policy: FacesPolicy) -> list[Output]:
    """The event as known now, if there is one and readers would learn something."""
    notes = persons.notes_of(memory, case.roots)
    version = persons.version_of(case, len(notes), 0)
    if case.silent or version <= case.said_version:
        return []
    who = identify(notes, policy.identity)
    seen = sum(usable(note, policy.identity) for note in notes)
    kind = _kind(case, who, seen, policy)
    if not kind and not case.said_version:
        return []
    case.waiting = bool(who.person) and not case.said_version and _stands_back(memory, case, who, policy)
    if case.waiting:
        return []
    if case.said_version and not case.final and who.person == case.said_person:
        return []
    case.said_version, case.said_person = version, who.person
    told = persons.event_of(memory, case, notes, kind=kind or "face_unknown", function=FUNCTION, version=version)
    return [
        msgspec.structs.replace(
            told,
            person=who.person,
            person_confidence=who.confidence,
            listed=who.watch,
            items={LIVENESS: who.liveness} if who.liveness >= 0.0 else {},
            severity=policy.watch_severity if who.watch else "info",
            value=round(case.stay_us / 1e6, 3) if case.stay and case.final else None,
        )
    ]


def _kind(case: Case, who: Identity, seen: int, policy: FacesPolicy) -> str:
    """Of the event; empty = there is none, yet or at all."""
    if who.watch:
        return "face_watch"
    if who.person:
        return "face_known" if policy.known else ""
    return "face_unknown" if policy.unknown and case.final and seen >= policy.unknown_reads_min else ""


def _stands_back(memory: PersonScene, case: Case, who: Identity, policy: FacesPolicy) -> bool:
    """Whether it is an echo, or must wait for one that ended shortly before it."""
    for other in memory.cases.values():
        before = other.rule == case.rule and other.seen_us < case.opened_at_us and other.key != case.key
        if not before or case.opened_at_us - other.seen_us > policy.echo_person_us:
            continue
        known = identify(persons.notes_of(memory, other.roots), policy.identity).person
        if known == who.person or (not known and not other.final):
            case.silent = other.final  # it is remembered for no longer than it could be one
            return True
    return False

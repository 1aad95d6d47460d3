"""Decisions, members of the lists and offline lists as messages of zool.acs.v1, and back.

Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, TypeVar

import msgspec
from google.protobuf.timestamp_pb2 import Timestamp

from api.acs.messages import gap_message, moment
from api.acs.v1 import acs_pb2 as pb
from api.acs.v1 import doors_pb2 as dp
from api.contract import PersonIn, VehicleIn
from api.cursor import write_cursor
from api.doors import Outcome, reason_text
from api.errors import BadParameter
from api.language import Language, Words
from api.live import Happened, Hello, Lost, Still
from api.query import token
from api.vehicles import read_vehicle
from api.views import moment as written
from postprocess.contract import Employee, Event, Hours, VehicleEntry
from postprocess.functions.doors import GRANTED, Candidate, Way, command_until_us
from postprocess.functions.offline import OfflineEntry

T = TypeVar("T", bound=msgspec.Struct)
DOORS_MAX = 256
REQUEST_CHARS_MAX = 64
_US_MAX = 4_102_444_800_000_000  # 2100
OUTCOMES: dict[int, Outcome] = {
    dp.OUTCOME_OPENED: "opened",
    dp.OUTCOME_PASSED: "passed",
    dp.OUTCOME_REFUSED: "refused",
    dp.OUTCOME_TIMED_OUT: "timed_out",
    dp.OUTCOME_FAILED: "failed",
}
WAYS: dict[int, Way] = {pb.DIRECTION_UNSPECIFIED: "", pb.DIRECTION_ENTRY: "entry", pb.DIRECTION_EXIT: "exit"}
_WAYS_BACK: dict[str, pb.Direction] = {
    "": pb.DIRECTION_UNSPECIFIED,
    "entry": pb.DIRECTION_ENTRY,
    "exit": pb.DIRECTION_EXIT,
}
TIME_WORDS = Words("allowed is a time from 1970 to 2100", "допустимо время с 1970 по 2100 год")


def refused(name: str, value: object, en: str, ru: str) -> BadParameter:
    """A field of a request can't be used."""
    return BadParameter(name=name, value=str(value), allowed=Words(f"allowed is {en}", f"допустимо: {ru}"))


def time_of(name: str, found: Timestamp) -> int:
    """A time of a request as microseconds; raises `BadParameter`."""
    us = int(found.seconds) * 1_000_000 + int(found.nanos) // 1000
    if not 0 <= us < _US_MAX or not 0 <= found.nanos < 1_000_000_000:
        raise BadParameter(name=name, value=f"{found.seconds} s", allowed=TIME_WORDS)
    return us


def way_of(name: str, number: int) -> Way:
    """A direction of a request; raises `BadParameter`."""
    if number not in WAYS:
        raise refused(name, number, "a value of Direction", "значение Direction")
    return WAYS[number]


def doors_of(request: dp.DecisionsRequest) -> tuple[str, ...]:
    """The doors that a client listens to; raises `BadParameter`."""
    if len(request.doors) > DOORS_MAX:
        raise refused("doors", len(request.doors), f"{DOORS_MAX} at most", f"не более {DOORS_MAX}")
    return tuple(sorted({token("doors", door) for door in request.doors}))


def response(
    item: Hello | Happened | Lost | Still, *, now_us: int, hello: pb.Hello, language: Language
) -> dp.DecisionsResponse:
    """A message of the stream of decisions."""
    cursor, sent_at = write_cursor(item.mark), moment(now_us)
    match item:
        case Hello():
            return dp.DecisionsResponse(cursor=cursor, sent_at=sent_at, hello=hello)
        case Happened():
            decision = decision_message(item.event, now_us=now_us, language=language)
            return dp.DecisionsResponse(cursor=cursor, sent_at=sent_at, decision=decision)
        case Lost():
            gap = gap_message(item.gap, now_us=now_us)
            return dp.DecisionsResponse(cursor=cursor, sent_at=sent_at, gap=gap)
        case Still():
            beat = pb.Heartbeat(server_time=sent_at)
            return dp.DecisionsResponse(cursor=cursor, sent_at=sent_at, heartbeat=beat)


def reason_number(reason: str) -> dp.Reason:
    """A reason on the wire; one that is not known here has none."""
    found: dp.Reason = getattr(dp, f"REASON_{reason.upper()}", dp.REASON_UNSPECIFIED)
    return found


def decision_message(event: Event, *, now_us: int, language: Language) -> dp.Decision:
    """A published decision as it stands now: a grant whose time is over is an expired one."""
    until_us = command_until_us(event)
    verdict = dp.VERDICT_DENY
    if event.kind == GRANTED:
        verdict = dp.VERDICT_GRANT if now_us < until_us else dp.VERDICT_EXPIRED
    decided_us = event.closed_at_us or event.opened_at_us
    return dp.Decision(
        id=event.event_id,
        version=event.version,
        door=event.camera.removeprefix("door-"),
        verdict=verdict,
        reason=reason_number(event.cause),
        text=reason_text(event, language),
        decided_at=moment(decided_us),
        expires_at=moment(until_us) if until_us else None,
        event_id=event.about,
        direction=_WAYS_BACK[event.direction],
        plate=event.plate,
        person=event.person,
        card=event.track,
        list=event.listed,
        author=event.author,
        note=event.text,
        captured_at=moment(decided_us - round((event.value or 0.0) * 1e6)),
    )


def candidate_of(request: dp.DecideRequest, *, author: str, now_us: int) -> Candidate:
    """Who asks; raises `BadParameter`."""
    request_id(request.request_id)
    for name in ("card", "plate", "person"):
        text = getattr(request, name)
        if len(text) > REQUEST_CHARS_MAX:
            raise refused(name, f"{text[:20]}…", f"{REQUEST_CHARS_MAX} characters", f"{REQUEST_CHARS_MAX} символа")
    if bool(request.plate) and bool(request.card or request.person):
        raise refused("plate", request.plate, "a plate, or a card and a person", "номер либо карта и человек")
    captured_us = time_of("captured_at", request.captured_at) if request.HasField("captured_at") else now_us
    return Candidate(
        door=token("door", request.door),
        subject=f"ask-{author}-{request.request_id}",
        captured_at_us=captured_us,
        direction=way_of("direction", request.direction),
        vehicle=bool(request.plate),
        plate=request.plate,
        plate_confidence=_ratio("plate_confidence", request.plate_confidence),
        plate_sure=request.plate_sure,
        person=token("person", request.person) if request.person else "",
        person_confidence=_ratio("person_confidence", request.person_confidence),
        card=request.card,
    )


def _ratio(name: str, value: float) -> float:
    if not 0.0 <= value <= 1.0:
        raise refused(name, value, "0 to 1", "от 0 до 1")
    return value


def request_id(text: str) -> str:
    """The id of a request, which must be there; raises `BadParameter`."""
    if not 1 <= len(text) <= REQUEST_CHARS_MAX or not text.isprintable():
        allowed = (f"1 to {REQUEST_CHARS_MAX} characters", f"от 1 до {REQUEST_CHARS_MAX} символов")
        raise refused("request_id", text[:20], *allowed)
    return text


def outcome_of(number: int) -> Outcome:
    """What a door did; raises `BadParameter`."""
    if number not in OUTCOMES:
        raise refused("outcome", number, "a value of Outcome but the first", "значение Outcome, кроме первого")
    return OUTCOMES[number]


def vehicle_of(external_id: str, found: dp.Vehicle) -> VehicleEntry:
    """A vehicle of another system as an entry of the lists; raises `BadParameter`, `InvalidBody`."""
    ways = tuple(way_of("directions", number) for number in found.directions) or ("entry", "exit")
    if "" in ways:
        raise refused("directions", "0", "entry or exit", "entry или exit")
    wanted = {
        "plate": found.plate,
        "list": found.list,
        "valid_from": _instant("valid_from", found, "valid_from"),
        "valid_until": _instant("valid_until", found, "valid_until"),
        "directions": ways,
        "schedule": [_hours(hours) for hours in found.schedule],
        "owner": found.owner,
        "note": found.note,
    }
    return read_vehicle(_checked(wanted, VehicleIn), id_=token("external_id", external_id))


def person_of(external_id: str, found: dp.Worker, known: Employee | None) -> Employee:
    """A person of another system; what it does not say (watch list) stays. Raises `BadParameter`."""
    wanted = {"name": found.name.strip(), "department": found.department.strip(), "badge": found.badge.strip()}
    read = _checked(wanted, PersonIn)
    valid_until_us = time_of("valid_until", found.valid_until) if found.HasField("valid_until") else None
    base = known or Employee(id=token("external_id", external_id), name=read.name)
    return msgspec.structs.replace(
        base, name=read.name, department=read.department, badge=read.badge, valid_until_us=valid_until_us
    )


def _checked(wanted: Mapping[str, object], kind: type[T]) -> T:
    try:
        return msgspec.convert(wanted, kind)
    except msgspec.ValidationError as error:
        name = str(error).rpartition("$.")[2].strip("`") if "$." in str(error) else "member"
        raise BadParameter(name=name, value="", allowed=Words(str(error), str(error))) from None


def _instant(name: str, found: dp.Vehicle, field: Literal["valid_from", "valid_until"]) -> str | None:
    return written(time_of(name, getattr(found, field))) if found.HasField(field) else None


def _hours(found: dp.Hours) -> dict[str, object]:
    told: dict[str, object] = {"days": list(found.days)} if found.days else {}
    return told | {name: text for name, text in (("since", found.since), ("until", found.until)) if text}


def hours_messages(schedule: Iterable[Hours]) -> list[dp.Hours]:
    """Spans of the week."""
    return [dp.Hours(days=list(hours.days), since=hours.since, until=hours.until) for hours in schedule]


def member_message(found: VehicleEntry | Employee) -> dp.Member:
    """A member of the lists for another system."""
    if isinstance(found, Employee):
        worker = dp.Worker(
            name=found.name,
            department=found.department,
            badge=found.badge,
            valid_until=None if found.valid_until_us is None else moment(found.valid_until_us),
        )
        return dp.Member(external_id=found.id, person=worker)
    vehicle = dp.Vehicle(
        plate=found.plate,
        list=found.list,
        valid_from=None if found.valid_from_us is None else moment(found.valid_from_us),
        valid_until=None if found.valid_until_us is None else moment(found.valid_until_us),
        directions=[_WAYS_BACK[way] for way in found.directions],
        schedule=hours_messages(found.schedule),
        owner=found.owner,
        note=found.note,
    )
    return dp.Member(external_id=found.id, vehicle=vehicle)


def offline_messages(entries: Sequence[OfflineEntry]) -> list[dp.OfflineEntry]:
    """An offline list on the wire."""
    return [
        dp.OfflineEntry(
            plate=one.plate,
            card=one.card,
            valid_from=None if one.valid_from_us is None else moment(one.valid_from_us),
            valid_until=None if one.valid_until_us is None else moment(one.valid_until_us),
            directions=[_WAYS_BACK[way] for way in one.directions],
            schedule=hours_messages(one.schedule),
        )
        for one in entries
    ]

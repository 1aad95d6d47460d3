import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from api.acs.v1 import acs_pb2 as _acs_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Verdict(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    VERDICT_UNSPECIFIED: _ClassVar[Verdict]
    VERDICT_GRANT: _ClassVar[Verdict]
    VERDICT_DENY: _ClassVar[Verdict]
    VERDICT_EXPIRED: _ClassVar[Verdict]

class Reason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REASON_UNSPECIFIED: _ClassVar[Reason]
    REASON_PLATE: _ClassVar[Reason]
    REASON_PERSON: _ClassVar[Reason]
    REASON_CARD: _ClassVar[Reason]
    REASON_CARD_FACE: _ClassVar[Reason]
    REASON_MANUAL: _ClassVar[Reason]
    REASON_DOOR_OFF: _ClassVar[Reason]
    REASON_LISTS_UNKNOWN: _ClassVar[Reason]
    REASON_UNREAD: _ClassVar[Reason]
    REASON_UNSURE: _ClassVar[Reason]
    REASON_LOW_CONFIDENCE: _ClassVar[Reason]
    REASON_DENIED: _ClassVar[Reason]
    REASON_UNKNOWN: _ClassVar[Reason]
    REASON_LIST_CLOSED: _ClassVar[Reason]
    REASON_NOT_YET: _ClassVar[Reason]
    REASON_EXPIRED: _ClassVar[Reason]
    REASON_OFF_SCHEDULE: _ClassVar[Reason]
    REASON_ENTRY_DIRECTION: _ClassVar[Reason]
    REASON_WATCHED: _ClassVar[Reason]
    REASON_PERSON_CLOSED: _ClassVar[Reason]
    REASON_SECOND_FACTOR: _ClassVar[Reason]
    REASON_MISMATCH: _ClassVar[Reason]
    REASON_NO_LIVENESS: _ClassVar[Reason]
    REASON_NOT_ALIVE: _ClassVar[Reason]
    REASON_DIRECTION: _ClassVar[Reason]
    REASON_DOOR_SCHEDULE: _ClassVar[Reason]
    REASON_INSIDE: _ClassVar[Reason]
    REASON_NOT_INSIDE: _ClassVar[Reason]
    REASON_UNDER_WAY: _ClassVar[Reason]
    REASON_CLOCK: _ClassVar[Reason]
    REASON_STALE: _ClassVar[Reason]

class Outcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OUTCOME_UNSPECIFIED: _ClassVar[Outcome]
    OUTCOME_OPENED: _ClassVar[Outcome]
    OUTCOME_PASSED: _ClassVar[Outcome]
    OUTCOME_REFUSED: _ClassVar[Outcome]
    OUTCOME_TIMED_OUT: _ClassVar[Outcome]
    OUTCOME_FAILED: _ClassVar[Outcome]

class MemberKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MEMBER_KIND_UNSPECIFIED: _ClassVar[MemberKind]
    MEMBER_KIND_VEHICLE: _ClassVar[MemberKind]
    MEMBER_KIND_PERSON: _ClassVar[MemberKind]
VERDICT_UNSPECIFIED: Verdict
VERDICT_GRANT: Verdict
VERDICT_DENY: Verdict
VERDICT_EXPIRED: Verdict
REASON_UNSPECIFIED: Reason
REASON_PLATE: Reason
REASON_PERSON: Reason
REASON_CARD: Reason
REASON_CARD_FACE: Reason
REASON_MANUAL: Reason
REASON_DOOR_OFF: Reason
REASON_LISTS_UNKNOWN: Reason
REASON_UNREAD: Reason
REASON_UNSURE: Reason
REASON_LOW_CONFIDENCE: Reason
REASON_DENIED: Reason
REASON_UNKNOWN: Reason
REASON_LIST_CLOSED: Reason
REASON_NOT_YET: Reason
REASON_EXPIRED: Reason
REASON_OFF_SCHEDULE: Reason
REASON_ENTRY_DIRECTION: Reason
REASON_WATCHED: Reason
REASON_PERSON_CLOSED: Reason
REASON_SECOND_FACTOR: Reason
REASON_MISMATCH: Reason
REASON_NO_LIVENESS: Reason
REASON_NOT_ALIVE: Reason
REASON_DIRECTION: Reason
REASON_DOOR_SCHEDULE: Reason
REASON_INSIDE: Reason
REASON_NOT_INSIDE: Reason
REASON_UNDER_WAY: Reason
REASON_CLOCK: Reason
REASON_STALE: Reason
OUTCOME_UNSPECIFIED: Outcome
OUTCOME_OPENED: Outcome
OUTCOME_PASSED: Outcome
OUTCOME_REFUSED: Outcome
OUTCOME_TIMED_OUT: Outcome
OUTCOME_FAILED: Outcome
MEMBER_KIND_UNSPECIFIED: MemberKind
MEMBER_KIND_VEHICLE: MemberKind
MEMBER_KIND_PERSON: MemberKind

class DecisionsRequest(_message.Message):
    __slots__ = ("doors", "cursor")
    DOORS_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    doors: _containers.RepeatedScalarFieldContainer[str]
    cursor: str
    def __init__(self, doors: _Optional[_Iterable[str]] = ..., cursor: _Optional[str] = ...) -> None: ...

class DecisionsResponse(_message.Message):
    __slots__ = ("cursor", "sent_at", "hello", "decision", "gap", "heartbeat")
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    SENT_AT_FIELD_NUMBER: _ClassVar[int]
    HELLO_FIELD_NUMBER: _ClassVar[int]
    DECISION_FIELD_NUMBER: _ClassVar[int]
    GAP_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    cursor: str
    sent_at: _timestamp_pb2.Timestamp
    hello: _acs_pb2.Hello
    decision: Decision
    gap: _acs_pb2.Gap
    heartbeat: _acs_pb2.Heartbeat
    def __init__(self, cursor: _Optional[str] = ..., sent_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., hello: _Optional[_Union[_acs_pb2.Hello, _Mapping]] = ..., decision: _Optional[_Union[Decision, _Mapping]] = ..., gap: _Optional[_Union[_acs_pb2.Gap, _Mapping]] = ..., heartbeat: _Optional[_Union[_acs_pb2.Heartbeat, _Mapping]] = ...) -> None: ...

class Decision(_message.Message):
    __slots__ = ("id", "version", "door", "verdict", "reason", "text", "decided_at", "expires_at", "event_id", "direction", "plate", "person", "card", "list", "author", "note", "captured_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    DOOR_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    DECIDED_AT_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    DIRECTION_FIELD_NUMBER: _ClassVar[int]
    PLATE_FIELD_NUMBER: _ClassVar[int]
    PERSON_FIELD_NUMBER: _ClassVar[int]
    CARD_FIELD_NUMBER: _ClassVar[int]
    LIST_FIELD_NUMBER: _ClassVar[int]
    AUTHOR_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    CAPTURED_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    version: int
    door: str
    verdict: Verdict
    reason: Reason
    text: str
    decided_at: _timestamp_pb2.Timestamp
    expires_at: _timestamp_pb2.Timestamp
    event_id: str
    direction: _acs_pb2.Direction
    plate: str
    person: str
    card: str
    list: str
    author: str
    note: str
    captured_at: _timestamp_pb2.Timestamp
    def __init__(self, id: _Optional[str] = ..., version: _Optional[int] = ..., door: _Optional[str] = ..., verdict: _Optional[_Union[Verdict, str]] = ..., reason: _Optional[_Union[Reason, str]] = ..., text: _Optional[str] = ..., decided_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., event_id: _Optional[str] = ..., direction: _Optional[_Union[_acs_pb2.Direction, str]] = ..., plate: _Optional[str] = ..., person: _Optional[str] = ..., card: _Optional[str] = ..., list: _Optional[str] = ..., author: _Optional[str] = ..., note: _Optional[str] = ..., captured_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class DecideRequest(_message.Message):
    __slots__ = ("request_id", "door", "card", "plate", "plate_confidence", "plate_sure", "person", "person_confidence", "direction", "captured_at")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    DOOR_FIELD_NUMBER: _ClassVar[int]
    CARD_FIELD_NUMBER: _ClassVar[int]
    PLATE_FIELD_NUMBER: _ClassVar[int]
    PLATE_CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    PLATE_SURE_FIELD_NUMBER: _ClassVar[int]
    PERSON_FIELD_NUMBER: _ClassVar[int]
    PERSON_CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    DIRECTION_FIELD_NUMBER: _ClassVar[int]
    CAPTURED_AT_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    door: str
    card: str
    plate: str
    plate_confidence: float
    plate_sure: bool
    person: str
    person_confidence: float
    direction: _acs_pb2.Direction
    captured_at: _timestamp_pb2.Timestamp
    def __init__(self, request_id: _Optional[str] = ..., door: _Optional[str] = ..., card: _Optional[str] = ..., plate: _Optional[str] = ..., plate_confidence: _Optional[float] = ..., plate_sure: _Optional[bool] = ..., person: _Optional[str] = ..., person_confidence: _Optional[float] = ..., direction: _Optional[_Union[_acs_pb2.Direction, str]] = ..., captured_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ReportPassageRequest(_message.Message):
    __slots__ = ("decision_id", "door", "outcome", "at", "plate", "person", "direction", "note")
    DECISION_ID_FIELD_NUMBER: _ClassVar[int]
    DOOR_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    PLATE_FIELD_NUMBER: _ClassVar[int]
    PERSON_FIELD_NUMBER: _ClassVar[int]
    DIRECTION_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    decision_id: str
    door: str
    outcome: Outcome
    at: _timestamp_pb2.Timestamp
    plate: str
    person: str
    direction: _acs_pb2.Direction
    note: str
    def __init__(self, decision_id: _Optional[str] = ..., door: _Optional[str] = ..., outcome: _Optional[_Union[Outcome, str]] = ..., at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., plate: _Optional[str] = ..., person: _Optional[str] = ..., direction: _Optional[_Union[_acs_pb2.Direction, str]] = ..., note: _Optional[str] = ...) -> None: ...

class ReportPassageResponse(_message.Message):
    __slots__ = ("event_id",)
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    event_id: str
    def __init__(self, event_id: _Optional[str] = ...) -> None: ...

class OpenDoorRequest(_message.Message):
    __slots__ = ("request_id", "door", "reason")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    DOOR_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    door: str
    reason: str
    def __init__(self, request_id: _Optional[str] = ..., door: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class Member(_message.Message):
    __slots__ = ("external_id", "vehicle", "person")
    EXTERNAL_ID_FIELD_NUMBER: _ClassVar[int]
    VEHICLE_FIELD_NUMBER: _ClassVar[int]
    PERSON_FIELD_NUMBER: _ClassVar[int]
    external_id: str
    vehicle: Vehicle
    person: Worker
    def __init__(self, external_id: _Optional[str] = ..., vehicle: _Optional[_Union[Vehicle, _Mapping]] = ..., person: _Optional[_Union[Worker, _Mapping]] = ...) -> None: ...

class Vehicle(_message.Message):
    __slots__ = ("plate", "list", "valid_from", "valid_until", "directions", "schedule", "owner", "note")
    PLATE_FIELD_NUMBER: _ClassVar[int]
    LIST_FIELD_NUMBER: _ClassVar[int]
    VALID_FROM_FIELD_NUMBER: _ClassVar[int]
    VALID_UNTIL_FIELD_NUMBER: _ClassVar[int]
    DIRECTIONS_FIELD_NUMBER: _ClassVar[int]
    SCHEDULE_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    plate: str
    list: str
    valid_from: _timestamp_pb2.Timestamp
    valid_until: _timestamp_pb2.Timestamp
    directions: _containers.RepeatedScalarFieldContainer[_acs_pb2.Direction]
    schedule: _containers.RepeatedCompositeFieldContainer[Hours]
    owner: str
    note: str
    def __init__(self, plate: _Optional[str] = ..., list: _Optional[str] = ..., valid_from: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., valid_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., directions: _Optional[_Iterable[_Union[_acs_pb2.Direction, str]]] = ..., schedule: _Optional[_Iterable[_Union[Hours, _Mapping]]] = ..., owner: _Optional[str] = ..., note: _Optional[str] = ...) -> None: ...

class Hours(_message.Message):
    __slots__ = ("days", "since", "until")
    DAYS_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    days: _containers.RepeatedScalarFieldContainer[str]
    since: str
    until: str
    def __init__(self, days: _Optional[_Iterable[str]] = ..., since: _Optional[str] = ..., until: _Optional[str] = ...) -> None: ...

class Worker(_message.Message):
    __slots__ = ("name", "department", "badge", "valid_until")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DEPARTMENT_FIELD_NUMBER: _ClassVar[int]
    BADGE_FIELD_NUMBER: _ClassVar[int]
    VALID_UNTIL_FIELD_NUMBER: _ClassVar[int]
    name: str
    department: str
    badge: str
    valid_until: _timestamp_pb2.Timestamp
    def __init__(self, name: _Optional[str] = ..., department: _Optional[str] = ..., badge: _Optional[str] = ..., valid_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ListMembersRequest(_message.Message):
    __slots__ = ("kind", "follow")
    KIND_FIELD_NUMBER: _ClassVar[int]
    FOLLOW_FIELD_NUMBER: _ClassVar[int]
    kind: MemberKind
    follow: bool
    def __init__(self, kind: _Optional[_Union[MemberKind, str]] = ..., follow: _Optional[bool] = ...) -> None: ...

class ListMembersResponse(_message.Message):
    __slots__ = ("revision", "upsert", "remove", "synced")
    REVISION_FIELD_NUMBER: _ClassVar[int]
    UPSERT_FIELD_NUMBER: _ClassVar[int]
    REMOVE_FIELD_NUMBER: _ClassVar[int]
    SYNCED_FIELD_NUMBER: _ClassVar[int]
    revision: int
    upsert: Member
    remove: str
    synced: Synced
    def __init__(self, revision: _Optional[int] = ..., upsert: _Optional[_Union[Member, _Mapping]] = ..., remove: _Optional[str] = ..., synced: _Optional[_Union[Synced, _Mapping]] = ...) -> None: ...

class Synced(_message.Message):
    __slots__ = ("members",)
    MEMBERS_FIELD_NUMBER: _ClassVar[int]
    members: int
    def __init__(self, members: _Optional[int] = ...) -> None: ...

class UpsertMemberRequest(_message.Message):
    __slots__ = ("member",)
    MEMBER_FIELD_NUMBER: _ClassVar[int]
    member: Member
    def __init__(self, member: _Optional[_Union[Member, _Mapping]] = ...) -> None: ...

class RemoveMemberRequest(_message.Message):
    __slots__ = ("kind", "external_id")
    KIND_FIELD_NUMBER: _ClassVar[int]
    EXTERNAL_ID_FIELD_NUMBER: _ClassVar[int]
    kind: MemberKind
    external_id: str
    def __init__(self, kind: _Optional[_Union[MemberKind, str]] = ..., external_id: _Optional[str] = ...) -> None: ...

class MemberRevision(_message.Message):
    __slots__ = ("revision",)
    REVISION_FIELD_NUMBER: _ClassVar[int]
    revision: int
    def __init__(self, revision: _Optional[int] = ...) -> None: ...

class AddGuestPassRequest(_message.Message):
    __slots__ = ("plate", "valid_from", "valid_until", "owner", "note")
    PLATE_FIELD_NUMBER: _ClassVar[int]
    VALID_FROM_FIELD_NUMBER: _ClassVar[int]
    VALID_UNTIL_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    plate: str
    valid_from: _timestamp_pb2.Timestamp
    valid_until: _timestamp_pb2.Timestamp
    owner: str
    note: str
    def __init__(self, plate: _Optional[str] = ..., valid_from: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., valid_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., owner: _Optional[str] = ..., note: _Optional[str] = ...) -> None: ...

class OfflineListRequest(_message.Message):
    __slots__ = ("door",)
    DOOR_FIELD_NUMBER: _ClassVar[int]
    door: str
    def __init__(self, door: _Optional[str] = ...) -> None: ...

class OfflineListResponse(_message.Message):
    __slots__ = ("door", "revision", "made_at", "valid_until", "timezone", "schedule", "entries", "left_out")
    DOOR_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    MADE_AT_FIELD_NUMBER: _ClassVar[int]
    VALID_UNTIL_FIELD_NUMBER: _ClassVar[int]
    TIMEZONE_FIELD_NUMBER: _ClassVar[int]
    SCHEDULE_FIELD_NUMBER: _ClassVar[int]
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    LEFT_OUT_FIELD_NUMBER: _ClassVar[int]
    door: str
    revision: str
    made_at: _timestamp_pb2.Timestamp
    valid_until: _timestamp_pb2.Timestamp
    timezone: str
    schedule: _containers.RepeatedCompositeFieldContainer[Hours]
    entries: _containers.RepeatedCompositeFieldContainer[OfflineEntry]
    left_out: int
    def __init__(self, door: _Optional[str] = ..., revision: _Optional[str] = ..., made_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., valid_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., timezone: _Optional[str] = ..., schedule: _Optional[_Iterable[_Union[Hours, _Mapping]]] = ..., entries: _Optional[_Iterable[_Union[OfflineEntry, _Mapping]]] = ..., left_out: _Optional[int] = ...) -> None: ...

class OfflineEntry(_message.Message):
    __slots__ = ("plate", "card", "valid_from", "valid_until", "directions", "schedule")
    PLATE_FIELD_NUMBER: _ClassVar[int]
    CARD_FIELD_NUMBER: _ClassVar[int]
    VALID_FROM_FIELD_NUMBER: _ClassVar[int]
    VALID_UNTIL_FIELD_NUMBER: _ClassVar[int]
    DIRECTIONS_FIELD_NUMBER: _ClassVar[int]
    SCHEDULE_FIELD_NUMBER: _ClassVar[int]
    plate: str
    card: str
    valid_from: _timestamp_pb2.Timestamp
    valid_until: _timestamp_pb2.Timestamp
    directions: _containers.RepeatedScalarFieldContainer[_acs_pb2.Direction]
    schedule: _containers.RepeatedCompositeFieldContainer[Hours]
    def __init__(self, plate: _Optional[str] = ..., card: _Optional[str] = ..., valid_from: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., valid_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., directions: _Optional[_Iterable[_Union[_acs_pb2.Direction, str]]] = ..., schedule: _Optional[_Iterable[_Union[Hours, _Mapping]]] = ...) -> None: ...

import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Start(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    START_NEW: _ClassVar[Start]
    START_OLDEST: _ClassVar[Start]

class Severity(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SEVERITY_UNSPECIFIED: _ClassVar[Severity]
    SEVERITY_INFO: _ClassVar[Severity]
    SEVERITY_WARNING: _ClassVar[Severity]
    SEVERITY_ALARM: _ClassVar[Severity]

class Direction(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DIRECTION_UNSPECIFIED: _ClassVar[Direction]
    DIRECTION_ENTRY: _ClassVar[Direction]
    DIRECTION_EXIT: _ClassVar[Direction]
START_NEW: Start
START_OLDEST: Start
SEVERITY_UNSPECIFIED: Severity
SEVERITY_INFO: Severity
SEVERITY_WARNING: Severity
SEVERITY_ALARM: Severity
DIRECTION_UNSPECIFIED: Direction
DIRECTION_ENTRY: Direction
DIRECTION_EXIT: Direction

class StreamEventsRequest(_message.Message):
    __slots__ = ("kinds", "cameras", "cursor", "start", "thumbnails")
    KINDS_FIELD_NUMBER: _ClassVar[int]
    CAMERAS_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    THUMBNAILS_FIELD_NUMBER: _ClassVar[int]
    kinds: _containers.RepeatedScalarFieldContainer[str]
    cameras: _containers.RepeatedScalarFieldContainer[str]
    cursor: str
    start: Start
    thumbnails: bool
    def __init__(self, kinds: _Optional[_Iterable[str]] = ..., cameras: _Optional[_Iterable[str]] = ..., cursor: _Optional[str] = ..., start: _Optional[_Union[Start, str]] = ..., thumbnails: _Optional[bool] = ...) -> None: ...

class StreamEventsResponse(_message.Message):
    __slots__ = ("cursor", "hello", "event", "gap", "heartbeat")
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    HELLO_FIELD_NUMBER: _ClassVar[int]
    EVENT_FIELD_NUMBER: _ClassVar[int]
    GAP_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    cursor: str
    hello: Hello
    event: Event
    gap: Gap
    heartbeat: Heartbeat
    def __init__(self, cursor: _Optional[str] = ..., hello: _Optional[_Union[Hello, _Mapping]] = ..., event: _Optional[_Union[Event, _Mapping]] = ..., gap: _Optional[_Union[Gap, _Mapping]] = ..., heartbeat: _Optional[_Union[Heartbeat, _Mapping]] = ...) -> None: ...

class Hello(_message.Message):
    __slots__ = ("site", "server_version", "heartbeat_interval")
    SITE_FIELD_NUMBER: _ClassVar[int]
    SERVER_VERSION_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    site: str
    server_version: str
    heartbeat_interval: _duration_pb2.Duration
    def __init__(self, site: _Optional[str] = ..., server_version: _Optional[str] = ..., heartbeat_interval: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class Heartbeat(_message.Message):
    __slots__ = ("server_time",)
    SERVER_TIME_FIELD_NUMBER: _ClassVar[int]
    server_time: _timestamp_pb2.Timestamp
    def __init__(self, server_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Gap(_message.Message):
    __slots__ = ("reason", "after", "until", "events_max", "text")
    class Reason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        REASON_UNSPECIFIED: _ClassVar[Gap.Reason]
        REASON_EXPIRED: _ClassVar[Gap.Reason]
        REASON_RENEWED: _ClassVar[Gap.Reason]
    REASON_UNSPECIFIED: Gap.Reason
    REASON_EXPIRED: Gap.Reason
    REASON_RENEWED: Gap.Reason
    REASON_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    EVENTS_MAX_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    reason: Gap.Reason
    after: _timestamp_pb2.Timestamp
    until: _timestamp_pb2.Timestamp
    events_max: int
    text: str
    def __init__(self, reason: _Optional[_Union[Gap.Reason, str]] = ..., after: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., events_max: _Optional[int] = ..., text: _Optional[str] = ...) -> None: ...

class GetEventRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class Event(_message.Message):
    __slots__ = ("id", "version", "final", "idempotency_key", "kind", "camera", "opened_at", "closed_at", "published_at", "direction", "label", "confidence", "plate", "box", "photos", "function", "rule", "track", "models", "cause", "text", "settings_revision", "epoch", "frame_seq", "severity", "about", "author", "listed", "person", "missing", "value")
    ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    FINAL_FIELD_NUMBER: _ClassVar[int]
    IDEMPOTENCY_KEY_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    CAMERA_FIELD_NUMBER: _ClassVar[int]
    OPENED_AT_FIELD_NUMBER: _ClassVar[int]
    CLOSED_AT_FIELD_NUMBER: _ClassVar[int]
    PUBLISHED_AT_FIELD_NUMBER: _ClassVar[int]
    DIRECTION_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    PLATE_FIELD_NUMBER: _ClassVar[int]
    BOX_FIELD_NUMBER: _ClassVar[int]
    PHOTOS_FIELD_NUMBER: _ClassVar[int]
    FUNCTION_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    TRACK_FIELD_NUMBER: _ClassVar[int]
    MODELS_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    SETTINGS_REVISION_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    FRAME_SEQ_FIELD_NUMBER: _ClassVar[int]
    SEVERITY_FIELD_NUMBER: _ClassVar[int]
    ABOUT_FIELD_NUMBER: _ClassVar[int]
    AUTHOR_FIELD_NUMBER: _ClassVar[int]
    LISTED_FIELD_NUMBER: _ClassVar[int]
    PERSON_FIELD_NUMBER: _ClassVar[int]
    MISSING_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    id: str
    version: int
    final: bool
    idempotency_key: str
    kind: str
    camera: str
    opened_at: _timestamp_pb2.Timestamp
    closed_at: _timestamp_pb2.Timestamp
    published_at: _timestamp_pb2.Timestamp
    direction: Direction
    label: str
    confidence: float
    plate: Plate
    box: Box
    photos: _containers.RepeatedCompositeFieldContainer[Photo]
    function: str
    rule: str
    track: str
    models: _containers.RepeatedCompositeFieldContainer[Model]
    cause: str
    text: str
    settings_revision: int
    epoch: int
    frame_seq: int
    severity: Severity
    about: str
    author: str
    listed: str
    person: Person
    missing: _containers.RepeatedScalarFieldContainer[str]
    value: float
    def __init__(self, id: _Optional[str] = ..., version: _Optional[int] = ..., final: _Optional[bool] = ..., idempotency_key: _Optional[str] = ..., kind: _Optional[str] = ..., camera: _Optional[str] = ..., opened_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., closed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., published_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., direction: _Optional[_Union[Direction, str]] = ..., label: _Optional[str] = ..., confidence: _Optional[float] = ..., plate: _Optional[_Union[Plate, _Mapping]] = ..., box: _Optional[_Union[Box, _Mapping]] = ..., photos: _Optional[_Iterable[_Union[Photo, _Mapping]]] = ..., function: _Optional[str] = ..., rule: _Optional[str] = ..., track: _Optional[str] = ..., models: _Optional[_Iterable[_Union[Model, _Mapping]]] = ..., cause: _Optional[str] = ..., text: _Optional[str] = ..., settings_revision: _Optional[int] = ..., epoch: _Optional[int] = ..., frame_seq: _Optional[int] = ..., severity: _Optional[_Union[Severity, str]] = ..., about: _Optional[str] = ..., author: _Optional[str] = ..., listed: _Optional[str] = ..., person: _Optional[_Union[Person, _Mapping]] = ..., missing: _Optional[_Iterable[str]] = ..., value: _Optional[float] = ...) -> None: ...

class Person(_message.Message):
    __slots__ = ("id", "confidence")
    ID_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    id: str
    confidence: float
    def __init__(self, id: _Optional[str] = ..., confidence: _Optional[float] = ...) -> None: ...

class Plate(_message.Message):
    __slots__ = ("text", "folded", "confidence", "reads", "region", "sure")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    FOLDED_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    READS_FIELD_NUMBER: _ClassVar[int]
    REGION_FIELD_NUMBER: _ClassVar[int]
    SURE_FIELD_NUMBER: _ClassVar[int]
    text: str
    folded: str
    confidence: float
    reads: int
    region: str
    sure: bool
    def __init__(self, text: _Optional[str] = ..., folded: _Optional[str] = ..., confidence: _Optional[float] = ..., reads: _Optional[int] = ..., region: _Optional[str] = ..., sure: _Optional[bool] = ...) -> None: ...

class Box(_message.Message):
    __slots__ = ("left", "top", "right", "bottom")
    LEFT_FIELD_NUMBER: _ClassVar[int]
    TOP_FIELD_NUMBER: _ClassVar[int]
    RIGHT_FIELD_NUMBER: _ClassVar[int]
    BOTTOM_FIELD_NUMBER: _ClassVar[int]
    left: float
    top: float
    right: float
    bottom: float
    def __init__(self, left: _Optional[float] = ..., top: _Optional[float] = ..., right: _Optional[float] = ..., bottom: _Optional[float] = ...) -> None: ...

class Point(_message.Message):
    __slots__ = ("x", "y")
    X_FIELD_NUMBER: _ClassVar[int]
    Y_FIELD_NUMBER: _ClassVar[int]
    x: float
    y: float
    def __init__(self, x: _Optional[float] = ..., y: _Optional[float] = ...) -> None: ...

class Photo(_message.Message):
    __slots__ = ("url", "role", "captured_at", "shot_id", "plate_corners", "thumbnail")
    URL_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    CAPTURED_AT_FIELD_NUMBER: _ClassVar[int]
    SHOT_ID_FIELD_NUMBER: _ClassVar[int]
    PLATE_CORNERS_FIELD_NUMBER: _ClassVar[int]
    THUMBNAIL_FIELD_NUMBER: _ClassVar[int]
    url: str
    role: str
    captured_at: _timestamp_pb2.Timestamp
    shot_id: str
    plate_corners: _containers.RepeatedCompositeFieldContainer[Point]
    thumbnail: bytes
    def __init__(self, url: _Optional[str] = ..., role: _Optional[str] = ..., captured_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., shot_id: _Optional[str] = ..., plate_corners: _Optional[_Iterable[_Union[Point, _Mapping]]] = ..., thumbnail: _Optional[bytes] = ...) -> None: ...

class Model(_message.Message):
    __slots__ = ("name", "version", "sha256", "starter")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    STARTER_FIELD_NUMBER: _ClassVar[int]
    name: str
    version: str
    sha256: str
    starter: bool
    def __init__(self, name: _Optional[str] = ..., version: _Optional[str] = ..., sha256: _Optional[str] = ..., starter: _Optional[bool] = ...) -> None: ...

"""What postprocess shows the other stages: functions and their settings, lines, zones, reads, events.

Pure: no I/O, no clock.

Rules
- Coordinates are relative to the full frame (0..1, origin top left), times microseconds since 1970 UTC.
- A directed line runs a→b. A subject crosses *forward* when it goes from the left of a→b to its right, as seen by
  someone who stands at a and looks at b; with y pointing down that is cross(b-a, p-a) going from < 0 to > 0.
- An event is known by `event_id`; versions only grow, `opened_at_us` never changes after the first. A reader drops
  what is not newer than what it has.
"""

from __future__ import annotations

import uuid
from typing import Annotated, Any, Literal, cast, get_args

import msgspec

from ingest.contract import Box, Point, Token
from model_repository.contract import ModelRef

Relative = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
RelativePoint = tuple[Relative, Relative]

Severity = Literal["info", "warning", "alarm"]
Judgement = Literal["confirmed", "false_alarm", "corrected", "not_person"]
FEEDBACK = "feedback"
"""Kind and function of the events that people's feedback is."""

Act = Literal["acknowledged", "assigned", "escalated", "closed", "reopened"]
HANDLING = "handling"
"""Kind and function of the events that people's dealing with events is."""

MISSED = "missed_object"
"""Kind of the events that people make of what the system did not see (`function` is `FEEDBACK`)."""

EVENT_NAMESPACE = uuid.UUID("6f0a8f52-7c1e-5d8b-9a55-2d6c3f1b7e10")


class Line(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A directed tripwire a→b. `entry` says which way of crossing is an entry."""

    id: Token
    a: RelativePoint
    b: RelativePoint
    entry: Literal["forward", "backward"] = "forward"


class Zone(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A polygon of three points or more."""

    id: Token
    points: Annotated[tuple[RelativePoint, ...], msgspec.Meta(min_length=3, max_length=64)]


class Title(msgspec.Struct, frozen=True, kw_only=True):
    """What people read, in both languages."""

    en: str
    ru: str


Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ClockTime = Annotated[str, msgspec.Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


class Hours(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A span of the week in the site's time zone; `until` not after `since` means on the following day."""

    days: Annotated[tuple[Day, ...], msgspec.Meta(min_length=1, max_length=7)] = DAYS
    since: ClockTime = "00:00"
    until: ClockTime = "00:00"


Schedule = Annotated[tuple[Hours, ...], msgspec.Meta(max_length=32)]
"""When a rule holds; empty = always."""


class Region(msgspec.Struct, frozen=True, kw_only=True):
    """A place in the tree of the site (KV bucket `regions`, key = id). What it says of functions holds below it."""

    id: Token
    name: str
    parent: str = ""
    functions: dict[str, dict[str, Any]] = {}
    """Function → settings as written; a camera's own win, then the nearest region's."""


PARKING = "parking"
"""Key of a lot's settings among those of its region's functions, and `function` of its events."""


class Parking(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What makes a region a parking lot (`functions["parking"]` of a `Region`): its cameras' passages are paired."""

    capacity: Annotated[int, msgspec.Meta(ge=1, le=100_000)] | None = None
    lost_h: Annotated[float, msgspec.Meta(ge=1.0, le=8760.0)] = 48.0
    """Hours after which a vehicle that was not seen to leave counts as gone."""
    repeat_s: Annotated[float, msgspec.Meta(ge=0.0, le=3600.0)] = 60.0
    """The same plate going in (or out) again within this is the same passage, seen by another camera."""
    antipassback: Literal["off", "entry", "both"] = "off"
    """Warn of a plate that comes in while it is inside; with `both` also of one that leaves and was not."""


def lot_token(region: str) -> str:
    """What stands for a lot in the place of a camera, in subjects and events."""
    return f"lot-{region}"


class VehicleEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A plate on a list (KV bucket `vehicles`, key = id)."""

    id: Token
    plate: str
    list: Literal["allow", "deny", "guest"]
    valid_from_us: int | None = None
    valid_until_us: int | None = None
    schedule: tuple[Hours, ...] = ()
    directions: tuple[Literal["entry", "exit"], ...] = ("entry", "exit")
    owner: str = ""
    note: str = ""


class Employee(msgspec.Struct, frozen=True, kw_only=True):
    """A person who is known by name (KV bucket `people`, key = id); faces lie in the bucket `faces`."""

    id: Token
    name: str
    department: str = ""
    badge: str = ""
    watch: str = ""
    """The watch list that the person stands on; empty = an employee or a visitor."""
    valid_until_us: int | None = None
    basis: str = ""
    """Why the face may be kept and looked for (consent, contract, law, …); empty = nobody said."""
    basis_note: str = ""
    basis_at_us: int | None = None
    basis_until_us: int | None = None

    def known_by_face_at(self, at_us: int) -> bool:
        """Whether a face may be this person's: neither the person nor the basis for its face has run out."""
        return all(until_us is None or at_us < until_us for until_us in (self.valid_until_us, self.basis_until_us))


CalendarDay = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]


class Shift(msgspec.Struct, frozen=True, kw_only=True):
    """When a person is planned to work, by the site's clock; `until` not after `since` means on the following day."""

    date: CalendarDay
    since: ClockTime
    until: ClockTime
    break_min: Annotated[int, msgspec.Meta(ge=0, le=720)] = 0
    """Unpaid, somewhere within."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The shifts of a person in a month (KV bucket `shifts`, key `<person>.<YYYY-MM>`)."""

    person: Token
    month: str
    shifts: tuple[Shift, ...] = ()


class CameraFunction(msgspec.Struct, frozen=True, kw_only=True):
    """A module switched on for a camera (KV bucket `functions`, key `<camera>.<name>`)."""

    camera: Token
    name: Token
    enabled: bool = True
    settings: dict[str, Any] = {}
    """As written; the function's own type reads them, region settings and defaults fill what is left out."""
    revision: int = 0


class PlateRead(msgspec.Struct, frozen=True, kw_only=True, tag="plate"):
    """What plate_reader said of one shot; `text` empty = no readable plate."""

    text: str
    confidence: float
    char_confidence: tuple[float, ...] = ()
    quad: tuple[Point, ...] = ()
    """Corners tl, tr, br, bl relative to the full frame."""
    plate_score: float = 0.0
    region: str = ""


class FaceSample(msgspec.Struct, frozen=True, kw_only=True):
    """A face of a person (KV bucket `faces`, key `<person>.<id>`). Readable by `recognise` and the api alone."""

    id: Token
    person: Token
    embedding: bytes
    """float32, little-endian, unit length."""
    model: ModelRef
    """Weights that made it: an embedding means something to those only."""
    quality: float = 0.0
    source: str = ""
    """SHA-256 of the photograph, or `event:<id>`; the picture itself is not kept."""
    made_at_us: int = 0
    negative: bool = False
    """Somebody else who was taken for this person: a face nearer to this than to the person's own is not them."""


class FaceMatch(msgspec.Struct, frozen=True, kw_only=True):
    """A person of the gallery who looks like a face; `similarity` is the cosine, -1..1."""

    person: str
    similarity: float
    false_accept_rate: float = -1.0
    """At most this share of pairs of different people look at least so alike, by the weights' card; -1 = not told."""


class FaceRead(msgspec.Struct, frozen=True, kw_only=True, tag="face"):
    """What face_embedder said of one shot, and whom the gallery knows; `score` 0 = no face."""

    score: float
    box: Box | None = None
    """Of the face, relative to the full frame."""
    quality: float = 0.0
    """0..1, the whole of size, sharpness and pose."""
    embedding: bytes = b""
    """float32, little-endian, unit length."""
    liveness: float = -1.0
    """0..1; -1 = no model for it."""
    matches: tuple[FaceMatch, ...] = ()
    """The nearest persons, nearest first; several at most."""
    gallery_revision: int = 0


class EquipmentRead(msgspec.Struct, frozen=True, kw_only=True, tag="equipment"):
    """What ppe_classifier said of one shot: item → probability that it is worn, and 0..1 how far one can tell."""

    worn: dict[str, float] = {}
    known: dict[str, float] = {}


class DefectRead(msgspec.Struct, frozen=True, kw_only=True, tag="defect"):
    """What surface_defect said of one shot: distance from good surfaces, 1 = the limit; the same per tile of the shot.

    `tiles`: as many across as down, rows from the top, over the whole of the shot.
    """

    score: float
    tiles: tuple[float, ...] = ()


class OtherRead(msgspec.Struct, frozen=True, kw_only=True, tag="other"):
    """What a recogniser from outside said: numbers by name, and a text."""

    values: dict[str, float] = {}
    text: str = ""


ReadOf = PlateRead | FaceRead | EquipmentRead | DefectRead | OtherRead


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """What a recogniser said about a shot. Subject `zool.reads.<camera>`."""

    shot_id: str
    recogniser: Token
    camera: Token
    epoch: int
    track: str
    captured_at_us: int
    read: ReadOf
    model: ModelRef
    label: str = ""
    """Of the object in the shot."""
    box: Box | None = None
    """Of the object, as in the shot."""
    quality: float = 0.0
    """Of the shot, 0..1."""
    thumbnail: bytes = b""
    """JPEG ≤ 30 KB of the shot, for the event: rules see reads, not shots."""

    @property
    def message_id(self) -> str:
        """`<shot>.<recogniser>`."""
        return f"{self.shot_id}.{self.recogniser}"


class EventPhoto(msgspec.Struct, frozen=True, kw_only=True):
    """A crop behind an event: the shot's picture is in the store under `shot_id`."""

    shot_id: str
    captured_at_us: int
    role: Literal["best", "plate", "context"] = "best"
    quad: tuple[Point, ...] = ()
    thumbnail: bytes = b""
    """JPEG ≤ 30 KB: on screen before the store has the photo."""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened. Subject `zool.events.<camera>.<kind>`, message id `<event_id>.<version>`."""

    event_id: str
    version: int
    kind: Token
    camera: Token
    opened_at_us: int
    closed_at_us: int | None = None
    final: bool = False
    """No further version will follow, but for feedback and for reads that come late (the recogniser was away)."""
    function: str = ""
    rule: str = ""
    """The line or zone."""
    track: str = ""
    epoch: int = 0
    direction: Literal["", "entry", "exit"] = ""
    label: str = ""
    confidence: float = 0.0
    plate: str = ""
    plate_confidence: float = 0.0
    plate_reads: int = 0
    """How many reads voted."""
    box: Box | None = None
    photos: tuple[EventPhoto, ...] = ()
    models: tuple[ModelRef, ...] = ()
    settings_revision: int = 0
    frame_seq: int = 0
    cause: str = ""
    text: str = ""
    severity: Severity = "info"
    plate_region: str = ""
    """ISO 3166 alpha-2 in lower case, or empty."""
    listed: str = ""
    """The list that the plate or the person stands on: `allow`, `deny`, `guest`, or the name of a watch list."""
    person: str = ""
    """Id of the employee or watched person; empty = unidentified, or nobody."""
    person_confidence: float = 0.0
    items: dict[str, float] = {}
    """Equipment → probability that it is worn; of a known face `liveness`, where a model says it."""
    missing: tuple[str, ...] = ()
    """Equipment that the rule asks for and that is not worn."""
    value: float | None = None
    """By kind: seconds of stay or of a violation, persons in the zone, count so far, score of a defect."""
    plate_sure: bool = False
    """The plate is safe to act on before the event is final; see `postprocess.vote`."""
    about: str = ""
    """Id of the event that this one speaks of: feedback, parking."""
    author: str = ""
    """Name of the user who said it, where a person did."""
    tiles: tuple[float, ...] = ()
    """Heat map of a defect: as many tiles across as down, rows from the top, over the whole of the best photo."""

    @property
    def message_id(self) -> str:
        """`<event_id>.<version>`."""
        return f"{self.event_id}.{self.version}"


class Feedback(msgspec.Struct, frozen=True, kw_only=True):
    """What a person says of an event. It travels and is stored as an event of kind `feedback`; the newest counts."""

    event_id: str
    """Of the event that is judged."""
    camera: Token
    """Of that event."""
    user: str
    verdict: Judgement
    at_us: int
    plate: str = ""
    """The right plate; empty with `corrected` = there was none, or nobody can read it."""
    person: str = ""
    """The right person, or with `not_person` the one that it is not."""
    reason: str = ""

    def event(self) -> Event:
        """As it is published."""
        return Event(
            event_id=event_id(
                camera=self.camera,
                function=FEEDBACK,
                rule=self.verdict,
                kind=FEEDBACK,
                subject=self.event_id,
                occurrence=self.at_us,
            ),
            version=1,
            kind=FEEDBACK,
            camera=self.camera,
            opened_at_us=self.at_us,
            closed_at_us=self.at_us,
            final=True,
            function=FEEDBACK,
            plate=self.plate,
            person=self.person,
            cause=self.verdict,
            text=self.reason,
            about=self.event_id,
            author=self.user,
        )


def feedback_of(event: Event) -> Feedback | None:
    """The feedback that an event is; None for all others, and for a verdict that is not known here."""
    if event.kind != FEEDBACK or event.cause not in get_args(Judgement):
        return None
    return Feedback(
        event_id=event.about,
        camera=event.camera,
        user=event.author,
        verdict=cast("Judgement", event.cause),
        at_us=event.opened_at_us,
        plate=event.plate,
        person=event.person,
        reason=event.text,
    )


class Handling(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody does about an event. It travels and is stored as an event of kind `handling`; the newest counts."""

    event_id: str
    """Of the event that is dealt with."""
    camera: Token
    """Of that event."""
    user: str
    act: Act
    at_us: int
    assignee: str = ""
    """Whom it is given to, with `assigned`."""
    note: str = ""

    def event(self) -> Event:
        """As it is published: the act is its cause, the assignee its label."""
        return Event(
            event_id=event_id(
                camera=self.camera,
                function=HANDLING,
                rule=self.act,
                kind=HANDLING,
                subject=self.event_id,
                occurrence=self.at_us,
            ),
            version=1,
            kind=HANDLING,
            camera=self.camera,
            opened_at_us=self.at_us,
            closed_at_us=self.at_us,
            final=True,
            function=HANDLING,
            label=self.assignee,
            cause=self.act,
            text=self.note,
            about=self.event_id,
            author=self.user,
        )


def event_id(*, camera: str, function: str, rule: str, kind: str, subject: str, occurrence: int) -> str:
    """The same happening gives the same id, whoever computes it and however often (DESIGN, invariant 3)."""
    return str(uuid.uuid5(EVENT_NAMESPACE, "\x1f".join((camera, function, rule, kind, subject, str(occurrence)))))


_LOOKALIKES = str.maketrans("АВЕКМНОРСТУХ", "ABEKMHOPCTYX")


def fold_plate(text: str) -> str:
    """Plate text for comparing: upper case, no spaces or dashes, Cyrillic look-alikes as Latin."""
    return "".join(c for c in text.upper() if c.isalnum()).translate(_LOOKALIKES)


FACE_SUBJECT = "zool.rpc.face"
PHOTO_BYTES_MAX = 3 * 1024 * 1024
"""Of a photograph for enrolment: it has to fit into one message of the broker."""

FaceCause = Literal["none", "no_picture", "no_face", "several_faces", "too_small", "blurred", "turned_away", "refused"]


class FaceRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Asks `recognise` for the face of a photograph on `zool.rpc.face`."""

    jpeg: bytes
    """JPEG or PNG; none at all asks which weights are deployed."""
    person: str = ""
    """Whose face it is said to be: who else looks like it is looked for among all others."""
    strict: bool = True
    """Apply the quality gate of enrolment; a crop from a camera need not pass it."""


class FaceReply(msgspec.Struct, frozen=True, kw_only=True):
    """The face of a photograph, or the cause why it is of no use. Marks are 0..1."""

    cause: FaceCause
    detail: str = ""
    embedding: bytes = b""
    """float32, little-endian, unit length."""
    model: ModelRef | None = None
    quality: float = 0.0
    size: float = 0.0
    sharpness: float = 0.0
    pose: float = 0.0
    liveness: float = -1.0
    nearest: FaceMatch | None = None
    """The nearest other person."""
    own: float | None = None
    """Cosine to the nearest sample of the person, where there is one."""


FORGET_SUBJECT = "zool.rpc.forget"


class ForgetRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Asks `store` to delete all of a person, on `zool.rpc.forget`."""

    person: Token


class ForgetReply(msgspec.Struct, frozen=True, kw_only=True):
    """How much went, by table; `done` false = it goes on, or could not be done: ask again."""

    done: bool
    counts: dict[str, int] = {}
    detail: str = ""


class ClickHouseSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[clickhouse]` of config.ini."""

    host: str = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 8123
    user: str = "zool"
    password: str = ""
    database: str = "zool"

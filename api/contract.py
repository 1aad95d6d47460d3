"""HTTP shapes of the api, and its users.

Pure: no I/O, no clock.

Rules
- What people write (`CameraIn`, `CameraPatch`, `FunctionIn`, `ProbeIn`) forbids unknown fields; what goes out may grow.
- Times go out as RFC 3339 in UTC with microseconds; coordinates are relative to the full frame, 0..1, origin top left.
- No address leaves with its credentials.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from ingest.contract import Cause, Phase, Token, Transport
from model_repository.contract import ModelRef
from postprocess.contract import CalendarDay, ClockTime, Hours, Judgement, Parking, Schedule
from postprocess.functions.fields import FieldKind
from postprocess.shown import EventOut

CameraName = Annotated[str, msgspec.Meta(min_length=1, max_length=200, description="Shown to people, any script.")]
CameraUrl = Annotated[str, msgspec.Meta(min_length=1, max_length=2048, description="rtsp:// or rtsps://")]
AnalysisUrl = Annotated[
    str,
    msgspec.Meta(
        max_length=2048,
        description="A smaller stream of the same picture, to be looked at; `url` gives the crops. Empty: `url` only",
    ),
]
Region = Annotated[str, msgspec.Meta(max_length=200)]
Fps = Annotated[float, msgspec.Meta(ge=0.1, le=30.0)]
Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
MotionMask = Annotated[
    tuple[tuple[Share, Share], ...], msgspec.Meta(min_length=3, max_length=64, description="Polygon, relative")
]
MotionMasks = Annotated[
    tuple[MotionMask, ...],
    msgspec.Meta(max_length=16, description="Where movement alone is no reason for a look: a burnt-in clock, a tree"),
]
PrivacyMasks = Annotated[
    tuple[MotionMask, ...],
    msgspec.Meta(max_length=16, description="Of these places nothing leaves ingest: no detector, crop or picture"),
]

PictureKey = Literal[
    "after_s", "until_s", "black_level", "over_share", "covered_share", "moved_share", "blur_ratio", "noise_factor",
    "frozen_s", "fps_ratio", "bitrate_factor", "clock_s", "broken_share", "accept_s",
]  # fmt: skip
Thresholds = Annotated[
    dict[PictureKey, Annotated[float, msgspec.Meta(ge=0.001, le=604_800.0)]],
    msgspec.Meta(description="When its picture counts as bad, by the keys of `[picture]` in config.ini"),
]


Role = Literal["administrator", "operator", "viewer", "integration"]
"""What a user may do; `api.access_table` says what that is, call by call."""


class AccessToken(msgspec.Struct, frozen=True, kw_only=True):
    """A token of a user: it may do what both the user and its own role may. Only its hash is kept."""

    id: str
    name: str
    role: Role
    sha256: str
    made_at_us: int
    expires_at_us: int | None = None


class User(msgspec.Struct, frozen=True, kw_only=True):
    """Who may come in (KV bucket `users`, key = name). Only hashes of tokens and password are kept."""

    name: str
    title: str = ""
    role: Role | Literal["admin"] = "viewer"
    """`admin` is how administrators were written before there were roles."""
    regions: tuple[str, ...] = ()
    """Regions that the user is limited to, all below them included; empty = the whole site."""
    disabled: bool = False
    password: str = ""
    """As argon2id writes it; empty = no sign-in by password."""
    tokens: tuple[AccessToken, ...] = ()
    token_sha256: str = ""
    """A token without end or name, as users had one before `tokens`."""
    subject: str = ""
    """Whom the identity provider knows this user as: its issuer, a space, and `sub`."""

    @property
    def acts_as(self) -> Role:
        """The role."""
        return "administrator" if self.role == "admin" else self.role


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody signed in (KV bucket `sessions`, key `s.<id>`, the hash of the cookie's secret)."""

    user: str
    mark: str
    """Of the password that it was opened with: another password ends it."""
    made_at_us: int
    seen_at_us: int
    address: str = ""


class Used(msgspec.Struct, frozen=True, kw_only=True):
    """When a token was used last, to the minute (KV bucket `sessions`, key `used.<token id>`)."""

    at_us: int
    address: str = ""


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who makes a call, as far as rights go."""

    name: str
    roles: tuple[Role, ...]
    """All of them have to allow a call."""
    regions: tuple[str, ...] = ()
    came_by: Literal["owner", "token", "session"] = "token"
    """`owner`: the token of the token file."""
    key: str = ""
    """Id of the token or of the session."""
    csrf: str = ""
    """What a session's changes have to carry."""


class CameraIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new camera. Without `id` one is made."""

    name: CameraName
    url: CameraUrl
    id: Token | None = None
    analysis_url: AnalysisUrl = ""
    enabled: bool = True
    region: Region = ""
    analysis_fps: Fps | None = None
    transport: Transport = "tcp"
    motion_masks: MotionMasks = ()
    privacy_masks: PrivacyMasks = ()
    maintenance: bool = False
    """Somebody works on it: nobody is told that it is lost or that its picture is bad."""
    picture: Thresholds = {}


class CameraPatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Changes of a camera: fields left out stay as they are."""

    name: CameraName | msgspec.UnsetType = msgspec.UNSET
    url: CameraUrl | msgspec.UnsetType = msgspec.UNSET
    analysis_url: AnalysisUrl | msgspec.UnsetType = msgspec.UNSET
    enabled: bool | msgspec.UnsetType = msgspec.UNSET
    region: Region | msgspec.UnsetType = msgspec.UNSET
    analysis_fps: Fps | msgspec.UnsetType | None = msgspec.UNSET
    transport: Transport | msgspec.UnsetType = msgspec.UNSET
    motion_masks: MotionMasks | msgspec.UnsetType = msgspec.UNSET
    privacy_masks: PrivacyMasks | msgspec.UnsetType = msgspec.UNSET
    maintenance: bool | msgspec.UnsetType = msgspec.UNSET
    picture: Thresholds | msgspec.UnsetType = msgspec.UNSET


class ProbeIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An address to try out."""

    url: CameraUrl
    transport: Transport = "tcp"


class ProbeOut(msgspec.Struct, frozen=True, kw_only=True):
    """What is behind an address: codec, size, rate and a snapshot, or the cause in words."""

    ok: bool
    cause: Cause = "none"
    detail: str = ""
    codec: str = ""
    width: int = 0
    height: int = 0
    fps: float = 0.0
    snapshot: str = ""
    """JPEG, base64."""


class CameraStateOut(msgspec.Struct, frozen=True, kw_only=True):
    """Where a camera stands. `unknown`: ingest has said nothing of it for some seconds."""

    phase: Phase | Literal["unknown"]
    cause: Cause = "none"
    detail: str = ""
    since: str | None = None
    codec: str = ""
    width: int = 0
    height: int = 0
    fps: float = 0.0
    frames_decoded: int = 0
    frames_analysed: int = 0
    frames_gated: int = 0
    frames_dropped: int = 0
    inference_ok: bool = True
    crops: Literal["", "main", "analysis"] = ""
    """Which stream crops come from, where the camera has two."""
    crops_detail: str = ""
    """Why they do not come from the main one."""
    faults: tuple[str, ...] = ()
    """What is wrong with its pictures, where the phase is `degraded`; `detail` has it in words."""
    frames_broken: int = 0


class CameraOut(msgspec.Struct, frozen=True, kw_only=True):
    """A camera as set up, and its state. Addresses are masked."""

    id: str
    name: str
    url: str
    analysis_url: str
    enabled: bool
    region: str
    analysis_fps: float | None
    transport: Transport
    motion_masks: MotionMasks
    privacy_masks: PrivacyMasks
    functions: tuple[str, ...]
    """Those that are switched on."""
    maintenance: bool
    picture: dict[str, float]
    etag: str
    state: CameraStateOut


class CameraList(msgspec.Struct, frozen=True, kw_only=True):
    """All cameras, ordered by name."""

    items: tuple[CameraOut, ...]


class FunctionIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A function of a camera as it is to be; which settings there are depends on the function."""

    enabled: bool = True
    settings: dict[str, Any] = {}


Source = Literal["function", "region", "camera", "config", "default"]


class Effective(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A value that holds, and who set it."""

    value: Any
    source: Source
    region: str = ""
    """Which one, where a region says it."""


class FunctionOut(msgspec.Struct, frozen=True, kw_only=True):
    """A function of a camera: settings as written, and the values that hold."""

    camera: str
    name: str
    enabled: bool
    settings: dict[str, Any]
    """What was written, and the function's defaults for the rest."""
    written: dict[str, Any]
    """What was written alone: sent back so, everything else stays inherited."""
    effective: dict[str, Effective]
    etag: str


class FunctionList(msgspec.Struct, frozen=True, kw_only=True):
    """Functions of one camera, and those that could be switched on."""

    items: tuple[FunctionOut, ...]
    available: tuple[str, ...]
    inherited: dict[str, dict[str, Effective]]
    """Function → setting → what holds where the camera says nothing."""


class KindOut(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of event; `title` by language."""

    name: str
    title: dict[str, str]
    severity: str


class FieldOut(msgspec.Struct, frozen=True, kw_only=True):
    """A setting as a form needs it, in the order of the form; `title` and `about` by language."""

    name: str
    kind: FieldKind
    title: dict[str, str]
    about: dict[str, str]
    fine: bool
    """Rarely touched: forms keep it folded away."""
    nullable: bool
    """Null is a value of its own: the function or config.ini chooses."""
    unit: str
    min: float | None
    max: float | None
    choices: tuple[str, ...]
    items_max: int | None
    items: tuple[FieldOut, ...]
    """Of each record, for the kinds `records` and `named`."""


class ModuleOut(msgspec.Struct, frozen=True, kw_only=True):
    """A function that can be switched on for a camera; `settings` is the JSON schema of what it takes."""

    name: str
    title: dict[str, str]
    about: dict[str, str]
    fields: tuple[FieldOut, ...]
    kinds: tuple[KindOut, ...]
    recognisers: tuple[str, ...]
    """Ensembles that it asks about crops."""
    settings: dict[str, Any]
    defaults: dict[str, Any]


class ModuleList(msgspec.Struct, frozen=True, kw_only=True):
    """Every function that is installed."""

    items: tuple[ModuleOut, ...]


PlateText = Annotated[str, msgspec.Meta(min_length=1, max_length=24, description="In either alphabet.")]
Note = Annotated[str, msgspec.Meta(max_length=500)]
ListName = Literal["allow", "deny", "guest"]
Way = Literal["entry", "exit"]
Ways = Annotated[tuple[Way, ...], msgspec.Meta(min_length=1, max_length=2)]


class VehicleIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A plate on a list. Without `id` one is made of list and plate; without times it holds always."""

    plate: PlateText
    list: ListName
    id: Token | None = None
    valid_from: str | None = None
    """RFC 3339."""
    valid_until: str | None = None
    """RFC 3339; this moment is no longer in it."""
    schedule: Schedule = ()
    directions: Ways = ("entry", "exit")
    owner: Note = ""
    note: Note = ""


class VehicleOut(msgspec.Struct, frozen=True, kw_only=True):
    """A plate on a list; `plate_folded` is what plates are compared by."""

    id: str
    plate: str
    plate_folded: str
    list: ListName
    valid_from: str | None
    valid_until: str | None
    schedule: tuple[Hours, ...]
    directions: tuple[Way, ...]
    owner: str
    note: str
    etag: str


class VehicleList(msgspec.Struct, frozen=True, kw_only=True):
    """Entries by plate; `total` of all that were asked for, `next_after` null on the last page."""

    items: tuple[VehicleOut, ...]
    total: int
    next_after: str | None


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What an import did, or would do."""

    added: int
    changed: int
    unchanged: int
    dry_run: bool


class LotIn(Parking, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A region as a parking lot. Without `name` and `parent` the region's own stay."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)] | None = None
    parent: Annotated[str, msgspec.Meta(max_length=64)] | None = None


class LotOut(msgspec.Struct, frozen=True, kw_only=True):
    """A lot; `free` is null where it has no capacity."""

    id: str
    name: str
    parent: str
    capacity: int | None
    lost_h: float
    repeat_s: float
    antipassback: str
    occupied: int
    free: int | None
    etag: str


class LotList(msgspec.Struct, frozen=True, kw_only=True):
    """All lots, by name."""

    items: tuple[LotOut, ...]


StayState = Literal["open", "closed", "no_exit", "no_entry"]


class StayOut(msgspec.Struct, frozen=True, kw_only=True):
    """A vehicle in a lot, from its entry to its exit as far as they were seen."""

    id: str
    lot: str
    state: StayState
    plate: str
    plate_region: str
    listed: str
    label: str
    entered_at: str | None
    left_at: str | None
    stay_s: float | None
    alike: bool
    """The plates of entry and exit differ in one character."""
    entry_event: str
    exit_event: str


class StayList(msgspec.Struct, frozen=True, kw_only=True):
    """A page of stays, newest first; `next_cursor` is null on the last one."""

    items: tuple[StayOut, ...]
    next_cursor: str | None


class FeedbackIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person says of an event. `corrected` with an empty plate: there was none, or nobody can read it."""

    verdict: Judgement
    plate: Annotated[str, msgspec.Meta(max_length=24)] = ""
    person: Annotated[str, msgspec.Meta(max_length=64)] = ""
    reason: Note = ""


class PlateIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The right plate of a passage; empty = there was none, or nobody can read it."""

    plate: Annotated[str, msgspec.Meta(max_length=24)]
    reason: Note = ""


class ReplayIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A span of the past, and the settings to try on it; without settings those that hold now."""

    since: str
    until: str
    settings: dict[str, Any] | None = None


class ReplayOut(msgspec.Struct, frozen=True, kw_only=True):
    """What was said of the span, what the settings would have said, and how both differ."""

    looks: int
    """Frame reports and reads that were replayed."""
    was: tuple[EventOut, ...]
    would: tuple[EventOut, ...]
    same: tuple[tuple[str, str], ...]
    """Ids of events that both sides have: was, would be."""
    gone: tuple[str, ...]
    new: tuple[str, ...]


class EventList(msgspec.Struct, frozen=True, kw_only=True):
    """A page of events, newest first; `next_cursor` is null on the last one."""

    items: tuple[EventOut, ...]
    next_cursor: str | None


class LetterOut(msgspec.Struct, frozen=True, kw_only=True):
    """A dead letter: a message that a stage could not process."""

    seq: int
    """Its place among the dead letters, by which it is named."""
    stage: str
    reason: str
    kind: str
    """What the message was: report, shot, read, event; empty = not known."""
    subject: str
    camera: str
    died_at: str
    message_seq: int
    message_id: str
    size_bytes: int
    replayable: bool
    content: Any = None
    """What the message holds, masked, without pictures; only where one letter is asked for."""


class LetterList(msgspec.Struct, frozen=True, kw_only=True):
    """Dead letters in the order in which they came. `next_after` is null where there are no more."""

    items: tuple[LetterOut, ...]
    next_after: int | None
    last: int
    """Sequence of the newest of all."""
    total: int
    """How many there are, of whatever kind."""


class LettersIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which letters an act is for: all that every given field lets through."""

    stage: str = ""
    camera: str = ""
    reason: Annotated[str, msgspec.Meta(max_length=200)] = ""
    since: str = ""
    until: str = ""
    after: Annotated[int, msgspec.Meta(ge=0)] = 0
    """Only those behind this one: `next_after` of the answer before."""
    upto: Annotated[int, msgspec.Meta(ge=0)] | None = None
    """Only up to this one; without it, up to the newest at the time of the call."""
    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 500


class Resumed(msgspec.Struct, frozen=True, kw_only=True):
    """A stage was told to go on."""

    stage: str
    was_stopped: bool


class LettersDone(msgspec.Struct, frozen=True, kw_only=True):
    """What was done. `next_after` is null when nothing is left; otherwise the same call with it as `after` goes on."""

    done: int
    refused: int
    """Letters that can't be said again: they stay."""
    next_after: int | None
    upto: int


class Component(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a part is there."""

    ok: bool
    detail: str = ""


class Live(msgspec.Struct, frozen=True, kw_only=True):
    """The process answers."""

    live: bool = True


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the api can do its work, by component; `site` and `version` are for the console's header."""

    ready: bool
    site: str
    version: str
    components: dict[str, Component]


PersonName = Annotated[str, msgspec.Meta(min_length=1, max_length=200, description="Shown to people, any script.")]
ShortText = Annotated[str, msgspec.Meta(max_length=200)]
WatchList = Annotated[
    str,
    msgspec.Meta(pattern=r"^([a-z0-9][a-z0-9_-]{0,63})?$", description="Watch list; empty = an employee or visitor"),
]


Basis = Literal["", "consent", "contract", "law", "vital", "public", "interest"]
"""Why a face may be processed (GDPR 6; 152-FZ 6 and 11 alike); empty = nobody said."""
BasisNote = Annotated[str, msgspec.Meta(max_length=500, description="Which paper, and where it lies")]


class PersonIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new person. Without `id` one is made."""

    name: PersonName
    id: Token | None = None
    department: ShortText = ""
    badge: ShortText = ""
    watch: WatchList = ""
    valid_until: str | None = None
    """RFC 3339; from then on the person is nobody to the rules."""
    basis: Basis = ""
    basis_note: BasisNote = ""
    basis_at: str | None = None
    """RFC 3339; null = nobody said when it began: it holds."""
    basis_until: str | None = None
    """RFC 3339; from then on no face is this person's."""


class PersonPatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Changes of a person: fields left out stay as they are."""

    name: PersonName | msgspec.UnsetType = msgspec.UNSET
    department: ShortText | msgspec.UnsetType = msgspec.UNSET
    badge: ShortText | msgspec.UnsetType = msgspec.UNSET
    watch: WatchList | msgspec.UnsetType = msgspec.UNSET
    valid_until: str | msgspec.UnsetType | None = msgspec.UNSET
    basis: Basis | msgspec.UnsetType = msgspec.UNSET
    basis_note: BasisNote | msgspec.UnsetType = msgspec.UNSET
    basis_at: str | msgspec.UnsetType | None = msgspec.UNSET
    basis_until: str | msgspec.UnsetType | None = msgspec.UNSET


class PersonOut(msgspec.Struct, frozen=True, kw_only=True):
    """A person who is known by name."""

    id: str
    name: str
    department: str
    badge: str
    watch: str
    valid_until: str | None
    basis: str
    basis_note: str
    basis_at: str | None
    basis_until: str | None
    etag: str


class PersonList(msgspec.Struct, frozen=True, kw_only=True):
    """A page of people, ordered by name; `next_after` is null on the last one."""

    items: tuple[PersonOut, ...]
    next_after: str | None
    total: int
    """How many there are that match."""


class SampleOut(msgspec.Struct, frozen=True, kw_only=True):
    """A face that a person is known by. The picture itself is not kept."""

    id: str
    quality: float
    source: str
    """SHA-256 of the photo, or `event:<id>`."""
    made_at: str
    model: ModelRef
    usable: bool | None
    """False: other weights made it than those deployed, it is not used; null: recognition does not answer."""
    negative: bool
    """Somebody else who was taken for this person."""


class SampleList(msgspec.Struct, frozen=True, kw_only=True):
    """Faces of a person, the oldest first."""

    items: tuple[SampleOut, ...]


class AlikeOut(msgspec.Struct, frozen=True, kw_only=True):
    """Another person who looks suspiciously like this one."""

    person: str
    name: str
    similarity: float
    """Cosine, -1..1."""
    false_accept_rate: float | None
    """Share of pairs of different people who look at least this alike, as measured; null = not known."""


class EnrolOut(msgspec.Struct, frozen=True, kw_only=True):
    """A photo that was taken in. Marks are 0..1."""

    sample: SampleOut
    quality: float
    size: float
    sharpness: float
    pose: float
    liveness: float | None
    similarity: float | None
    """Cosine to the person's nearest earlier photo; null where it is the first."""
    alike: AlikeOut | None
    unlike_before: bool
    """It does not look like the person's earlier photos: is it the right one?"""


class MistakeIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An event in which somebody else was taken for the person."""

    event: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class ShiftIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A planned shift; `until` not after `since` means on the following day."""

    person: Token
    date: CalendarDay
    since: ClockTime
    until: ClockTime
    break_min: Annotated[int, msgspec.Meta(ge=0, le=720)] = 0


class ShiftsDone(msgspec.Struct, frozen=True, kw_only=True):
    """What a table of shifts became."""

    shifts: int
    people: int
    since: str
    until: str


class ShiftList(msgspec.Struct, frozen=True, kw_only=True):
    """Planned shifts, by day and person."""

    items: tuple[ShiftIn, ...]


class TimesheetRow(msgspec.Struct, frozen=True, kw_only=True):
    """A person on a day: a shift and what became of it, or unplanned time (no `since`). Minutes."""

    person: str
    name: str
    department: str
    date: str
    since: str | None
    until: str | None
    first: str | None
    """Seen first in or around the shift, by the site's clock."""
    last: str | None
    """Null while it goes on."""
    planned_min: int
    there_min: int
    night_min: int
    """Of it, from 22 to 6 by the site's clock."""
    break_min: int
    """Of it, what is left of the unpaid break beside what was spent outside; none of less than half a shift."""
    present_min: int
    presence_share: float | None
    late_min: int
    early_min: int
    overtime_min: int
    absent: bool
    open: bool
    unpaired: int
    """Entries without an exit and exits without an entry: time that can't be told."""


class Timesheet(msgspec.Struct, frozen=True, kw_only=True):
    """Planned against seen, by day and person."""

    timezone: str
    items: tuple[TimesheetRow, ...]


class InsideOut(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody inside."""

    person: str
    name: str
    department: str
    since: str
    camera: str
    by: str
    """`entry` or `presence`."""


class MusterOut(msgspec.Struct, frozen=True, kw_only=True):
    """Who is inside now, as far as was seen; `unidentified` people have no name."""

    at: str
    inside: tuple[InsideOut, ...]
    unidentified: int


class ErasureOut(msgspec.Struct, frozen=True, kw_only=True):
    """What was erased of a person in this call. Not `finished`: call again, it goes on."""

    person: str
    finished: bool
    settings: dict[str, int]
    """Bucket → entries: `people`, `faces`, `shifts`."""
    messages: dict[str, int]
    """Stream → messages that named the person, or showed the same tracks."""
    store: dict[str, int] | None
    """Table → rows; null while the store is not through."""
    detail: str
    seconds: float

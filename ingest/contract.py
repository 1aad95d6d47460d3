"""What ingest shows the other stages: cameras, frames, detections, shots, plans, streams and subjects.

Pure: no I/O, no clock. Wire types are msgpack (`encode`/`decode` below), settings in key-value buckets are JSON.

Rules
- Boxes are relative to the full frame, 0..1, origin top left; times are microseconds since 1970 UTC (`_us`).
- Wire and stored types ignore unknown fields and grow by defaulted ones; what people write is checked in `api`.
- `epoch` fences: the revision of the camera's lease. A reader drops a lower epoch once it saw a higher one.
- A message id is a pure function of its content, so that a repeat is recognised by id.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeVar
from urllib.parse import urlsplit

import msgspec

from model_repository.contract import ModelRef

T = TypeVar("T")
Box = tuple[float, float, float, float]
Point = tuple[float, float]
Token = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
"""One ASCII token of a NATS subject: camera ids, kinds, recognisers."""


def encode(message: msgspec.Struct) -> bytes:
    """Wire form of a message (msgpack)."""
    return msgspec.msgpack.encode(message)


def decode(payload: bytes, kind: type[T]) -> T:
    """Read a wire message; raises `msgspec.DecodeError`/`ValidationError` on garbage (a poison message)."""
    return msgspec.msgpack.decode(payload, type=kind)


SYSTEM = "system"
"""Stands where a camera stands in events of the system itself: no camera may have this id."""

Transport = Literal["tcp", "udp", "multicast"]


class Camera(msgspec.Struct, frozen=True, kw_only=True):
    """A camera as set up (KV bucket `cameras`, key = id). Addresses may hold credentials: mask before showing."""

    id: Token
    name: str
    url: str
    analysis_url: str = ""
    """A smaller stream of the same picture: it is looked at, and `url` gives the crops. Empty = `url` does both."""
    enabled: bool = True
    region: str = ""
    analysis_fps: float | None = None
    transport: Transport = "tcp"
    motion_masks: tuple[tuple[Point, ...], ...] = ()
    """Polygons in which movement alone is no reason for a look: a burnt-in clock, a tree."""
    privacy_masks: tuple[tuple[Point, ...], ...] = ()
    """Polygons of which nothing leaves ingest: not to detectors, not in crops, not in pictures."""
    sealed: str = ""
    """The whole addresses, where those above are masked (`ingest.sealed`): for who has the key."""
    maintenance: bool = False
    """Somebody works on it: it is looked at, but nobody is told that it is lost or that its picture is bad."""
    picture: dict[str, float] = {}
    """Thresholds of its picture's health, by the keys of `[picture]` in config.ini; what is not named is from there."""


class FrameStamp(msgspec.Struct, frozen=True, kw_only=True):
    """Which picture: order within a camera is (epoch, seq)."""

    camera: Token
    epoch: int
    seq: int
    captured_at_us: int
    clock: Literal["rtcp", "arrival"] = "arrival"


class Detection(msgspec.Struct, frozen=True, kw_only=True):
    """One box of one frame, after tracking. `track` is empty for a box that no track took (or not yet)."""

    box: Box
    label: str
    """By the votes of the track's boxes; the detector's own for a box without a track."""
    confidence: float
    track: str = ""
    label_seen: str = ""
    """What the detector called this very box, where the votes say otherwise."""
    detector: str = ""
    """The further detector (ensemble) that saw it; empty = the first one."""


class FrameReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen on one looked-at frame; no detections means "looked, nothing" (`zool.detections.<camera>`)."""

    stamp: FrameStamp
    detections: tuple[Detection, ...] = ()
    ended_tracks: tuple[str, ...] = ()
    """Tracks that the tracker gave up with this frame: nothing more will be said of them."""
    model: ModelRef
    width: int
    height: int
    """Size of the full frame in pixels."""
    before_us: int = 0
    """Stamp of the look before this one; frames in which nothing had changed were looked at, too, without a report.
    0 = not said."""
    further: dict[str, ModelRef] = {}
    """Further detectors (ensemble → weights) that looked at this frame, too; one that is not named did not look."""

    @property
    def message_id(self) -> str:
        """`<camera>.<epoch>.<seq>`."""
        return f"{self.stamp.camera}.{self.stamp.epoch}.{self.stamp.seq}"


class Shot(msgspec.Struct, frozen=True, kw_only=True):
    """A crop worth recognising. Subject `zool.shots.<recogniser>.<camera>`."""

    shot_id: str
    stamp: FrameStamp
    recogniser: Token
    track: str
    label: str
    box: Box
    """Of the object."""
    crop: Box
    """Of the picture in `jpeg`: the object's box enlarged by `BoundingBox`, clipped to the frame."""
    jpeg: bytes
    width: int
    height: int
    """Of the crop, in pixels."""
    quality: float
    """0..1, comparable within a track."""
    ordinal: int
    """0 for the first shot of its track, or of the camera's epoch where it shows a fixed area (no track, no label)."""


class ShotPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """When a recogniser wants a crop of a track: the first usable one, then on quality gains, at most N."""

    recogniser: Token
    labels: tuple[str, ...]
    side_px_min: int = 64
    """Shorter side of the object's box, in pixels of the full frame."""
    shots_max: int = 8
    gain_min: float = 0.08
    gap_ms_min: int = 150
    again_s: float | None = None
    """One more shot this often, beyond `shots_max` too, as long as the track lives: what is worn may change."""


class FrameShotPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """A recogniser wants a fixed area of the picture again and again, whatever stands there."""

    recogniser: Token
    area: Box = (0.0, 0.0, 1.0, 1.0)
    every_s: float = 5.0


class DetectorPlan(msgspec.Struct, frozen=True, kw_only=True):
    """A further detector that looks at a camera's frames beside the first one."""

    ensemble: Token
    class_floor: dict[str, float]
    """Confidence per label, applied after association; labels not named here are not published."""
    fps_max: float | None = None
    """It looks no more often than this; None = at every frame that the first one sees."""


class IngestPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What a camera's functions ask of ingest (KV bucket `plans`, key = camera id), compiled by postprocess."""

    camera: Token
    revision: int = 0
    analysis_fps: float | None = None
    class_floor: dict[str, float] = {}
    """Confidence per label, applied after association; labels not named here are not published."""
    masks: tuple[tuple[Point, ...], ...] = ()
    every_look: bool = False
    """No motion gate: the detector sees every due frame."""
    shots: tuple[ShotPolicy, ...] = ()
    frame_shots: tuple[FrameShotPolicy, ...] = ()
    detectors: tuple[DetectorPlan, ...] = ()


Phase = Literal["disabled", "connecting", "live", "degraded", "lost", "maintenance"]
Cause = Literal[
    "none", "dns", "refused", "timeout", "auth", "not_found", "no_video", "codec", "broken", "decoder", "unsafe_url"
]
PictureFault = Literal[
    "network_loss", "decoder_overload", "camera_fault",
    "black", "over_exposed", "covered", "blurred", "moved", "frozen", "noise", "low_fps", "bitrate", "clock",
]  # fmt: skip
"""What can be wrong with pictures that come; the first named is the one that is told where there are several."""


class CameraState(msgspec.Struct, frozen=True, kw_only=True):
    """Where a camera stands, sent once a second on core NATS `zool.state.<camera>` (not stored)."""

    camera: Token
    phase: Phase
    cause: Cause = "none"
    detail: str = ""
    """The cause in English words, with credentials masked."""
    since_us: int = 0
    epoch: int = 0
    codec: str = ""
    width: int = 0
    height: int = 0
    fps: float = 0.0
    frames_decoded: int = 0
    frames_analysed: int = 0
    frames_gated: int = 0
    """Frames due for analysis in which nothing had changed."""
    frames_dropped: int = 0
    """Frames due for analysis that were dropped (newest wins, deadline, Triton away)."""
    inference_ok: bool = True
    crops: Literal["", "main", "analysis"] = ""
    """Which stream crops come from, where there are two."""
    crops_detail: str = ""
    """Why they do not come from the main one, in English words, with credentials masked."""
    faults: tuple[str, ...] = ()
    """What is wrong with its pictures (`PictureFault`), the one that is told first."""
    frames_broken: int = 0
    """Frames due for analysis that were not looked at because they were smeared or built on what is missing."""


class NoticePhoto(msgspec.Struct, frozen=True, kw_only=True):
    """The picture behind a notice; reads as a `postprocess` EventPhoto."""

    shot_id: str
    captured_at_us: int
    thumbnail: bytes
    """JPEG of at most 30 KB."""


class CameraNotice(msgspec.Struct, frozen=True, kw_only=True):
    """An event that ingest itself writes to `zool.events.<camera>.<kind>`; reads as a `postprocess` Event."""

    event_id: str
    version: int
    kind: Literal["camera_lost", "camera_restored", "camera_blind", "camera_degraded"]
    camera: Token
    opened_at_us: int
    closed_at_us: int | None = None
    final: bool = True
    cause: str = ""
    text: str = ""
    rule: str = ""
    """What is wrong, of a `camera_degraded`: part of its id, so that two faults are two events."""
    photos: tuple[NoticePhoto, ...] = ()
    severity: Literal["info", "warning"] = "info"


class ProbeRequest(msgspec.Struct, frozen=True, kw_only=True):
    """`cameras/test`: asked of ingest by request/reply on `zool.rpc.probe`."""

    url: str
    transport: Transport = "tcp"
    masks: tuple[tuple[Point, ...], ...] = ()
    """What the picture must not show: privacy masks of a camera that has this address already."""


class ProbeReply(msgspec.Struct, frozen=True, kw_only=True):
    """What a probe found: either codec, size, fps and a snapshot, or the cause in words."""

    ok: bool
    cause: Cause = "none"
    detail: str = ""
    codec: str = ""
    width: int = 0
    height: int = 0
    fps: float = 0.0
    jpeg: bytes = b""


class SnapshotRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Asks for the newest picture of a camera; an empty payload means the defaults."""

    width_max: Annotated[int, msgspec.Meta(ge=32, le=8192)] = 960


class SnapshotReply(msgspec.Struct, frozen=True, kw_only=True):
    """Newest picture of a camera, asked on `zool.rpc.snapshot.<camera>`; `jpeg` empty = none, see `detail`."""

    jpeg: bytes = b""
    captured_at_us: int = 0
    width: int = 0
    height: int = 0
    """Of the JPEG."""
    detail: str = ""


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A message that a stage could not process. Subject `zool.dead.<stage>`."""

    subject: str
    """Of the message."""
    seq: int
    """Of the message, in its own stream."""
    reason: str
    payload: bytes
    message_id: str = ""
    """Of the message; empty where it had none."""


class StreamSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A JetStream stream: every process makes sure that those it uses exist."""

    name: str
    subjects: tuple[str, ...]
    age_s_max: int
    bytes_max: int
    append_only: bool = False
    """The broker refuses to take messages out of it before their time."""


_MIB = 1024 * 1024
_UNDELIVERED = "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES"
STREAMS: dict[str, StreamSpec] = {
    spec.name: spec
    for spec in (
        StreamSpec(name="DETECTIONS", subjects=("zool.detections.*",), age_s_max=900, bytes_max=2048 * _MIB),
        StreamSpec(name="SHOTS", subjects=("zool.shots.*.*",), age_s_max=86_400, bytes_max=20_480 * _MIB),
        StreamSpec(name="READS", subjects=("zool.reads.*",), age_s_max=86_400, bytes_max=1024 * _MIB),
        StreamSpec(name="EVENTS", subjects=("zool.events.*.*",), age_s_max=604_800, bytes_max=5120 * _MIB),
        # What was sent to whom (`deliver`), and what is to be sent to one target again, out of the dead letters.
        StreamSpec(name="DELIVERIES", subjects=("zool.deliveries.*",), age_s_max=2_592_000, bytes_max=64 * _MIB),
        StreamSpec(name="REDELIVER", subjects=("zool.deliver.*.*.*",), age_s_max=604_800, bytes_max=256 * _MIB),
        StreamSpec(name="DEAD", subjects=("zool.dead.*",), age_s_max=2_592_000, bytes_max=1024 * _MIB),
        # Who did what at the api: links of a chain.
        StreamSpec(
            name="AUDIT", subjects=("zool.audit",), age_s_max=157_680_000, bytes_max=2048 * _MIB, append_only=True
        ),
        # What the broker says of messages that nobody acknowledged, for those who were dead when it said so.
        StreamSpec(name="ADVISORIES", subjects=(f"{_UNDELIVERED}.>",), age_s_max=604_800, bytes_max=16 * _MIB),
    )
}
BUCKETS = (
    "cameras", "functions", "regions", "vehicles", "people", "faces", "shifts", "packages",
    "plans", "leases", "shares", "snapshots", "users", "sessions", "doors", "targets", "delivery-rules",
)  # fmt: skip

PROBE_SUBJECT = "zool.rpc.probe"


def detections_subject(camera: str) -> str:
    """Where the frame reports of a camera go."""
    return f"zool.detections.{camera}"


def shots_subject(recogniser: str, camera: str) -> str:
    """Where the shots of a camera for a recogniser go."""
    return f"zool.shots.{recogniser}.{camera}"


def reads_subject(camera: str) -> str:
    """Where the reads of a camera go."""
    return f"zool.reads.{camera}"


def events_subject(camera: str, kind: str) -> str:
    """Where the events of a camera go."""
    return f"zool.events.{camera}.{kind}"


def redeliver_subject(target: str, camera: str, kind: str) -> str:
    """Where an event goes that is to be sent to one target again."""
    return f"zool.deliver.{target}.{camera}.{kind}"


def dead_subject(stage: str) -> str:
    """Where a stage puts what it can't process."""
    return f"zool.dead.{stage}"


def undelivered_subject(stream: str, durable: str) -> str:
    """Where the broker says that a message was delivered for the last time, and not acknowledged."""
    return f"{_UNDELIVERED}.{stream}.{durable}"


def resume_subject(stage: str) -> str:
    """Where a stage that stopped is told to go on."""
    return f"zool.rpc.resume.{stage}"


def camera_of(subject: str) -> str:
    """The camera that a subject of DETECTIONS, SHOTS, READS, EVENTS or REDELIVER names; empty for any other."""
    match subject.split("."):
        case ["zool", "detections" | "reads", camera] | ["zool", "shots", _, camera] | ["zool", "events", camera, _]:
            return camera
        case ["zool", "deliver", _, camera, _]:
            return camera
    return ""


def state_subject(camera: str) -> str:
    """Where the state of a camera is told, once a second."""
    return f"zool.state.{camera}"


def snapshot_subject(camera: str) -> str:
    """Where the newest picture of a camera is asked for."""
    return f"zool.rpc.snapshot.{camera}"


def mask_url(url: str) -> str:
    """The address with credentials replaced: for logs, answers, errors. Works on malformed addresses too."""
    scheme, mark, rest = url.partition("://")
    if not mark:
        return url
    authority, slash, path = rest.partition("/")
    at = authority.rfind("@")
    if at < 0 and "@" in rest:  # a '/' inside the password: hide everything up to the last '@'
        return f"{scheme}://***@{rest[rest.rfind('@') + 1 :]}"
    host = authority[at + 1 :] if at >= 0 else authority
    return f"{scheme}://{'***@' if at >= 0 else ''}{host}{slash}{path}"


URL_SCHEMES = ("rtsp", "rtsps")
URL_LENGTH_MAX = 2048
_METADATA_HOSTS = ("169.254.169.254", "fd00:ec2::254", "metadata.google.internal")


def unsafe_reason(url: str) -> str | None:
    """Why a camera address must not be opened, in words without its credentials; None = it may be.

    libav opens files, web addresses and much else: only rtsp and rtsps with a host pass, whoever wrote the address.
    """
    if len(url) > URL_LENGTH_MAX:
        return f"the address is longer than {URL_LENGTH_MAX} characters"
    if not url.isascii() or any(c <= " " or c == "\x7f" for c in url):
        return "the address holds blanks, control or non-ASCII characters; write them percent-encoded"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return f"the address {mask_url(url)} is malformed"
    if parts.scheme.lower() not in URL_SCHEMES:
        named = f"{parts.scheme}:" if parts.scheme else "an address without a scheme"
        return f"{named} is not allowed for a camera; allowed are rtsp:// and rtsps://"
    if not parts.hostname:
        return f"the address {mask_url(url)} names no host"
    if parts.hostname.lower().rstrip(".") in _METADATA_HOSTS:
        return f"{parts.hostname} is no camera but a cloud's own service; it is not opened"
    if port == 0:
        return f"the address {mask_url(url)} names port 0"
    return None

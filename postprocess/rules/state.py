"""What the vehicle rules remember of a camera, and the policy they follow. Pure: no I/O, no clock.

Rules
- The state is one object and can be kept as msgpack at any time; `step` uses up the state it is given.
- A *track* is what the tracker follows within one epoch; a *subject* is the vehicle behind one track or several
  (joined by the policy in `vehicles`). Reads and crossings belong to the subject.
- A *root* is what frames alone say of a vehicle: ids, labels and echoes hang on it, so that they never depend on when a
  read came. Subjects may also be joined by plate, roots never.
- Everything is bounded; a limit that bites is a `Note`, never silence.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from ingest.contract import Box, Point
from model_repository.contract import ModelRef
from postprocess.contract import Line

SCHEMA_VERSION = 1
SUBJECTS_MAX = 256
READS_MAX = 32
THUMBNAILS_BYTES_MAX = 600_000
"""All thumbnails of a camera's state: a snapshot has to fit into one message of 1 MiB."""

NoteKind = Literal[
    "stale_epoch", "repeated_frame", "repeated_read", "late_read", "echo", "joined", "merged", "overflow"
]


class Tick(msgspec.Struct, frozen=True, kw_only=True):
    """Time goes on without frames. Moves what is *when* final, never what it says."""

    now_us: int


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """A named outcome that is no event: counted, and shown in the metrics."""

    kind: NoteKind
    subject: str = ""


class VehiclesPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How crossings are decided for one camera."""

    lines: tuple[Line, ...] = ()
    labels: tuple[str, ...] = ("car", "bus", "truck", "motorcycle")
    plates: bool = True
    plate_confidence_min: float = 0.5
    settings_revision: int = 0
    settle_us: int = 3_000_000
    """From a track's end to `final`: time for late reads."""
    unread_us: int = 20_000_000
    """The same where no read came at all."""
    open_us_max: int = 60_000_000
    late_us: int = 120_000_000
    lost_us: int = 10_000_000
    """A track not seen for this long is over, said or not."""
    echo_us: int = 5_000_000
    """The same subject or plate crossing the same line the same way within this is the same passage."""
    join_us: int = 3_000_000
    """Longest gap over which a track cut by a restart or takeover is continued at its place."""
    join_distance: float = 0.10
    """How far from the expected place, in frame heights; a quarter of the expected way is added."""
    gap_us: int = 1_000_000
    """A longer pause between two frames is a span of not looking: tracks are cut by it."""
    band: float = 0.008
    """A point this near to a line (frame heights) is on neither side; 4 % of the box's height is added."""


class Side(msgspec.Struct, kw_only=True):
    """Where a track stands to a line: the last clear side (-1, 0 = none yet, 1) and the last touch since."""

    side: int = 0
    hit_us: int = 0
    hit_within: bool = False
    """Whether the last change of sides went between a and b."""


class Track(msgspec.Struct, kw_only=True):
    """One track of one epoch."""

    epoch: int
    name: str
    root: str
    subject: str
    point: Point
    box: Box
    seen_us: int
    velocity: Point = (0.0, 0.0)
    """Of the point, per second."""
    ended_us: int | None = None
    cut: bool = False
    """It was alive when its epoch ended, or when nobody looked for a while."""
    sides: dict[str, Side] = {}


class Root(msgspec.Struct, kw_only=True):
    """What frames alone say of a vehicle."""

    votes: dict[str, tuple[float, int]] = {}
    """Label → (sum of confidences, boxes)."""
    counts: dict[str, int] = {}
    """Line → crossings so far."""
    passed: dict[str, int] = {}
    """Line and direction → when last."""


class ReadNote(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of a read."""

    shot_id: str
    captured_at_us: int
    text: str
    confidence: float
    chars: tuple[float, ...]
    quad: tuple[Point, ...]
    quality: float
    model: ModelRef

    @property
    def rank(self) -> tuple[bool, float, float, str]:
        """Which picture shows the vehicle best: with a plate, surest, of best quality; the id breaks ties."""
        return (bool(self.text), self.confidence, self.quality, self.shot_id)


class Crossing(msgspec.Struct, kw_only=True):
    """A passage over a line, and what was last said of it. The first part never changes."""

    event_id: str
    root: str
    line: str
    direction: Literal["entry", "exit"]
    opened_at_us: int
    epoch: int
    track: str
    label: str
    confidence: float
    box: Box
    frame_seq: int
    model: ModelRef
    settings_revision: int
    rival: str = ""
    """Root of an earlier epoch that may be the same vehicle: nothing is said until that is known."""
    said_version: int = 0
    said_plate: str = ""
    said_confidence: float = 0.0
    final: bool = False


class Subject(msgspec.Struct, kw_only=True):
    """A vehicle."""

    key: str
    touched_us: int
    roots: list[str]
    reads: list[ReadNote] = []
    thumbnail: bytes = b""
    """Of the best read."""
    crossings: list[Crossing] = []


class CameraMemory(msgspec.Struct, kw_only=True):
    """All that the vehicle rules remember of a camera."""

    camera: str
    schema: int = SCHEMA_VERSION
    epoch: int = 0
    seq: int = -1
    now_us: int = 0
    looked_us: int = 0
    """Stamp of the newest frame."""
    tracks: dict[str, Track] = {}
    roots: dict[str, Root] = {}
    subjects: dict[str, Subject] = {}


def track_key(epoch: int, name: str) -> str:
    """Name of a track over all epochs: the `subject` of event ids."""
    return f"{epoch}:{name}"

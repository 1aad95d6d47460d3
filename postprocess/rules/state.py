"""What the vehicle rules remember of a camera, and the policy they follow. Pure: no I/O, no clock.

Rules
- A *subject* is the vehicle behind one track or several (joined by the policy in `vehicles`). Reads and crossings
  belong to the subject; ids, labels and echoes hang on the *root* (see `scene`). Subjects may also be joined by plate,
  roots never.
- Everything is bounded; a limit that bites is a `Note`, never silence.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from ingest.contract import Box, Point
from model_repository.contract import ModelRef
from postprocess.contract import Zone
from postprocess.rules.lists import Lists
from postprocess.rules.scene import FollowPolicy, Scene

SCHEMA_VERSION = 1
SUBJECTS_MAX = 256
READS_MAX = 32
THUMBNAILS_BYTES_MAX = 600_000
"""All thumbnails of a camera's state: a snapshot has to fit into one message of 1 MiB."""


class VehiclesPolicy(FollowPolicy, frozen=True, kw_only=True):
    """How crossings are decided for one camera."""

    labels: tuple[str, ...] = ("car", "bus", "truck", "motorcycle")
    zones: tuple[Zone, ...] = ()
    """Where vehicles count, by the middle of their lower edge; empty = everywhere."""
    plates: bool = True
    plate_confidence_min: float = 0.5
    settle_us: int = 3_000_000
    """From a track's end to `final`: time for late reads."""
    unread_us: int = 20_000_000
    """The same where no read came at all."""
    bridge_us: int = 3_000_000
    """A track that was lost at a line goes on in one that begins near its place within this."""
    open_us_max: int = 60_000_000
    late_us: int = 120_000_000
    echo_us: int = 5_000_000
    """The same subject or plate crossing the same line the same way within this is the same passage."""
    lists: Lists = Lists()


class Root(msgspec.Struct, kw_only=True):
    """What frames alone say of a vehicle."""

    votes: dict[str, tuple[float, int]] = {}
    """Label → (sum of confidences, boxes)."""
    counts: dict[str, int] = {}
    """Line → crossings so far."""
    passed: dict[str, int] = {}
    """Line and direction → when last."""
    first_us: int = 0
    first_box: Box = (0.0, 0.0, 0.0, 0.0)
    """Where it began."""
    label: str = ""
    """Of its last box."""
    settled: bool = False
    """It is known whether it goes on from a track that broke at a line."""


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
    region: str = ""
    found: bool = True
    """Whether there was a plate at all, readable or not."""

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
    said_sure: bool = False
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


class CameraMemory(Scene, kw_only=True):
    """All that the vehicle rules remember of a camera."""

    schema: int = SCHEMA_VERSION
    roots: dict[str, Root] = {}
    subjects: dict[str, Subject] = {}

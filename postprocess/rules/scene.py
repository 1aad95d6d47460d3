"""What every rule shares: the tracks of a camera, remembered over looks, restarts and spans of not looking.

Pure: no I/O, no clock.

Rules
- The state is one object and can be kept as msgpack at any time; a step uses up the state it is given.
- A *track* is what the tracker follows within one epoch. Its *root* is the first of the tracks that are one thing by
  place alone: ids hang on it, so that they never depend on when a read came. Its *subject* is the thing behind it as
  far as a rule knows more (a plate).
- Frames come in the order of their stream; older epochs and repeats are dropped and named.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from ingest.contract import Box, Detection, FrameReport, Point
from postprocess.contract import Event, Line, Read

NoteKind = Literal[
    "stale_epoch", "repeated_frame", "repeated_read", "late_read", "echo", "joined", "merged", "overflow"
]


class Tick(msgspec.Struct, frozen=True, kw_only=True):
    """Time goes on without frames. Moves what is *when* final, never what it says."""

    now_us: int


class Memory(msgspec.Struct, kw_only=True):
    """What rules remember between restarts; of another schema it counts as nothing."""

    schema: int = 1


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """A named outcome that is no event: counted, and shown in the metrics."""

    kind: NoteKind
    subject: str = ""


Input = FrameReport | Read | Tick
Output = Event | Note


class FollowPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Which tracks are followed, over which lines, and when two of them are one."""

    lines: tuple[Line, ...] = ()
    labels: tuple[str, ...] = ()
    detector: str = ""
    """Whose boxes: the first detector's, or those of a further one (its ensemble)."""
    confidence_min: float = 0.0
    """Boxes below it don't count; ingest's own floor may be that of another function."""
    settings_revision: int = 0
    lost_us: int = 10_000_000
    """A track not seen for this long is over, said or not."""
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
    trend: Point = (0.0, 0.0)
    """The same over a second or two: a box that jumps once does not turn it."""
    ended_us: int | None = None
    cut: bool = False
    """It was alive when its epoch ended, or when nobody looked for a while."""
    sides: dict[str, Side] = {}


class Scene(msgspec.Struct, kw_only=True):
    """What a rule remembers of a camera; every rule's memory is one with more fields."""

    camera: str
    schema: int = 1
    """Of the rule's own memory: kept state of another schema counts as none."""
    epoch: int = 0
    seq: int = -1
    now_us: int = 0
    """The camera's watermark: the newest stamp or tick."""
    looked_us: int = 0
    """Stamp of the newest frame."""
    resumed_us: int = 0
    """Stamp of the first frame after the last span of not looking."""
    unnamed: list[Box] = []
    """Where the frame before saw what is no track yet; only right after such a span."""
    unnamed_us: int = 0
    tracks: dict[str, Track] = {}


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """A line was crossed, at a time interpolated between two frames."""

    line: Line
    forward: bool
    at_us: int


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """A track on a frame: where it was found (None: it is being cut) and the lines that it has crossed by that."""

    track: Track
    found: Detection | None
    hits: tuple[Hit, ...] = ()
    joined: bool = False
    """It began on this frame, in the place of one that had been cut."""


def track_key(epoch: int, name: str) -> str:
    """Name of a track over all epochs: the `subject` of event ids."""
    return f"{epoch}:{name}"

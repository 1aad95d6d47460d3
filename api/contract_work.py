"""HTTP shapes of the daily work: events dealt with and what is behind them, reports, the system, what is seen now.

Pure: no I/O, no clock. The rules of `contract` hold here, too.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from api.contract import Component, Note
from ingest.contract import Box, Point
from postprocess.contract import Act

Cell = str | int | float | None


class HandlingIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What somebody does about an event. `assigned` without `assignee` gives it to whoever says so."""

    act: Act
    assignee: Annotated[str, msgspec.Meta(max_length=100)] = ""
    note: Note = ""


class StillOut(msgspec.Struct, frozen=True, kw_only=True):
    """A picture that was kept, to mark something in it."""

    id: str
    captured_at: str
    width: int
    height: int
    jpeg: str
    """Base64."""


class MarkIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An object that nobody told of: its box relative to the picture (x1, y1, x2, y2)."""

    label: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9_-]{1,40}$")]
    box: Box


class MissedIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the system did not see in a picture of `POST /cameras/{id}/stills`."""

    still: Annotated[str, msgspec.Meta(max_length=120)]
    objects: Annotated[tuple[MarkIn, ...], msgspec.Meta(min_length=1, max_length=50)]
    note: Note = ""


class MissedOut(msgspec.Struct, frozen=True, kw_only=True):
    """The events that it became, one for each object."""

    events: tuple[str, ...]


class WordOut(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a person said of an event, or did about it."""

    kind: Literal["feedback", "handling"]
    what: str
    """The verdict, or the act."""
    assignee: str
    plate: str
    person: str
    note: str
    user: str
    at: str


class WordList(msgspec.Struct, frozen=True, kw_only=True):
    """What people said of an event, the oldest first."""

    items: tuple[WordOut, ...]


class StepOut(msgspec.Struct, frozen=True, kw_only=True):
    """Where the object of an event was at a moment."""

    at: str
    box: Box
    confidence: float


class SeenOut(msgspec.Struct, frozen=True, kw_only=True):
    """A crop of the object that was recognised, or is kept as a photo."""

    id: str
    url: str
    at: str
    recogniser: str
    box: Box | None
    """Of the object, in the frame."""
    crop: Box | None
    """Of the picture, in the frame."""
    quality: float


class ReadOut(msgspec.Struct, frozen=True, kw_only=True):
    """What a recogniser said of one crop."""

    shot: str
    at: str
    recogniser: str
    text: str
    """Plate, nearest person, what is worn, or score."""
    confidence: float
    char_confidence: tuple[float, ...]
    quad: tuple[Point, ...]
    """Corners of the plate in the frame."""


class TraceOut(msgspec.Struct, frozen=True, kw_only=True):
    """What is behind an event: the way of its object, its crops, and every read of them, each by time."""

    path: tuple[StepOut, ...]
    shots: tuple[SeenOut, ...]
    reads: tuple[ReadOut, ...]


class FigureOut(msgspec.Struct, frozen=True, kw_only=True):
    """One number that matters, as people read it."""

    label: str
    value: str
    tone: Literal["", "good", "warn", "bad"] = ""


class LegendOut(msgspec.Struct, frozen=True, kw_only=True):
    """What a colour of a plot means."""

    name: str
    tone: str


class PlotOut(msgspec.Struct, frozen=True, kw_only=True):
    """A plot: SVG whose colours are classes."""

    title: str
    svg: str
    legend: tuple[LegendOut, ...] = ()
    note: str = ""


class TableOut(msgspec.Struct, frozen=True, kw_only=True):
    """A table for people; `cut` rows more are in the file."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    cut: int = 0


class ReportOut(msgspec.Struct, frozen=True, kw_only=True):
    """A report over days by the site's clock."""

    name: str
    title: str
    since: str
    until: str
    timezone: str
    figures: tuple[FigureOut, ...] = ()
    plots: tuple[PlotOut, ...] = ()
    tables: tuple[TableOut, ...] = ()
    note: str = ""


class ReaderOut(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who reads a stream under a name of its own."""

    name: str
    waiting: int
    """Messages that it was never given."""
    in_hand: int
    """Messages that it was given and has not dealt with."""
    again: int
    """Messages in hand that were given more than once."""
    active_at: str | None
    """When it was last given one."""
    state: Literal["ok", "behind", "silent", "stopped"]
    words: str
    """The state in the reader's language."""


class QueueOut(msgspec.Struct, frozen=True, kw_only=True):
    """A stream of the broker: what it holds, and who reads it."""

    name: str
    what: str
    messages: int
    bytes: int
    bytes_max: int
    age_s_max: int
    first_at: str | None
    last_at: str | None
    readers: tuple[ReaderOut, ...]
    others: int
    """Readers without a name: decide's, event streams, walls."""


class StoredOut(msgspec.Struct, frozen=True, kw_only=True):
    """A table of the store."""

    table: str
    rows: int
    bytes: int
    first_at: str | None
    last_at: str | None


class DiskOut(msgspec.Struct, frozen=True, kw_only=True):
    """A disk of the store."""

    name: str
    free_bytes: int
    total_bytes: int


class SystemOut(msgspec.Struct, frozen=True, kw_only=True):
    """How the whole is: parts, queues, storage. What can't be asked is empty, and the part says why."""

    at: str
    version: str
    components: dict[str, Component]
    queues: tuple[QueueOut, ...]
    tables: tuple[StoredOut, ...]
    disks: tuple[DiskOut, ...]


class BoxOut(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is seen just now."""

    box: Box
    label: str
    track: str
    confidence: float


class SightOut(msgspec.Struct, frozen=True, kw_only=True):
    """What a camera saw on its newest looked-at frame."""

    camera: str
    at: str
    boxes: tuple[BoxOut, ...]

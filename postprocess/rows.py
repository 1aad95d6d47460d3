"""Events, shots and cameras as rows of the store. Pure: no I/O, no clock.

Rules
- Column names and their order are those of `migrations/`; a contract test holds the two together.
- `stored_at` is the store's own clock and is left out.
- Times are whole microseconds, as the columns hold them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import TypeVar

import msgspec

from ingest.contract import Box, Camera, Point, Shot
from postprocess.contract import Event, fold_plate

T = TypeVar("T")
Columns = Mapping[str, Callable[[T], object]]
"""Names of columns, each with what makes its value."""

_YEAR_2299_US = 10_413_791_999_999_999
_U16 = 0xFFFF
U32 = 0xFFFF_FFFF
U64 = 0xFFFF_FFFF_FFFF_FFFF


def instant(us: int) -> int:
    """Microseconds since 1970, held within what DateTime64 can keep (1970 to 2299)."""
    return min(max(us, 0), _YEAR_2299_US)


def uint(value: int, largest: int) -> int:
    """Held within an unsigned column."""
    return min(max(value, 0), largest)


def _flat(points: tuple[Point, ...]) -> list[float]:
    return [value for point in points for value in point]


def _box(box: Box | None) -> list[float]:
    return [] if box is None else list(box)


EVENT_COLUMNS: Columns[Event] = {
    "event_id": attrgetter("event_id"),
    "version": lambda e: uint(e.version, U32),
    "kind": attrgetter("kind"),
    "camera": attrgetter("camera"),
    "opened_at": lambda e: instant(e.opened_at_us),
    "closed_at": lambda e: None if e.closed_at_us is None else instant(e.closed_at_us),
    "final": attrgetter("final"),
    "function": attrgetter("function"),
    "rule": attrgetter("rule"),
    "track": attrgetter("track"),
    "epoch": lambda e: uint(e.epoch, U64),
    "direction": attrgetter("direction"),
    "label": attrgetter("label"),
    "confidence": attrgetter("confidence"),
    "plate": attrgetter("plate"),
    "plate_folded": lambda e: fold_plate(e.plate),
    "plate_confidence": attrgetter("plate_confidence"),
    "plate_reads": lambda e: uint(e.plate_reads, _U16),
    "box": lambda e: _box(e.box),
    "photo_shot_ids": lambda e: [p.shot_id for p in e.photos],
    "photo_captured_at": lambda e: [instant(p.captured_at_us) for p in e.photos],
    "photo_roles": lambda e: [p.role for p in e.photos],
    "photo_quads": lambda e: [_flat(p.quad) for p in e.photos],
    "thumbnail": lambda e: next((p.thumbnail for p in e.photos if p.thumbnail), b""),
    "model_names": lambda e: [m.name for m in e.models],
    "model_versions": lambda e: [m.version for m in e.models],
    "model_sha256": lambda e: [m.sha256 for m in e.models],
    "model_starters": lambda e: [m.starter for m in e.models],
    "settings_revision": lambda e: uint(e.settings_revision, U64),
    "frame_seq": lambda e: uint(e.frame_seq, U64),
    "cause": attrgetter("cause"),
    "text": attrgetter("text"),
    "severity": attrgetter("severity"),
    "plate_region": attrgetter("plate_region"),
    "listed": attrgetter("listed"),
    "person": attrgetter("person"),
    "person_confidence": attrgetter("person_confidence"),
    "items": attrgetter("items"),
    "missing": lambda e: list(e.missing),
    "value": attrgetter("value"),
    "plate_sure": attrgetter("plate_sure"),
    "about": attrgetter("about"),
    "author": attrgetter("author"),
    "tiles": lambda e: list(e.tiles),
}

PHOTO_COLUMNS: Columns[Shot] = {
    "shot_id": attrgetter("shot_id"),
    "camera": attrgetter("stamp.camera"),
    "captured_at": lambda s: instant(s.stamp.captured_at_us),
    "recogniser": attrgetter("recogniser"),
    "track": attrgetter("track"),
    "epoch": lambda s: uint(s.stamp.epoch, U64),
    "label": attrgetter("label"),
    "box": lambda s: _box(s.box),
    "crop": lambda s: _box(s.crop),
    "width": lambda s: uint(s.width, _U16),
    "height": lambda s: uint(s.height, _U16),
    "quality": attrgetter("quality"),
    "ordinal": lambda s: uint(s.ordinal, _U16),
    "jpeg": attrgetter("jpeg"),
}


class CameraChange(msgspec.Struct, frozen=True, kw_only=True):
    """A camera's settings as of a revision of the bucket `cameras`; `settings` None = it was deleted."""

    camera: str
    revision: int
    settings: Camera | None


# The address of a camera may hold credentials: it stays out of the store.
CAMERA_COLUMNS: Columns[CameraChange] = {
    "camera": attrgetter("camera"),
    "revision": lambda c: uint(c.revision, U64),
    "name": lambda c: "" if c.settings is None else c.settings.name,
    "region": lambda c: "" if c.settings is None else c.settings.region,
    "enabled": lambda c: c.settings is not None and c.settings.enabled,
    "deleted": lambda c: c.settings is None,
}


def columns(table: Columns[T], items: Sequence[T]) -> list[list[object]]:
    """Values by column, in the order of the table's names: the store takes a batch column by column."""
    return [list(map(build, items)) for build in table.values()]

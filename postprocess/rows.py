"""Events, shots and cameras as rows of the store. Pure: no I/O, no clock.

Rules
- Column names and their order are those of `migrations/`; a contract test holds the two together.
- `stored_at` is the store's own clock and is left out.
- Times are whole microseconds, as the columns hold them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
    "event_id": lambda e: e.event_id,
    "version": lambda e: uint(e.version, U32),
    "kind": lambda e: e.kind,
    "camera": lambda e: e.camera,
    "opened_at": lambda e: instant(e.opened_at_us),
    "closed_at": lambda e: None if e.closed_at_us is None else instant(e.closed_at_us),
    "final": lambda e: e.final,
    "function": lambda e: e.function,
    "rule": lambda e: e.rule,
    "track": lambda e: e.track,
    "epoch": lambda e: uint(e.epoch, U64),
    "direction": lambda e: e.direction,
    "label": lambda e: e.label,
    "confidence": lambda e: e.confidence,
    "plate": lambda e: e.plate,
    "plate_folded": lambda e: fold_plate(e.plate),
    "plate_confidence": lambda e: e.plate_confidence,
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
    "cause": lambda e: e.cause,
    "text": lambda e: e.text,
    "severity": lambda e: e.severity,
    "plate_region": lambda e: e.plate_region,
    "listed": lambda e: e.listed,
    "person": lambda e: e.person,
    "person_confidence": lambda e: e.person_confidence,
    "items": lambda e: e.items,
    "missing": lambda e: list(e.missing),
    "value": lambda e: e.value,
    "plate_sure": lambda e: e.plate_sure,
    "about": lambda e: e.about,
    "author": lambda e: e.author,
}

PHOTO_COLUMNS: Columns[Shot] = {
    "shot_id": lambda s: s.shot_id,
    "camera": lambda s: s.stamp.camera,
    "captured_at": lambda s: instant(s.stamp.captured_at_us),
    "recogniser": lambda s: s.recogniser,
    "track": lambda s: s.track,
    "epoch": lambda s: uint(s.stamp.epoch, U64),
    "label": lambda s: s.label,
    "box": lambda s: _box(s.box),
    "crop": lambda s: _box(s.crop),
    "width": lambda s: uint(s.width, _U16),
    "height": lambda s: uint(s.height, _U16),
    "quality": lambda s: s.quality,
    "ordinal": lambda s: uint(s.ordinal, _U16),
    "jpeg": lambda s: s.jpeg,
}


class CameraChange(msgspec.Struct, frozen=True, kw_only=True):
    """A camera's settings as of a revision of the bucket `cameras`; `settings` None = it was deleted."""

    camera: str
    revision: int
    settings: Camera | None


# The address of a camera may hold credentials: it stays out of the store.
CAMERA_COLUMNS: Columns[CameraChange] = {
    "camera": lambda c: c.camera,
    "revision": lambda c: uint(c.revision, U64),
    "name": lambda c: "" if c.settings is None else c.settings.name,
    "region": lambda c: "" if c.settings is None else c.settings.region,
    "enabled": lambda c: c.settings is not None and c.settings.enabled,
    "deleted": lambda c: c.settings is None,
}


def columns(table: Columns[T], items: Sequence[T]) -> list[list[object]]:
    """Values by column, in the order of the table's names: the store takes a batch column by column."""
    return [[build(item) for item in items] for build in table.values()]

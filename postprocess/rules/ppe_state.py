"""What the equipment rules remember of a camera, and the policy they follow. Pure: no I/O, no clock.

Rules
- A *stay* is a person in a zone, see `zones.Visit`; it outlives the visit for as long as reads may come.
- Everything is bounded; a limit that bites is a `Note` or named in the README, never silence.
"""

from __future__ import annotations

import msgspec

from postprocess.contract import Hours, Zone
from postprocess.rules.kit import Course, KitNote, VotePolicy, bare
from postprocess.rules.ledger import Key, Said
from postprocess.rules.zones import Look, ZonePolicy, ZoneScene

SCHEMA_VERSION = 1
STAYS_MAX = 256
NOTES_MAX = 64
"""Reads of a stay that are kept one by one; fewer where there are many stays, see `notes_max`."""
NOTES_MIN = 16
NOTES_CAMERA_MAX = 2048
THUMBNAILS_OF_STAY = 3
THUMBNAILS_BYTES_MAX = 400_000
"""All thumbnails of a camera's state: a snapshot has to fit into one message of 1 MiB."""


class PpePolicy(ZonePolicy, frozen=True, kw_only=True):
    """What has to be worn where, and when it counts as missing."""

    labels: tuple[str, ...] = ("person",)
    still_us: int = 600_000_000
    required: dict[str, tuple[str, ...]] = {}
    """Zone ("" = the whole picture, see `zones.WHOLE`) → items, by name."""
    votes: VotePolicy = VotePolicy()
    exempt: tuple[Zone, ...] = ()
    """Who stands in one of these need not wear anything."""
    exempt_hours: tuple[Hours, ...] = ()
    visits: bool = True
    """Whether `ppe_visit` is told."""
    settle_us: int = 3_000_000
    unread_us: int = 20_000_000
    late_us: int = 120_000_000


class Stay(msgspec.Struct, kw_only=True):
    """A person in a zone, and what was read of what they wear there."""

    key: str
    zone: str
    root: str
    occurrence: int
    since_us: int
    settings_revision: int
    first: Look
    label: str
    confidence: float
    seen_us: int
    stay_us: int
    tracks: dict[str, tuple[int, int]] = {}
    """Track → from and until when its reads count: its last look inside, which moves."""
    left: bool = False
    final: bool = False
    notes: list[KitNote] = []
    base: Course = Course()
    floor: Key = (-1, "")
    said: dict[str, Said] = {}
    hold_until_us: int = 0
    changed: bool = True
    """Since it was last told."""


class PpeScene(ZoneScene, kw_only=True):
    """All that the equipment rules remember of a camera."""

    schema: int = SCHEMA_VERSION
    stays: dict[str, Stay] = {}
    recent: dict[str, list[KitNote]] = {}
    """Track → reads for which frames may still say where their person stood."""


def notes_max(stays: int) -> int:
    """How many reads each of so many stays keeps."""
    return min(NOTES_MAX, max(NOTES_MIN, NOTES_CAMERA_MAX // max(1, stays)))


def thin(stay: Stay) -> None:
    """Keep only the best pictures of what is missing."""
    shown = sorted((note for note in stay.notes if note.thumbnail), key=lambda note: (note.quality, note.shot_id))
    dropped = {note.shot_id for note in shown[:-THUMBNAILS_OF_STAY]}
    if dropped:
        stay.notes = [without(note) if note.shot_id in dropped else note for note in stay.notes]


def limit_thumbnails(scene: PpeScene, bytes_max: int = THUMBNAILS_BYTES_MAX) -> None:
    """Those of the stays that ended longest ago are dropped; 0 = all."""
    kept = sum(len(note.thumbnail) for notes in scene.recent.values() for note in notes)
    if kept > bytes_max:
        scene.recent = {track: [without(note) for note in notes] for track, notes in scene.recent.items()}
        kept = 0
    for stay in sorted(scene.stays.values(), key=lambda stay: (stay.seen_us, stay.key), reverse=True):
        kept += _thumbnails_bytes(stay)
        if kept > bytes_max:
            stay.notes, stay.base = [without(note) for note in stay.notes], bare(stay.base)


def _thumbnails_bytes(stay: Stay) -> int:
    noted = sum(len(note.thumbnail) for note in (*stay.notes, *stay.base.run))
    return noted + sum(len(photo.thumbnail) for spell in stay.base.spells for photo in spell.photos)


def without(note: KitNote) -> KitNote:
    """A note without its picture."""
    return msgspec.structs.replace(note, thumbnail=b"") if note.thumbnail else note

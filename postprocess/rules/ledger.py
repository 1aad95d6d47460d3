"""Reads in the order of their pictures, and what has been said of them: for rules that judge a course of reads.

Pure: no I/O, no clock.

Rules
- A rule of this kind folds over reads in the order of their pictures, not in that in which they came. A read that comes
  late is put in its place and the fold is made again; so what is said last depends on the set of reads only.
- A fold is *causal*: what it has found by a read is not changed by reads of later pictures. So as long as the reads of
  a camera come in order, nothing that was said is ever taken back.
- `Ledger.notes` is bounded: what is older goes into the base of the fold for good, reads still older than that are
  named `late_read` and don't count.
- Reads that come out of order (the recogniser was away and works off what waited) hold the word back: nothing is said
  until none has come so for `hold_us`. What had been said and does not hold any more gets a last version with cause
  `withdrawn`.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

import msgspec

from postprocess.contract import Event
from postprocess.rules.scene import NoteKind

HOLD_US = 2_000_000
"""Reads of one camera that are worked on side by side are shuffled by less."""
WITHDRAWN = "withdrawn"
Key = tuple[int, str]


class Noted(Protocol):
    """What is kept of a read."""

    @property
    def key(self) -> Key:
        """Time of the picture and id of the shot: the order of the fold."""


N = TypeVar("N", bound=Noted)
B = TypeVar("B")


class Said(msgspec.Struct, kw_only=True):
    """What was last said of an event."""

    version: int
    gist: str
    event: Event
    """Without photos: to take it back with."""


class View(msgspec.Struct, frozen=True, kw_only=True):
    """An event as it looks now; `gist` is what readers have to be told of: another gist, another version."""

    event: Event
    gist: str


def enter(notes: list[N], note: N, floor: Key) -> NoteKind | None:
    """Put a note in its place; None, or why it does not count. What lies at or below `floor` is in the base already."""
    if note.key <= floor:
        return "late_read"
    place = bisect.bisect_left(notes, note.key, key=lambda known: known.key)
    if place < len(notes) and notes[place].key == note.key:
        return "repeated_read"
    notes.insert(place, note)
    return None


def settle(base: B, notes: list[N], keep: int, fold: Callable[[B, N], B]) -> tuple[B, Key | None]:
    """Fold the oldest notes into the base until `keep` are left; returns it and the new floor, if that moved."""
    floor = None
    while len(notes) > keep:
        oldest = notes.pop(0)
        base, floor = fold(base, oldest), oldest.key
    return base, floor


def tell(said: dict[str, Said], views: Iterable[View]) -> list[Event]:
    """The versions that readers have not heard; what was said and is not among the views is withdrawn."""
    told: list[Event] = []
    now = {view.event.event_id: view for view in views}
    for view in now.values():
        before = said.get(view.event.event_id)
        if before is not None and before.gist == view.gist:
            continue
        told.append(_word(said, view, before))
    for gone in [before for key, before in said.items() if key not in now and before.gist != WITHDRAWN]:
        event = msgspec.structs.replace(
            gone.event, version=gone.version + 1, closed_at_us=gone.event.opened_at_us, final=True, cause=WITHDRAWN
        )
        told.append(_word(said, View(event=event, gist=WITHDRAWN), gone))
    return told


def _word(said: dict[str, Said], view: View, before: Said | None) -> Event:
    """Versions only grow, also where less is known to be true than was said."""
    version = view.event.version if before is None else max(view.event.version, before.version + 1)
    event = msgspec.structs.replace(view.event, version=version)
    bare = msgspec.structs.replace(event, photos=(), tiles=())
    said[event.event_id] = Said(version=version, gist=view.gist, event=bare)
    return event

"""Whom a door lets in while nobody can be asked: the list, and how a controller reads it. Pure: no I/O, no clock.

Rules
- On the list is who may pass without a look of ours. A plate with an entry on `deny`, whenever that holds, is left out.
  A door that wants card and face has an empty list, since a controller sees no faces.
- A list ends. Behind `valid_until_us` it opens for nobody, however much it says.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec

from postprocess.contract import Hours
from postprocess.functions.doors import Door, Site, Way, opens_for
from postprocess.plates import canonical
from postprocess.rules.schedule import holds

OFFLINE_MAX = 20_000


class OfflineEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One that may pass while the controller is offline: a plate or a card."""

    plate: str = ""
    card: str = ""
    valid_from_us: int | None = None
    valid_until_us: int | None = None
    directions: tuple[Literal["entry", "exit"], ...] = ()
    schedule: tuple[Hours, ...] = ()


class OfflineList(msgspec.Struct, frozen=True, kw_only=True):
    """The list of a door, as a controller keeps it."""

    door: str
    made_at_us: int
    valid_until_us: int
    timezone: str = "UTC"
    schedule: tuple[Hours, ...] = ()
    entries: tuple[OfflineEntry, ...] = ()

    def opens(self, *, plate: str = "", card: str = "", way: Way = "", now_us: int) -> bool:
        """Whether somebody may pass by it now. A clock that stands before the list was made is wrong: nobody passes."""
        if not self.made_at_us <= now_us < self.valid_until_us or not holds(self.schedule, now_us, self.timezone):
            return False
        wanted = canonical(plate) if plate else ""
        return any(
            bool(wanted and one.plate == wanted) or bool(card and one.card == card)
            for one in self.entries
            if self._holds(one, way, now_us)
        )

    def _holds(self, one: OfflineEntry, way: Way, now_us: int) -> bool:
        begun = one.valid_from_us is None or one.valid_from_us <= now_us
        over = one.valid_until_us is not None and now_us >= one.valid_until_us
        right = not one.directions or way in one.directions
        return begun and not over and right and holds(one.schedule, now_us, self.timezone)


def offline_entries(door: Door, site: Site, now_us: int, until_us: int) -> Iterator[OfflineEntry]:
    """Who may pass a door without anybody to ask, in order: what needs a look of ours is not among them.

    A plate with an entry on `deny` is left out, whenever that holds. A door that wants card and face has nobody, since
    a controller sees no faces; anti-passback is the controller's own while it is offline.
    """
    if not door.enabled or door.second_factor != "none":
        return
    for plate, entries in sorted(site.vehicles.items()):
        if any(entry.list == "deny" for entry in entries):
            continue
        for entry in sorted(entries, key=lambda entry: entry.id):
            begun = entry.valid_from_us is None or entry.valid_from_us < until_us
            if entry.list in door.lists and begun and (entry.valid_until_us is None or entry.valid_until_us > now_us):
                yield OfflineEntry(
                    plate=plate,
                    valid_from_us=entry.valid_from_us,
                    valid_until_us=entry.valid_until_us,
                    directions=entry.directions,
                    schedule=entry.schedule,
                )
    for badge, owner in sorted(site.badges.items()):
        person = site.people[owner]
        valid = person.valid_until_us is None or person.valid_until_us > now_us
        if opens_for(door, person) and valid and not person.watch:
            yield OfflineEntry(card=badge, valid_until_us=person.valid_until_us)


def offline_revision(door: Door, entries: Iterable[OfflineEntry]) -> str:
    """Equal lists have equal revisions."""
    digest = hashlib.sha256(msgspec.json.encode(door.schedule))
    for entry in entries:
        digest.update(msgspec.json.encode(entry))
    return digest.hexdigest()[:16]

"""Plates against the lists of the site. Pure: no I/O, no clock.

Rules
- Plates are compared as `plates.canonical` makes them: case, blanks and alphabets don't matter, a look-alike is mended
  where only one plate can be meant. Nothing else is forgiven unless `unsure_chars_max` says so: then one character on
  which the reads disagree may be another one, if that gives exactly one plate of the lists.
- An entry counts at the time of the passage: validity, schedule (wall clock of the site), direction. `deny` wins over
  `allow` over `guest`. A plate that is on a list but not now counts as unlisted, and the event says why.
- A denied plate is an alarm, a listed one information; all others are what the camera's `unlisted` says, a vehicle
  without a readable plate once that is the last word.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

from postprocess.contract import Severity, VehicleEntry, fold_plate
from postprocess.plates import canonical
from postprocess.rules.schedule import holds
from postprocess.vote import Verdict

UNSURE_BELOW = 0.85
"""A character is unsure when the reads agree on it less than this."""
_ORDER = ("deny", "allow", "guest")
_CHARS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

Why = Literal["", "list_alike", "list_not_yet", "list_expired", "list_off_schedule", "list_direction"]


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What the lists say of a plate; `cause`: why an entry does not count now, or that a letter was forgiven."""

    listed: str = ""
    entry: str = ""
    cause: Why = ""


class Lists(msgspec.Struct, frozen=True, kw_only=True):
    """The lists as one camera uses them."""

    entries: Mapping[str, tuple[VehicleEntry, ...]] = {}
    """Canonical plate → its entries. Shared by all cameras and changed in place as the settings change."""
    timezone: str = "UTC"
    unlisted: Severity = "info"
    unsure_chars_max: int = 0

    def find(self, voted: Verdict, at_us: int, direction: str) -> Found:
        """The list that a plate stands on at a time."""
        if not self.entries or not voted.text:
            return Found()
        entries = self.entries.get(canonical(voted.text), ())
        if entries:
            return self._judged(entries, at_us, direction)
        alike = self._alike(voted) if self.unsure_chars_max else ()
        found = self._judged(alike, at_us, direction)
        return msgspec.structs.replace(found, cause="list_alike") if found.listed else found

    def severity(self, found: Found, *, known: bool) -> Severity:
        """How much it matters; `known`: there is a plate, or no further word on it."""
        if found.listed == "deny":
            return "alarm"
        return "info" if found.listed or not known else self.unlisted

    def _judged(self, entries: Iterable[VehicleEntry], at_us: int, direction: str) -> Found:
        ranked = sorted(entries, key=lambda entry: (_ORDER.index(entry.list), entry.id))
        reasons: list[Why] = []
        for entry in ranked:
            why = self._why_not(entry, at_us, direction)
            if not why:
                return Found(listed=entry.list, entry=entry.id)
            reasons.append(why)
        return Found(cause=reasons[0] if reasons else "")

    def _why_not(self, entry: VehicleEntry, at_us: int, direction: str) -> Why:
        if entry.valid_from_us is not None and at_us < entry.valid_from_us:
            return "list_not_yet"
        if entry.valid_until_us is not None and at_us >= entry.valid_until_us:
            return "list_expired"
        if direction not in entry.directions:
            return "list_direction"
        return "" if holds(entry.schedule, at_us, self.timezone) else "list_off_schedule"

    def _alike(self, voted: Verdict) -> tuple[VehicleEntry, ...]:
        """The entries of the one plate that differs in one unsure character; none where there are several."""
        text = fold_plate(voted.text)
        unsure = [place for place, share in enumerate(voted.shares) if share < UNSURE_BELOW and place < len(text)]
        tries = {f"{text[:place]}{char}{text[place + 1 :]}" for place in unsure for char in _CHARS}
        near = sorted(other for other in tries if other in self.entries)
        return self.entries[near[0]] if len(near) == 1 else ()

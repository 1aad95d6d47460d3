"""The life of a camera as a table: where it stands, what happens, where it stands then. Pure: no I/O, no clock.

Rules
- The table is the whole truth; what it does not name changes nothing.
- A camera that could not be opened yet is `connecting` until the attempt fails: a first failure is as
  normal as a later one.
- In maintenance it lives on underneath: what it came to meanwhile is where it stands afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from ingest.contract import Phase

Happening = Literal["enable", "disable", "picture", "fail", "spoil", "mend"]
"""switched on · off · a picture came · the attempt or the stream failed · its pictures are bad · well again"""

TABLE: Mapping[tuple[Phase, Happening], Phase] = {
    ("disabled", "enable"): "connecting",
    ("connecting", "picture"): "live",
    ("connecting", "fail"): "lost",
    ("connecting", "disable"): "disabled",
    ("live", "fail"): "lost",
    ("live", "spoil"): "degraded",
    ("live", "disable"): "disabled",
    ("degraded", "mend"): "live",
    ("degraded", "fail"): "lost",
    ("degraded", "disable"): "disabled",
    ("lost", "picture"): "live",
    ("lost", "disable"): "disabled",
}


def after(phase: Phase, happening: Happening) -> Phase:
    """Where a camera stands after something has happened."""
    return TABLE.get((phase, happening), phase)


def shown(phase: Phase, *, maintenance: bool) -> Phase:
    """What people are shown of it."""
    return "maintenance" if maintenance and phase != "disabled" else phase


def standing(phase: Phase, stream: Phase, *, spoilt: bool) -> Phase:
    """Where it stands once its stream does as `stream` says (connecting, live or lost), its pictures bad or not."""
    if stream == "live":
        return after(after(phase, "picture"), "spoil" if spoilt else "mend")
    return after(phase, "fail") if stream == "lost" else phase

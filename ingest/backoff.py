"""How long to wait before the next attempt. Pure: no I/O, no clock; chance is passed in.

Rules
- What the network does ends by itself, soon or late: attempts stay `NETWORK_S_MAX` apart at most, or the longest pause
  that is set if that is shorter.
- A refused login is tried rarely: cameras lock accounts. New settings begin a new thread, which tries at once.
- What only a person can mend (a wrong path, no video, an address that is not allowed) is tried now and then.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from ingest.contract import Cause


class Pause(msgspec.Struct, frozen=True, kw_only=True):
    """The first pause and the longest one; each is twice the one before."""

    first_s: float
    longest_s: float


NETWORK_S_MAX = 4.0
NETWORK = Pause(first_s=0.5, longest_s=NETWORK_S_MAX)
LOGIN = Pause(first_s=15.0, longest_s=300.0)
SETTINGS = Pause(first_s=2.0, longest_s=30.0)
PAUSES: Mapping[Cause, Pause] = {
    "none": NETWORK,
    "dns": NETWORK,
    "refused": NETWORK,
    "timeout": NETWORK,
    "broken": NETWORK,
    "decoder": NETWORK,
    "auth": LOGIN,
    "not_found": SETTINGS,
    "no_video": SETTINGS,
    "codec": SETTINGS,
    "unsafe_url": SETTINGS,
}


def delay_s(cause: Cause, attempt: int, maximum_s: float, chance: float) -> float:
    """Pause after a failed attempt (0 = the first), each cut by up to half; `chance` is a random number 0..1.

    The jitter keeps a hundred cameras behind one switch from knocking at the same moment. `maximum_s` bounds all pauses
    but those after a refused login.
    """
    pause = PAUSES[cause]
    if cause != "auth":
        pause = Pause(first_s=pause.first_s, longest_s=min(pause.longest_s, maximum_s))
    return doubled_s(pause, attempt, chance)


def doubled_s(pause: Pause, attempt: int, chance: float) -> float:
    """The pause, doubled for each attempt up to its longest, and cut by up to half."""
    return min(pause.longest_s, pause.first_s * 2.0 ** min(attempt, 16)) * (1.0 - 0.5 * chance)

"""A simulated barrier or door: what a controller makes of decisions. Pure: no I/O, no clock.

Rules
- It opens for a grant whose time is not over, once per id. Everything else leaves it shut: another verdict, one that is
  not known, a grant that came too late or again.
- Time is the server's, as late as it may be by what the client knows (`server_us`), so that a wrong clock or a stalled
  line opens nothing.
"""

from __future__ import annotations

from typing import Literal

import msgspec

SEEN_MAX = 4096

Outcome = Literal["opened", "passed", "refused", "timed_out"]
State = Literal["shut", "open"]


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """A decision as the controller understands it."""

    id: str
    version: int
    door: str
    granted: bool
    expired: bool = False
    """It was granted, and the server itself says that its time is over."""
    expires_at_us: int = 0
    reason: str = ""
    text: str = ""
    plate: str = ""
    person: str = ""
    card: str = ""
    direction: str = ""
    event: str = ""
    decided_at_us: int = 0


class Did(msgspec.Struct, frozen=True, kw_only=True):
    """What the door did, and by which decision."""

    id: str
    outcome: Outcome


class Barrier:
    """One barrier."""

    def __init__(self, *, pass_s: float = 1.5, open_s: float = 4.0, comes: bool = True) -> None:
        """A vehicle goes through `pass_s` after it opened, if one `comes`; without one it shuts after `open_s`."""
        self._pass_s, self._open_s, self._comes = pass_s, open_s, comes
        self._seen: dict[str, bool] = {}
        self._opened_s = 0.0
        self.by = ""
        """The decision that it stands open by; empty = it is shut."""

    @property
    def state(self) -> State:
        """Of the barrier."""
        return "open" if self.by else "shut"

    def hear(self, command: Command, *, server_us: int, now_s: float) -> list[Did]:
        """Take a decision; what comes again says nothing."""
        if self._seen.get(command.id):
            return []
        first = command.id not in self._seen
        self._seen[command.id] = command.granted or command.expired
        while len(self._seen) > SEEN_MAX:
            del self._seen[next(iter(self._seen))]
        if command.granted and server_us < command.expires_at_us:
            return self._open(command.id, now_s)
        if command.granted or command.expired:
            return [Did(id=command.id, outcome="timed_out")]
        return [Did(id=command.id, outcome="refused")] if first else []

    def _open(self, by: str, now_s: float) -> list[Did]:
        before = [Did(id=self.by, outcome="passed" if self._comes else "timed_out")] if self.by else []
        self.by, self._opened_s = by, now_s
        return [*before, Did(id=by, outcome="opened")]

    def tick(self, now_s: float) -> list[Did]:
        """Let time pass: who waits goes through, and it shuts."""
        due_s = self._opened_s + (self._pass_s if self._comes else self._open_s)
        if not self.by or now_s < due_s:
            return []
        done = Did(id=self.by, outcome="passed" if self._comes else "timed_out")
        self.by = ""
        return [done]

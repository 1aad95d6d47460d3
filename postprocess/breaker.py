"""When a stage has too much that it can't process: a breaker, as in electricity. Pure: the time is passed in.

closed   takes everything; letters of the last minute are counted
  │ one more than `per_minute_max`
  ▼
open     takes nothing, and buries nothing: what fails is given back, and waits in its stream
  │ `pause_s` later                         ▲ it fails
  ▼                                         │
trying   takes one message ─────────────────┘
  │ it goes well, or somebody says "resume" (in any state)
  ▼
closed   with a fresh count
"""

from __future__ import annotations

from collections import deque
from typing import Literal

import msgspec

MINUTE_S = 60.0
PAUSE_S = 60.0

State = Literal["closed", "open", "trying"]
Change = Literal["", "stopped", "resumed"]


class BreakerPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """What a stage may bury."""

    per_minute_max: int
    pause_s: float = PAUSE_S


class Breaker:
    """The state of one stage."""

    def __init__(self, policy: BreakerPolicy) -> None:
        self._policy = policy
        self._letters: deque[float] = deque()
        self._try_at_s = 0.0
        self.state: State = "closed"

    def takes(self, now_s: float) -> int | None:
        """How many messages the stage may have in hand; None = as many as it likes."""
        if self.state == "open" and now_s >= self._try_at_s:
            self.state = "trying"
        return {"closed": None, "open": 0, "trying": 1}[self.state]

    def failed(self, now_s: float) -> tuple[bool, Change]:
        """A message can't be processed: whether it may be buried (else it is given back), and what has changed."""
        if self.state != "closed":
            self._pause(now_s)
            return False, ""
        while self._letters and now_s - self._letters[0] >= MINUTE_S:
            self._letters.popleft()
        if len(self._letters) < self._policy.per_minute_max:
            self._letters.append(now_s)
            return True, ""
        self._pause(now_s)
        return False, "stopped"

    def went_well(self) -> Change:
        """A message was processed: what has changed."""
        return self.resume() if self.state == "trying" else ""

    def resume(self) -> Change:
        """Go on, whatever was: what has changed."""
        change: Change = "" if self.state == "closed" else "resumed"
        self.state = "closed"
        self._letters.clear()
        return change

    def _pause(self, now_s: float) -> None:
        self.state, self._try_at_s = "open", now_s + self._policy.pause_s

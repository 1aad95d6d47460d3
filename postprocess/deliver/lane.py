"""What waits for one target, and when it is tried. Pure: time and chance are passed in.

up      heads of all keys are tried, `inflight_max` at once, one of a key at a time
  │ a parcel finds the target away                   ▲ a parcel gets through
  ▼                                                  │
down    one parcel is tried at each step of the back-off: that key's head which was tried longest ago

Rules
- Of one key nothing overtakes: what failed is tried again before what came after it.
- An outage costs no tries: it lasts until `give_up_s` after an event. A parcel that fails while others get through is
  refused like one that the target does not want; after `refused_max` of these it is dead.
- What expires is dropped when its time has come, tried or not.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Literal

import msgspec

from ingest.backoff import Pause, doubled_s
from postprocess.contract import Event

Outcome = Literal["sent", "away", "refused"]
Place = tuple[str, int]
"""Stream and sequence of a message."""
Fate = Literal["sent", "again", "dead"]

FIRST_PAUSE_S = 1.0


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one try."""

    outcome: Outcome
    words: str = ""
    retry_after_s: float = 0.0
    """At least so long, as the target asks."""


class Parcel(msgspec.Struct, kw_only=True, eq=False):
    """One message to a target: an event, or several with counts."""

    id: str
    """Idempotency key."""
    key: str
    rule: str
    events: tuple[Event, ...]
    places: tuple[Place, ...]
    """Acknowledged when it is done."""
    born_us: int
    expires_us: int | None = None
    again: bool = False
    """Said again out of the dead letters."""
    tries: int = 0
    refusals: int = 0
    next_s: float = 0.0
    tried_s: float = -math.inf
    others: int = 0
    """How much had got through at its last try."""


class LanePolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How patient a lane is."""

    inflight_max: int = 4
    backoff_s_max: float = 60.0
    refused_max: int = 3
    give_up_s: float = 86_400.0


class Lane:
    """The state of one target."""

    def __init__(self, policy: LanePolicy) -> None:
        self._policy = policy
        self._queues: dict[str, deque[Parcel]] = {}
        self._under_way: set[str] = set()
        self._keys: dict[str, tuple[str, int]] = {}
        """Event → key of its parcels, and how many of them wait."""
        self._through = self._fails = 0
        self._probe_s = 0.0

    @property
    def down(self) -> bool:
        """Whether the target is thought to be away."""
        return self._fails > 0

    @property
    def waiting(self) -> int:
        """Parcels that are not done."""
        return sum(len(queue) for queue in self._queues.values())

    @property
    def under_way(self) -> int:
        """Parcels that are being tried."""
        return len(self._under_way)

    def put(self, parcel: Parcel) -> None:
        """Behind all of its key; what is said of an event that waits stays behind it, whatever its own key."""
        if len(parcel.events) == 1:
            event = parcel.events[0].event_id
            parcel.key, count = self._keys.get(event, (parcel.key, 0))
            self._keys[event] = (parcel.key, count + 1)
        self._queues.setdefault(parcel.key, deque()).append(parcel)

    def done(self, parcel: Parcel) -> None:
        """A dead one is buried: its key goes on."""
        self._under_way.discard(parcel.key)
        self._remove(parcel)

    def put_back(self, parcel: Parcel) -> None:
        """A dead one can't be buried now: it stays before all of its key; one more refusal makes it dead again."""
        self._under_way.discard(parcel.key)
        parcel.refusals = self._policy.refused_max - 1

    def expired(self, now_us: int) -> list[Parcel]:
        """Take out what has run out of time and is not being tried."""
        found = [
            parcel
            for key, queue in self._queues.items()
            for place, parcel in enumerate(queue)
            if parcel.expires_us is not None
            and now_us >= parcel.expires_us
            and not (place == 0 and key in self._under_way)
        ]
        for parcel in found:
            self._remove(parcel)
        return found

    def due(self, now_s: float, *, room: int | None = None) -> list[Parcel]:
        """What is to be tried now; each has to be settled. `room`: at most so many under way."""
        limit = self._policy.inflight_max if room is None else min(room, self._policy.inflight_max)
        if self.down:
            limit = min(limit, 1) if now_s >= self._probe_s else 0
        free = [queue[0] for key, queue in self._queues.items() if key not in self._under_way]
        if self.down:  # who was tried longest ago, whatever its own pause: one bad parcel must not look like an outage
            ready = sorted(free, key=lambda parcel: (parcel.tried_s, parcel.places))
        else:
            ready = sorted((one for one in free if one.next_s <= now_s), key=lambda parcel: parcel.places)
        taken = ready[: max(0, limit - len(self._under_way))]
        for parcel in taken:
            parcel.tries, parcel.tried_s = parcel.tries + 1, now_s
            self._under_way.add(parcel.key)
        return taken

    def settle(self, parcel: Parcel, answer: Answer, *, now_s: float, now_us: int, chance: float) -> Fate:
        """What becomes of a parcel after a try; a dead one holds its key until `done` or `put_back`. `chance` 0..1."""
        if answer.outcome == "sent":
            self.done(parcel)
            self._went_through(now_s)
            return "sent"
        alone = parcel.tries > 1 and self._through > parcel.others
        if answer.outcome == "refused" or alone:
            parcel.refusals += 1
        parcel.others = self._through
        if answer.outcome == "away":
            self._fails += 1
            pause_s = max(answer.retry_after_s, self._pause_s(self._fails - 1, chance))
            self._probe_s = now_s + pause_s
        if parcel.refusals >= self._policy.refused_max or now_us - parcel.born_us > self._policy.give_up_s * 1e6:
            return "dead"
        self._under_way.discard(parcel.key)
        pause_s = self._pause_s(parcel.tries - 1, chance)
        parcel.next_s = now_s + max(answer.retry_after_s, pause_s)
        return "again"

    def _pause_s(self, attempt: int, chance: float) -> float:
        return doubled_s(Pause(first_s=FIRST_PAUSE_S, longest_s=self._policy.backoff_s_max), attempt, chance)

    def wait_s(self, now_s: float) -> float | None:
        """How long nothing new is due; None = until something comes or is settled."""
        heads = [queue[0] for key, queue in self._queues.items() if key not in self._under_way]
        if not heads or len(self._under_way) >= self._policy.inflight_max:
            return None
        if self.down:
            return None if self._under_way else max(0.0, self._probe_s - now_s)
        return max(0.0, min(parcel.next_s for parcel in heads) - now_s)

    def _went_through(self, now_s: float) -> None:
        if self.down:
            for queue in self._queues.values():
                if queue[0].refusals == 0:
                    queue[0].next_s = now_s
        self._through, self._fails = self._through + 1, 0

    def _remove(self, parcel: Parcel) -> None:
        queue = self._queues[parcel.key]
        queue.remove(parcel)
        if not queue:
            del self._queues[parcel.key]
        if len(parcel.events) == 1:
            event = parcel.events[0].event_id
            key, count = self._keys[event]
            if count > 1:
                self._keys[event] = (key, count - 1)
            else:
                del self._keys[event]

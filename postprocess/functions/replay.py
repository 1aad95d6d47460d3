"""What a function would have said of looks that are long over, and how that differs from what was said.

Pure: no I/O, no clock.

Rules
- A replay runs the very `step` of the function over the stored frame reports and reads, in their order, and then lets
  time pass until everything is final.
- Looks begin `WARM_UP_US` before the span, so that what was under way at its beginning is known; what opened
  outside the span is left out.
- Two events are one where their ids are equal, or, since a track that began before the warm-up has another root, where
  kind, rule and time agree within `SAME_US`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from ingest.contract import FrameReport
from postprocess.contract import Event, Read
from postprocess.functions.unit import AnyFunction
from postprocess.rules.scene import Scene, Tick

WARM_UP_US = 60_000_000
SAME_US = 2_000_000
PASS_US = 24 * 3600 * 1_000_000
QUIET_US = 1_000_000


class Replay:
    """A function over the looks of a camera, slice by slice."""

    def __init__(self, function: AnyFunction, policy: Any, camera: str) -> None:
        self._function, self._policy = function, policy
        self._memory: Scene = function.memory(camera=camera)
        self._said: dict[str, Event] = {}
        self.messages = 0

    def take(self, messages: Iterable[FrameReport | Read]) -> None:
        """Go on with these; they come in the order of their times."""
        for message in messages:
            self._tick_until(_time(message) - QUIET_US)
            self._step(message)
            self.messages += 1

    def finish(self, since_us: int, until_us: int) -> tuple[Event, ...]:
        """Let time pass; the last words of all events that opened within the span, by time."""
        self._step(Tick(now_us=self._memory.now_us + QUIET_US))
        self._step(Tick(now_us=self._memory.now_us + PASS_US))
        within = (event for event in self._said.values() if since_us <= event.opened_at_us < until_us)
        return tuple(sorted(within, key=lambda event: (event.opened_at_us, event.event_id)))

    def _tick_until(self, at_us: int) -> None:
        if self._memory.now_us and at_us > self._memory.now_us + QUIET_US and self._function.waits(self._memory):
            self._step(Tick(now_us=at_us))

    def _step(self, message: FrameReport | Read | Tick) -> None:
        self._memory, outputs = self._function.step(self._memory, message, self._policy)
        for output in outputs:
            known = self._said.get(output.event_id) if isinstance(output, Event) else None
            if isinstance(output, Event) and (known is None or output.version >= known.version):
                self._said[output.event_id] = output


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """What edited rules change: pairs (was, would be) of the same happening, and what only one side has."""

    same: tuple[tuple[Event, Event], ...] = ()
    gone: tuple[Event, ...] = ()
    new: tuple[Event, ...] = ()


def compare(was: Iterable[Event], would: Iterable[Event]) -> Difference:
    """Pair the events of both sides, each with one at most."""
    left = {event.event_id: event for event in was}
    right = {event.event_id: event for event in would}
    pairs = [(left.pop(key), right.pop(key)) for key in sorted(left.keys() & right.keys())]
    for key, event in sorted(left.items()):
        twin = min(
            (other for other in right.values() if _alike(event, other)),
            key=lambda other: (abs(other.opened_at_us - event.opened_at_us), other.event_id),
            default=None,
        )
        if twin is not None:
            pairs.append((left.pop(key), right.pop(twin.event_id)))
    return Difference(
        same=tuple(sorted(pairs, key=lambda pair: (pair[0].opened_at_us, pair[0].event_id))),
        gone=tuple(sorted(left.values(), key=lambda event: (event.opened_at_us, event.event_id))),
        new=tuple(sorted(right.values(), key=lambda event: (event.opened_at_us, event.event_id))),
    )


def _alike(one: Event, two: Event) -> bool:
    near = abs(one.opened_at_us - two.opened_at_us) <= SAME_US
    return near and (one.kind, one.rule) == (two.kind, two.rule)


def _time(message: FrameReport | Read) -> int:
    return message.captured_at_us if isinstance(message, Read) else message.stamp.captured_at_us

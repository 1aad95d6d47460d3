"""What `decide` counts of the events that it publishes. No I/O, no clock: `now_us` is passed in.

Rules
- A happening counts once, when its first version goes out; a passage once more, when it is final.
- What a restart publishes again counts again: the ids that were told are not part of the state.
"""

from __future__ import annotations

from postprocess.contract import Event
from postprocess.metrics import EVENT_LAG_SECONDS, EVENT_SECONDS, EVENTS, PASSAGES

TOLD_MAX = 4000
PASSAGE_KINDS = frozenset({"vehicle_entry", "vehicle_exit"})


class Tally:
    """Of one process; bounded."""

    def __init__(self) -> None:
        self._told: dict[tuple[str, bool], None] = {}

    def published(self, event: Event, *, captured_us: int | None, now_us: int) -> None:
        """A version is at the broker; `captured_us` of the frame that gave it, None where time alone did."""
        EVENTS.labels(event.kind).inc()
        if self._first((event.event_id, False)):
            EVENT_LAG_SECONDS.observe(max(0.0, (now_us - event.opened_at_us) / 1e6))
            if captured_us is not None:
                EVENT_SECONDS.labels(event.function).observe(max(0.0, (now_us - captured_us) / 1e6))
        if event.final and event.kind in PASSAGE_KINDS and self._first((event.event_id, True)):
            PASSAGES.labels(event.camera, "read" if event.plate else "unread").inc()

    def _first(self, told: tuple[str, bool]) -> bool:
        if told in self._told:
            return False
        self._told[told] = None
        if len(self._told) > TOLD_MAX:
            del self._told[next(iter(self._told))]
        return True

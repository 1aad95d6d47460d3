"""What a camera did, counted by hour and rule, and the newest of it one by one. Pure: no I/O, no clock.

Rules
- An event counts once, with what its last version says; a later version of a final event takes the place of the one
  before.
- Times are microseconds since 1970 UTC; an hour is a count of hours since then.
- All of it is bounded: hours are forgotten after `HOURS_KEPT`, the newest events beyond `RECENT_MAX`, verdicts beyond
  `VERDICTS_MAX` of a rule; rules beyond `RULES_MAX` of an hour are not counted.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from postprocess.contract import Event, Feedback

HOUR_US = 3_600_000_000
HOURS_KEPT = 8 * 24
RECENT_MAX = 512
VERDICTS_MAX = 20
RULES_MAX = 64
RIGHT = frozenset({"confirmed", "corrected"})


class Taken(msgspec.Struct, kw_only=True, array_like=True):
    """An event as it is counted."""

    at_us: int
    version: int
    rule: str
    """`<function>/<line or zone>`."""
    alarm: bool
    passage: bool
    """Of a vehicle, which has a plate to be read."""
    read: bool
    confidence: float
    """Of the detection, 0..1; 0 = not told."""


class Tally(msgspec.Struct, kw_only=True, array_like=True):
    """Sums of the events of a rule in an hour."""

    events: int = 0
    alarms: int = 0
    passages: int = 0
    read: int = 0
    told: int = 0
    """Events that told a confidence."""
    confidence: float = 0.0
    squares: float = 0.0

    def add(self, taken: Taken, sign: int = 1) -> None:
        """Count an event, or (-1) take it out again."""
        self.events += sign
        self.alarms += sign * taken.alarm
        self.passages += sign * taken.passage
        self.read += sign * (taken.passage and taken.read)
        if taken.confidence > 0.0:
            self.told += sign
            self.confidence += sign * taken.confidence
            self.squares += sign * taken.confidence**2

    def join(self, other: Tally) -> None:
        """Count what another one has counted."""
        for name in self.__struct_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


class Verdict(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What a person said of an event."""

    event: str
    at_us: int
    right: bool
    reason: str


class Ledger(msgspec.Struct, kw_only=True):
    """All that is counted of a camera."""

    hours: dict[int, dict[str, Tally]] = {}
    recent: dict[str, Taken] = {}
    """By event id, in the order in which they came."""
    verdicts: dict[str, list[Verdict]] = {}
    """By rule, the newest last; one of each event."""
    uncounted: int = 0
    """Events of rules beyond the limit."""

    def take(self, event: Event) -> bool:
        """Count a final event; False = a version that is not newer."""
        known = self.recent.get(event.event_id)
        if known is not None:
            if known.version >= event.version:
                return False
            self._count(known, -1)
        self.recent[event.event_id] = taken = _taken(event)
        self._count(taken, 1)
        while len(self.recent) > RECENT_MAX:
            del self.recent[next(iter(self.recent))]
        return True

    def hear(self, said: Feedback) -> bool:
        """Count a verdict on one of the newest events; False = on none of them, or none that says right or wrong."""
        known = self.recent.get(said.event_id)
        if known is None:
            return False
        kept = [one for one in self.verdicts.get(known.rule, []) if one.event != said.event_id]
        kept.append(
            Verdict(event=said.event_id, at_us=said.at_us, right=said.verdict in RIGHT, reason=said.reason[:40])
        )
        self.verdicts[known.rule] = kept[-VERDICTS_MAX:]
        return True

    def forget(self, now_us: int) -> None:
        """Let go of hours that nothing is compared with any more."""
        oldest = now_us // HOUR_US - HOURS_KEPT
        for hour in [hour for hour in self.hours if hour < oldest]:
            del self.hours[hour]

    def between(self, since_hour: int, until_hour: int, rule: str | None = None) -> Tally:
        """All of the hours since ≤ h < until, of one rule or of all."""
        whole = Tally()
        for tally in self._tallies(since_hour, until_hour, rule):
            whole.join(tally)
        return whole

    def _tallies(self, since_hour: int, until_hour: int, rule: str | None) -> Iterator[Tally]:
        for hour, rules in self.hours.items():
            if since_hour <= hour < until_hour:
                yield from rules.values() if rule is None else filter(None, (rules.get(rule),))

    def _count(self, taken: Taken, sign: int) -> None:
        rules = self.hours.setdefault(taken.at_us // HOUR_US, {})
        if taken.rule not in rules and len(rules) >= RULES_MAX:
            self.uncounted += sign
            return
        rules.setdefault(taken.rule, Tally()).add(taken, sign)


def _taken(event: Event) -> Taken:
    return Taken(
        at_us=event.opened_at_us,
        version=event.version,
        rule=f"{event.function}/{event.rule}",
        alarm=event.severity != "info",
        passage=event.kind in {"vehicle_entry", "vehicle_exit"},
        read=bool(event.plate),
        confidence=event.confidence,
    )

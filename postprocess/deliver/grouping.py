"""A storm becomes one message, and quiet hours are quiet. Pure: the time is passed in.

A rule's window begins with a message. `group_free` messages pass; what comes within `group_s` beyond them is held and
leaves as one digest when the window ends, which begins the next one. In quiet hours all is held that is not severe
enough, and leaves as one digest when they end.

Rules
- What is held is bounded (`HELD_MAX` a target); when it is full it leaves as digests at once, quiet or not.
- A digest of one event is the event itself.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from postprocess.contract import Event
from postprocess.deliver.lane import Place
from postprocess.deliver.settings import SEVERITIES, DeliveryRule
from postprocess.rules.schedule import holds

HELD_MAX = 2000


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """An event that waits for others."""

    event: Event
    place: Place
    born_us: int
    again: bool = False


class Digest(msgspec.Struct, frozen=True, kw_only=True):
    """What leaves together, in the order in which it came."""

    rule: DeliveryRule
    held: tuple[Held, ...]


class _Window(msgspec.Struct, kw_only=True):
    rule: DeliveryRule
    until_us: int = 0
    passed: int = 0
    held: list[Held] = []


class Groups:
    """What one target's rules hold back."""

    def __init__(self, timezone: str) -> None:
        self._timezone = timezone
        self._windows: dict[str, _Window] = {}

    def change(self, rules: Sequence[DeliveryRule]) -> None:
        """Rules as they are now; what a rule that is gone held leaves at once."""
        known = {rule.id: rule for rule in rules}
        for name, window in self._windows.items():
            quiet = msgspec.structs.replace(window.rule, quiet=(), group_s=0.0)
            window.rule = known.get(name, quiet)
            if name not in known:
                window.until_us = 0

    @property
    def waiting(self) -> int:
        """Events that are held."""
        return sum(len(window.held) for window in self._windows.values())

    def passes(self, rule: DeliveryRule, held: Held, now_us: int) -> bool:
        """Whether an event is said at once; otherwise it is held."""
        window = self._windows.setdefault(rule.id, _Window(rule=rule))
        window.rule = rule
        if not self._quiet(rule, now_us) or _severe(rule, held.event):
            if rule.group_s <= 0:
                return True
            if now_us >= window.until_us and not window.held:
                window.until_us, window.passed = now_us + int(rule.group_s * 1e6), 0
            if window.passed < rule.group_free:
                window.passed += 1
                return True
        window.held.append(held)
        return False

    def ripe(self, now_us: int) -> list[Digest]:
        """What is to leave now."""
        full = self.waiting >= HELD_MAX
        found = []
        for window in self._windows.values():
            rule = window.rule
            if window.held and (full or (now_us >= window.until_us and not self._quiet(rule, now_us))):
                found.append(Digest(rule=rule, held=tuple(window.held)))
                window.held = []
                window.until_us, window.passed = now_us + int(rule.group_s * 1e6), 1
        return found

    def _quiet(self, rule: DeliveryRule, now_us: int) -> bool:
        return bool(rule.quiet) and holds(rule.quiet, now_us, self._timezone)


def _severe(rule: DeliveryRule, event: Event) -> bool:
    if rule.quiet_severity == "none":
        return False
    return SEVERITIES.index(event.severity) >= SEVERITIES.index(rule.quiet_severity)

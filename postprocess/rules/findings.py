"""What is worse than it was: a camera's newest events against its days before. Pure: no I/O, no clock.

Rules
- Nothing is told of few events: shares are judged by their 95 % interval (E. B. Wilson, 1927), counts by the spread
  of a Poisson count, means by their standard error.
- What was told stands until things are clearly better: each judgement is milder on what stands already.
- "Usual" is the seven days before the newest events, at least `USUAL_MIN` of what is compared.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterator
from typing import Literal

import msgspec

from model_repository.evaluation.intervals import wilson
from postprocess.rules.tally import HOUR_US, Ledger, Taken, Tally

What = Literal["plates_unreadable", "alarms_false", "alarms_many", "confidence_low", "silent"]
DAY_H = 24
WEEK_H = 7 * DAY_H
WINDOW = 20
"""So many of the newest passages are compared with the days before."""
USUAL_MIN = 50
PLATES_WORSE, PLATES_BETTER = 0.8, 0.9
"""Of the usual read rate: unreadable when surely below the first, mended from the second on."""
VERDICTS_MIN = 5
FALSE_BELOW, TRUE_FROM = 0.5, 0.6
MANY_TIMES, MANY_OVER, MANY_AGAIN = 3.0, 10, 2.0
CONFIDENCE_WINDOW = 30
CONFIDENCE_DROP, CONFIDENCE_BACK = 0.1, 0.05
SILENT_H = 6
SILENT_USUAL_MIN = 12
"""Events that each of the seven days before had in the same hours."""
SUDDEN_MIN = 8


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is worse than it was."""

    what: What
    rule: str
    """`<function>/<line or zone>`; empty = the whole camera."""
    since_us: int
    cause: str = ""
    """A picture fault, `time_of_day`, `sudden`, the most frequent reason of false alarms, or empty = not known."""
    value: float
    """The measure now: a share, a count, a mean."""
    usual: float
    of: int
    """How many events it is of."""

    @property
    def key(self) -> str:
        """One finding of each kind and rule stands at a time."""
        return f"{self.what}|{self.rule}"


def found(ledger: Ledger, standing: frozenset[str], now_us: int, *, watched: bool) -> Iterator[Finding]:
    """All that is worse now; `standing`: keys of what was told already; `watched`: the camera gives pictures."""
    yield from _plates(ledger, standing)
    rules = sorted({rule for rules in ledger.hours.values() for rule in rules})
    for rule in rules:
        yield from _false(ledger, rule, standing)
        yield from _many(ledger, rule, standing, now_us)
        yield from _confidence(ledger, rule, standing)
    if watched:
        yield from _silent(ledger, standing, now_us)


def _newest(ledger: Ledger, count: int) -> list[Taken]:
    return sorted(ledger.recent.values(), key=lambda one: one.at_us)[-count:]


def _plates(ledger: Ledger, standing: frozenset[str]) -> Iterator[Finding]:
    window = [one for one in _newest(ledger, len(ledger.recent)) if one.passage][-WINDOW:]
    if len(window) < WINDOW:
        return
    first = window[0].at_us // HOUR_US
    usual = ledger.between(first - WEEK_H, first)
    if usual.passages < USUAL_MIN:
        return
    rate, read = usual.read / usual.passages, sum(one.read for one in window)
    if "plates_unreadable|" in standing:
        worse = read / WINDOW < rate * PLATES_BETTER
    else:
        worse = wilson(read, WINDOW)[1] < rate * PLATES_WORSE
    if worse:
        tail = _unread_since(window)
        sudden = len(tail) >= SUDDEN_MIN
        unread = tail if sudden else [one for one in window if not one.read]
        yield Finding(
            what="plates_unreadable", rule="", since_us=unread[0].at_us, value=read / WINDOW, usual=rate, of=WINDOW,
            cause="time_of_day" if _always_so(ledger, window, rate) else "sudden" if sudden else "",
        )  # fmt: skip


def _unread_since(window: list[Taken]) -> list[Taken]:
    """The newest passages of which none was read."""
    tail = list(itertools.takewhile(lambda one: not one.read, reversed(window)))
    return tail[::-1]


def _always_so(ledger: Ledger, window: list[Taken], rate: float) -> bool:
    """It was so in the same hours of the days before."""
    same = Tally()
    for hour in {one.at_us // HOUR_US for one in window}:
        for day in range(1, 8):
            same.join(ledger.between(hour - day * DAY_H, hour - day * DAY_H + 1))
    return same.passages >= WINDOW and same.read / same.passages < rate * PLATES_BETTER


def _false(ledger: Ledger, rule: str, standing: frozenset[str]) -> Iterator[Finding]:
    verdicts = ledger.verdicts.get(rule, [])
    right, of = sum(one.right for one in verdicts), len(verdicts)
    if of < VERDICTS_MIN:
        return
    stands = f"alarms_false|{rule}" in standing
    if (right / of < TRUE_FROM) if stands else (wilson(right, of)[1] < FALSE_BELOW):
        reasons = Counter(one.reason for one in verdicts if not one.right and one.reason).most_common(1)
        yield Finding(
            what="alarms_false", rule=rule, since_us=min(one.at_us for one in verdicts if not one.right),
            cause=reasons[0][0] if reasons else "", value=right / of, usual=1.0, of=of,
        )  # fmt: skip


def _many(ledger: Ledger, rule: str, standing: frozenset[str], now_us: int) -> Iterator[Finding]:
    now_h = now_us // HOUR_US + 1
    days = [ledger.between(now_h - (day + 1) * DAY_H, now_h - day * DAY_H, rule).alarms for day in range(8)]
    begun = min(ledger.hours) <= now_h - 4 * DAY_H
    if not begun:
        return
    today, usual = days[0], sorted(days[1:])[3]
    times = MANY_AGAIN if f"alarms_many|{rule}" in standing else MANY_TIMES
    if today > usual * times and today - usual > max(MANY_OVER, 5 * math.sqrt(usual)):
        yield Finding(
            what="alarms_many", rule=rule, since_us=(now_h - DAY_H) * HOUR_US, value=today, usual=usual, of=today
        )


def _confidence(ledger: Ledger, rule: str, standing: frozenset[str]) -> Iterator[Finding]:
    window = [one for one in _newest(ledger, len(ledger.recent)) if one.rule == rule and one.confidence > 0.0]
    window = window[-CONFIDENCE_WINDOW:]
    if len(window) < CONFIDENCE_WINDOW:
        return
    first = window[0].at_us // HOUR_US
    usual = ledger.between(first - WEEK_H, first, rule)
    if usual.told < USUAL_MIN:
        return
    mean, now = usual.confidence / usual.told, sum(one.confidence for one in window) / len(window)
    spread = math.sqrt(max(0.0, usual.squares / usual.told - mean**2) / len(window))
    stands = f"confidence_low|{rule}" in standing
    if mean - now > (CONFIDENCE_BACK if stands else max(CONFIDENCE_DROP, 3 * spread)):
        yield Finding(what="confidence_low", rule=rule, since_us=window[0].at_us, value=now, usual=mean, of=len(window))


def _silent(ledger: Ledger, standing: frozenset[str], now_us: int) -> Iterator[Finding]:
    """Nothing in hours that were busy on each of seven days; it lasts until something comes."""
    last_us = max(one.at_us for one in ledger.recent.values())
    now_h = now_us // HOUR_US
    if now_us - last_us < SILENT_H * HOUR_US:
        return
    days = [ledger.between(now_h - SILENT_H - day * DAY_H, now_h - day * DAY_H).events for day in range(1, 8)]
    if "silent|" in standing or min(days) >= SILENT_USUAL_MIN:
        yield Finding(what="silent", rule="", since_us=last_us, value=0.0, usual=sorted(days)[3], of=0)

"""Planned shifts against what was seen: hours, late, left early, absent, overtime; and who is inside now.

Pure: no I/O but the time zone database, no clock.

Rules
- A shift begins and ends by the wall clock of the site. On days with a change of the clock it is an hour longer or
  shorter: what counts is time that passed. A time that comes twice is its first one as a beginning and its second as
  an end; 02:30 where the clock goes from 02:00 to 03:00 is 03:30.
- A person was *there* from an entry to the next exit, and during every presence. An entry without an exit, an exit
  without an entry are no time: they are counted as `unpaired`. Only the last entry of somebody inside lasts until now.
- What lies nearer than `WINDOW_US` to a shift, and nearer than to its neighbours, belongs to it; the rest is unplanned.
- Nothing unidentified is anybody's.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo

import msgspec

from postprocess.contract import Shift

_US = 1_000_000
WINDOW_US = 6 * 3600 * _US
"""How far beyond a shift its own overtime may reach."""
INSIDE_US_MAX = 24 * 3600 * _US
"""An entry older than this without an exit is a lost exit."""
NIGHT = ("22:00", "06:00")
"""What counts as night (Labour Code of Russia, 96)."""
PRESENT_US_MAX = 180 * _US
"""A stay that is open and was told longer ago than this is over: nobody says so while a camera is away."""

Span = tuple[int, int]


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """An entry, an exit or a presence, as the store has it."""

    kind: str
    camera: str
    person: str
    opened_at_us: int
    closed_at_us: int | None
    """Of a presence: None while it goes on."""
    stay_s: float = 0.0
    rule: str = ""


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """A shift as a span of time."""

    shift: Shift
    since_us: int
    until_us: int


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A person on a day: a shift and what became of it, or time that nobody had planned (`shift` None). Minutes."""

    person: str
    date: str
    shift: Shift | None
    first_us: int | None
    last_us: int | None
    planned_min: int
    """Without the break."""
    there_min: int
    """Within the shift."""
    night_min: int = 0
    """Of that, from 22 to 6 by the wall clock."""
    break_min: int = 0
    """Of that, the part of the unpaid break that was not spent outside; none of less than half a shift."""
    present_min: int
    """Seen in zones within the shift."""
    late_min: int
    early_min: int
    overtime_min: int
    absent: bool
    open: bool
    """The shift, or the time in it, goes on."""
    unpaired: int

    @property
    def presence_share(self) -> float | None:
        """Of the planned time seen in zones; None without a plan."""
        return round(min(1.0, self.present_min / self.planned_min), 4) if self.planned_min else None


def at_us(day: date, clock: str, zone: tzinfo, *, second: bool) -> int:
    """A time by the wall clock as microseconds; `second` of the two where it comes twice."""
    hour, minute = int(clock[:2]), int(clock[3:])
    local = datetime.combine(day, time(hour, minute), zone).replace(fold=int(second))
    since = local.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * _US


def planned(shift: Shift, zone: tzinfo) -> Planned:
    """A shift as a span of time."""
    day = date.fromisoformat(shift.date)
    last = day if shift.until > shift.since else day + timedelta(days=1)
    return Planned(
        shift=shift,
        since_us=at_us(day, shift.since, zone, second=False),
        until_us=at_us(last, shift.until, zone, second=True),
    )


def local_date(us: int, zone: tzinfo) -> str:
    """The day by the wall clock."""
    return datetime.fromtimestamp(us / 1e6, UTC).astimezone(zone).date().isoformat()


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen of a person."""

    there: tuple[Span, ...]
    """Apart from each other, in order."""
    present: tuple[Span, ...]
    marks: tuple[int, ...]
    """Of every entry, exit and end of a presence, paired or not."""
    unpaired: tuple[int, ...]
    going_on: bool
    """Inside, or present, now."""


def seen_of(facts: Sequence[Fact], now_us: int) -> Seen:
    """What the facts of one person say together."""
    passages = sorted((f for f in facts if f.kind != "presence"), key=lambda f: (f.opened_at_us, f.kind))
    spans, unpaired, entry_us, going_on = list[Span](), list[int](), None, False
    for fact in passages:
        if fact.kind == "person_entry":
            if entry_us is not None:
                unpaired.append(entry_us)
            entry_us = fact.opened_at_us
        elif entry_us is None:
            unpaired.append(fact.opened_at_us)
        else:
            spans.append((entry_us, fact.opened_at_us))
            entry_us = None
    if entry_us is not None:
        if now_us - entry_us <= INSIDE_US_MAX:
            spans.append((entry_us, now_us))
            going_on = True
        else:
            unpaired.append(entry_us)
    stays = [(f.opened_at_us, _end(f, now_us)) for f in facts if f.kind == "presence"]
    going_on |= any(f.closed_at_us is None and _lasts(f, now_us) for f in facts if f.kind == "presence")
    marks = [f.opened_at_us for f in facts] + [end for _, end in stays]
    return Seen(
        there=merged([*spans, *stays]),
        present=merged(stays),
        marks=tuple(sorted(marks)),
        unpaired=tuple(unpaired),
        going_on=going_on,
    )


def _told_us(fact: Fact) -> int:
    return fact.opened_at_us + round(fact.stay_s * _US)


def _lasts(fact: Fact, now_us: int) -> bool:
    return now_us - _told_us(fact) <= PRESENT_US_MAX


def _end(fact: Fact, now_us: int) -> int:
    if fact.closed_at_us is not None:
        return fact.closed_at_us
    return now_us if _lasts(fact, now_us) else _told_us(fact)


def merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The same time in spans that lie apart, in order."""
    found: list[Span] = []
    for since, until in sorted(spans):
        if found and since <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], until))
        elif until > since:
            found.append((since, until))
    return tuple(found)


def within(spans: Iterable[Span], window: Span) -> tuple[Span, ...]:
    """The parts of spans in a window."""
    cut = ((max(since, window[0]), min(until, window[1])) for since, until in spans)
    return tuple(span for span in cut if span[1] > span[0])


def nights(span: Span, zone: tzinfo) -> tuple[Span, ...]:
    """From 22 to 6 by the wall clock, of every night that a span touches."""
    first = date.fromisoformat(local_date(span[0], zone)) - timedelta(days=1)
    last = date.fromisoformat(local_date(span[1], zone))
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return tuple(
        (at_us(day, NIGHT[0], zone, second=False), at_us(day + timedelta(days=1), NIGHT[1], zone, second=True))
        for day in days
    )


def minutes(spans: Iterable[Span]) -> int:
    """Whole minutes, rounded."""
    return round(sum(until - since for since, until in spans) / (60 * _US))


def rows_of(
    person: str, shifts: Sequence[Shift], facts: Sequence[Fact], zone: tzinfo, *, now_us: int, grace_min: int = 0
) -> list[Row]:
    """The timesheet of one person: every shift that has begun, and the unplanned. `grace_min`: not late by less."""
    seen = seen_of(facts, now_us)
    plans = sorted((planned(shift, zone) for shift in shifts), key=lambda plan: plan.since_us)
    plans = [plan for plan in plans if plan.since_us <= now_us]
    windows = _windows(plans)
    rows = [
        _row(person, plan, window, seen, zone, now_us=now_us, grace_min=grace_min)
        for plan, window in zip(plans, windows, strict=True)
    ]
    rows += _unplanned(person, windows, seen, zone)
    return sorted(rows, key=lambda row: (row.date, row.shift is None, row.first_us or 0))


def _windows(plans: Sequence[Planned]) -> list[Span]:
    """Around each shift, up to half the way to its neighbours."""
    windows = [(plan.since_us - WINDOW_US, plan.until_us + WINDOW_US) for plan in plans]
    for number, (one, two) in enumerate(itertools.pairwise(plans)):
        middle = max(one.until_us, (one.until_us + two.since_us) // 2)
        windows[number] = (windows[number][0], min(windows[number][1], middle))
        windows[number + 1] = (max(windows[number + 1][0], middle), windows[number + 1][1])
    return windows


def _row(person: str, plan: Planned, window: Span, seen: Seen, zone: tzinfo, *, now_us: int, grace_min: int) -> Row:
    there = within(seen.there, window)
    shift: Span = (plan.since_us, plan.until_us)
    first = there[0][0] if there else None
    last = there[-1][1] if there else None
    open_ = now_us < plan.until_us
    marks = [mark for mark in seen.marks if window[0] <= mark < window[1]]
    late = 0 if first is None else max(0, round((first - plan.since_us) / (60 * _US)))
    early = 0 if last is None or open_ else max(0, round((plan.until_us - last) / (60 * _US)))
    overtime = minutes(within(there, (window[0], shift[0]))) + minutes(within(there, (shift[1], window[1])))
    worked = within(there, shift)
    return Row(
        person=person,
        date=plan.shift.date,
        shift=plan.shift,
        first_us=first,
        last_us=None if open_ and seen.going_on else last,
        planned_min=max(0, minutes([shift]) - plan.shift.break_min),
        there_min=minutes(worked),
        night_min=minutes(part for night in nights(shift, zone) for part in within(worked, night)),
        break_min=_break(worked, shift, plan.shift.break_min),
        present_min=minutes(within(seen.present, shift)),
        late_min=late if late > grace_min else 0,
        early_min=early if early > grace_min else 0,
        overtime_min=overtime,
        absent=not marks and not there and not open_,
        open=open_,
        unpaired=sum(window[0] <= mark < window[1] for mark in seen.unpaired),
    )


def _break(worked: Sequence[Span], shift: Span, break_min: int) -> int:
    if minutes(worked) * 2 <= minutes([shift]):
        return 0
    outside = minutes((one[1], two[0]) for one, two in itertools.pairwise(worked))
    return max(0, break_min - outside)


def _beside(span: Span, window: Span) -> tuple[Span, Span]:
    return (span[0], window[0]), (window[1], span[1])


def _unplanned(person: str, windows: Sequence[Span], seen: Seen, zone: tzinfo) -> list[Row]:
    """Time outside of all windows, by the day on which it began."""
    left = list(seen.there)
    for window in windows:
        left = [part for span in left for side in _beside(span, window) for part in within([span], side)]
    days: dict[str, list[Span]] = {}
    for span in left:
        days.setdefault(local_date(span[0], zone), []).append(span)
    lost = [mark for mark in seen.unpaired if not any(since <= mark < until for since, until in windows)]
    for mark in lost:
        days.setdefault(local_date(mark, zone), [])
    return [
        Row(
            person=person,
            date=day,
            shift=None,
            first_us=spans[0][0] if spans else None,
            last_us=spans[-1][1] if spans else None,
            planned_min=0,
            there_min=0,
            present_min=0,
            late_min=0,
            early_min=0,
            overtime_min=minutes(spans),
            absent=False,
            open=False,
            unpaired=sum(local_date(mark, zone) == day for mark in lost),
        )
        for day, spans in sorted(days.items())
    ]


class Inside(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who is inside now, as far as was seen."""

    person: str
    since_us: int
    camera: str
    by: str
    """`entry` or `presence`."""


class Muster(msgspec.Struct, frozen=True, kw_only=True):
    """Who is inside; `unidentified` = entries less exits of people whom nothing named, 0 at least."""

    inside: tuple[Inside, ...]
    unidentified: int


def muster(facts: Iterable[Fact], now_us: int) -> Muster:
    """Who is inside now: whoever was last seen to enter within a day, or is present in a zone."""
    last: dict[str, Fact] = {}
    present: dict[str, Fact] = {}
    nameless = 0
    for fact in sorted(facts, key=lambda f: (f.opened_at_us, f.kind)):
        if fact.kind == "presence":
            if fact.person and fact.closed_at_us is None and _lasts(fact, now_us):
                present[fact.person] = fact
        elif not fact.person:
            nameless = max(0, nameless + (1 if fact.kind == "person_entry" else -1))
        elif now_us - fact.opened_at_us <= INSIDE_US_MAX:
            last[fact.person] = fact
    entered = {person: fact for person, fact in last.items() if fact.kind == "person_entry"}
    inside = [
        Inside(person=person, since_us=fact.opened_at_us, camera=fact.camera, by="entry")
        for person, fact in entered.items()
    ]
    inside += [
        Inside(person=person, since_us=fact.opened_at_us, camera=fact.camera, by="presence")
        for person, fact in present.items()
        if person not in entered
    ]
    return Muster(inside=tuple(sorted(inside, key=lambda each: (each.since_us, each.person))), unidentified=nameless)


def grouped(facts: Iterable[Fact]) -> Mapping[str, list[Fact]]:
    """Facts by person; those of nobody are left out."""
    found: dict[str, list[Fact]] = {}
    for fact in facts:
        if fact.person:
            found.setdefault(fact.person, []).append(fact)
    return found

"""What `zool bench away` sends, and what it makes of what came: nothing lost, nothing twice, in order. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from deploy.acs.barrier import Command
from deploy.bench import series
from deploy.bench.result import Result
from postprocess.contract import Event, EventPhoto

CAMERA, DOOR = "gate-1", "gate-1"
LISTED = ("А111АА77", "В222ВВ77", "С333СС77", "Е444ЕЕ77")
DENIED, UNKNOWN = "К555КК77", "М666ММ77"
PLATES = (*LISTED, DENIED, UNKNOWN)
VERSIONS = 2


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """Something that came: which, of which key (order is kept within one), and when."""

    id: str
    key: str
    at_s: float


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """A barrier that opened: by what, decided when, and when it did (one clock)."""

    command: Command
    at_us: int


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What should have come to somebody who was away, in its order, and what did."""

    due: Sequence[tuple[str, str]]
    """Id and key, as they were said."""
    away: frozenset[str]
    """Those that were said while they could not come."""
    came: Sequence[Arrival]
    back_s: float


def passages(number: int, at_us: int, *, name: str = "away") -> tuple[Event, ...]:
    """Both versions of one passage; plates go round."""
    photo = EventPhoto(shot_id=f"shot-{number}", captured_at_us=at_us)
    first = Event(
        event_id=f"{name}-{at_us}-{number:06d}", version=1, kind="vehicle_entry", camera=CAMERA, opened_at_us=at_us,
        function="vehicles", rule="gate", direction="entry", plate=PLATES[number % len(PLATES)], plate_confidence=0.97,
        plate_sure=True, photos=(photo,),
    )  # fmt: skip
    return first, msgspec.structs.replace(first, version=VERSIONS, final=True)


def row(told: Told) -> dict[str, Any]:
    """A line of the table."""
    names = [one.id for one in told.came]
    late_s = [one.at_s - told.back_s for one in told.came if one.id in told.away]
    return {
        "due": len(told.due),
        "while away": len(told.away),
        "came": len(names),
        "missing": len({name for name, _ in told.due} - set(names)),
        "twice": len(names) - len(set(names)),
        "out of order": disorder(told.due, told.came),
        "all there after s": series.rounded(max(late_s, default=None)),
    }


def disorder(due: Iterable[tuple[str, str]], came: Iterable[Arrival]) -> int:
    """How often something came behind what was said later of its key; repeats aside."""
    place = {name: number for number, (name, _) in enumerate(due)}
    by_key: dict[str, list[int]] = {}
    for name, key in dict.fromkeys((one.id, one.key) for one in came):
        if name in place:
            by_key.setdefault(key, []).append(place[name])
    return sum(before > after for places in by_key.values() for before, after in itertools.pairwise(places))


def wrongly(openings: Iterable[Opening]) -> list[str]:
    """Reasons why a barrier must not have opened as it did."""
    found = []
    for one in openings:
        if one.command.plate not in LISTED:
            found.append(f"{one.command.id}: {one.command.plate} is not listed")
        elif one.at_us >= one.command.expires_at_us:
            found.append(f"{one.command.id}: {(one.at_us - one.command.expires_at_us) / 1e6:.1f} s too late")
    return found


def result(
    tables: Mapping[str, Told], commands: Sequence[Command], openings: Sequence[Opening], conditions: Mapping[str, Any]
) -> Result | None:
    """The figure: how long after the end of the outage the last of it had come. None: nothing came."""
    rows = {name: row(told) for name, told in tables.items()}
    late_s = [one["all there after s"] for one in rows.values()]
    if any(one is None for one in late_s):
        return None
    away = tables["controller"].away
    details = {
        "runs": rows,
        "expired_as_told": sum(one.expired for one in commands),
        "opened": len(openings),
        "opened_by_what_was_said_while_away": sum(one.command.id in away for one in openings),
        "opened_wrongly": wrongly(openings),
    }
    return Result(
        name="away",
        value=max(late_s),
        unit="s (from the end of the outage until all that happened in it had come, to a controller and a webhook)",
        floor=None,
        ratio=None,
        target=None,
        spread=series.spread(late_s),
        conditions={**conditions, "details": details},
    )

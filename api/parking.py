"""Parking lots and stays for people.

Pure.
"""

from __future__ import annotations

from typing import Any

import msgspec

from api.contract import LotIn, LotOut, StayOut, StayState
from api.etag import etag
from api.query import EventFilter, Query, events_query
from api.views import moment
from postprocess.contract import PARKING, Event, Parking, Region, lot_token

_STATES: dict[StayState, str] = {
    "open": "closed_at IS NULL",
    "closed": "closed_at IS NOT NULL AND cause IN ('', 'alike')",
    "no_exit": "cause = 'no_exit'",
    "no_entry": "cause = 'no_entry'",
}
_HOUR_US = 3_600_000_000


def lot_settings(region: Region) -> Parking | None:
    """What a region says of parking; None where it is no lot, or says it in a way that can't be read."""
    try:
        return msgspec.convert(region.functions.get(PARKING), Parking | None)
    except msgspec.ValidationError:
        return None


def with_lot(region: Region, wanted: LotIn | None) -> Region:
    """A region that is a lot as wanted; None = that is no lot."""
    functions = {name: written for name, written in region.functions.items() if name != PARKING}
    if wanted is not None:
        functions[PARKING] = {name: getattr(wanted, name) for name in Parking.__struct_fields__}
    name = wanted.name if wanted is not None and wanted.name is not None else region.name
    parent = wanted.parent if wanted is not None and wanted.parent is not None else region.parent
    return msgspec.structs.replace(region, name=name, parent=parent, functions=functions)


def lot_view(region: Region, settings: Parking, revision: int, occupied: int) -> LotOut:
    """A lot for people."""
    return LotOut(
        id=region.id,
        name=region.name,
        parent=region.parent,
        capacity=settings.capacity,
        lost_h=settings.lost_h,
        repeat_s=settings.repeat_s,
        antipassback=settings.antipassback,
        occupied=occupied,
        free=None if settings.capacity is None else max(0, settings.capacity - occupied),
        etag=etag(revision),
    )


def occupied_query(lot: str, settings: Parking, now_us: int) -> Query:
    """How many vehicles are in a lot: open stays, less late exits of vehicles that nobody could name."""
    sql = (
        "SELECT countIf(closed_at IS NULL) AS inside, countIf(cause = 'no_entry' AND plate = '') AS unnamed "
        "FROM events_latest WHERE camera = {camera:String} AND kind = 'parking_session' AND cause != 'withdrawn' "
        "AND opened_at >= fromUnixTimestamp64Micro({since:Int64})"
    )
    since = now_us - round(settings.lost_h * _HOUR_US)
    return Query(sql=sql, parameters={"camera": lot_token(lot), "since": max(0, since)})


def occupied(row: Any) -> int:
    """The answer to `occupied_query`."""
    return max(0, int(row["inside"]) - int(row["unnamed"]))


def stays_query(wanted: EventFilter, state: StayState | None) -> Query:
    """Stays, the newest first; what was withdrawn is left out."""
    return events_query(
        wanted, "kind = 'parking_session'", "cause != 'withdrawn'", *([] if state is None else [_STATES[state]])
    )


def stay_view(event: Event) -> StayOut:
    """A stay for people."""
    state = "open" if event.closed_at_us is None else event.cause if event.cause in _STATES else "closed"
    gone = event.closed_at_us if state in {"closed", "no_entry"} else None
    return StayOut(
        id=event.event_id,
        lot=event.rule,
        state=state,
        plate=event.plate,
        plate_region=event.plate_region,
        listed=event.listed,
        label=event.label,
        entered_at=None if state == "no_entry" else moment(event.opened_at_us),
        left_at=None if gone is None else moment(gone),
        stay_s=event.value,
        alike=event.cause == "alike",
        entry_event=event.about,
        exit_event=event.track,
    )

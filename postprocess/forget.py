"""The store's part of erasing a person or a plate. Edge (ClickHouse through `clickhouse`).

Rules
- What goes: events that name them and all others of the same tracks, every picture and read of these tracks, and the
  looks that hold one of them. Rows are rewritten (`ALTER … DELETE`), not masked.
- Events and reads that name them go last: they say which tracks are meant, so that a call that was cut off can be made
  again.
- Counts by hour stay: they hold no names.
- What still lies in a stream would be stored again: streams are emptied of it first, by whoever calls this.
"""

from __future__ import annotations

import asyncio
import time

import msgspec

from postprocess.clickhouse import ClickHouse
from postprocess.contract import fold_plate
from postprocess.errors import StoreAway

LOOK_S = 0.1
DONE_S_MAX = 600.0
"""Rewriting parts takes its time; longer, and something is wrong with the store."""

_PLATE = "({plate:String} != '' AND plate_folded = {plate:String})"
_MATCH_EVENTS = f"(({{person:String}} != '' AND person = {{person:String}}) OR {_PLATE})"
_MATCH_READS = f"(({{person:String}} != '' AND has(persons, {{person:String}})) OR {_PLATE})"
_TRACKS = f"""(
    SELECT camera, epoch, track FROM {{{{db}}}}.events WHERE track != '' AND {_MATCH_EVENTS}
    UNION ALL
    SELECT camera, epoch, track FROM {{{{db}}}}.reads WHERE track != '' AND {_MATCH_READS}
)"""  # noqa: S608 - values are bound
_SHOTS = f"""(
    SELECT arrayJoin(photo_shot_ids) FROM {{{{db}}}}.events WHERE {_MATCH_EVENTS}
    UNION ALL
    SELECT shot_id FROM {{{{db}}}}.reads WHERE {_MATCH_READS}
)"""  # noqa: S608 - as above
_OF_TRACK = f"(track != '' AND (camera, epoch, track) IN {_TRACKS})"
WHERE = {
    "events": f"({_OF_TRACK} OR {_MATCH_EVENTS})",
    "photos": f"({_OF_TRACK} OR shot_id IN {_SHOTS})",
    "reads": f"({_OF_TRACK} OR {_MATCH_READS})",
    "looks": f"arrayExists(one -> (camera, epoch, one) IN {_TRACKS}, tracks)",
}
STEPS = (
    ("looks", WHERE["looks"]),
    ("photos", WHERE["photos"]),
    ("events", f"{_OF_TRACK} AND NOT {_MATCH_EVENTS}"),
    ("reads", f"{_OF_TRACK} AND NOT {_MATCH_READS}"),
    ("events", _MATCH_EVENTS),
    ("reads", _MATCH_READS),
)


class Forgotten(msgspec.Struct, frozen=True, kw_only=True):
    """How much went."""

    events: int
    photos: int
    reads: int
    looks: int


async def forget(house: ClickHouse, *, person: str = "", plate: str = "") -> Forgotten:
    """Delete all of a person (by id) or of a plate (as written); raises `StoreAway`, after which it may be repeated."""
    wanted = {"person": person, "plate": fold_plate(plate)}
    counts: dict[str, int] = {}
    for table, where in WHERE.items():
        (row,) = await house.rows(f"SELECT count() AS n FROM {{{{db}}}}.{table} FINAL WHERE {where}", wanted)  # noqa: S608 - as above
        counts[table] = int(row["n"])
    for table, where in STEPS:
        if counts[table]:
            await house.command(f"ALTER TABLE {{{{db}}}}.{table} DELETE WHERE {where}", wanted)
            await _done(house, table)
    return Forgotten(**counts)


async def _done(house: ClickHouse, table: str) -> None:
    """Wait until the rows are gone from every part."""
    begun_s = time.monotonic()
    asked = (
        "SELECT count() AS n FROM system.mutations WHERE database = '{{db}}' AND table = {table:String} AND NOT is_done"
    )
    while True:
        (row,) = await house.rows(asked, {"table": table})
        if not row["n"]:
            return
        if time.monotonic() - begun_s > DONE_S_MAX:
            raise StoreAway(table, f"rows are still being deleted after {DONE_S_MAX:g} s")
        await asyncio.sleep(LOOK_S)

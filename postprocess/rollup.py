"""Counts by hour, kept right under late versions and duplicates. Edge (ClickHouse through `clickhouse`).

Rules
- An hour is counted anew, from the newest versions of its events, whenever a row of it was stored since the last time
  (less `MARGIN_S`: an insert under way gets its `stored_at` before it can be seen). So it does not matter how late a
  version comes, how often, or in which order.
- What an hour no longer has (a label that a later version changed) is overwritten with 0, not left.
- Of two counts of an hour the later one holds. Two processes may count at once.
- A row of no kind says up to when all is counted; the view leaves it out.
- Hours of which the store may have deleted events by their age are never counted again: they are final.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

from postprocess.clickhouse import ClickHouse
from postprocess.ddl import Keep
from postprocess.metrics import HOURS_COUNTED

log = logging.getLogger(__name__)

EVERY_S = 60.0
MARGIN_S = 600
HOURS_MAX = 168
"""Within a week: counted in one statement."""
_DAY_S, _HOUR_S = 86_400, 3600

_NOW = """
SELECT toUnixTimestamp(now()) AS now_s, toUnixTimestamp(toDateTime(max(computed_at))) AS counted_s
FROM {{db}}.events_hourly WHERE kind = ''
"""
_TOUCHED = """
SELECT DISTINCT toUnixTimestamp(toStartOfHour(toDateTime(opened_at, 'UTC'))) AS hour_s
FROM {{db}}.events
WHERE stored_at >= fromUnixTimestamp({since_s:Int64}) AND opened_at >= fromUnixTimestamp({final_s:Int64})
ORDER BY hour_s
"""
_COUNT = """
INSERT INTO {{db}}.events_hourly (kind, camera, hour, label, direction, events, plates, persons, alarms, computed_at)
WITH now64(6) AS counted_at
SELECT kind, camera, hour, label, direction, sum(n), sum(with_plate), sum(with_person), sum(alarming), any(counted_at)
FROM
(
    SELECT
        kind, camera, toStartOfHour(toDateTime(opened_at, 'UTC')) AS hour, label, direction,
        count() AS n, countIf(plate != '') AS with_plate, countIf(person != '') AS with_person,
        countIf(severity = 'alarm') AS alarming
    FROM {{db}}.events FINAL
    WHERE opened_at >= fromUnixTimestamp({first_s:Int64}) AND opened_at < fromUnixTimestamp({last_s:Int64}) + 3600
        AND has({hours:Array(UInt32)}, toUnixTimestamp(hour))
    GROUP BY kind, camera, hour, label, direction
    UNION ALL
    SELECT kind, camera, hour, label, direction, 0, 0, 0, 0
    FROM {{db}}.events_hourly FINAL
    WHERE events > 0 AND has({hours:Array(UInt32)}, toUnixTimestamp(hour))
)
GROUP BY kind, camera, hour, label, direction
"""

_DONE = """
INSERT INTO {{db}}.events_hourly (kind, hour, computed_at)
SELECT '', fromUnixTimestamp(0), fromUnixTimestamp({now_s:Int64})
"""
"""Everything that was stored before that time is counted; without it a kill in the middle would leave weeks out."""


class RollUp:
    """One process's turns; what it remembers it finds again in the table."""

    def __init__(self, house: ClickHouse, keep: Keep) -> None:
        self._house = house
        self._days = min(keep.events_days, keep.events_unmatched_days) - 1
        self._since_s: int | None = None

    async def refresh(self) -> int:
        """Count what was touched; the number of hours. Raises `StoreAway`."""
        (told,) = await self._house.rows(_NOW)
        now_s = int(told["now_s"])
        since_s = int(told["counted_s"]) if self._since_s is None else self._since_s
        wanted = {"since_s": max(0, since_s - MARGIN_S), "final_s": max(0, now_s - self._days * _DAY_S)}
        hours = [int(row["hour_s"]) for row in await self._house.rows(_TOUCHED, wanted)]
        for part in weeks(hours):
            await self._house.command(_COUNT, {"hours": list(part), "first_s": part[0], "last_s": part[-1]})
        await self._house.command(_DONE, {"now_s": now_s})
        self._since_s = now_s
        HOURS_COUNTED.inc(len(hours))
        return len(hours)


def weeks(hours: Sequence[int]) -> Iterator[Sequence[int]]:
    """Hours in order, in parts that lie within `HOURS_MAX` hours each."""
    begin = 0
    for place, hour in enumerate(hours):
        if hour >= hours[begin] + HOURS_MAX * _HOUR_S:
            yield hours[begin:place]
            begin = place
    if begin < len(hours):
        yield hours[begin:]

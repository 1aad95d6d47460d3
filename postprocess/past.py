"""What cameras saw before, out of the store. Edge (ClickHouse through `clickhouse`).

Rules
- A span is asked in slices, so that memory is bounded whatever its length.
- Each message comes once, in the order of `looks.merged`; thumbnails of reads are not kept.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from ingest.contract import FrameReport
from postprocess.clickhouse import ClickHouse
from postprocess.contract import Read
from postprocess.looks import SLICE_US, looks_sql, merged, read_of, reads_sql, report_of

_LOOKS, _READS = looks_sql("{{db}}.looks"), reads_sql("{{db}}.reads")


async def looks(house: ClickHouse, camera: str, *, since_us: int, until_us: int) -> AsyncIterator[FrameReport | Read]:
    """Frame reports and reads of a camera from `since_us` to before `until_us`; raises `StoreAway`."""
    for begin_us in range(since_us, until_us, SLICE_US):
        wanted = {"camera": camera, "since": begin_us, "until": min(until_us, begin_us + SLICE_US)}
        reports = [report_of(row) for row in await house.rows(_LOOKS, wanted)]
        reads = [read_of(row) for row in await house.rows(_READS, wanted)]
        for message in merged(reports, reads):
            yield message


async def kept(house: ClickHouse, camera: str) -> tuple[int, int] | None:
    """Times of the oldest and the newest frame report that is kept of a camera; None where there is none."""
    (row,) = await house.rows(
        "SELECT count() AS n, toUnixTimestamp64Micro(min(captured_at)) AS first_us, "
        "toUnixTimestamp64Micro(max(captured_at)) AS last_us FROM {{db}}.looks WHERE camera = {camera:String}",
        {"camera": camera},
    )
    return (row["first_us"], row["last_us"]) if row["n"] else None

"""A small picture of what a camera shows now, for an event that speaks of its picture. Edge: asyncio, threads."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor

from ingest import planes
from ingest.contract import NoticePhoto, Point
from ingest.slot import Slot

WIDTH_MAX = 320
THUMBNAIL_BYTES_MAX = 30 * 1024


async def photo(camera: str, slot: Slot, masks: Sequence[Sequence[Point]], pool: Executor) -> NoticePhoto | None:
    """The newest picture of a camera, masks applied; None where there is none."""
    if slot.newest is None:
        return None
    frame, captured_us = slot.newest
    jpeg = await asyncio.get_running_loop().run_in_executor(
        pool, lambda: planes.encode_jpeg(planes.reduced_bgr(frame.picture(), WIDTH_MAX, masks), THUMBNAIL_BYTES_MAX)
    )
    return NoticePhoto(shot_id=f"{camera}.picture.{captured_us}", captured_at_us=captured_us, thumbnail=jpeg)

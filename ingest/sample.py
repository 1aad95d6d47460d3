"""What a camera shows now as a small JPEG: for people who ask, and for events about its picture. Edge: threads."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor

from ingest import planes
from ingest.contract import NoticePhoto, Point, SnapshotReply
from ingest.ports import Frame
from ingest.slot import Slot

WIDTH_MAX = 320
THUMBNAIL_BYTES_MAX = 30 * 1024
Masks = Sequence[Sequence[Point]]


async def snapshot(slot: Slot, width_max: int, masks: Masks, pool: Executor) -> SnapshotReply:
    """The newest picture of a camera, masks applied, or why there is none."""
    slot.wanted = True
    if slot.newest is None:
        return SnapshotReply(detail=slot.figures.detail or "no picture yet")
    frame, captured_us = slot.newest
    jpeg, width, height = await _jpeg(frame, (width_max, planes.JPEG_BYTES_MAX), masks, pool)
    return SnapshotReply(jpeg=jpeg, captured_at_us=captured_us, width=width, height=height)


async def photo(camera: str, slot: Slot, masks: Masks, pool: Executor) -> NoticePhoto | None:
    """The newest picture for an event; None where there is none."""
    if slot.newest is None:
        return None
    frame, captured_us = slot.newest
    jpeg, _, _ = await _jpeg(frame, (WIDTH_MAX, THUMBNAIL_BYTES_MAX), masks, pool)
    return NoticePhoto(shot_id=f"{camera}.picture.{captured_us}", captured_at_us=captured_us, thumbnail=jpeg)


async def _jpeg(frame: Frame, limits: tuple[int, int], masks: Masks, pool: Executor) -> tuple[bytes, int, int]:
    """Encode a frame within limits of width and bytes, in the pool; JPEG, width, height."""
    width_max, bytes_max = limits

    def encoded() -> tuple[bytes, int, int]:
        bgr = planes.reduced_bgr(frame.picture(), width_max, masks)
        return planes.encode_jpeg(bgr, bytes_max), bgr.shape[1], bgr.shape[0]

    return await asyncio.get_running_loop().run_in_executor(pool, encoded)

"""Cutting the shots of a frame: in the pool, from the best picture there is of that moment. Edge: asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import Executor

from ingest import look, metrics, planes
from ingest.contract import Shot
from ingest.planes import Picture
from ingest.ports import Crops
from ingest.recent import When
from ingest.shots import Pick
from ingest.slot import Due

WAIT_S, WAITS_MAX = 0.05, 8
"""The main stream may come a little later than the one that was looked at."""


async def shots(
    due: Due, looked: look.Look, rules: look.Rules, *, crops: Crops | None, pool: Executor
) -> AsyncIterator[Shot]:
    """Cut and encode the shots of a frame."""
    if not looked.picks:
        return
    loop, picture = asyncio.get_running_loop(), due.picture
    if crops is not None:
        found = await _full(due, crops, pool)
        if found is None:
            metrics.CROPS_MISSED.labels(looked.report.stamp.camera).inc(len(looked.picks))
        picture = found or picture
    for pick in looked.picks:
        yield await loop.run_in_executor(pool, one, picture, pick, looked, rules)


async def _full(due: Due, crops: Crops, pool: Executor) -> Picture | None:
    """The main stream's picture of the moment."""
    moment = When(captured_us=due.captured_us, clock=due.clock, arrival_us=due.arrival_us)
    for _ in range(WAITS_MAX):
        if crops.reached(moment):
            break
        await asyncio.sleep(WAIT_S)
    return await asyncio.get_running_loop().run_in_executor(pool, crops.picture, moment)


def one(picture: Picture, pick: Pick, looked: look.Look, rules: look.Rules) -> Shot:
    """Make the message of a shot; takes milliseconds: in the pool, not on the event loop."""
    box = planes.enlarge(pick.candidate.box, rules.enlarge) if pick.candidate.track else pick.candidate.box
    bgr, cut = planes.crop_bgr(picture, box, rules.masks)
    size = (bgr.shape[1], bgr.shape[0])
    return look.shot(pick, looked.report.stamp, cut, planes.encode_jpeg(bgr), size)

"""Taking a camera: the epoch, and what the holder before had said of it. Edge: asyncio (the bus).

Rules
- The epoch is the revision that the bucket gives to the lease: later holders have higher ones.
- A lease that stands means that somebody watched (and died, or restarts): not looking since their last report is a
  span of ours to tell. No lease means that the camera is new or was switched off: its time begins now.
- An event left open by the holder before is taken over and closed by us.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TypeVar

import msgspec

from ingest.bus import Bus, BusUnavailable
from ingest.contract import CameraNotice, FrameReport, decode, detections_subject, events_subject
from ingest.faults import BlindCause
from ingest.notices import Watch

log = logging.getLogger(__name__)

T = TypeVar("T")

RETRY_S = 0.25


class LeaseValue(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in the bucket: since when nobody had looked when the lease was taken."""

    looked_us: int


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """A taken camera."""

    epoch: int
    reported_us: int
    """Stamp of the last report before, 0 = none."""
    watch: Watch


async def take_lease(bus: Bus, camera: str, now_us: int) -> Lease:
    """Take a camera; waits for the broker."""
    while True:
        try:
            return await _take(bus, camera, now_us)
        except BusUnavailable as error:
            log.debug("lease of %s: %s", camera, error)
            await asyncio.sleep(RETRY_S)


async def drop_lease(bus: Bus, camera: str) -> None:
    """The camera is not to be watched any more; best effort, a lease left standing costs one span too many."""
    try:
        await bus.bucket("leases").delete(camera)
    except BusUnavailable as error:
        log.debug("lease of %s: %s", camera, error)


async def _take(bus: Bus, camera: str, now_us: int) -> Lease:
    bucket = bus.bucket("leases")
    before = await bucket.get(camera)
    report = await _last(bus, "DETECTIONS", detections_subject(camera), FrameReport)
    reported_us = report.stamp.captured_at_us if report is not None else 0
    watch = Watch(camera=camera, looked_us=now_us)
    if before is not None:
        watch = await _inherit(bus, camera, max(reported_us, _looked_us(before.value)) or now_us)
    value = msgspec.json.encode(LeaseValue(looked_us=watch.looked_us))
    return Lease(epoch=await bucket.put(camera, value), reported_us=reported_us, watch=watch)


async def _inherit(bus: Bus, camera: str, looked_us: int) -> Watch:
    watch = Watch(camera=camera, looked_us=looked_us, cause="restart")
    blind = await _last(bus, "EVENTS", events_subject(camera, "camera_blind"), CameraNotice)
    if blind is not None and not blind.final and blind.opened_at_us >= looked_us:
        watch.looked_us = watch.open_since_us = blind.opened_at_us
        watch.cause = _cause(blind.cause)
    lost = await _last(bus, "EVENTS", events_subject(camera, "camera_lost"), CameraNotice)
    if lost is not None and not lost.final:
        watch.lost_since_us, watch.lost_cause = lost.opened_at_us, lost.cause
    degraded = await _last(bus, "EVENTS", events_subject(camera, "camera_degraded"), CameraNotice)
    if degraded is not None and not degraded.final:
        watch.degraded = degraded
    return watch


async def _last(bus: Bus, stream: str, subject: str, kind: type[T]) -> T | None:
    raw = await bus.last_message(stream, subject)
    if raw is None:
        return None
    try:
        return decode(raw, kind)
    except msgspec.DecodeError:
        return None  # somebody wrote garbage on the subject: as if nothing had been said


def _looked_us(value: bytes | None) -> int:
    try:
        return msgspec.json.decode(value or b"", type=LeaseValue).looked_us
    except msgspec.DecodeError:
        return 0


def _cause(text: str) -> BlindCause:
    try:
        cause: BlindCause = msgspec.convert(text, BlindCause)
    except msgspec.ValidationError:
        return "restart"
    return cause

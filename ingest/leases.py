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
from collections.abc import Collection
from typing import TypeVar

import msgspec

from ingest.bus import Bus, BusUnavailable, RevisionConflict
from ingest.contract import CameraNotice, FrameReport, decode, detections_subject, events_subject
from ingest.faults import BlindCause
from ingest.notices import Watch
from ingest.sharing import LeaseValue

log = logging.getLogger(__name__)

T = TypeVar("T")

RETRY_S = 0.25


class LeaseTaken(Exception):  # noqa: N818 - a state of the world, named as such
    """Somebody else was faster: the camera is not ours."""


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """A taken camera."""

    epoch: int
    reported_us: int
    """Stamp of the last report before, 0 = none."""
    watch: Watch


async def take_lease(bus: Bus, camera: str, now_us: int, *, owner: str, others: Collection[str]) -> Lease:
    """Take a camera; waits for the broker.

    Raises `LeaseTaken` where one of the `others`, who live, has it, or was faster.
    """
    while True:
        try:
            return await _take(bus, camera, now_us, owner, others)
        except RevisionConflict:
            raise LeaseTaken(camera) from None
        except BusUnavailable as error:
            log.debug("lease of %s: %s", camera, error)
            await asyncio.sleep(RETRY_S)


async def drop_lease(bus: Bus, camera: str) -> None:
    """The camera is not to be watched any more; best effort, a lease left standing costs one span too many."""
    try:
        await bus.bucket("leases").delete(camera)
    except BusUnavailable as error:
        log.debug("lease of %s: %s", camera, error)


async def free_lease(bus: Bus, camera: str, epoch: int, looked_us: int) -> None:
    """Give a camera back, so that others take it at once; best effort, else they wait until we count as gone."""
    value = msgspec.json.encode(LeaseValue(looked_us=looked_us))
    try:
        await bus.bucket("leases").put(camera, value, expect=epoch)
    except (BusUnavailable, RevisionConflict) as error:
        log.debug("lease of %s: %s", camera, error)


async def _take(bus: Bus, camera: str, now_us: int, owner: str, others: Collection[str]) -> Lease:
    bucket = bus.bucket("leases")
    before = await bucket.get(camera)
    report = await _last(bus, "DETECTIONS", detections_subject(camera), FrameReport)
    reported_us = report.stamp.captured_at_us if report is not None else 0
    watch = Watch(camera=camera, looked_us=now_us)
    if before is not None:
        held = _value(before.value)
        if held.owner in others:
            raise LeaseTaken(camera)
        cause: BlindCause = "restart" if held.owner == owner else "takeover"
        watch = await _inherit(bus, camera, max(reported_us, held.looked_us) or now_us, cause)
    value = msgspec.json.encode(LeaseValue(looked_us=watch.looked_us, owner=owner))
    epoch = await bucket.put(camera, value, expect=before.revision if before is not None else 0)
    return Lease(epoch=epoch, reported_us=reported_us, watch=watch)


async def _inherit(bus: Bus, camera: str, looked_us: int, cause: BlindCause) -> Watch:
    watch = Watch(camera=camera, looked_us=looked_us, cause=cause)
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


def _value(value: bytes | None) -> LeaseValue:
    try:
        return msgspec.json.decode(value or b"", type=LeaseValue)
    except msgspec.DecodeError:
        return LeaseValue(looked_us=0)


def _cause(text: str) -> BlindCause:
    try:
        cause: BlindCause = msgspec.convert(text, BlindCause)
    except msgspec.ValidationError:
        return "restart"
    return cause

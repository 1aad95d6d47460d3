"""Where cameras stand: what ingest says once a second, and pictures and tests asked of it.

Edge (NATS). Garbage on a subject is counted and dropped.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import msgspec

from api.errors import NoPicture, Unavailable
from api.link import Link
from api.metrics import GARBAGE
from ingest.bus import BusTimeout, BusUnavailable
from ingest.contract import (
    PROBE_SUBJECT,
    CameraState,
    ProbeReply,
    ProbeRequest,
    SnapshotReply,
    SnapshotRequest,
    decode,
    encode,
    snapshot_subject,
    state_subject,
)
from postprocess.contract import FACE_SUBJECT, FaceReply, FaceRequest

T = TypeVar("T")

CAMERAS_MAX = 4096
SNAPSHOT_S_MAX = 4.0
FACE_S_MAX = 18.0
PROBE_S_MAX = 20.0
"""A camera that answers slowly still gets its say; ingest itself gives up earlier, with the cause."""


class StateBoard:
    """The newest state of every camera, with the time it was heard."""

    def __init__(self, link: Link, now_us: Callable[[], int]) -> None:
        self._link, self._now_us = link, now_us
        self._states: dict[str, tuple[CameraState, int]] = {}
        self.heard_at_us = 0
        """When ingest was heard last, of whichever camera."""

    async def follow(self) -> None:
        """Listen for ever."""
        bus = await self._link.opened()
        await bus.listen(state_subject("*"), self._hear)

    async def _hear(self, subject: str, payload: bytes) -> None:
        try:
            state = decode(payload, CameraState)
        except (msgspec.DecodeError, UnicodeDecodeError):
            GARBAGE.labels("state").inc()
            return
        if state_subject(state.camera) != subject:
            GARBAGE.labels("state").inc()
            return
        self.heard_at_us = self._now_us()
        self._states.pop(state.camera, None)
        self._states[state.camera] = (state, self.heard_at_us)
        if len(self._states) > CAMERAS_MAX:
            del self._states[next(iter(self._states))]

    def state(self, camera: str) -> tuple[CameraState | None, int]:
        """The newest state of a camera and when it was heard."""
        return self._states.get(camera, (None, 0))

    async def snapshot(self, camera: str) -> bytes:
        """The newest picture as JPEG; raises `NoPicture` with ingest's reason, or `Unavailable`."""
        return (await self.still(camera, SnapshotRequest())).jpeg

    async def still(self, camera: str, wanted: SnapshotRequest) -> SnapshotReply:
        """The same with its time and size."""
        reply = await self._ask(snapshot_subject(camera), encode(wanted), SnapshotReply, SNAPSHOT_S_MAX)
        if not reply.jpeg:
            raise NoPicture(camera=camera, reason=reply.detail)
        return reply

    async def probe(self, request: ProbeRequest) -> ProbeReply:
        """Try an address out; raises `Unavailable` when ingest does not answer."""
        return await self._ask(PROBE_SUBJECT, encode(request), ProbeReply, PROBE_S_MAX)

    async def face(self, request: FaceRequest) -> FaceReply:
        """The face of a photo; raises `Unavailable` when recognise does not answer."""
        return await self._ask(FACE_SUBJECT, encode(request), FaceReply, FACE_S_MAX, who="recognise")

    async def _ask(self, subject: str, payload: bytes, kind: type[T], timeout_s: float, *, who: str = "ingest") -> T:
        bus = self._link.bus()
        try:
            return decode(await bus.ask(subject, payload, timeout_s=timeout_s), kind)
        except BusUnavailable as error:
            raise Unavailable(component="nats", reason=str(error)) from error
        except BusTimeout as error:
            raise Unavailable(component=who, reason=str(error)) from error
        except msgspec.DecodeError as error:
            GARBAGE.labels("reply").inc()
            raise Unavailable(component=who, reason="its answer can't be read") from error

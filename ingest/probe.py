"""Testing a camera address for people: what it sends, or the cause in words. Edge: asyncio, threads.

Rules
- The address is checked before anything is opened; the answer never repeats its credentials.
- At most `probes_max` at once, each within `DEADLINE_S`; a thread that hangs in libav ends by libav's own timeouts.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import msgspec

from ingest import metrics, planes
from ingest.contract import ProbeReply, ProbeRequest, decode, encode
from ingest.errors import CameraError
from ingest.ports import OpenStream

DEADLINE_S = 8.0
OPEN_S_MAX = 5.0
SILENT_S_MAX = 3.0
WIDTH_MAX = 960


class Prober:
    """Answers `zool.rpc.probe`."""

    def __init__(self, open_stream: OpenStream, probes_max: int) -> None:
        self._open = open_stream
        self._pool = ThreadPoolExecutor(probes_max, thread_name_prefix="probe")

    def close(self) -> None:
        """Take no more; what runs ends by its timeouts."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def answer(self, _subject: str, payload: bytes) -> bytes:
        """Answer one request."""
        try:
            request = decode(payload, ProbeRequest)
        except msgspec.DecodeError as error:
            return encode(ProbeReply(ok=False, cause="broken", detail=f"the request can't be read: {error}"))
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(DEADLINE_S):
                reply = await loop.run_in_executor(self._pool, self._probe, request)
        except TimeoutError:
            reply = ProbeReply(ok=False, cause="timeout", detail=f"no picture came within {DEADLINE_S:g} s")
        metrics.PROBES.labels(reply.cause).inc()
        return encode(reply)

    def _probe(self, request: ProbeRequest) -> ProbeReply:
        try:
            with self._open(
                request.url, transport=request.transport, open_timeout_s=OPEN_S_MAX, stall_s=SILENT_S_MAX
            ) as stream:
                frame = next(frame for frame in stream.frames() if frame is not None)
                picture, facts = frame.picture(), stream.facts
                jpeg = planes.encode_jpeg(planes.reduced_bgr(picture, WIDTH_MAX, request.masks))
        except CameraError as error:
            return ProbeReply(ok=False, cause=error.cause, detail=str(error))
        return ProbeReply(
            ok=True, codec=facts.codec, width=picture.width, height=picture.height, fps=facts.fps, jpeg=jpeg
        )

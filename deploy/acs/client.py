"""A client of zool.acs.v1 that stays: it goes on behind its last cursor after whatever ended the stream.

Edge (grpc, asyncio, clock). An example to write your own by: what must be kept is the cursor, and after the effect.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]
import grpc.aio  # type: ignore[import-untyped]
import msgspec

from api.acs.v1 import acs_pb2 as pb
from api.acs.v1 import acs_pb2_grpc
from deploy.acs.keep import Keeper
from deploy.errors import AcsRefused, FileUnusable

QUIET_S = 30.0
"""Without a message for so long the line is dead; a Hello says better."""
QUIET_BEATS = 3
WAIT_S, WAIT_S_MAX = 0.25, 5.0
FINAL = {
    grpc.StatusCode.UNAUTHENTICATED,
    grpc.StatusCode.PERMISSION_DENIED,
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.UNIMPLEMENTED,
}
"""Coming back helps against the others."""


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Where the stream is, and how to come in."""

    address: str
    token: str
    tls: bool = False
    ca_file: Path | None = None
    """Certificates that are trusted; None = those of the system."""

    def channel(self) -> Any:
        """A connection, made at the first call; raises `FileUnusable`."""
        if not self.tls:
            return grpc.aio.insecure_channel(self.address)
        try:
            roots = self.ca_file.read_bytes() if self.ca_file else None
        except OSError as error:
            raise FileUnusable(Path(str(self.ca_file)), f"can't be read: {error.strerror}") from None
        return grpc.aio.secure_channel(self.address, grpc.ssl_channel_credentials(roots))


class Watch:
    """One filter of one target, for ever."""

    def __init__(
        self, target: Target, wanted: pb.StreamEventsRequest, keeper: Keeper, *, say: Callable[[str], None]
    ) -> None:
        self._target, self._wanted, self._keeper, self._say = target, wanted, keeper, say
        self._welcome = False
        self._quiet_s = QUIET_S

    async def run(self, line: Callable[[pb.StreamEventsResponse], bytes | None]) -> None:
        """Hand every message to the keeper; raises `AcsRefused` where coming back would not help."""
        wait_s, told = WAIT_S, ""
        while True:
            try:
                async for message in self._stream():
                    wait_s, told = WAIT_S, ""
                    self._keeper.take(message.cursor, line(message))
                ended = "the stream ended"
            except grpc.aio.AioRpcError as error:
                if error.code() in FINAL and not self._welcome:
                    raise AcsRefused(self._target.address, error.code().name, error.details() or "") from None
                ended = f"{error.code().name}: {error.details()}"
            except TimeoutError:
                ended = f"no message in {self._quiet_s:g} s"
            if ended != told:
                self._say(f"{ended}; coming back")
                told = ended
            await asyncio.sleep(wait_s * random.uniform(0.5, 1.0))
            wait_s = min(WAIT_S_MAX, wait_s * 2)

    async def _stream(self) -> AsyncIterator[pb.StreamEventsResponse]:
        request = pb.StreamEventsRequest()
        request.CopyFrom(self._wanted)
        request.cursor = self._keeper.cursor
        metadata = (("authorization", f"Bearer {self._target.token}"),)
        async with self._target.channel() as channel:
            call = acs_pb2_grpc.AccessControlStub(channel).StreamEvents(request, metadata=metadata)
            while True:
                async with asyncio.timeout(self._quiet_s):
                    message = await call.read()
                if message is grpc.aio.EOF:
                    return
                if message.HasField("hello"):
                    self._welcome = True
                    self._quiet_s = max(1.0, QUIET_BEATS * message.hello.heartbeat_interval.ToMilliseconds() / 1000)
                yield message

"""A client of zool.acs.v1 that stays: it goes on behind its last cursor after whatever ended the stream.

Edge (grpc, asyncio, clock). An example to write your own by: what must be kept is the cursor, and after the effect.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncGenerator, Callable
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
    cert_file: Path | None = None
    key_file: Path | None = None
    """The client's own certificate, where the server asks for one."""

    @property
    def metadata(self) -> tuple[tuple[str, str], ...]:
        """What every call carries."""
        return (("authorization", f"Bearer {self.token}"),)

    def channel(self) -> Any:
        """A connection, made at the first call; raises `FileUnusable`."""
        if not self.tls:
            return grpc.aio.insecure_channel(self.address)
        roots, key, chain = (_content(path) for path in (self.ca_file, self.key_file, self.cert_file))
        return grpc.aio.secure_channel(self.address, grpc.ssl_channel_credentials(roots, key, chain))


def _content(path: Path | None) -> bytes | None:
    try:
        return path.read_bytes() if path else None
    except OSError as error:
        raise FileUnusable(Path(str(path)), f"can't be read: {error.strerror}") from None


async def stay(
    target: Target, begin: Callable[[Any], Any], *, say: Callable[[str], None], ended: Callable[[], None] = lambda: None
) -> AsyncGenerator[Any]:
    """Messages of a stream for ever: `begin` makes the call on a channel, each time anew.

    `ended` is called whenever the line is lost. Raises `AcsRefused` where coming back would not help.
    """
    wait_s, told, welcome = WAIT_S, "", False
    while True:
        quiet_s = QUIET_S
        try:
            async with target.channel() as channel:
                call = begin(channel)
                while True:
                    async with asyncio.timeout(quiet_s):
                        message = await call.read()
                    if message is grpc.aio.EOF:
                        break
                    if message.HasField("hello"):
                        welcome = True
                        quiet_s = max(1.0, QUIET_BEATS * message.hello.heartbeat_interval.ToMilliseconds() / 1000)
                    wait_s, told = WAIT_S, ""
                    yield message
            why = "the stream ended"
        except grpc.aio.AioRpcError as error:
            if error.code() in FINAL and not welcome:
                raise AcsRefused(target.address, error.code().name, error.details() or "") from None
            why = f"{error.code().name}: {error.details()}"
        except TimeoutError:
            why = f"no message in {quiet_s:g} s"
        ended()
        if why != told:
            say(f"{why}; coming back")
            told = why
        await asyncio.sleep(wait_s * random.uniform(0.5, 1.0))
        wait_s = min(WAIT_S_MAX, wait_s * 2)


class Watch:
    """One filter of one target, for ever."""

    def __init__(
        self, target: Target, wanted: pb.StreamEventsRequest, keeper: Keeper, *, say: Callable[[str], None]
    ) -> None:
        self._target, self._wanted, self._keeper, self._say = target, wanted, keeper, say

    async def run(self, line: Callable[[pb.StreamEventsResponse], bytes | None]) -> None:
        """Hand every message to the keeper; raises `AcsRefused` where coming back would not help."""
        async with contextlib.aclosing(stay(self._target, self._begin, say=self._say)) as messages:
            async for message in messages:
                self._keeper.take(message.cursor, line(message))

    def _begin(self, channel: Any) -> Any:
        request = pb.StreamEventsRequest()
        request.CopyFrom(self._wanted)
        request.cursor = self._keeper.cursor
        return acs_pb2_grpc.AccessControlStub(channel).StreamEvents(request, metadata=self._target.metadata)

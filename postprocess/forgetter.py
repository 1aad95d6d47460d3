"""Answers `zool.rpc.forget`: the store's part of erasing a person. Edge (broker; ClickHouse by way of `forget`).

Rules
- One at a time. A request for somebody who is being forgotten waits for the same work; what takes longer than
  `WAIT_S_MAX` goes on, and is answered when it is asked again.
"""

from __future__ import annotations

import asyncio
import logging

import msgspec

from ingest.bus import Bus
from ingest.contract import decode, encode
from postprocess.clickhouse import ClickHouse
from postprocess.contract import FORGET_SUBJECT, ForgetReply, ForgetRequest
from postprocess.errors import StoreAway
from postprocess.forget import Forgotten, forget

log = logging.getLogger(__name__)

WAIT_S_MAX = 60.0


class Forgetter:
    """Event loop only."""

    def __init__(self, bus: Bus, house: ClickHouse) -> None:
        self._bus, self._house = bus, house
        self._turn = asyncio.Lock()
        self._under_way: dict[str, asyncio.Task[Forgotten]] = {}

    async def listen(self) -> None:
        """Begin to answer."""
        await self._bus.serve(FORGET_SUBJECT, self.answer)

    async def answer(self, _subject: str, payload: bytes) -> bytes:
        """Answer one request."""
        try:
            person = decode(payload, ForgetRequest).person
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return encode(ForgetReply(done=False, detail=f"the request can't be read: {error}"))
        task = self._under_way.setdefault(person, asyncio.create_task(self._forget(person)))
        try:
            async with asyncio.timeout(WAIT_S_MAX):
                found = await asyncio.shield(task)
        except TimeoutError:
            return encode(ForgetReply(done=False, detail="the store still rewrites its tables; call again"))
        except StoreAway as error:
            self._under_way.pop(person, None)
            return encode(ForgetReply(done=False, detail=str(error)))
        self._under_way.pop(person, None)
        log.info("person %s forgotten: %s", person, found)
        return encode(ForgetReply(done=True, counts=msgspec.to_builtins(found)))

    async def _forget(self, person: str) -> Forgotten:
        async with self._turn:
            return await forget(self._house, person=person)

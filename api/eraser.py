"""Erases a person: settings, streams, dead letters, and the store by way of `store`. Edge (asyncio, NATS).

Rules
- First who it is (name, faces, shifts), then what was seen (streams before the store: what lies in a stream would be
  stored again), and every step may be repeated: a call that did not finish says so, and the next one goes on.
- Messages are overwritten on the broker's disk (JetStream's secure delete), not only marked.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator

import msgspec

from api.contract import ErasureOut
from api.erase import Traces
from api.errors import Unavailable
from api.link import Link, within
from ingest.bus import Bus, BusTimeout, BusUnavailable, Message
from ingest.contract import decode, encode
from postprocess.contract import FORGET_SUBJECT, ForgetReply, ForgetRequest

log = logging.getLogger(__name__)

NAMING = (("READS", ("zool.reads.*",)), ("EVENTS", ("zool.events.*.*",)))
"""Streams whose messages name people: they say which tracks are meant."""
CALL_S_MAX = 90.0
STORE_S_MAX = 75.0
FETCH = 200
FETCH_S = 1.0


class Eraser:
    """Event loop only."""

    def __init__(self, link: Link) -> None:
        self._link = link

    async def erase(self, person: str) -> ErasureOut:
        """Everything of a person, as far as one call gets; raises `Unavailable`."""
        bus = self._link.bus()
        started_s = time.monotonic()
        async with within():
            settings = {name: await _settings(bus, name, person) for name in ("people", "faces", "shifts")}
        messages: dict[str, int] = {}
        finished = False
        traces = Traces(person)
        try:
            async with asyncio.timeout(CALL_S_MAX):
                finished = await self._streams(bus, traces, messages)
        except TimeoutError:
            log.warning("erasing %s: the streams are larger than one call gets through", person)
        except (BusUnavailable, BusTimeout) as error:
            raise Unavailable(component="nats", reason=str(error)) from error
        stored = await self._store(bus, person) if finished else None
        return ErasureOut(
            person=person,
            finished=stored is not None and stored.done,
            settings=settings,
            messages=messages,
            store=dict(stored.counts) if stored is not None and stored.done else None,
            detail=stored.detail if stored is not None else "the streams are not through yet; call again",
            seconds=round(time.monotonic() - started_s, 1),
        )

    async def _streams(self, bus: Bus, traces: Traces, messages: dict[str, int]) -> bool:
        for stream, subjects in NAMING:
            async for message in _all(bus, stream, subjects):
                traces.learn(message.subject, message.payload)
        shots = tuple(f"zool.shots.*.{camera}" for camera in traces.cameras)
        places = (
            *NAMING,
            ("DEAD", ("zool.dead.*",)),
            ("REDELIVER", ("zool.deliver.*.*.*",)),
            *((("SHOTS", shots),) if shots else ()),
        )
        for stream, subjects in places:
            messages.setdefault(stream, 0)
            async for message in _all(bus, stream, subjects):
                if traces.meant(message.subject, message.payload):
                    messages[stream] += await bus.remove_message(stream, message.seq)
        return True

    async def _store(self, bus: Bus, person: str) -> ForgetReply:
        try:
            payload = await bus.ask(FORGET_SUBJECT, encode(ForgetRequest(person=person)), timeout_s=STORE_S_MAX)
            return decode(payload, ForgetReply)
        except (BusUnavailable, BusTimeout, msgspec.DecodeError) as error:
            return ForgetReply(done=False, detail=f"the store did not answer; call again ({error})")


async def _settings(bus: Bus, bucket: str, person: str) -> int:
    """Delete a person's keys; returns how many there were. A bucket keeps one version: nothing of it is left."""
    there = bus.bucket(bucket)
    keys = [person] if bucket == "people" and await there.get(person) is not None else []
    if bucket != "people":
        keys = list(await there.under(person))
    for key in keys:
        await there.delete(key)
    return len(keys)


async def _all(bus: Bus, stream: str, subjects: tuple[str, ...]) -> AsyncIterator[Message]:
    """Every message that a stream holds now."""
    last = await bus.last_seq(stream)
    reader = await bus.reader(stream, subject=subjects, start_seq=1)
    seen = 0
    try:
        while seen < last:
            messages = await reader.fetch(FETCH, timeout_s=FETCH_S)
            if not messages:
                return
            for message in messages:
                seen = message.seq
                if seen > last:
                    return
                yield message
    finally:
        await reader.close()

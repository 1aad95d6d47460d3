"""From the outboxes to the broker, by way of the disk while the broker is away. Edge (asyncio).

Rules
- While the broker answers nothing is written: a camera's messages go straight from its outbox, one after the other.
- Once it does not, all that waits goes to the spool, and what comes later goes behind it until the spool is empty: a
  camera's messages leave in order. Over the cameras up to `AT_ONCE` are under way.
- Where the disk takes nothing, messages wait in their outboxes, bounded as these are, behind what the spool holds.
- A message may be published twice with the same id: readers know it by what it holds.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from ingest import notices
from ingest.bus import Bus, BusUnavailable, HealthBoard
from ingest.contract import CameraNotice
from ingest.errors import SpoolError
from ingest.metrics import SPOOL_MESSAGES
from ingest.outbox import Item, Outbox
from ingest.spool import Spool

log = logging.getLogger(__name__)

STREAMS = ("DETECTIONS", "SHOTS", "EVENTS")
RETRY_S = 0.25
PUBLISH_S_MAX = 2.0
"""A broker that takes longer counts as away: so much may be lost with this process while its silence is not noticed."""
AT_ONCE = 32


class Post:
    """One for all cameras; event loop only."""

    def __init__(self, bus: Bus, spool: Spool | None, health: HealthBoard) -> None:
        self._bus, self._spool, self._health = bus, spool, health

    async def run(self) -> None:
        """Send what lies on disk whenever the broker is there, for ever."""
        while True:
            if not await self._send_some():
                await asyncio.sleep(RETRY_S)

    async def drain(self, stop: asyncio.Event) -> None:
        """Send what a process before left on disk, before anything new; returns when that is done, or on `stop`.

        It is of an older epoch than anything that this process will say: readers drop what comes after a newer one.
        """
        while self._backlog and not stop.is_set():
            if not await self._send_some():
                await asyncio.sleep(RETRY_S)

    @property
    def _backlog(self) -> bool:
        return self._spool is not None and not self._spool.empty

    async def flush(self, camera: str, outbox: Outbox, notify: Callable[[CameraNotice], None]) -> None:
        """Send all that waits of a camera, or put it on disk; returns when its outbox is empty."""
        while (item := outbox.head()) is not None:
            sent = await self._pass_on(item, outbox)
            lost = outbox.take_lost() if sent else None
            if lost is not None:
                notify(notices.blind(camera, lost[0], lost[1], "broker"))

    async def _pass_on(self, item: Item, outbox: Outbox) -> bool:
        """One step for the head of an outbox; False = nothing could be done but wait."""
        if self._backlog or not self._bus.connected:
            if self.put_aside(outbox):
                return True
        elif await self._publish(item):
            outbox.sent(item)
            return True
        elif self.put_aside(outbox):
            return True
        await asyncio.sleep(RETRY_S)
        return False

    def put_aside(self, outbox: Outbox) -> bool:
        """Everything in the outbox to the disk; False where that takes nothing."""
        if self._spool is None:
            return False
        try:
            while (item := outbox.head()) is not None:
                self._spool.append(item)
                outbox.sent(item)
        except SpoolError as error:
            self._health.set("spool", ok=False, detail=str(error))
            return False
        self._health.set("spool", ok=True)
        return True

    async def _send_some(self) -> bool:
        """A batch off the disk; False when there is none, or the broker does not take it."""
        if self._spool is None or self._spool.empty or not self._bus.connected:
            return False
        try:
            items = self._spool.ahead(AT_ONCE)
        except OSError as error:
            self._health.set("spool", ok=False, detail=str(error))
            return False
        taken = await asyncio.gather(*(self._publish(item) for item in items))
        count = taken.index(False) if False in taken else len(items)
        self._spool.sent(count)
        return count == len(items)

    async def _publish(self, item: Item) -> bool:
        if self._bus.connected and not self._bus.fits(item.payload, item.subject):
            log.error("%s: %d bytes are more than the broker takes; dropped", item.subject, len(item.payload))
            SPOOL_MESSAGES.labels("oversize").inc()
            return True
        try:
            await self._bus.publish(item.subject, item.payload, message_id=item.message_id, timeout_s=PUBLISH_S_MAX)
        except BusUnavailable as error:
            log.debug("%s: %s", item.subject, error)
            if self._bus.connected:  # the broker is there but did not take it: its streams may be gone
                await self._bus.ensure_streams(*STREAMS)
            return False
        return True

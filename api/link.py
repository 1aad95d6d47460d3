"""The api's line to the broker: it may be away at start and at any time, and every wait has an end.

Edge (asyncio, NATS).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from api.errors import Unavailable
from ingest.bus import Bus, BusTimeout, BusUnavailable, HealthBoard
from ingest.settings import NatsSettings

ANSWER_S_MAX = 3.0
"""The longest that a request waits for the broker."""


class Link:
    """Holds the bus once there is one."""

    def __init__(self) -> None:
        self._bus: Bus | None = None
        self._opened = asyncio.Event()

    @property
    def connected(self) -> bool:
        """Whether the broker is there now."""
        return self._bus is not None and self._bus.connected

    async def keep(self, settings: NatsSettings, health: HealthBoard, stop: asyncio.Event) -> None:
        """Connect, make sure of what the api needs, and hold the line until `stop`."""
        async with Bus.open(settings, name="api", health=health) as bus:
            await bus.ensure_streams("EVENTS", "SHOTS", "DEAD", "AUDIT", "DELIVERIES", "REDELIVER")
            await bus.ensure_buckets(
                "cameras",
                "functions",
                "regions",
                "users",
                "sessions",
                "vehicles",
                "people",
                "faces",
                "shifts",
                "doors",
                "targets",
                "delivery-rules",
            )
            self._bus = bus
            self._opened.set()
            await stop.wait()

    async def opened(self) -> Bus:
        """The bus, however long that takes: for what runs beside the requests."""
        await self._opened.wait()
        return self.bus()

    def bus(self) -> Bus:
        """The bus if the broker is there; raises `Unavailable`."""
        if self._bus is None or not self._bus.connected:
            raise Unavailable(component="nats")
        return self._bus


@contextlib.asynccontextmanager
async def within(timeout_s: float = ANSWER_S_MAX) -> AsyncIterator[None]:
    """Give what is done inside some seconds; raises `Unavailable` when the broker leaves it without an answer."""
    try:
        async with asyncio.timeout(timeout_s):
            yield
    except (TimeoutError, BusUnavailable, BusTimeout) as error:
        raise Unavailable(component="nats", reason=str(error)) from error

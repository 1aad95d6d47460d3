"""Edge: faults of connections: cut in the middle, no password taken, nobody listening. Event loop only.

A port that refuses can't refuse one camera alone: a camera whose script has `refuse` is served on a port of its own,
which is closed while the fault is there.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Protocol

from deploy.simulate.faults import Kind, Script

PULSE_S = 0.05
_CUTTING: tuple[Kind, ...] = ("refuse", "auth")


class House(Protocol):
    """What doors need of the server."""

    def scripts(self) -> dict[str, Script]:
        """The faults of each camera."""
        ...

    def now_us(self) -> int:
        """The cameras' clock."""
        ...

    def cut(self, name: str) -> None:
        """End all sessions of a camera."""
        ...

    async def listen(self, port: int) -> asyncio.Server:
        """One more door."""
        ...


class Doors:
    """The own ports of cameras, and the pulse that follows the scripts."""

    def __init__(self, house: House) -> None:
        """Nothing is opened before `open`."""
        self._house = house
        self._ports: dict[str, int] = {}
        self._servers: dict[str, asyncio.Server] = {}
        self._was: dict[str, set[Kind]] = {}
        self._cut_us: dict[str, int] = {}
        self._pulse: asyncio.Task[None] | None = None

    def port(self, name: str) -> int | None:
        """The own port of a camera."""
        return self._ports.get(name)

    async def open(self) -> None:
        """Open the own ports, and follow the scripts if there are any."""
        scripts = self._house.scripts()
        for name, script in scripts.items():
            if any(fault.kind == "refuse" for fault in script.faults):
                self._servers[name] = server = await self._house.listen(0)
                self._ports[name] = server.sockets[0].getsockname()[1]
        if any(script.faults for script in scripts.values()):
            await self._step()
            self._pulse = asyncio.create_task(self._follow())

    async def close(self) -> None:
        """Close the own ports."""
        if self._pulse is not None:
            self._pulse.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._pulse
        for server in self._servers.values():
            server.close()

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(PULSE_S)
            await self._step()

    async def _step(self) -> None:
        now_us = self._house.now_us()
        for name, script in self._house.scripts().items():
            if not script.faults:
                continue
            now = {kind for kind in _CUTTING if script.value(kind, now_us) is not None}
            every_s = script.value("disconnect", now_us)
            due = every_s is not None and now_us - self._cut_us.get(name, 0) >= every_s * 1e6
            if due:
                self._cut_us[name] = now_us
            if due or now - self._was.get(name, set()):
                self._house.cut(name)
            self._was[name] = now
            await self._door(name, shut="refuse" in now)

    async def _door(self, name: str, *, shut: bool) -> None:
        if name not in self._ports:
            return
        server = self._servers.get(name)
        if shut and server is not None:
            server.close()
            del self._servers[name]
        elif not shut and server is None:
            with contextlib.suppress(OSError):  # somebody took the port meanwhile: tried again at the next pulse
                self._servers[name] = await self._house.listen(self._ports[name])

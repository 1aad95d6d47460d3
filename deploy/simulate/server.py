"""Edge: the simulator as a whole. `async with CameraServer([...]) as server:` serves until the block ends.

One TCP socket for RTSP, one pair of UDP sockets for all UDP viewers, one feed per camera. Event loop only.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import msgspec

from deploy.simulate.auth import Credentials
from deploy.simulate.clip import load_clip
from deploy.simulate.connection import Connection
from deploy.simulate.doors import Doors
from deploy.simulate.errors import FaultError, NameTakenError, PortInUseError
from deploy.simulate.faults import PICTURE_KINDS, Fault, FaultLink, Kind, Script
from deploy.simulate.feed import Clock, Feed, Prepared, prepare, schedule_of
from deploy.simulate.link import Link, PerfectLink
from deploy.simulate.outlet import Address, Outlet
from deploy.simulate.schedule import spread_share, us_of
from deploy.simulate.variant import variant_of
from deploy.simulate.viewer import FeedViewer, Sent

_SWEEPS_PER_TIMEOUT = 10
_UDP_PAIR_ATTEMPTS_MAX = 50
_US_PER_S = 1_000_000
_ANY_HOST = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A file to serve; `name` is the stem of the file unless given, `copies` above 1 makes name-1, name-2 and so on."""

    path: Path
    name: str = ""
    copies: int = 1

    def names(self) -> list[str]:
        """The names of its cameras."""
        name = self.name or self.path.stem
        return [name] if self.copies == 1 else [f"{name}-{number}" for number in range(1, self.copies + 1)]


class ServerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How to serve; `link_of` gives the link (the seam for faults) of each camera by its name."""

    loop: bool = True
    spread: bool = False
    """Cameras begin spread over their clips instead of all at the beginning; for cameras that loop."""
    credentials: Credentials | None = None
    clients_max: int = 512
    session_timeout_s: float = 60.0
    link_of: Callable[[str], Link] = lambda _name: PerfectLink()
    """For a camera without faults."""
    faults: tuple[Fault, ...] = ()


class CameraStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One camera now. A picture is taken at started_at (Unix, s) + loop number * duration_s + its time in the clip."""

    name: str
    url: str
    started_at: float
    duration_s: float
    fps: float
    width: int
    height: int
    codec: str
    clients: int
    position_s: float
    ended: bool
    pictures_sent: int
    octets_sent: int
    gops_dropped: int


class CameraServer:
    """Cameras out of files."""

    def __init__(
        self,
        sources: Sequence[Source | Path],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        settings: ServerSettings | None = None,
    ) -> None:
        """Nothing is read or opened before `async with`; port 0 takes any free one."""
        self._sources = [one if isinstance(one, Source) else Source(path=one) for one in sources]
        self._settings = settings or ServerSettings()
        self.host = host
        self.port = port
        self.credentials = self._settings.credentials
        self.session_timeout_s = self._settings.session_timeout_s
        self.udp_ports = (0, 0)
        self._feeds: dict[str, Feed] = {}
        self._links: dict[str, Link] = {}
        self._sent: dict[str, Sent] = {}
        self._connections: set[Connection] = set()
        self._empty = asyncio.Event()

    async def __aenter__(self) -> Self:
        """Read the files, open the sockets, start the clocks of all cameras together. Raises SimulateError."""
        prepared = await asyncio.to_thread(_prepare_all, self._sources, self._settings.faults)
        loop = asyncio.get_running_loop()
        self.udp = await self._open_udp()
        try:
            self._server = await loop.create_server(lambda: Connection(self), self.host, self.port)
        except OSError as error:
            for socket in self.udp:
                socket.close()
            raise PortInUseError(self.host, self.port, error.strerror or str(error)) from error
        self.port = self._server.sockets[0].getsockname()[1]
        self._clock = Clock(wall_us=time.time_ns() // 1000, loop_s=loop.time(), loop_time=loop.time)
        for source, one in zip(self._sources, prepared, strict=True):
            self._add(source, one)
        self._doors = Doors(self)
        await self._doors.open()
        self._sweep()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Cut off every client and close the sockets."""
        self._sweeper.cancel()
        await self._doors.close()
        self._server.close()
        for connection in tuple(self._connections):
            connection.abort()
        for socket in self.udp:
            socket.close()
        # The transports report their end in the next turns of the loop; only then are all sockets closed.
        if self._connections:
            await self._empty.wait()
        await self._server.wait_closed()

    def url(self, name: str) -> str:
        """The address of a camera. Raises KeyError for a name that is not served."""
        host = _ANY_HOST.get(self.host, self.host)
        port = self._doors.port(name) or self.port
        return f"rtsp://{f'[{host}]' if ':' in host else host}:{port}/{quote(self._feeds[name].name)}"

    def switch(self, name: str, kind: Kind, *, on: bool) -> None:
        """Have one of a camera's faults now, or no longer. Raises KeyError for a name that is not served."""
        self._feeds[name].script.switch(kind, on=on)

    def scripts(self) -> dict[str, Script]:
        """The faults of each camera."""
        return {name: feed.script for name, feed in self._feeds.items()}

    def now_us(self) -> int:
        """The cameras' own clock (Unix, µs)."""
        return self._clock.now_us()

    def cut(self, name: str) -> None:
        """End all sessions of a camera, in the middle of whatever they are at."""
        for connection in tuple(self._connections):
            if connection.watches(self._feeds[name]):
                connection.abort()

    async def listen(self, port: int) -> asyncio.Server:
        """One more door to the same cameras."""
        return await asyncio.get_running_loop().create_server(lambda: Connection(self), self.host, port)

    def refuses_login(self, name: str) -> bool:
        """Whether the camera takes no password now."""
        feed = self._feeds.get(name)
        return feed is not None and feed.script.value("auth", self._clock.now_us()) is not None

    @property
    def names(self) -> tuple[str, ...]:
        """The cameras, in the order of the sources."""
        return tuple(self._feeds)

    def status(self) -> list[CameraStatus]:
        """Every camera as it is now."""
        return [self._status(feed) for feed in self._feeds.values()]

    def enter(self, connection: Connection) -> bool:
        """Count a new connection; False if there are too many."""
        self._connections.add(connection)
        self._empty.clear()
        return len(self._connections) <= self._settings.clients_max

    def leave(self, connection: Connection) -> None:
        """Count it no more."""
        self._connections.discard(connection)
        if not self._connections:
            self._empty.set()

    def feed(self, name: str) -> Feed | None:
        """The camera of that name."""
        return self._feeds.get(name)

    def viewer(self, feed: Feed, outlet: Outlet) -> FeedViewer:
        """A new viewer of that camera."""
        return FeedViewer(feed, outlet, self._links[feed.name], self._sent[feed.name])

    def heard_from(self, address: Address) -> None:
        """Note RTCP of a UDP viewer as a sign of life of its session."""
        for connection in self._connections:
            if connection.rtcp_address == address:
                connection.heard()

    def _add(self, source: Source, takes: Takes) -> None:
        prepared, variants = takes
        names = source.names()
        for index, name in enumerate(names):
            # Copies are shifted by parts of one picture's time: real cameras do not send in the same millisecond.
            shift_us = round(index * _US_PER_S / (len(names) * prepared.clip.fps))
            begun_us = self._clock.wall_us + shift_us
            if self._settings.spread:
                begun_us -= round(spread_share(len(self._feeds)) * us_of(prepared.clip.duration_ticks))
            schedule = schedule_of(prepared.clip, begun_us, loop=self._settings.loop)
            mine = [fault for fault in self._settings.faults if fault.camera in {"", name}]
            script = Script(mine, self._clock.wall_us)
            self._feeds[name] = Feed(name, prepared, schedule, self._clock, script=script, variants=variants)
            self._links[name] = FaultLink(script, name) if mine else self._settings.link_of(name)
            self._sent[name] = Sent()

    def _status(self, feed: Feed) -> CameraStatus:
        clip, schedule, sent = feed.prepared.clip, feed.schedule, self._sent[feed.name]
        return CameraStatus(
            name=feed.name,
            url=self.url(feed.name),
            started_at=schedule.started_us / _US_PER_S,
            duration_s=schedule.period_s,
            fps=clip.fps,
            width=clip.width,
            height=clip.height,
            codec=clip.codec.value,
            clients=len(feed.viewers),
            position_s=schedule.position_s(self._clock.now_us()),
            ended=feed.ended,
            pictures_sent=sent.pictures,
            octets_sent=sent.octets,
            gops_dropped=sent.gops_dropped,
        )

    def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        for connection in tuple(self._connections):
            if connection.silent(loop.time()):
                connection.abort()
        self._sweeper = loop.call_later(self.session_timeout_s / _SWEEPS_PER_TIMEOUT, self._sweep)

    async def _open_udp(self) -> tuple[asyncio.DatagramTransport, asyncio.DatagramTransport]:
        """A pair of neighbouring ports, the first one even (RFC 3550, 11)."""
        loop = asyncio.get_running_loop()
        for _ in range(_UDP_PAIR_ATTEMPTS_MAX):
            first = await self._open_udp_port(loop, 0)
            port = first.get_extra_info("sockname")[1]
            with suppress(PortInUseError):
                second = await self._open_udp_port(loop, port ^ 1)
                self.udp_ports = (port & ~1, port | 1)
                return (first, second) if port % 2 == 0 else (second, first)
            first.close()
        raise PortInUseError(self.host, 0, "no free pair of UDP ports")

    async def _open_udp_port(self, loop: asyncio.AbstractEventLoop, port: int) -> asyncio.DatagramTransport:
        try:
            transport, _ = await loop.create_datagram_endpoint(
                lambda: _Reports(self.heard_from), local_addr=(self.host, port)
            )
        except OSError as error:
            raise PortInUseError(self.host, port, error.strerror or str(error)) from error
        return transport


class _Reports(asyncio.DatagramProtocol):
    """What clients send to the UDP ports: reports and hole punching; only that they came matters."""

    def __init__(self, heard_from: Callable[[Address], None]) -> None:
        self._heard_from = heard_from

    def datagram_received(self, data: bytes, addr: Address) -> None:  # noqa: ARG002 (asyncio's signature)
        self._heard_from(addr)


Takes = tuple[Prepared, dict[str, Prepared]]


def _prepare_all(sources: Sequence[Source], faults: Sequence[Fault]) -> list[Takes]:
    names = [name for source in sources for name in source.names()]
    for name in names:
        if names.count(name) > 1:
            raise NameTakenError(name)
    for fault in faults:
        if fault.camera not in {"", *names}:
            raise FaultError(f"{fault.camera}:{fault.kind}", f"there is no such camera; there are {', '.join(names)}")
    return [_takes(source, faults) for source in sources]


def _takes(source: Source, faults: Sequence[Fault]) -> Takes:
    clip = load_clip(source.path)
    wanted = {f.key: f for f in faults if f.kind in PICTURE_KINDS and f.camera in {"", *source.names()}}
    return prepare(clip), {key: prepare(variant_of(clip, fault)) for key, fault in wanted.items()}

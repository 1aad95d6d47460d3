"""A real HTTP/1.1 server for tests of deliveries: it keeps what it is sent and answers as it is told.

It can be taken down and brought up again on the same port, as somebody else's server can.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable

import msgspec


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What came; names of headers are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What is answered; `silent` = nothing at all, until the client gives up."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = {}
    silent: bool = False


class HttpServer:
    """Event loop only."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.port = 0
        self.seen: list[Request] = []
        self.taken: list[Request] = []
        """Those that were answered with 2xx."""
        self.reply: Callable[[Request], Reply] = lambda _request: Reply()
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    def url(self, path: str = "/hook", host: str = "127.0.0.1") -> str:
        """Its address."""
        return f"{'https' if self._tls else 'http'}://{host}:{self.port}{path}"

    async def up(self) -> None:
        """Listen: on any port the first time, then on the same."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def down(self) -> None:
        """Refuse connections, and end those that stand."""
        if self._server is not None:
            self._server.close()
            for writer in list(self._open):
                writer.transport.abort()
            await self._server.wait_closed()
            self._server = None

    async def delay(self, request: Request) -> None:
        """Wait before an answer; here not at all."""

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            while True:
                request = await _request(reader)
                self.seen.append(request)
                await self.delay(request)
                reply = self.reply(request)
                if reply.silent:
                    await reader.read()
                    return
                if 200 <= reply.status < 300:
                    self.taken.append(request)
                told = {"Content-Length": str(len(reply.body))} | reply.headers
                head = "".join(f"{name}: {value}\r\n" for name, value in told.items())
                writer.write(f"HTTP/1.1 {reply.status} X\r\n{head}\r\n".encode() + reply.body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            return  # a cancelled one is at the end of its test
        finally:
            self._open.discard(writer)
            writer.close()


async def _request(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    method, path, _ = head[0].split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(method=method, path=path, headers=headers, body=body)


@contextlib.asynccontextmanager
async def http_server(tls: ssl.SSLContext | None = None) -> AsyncIterator[HttpServer]:
    """A running server."""
    server = HttpServer(tls)
    await server.up()
    try:
        yield server
    finally:
        await server.down()

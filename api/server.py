"""The HTTP server: runs the application until the process is asked to stop.

Edge (asyncio, uvicorn). Signals belong to the process shell, so the server takes none.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator

import uvicorn
from litestar.types import ASGIApp

from ingest.settings import SettingsError

GRACE_S = 2


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, listening: Callable[[], None]) -> None:
        super().__init__(config)
        self._listening = listening

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        self._listening()


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; raises `SettingsError` when the address can't be had."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=512)
    except OSError as error:
        allowed = f"can't listen on {host}: {error.strerror}"
        raise SettingsError(section="api", key="port", value=str(port), allowed=allowed) from None


async def serve(
    app: ASGIApp,
    taken: socket.socket,
    *,
    tls: tuple[str, str] | None,
    stop: asyncio.Event,
    listening: Callable[[], None],
) -> None:
    """Serve on a listening socket until `stop`; `listening` is called when the first request would be answered.

    `tls`: files of the certificate and its key; HTTPS alone then.
    """
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        ws="none",
        timeout_keep_alive=30,
        timeout_graceful_shutdown=GRACE_S,
        ssl_certfile=tls[0] if tls else None,
        ssl_keyfile=tls[1] if tls else None,
    )
    server = _Server(config, listening)
    running = asyncio.create_task(server.serve(sockets=[taken]))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        server.should_exit = True
        stopping.cancel()
        await running

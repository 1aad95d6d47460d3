"""The gRPC server of zool.acs: beside the HTTP server, in the same process and loop.

Edge (grpc, asyncio, files). With it stand the health service (SERVING while the broker is there) and reflection.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]
import grpc.aio  # type: ignore[import-untyped]
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from api.acs.calls import Door
from api.acs.doors import Doors
from api.acs.service import AccessControl
from api.acs.v1 import acs_pb2, acs_pb2_grpc, doors_pb2, doors_pb2_grpc
from api.config import ApiSettings, check_acs
from api.feed import Feed
from api.http.services import Services
from api.tls import check_pair
from ingest.settings import SettingsError

SERVICE = acs_pb2.DESCRIPTOR.services_by_name["AccessControl"].full_name
DOORS = doors_pb2.DESCRIPTOR.services_by_name["Doors"].full_name
GRACE_S = 1.5
HEALTH_S = 0.25
REQUEST_BYTES_MAX = 64 * 1024
OTHER_CALLS_MAX = 64
"""Calls at once beside streams: single events, health, reflection."""

OPTIONS = (
    ("grpc.so_reuseport", 0),  # a port that is taken is refused, not shared
    ("grpc.max_receive_message_length", REQUEST_BYTES_MAX),
    ("grpc.keepalive_time_ms", 20_000),  # a client that vanished without a word gives its place back
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.min_ping_interval_without_data_ms", 5_000),  # clients may look after the line as well
    ("grpc.keepalive_permit_without_calls", 1),
)


@contextlib.asynccontextmanager
async def acs_server(parts: Services, feed: Feed, *, port: int, stop: asyncio.Event) -> AsyncIterator[str]:
    """Serve until `stop`; gives the address as `grpc://host:port` or `grpcs://…`. Raises `SettingsError`."""
    settings = parts.settings
    check_acs(settings)
    server = grpc.aio.server(
        interceptors=(Door(parts.admission.by_token, parts.record_call),),
        options=OPTIONS,
        maximum_concurrent_rpcs=settings.acs_clients_max + OTHER_CALLS_MAX,
    )
    acs_pb2_grpc.add_AccessControlServicer_to_server(AccessControl(parts, feed), server)
    doors_pb2_grpc.add_DoorsServicer_to_server(Doors(parts, feed), server)
    board = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(board, server)
    reflection.enable_server_reflection((SERVICE, DOORS, health.SERVICE_NAME, reflection.SERVICE_NAME), server)
    address = _listen(server, settings, port)
    await server.start()
    telling = asyncio.create_task(_tell_health(board, parts))
    stopping = asyncio.create_task(_stop(server, board, stop))
    try:
        yield address
    finally:
        telling.cancel()
        stop.set()
        await stopping


def _listen(server: Any, settings: ApiSettings, port: int) -> str:
    host = f"[{settings.acs_host}]" if ":" in settings.acs_host else settings.acs_host
    tls = credentials(settings)
    try:
        if tls is None:
            bound = server.add_insecure_port(f"{host}:{port}")
        else:
            bound = server.add_secure_port(f"{host}:{port}", tls)
    except RuntimeError:
        bound = 0
    if not bound:
        allowed = f"can't listen on {host}:{port}: the address is not this machine's, or another program listens there"
        raise SettingsError(section="api", key="acs_port", value=str(port), allowed=allowed)
    return f"{'grpc' if tls is None else 'grpcs'}://{host}:{bound}"


def credentials(settings: ApiSettings) -> Any:
    """TLS as set up, or None; raises `SettingsError` when the files can't be used."""
    cert, key = settings.acs_tls_cert_file, settings.acs_tls_key_file
    if not check_pair(cert, key, prefix="acs_"):
        return None
    pair = Path(key).read_bytes(), Path(cert).read_bytes()
    return grpc.ssl_server_credentials((pair,), *_clients(settings.acs_tls_client_ca_file))


def _clients(path: str) -> tuple[()] | tuple[bytes, bool]:
    """Whose certificates clients must show, where they must; raises `SettingsError`."""
    if not path:
        return ()
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
        return Path(path).read_bytes(), True
    except OSError as error:
        allowed = f"it must hold the certificates (PEM) that sign those of clients: {error.strerror or error}"
        raise SettingsError(section="api", key="acs_tls_client_ca_file", value=path, allowed=allowed) from None


async def _tell_health(board: Any, parts: Services) -> None:
    """SERVING while the broker is there, for ever."""
    said: bool | None = None
    while True:
        if parts.link.connected != said:
            said = parts.link.connected
            status = health_pb2.HealthCheckResponse.SERVING if said else health_pb2.HealthCheckResponse.NOT_SERVING
            for name in ("", SERVICE, DOORS):
                await board.set(name, status)
        await asyncio.sleep(HEALTH_S)


async def _stop(server: Any, board: Any, stop: asyncio.Event) -> None:
    """When asked to stop: streams are told by the feed; what has not ended after the grace is broken off."""
    await stop.wait()
    await board.enter_graceful_shutdown()
    await server.stop(GRACE_S)

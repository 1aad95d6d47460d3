"""Health, metrics: how the api is, for machines and for the console's header."""

from __future__ import annotations

import asyncio

import prometheus_client
from litestar import Response, get
from litestar.openapi.datastructures import ResponseSpec

from api.contract import Component, Live, Ready
from api.errors import Unavailable
from api.http.access import PUBLIC
from api.http.services import Given, Services

INGEST_QUIET_US_MAX = 3_000_000
PING_S_MAX = 2.0
NEEDED = ("nats", "clickhouse")
"""Without these the api is not ready; what else is shown is shown for people."""


@get("/health/live", summary="The process answers", tags=["Health"], opt=PUBLIC)
async def live() -> Live:
    """Always true where it can be read."""
    return Live()


AWAY = ResponseSpec(Ready, generate_examples=False, description="A component that it needs is away")


@get("/health/ready", summary="Whether the api can do its work", tags=["Health"], opt=PUBLIC, responses={503: AWAY})
async def ready(services: Given) -> Response[Ready]:
    """By component; 503 while NATS or ClickHouse is away. `ingest` is shown, and does not count."""
    found = await components(services)
    fine = all(found[name].ok for name in NEEDED)
    body = Ready(ready=fine, site=services.settings.site_name, version=services.version, components=found)
    return Response(body, status_code=200 if fine else 503, headers={"Cache-Control": "no-store"})


@get("/metrics", summary="Prometheus metrics", tags=["Health"], media_type="text/plain")
async def metrics() -> Response[bytes]:
    """The metrics of this process."""
    return Response(prometheus_client.generate_latest(), media_type=prometheus_client.CONTENT_TYPE_LATEST)


async def components(services: Services) -> dict[str, Component]:
    """How each part is."""
    return {"nats": _nats(services), "clickhouse": await _clickhouse(services), "ingest": _ingest(services)}


def _nats(services: Services) -> Component:
    return Component(ok=True) if services.link.connected else Component(ok=False, detail="no connection")


async def _clickhouse(services: Services) -> Component:
    try:
        async with asyncio.timeout(PING_S_MAX):
            await services.archive.ping()
    except TimeoutError:
        return Component(ok=False, detail=f"no answer in {PING_S_MAX:g} s")
    except Unavailable as error:
        return Component(ok=False, detail=error.reason)
    return Component(ok=True)


def _ingest(services: Services) -> Component:
    quiet_us = services.now_us() - services.states.heard_at_us
    if quiet_us <= INGEST_QUIET_US_MAX:
        return Component(ok=True)
    try:
        waited_for = any(camera.enabled for camera, _ in services.catalog.cameras())
    except Unavailable:
        return Component(ok=False, detail="unknown while NATS is away")
    if not waited_for:
        return Component(ok=True, detail="no camera is switched on")
    if not services.states.heard_at_us:
        return Component(ok=False, detail="not heard yet")
    return Component(ok=False, detail=f"last heard {quiet_us / 1e6:.0f} s ago")

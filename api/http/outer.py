"""The outermost layer: security headers on every answer, an end to clients that take nothing, and request metrics.

A plain ASGI application around the routes, so that errors and streams pass through it as well.
"""

from __future__ import annotations

import asyncio
import time

from litestar.types import ASGIApp, Message, Receive, Scope, Send

from api.metrics import REQUEST_SECONDS, REQUESTS

_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = (
    (b"content-security-policy", _CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
)
HSTS = (b"strict-transport-security", b"max-age=31536000")
"""A browser that came by TLS once never asks without it."""


class Outer:
    """ASGI application around another."""

    def __init__(self, inner: ASGIApp, *, send_timeout_s: float, tls: bool) -> None:
        """`tls`: clients come by TLS alone, here or to what stands in front."""
        self._inner, self._send_timeout_s = inner, send_timeout_s
        self._headers = (*HEADERS, HSTS) if tls else HEADERS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the life of the application."""
        if str(scope["type"]) != "http":
            await self._inner(scope, receive, send)
            return
        started = time.perf_counter()

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *self._headers]
                _count(scope, message["status"], time.perf_counter() - started)
            async with asyncio.timeout(self._send_timeout_s):
                await send(message)

        await self._inner(scope, receive, guarded)


def _count(scope: Scope, status: int, seconds: float) -> None:
    route = str(scope.get("path_template") or "unknown")
    REQUESTS.labels(scope.get("method", ""), route, str(status)).inc()
    REQUEST_SECONDS.labels(route).observe(seconds)

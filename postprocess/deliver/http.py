"""Webhooks and relay boards. Edge (HTTP by httpx, clock).

Rules
- TLS is verified, no redirect is followed, no proxy of the environment is used, an answer is read up to a limit.
- 2xx and 409 ("I have it") are taken. Of the rest, 400, 413, 415 and 422 are about the message: refused. All others are
  about the target (it is away, or set up wrongly): the message waits.
"""

from __future__ import annotations

import ssl
import time
from urllib.parse import urlsplit, urlunsplit

import httpx

from postprocess.deliver.driver import Tools
from postprocess.deliver.lane import Answer, Outcome, Parcel
from postprocess.deliver.reach import Unreachable
from postprocess.deliver.settings import Relay, Webhook
from postprocess.deliver.wire import command_body, event_body, headers

REFUSED = frozenset({400, 413, 415, 422})
CONFLICT = 409
"""The target has it already, by its idempotency key."""
ANSWER_BYTES_MAX = 64 * 1024
WORDS_MAX = 200
RETRY_AFTER_S_MAX = 3600.0


class Http:
    """One target's connections; an async context manager."""

    def __init__(self, tools: Tools, timeout_s: float) -> None:
        self._tools = tools
        self._client = httpx.AsyncClient(
            verify=ssl.create_default_context() if tools.tls is None else tools.tls,
            timeout=timeout_s,
            follow_redirects=False,
            trust_env=False,
            limits=httpx.Limits(max_connections=64, max_keepalive_connections=8, keepalive_expiry=30.0),
        )

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.aclose()

    async def post(
        self, url: str, content: bytes, told: dict[str, str], *, timeout_s: float | None = None
    ) -> tuple[int, bytes, httpx.Headers]:
        """Status, body and headers of an answer; raises `Unreachable` with words for people."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = parts.port or (443 if parts.scheme == "https" else 80)
        address = await self._tools.reach.address(host, port)
        shown = f"[{address}]" if ":" in address else address
        there = urlunsplit((parts.scheme, f"{shown}:{port}", parts.path or "/", parts.query, ""))
        name = f"[{host}]" if ":" in host else host
        named = {"Host": name if parts.port is None else f"{name}:{parts.port}"}
        request = self._client.build_request(
            "POST", there, content=content, headers=told | named, extensions={"sni_hostname": host},
            timeout=httpx.USE_CLIENT_DEFAULT if timeout_s is None else timeout_s,
        )  # fmt: skip
        try:
            answer = await self._client.send(request, stream=True)
            try:
                body = b""
                async for piece in answer.aiter_bytes():
                    body += piece
                    if len(body) > ANSWER_BYTES_MAX:
                        break
            finally:
                await answer.aclose()
        except httpx.TimeoutException:
            raise Unreachable("no answer in time") from None
        except (httpx.HTTPError, ssl.SSLError, OSError) as error:
            raise Unreachable(f"{type(error).__name__}: {str(error)[:WORDS_MAX]}") from None
        return answer.status_code, body[:ANSWER_BYTES_MAX], answer.headers


def answer_of(status: int, body: bytes, told: httpx.Headers) -> Answer:
    """What a status means for the message."""
    if 200 <= status < 300 or status == CONFLICT:
        return Answer(outcome="sent", words=f"HTTP {status}")
    said = " ".join(body[:WORDS_MAX].decode("utf-8", errors="replace").split())
    words = f"HTTP {status}{f': {said}' if said else ''}"
    if 300 <= status < 400:
        words = f"HTTP {status}: redirects are not followed, write the address that it leads to"
    outcome: Outcome = "refused" if status in REFUSED else "away"
    return Answer(outcome=outcome, words=words, retry_after_s=retry_after_s(told.get("retry-after", "")))


def retry_after_s(text: str) -> float:
    """Retry-After in seconds; dates and garbage ask for nothing."""
    return min(float(text), RETRY_AFTER_S_MAX) if text.isascii() and text.isdecimal() else 0.0


class WebhookDriver:
    """POST of the event."""

    def __init__(self, settings: Webhook, tools: Tools) -> None:
        self._settings, self._tools = settings, tools
        self._http = Http(tools, settings.timeout_s)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.close()

    async def send(self, parcel: Parcel) -> Answer:
        """One event."""
        settings = self._settings
        body = event_body(parcel.events[0], thumbnails=settings.thumbnails)
        secret = self._tools.secrets.value(settings.secret)
        told = headers(secret, parcel.id, _now_us(), body) | {"zool-rule": parcel.rule}
        return answer_of(*await self._http.post(settings.url, body, told))


class RelayDriver:
    """POST of a command that expires."""

    def __init__(self, settings: Relay, tools: Tools) -> None:
        self._settings, self._tools = settings, tools
        self._http = Http(tools, settings.timeout_s)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.close()

    async def send(self, parcel: Parcel) -> Answer:
        """One command, unless its time is over."""
        now_us = _now_us()
        left_s = ((parcel.expires_us or now_us) - now_us) / 1e6
        if left_s <= 0:
            return Answer(outcome="away", words="expired")
        body = command_body(self._settings, parcel, now_us)
        told = headers(self._tools.secrets.value(self._settings.secret), parcel.id, now_us, body)
        timeout_s = min(left_s, self._settings.timeout_s)
        return answer_of(*await self._http.post(self._settings.url, body, told, timeout_s=timeout_s))


def _now_us() -> int:
    return time.time_ns() // 1000

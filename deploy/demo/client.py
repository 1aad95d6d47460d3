"""The demo's own client of the running system: the public REST API and the event stream, nothing else.

Edge (HTTP).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec

from deploy.errors import ApiRefused

Json = dict[str, Any]

RETRY_S = 0.2


class Client:
    """One user of the API."""

    def __init__(self, url: str, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}", "Accept-Language": "en"}
        self._http = httpx.AsyncClient(base_url=f"{url}/api/v1", headers=headers, timeout=15.0, trust_env=False)

    async def close(self) -> None:
        """Give the connections back."""
        await self._http.aclose()

    async def call(self, method: str, path: str, body: Json | None = None, **headers: str) -> Any:
        """One request; raises `ApiRefused`."""
        sent = {key.replace("_", "-"): value for key, value in headers.items()}
        answer = await self._http.request(method, path, json=body, headers=sent)
        if answer.status_code >= 400:
            raise ApiRefused(method, path, answer.status_code, answer.text)
        return answer.json() if answer.content else None

    async def ensure_camera(self, camera: Json) -> None:
        """Create a camera, or bring it to the wanted address."""
        try:
            await self.call("POST", "/cameras", camera)
        except ApiRefused as refused:
            if refused.status != 409:
                raise
            changes = {key: value for key, value in camera.items() if key != "id"}
            now = await self.call("GET", f"/cameras/{camera['id']}")
            await self.call("PATCH", f"/cameras/{camera['id']}", changes, If_Match=now["etag"])

    async def events(self, after: int | None = None) -> AsyncIterator[Json]:
        """The event stream, for ever: after a cut it goes on behind the last event seen."""
        last = "" if after is None else str(after)
        while True:
            async for identity, event in self.stream(last):
                last = identity or last
                yield event
            await asyncio.sleep(RETRY_S)

    async def stream(self, last: str, *, silence_s_max: float = 30.0) -> AsyncIterator[tuple[str, Json]]:
        """The event stream behind an id, until it is cut, or says nothing for too long: each event with its own id.

        Raises `ApiRefused`.
        """
        headers = {"Last-Event-ID": last} if last else {}
        with contextlib.suppress(httpx.HTTPError):
            async with self._http.stream("GET", "/events/stream", headers=headers, timeout=silence_s_max) as answer:
                if answer.status_code >= 500:  # it stands again, but not yet what is behind it
                    return
                if answer.status_code >= 400:
                    raise ApiRefused("GET", "/events/stream", answer.status_code, (await answer.aread()).decode())
                async for identity, data in _messages(answer):
                    yield identity, msgspec.json.decode(data)


async def _messages(answer: httpx.Response) -> AsyncIterator[tuple[str, bytes]]:
    """Split a stream into messages: id and data of those that are plain events."""
    identity, name = "", ""
    data: list[str] = []
    async for line in answer.aiter_lines():
        if not line:
            if data and name in {"", "event", "message"}:
                yield identity, "\n".join(data).encode()
            identity, name, data = "", "", []
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        match field:
            case "id":
                identity = value
            case "event":
                name = value
            case "data":
                data.append(value)

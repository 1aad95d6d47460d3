"""The dead letters of a running system, over its REST API. Edge (HTTP)."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

import httpx
import msgspec

from deploy.errors import ApiAway, ApiRefused

TIMEOUT_S = 20.0


class LettersClient:
    """One user of `/api/v1/dead`."""

    def __init__(self, url: str, token: str, language: str) -> None:
        headers = {"Authorization": f"Bearer {token}", "Accept-Language": language}
        self._url = url
        self._http = httpx.Client(base_url=f"{url}/api/v1/dead", headers=headers, timeout=TIMEOUT_S, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def call(self, method: str, path: str, *, params: Any = None, body: Any = None) -> Any:
        """One request; raises `ApiAway`, `ApiRefused`."""
        try:
            answer = self._http.request(method, path, params=params, json=body)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ApiAway(self._url, str(error) or type(error).__name__) from None
        if answer.status_code >= 400:
            raise ApiRefused(method, f"/dead{path}", answer.status_code, _detail(answer))
        return answer.json() if answer.content else None


def _detail(answer: httpx.Response) -> str:
    try:
        return str(msgspec.json.decode(answer.content)["detail"])
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError, TypeError):
        return answer.text

"""The REST API of a running system, as its own commands use it. Edge (argv, files, HTTP)."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx
import msgspec

from deploy.acs.command import is_loopback
from deploy.errors import ApiAway, ApiRefused, FileUnusable, PlaintextRefused

URL = "http://127.0.0.1:8080"
TOKEN_FILE = Path("var/zool/admin.token")
TIMEOUT_S = 20.0
WAITS_MAX, WAIT_S_MAX = 30, 5.0
"""How often, and for how long each time, a call waits that came too soon behind the others."""
_TOO_OFTEN = "urn:zool:problem:too-many-requests"


def add_access(parser: argparse.ArgumentParser) -> None:
    """Declare where the API is, and who asks."""
    parser.add_argument("--url", default=URL, help="address of the API (default: %(default)s)")
    parser.add_argument("--token-file", type=Path, default=TOKEN_FILE, help="file with a token (default: %(default)s)")
    parser.add_argument("--plaintext", action="store_true", help="send the token without TLS beyond this machine")
    parser.add_argument("--json", action="store_true", help="JSON instead of text")


def connect(args: argparse.Namespace, language: str, *, timeout_s: float = TIMEOUT_S) -> RestClient:
    """A client for what `add_access` declared; raises `PlaintextRefused`, `FileUnusable`."""
    parts = urlsplit(args.url)
    if not (parts.scheme == "https" or args.plaintext or is_loopback(f"{parts.hostname or ''}:0")):
        raise PlaintextRefused(args.url, "name an https:// address")
    try:
        token = str(args.token_file.read_text(encoding="ascii").strip())
    except (OSError, UnicodeDecodeError) as error:
        raise FileUnusable(args.token_file, f"can't be read: {error}; name another with --token-file") from None
    return RestClient(args.url.rstrip("/"), token, language, timeout_s=timeout_s)


class RestClient:
    """One user of `/api/v1`."""

    def __init__(self, url: str, token: str, language: str, *, timeout_s: float = TIMEOUT_S) -> None:
        headers = {"Authorization": f"Bearer {token}", "Accept-Language": language}
        self._url = url
        self._http = httpx.Client(base_url=f"{url}/api/v1", headers=headers, timeout=timeout_s, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def call(self, method: str, path: str, *, params: Any = None, body: Any = None, if_match: str = "") -> Any:
        """One request; `if_match`: the version that it is for. Raises `ApiAway`, `ApiRefused`."""
        headers = {"If-Match": if_match} if if_match else None
        answer = self._asked(method, path, params, body, headers)
        for _ in range(WAITS_MAX):
            if answer.status_code != 429 or _problem(answer).get("type") != _TOO_OFTEN:
                break
            time.sleep(min(float(answer.headers.get("Retry-After", "1")), WAIT_S_MAX))
            answer = self._asked(method, path, params, body, headers)
        if answer.status_code >= 400:
            detail = _problem(answer).get("detail", answer.text)
            raise ApiRefused(method, path, answer.status_code, str(detail))
        return answer.json() if answer.content else None

    def _asked(self, method: str, path: str, params: Any, body: Any, headers: dict[str, str] | None) -> httpx.Response:
        try:
            return self._http.request(method, path, params=params, json=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ApiAway(self._url, str(error) or type(error).__name__) from None


def _problem(answer: httpx.Response) -> dict[str, Any]:
    try:
        problem = msgspec.json.decode(answer.content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
    return problem if isinstance(problem, dict) else {}

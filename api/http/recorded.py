"""Every change, and every look at what the table says, is in the audit before its answer begins.

ASGI application around the routes. What is recorded: changes that were made (whatever their answer), refusals of
somebody who was known, signing in, and looks at people and their pictures. If the audit can't be written, the answer
is 503 instead: what was changed nevertheless is in no answer of success.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast
from urllib.parse import parse_qsl, unquote

import msgspec
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from api import problem
from api.access_table import OPEN, SIGN_INS, rest_access
from api.audit import Change, Record, asked_for, split
from api.contract import Caller
from api.errors import Unavailable
from api.language import preferred
from api.ledger import Ledger
from api.sessions import SAFE_METHODS

REASON_HEADER = b"x-zool-reason"
REASON_CHARS_MAX = 500
PERSON = "person"


class Recorded:
    """ASGI application around another."""

    def __init__(self, inner: ASGIApp, *, ledger: Ledger, now_us: Callable[[], int]) -> None:
        self._inner, self._ledger, self._now_us = inner, ledger, now_us

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if str(scope["type"]) != "http":
            await self._inner(scope, receive, send)
            return
        refused = False

        async def recording(message: Message) -> None:
            nonlocal refused
            if refused:
                return
            if message["type"] == "http.response.start" and is_recorded(scope, int(message["status"])):
                try:
                    await self._ledger.write(record(scope, int(message["status"]), self._now_us()))
                except Unavailable as error:
                    refused = True
                    await _answer(scope, send, error)
                    return
            await send(message)

        await self._inner(scope, receive, recording)


def is_recorded(scope: Scope, status: int) -> bool:
    """Whether an answer belongs into the audit."""
    method, path = str(scope.get("method", "")), str(scope.get("path_template") or "")
    if changes_of(scope):
        return True
    if (method, path) in OPEN:
        return (method, path) in SIGN_INS and (status < 400 or status in {401, 403})
    if "user" not in scope:
        return False
    if status == 403:
        return True
    if status >= 400:
        return False
    if method not in SAFE_METHODS:
        return True
    look = rest_access(method, path).look
    return look == "always" or (look == PERSON and any(name == PERSON for name, _ in _query(scope)))


def record(scope: Scope, status: int, at_us: int) -> list[Record]:
    """What is kept of a request."""
    raw: dict[str, Any] = dict(scope)
    caller: Caller | None = raw.get("user")
    headers = dict(scope["headers"])
    client = raw.get("client")
    parts = {str(name): str(value)[:200] for name, value in (raw.get("path_params") or {}).items()}
    open_call = (str(raw.get("method", "")), str(raw.get("path_template") or "")) in OPEN
    asked = {} if open_call else asked_for(_query(scope))  # what opens a door (a code) is not kept
    one = Record(
        at_us=at_us,
        user=caller.name if caller is not None else "",
        came_by=caller.came_by if caller is not None else "",
        key=caller.key[:12] if caller is not None else "",
        address=str(client[0]) if client else "",
        act=f"{raw.get('method', '')} {raw.get('path_template') or 'unknown'}",
        target=asked | parts | raw.get("audit_target", {}),
        status=status,
        reason=unquote(headers.get(REASON_HEADER, b"").decode("latin-1"))[:REASON_CHARS_MAX],
    )
    return split(one, changes_of(scope))


def changes_of(scope: Scope) -> list[Change]:
    """What a request has changed so far; the list grows while it runs."""
    return cast("list[Change]", dict(scope).get("audit_changes", []))


def _query(scope: Scope) -> list[tuple[str, str]]:
    return parse_qsl(bytes(scope.get("query_string", b"")).decode("latin-1"), keep_blank_values=False)[:40]


async def _answer(scope: Scope, send: Send, error: Unavailable) -> None:
    language = preferred(dict(scope["headers"]).get(b"accept-language", b"").decode("latin-1"))
    body = msgspec.json.encode(problem.describe(error, language=language, instance=str(scope["path"])))
    headers = [(b"content-type", problem.MEDIA_TYPE.encode()), (b"content-length", str(len(body)).encode())]
    headers += [(name.lower().encode(), value.encode()) for name, value in error.headers().items()]
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})

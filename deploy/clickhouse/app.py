"""The HTTP face of the engine, as an ASGI application.

Edge. Every request but `/ping` carries the user and the password. Bodies are bounded, statements run on a bounded
number of worker threads, the rest wait in order.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import uuid
import zlib
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qsl

import lz4.frame
from backports.zstd import ZstdDecompressor, ZstdError

from deploy.clickhouse.engine import WORKERS, Answer, Engine, EngineError
from deploy.clickhouse.native import UnknownType
from deploy.clickhouse.request import BadRequest, Statement, credentials, error_code, statement

BODY_BYTES_MAX = 64 * 1024 * 1024
WAITING_MAX = 256

_DECOMPRESSORS: dict[str, Callable[[], Any]] = {
    "zstd": ZstdDecompressor,
    "lz4": lz4.frame.LZ4FrameDecompressor,
    "gzip": lambda: zlib.decompressobj(wbits=31),
    "deflate": lambda: zlib.decompressobj(wbits=15),
}

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Refused(Exception):  # noqa: N818 - an answer, not a fault
    """A request is answered with an HTTP status and ClickHouse's error number."""

    def __init__(self, status: int, code: int, text: str) -> None:
        self.status, self.code = status, code
        super().__init__(f"Code: {code}. DB::Exception: {text}")


class ClickHouseApp:
    """ASGI application over one engine."""

    def __init__(self, engine: Engine, *, user: str, password: str) -> None:
        self._engine, self._user, self._password = engine, user, password
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="engine")
        self._waiting = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
        try:
            if scope["path"] == "/ping":
                await _reply(send, 200, b"Ok.\n", {})
                return
            self._check(query, headers)
            asked = statement(query, headers, await _body(receive, headers.get("content-encoding", "")))
            answer = await self._run(asked)
        except Refused as refused:
            await _reply(
                send, refused.status, str(refused).encode(), {"X-ClickHouse-Exception-Code": str(refused.code)}
            )
        except BadRequest as error:
            text = f"Code: 62. DB::Exception: {error}. (SYNTAX_ERROR)"
            await _reply(send, 400, text.encode(), {"X-ClickHouse-Exception-Code": "62"})
        except EngineError as error:
            code = error_code(str(error))
            status = 404 if code in {60, 81} else 400 if code in {47, 62} else 500
            await _reply(send, status, str(error).encode(), {"X-ClickHouse-Exception-Code": str(code)})
        except UnknownType as error:
            text = f"Code: 48. DB::Exception: {error}. (NOT_IMPLEMENTED)"
            await _reply(send, 501, text.encode(), {"X-ClickHouse-Exception-Code": "48"})
        else:
            await _reply(send, 200, answer.body, self._headers(asked, answer, query.get("query_id", "")))

    def close(self) -> None:
        """Finish what runs, then close the engine."""
        self._pool.shutdown(wait=True)
        self._engine.close()

    async def _run(self, asked: Statement) -> Answer:
        if self._waiting >= WAITING_MAX:
            raise Refused(503, 202, f"too many simultaneous queries: {WAITING_MAX} wait already; try again later")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, self._engine.run, asked)
        finally:
            self._waiting -= 1

    def _check(self, query: dict[str, str], headers: dict[str, str]) -> None:
        user, password = credentials(query, headers)
        same_user = hmac.compare_digest(user.encode(), self._user.encode())
        if not (hmac.compare_digest(password.encode(), self._password.encode()) and same_user):
            shown = user or "(none)"
            raise Refused(403, 516, f"{shown}: Authentication failed: password is incorrect or there is no such user")

    def _headers(self, asked: Statement, answer: Answer, query_id: str) -> dict[str, str]:
        summary = {"read_rows": str(answer.rows_read), "written_rows": str(answer.rows_written)}
        shown = {"X-ClickHouse-Format": asked.format} if asked.rows else {}
        return shown | {
            "X-ClickHouse-Summary": json.dumps(summary),
            "X-ClickHouse-Query-Id": query_id or str(uuid.uuid4()),
            "X-ClickHouse-Timezone": self._engine.timezone,
            "X-ClickHouse-Server-Display-Name": "zool",
        }


async def _body(receive: Receive, encoding: str) -> bytes:
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refused(400, 210, "the client went away before the whole body was there")
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > BODY_BYTES_MAX:
            raise Refused(413, 307, f"the body is over {BODY_BYTES_MAX} bytes: insert in smaller batches")
        parts.append(chunk)
        if not message.get("more_body"):
            return _decompressed(b"".join(parts), encoding)


def _decompressed(data: bytes, encoding: str) -> bytes:
    """Every frame of the body: clients compress block by block, and write one frame behind the other."""
    if encoding in {"", "identity"}:
        return data
    if encoding not in _DECOMPRESSORS:
        raise Refused(400, 432, f"Content-Encoding {encoding!r} is not known: {', '.join(_DECOMPRESSORS)}")
    parts, room = list[bytes](), BODY_BYTES_MAX
    while data:
        frame = _DECOMPRESSORS[encoding]()
        try:
            plain: bytes = frame.decompress(data, room + 1)
        except (ZstdError, RuntimeError, OSError, EOFError, zlib.error) as error:
            raise Refused(400, 271, f"the body is not {encoding}: {error}") from None
        room -= len(plain)
        if room < 0:
            raise Refused(413, 307, f"the body is over {BODY_BYTES_MAX} bytes unpacked: insert in smaller batches")
        if not frame.eof:
            raise Refused(400, 271, f"the body is not {encoding}: its end is missing")
        parts.append(plain)
        data = frame.unused_data
    return b"".join(parts)


async def _reply(send: Send, status: int, body: bytes, headers: dict[str, str]) -> None:
    shown = {"Content-Type": "text/plain; charset=UTF-8", "Content-Length": str(len(body))} | headers
    raw = [(key.encode(), value.encode("latin-1", "replace")) for key, value in shown.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})

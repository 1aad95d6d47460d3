"""The format Native for clients of a newer protocol: asked over HTTP as clickhouse-go does, read by another library."""

from __future__ import annotations

import socket
import threading
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import httpx
from clickhouse_driver.bufferedreader import BufferedSocketReader
from clickhouse_driver.streams.native import BlockInputStream

from postprocess.contract import ClickHouseSettings

REVISION = 54460
"""What clickhouse-go sends."""


def ask_native(settings: ClickHouseSettings, sql: str, *, protocol: str = str(REVISION)) -> httpx.Response:
    """A query over HTTP as Grafana's plug-in sends it: settings and protocol in the address, SQL as the body."""
    asked = {
        "database": settings.database, "default_format": "Native", "client_protocol_version": protocol,
        "max_execution_time": "30",
    }  # fmt: skip
    return httpx.post(
        f"http://{settings.host}:{settings.port}/", params=asked, content=sql.encode(), timeout=60,
        auth=(settings.user, settings.password), headers={"Accept-Encoding": "gzip"},
    )  # fmt: skip


def decoded(body: bytes) -> list[tuple[Any, ...]]:
    """Rows of all blocks; raises where the blocks are not what the protocol says."""
    ours, theirs = socket.socketpair()
    sender = threading.Thread(target=lambda: (ours.sendall(body), ours.close()))
    sender.start()
    context = SimpleNamespace(
        server_info=SimpleNamespace(used_revision=REVISION, get_timezone=lambda: "UTC"),
        client_settings={
            "use_numpy": False, "strings_as_bytes": False, "strings_encoding": "utf-8", "namedtuple_as_json": True,
        },
        settings={},
    )  # fmt: skip
    stream, rows = BlockInputStream(BufferedSocketReader(theirs, 65536), context), list[tuple[Any, ...]]()
    try:
        while True:
            rows += _rows(stream.read())
    except EOFError:
        return rows
    finally:
        sender.join()
        theirs.close()


def _rows(block: Any) -> Sequence[tuple[Any, ...]]:
    found: Sequence[tuple[Any, ...]] = block.get_rows()
    return found

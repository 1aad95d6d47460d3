"""The shell of every process: logging, signals, settings, and a face with health and metrics.

Edge (asyncio, os, sockets). `run` reads argv and the environment once and hands a `Process` to the program.

Rules
- A log line never holds a credential: addresses pass through `mask_url`.
- The face binds to loopback unless told otherwise and answers three GETs, nothing else.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import os
import re
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec
import prometheus_client

from ingest.contract import mask_url
from ingest.sealed import Keys, read_keys
from ingest.settings import FaceSettings, SecretsSettings, SettingsError, load

T = TypeVar("T", bound=msgspec.Struct)

log = logging.getLogger("zool")

REQUEST_BYTES_MAX = 8192
CANCEL_AGAIN_S = 3.0
_URL = re.compile(r"[a-z][a-z0-9+.-]*://[^\s'\"]+", re.IGNORECASE)


class Health:
    """What a process needs in order to work, and whether it has it."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._parts: dict[str, tuple[bool, str]] = {}
        self._needed: dict[str, bool] = {}
        self._started = False

    def started(self) -> None:
        """The program runs: from here on readiness is the sum of the parts."""
        self._started = True

    @property
    def begun(self) -> bool:
        """Whether the program runs: it may have something in hand."""
        return self._started

    def set(self, component: str, *, ok: bool, detail: str = "", needed: bool = True) -> None:
        """Tell the state of a part; a change is logged. `needed`: the process is not ready without it."""
        if self._parts.get(component, (None, ""))[0] != ok:
            log.log(logging.INFO if ok else logging.WARNING, "%s: %s %s", component, "ready" if ok else "away", detail)
        self._parts[component] = (ok, detail)
        self._needed[component] = needed

    def forget(self, component: str) -> None:
        """Drop a part that is no longer used."""
        self._parts.pop(component, None)
        self._needed.pop(component, None)

    @property
    def ready(self) -> bool:
        """Started, and every part that it needs is there."""
        return self._started and all(ok for name, (ok, _) in self._parts.items() if self._needed[name])

    def snapshot(self) -> dict[str, object]:
        """JSON for /health/ready."""
        return {
            "process": self._name,
            "ready": self.ready,
            "components": {key: {"ok": ok, "detail": detail} for key, (ok, detail) in sorted(self._parts.items())},
        }


class Process:
    """What a program is given: its name, settings, health and the wish to stop."""

    def __init__(self, name: str, *, ini: str, environ: Mapping[str, str], rest: Sequence[str]) -> None:
        self.name, self.ini, self.environ, self.rest = name, ini, environ, list(rest)
        self.health = Health(name)
        self.stop = asyncio.Event()
        self.stop_s_max = 6.0
        """How long the program may take to end by itself once it is told to stop."""

    def settings(self, kind: type[T], section: str) -> T:
        """A section of config.ini with the environment over it; raises `SettingsError`."""
        return load(kind, section, ini=self.ini, environ=self.environ)

    def keys(self) -> Keys:
        """The keys of `[secrets] key_file` as it stands now; raises `SettingsError`."""
        name = self.settings(SecretsSettings, "secrets").key_file
        if not name:
            return Keys()
        try:
            return read_keys(Path(name).read_text(encoding="ascii"))
        except (OSError, ValueError) as error:
            allowed = f"can't be used as a key file: {error}"
            raise SettingsError(section="secrets", key="key_file", value=name, allowed=allowed) from None


class _Masked(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return _URL.sub(lambda found: mask_url(found.group(0)), super().format(record))


def run(name: str, main: Callable[[Process], Awaitable[None]], argv: Sequence[str] | None = None) -> int:
    """Run a program until SIGTERM or SIGINT; returns its exit code (2 = a setting or the command line is wrong)."""
    parser = argparse.ArgumentParser(prog=f"zool-{name}")
    parser.add_argument("--config", default=os.environ.get("ZOOL_CONFIG", ""), help="path of config.ini")
    options, rest = parser.parse_known_args(argv)
    _log_to_stderr(name)
    try:
        ini = Path(options.config).read_text(encoding="utf-8") if options.config else ""
    except OSError as error:
        sys.stderr.write(f"zool-{name}: can't read --config {options.config}: {error.strerror}\n")
        return 2
    try:
        return asyncio.run(_supervised(name, main, ini=ini, rest=rest))
    except SettingsError as error:
        sys.stderr.write(f"zool-{name}: {error}\n")
        return 2


async def _supervised(name: str, main: Callable[[Process], Awaitable[None]], *, ini: str, rest: Sequence[str]) -> int:
    process = Process(name, ini=ini, environ=dict(os.environ), rest=rest)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, process.stop.set)
    face = process.settings(FaceSettings, "face")
    server = await asyncio.start_server(lambda r, w: _answer(process, r, w), face.host, face.port, limit=16384)
    port = server.sockets[0].getsockname()[1]
    log.info("face at http://%s:%d", face.host, port)
    task = asyncio.ensure_future(main(process))
    stopping = asyncio.ensure_future(process.stop.wait())
    try:
        await asyncio.wait({task, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if process.health.begun:  # else it waits for the broker, with nothing in hand
            await asyncio.wait({task}, timeout=process.stop_s_max)
        while not task.done():  # a library may lose a cancellation: it is said again
            task.cancel()
            await asyncio.wait({task}, timeout=CANCEL_AGAIN_S)
        with contextlib.suppress(asyncio.CancelledError):
            task.result()
    finally:
        stopping.cancel()
        server.close()
    return 0


async def _answer(process: Process, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5.0)
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError, ConnectionError):
        writer.close()
        return
    line = head.split(b"\r\n", 1)[0].split(b" ")
    status, kind, body = _page(process, line[0], line[1].split(b"?")[0] if len(line) > 1 else b"")
    top = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    writer.write(top.encode() + body)
    with contextlib.suppress(ConnectionError):
        await writer.drain()
    writer.close()


def _page(process: Process, method: bytes, path: bytes) -> tuple[str, str, bytes]:
    if method != b"GET":
        return "405 Method Not Allowed", "text/plain", b"only GET\n"
    if path == b"/health/live":
        return "200 OK", "application/json", b'{"live": true}'
    if path == b"/health/ready":
        status = "200 OK" if process.health.ready else "503 Service Unavailable"
        return status, "application/json", json.dumps(process.health.snapshot()).encode()
    if path == b"/metrics":
        return "200 OK", prometheus_client.CONTENT_TYPE_LATEST, prometheus_client.generate_latest()
    return "404 Not Found", "text/plain", b"/health/live, /health/ready or /metrics\n"


def _log_to_stderr(name: str) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(_Masked(f"%(asctime)s %(levelname)s {name} %(name)s: %(message)s"))
    logging.basicConfig(level=os.environ.get("ZOOL_LOG_LEVEL", "INFO"), handlers=[handler], force=True)
    for noisy in ("nats", "httpx", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.WARNING)

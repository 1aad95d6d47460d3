"""The real ClickHouse engine behind its HTTP interface, as a process of its own."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from postprocess.contract import ClickHouseSettings

START_S_MAX = 60.0
PASSWORD = "only-for-tests"


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class ClickHouseServer:
    """A server that can be killed and started again on the same port and data."""

    def __init__(self, data: Path) -> None:
        self._data, self.port = data, free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def settings(self) -> ClickHouseSettings:
        """How to reach it."""
        return ClickHouseSettings(port=self.port, user="zool", password=PASSWORD, database="zool")

    def start(self) -> None:
        """Start, and wait until it answers."""
        environ = os.environ | {"ZOOL_CLICKHOUSE_USER": "zool", "ZOOL_CLICKHOUSE_PASSWORD": PASSWORD}
        command = [sys.executable, "-m", "deploy.clickhouse", "--data", str(self._data), "--port", str(self.port)]
        self._process = subprocess.Popen(command, env=environ, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + START_S_MAX
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/ping", timeout=1):
                    return
            except (OSError, urllib.error.URLError):
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"the engine did not start (exit code {self._process.poll()})") from None
                time.sleep(0.05)

    def kill(self) -> None:
        """Kill -9."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextlib.contextmanager
def running_clickhouse(data: Path) -> Iterator[ClickHouseServer]:
    """A running server; killed at the end."""
    server = ClickHouseServer(data)
    server.start()
    try:
        yield server
    finally:
        server.kill()

"""A real nats-server with JetStream for tests, on a free port."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from ingest.settings import NatsSettings


def nats_server() -> str:
    """The binary that the wheel brings."""
    beside = Path(sys.executable).with_name("nats-server")
    found = str(beside) if beside.exists() else shutil.which("nats-server")
    if not found:
        raise FileNotFoundError("nats-server is not in the environment: run `make install`")
    return found


class NatsServer:
    """A server that can be killed and started again on the same port and store."""

    def __init__(self, store: Path) -> None:
        self._store, self.port = store, -1
        self._process: asyncio.subprocess.Process | None = None

    @property
    def settings(self) -> NatsSettings:
        """How to reach it."""
        return NatsSettings(url=f"nats://127.0.0.1:{self.port}")

    async def start(self) -> None:
        """Start, and wait until it listens (it writes its port to a file)."""
        ports = self._store / "ports"
        shutil.rmtree(ports, ignore_errors=True)
        ports.mkdir(parents=True)
        self._process = await asyncio.create_subprocess_exec(
            nats_server(), "-js", "-sd", str(self._store / "js"), "-a", "127.0.0.1", "-p", str(self.port),
            "--ports_file_dir", str(ports), stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        while True:
            for path in ports.glob("*.ports"):
                text = path.read_text()
                if "nats://" in text:
                    self.port = int(text.split("nats://127.0.0.1:")[1].split('"')[0])
                    return
            await asyncio.sleep(0.02)

    async def kill(self) -> None:
        """Kill -9."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


@contextlib.asynccontextmanager
async def running_nats(store: Path) -> AsyncIterator[NatsServer]:
    """A running server; killed at the end."""
    server = NatsServer(store)
    await server.start()
    try:
        yield server
    finally:
        await server.kill()

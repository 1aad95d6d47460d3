"""A real MQTT broker for tests: nats-server with MQTT switched on, with a password, on a free port."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import aiomqtt

from tests.support.nats import nats_server

USER, PASSWORD = "zool", "mqtt-password-of-this-test"


class MqttBroker:
    """It can be killed and started again on the same port and store."""

    def __init__(self, store: Path) -> None:
        self._store = store
        self._process: asyncio.subprocess.Process | None = None
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = int(free.getsockname()[1])

    async def start(self) -> None:
        """Start, and wait until it takes connections."""
        self._store.mkdir(parents=True, exist_ok=True)
        conf = self._store / "mqtt.conf"
        told = {
            "listen": "127.0.0.1:-1",
            "server_name": "somebody",
            "jetstream": {"store_dir": str(self._store / "js")},
            "authorization": {"user": USER, "password": PASSWORD},
            "mqtt": {"listen": f"127.0.0.1:{self.port}"},
        }
        conf.write_text(json.dumps(told))
        self._process = await asyncio.create_subprocess_exec(
            nats_server(), "-c", str(conf), stderr=asyncio.subprocess.DEVNULL
        )
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                writer.close()
                return
            await asyncio.sleep(0.02)

    async def kill(self) -> None:
        """Kill -9."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    @contextlib.asynccontextmanager
    async def heard(self, pattern: str) -> AsyncIterator[asyncio.Queue[aiomqtt.Message]]:
        """What somebody hears who has subscribed with QoS 1; what comes while they are away is kept for them."""
        queue: asyncio.Queue[aiomqtt.Message] = asyncio.Queue()
        listener = aiomqtt.Client(
            "127.0.0.1", self.port, username=USER, password=PASSWORD, identifier="listener", clean_session=False
        )
        async with listener as client:
            await client.subscribe(pattern, qos=1)

            async def hear() -> None:
                async for message in client.messages:
                    queue.put_nowait(message)

            task = asyncio.create_task(hear())
            try:
                yield queue
            finally:
                task.cancel()


@contextlib.asynccontextmanager
async def mqtt_broker(store: Path) -> AsyncIterator[MqttBroker]:
    """A running broker; killed at the end."""
    broker = MqttBroker(store)
    await broker.start()
    try:
        yield broker
    finally:
        await broker.kill()

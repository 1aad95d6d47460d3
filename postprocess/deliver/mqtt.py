"""MQTT targets. Edge (MQTT by aiomqtt).

Rules
- One connection a target, made when it is needed and made anew after a fault. A message counts when the broker has
  acknowledged it (QoS 1).
- With TLS the certificate is verified against the name that was written.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import ssl

import aiomqtt

from postprocess.deliver.driver import Tools
from postprocess.deliver.lane import Answer, Parcel
from postprocess.deliver.reach import Unreachable
from postprocess.deliver.settings import Mqtt
from postprocess.deliver.wire import event_body, topic


class MqttDriver:
    """PUBLISH of the event as JSON."""

    def __init__(self, settings: Mqtt, tools: Tools) -> None:
        self._settings, self._tools = settings, tools
        self._client: aiomqtt.Client | None = None
        self._turn = asyncio.Lock()

    async def close(self) -> None:
        """Say good-bye."""
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(aiomqtt.MqttError):
                await client.__aexit__(None, None, None)

    async def send(self, parcel: Parcel) -> Answer:
        """One event."""
        event = parcel.events[0]
        body = event_body(event, thumbnails=self._settings.thumbnails)
        client = await self._connected()
        try:
            await client.publish(
                topic(self._settings, event, parcel.rule), body, qos=1, timeout=self._settings.timeout_s
            )
        except aiomqtt.MqttError as error:
            if client is self._client:
                await self.close()
            raise Unreachable(f"MQTT: {error}") from None
        return Answer(outcome="sent", words="acknowledged by the broker")

    async def _connected(self) -> aiomqtt.Client:
        settings = self._settings
        async with self._turn:
            if self._client is not None:
                return self._client
            address = await self._tools.reach.address(settings.host, settings.port)
            context = (self._tools.tls or ssl.create_default_context()) if settings.tls else None
            client = aiomqtt.Client(
                settings.host if settings.tls else address,
                settings.port,
                username=settings.user or None,
                password=self._tools.secrets.value(settings.password) or None,
                identifier=f"zool-{secrets.token_hex(8)}",
                tls_context=context,
                timeout=settings.timeout_s,
                keepalive=30,
            )
            try:
                await client.__aenter__()
            except (aiomqtt.MqttError, OSError) as error:
                raise Unreachable(f"MQTT: {error}") from None
            self._client = client
            return client

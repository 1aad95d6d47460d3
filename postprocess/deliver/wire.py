"""What machines are sent: the event as REST shows it, signed. Pure: the time is passed in.

The signature is that of Standard Webhooks (https://www.standardwebhooks.com): HMAC-SHA256 over
`<webhook-id>.<webhook-timestamp>.<body>`, base64, after `v1,`. A secret that begins with `whsec_` is base64 behind it,
any other is its own bytes in UTF-8.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

import msgspec

from postprocess.contract import Event
from postprocess.deliver.lane import Parcel
from postprocess.deliver.settings import Mqtt, Relay
from postprocess.shown import event_view, moment

PREFIX = "whsec_"


def key_of(secret: str) -> bytes:
    """The bytes that a secret stands for."""
    if secret.startswith(PREFIX):
        try:
            return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
        except binascii.Error:
            pass
    return secret.encode()


def headers(secret: str, message_id: str, now_us: int, body: bytes) -> dict[str, str]:
    """Headers of a signed request; without a secret those of an unsigned one."""
    stamp = str(now_us // 1_000_000)
    told = {
        "Content-Type": "application/json",
        "User-Agent": "zool-deliver",
        "Idempotency-Key": message_id,
        "webhook-id": message_id,
        "webhook-timestamp": stamp,
    }
    if secret:
        signed = b".".join((message_id.encode(), stamp.encode(), body))
        digest = hmac.new(key_of(secret), signed, hashlib.sha256).digest()
        told["webhook-signature"] = f"v1,{base64.b64encode(digest).decode()}"
    return told


def event_body(event: Event, *, thumbnails: bool) -> bytes:
    """The event as `GET /api/v1/events/{id}` shows it."""
    return msgspec.json.encode(event_view(event, thumbnails=thumbnails))


def topic(settings: Mqtt, event: Event, rule: str) -> str:
    """Where a message goes; ids are tokens, so that none can widen a topic."""
    made = settings.topic
    for name, value in (("camera", event.camera), ("kind", event.kind), ("rule", rule)):
        made = made.replace("{%s}" % name, value)  # noqa: UP031 - braces of its own
    return made


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """What a relay board is sent. It opens only before `expires_at`, and once for an `id`."""

    id: str
    command: str
    relay: str
    pulse_ms: int
    expires_at: str
    valid_ms: int
    """How long it holds from now on, for boards without a clock."""
    event: str
    camera: str


def command_body(settings: Relay, parcel: Parcel, now_us: int) -> bytes:
    """The command behind a parcel."""
    event, expires_us = parcel.events[0], parcel.expires_us or now_us
    command = Command(
        id=parcel.id,
        command="open",
        relay=settings.relay,
        pulse_ms=settings.pulse_ms,
        expires_at=moment(expires_us),
        valid_ms=max(0, (expires_us - now_us) // 1000),
        event=event.event_id,
        camera=event.camera,
    )
    return msgspec.json.encode(command)

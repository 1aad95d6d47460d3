"""What every driver is given, and what it is. Pure but for the types of its tools."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Protocol

import msgspec

from postprocess.deliver.lane import Answer, Parcel
from postprocess.deliver.reach import Reach
from postprocess.deliver.rules import Site
from postprocess.deliver.secrets import Secrets
from postprocess.deliver.settings import Target


class Tools(msgspec.Struct, frozen=True, kw_only=True):
    """Of all drivers."""

    reach: Reach
    secrets: Secrets
    site: Callable[[], Site]
    target: Target
    tls: ssl.SSLContext | None = None
    """None = the authorities that this system trusts."""


class Driver(Protocol):
    """Sends parcels to one target; errors are `Unreachable`, `SecretError` or an answer that says so."""

    async def send(self, parcel: Parcel) -> Answer:
        """One try."""

    async def close(self) -> None:
        """Let go of what it holds."""

"""The broker's streams and their readers, as the broker itself says. Edge (NATS)."""

from __future__ import annotations

import asyncio
from typing import TypeVar

import msgspec

from api.errors import Unavailable
from api.link import ANSWER_S_MAX, Link
from api.system import Consumers, StreamInfo
from ingest.bus import BusTimeout, BusUnavailable

T = TypeVar("T", bound=msgspec.Struct)


async def read(link: Link, streams: tuple[str, ...]) -> list[tuple[StreamInfo, Consumers]]:
    """What each stream holds and who reads it; one that is not there yet is left out. Raises `Unavailable`."""
    link.bus()
    found = await asyncio.gather(*(_one(link, stream) for stream in streams))
    return [one for one in found if one is not None]


async def _one(link: Link, stream: str) -> tuple[StreamInfo, Consumers] | None:
    info, consumers = await asyncio.gather(
        _ask(link, f"$JS.API.STREAM.INFO.{stream}", StreamInfo),
        _ask(link, f"$JS.API.CONSUMER.LIST.{stream}", Consumers),
    )
    return (info, consumers) if info.config.name else None


async def _ask(link: Link, subject: str, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(await link.bus().ask(subject, b"", timeout_s=ANSWER_S_MAX), type=kind)
    except (BusUnavailable, BusTimeout, msgspec.DecodeError) as error:
        raise Unavailable(component="nats", reason=str(error)) from error

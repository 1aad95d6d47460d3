"""Settings of the api: section `[api]` of config.ini, or ZOOL_API_<KEY> in the environment.

Pure: reads nothing by itself; `__main__` hands the text and the environment to `ingest.settings.load`.
"""

from __future__ import annotations

from typing import Annotated

import msgspec


class ApiSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[api]` of config.ini."""

    host: str = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 8080
    token_file: str = ""
    """File that holds the administrator's token; empty = only users of the bucket `users` may come in."""
    site_name: Annotated[str, msgspec.Meta(max_length=80)] = "zool"
    body_bytes_max: Annotated[int, msgspec.Meta(ge=1024, le=64 * 1024 * 1024)] = 1024 * 1024
    stream_clients_max: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 64
    stream_buffer_events: Annotated[int, msgspec.Meta(ge=8, le=10_000)] = 256
    """Events waiting for one client of the event stream; a client that leaves it full is cut off."""
    send_timeout_s: Annotated[float, msgspec.Meta(ge=1, le=600)] = 20.0
    """A client that takes nothing off its socket for so long is cut off."""
    store_timeout_s: Annotated[float, msgspec.Meta(ge=0.5, le=60)] = 8.0
    failed_logins_per_minute: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 30
    """Wrong tokens from one address within a minute, after which it waits."""


class LookDefaults(msgspec.Struct, frozen=True, kw_only=True):
    """What `[ingest]` of the same config.ini says of the settings that a function may override: for effective values.

    A test holds the defaults equal to those of ingest; keys that are not named here are ingest's own business.
    """

    confidence_ratio: float = 0.45
    class_list: tuple[str, ...] = ("person", "bicycle", "car", "motorcycle", "bus", "truck")
    analysis_fps: float = 5.0

"""The model beside what `zool bench streams --json` measured. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from deploy.capacity.model import LOOKED_SHARE, Site, need

REST = ("nats", "clickhouse", "recognise", "decide", "store", "deliver", "api")


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """One quantity."""

    what: str
    model: float
    measured: float

    @property
    def error(self) -> float:
        """Of the measured, signed."""
        return self.model / self.measured - 1.0 if self.measured else 0.0


def site_of(result: Mapping[str, Any]) -> Site:
    """What was asked of that run, its looks as they really were.

    The share that the gate let through and the passages are of that run, too: they belong to the pictures.
    """
    window = result["conditions"]["details"]["window"]
    activity = result["conditions"]["profile"]
    gated = window["gated_ratio"] or 0.0
    looks = window["looks_per_s"] * (1.0 - gated) / LOOKED_SHARE[activity]
    passages = 3600.0 * (window["expected"] + window["blind"]) / window["window_s"] / window["cameras"]
    return Site(cameras=window["cameras"], activity=activity, looks_per_s=looks, passages_per_hour=passages)


def compared(result: Mapping[str, Any]) -> list[Compared]:
    """Core-milliseconds per second and camera, and memory."""
    details, site = result["conditions"]["details"], site_of(result)
    found, budget = need(site), details["budget"]
    measured = {name: budget[name]["core_ms_per_s_camera"] for name in budget}
    rest = sum(measured.get(name, 0.0) for name in REST)
    names = [name for name in details["components"] if name not in {"simulator", "bench"}]
    memory = sum(details["components"][name]["rss_end_mb"] for name in names) / 1000.0
    rows = [
        ("ingest, core-ms", found.ingest_core_ms, measured["ingest"]),
        ("Triton, core-ms", found.triton_core_ms, measured["triton"]),
        ("the rest, core-ms", found.rest_core_ms, rest),
        (
            "all, core-ms",
            found.ingest_core_ms + found.triton_core_ms + found.rest_core_ms,
            measured["ingest"] + measured["triton"] + rest,
        ),
        ("memory, GB", found.memory_gb, memory),
    ]
    return [Compared(what=what, model=model, measured=real) for what, model, real in rows]

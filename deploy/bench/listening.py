"""What `zool bench api` sends, asks and prints. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from deploy.bench import series
from deploy.bench.result import Result, ratio
from deploy.bench.storing import CAMERAS
from model_repository.contract import ModelRef
from postprocess.contract import Event

QUERIES: Mapping[str, Mapping[str, str]] = {
    "newest": {},
    "camera": {"camera": "cam-7"},
    "kind and 30 days": {"kind": "vehicle_entry", "since": "{days_ago_30}"},
    "part of a plate": {"plate": "A12"},
    "no verdict yet": {"feedback": "none"},
    "camera, kind, sure": {"camera": "cam-7", "kind": "vehicle_exit", "confidence": "0.8"},
    "nothing fits": {"camera": "cam-7", "plate": "ZZZZZZ"},
}
"""Filters of `GET /events`, 50 events a page."""
_READER = ModelRef(name="starter-plates", version="1", sha256="0" * 64, starter=True)


def event(number: int, at_us: int) -> Event:
    """One event of the feed."""
    return Event(
        event_id=str(uuid.UUID(int=number)), version=1, final=True, kind="vehicle_entry",
        camera=f"cam-{number % CAMERAS + 1}", opened_at_us=at_us, closed_at_us=at_us, function="vehicles", rule="gate",
        track=f"1-{number}", epoch=1, direction="entry", label="car", confidence=0.9, models=(_READER,),
        box=(0.1, 0.2, 0.3, 0.4), settings_revision=3, frame_seq=number, plate="А123ВС77", plate_confidence=0.97,
        plate_reads=4,
    )  # fmt: skip


class Heard(msgspec.Struct, kw_only=True):
    """What one client heard: sequences in the stream, and when each came."""

    at_s: dict[int, float] = {}
    twice: int = 0
    cuts: int = 0
    """How often it was told that it was too slow, or its line ended."""

    def note(self, seq: int, at_s: float) -> None:
        """One event."""
        self.twice += seq in self.at_s
        self.at_s.setdefault(seq, at_s)


class Listened(msgspec.Struct, frozen=True, kw_only=True):
    """A window of a feed before so many clients."""

    sent_s: Mapping[int, float]
    """When the event of each sequence was given to the broker."""
    clients: tuple[Heard, ...]
    late_ms: tuple[float, ...]
    """How much later than asked the benchmark's own loop woke up: so much of a delay may be its own."""
    window_s: float
    rss_mb: float
    """Of the api, after the last event."""
    cpu_s: Mapping[str, float]
    """Processor time of the components and of this process (`bench`)."""
    queries: Mapping[str, Sequence[float]] = {}
    """Milliseconds of `GET /events` meanwhile."""

    def delays_ms(self) -> list[list[float]]:
        """From the broker's door to the client, client by client."""
        return [
            [1000.0 * (at_s - self.sent_s[seq]) for seq, at_s in one.at_s.items() if seq in self.sent_s]
            for one in self.clients
        ]

    @property
    def missing(self) -> int:
        """Events that a client did not hear, over all clients."""
        return sum(len(self.sent_s.keys() - one.at_s.keys()) for one in self.clients)


def row(one: Listened) -> dict[str, Any]:
    """A line of the table of windows."""
    delays = one.delays_ms()
    whole = series.percentiles([delay for client in delays for delay in client])
    worst = [series.percentile(client, 0.99) for client in delays]
    return {
        "p50_ms": whole.get("p50"), "p95_ms": whole.get("p95"), "p99_ms": whole.get("p99"), "max_ms": whole.get("max"),
        "worst_client_p99": series.rounded(max((p99 for p99 in worst if p99 is not None), default=None)),
        "heard": whole["count"], "missing": one.missing, "twice": sum(client.twice for client in one.clients),
        "cuts": sum(client.cuts for client in one.clients),
        "own_loop_p95": series.percentiles(one.late_ms).get("p95"),
        "api_mb": round(one.rss_mb, 1),
        **{f"{name}_cores": round(cpu_s / one.window_s, 2) for name, cpu_s in one.cpu_s.items()},
    }  # fmt: skip


def asked(times_ms: Mapping[str, Sequence[float]]) -> dict[str, dict[str, Any]]:
    """A line for each question."""
    told = {title: series.percentiles(list(one)) for title, one in times_ms.items()}
    return {title: {"p50_ms": one.get("p50"), "p95_ms": one.get("p95")} for title, one in told.items()}


def result(
    alone: Listened,
    crowd: Listened,
    quiet: Mapping[str, Sequence[float]],
    *,
    empty_mb: float,
    conditions: Mapping[str, Any],
) -> Result | None:
    """The figure: p95 over all events and clients; `alone` is the same feed with one client. None: nobody heard."""
    delays = [series.percentile(client, 0.95) for client in crowd.delays_ms()]
    value = series.percentile([delay for client in crowd.delays_ms() for delay in client], 0.95)
    floor = series.percentile(alone.delays_ms()[0], 0.95)
    if value is None or floor is None:
        return None
    details = {
        "runs": {"one client": row(alone), f"{len(crowd.clients)} clients": row(crowd)},
        "panels": {
            **asked(quiet),
            **{f"{title}, meanwhile": one for title, one in asked(crowd.queries).items()},
        },
        "api_mb_empty": round(empty_mb, 1),
        "api_kb_a_client": round(1000.0 * (crowd.rss_mb - empty_mb) / len(crowd.clients)),
    }
    return Result(
        name="api",
        value=series.rounded(value),
        unit="ms p95 (from the broker to clients of the event stream)",
        floor=series.rounded(floor),
        ratio=ratio(value, floor),
        target=None,
        spread=series.spread(delay for delay in delays if delay is not None),
        conditions={**conditions, "details": details},
    )

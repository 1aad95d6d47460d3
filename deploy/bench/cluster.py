"""Three hosts of a site: what runs on which, and what is read of a fault. Pure.

Rules
- `a` and `b` each hold a broker and one of every stage; `c` holds the third broker, Triton, the store and the cameras.
- A program asks the broker of its own host first, then the others.
- What is measured after a fault counts from the fault: until nothing is the host's any more that was its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from deploy.bench.series import rounded
from deploy.demo.truth import Span
from deploy.up.plan import LOOPBACK, Component, Peer, Ports

STAGES = ("ingest", "recognise", "decide", "store", "api")
"""Of the hosts that may be lost, in the order in which they are rolled."""
PAIR = ("a", "b")
REST = "c"
HOSTS = (*PAIR, REST)
PROGRAMS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(PAIR, ("nats", *STAGES)), REST: ("nats", "triton", "clickhouse"),
}  # fmt: skip
REPLICAS = 3


class Ground(msgspec.Struct, frozen=True, kw_only=True):
    """What all hosts have in common."""

    addresses: Mapping[str, str]
    ports: Ports
    peer_port: int
    http_port: int
    folder: Path
    python: str
    nats_server: str

    def peer(self, host: str) -> Peer:
        """Its server of the cluster."""
        return Peer(name=host, host=self.addresses[host], port=self.peer_port, http_port=self.http_port)

    def servers(self, host: str) -> str:
        """The brokers as a program of this host asks them."""
        order = (host, *(one for one in HOSTS if one != host))
        return ",".join(f"nats://{self.addresses[one]}:{self.ports.nats}" for one in order)


def placed(one: Component, host: str, ground: Ground, prefix: Sequence[str]) -> Component:
    """A component of the one-machine system on a host; `prefix` puts its command there."""
    mine, rest = ground.addresses[host], ground.addresses[REST]
    moved = {
        "ZOOL_NATS_URL": ground.servers(host),
        "ZOOL_FACE_HOST": mine,
        "ZOOL_TRITON_URL": f"{rest}:{ground.ports.triton_grpc}",
        "ZOOL_CLICKHOUSE_HOST": rest,
        "ZOOL_API_HOST": mine,
        "ZOOL_API_TOKEN_FILE": str(ground.folder / "admin.token"),
        "ZOOL_SECRETS_KEY_FILE": str(ground.folder / "secrets.key"),
    }
    own = {"ingest": {"ZOOL_INGEST_NAME": host}, "decide": {"ZOOL_DECIDE_NAME": host}}
    environ = dict(one.environ) | {key: value for key, value in moved.items() if key in one.environ}
    environ |= own.get(one.name, {}) | ({"ZOOL_API_ACS_ENABLED": "false"} if one.name == "api" else {})
    if "ZOOL_NATS_URL" in environ:
        environ["ZOOL_NATS_REPLICAS"] = str(REPLICAS)
    ready_url = one.ready_url.replace(LOOPBACK, mine)
    if one.name == "nats":
        ready_url = f"http://{mine}:{ground.http_port}/healthz"
    bound = ("--host", mine) if one.name in {"triton", "clickhouse"} else ()
    return msgspec.structs.replace(one, argv=(*prefix, *one.argv, *bound), environ=environ, ready_url=ready_url)


class Glance(msgspec.Struct, frozen=True, kw_only=True):
    """Who held what at a moment."""

    at_us: int
    cameras: Mapping[str, str]
    """Camera → the ingest that holds it; empty = nobody."""
    parts: Mapping[str, str]
    """Part of the cameras → the decide that holds it."""
    led: bool = True
    """Whether the broker answered for every stream."""


def took_over_s(glances: Iterable[Glance], which: str, host: str, since_us: int) -> float | None:
    """Seconds until nothing was the host's (nor nobody's) any more; None = not within what was seen."""
    for glance in glances:
        owners = getattr(glance, which).values()
        if glance.at_us >= since_us and owners and not {host, ""} & set(owners):
            return (glance.at_us - since_us) / 1e6
    return None


def led_after_s(glances: Iterable[Glance], since_us: int) -> float | None:
    """Seconds until the broker answered for every stream again."""
    return next(((one.at_us - since_us) / 1e6 for one in glances if one.at_us >= since_us and one.led), None)


def even(glance: Glance) -> bool:
    """Whether both hosts hold their halves."""
    return all(_even(list(owners.values())) for owners in (glance.cameras, glance.parts)) and glance.led


def _even(owners: list[str]) -> bool:
    counts = [owners.count(host) for host in PAIR]
    return sum(counts) == len(owners) > 0 and max(counts) - min(counts) <= 1


def blind_s(spans: Iterable[Span], since_us: int, until_us: int) -> dict[str, float]:
    """Longest told span of each camera that lies in these times; a camera without one is left out."""
    found: dict[str, float] = {}
    for span in spans:
        if span.from_us < until_us and span.to_us > since_us:
            length_s = (span.to_us - span.from_us) / 1e6
            found[span.camera] = max(found.get(span.camera, 0.0), length_s)
    return dict(sorted(found.items()))


def row(
    *,
    glances: Sequence[Glance],
    host: str,
    since_us: int,
    until_us: int,
    blind: Mapping[str, float],
    api_s: float | None,
    delays_ms: Sequence[float],
) -> dict[str, Any]:
    """What a fault did, in seconds; None = not while the host was away."""
    glances = [glance for glance in glances if glance.at_us <= until_us]
    return {
        "broker_s": rounded(led_after_s(glances, since_us)),
        "ingest_s": rounded(took_over_s(glances, "cameras", host, since_us)),
        "decide_s": rounded(took_over_s(glances, "parts", host, since_us)),
        "stream_of_events_s": rounded(api_s),
        "blind_s_max": rounded(max(blind.values(), default=0.0)),
        "blind_cameras": len(blind),
        "event_ms_max": rounded(max(delays_ms, default=0.0)),
        "events": len(delays_ms),
        "watched_s": rounded((until_us - since_us) / 1e6),
    }

"""What runs on one machine: a table of components, and the broker's configuration.

Pure: ports, passwords and paths come in, commands and environments go out.

Rules
- Everything but the API listens on loopback, on ports that were free at the start and stay for the run.
- Each process has its own account at the broker and may say only what its role says; none may delete or purge a stream.
  Only the api reads the bucket of users and the dead letters; only it takes letters out, and says again what they hold.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from ingest.contract import BUCKETS, STREAMS

LOOPBACK = "127.0.0.1"
ACCOUNTS = ("ingest", "recognise", "decide", "store", "deliver", "api")
KEEPER = "backup"
"""Account of `zool backup` and `zool restore`: no process of the site has it."""


class Component(msgspec.Struct, frozen=True, kw_only=True):
    """One process under the supervisor."""

    name: str
    argv: tuple[str, ...]
    environ: Mapping[str, str] = {}
    ready_url: str = ""
    """HTTP 200 = ready; empty = ready when `ready_port` takes connections."""
    ready_port: int = 0
    ready_host: str = LOOPBACK
    """Where `ready_port` is asked."""
    wave: int = 0
    """Stopping goes wave by wave, 0 first."""
    ready_s_max: float = 120.0


class Ports(msgspec.Struct, frozen=True, kw_only=True):
    """Loopback ports, and those of the API."""

    nats: int
    triton_grpc: int
    triton_http: int
    triton_metrics: int
    clickhouse: int
    faces: Mapping[str, int]
    api: int
    acs: int | None = None
    """Of the gRPC stream; None = it is switched off."""


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """Where things lie on this machine."""

    data_dir: Path
    python: str
    nats_server: str
    config: Path | None = None
    api_host: str = LOOPBACK

    @property
    def token_file(self) -> Path:
        """The administrator's token, mode 0600."""
        return self.data_dir / "admin.token"

    @property
    def key_file(self) -> Path:
        """What credentials of cameras are sealed with, mode 0600."""
        return self.data_dir / "secrets.key"

    @property
    def secrets_dir(self) -> Path:
        """Where files lie that targets of deliveries name as secrets, mode 0700."""
        return self.data_dir / "secrets"

    @property
    def nats_conf(self) -> Path:
        """The broker's configuration, mode 0600."""
        return self.data_dir / "nats.conf"


class Peer(msgspec.Struct, frozen=True, kw_only=True):
    """One of the servers of a cluster at the broker."""

    name: str
    host: str
    port: int
    """Between the servers."""
    http_port: int
    """`/healthz`: whether it has caught up with the others."""


def components(layout: Layout, ports: Ports, passwords: Mapping[str, str]) -> tuple[Component, ...]:
    """The table, in the order in which its lines are shown."""
    servers = (
        Component(
            name="nats",
            argv=(layout.nats_server, "-c", str(layout.nats_conf)),
            # Its caches of stream blocks give way before the limit, and garbage is not left to double the heap.
            environ={"GOMEMLIMIT": "128MiB", "GOGC": "50"},
            ready_port=ports.nats,
            wave=1,
        ),
        Component(
            name="triton",
            argv=(
                layout.python, "-m", "model_repository", "serve",
                "--repository", str(layout.data_dir / "triton"), "--data-dir", str(layout.data_dir),
                "--grpc-port", str(ports.triton_grpc), "--http-port", str(ports.triton_http),
                "--metrics-port", str(ports.triton_metrics),
            ),
            ready_url=f"http://{LOOPBACK}:{ports.triton_http}/v2/health/ready",
            wave=1,
        ),
        Component(
            name="clickhouse",
            argv=(
                layout.python, "-m", "deploy.clickhouse",
                "--data", str(layout.data_dir / "clickhouse"), "--port", str(ports.clickhouse),
            ),
            environ={"ZOOL_CLICKHOUSE_USER": "zool", "ZOOL_CLICKHOUSE_PASSWORD": passwords["clickhouse"]},
            ready_url=f"http://{LOOPBACK}:{ports.clickhouse}/ping",
            wave=1,
        ),
    )  # fmt: skip
    return (*servers, *(_stage(name, layout, ports, passwords) for name in ACCOUNTS))


ONE_THREAD: Mapping[str, str] = {"OPENBLAS_NUM_THREADS": "1"}
"""Of recognise: it multiplies side by side itself, and OpenBLAS' threads wait for each other on a busy machine."""


def _stage(name: str, layout: Layout, ports: Ports, passwords: Mapping[str, str]) -> Component:
    argv = {"ingest": ("-m", "ingest"), "api": ("-m", "api")}.get(name, ("-m", "postprocess", name))
    environ = {
        "ZOOL_CONFIG": str(layout.config or ""),
        "ZOOL_NATS_URL": f"nats://{LOOPBACK}:{ports.nats}",
        "ZOOL_NATS_USER": name,
        "ZOOL_NATS_PASSWORD": passwords[name],
        "ZOOL_FACE_HOST": LOOPBACK,
        "ZOOL_FACE_PORT": str(ports.faces[name]),
    }
    if name in {"ingest", "api"}:
        environ["ZOOL_SECRETS_KEY_FILE"] = str(layout.key_file)
    if name == "ingest":
        environ["ZOOL_INGEST_SPOOL_DIR"] = str(layout.data_dir / "spool")
    if name in {"ingest", "recognise", "api"}:
        environ["ZOOL_TRITON_URL"] = f"{LOOPBACK}:{ports.triton_grpc}"
    if name == "deliver":
        environ["ZOOL_DELIVER_SECRETS_DIR"] = str(layout.secrets_dir)
    if name == "recognise":
        environ |= ONE_THREAD
    if name in {"store", "api"}:
        environ |= {
            "ZOOL_CLICKHOUSE_HOST": LOOPBACK,
            "ZOOL_CLICKHOUSE_PORT": str(ports.clickhouse),
            "ZOOL_CLICKHOUSE_USER": "zool",
            "ZOOL_CLICKHOUSE_PASSWORD": passwords["clickhouse"],
        }
    if name == "api":
        environ |= {
            "ZOOL_API_HOST": layout.api_host,
            "ZOOL_API_PORT": str(ports.api),
            "ZOOL_API_TOKEN_FILE": str(layout.token_file),
        }
        if ports.acs is not None:
            environ["ZOOL_API_ACS_PORT"] = str(ports.acs)
    return Component(
        name=name,
        argv=(layout.python, *argv),
        environ=environ,
        ready_url=f"http://{LOOPBACK}:{ports.faces[name]}/health/ready",
    )


_SHARED_PUBLISH = (
    *(f"$JS.API.STREAM.CREATE.{name}" for name in (*STREAMS, *(f"KV_zool-{bucket}" for bucket in BUCKETS))),
    "$JS.API.INFO", "$JS.API.STREAM.INFO.*", "$JS.API.STREAM.NAMES",
    "$JS.API.STREAM.MSG.GET.*", "$JS.API.CONSUMER.>", "$JS.API.DIRECT.GET.>", "$JS.ACK.>", "$JS.FC.>",
)  # fmt: skip
_READ_BY: Mapping[str, tuple[str, ...]] = {
    "KV_zool-users": ("api",), "KV_zool-sessions": ("api",),
    "DEAD": ("api",), "AUDIT": ("api",), "KV_zool-shifts": ("api",), "KV_zool-faces": ("api", "recognise"),
    "KV_zool-people": ("api", "decide", "deliver"), "KV_zool-targets": ("api", "deliver"),
    "DELIVERIES": ("api", "deliver"), "REDELIVER": ("api", "deliver"),
}  # fmt: skip
"""Streams that not everybody reads, and who does."""
_WAYS_TO_READ = (
    "$JS.API.CONSUMER.*.{}.>", "$JS.API.CONSUMER.*.{}", "$JS.API.CONSUMER.DURABLE.CREATE.{}.>",
    "$JS.API.CONSUMER.MSG.NEXT.{}.>", "$JS.API.DIRECT.GET.{}", "$JS.API.DIRECT.GET.{}.>", "$JS.API.STREAM.MSG.GET.{}",
)  # fmt: skip
_PUBLISH: Mapping[str, tuple[str, ...]] = {
    "ingest": (
        "zool.detections.*", "zool.shots.*.*", "zool.events.*.camera_lost", "zool.events.*.camera_restored",
        "zool.events.*.camera_blind", "zool.events.*.camera_degraded",
        "zool.state.*", "zool.dead.ingest", "$KV.zool-leases.>",
    ),
    "recognise": ("zool.reads.*", "zool.dead.recognise", "zool.events.system.*"),
    "decide": ("zool.events.*.*", "zool.dead.decide", "$KV.zool-plans.>", "$KV.zool-shares.>", "$KV.zool-snapshots.>"),
    "store": ("zool.dead.store", "zool.events.*.*"),
    "deliver": ("zool.deliveries.*", "zool.dead.deliver", "zool.events.system.*", "zool.events.*.feedback"),
    "api": (
        "zool.rpc.>", "$KV.zool-cameras.>", "$KV.zool-functions.>", "$KV.zool-users.>", "$KV.zool-sessions.>",
        "zool.audit", "$KV.zool-vehicles.>",
        "$KV.zool-people.>", "$KV.zool-faces.>", "$KV.zool-shifts.>",
        "$KV.zool-regions.>", "$KV.zool-doors.>", "$KV.zool-targets.>", "$KV.zool-delivery-rules.>",
        "zool.deliver.*.*.*",
        # Feedback is an event. Dead letters are said again on the subjects they came from, and then taken out.
        "zool.detections.*", "zool.shots.*.*", "zool.reads.*", "zool.events.*.*", "$JS.API.STREAM.MSG.DELETE.DEAD",
        # Erasing a person takes messages out of the streams of the data path.
        "$JS.API.STREAM.MSG.DELETE.READS", "$JS.API.STREAM.MSG.DELETE.EVENTS", "$JS.API.STREAM.MSG.DELETE.SHOTS",
        "$JS.API.STREAM.MSG.DELETE.REDELIVER",
    ),
}  # fmt: skip
_SUBSCRIBE: Mapping[str, tuple[str, ...]] = {
    "ingest": ("zool.rpc.probe", "zool.rpc.snapshot.*"), "api": ("zool.state.*",),
    "recognise": ("zool.rpc.face", "zool.rpc.resume.recognise"), "store": ("zool.rpc.resume.store", "zool.rpc.forget"),
    "deliver": ("zool.rpc.resume.deliver", "zool.rpc.deliver.test", "zool.rpc.deliver.state"),
}  # fmt: skip


NATS_PAYLOAD_BYTES_MAX = 4 * 1024 * 1024
NATS_MEMORY_BYTES_MAX = 256 * 1024 * 1024


def nats_accounts() -> tuple[dict[str, Any], ...]:
    """Who may say and hear what at the broker, without passwords: `{user, permissions}`, in nats-server's words."""
    return tuple(
        {
            "user": name,
            "permissions": {
                "publish": {
                    "allow": [*_SHARED_PUBLISH, *_PUBLISH[name]],
                    "deny": _closed(name),
                },
                "subscribe": {"allow": [f"_INBOX_{name}.>", *_SUBSCRIBE.get(name, ())]},
                "allow_responses": True,
            },
        }
        for name in ACCOUNTS
    )


def keeper_account() -> dict[str, Any]:
    """Of who copies streams whole and puts them back where there are none: it says nothing, and changes no stream."""
    calls = ("INFO", "STREAM.NAMES", "STREAM.INFO.*", "CONSUMER.LIST.*", "STREAM.SNAPSHOT.*", "STREAM.RESTORE.*")
    return {
        "user": KEEPER,
        "permissions": {
            "publish": {"allow": [*(f"$JS.API.{call}" for call in calls), "$JS.SNAPSHOT.>"]},
            "subscribe": {"allow": [f"_INBOX_{KEEPER}.>"]},
        },
    }


def _closed(name: str) -> list[str]:
    return [way.format(stream) for stream, readers in _READ_BY.items() if name not in readers for way in _WAYS_TO_READ]


def nats_conf(
    ports: Ports, data_dir: Path, passwords: Mapping[str, str], *, me: Peer | None = None, peers: Sequence[Peer] = ()
) -> str:
    """nats-server's configuration (its format takes JSON): a server alone on loopback, or `me` among `peers`."""
    accounts = (*nats_accounts(), *((keeper_account(),) if KEEPER in passwords else ()))
    users = [{**account, "password": passwords[account["user"]]} for account in accounts]
    conf: dict[str, Any] = {
        "listen": f"{me.host if me is not None else LOOPBACK}:{ports.nats}",
        "server_name": me.name if me is not None else "zool",
        "max_payload": NATS_PAYLOAD_BYTES_MAX,
        "jetstream": {"store_dir": str(data_dir / "nats"), "max_mem": NATS_MEMORY_BYTES_MAX},
        "authorization": {"users": users, "timeout": 5},
    }
    if me is not None:
        word = passwords["cluster"]
        conf["http"] = f"{me.host}:{me.http_port}"
        conf["cluster"] = {
            "name": "zool",
            "listen": f"{me.host}:{me.port}",
            "authorization": {"user": "cluster", "password": word, "timeout": 5},
            "routes": [f"nats-route://cluster:{word}@{one.host}:{one.port}" for one in peers if one.name != me.name],
        }
    return json.dumps(conf, indent=1)


def respawn_delay_s(deaths_s: list[float], now_s: float) -> float:
    """Pause before a component is started again: none after a single death, doubling when it keeps dying."""
    recent = sum(1 for at in deaths_s if now_s - at < 30.0)
    return 0.0 if recent <= 1 else min(10.0, 0.5 * 2 ** (recent - 2))

"""deploy/compose.yaml as tests look at it: parsed, its variables at their defaults; and services as pods of a node."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Any

import yaml

from tests.support.chart import SECRETS, Pod
from tests.support.helm import ROOT

COMPOSE = ROOT / "deploy" / "compose.yaml"
SERVERS = ("nats", "clickhouse", "triton-cpu")
PORTS = {
    "nats": {"client": 4222, "monitor": 8222},
    "clickhouse": {"http": 8123},
    "triton-cpu": {"grpc": 8001, "http": 8000, "metrics": 8002},
}


@functools.cache
def services() -> dict[str, dict[str, Any]]:
    """All services."""
    return dict(parsed()["services"])


@functools.cache
def parsed() -> dict[str, Any]:
    """The file as compose reads it: merged, variables at their defaults, `$$` as `$`."""
    text = re.sub(r"(?<!\$)\$\{\w+:-([^}]*)\}", r"\1", COMPOSE.read_text(encoding="utf-8"))
    read: dict[str, Any] = yaml.safe_load(text.replace("$$", "$"))
    return read


def secret_values() -> dict[str, str]:
    """What stands in the files of secrets."""
    brokers = {f"nats_{name}": password for name, password in SECRETS["zool-nats"].items()}
    return brokers | {
        "clickhouse": SECRETS["zool-clickhouse"]["password"],
        "admin": SECRETS["zool-admin"]["token"],
        "cameras": SECRETS["zool-cameras"]["keys"],
    }


def pod(name: str) -> Pod:
    """A service as a pod: what a node needs in order to start it. Its health check is its readiness probe."""
    service = services()[name]
    port, path = _asked(service)
    ports = PORTS.get(name, {"face": 9090} | ({"http": 8080} if name == "api" else {}))
    probe = {"httpGet": {"port": port, "path": path}}
    mounts = [{"name": f"v{n}", "mountPath": target(one)} for n, one in enumerate(service.get("volumes", []))]
    mounts += [{"name": "tmp", "mountPath": "/tmp"}, {"name": "secrets", "mountPath": "/run/secrets"}]  # noqa: S108
    container = {
        "command": [*service.get("entrypoint", []), *service["command"]],
        "env": [{"name": key, "value": str(value)} for key, value in service.get("environment", {}).items()],
        "ports": [{"name": key, "containerPort": value} for key, value in ports.items()],
        "volumeMounts": mounts,
        "readinessProbe": probe,
        "livenessProbe": probe,
    }
    template = {"metadata": {"labels": {}}, "spec": {"containers": [container], "volumes": []}}
    return Pod(name=name, workload={"spec": {"template": template}})


def target(volume: str) -> str:
    """Where a volume is mounted."""
    return volume.removesuffix(":ro").rsplit(":", 1)[1]


def _asked(service: Mapping[str, Any]) -> tuple[int, str]:
    found = re.search(r"http://127\.0\.0\.1:(\d+)(/[^'\s]*)", " ".join(service["healthcheck"]["test"]))
    assert found is not None
    return int(found[1]), found[2]

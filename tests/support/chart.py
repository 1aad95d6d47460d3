"""The chart as tests look at it: sets of values rendered once, pods, and an environment as the kubelet makes it."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from deploy.up.plan import ACCOUNTS
from tests.support import helm

_MONITORING = [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]
FULL: dict[str, Any] = {
    "secrets": {"cameras": "zool-cameras", "oidc": "zool-oidc"},
    "pods": {"priorityClassName": "video", "topologySpread": {"keys": ["kubernetes.io/hostname", "zone"]}},
    "metrics": {
        "annotations": False,
        "podMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
        "rules": {"enabled": True},
        "boards": {"enabled": True},
    },
    "ingest": {
        "autoscaling": {"enabled": True, "camerasPerPod": 12},
        "secretFiles": [{"secret": "zool-ca", "mountPath": "/run/secrets/ca"}],
    },
    "recognise": {"autoscaling": {"enabled": True, "lag": 123}},
    "decide": {"replicas": 3},
    "store": {"autoscaling": {"enabled": True}},
    "deliver": {"secret": "zool-deliver", "priorityClassName": "low"},
    "api": {"acs": {"enabled": True, "plaintext": True}},
    "triton": {"replicas": 2},
    "networkPolicy": {
        "targets": ["10.1.0.0/16"], "identityProvider": ["10.2.0.0/16"],
        "metricsFrom": _MONITORING, "monitorFrom": _MONITORING,
    },
    "ingress": {"enabled": True, "host": "zool.example.org", "tlsSecret": "zool-tls", "className": "nginx"},
    "gateway": {
        "enabled": True, "parentRefs": [{"name": "edge"}], "hostnames": ["zool.example.org"],
        "acs": {"parentRefs": [{"name": "edge", "sectionName": "grpc"}], "hostnames": ["acs.example.org"]},
    },
}  # fmt: skip
"""Everything that is off by default."""
SIZES = {"small": 10, "30": 30, "100": 100, "1000": 1000}
"""Cameras of the sets by size."""
SETS: dict[str, tuple[str | dict[str, Any], ...]] = {
    "default": (),
    "cpu": ("values-cpu.yaml",),
    "gpu": ("values-gpu.yaml",),
    "external": ("values-external.yaml",),
    "full": (FULL,),
    **{name: (f"values-{name}.yaml",) for name in SIZES},
}
"""Sets of values by name: files beside the chart, or values, each over the one before."""
STAGES = ACCOUNTS
SECRETS: dict[str, dict[str, str]] = {
    "zool-nats": {name: f"4711{name}" for name in ACCOUNTS},  # begins as a number: nats-server must take it as text
    "zool-clickhouse": {"password": "clickhouse-secret-value"},
    "zool-admin": {"token": "admin-secret-value-0123"},
    "zool-cameras": {"keys": "c2VjcmV0IG9mIDMyIGJ5dGVzIGZvciB0aGUgY2FtZXI="},
    "zool-oidc": {"secret": "oidc-secret-value"},
    "zool-ca": {"ca.crt": "certificate"},
    "zool-deliver": {"hook": "hook-secret-value"},
}
"""What somebody would have put into the cluster before the installation."""


class Pod(msgspec.Struct, frozen=True, kw_only=True):
    """The pod of a workload; every workload has one container beside those that run before it."""

    name: str
    workload: dict[str, Any]

    @property
    def template(self) -> dict[str, Any]:
        """Metadata and spec of the pod."""
        found: dict[str, Any] = self.workload["spec"]["template"]
        return found

    @property
    def spec(self) -> dict[str, Any]:
        """The pod's spec."""
        found: dict[str, Any] = self.template["spec"]
        return found

    @property
    def container(self) -> dict[str, Any]:
        """The one container."""
        (found,) = self.spec["containers"]
        return dict(found)

    @property
    def argv(self) -> list[str]:
        """The command line."""
        return [*self.container["command"], *self.container.get("args", [])]

    @property
    def ports(self) -> dict[str, int]:
        """Ports by name."""
        return {port["name"]: port["containerPort"] for port in self.container["ports"]}

    def probe(self, kind: str) -> tuple[int, str]:
        """Port and path of a probe; a name is looked up as the kubelet does."""
        asked = self.container[kind]["httpGet"]
        port = asked["port"]
        return self.ports[port] if isinstance(port, str) else port, asked["path"]

    def environ(self) -> dict[str, str]:
        """The environment that the kubelet would give, with the secrets and `$(NAME)` filled in."""
        made: dict[str, str] = {}
        for entry in self.container.get("env", []):
            if "valueFrom" in entry:
                asked = entry["valueFrom"]["secretKeyRef"]
                made[entry["name"]] = SECRETS[asked["name"]][asked["key"]]
            else:
                made[entry["name"]] = re.sub(r"\$\((\w+)\)", lambda m: made.get(m[1], m[0]), entry["value"])
        return made


def values_of(name: str) -> dict[str, Any]:
    """A set of values as one."""
    made: dict[str, Any] = {}
    for each in SETS[name]:
        made = merged(made, helm.values_file(each) if isinstance(each, str) else each)
    return made


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Values over others, as Helm lays them."""
    both = dict(base)
    for key, value in over.items():
        below = both.get(key)
        both[key] = merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return both


@functools.cache
def rendered(name: str) -> helm.Rendered:
    """A set of values, rendered once."""
    return helm.render(values_of(name))


def pods(found: helm.Rendered) -> dict[str, Pod]:
    """All pods by component."""
    workloads = (*found.of("Deployment"), *found.of("StatefulSet"))
    named = {each["metadata"]["labels"]["app.kubernetes.io/component"]: each for each in workloads}
    return {name: Pod(name=name, workload=each) for name, each in named.items()}


def migration(found: helm.Rendered) -> Pod:
    """The pod of the Job before an upgrade."""
    (job,) = found.hooks
    return Pod(name="migrate", workload=job)


def selects(selector: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    """Whether a selector finds labels."""
    return all(labels.get(key) == value for key, value in selector.items())

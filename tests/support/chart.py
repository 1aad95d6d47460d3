"""The chart as tests look at it: sets of values rendered once, pods, and an environment as the kubelet makes it."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from deploy.up.plan import ACCOUNTS
from tests.support import helm

SETS = {"default": "", "cpu": "values-cpu.yaml", "gpu": "values-gpu.yaml", "external": "values-external.yaml"}
STAGES = ACCOUNTS
SECRETS: dict[str, dict[str, str]] = {
    "zool-nats": {name: f"4711{name}" for name in ACCOUNTS},  # begins as a number: nats-server must take it as text
    "zool-clickhouse": {"password": "clickhouse-secret-value"},
    "zool-admin": {"token": "admin-secret-value-0123"},
}
"""What somebody would have put into the cluster before the installation."""


class Pod(msgspec.Struct, frozen=True, kw_only=True):
    """The pod of a workload; every workload has one container."""

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


@functools.cache
def rendered(name: str) -> helm.Rendered:
    """A set of values, rendered once."""
    return helm.render(helm.values_file(SETS[name]) if SETS[name] else {})


def pods(found: helm.Rendered) -> dict[str, Pod]:
    """All pods by component."""
    workloads = (*found.of("Deployment"), *found.of("StatefulSet"))
    named = {each["metadata"]["labels"]["app.kubernetes.io/component"]: each for each in workloads}
    return {name: Pod(name=name, workload=each) for name, each in named.items()}


def selects(selector: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    """Whether a selector finds labels."""
    return all(labels.get(key) == value for key, value in selector.items())

"""How Prometheus and Grafana on the same machine find what runs. Pure: ports and passwords come in, texts go out.

Rules
- Everything stays on loopback: what looks in from another machine needs a tunnel, or the production layout.
- The environment holds a password: whoever writes it keeps it private.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from deploy.up.plan import LOOPBACK, Ports

TARGETS_FILE = "prometheus-targets.json"
GRAFANA_FILE = "grafana.env"


def prometheus_targets(ports: Ports) -> str:
    """Every process that answers /metrics, in the form of Prometheus' `file_sd_configs`."""
    faces = {**ports.faces, "triton": ports.triton_metrics}
    listed = [
        {"targets": [f"{LOOPBACK}:{port}"], "labels": {"component": name}} for name, port in sorted(faces.items())
    ]
    return json.dumps(listed, indent=1) + "\n"


def grafana_env(ports: Ports, passwords: Mapping[str, str]) -> str:
    """What dashboards/provisioning asks of Grafana's environment about the store."""
    told = {
        "ZOOL_CLICKHOUSE_HOST": LOOPBACK,
        "ZOOL_CLICKHOUSE_PORT": str(ports.clickhouse),
        "ZOOL_CLICKHOUSE_TLS": "false",
        "ZOOL_CLICKHOUSE_USER": "zool",
        "ZOOL_CLICKHOUSE_PASSWORD": passwords["clickhouse"],
        "ZOOL_CLICKHOUSE_DATABASE": "zool",
    }
    return "".join(f"{name}={value}\n" for name, value in told.items())

"""What Prometheus and Grafana are told of a machine."""

from __future__ import annotations

import json
import re
from pathlib import Path

from deploy.up.outlook import grafana_env, prometheus_targets
from tests.unit.test_deploy_plan import PASSWORDS, PORTS

PROVISIONING = Path(__file__).resolve().parents[2] / "dashboards" / "provisioning"


def test_every_process_is_a_target() -> None:
    """With the label that boards group by; only on loopback."""
    listed = {one["labels"]["component"]: one["targets"] for one in json.loads(prometheus_targets(PORTS))}
    assert set(listed) == {"ingest", "recognise", "decide", "store", "deliver", "api", "triton"}
    assert listed["ingest"] == ["127.0.0.1:10"]
    assert listed["triton"] == ["127.0.0.1:4"]


def test_the_environment_is_what_provisioning_asks_for() -> None:
    """Every name about ClickHouse, and no other."""
    told = dict(line.split("=", 1) for line in grafana_env(PORTS, PASSWORDS).splitlines())
    asked = set(re.findall(r"\$\{(ZOOL_CLICKHOUSE_\w+)\}", (PROVISIONING / "datasources" / "zool.yaml").read_text()))
    assert set(told) == asked
    assert (told["ZOOL_CLICKHOUSE_PORT"], told["ZOOL_CLICKHOUSE_PASSWORD"]) == ("5", "secret-clickhouse")

"""`python -m deploy.chartgen`: writes into chart and compose what the programs say: it stands in one place only.

From the code come the accounts of the broker (`deploy.up.plan`), and the schema of the value `config` (the settings of
each stage); boards and alerts are copied from dashboards/, since a chart can't read outside of its folder. A test holds
chart and code together; `make chart` brings the chart up to date.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from deploy.up.command import SECTIONS
from deploy.up.plan import NATS_MEMORY_BYTES_MAX, NATS_PAYLOAD_BYTES_MAX, nats_accounts

CHART = Path(__file__).with_name("chart")
COMPOSE = Path(__file__).with_name("compose")
DASHBOARDS = Path(__file__).parents[1] / "dashboards"
COPIED: Mapping[str, str] = {"boards": "boards/*.json", "rules": "alerts/*.yaml"}
"""Folders of files/, and which files of dashboards/ they are copies of."""

SET_BY_CHART: dict[str, frozenset[str]] = {
    "ingest": frozenset({"spool_dir"}),
    "deliver": frozenset({"secrets_dir"}),
    "api": frozenset({
        "host", "port", "token_file",
        "acs_enabled", "acs_host", "acs_port", "acs_tls_cert_file", "acs_tls_key_file", "acs_tls_client_ca_file",
        "acs_plaintext", "oidc_client_secret_file",
    }),
}  # fmt: skip
"""Keys that the chart sets by the environment, which wins over config.ini: not to be had as values."""


def broker() -> str:
    """files/nats.json: limits and accounts of the broker, without passwords."""
    told = {
        "max_payload": NATS_PAYLOAD_BYTES_MAX,
        "max_mem": NATS_MEMORY_BYTES_MAX,
        "accounts": nats_accounts(),
    }
    return json.dumps(told, indent=1) + "\n"


def compose_broker() -> str:
    """deploy/compose/nats.conf: JSON, but that a password is a variable of the environment."""
    told = json.loads(broker())
    users = [{"user": each["user"], "password": f"${each['user'].upper()}", **each} for each in told["accounts"]]
    conf = {
        "listen": "0.0.0.0:4222",
        "http": "127.0.0.1:8222",
        "server_name": "zool",
        "max_payload": told["max_payload"],
        "jetstream": {"store_dir": "/data/nats", "max_mem": told["max_mem"]},
        "authorization": {"timeout": 5, "users": users},
    }
    text = json.dumps(conf, indent=1)
    for account in told["accounts"]:
        name = account["user"].upper()
        text = text.replace(f'"${name}"', f"$NATS_PASSWORD_{name}")
    return text + "\n"


def copies() -> dict[str, str]:
    """Files of dashboards/ by their path below files/."""
    return {
        f"{folder}/{path.name}": path.read_text(encoding="utf-8")
        for folder, pattern in COPIED.items()
        for path in sorted(DASHBOARDS.glob(pattern))
    }


def config_schema() -> dict[str, Any]:
    """JSON Schema of the value `config`: the sections of config.ini with their keys and limits."""
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {name: _section(name, kind) for name, kind in SECTIONS.items()},
    }


def schema(written: str) -> str:
    """values.schema.json with the part that comes from the code renewed."""
    whole = json.loads(written)
    whole["properties"]["config"] = config_schema()
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def _section(name: str, kind: type[msgspec.Struct]) -> dict[str, Any]:
    described = msgspec.json.schema(kind)["$defs"][kind.__name__]
    kept = {key: _key(value) for key, value in described["properties"].items() if key not in SET_BY_CHART.get(name, ())}
    return {"type": "object", "additionalProperties": False, "properties": kept}


def _key(described: dict[str, Any]) -> dict[str, Any]:
    return {word: value for word, value in described.items() if word not in {"default", "description", "title"}}


def main() -> int:
    """Write all of it."""
    files = CHART / "files"
    (files / "nats.json").write_text(broker(), encoding="utf-8")
    (COMPOSE / "nats.conf").write_text(compose_broker(), encoding="utf-8")
    for folder in COPIED:
        shutil.rmtree(files / folder, ignore_errors=True)
    for name, text in copies().items():
        (files / name).parent.mkdir(exist_ok=True)
        (files / name).write_text(text, encoding="utf-8")
    path = CHART / "values.schema.json"
    path.write_text(schema(path.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

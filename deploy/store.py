"""`zool store status|migrate`: the migrations of the analytics store.

Edge (files, environment). `store` applies them by itself at its start; this is for looking, and for whoever wants to
migrate before the programs are exchanged.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
from collections.abc import Mapping
from pathlib import Path

from deploy.errors import FileUnusable
from deploy.up.command import DATA_DIR, read_config
from deploy.up.plan import LOOPBACK
from ingest.settings import load
from postprocess.__main__ import schema
from postprocess.config import StoreSettings
from postprocess.contract import ClickHouseSettings

CLICKHOUSE_PORT = 4
"""Place in ports.json."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `zool store` understands."""
    parser.add_argument("what", choices=("status", "migrate"), help="show the migrations, or apply what is missing")
    parser.add_argument("--config", type=Path, help="config.ini: for how long rows are kept")
    parser.add_argument(
        "--data-dir", type=Path, default=DATA_DIR,
        help="folder of a running `zool up` (default: %(default)s); ZOOL_CLICKHOUSE_HOST names another server",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """0 when nothing is missing, 1 when something is."""
    ini, _ = read_config(args.config)
    kept = load(StoreSettings, "store", ini=ini, environ=os.environ) if args.what == "migrate" else None
    rows = asyncio.run(schema(where(args.data_dir, os.environ), kept))
    for number, name, applied in rows:
        print(f"{number:04d}  {name:<32} {'applied' if applied else 'missing'}")
    return 0 if all(applied for *_, applied in rows) else 1


def where(data_dir: Path, environ: Mapping[str, str]) -> ClickHouseSettings:
    """The server that the environment names, else the one of a data folder; raises `FileUnusable` without one."""
    if "ZOOL_CLICKHOUSE_HOST" in environ:
        return load(ClickHouseSettings, "clickhouse", environ=environ)
    try:
        port = json.loads((data_dir / "ports.json").read_text())[CLICKHOUSE_PORT]
        password = json.loads((data_dir / "passwords.json").read_text())["clickhouse"]
    except (OSError, ValueError, LookupError) as error:
        raise FileUnusable(
            data_dir,
            f"is no folder of a running zool ({error}): choose it with --data-dir, or set ZOOL_CLICKHOUSE_HOST",
        ) from None
    own = {"ZOOL_CLICKHOUSE_HOST": LOOPBACK, "ZOOL_CLICKHOUSE_PORT": str(port), "ZOOL_CLICKHOUSE_PASSWORD": password}
    return load(ClickHouseSettings, "clickhouse", environ={**environ, **own})

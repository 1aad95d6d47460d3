"""`python -m deploy.clickhouse --data DIR --port N`: the ClickHouse engine on one machine."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from pathlib import Path

import uvicorn

from deploy.clickhouse.app import ClickHouseApp
from deploy.clickhouse.engine import Engine


def main() -> int:
    """Serve until SIGTERM; user and password come from the environment."""
    parser = argparse.ArgumentParser(prog="zool-clickhouse", description=__doc__)
    parser.add_argument("--data", required=True, type=Path, help="folder of the tables")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8123)
    options = parser.parse_args()
    password = os.environ.get("ZOOL_CLICKHOUSE_PASSWORD", "")
    if not password:
        sys.stderr.write("zool-clickhouse: set ZOOL_CLICKHOUSE_PASSWORD: the engine is never served without one\n")
        return 2
    logging.basicConfig(level="INFO", format="%(asctime)s %(levelname)s clickhouse %(message)s")
    options.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = Engine(options.data)
    app = ClickHouseApp(engine, user=os.environ.get("ZOOL_CLICKHOUSE_USER", "zool"), password=password)
    logging.getLogger(__name__).info("engine %s at http://%s:%d", engine.version, options.host, options.port)
    server = uvicorn.Config(
        app, host=options.host, port=options.port, log_config=None, access_log=False, lifespan="off",
        timeout_keep_alive=60, timeout_graceful_shutdown=3,
    )  # fmt: skip
    uvicorn.Server(server).run()
    app.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

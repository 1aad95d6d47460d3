"""Broker and store that a backup is taken from or put into. Edge (files, environment, processes).

Those that run on a data folder, those that the environment names (`ZOOL_NATS_URL` with `ZOOL_CLICKHOUSE_HOST`, as in a
cluster), or, where nothing runs on the folder, both started for as long as it takes.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import msgspec

from deploy.errors import FileUnusable
from deploy.up import machine
from deploy.up.plan import KEEPER, LOOPBACK, Layout, Ports, components, nats_conf
from deploy.up.supervisor import Supervisor
from ingest.settings import NatsSettings, load
from postprocess.contract import ClickHouseSettings

SERVERS = ("nats", "clickhouse")


class Servers(msgspec.Struct, frozen=True, kw_only=True):
    """How to reach both."""

    nats: NatsSettings
    clickhouse: ClickHouseSettings


def named(environ: Mapping[str, str]) -> Servers | None:
    """Those that the environment names."""
    if "ZOOL_NATS_URL" not in environ:
        return None
    return Servers(
        nats=load(NatsSettings, "nats", environ=environ),
        clickhouse=load(ClickHouseSettings, "clickhouse", environ=environ),
    )


@contextlib.asynccontextmanager
async def reached(data_dir: Path, environ: Mapping[str, str], say: Callable[[str], None]) -> AsyncIterator[Servers]:
    """Servers with the data of a site; raises `FileUnusable` where a folder has none."""
    if (found := named(environ)) is not None:
        yield found
    elif machine.holder(data_dir) is not None:
        ports = machine.kept_ports(data_dir)
        passwords = json.loads((data_dir / "passwords.json").read_text())
        if ports is None or KEEPER not in passwords:
            raise FileUnusable(data_dir, "was started by an older zool: start it again first")
        yield _servers(ports, passwords)
    elif (data_dir / "nats").is_dir():
        async with started(data_dir, say) as own:
            yield own
    else:
        raise FileUnusable(data_dir, "is no data folder of zool: name one with --data-dir")


@contextlib.asynccontextmanager
async def started(data_dir: Path, say: Callable[[str], None]) -> AsyncIterator[Servers]:
    """Broker and store of a folder on which nothing runs; raises `DeployError`."""
    nats_server = machine.find_nats_server()
    lock = machine.open_data_dir(data_dir)
    try:
        ports = machine.choose_ports(LOOPBACK, 0)
        passwords = machine.passwords(data_dir)
        layout = Layout(data_dir=data_dir, python=sys.executable, nats_server=nats_server)
        machine.write_private(layout.nats_conf, nats_conf(ports, data_dir, passwords))
        table = [one for one in components(layout, ports, passwords) if one.name in SERVERS]
        supervisor = Supervisor(tuple(table), logs=data_dir / "logs", say=say)
        try:
            await supervisor.start()
            await supervisor.ready()
            yield _servers(ports, passwords)
        finally:
            await supervisor.stop()
    finally:
        os.close(lock)


def _servers(ports: Ports, passwords: Mapping[str, str]) -> Servers:
    url = f"nats://{LOOPBACK}:{ports.nats}"
    return Servers(
        nats=NatsSettings(url=url, user=KEEPER, password=passwords[KEEPER]),
        clickhouse=ClickHouseSettings(host=LOOPBACK, port=ports.clickhouse, password=passwords["clickhouse"]),
    )

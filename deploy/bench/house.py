"""Broker and store of the one-machine system alone, on an empty folder, for benchmarks without cameras.

Edge (asyncio, processes). Which programs run on them is the benchmark's choice.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import shutil
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import clickhouse_connect
import msgspec
import nats
from nats.aio.client import Client

from deploy.up import command as up
from deploy.up import machine
from deploy.up.plan import LOOPBACK, Component, Layout, Ports, components, nats_conf
from deploy.up.supervisor import Supervisor
from ingest.settings import NatsSettings
from postprocess.contract import ClickHouseSettings

DATABASE = "zool"
PART_ROWS = 1_000_000
FOLDERS = ("nats", "clickhouse", "clickhouse-spool", "logs")


class House(msgspec.Struct, frozen=True, kw_only=True):
    """The servers, and how to reach them."""

    servers: Supervisor
    table: Mapping[str, Component]
    """Every program of `zool up`, to be started on them."""
    logs: Path
    ports: Ports
    passwords: Mapping[str, str]
    token: str
    """The administrator's."""

    def account(self, name: str) -> NatsSettings:
        """The broker, as one of the programs."""
        return NatsSettings(url=f"nats://{LOOPBACK}:{self.ports.nats}", user=name, password=self.passwords[name])

    @property
    def store(self) -> ClickHouseSettings:
        """The store."""
        return ClickHouseSettings(port=self.ports.clickhouse, password=self.passwords["clickhouse"], database=DATABASE)

    def client(self) -> Any:
        """The store's ordinary client."""
        own = self.store
        return clickhouse_connect.get_client(
            host=own.host, port=own.port, username=own.user, password=own.password, database=own.database,
            autogenerate_session_id=False,
        )  # fmt: skip


@contextlib.asynccontextmanager
async def opened(args: argparse.Namespace, stop: asyncio.Event) -> AsyncIterator[House]:
    """Broker and engine in `args.data_dir`, ready; stopped at the end. Raises `DeployError`, `StoppedEarly`."""
    folder: Path = args.data_dir.absolute()
    lock = machine.open_data_dir(folder)
    try:
        for name in FOLDERS:
            shutil.rmtree(folder / name, ignore_errors=True)
        ports = machine.choose_ports(LOOPBACK, 0, (LOOPBACK, 0), kept=folder / "ports.json")
        layout = Layout(
            data_dir=folder, python=sys.executable, nats_server=machine.find_nats_server(), config=args.config
        )
        secrets = machine.passwords(folder)
        machine.write_private(layout.nats_conf, nats_conf(ports, folder, secrets))
        token = machine.admin_token(layout.token_file)
        machine.secrets_key(layout.key_file)
        table = {one.name: one for one in components(layout, ports, secrets)}
        servers = Supervisor((table["nats"], table["clickhouse"]), logs=folder / "logs", say=up.say)
        try:
            await servers.start()
            await up.ready_or_stopped(servers, stop)
            yield House(servers=servers, table=table, logs=folder / "logs", ports=ports, passwords=secrets, token=token)
        finally:
            await servers.stop()
    finally:
        os.close(lock)


async def connected(account: NatsSettings) -> Client:
    """A connection of its own to the broker."""
    inbox = f"_INBOX_{account.user}".encode()
    return await nats.connect(account.url, user=account.user, password=account.password, inbox_prefix=inbox)


def history(house: House, fill: str, rows: int, wanted: Mapping[str, int], stop: asyncio.Event) -> None:
    """Events into the store by parts of a million; raises `StoppedEarly`."""
    with contextlib.closing(house.client()) as client:
        for first in range(0, rows, PART_ROWS):
            if stop.is_set():
                raise up.StoppedEarly
            client.command(fill, parameters={**wanted, "from": first, "count": min(PART_ROWS, rows - first)})

"""Three hosts that run, with simulated cameras: started, killed, begun again, their programs replaced.

Edge (asyncio, processes, files).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import shutil
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from deploy.bench import cluster, rig, wires
from deploy.bench.cluster import HOSTS, PAIR, PROGRAMS, REST, Ground
from deploy.bench.fleet import Fleet
from deploy.demo.client import Client
from deploy.errors import ComponentFailed
from deploy.simulate.command import Announcement
from deploy.up import command as up
from deploy.up import machine
from deploy.up.plan import LOOPBACK, Component, Layout, components, nats_conf
from deploy.up.supervisor import Child, Supervisor, is_ready
from ingest.settings import NatsSettings

FOLDERS = (*HOSTS, "clickhouse", "clickhouse-spool", "logs")
READY_S_MAX = 120.0
POLL_S = 0.1


class Site:
    """The hosts; event loop only."""

    def __init__(self, ground: Ground, plugged: wires.Wires, simulator: Component) -> None:
        self.ground, self.wires = ground, plugged
        self.passwords = machine.passwords(ground.folder)
        self.token = machine.admin_token(ground.folder / "admin.token")
        machine.secrets_key(ground.folder / "secrets.key")
        self._simulator = simulator
        self.hosts: dict[str, Supervisor] = {}
        plugged.pids = self._groups

    def client(self, host: str) -> Client:
        """Its API."""
        return Client(f"http://{self.ground.addresses[host]}:{self.ground.ports.api}", self.token)

    @property
    def broker(self) -> NatsSettings:
        """The brokers as this process asks them: from the third host."""
        return NatsSettings(url=self.ground.servers(REST), user="api", password=self.passwords["api"])

    async def boot(self, host: str) -> None:
        """Start a host; returns at once."""
        self.hosts[host] = Supervisor(self._table(host), logs=self.ground.folder / "logs" / host, say=up.say)
        await self.hosts[host].start()

    async def roll(self, host: str, program: str) -> float:
        """SIGTERM to one program, until the one in its place is ready; how long that took."""
        child, begun = self.child(host, program), time.monotonic()
        old = child.process
        if old is not None:
            old.terminate()
        while child.process is old:  # noqa: ASYNC110 - the supervisor begins it anew
            await asyncio.sleep(POLL_S)
        await self._until_ready(child)
        return time.monotonic() - begun

    def child(self, host: str, program: str) -> Child:
        """One program of a host."""
        return self.hosts[host].children[program]

    async def told(self, fleet: Fleet) -> dict[str, Announcement]:
        """What the simulator says of its cameras."""
        return await rig.announced(self.child(REST, "simulator"), fleet)

    async def _until_ready(self, child: Child) -> None:
        deadline = time.monotonic() + READY_S_MAX
        while not await asyncio.to_thread(is_ready, child.component):
            if time.monotonic() > deadline:
                reason = f"not ready after {READY_S_MAX:.0f} s"
                raise ComponentFailed(child.component.name, reason, child.log_file, list(child.said))
            await asyncio.sleep(POLL_S)

    def _table(self, host: str) -> tuple[Component, ...]:
        ground, folder = self.ground, self.ground.folder / host
        layout = Layout(data_dir=folder, python=ground.python, nats_server=ground.nats_server)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        peers = [ground.peer(one) for one in HOSTS]
        conf = nats_conf(ground.ports, folder, self.passwords, me=ground.peer(host), peers=peers)
        machine.write_private(layout.nats_conf, conf)
        table = {one.name: one for one in components(layout, ground.ports, self.passwords)}
        prefix = self.wires.prefix(host)
        found = tuple(cluster.placed(table[name], host, ground, prefix) for name in PROGRAMS[host])
        if host != REST:
            return found
        return (*found, msgspec.structs.replace(self._simulator, argv=(*prefix, *self._simulator.argv)))

    def _groups(self, host: str) -> list[int]:
        heads = [child.process for child in self.hosts[host].children.values()]
        return [head.pid for head in heads if head is not None and head.returncode is None]


@contextlib.asynccontextmanager
async def standing(args: argparse.Namespace, fleet: Fleet, stop: asyncio.Event) -> AsyncIterator[Site]:
    """Three hosts that are ready; stopped at the end. Raises `DeployError`, `StoppedEarly`."""
    folder: Path = args.data_dir.absolute()
    lock = machine.open_data_dir(folder)
    try:
        for name in FOLDERS:
            shutil.rmtree(folder / name, ignore_errors=True)
        machine.raise_limits()
        with wires.plugged(args.wires, HOSTS) as plugged:
            site = Site(_ground(folder, plugged), plugged, _cameras(args.site, fleet, plugged.addresses[REST]))
            try:
                for host in HOSTS:
                    await site.boot(host)
                for host in HOSTS:
                    await up.ready_or_stopped(site.hosts[host], stop)
                yield site
            finally:
                for host in PAIR:
                    plugged.mend(host)
                await asyncio.gather(*(one.stop() for one in site.hosts.values()))
    finally:
        os.close(lock)


def _ground(folder: Path, plugged: wires.Wires) -> Ground:
    return Ground(
        addresses=plugged.addresses,
        ports=machine.choose_ports(LOOPBACK, 0),
        peer_port=machine.free_port(),
        http_port=machine.free_port(),
        folder=folder,
        python=sys.executable,
        nats_server=machine.find_nats_server(),
    )


def _cameras(site: Path, fleet: Fleet, address: str) -> Component:
    one = rig.simulator(site, fleet, spread=True)
    return msgspec.structs.replace(one, argv=(*one.argv, "--host", address), ready_host=address)

"""`zool up`: the whole system on one machine, until Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec

from api.config import ApiSettings, acs_port, check_acs, check_oidc
from deploy.up import machine, outlook
from deploy.up.plan import LOOPBACK, Component, Layout, components, nats_conf
from deploy.up.supervisor import Supervisor
from ingest.config import IngestSettings, PictureSettings
from ingest.settings import SettingsError, check_sections, load
from postprocess.config import DecideSettings, DeliverSettings, RecogniseSettings, StoreSettings

DATA_DIR = Path("var/zool")

SECTIONS: dict[str, type[msgspec.Struct]] = {
    "ingest": IngestSettings,
    "picture": PictureSettings,
    "recognise": RecogniseSettings,
    "decide": DecideSettings,
    "store": StoreSettings,
    "deliver": DeliverSettings,
    "api": ApiSettings,
}
"""Sections of config.ini; what binds the processes together (addresses, passwords) `zool up` sets by itself."""


class StoppedEarly(Exception):  # noqa: N818 - a wish, not a fault
    """SIGINT or SIGTERM came before the system was ready."""


class System(msgspec.Struct, frozen=True, kw_only=True):
    """A running system."""

    url: str
    acs: str
    """Address of the gRPC stream, as `grpc://host:port` or `grpcs://…`; empty = switched off."""
    token: str
    token_file: Path
    data_dir: Path
    supervisor: Supervisor


def add_arguments(parser: argparse.ArgumentParser, data_dir: Path = DATA_DIR) -> None:
    """Declare what `zool up` understands."""
    parser.add_argument("--config", type=Path, help="config.ini; without it every setting has its default")
    parser.add_argument("--data-dir", type=Path, default=data_dir, help="folder of all data (default: %(default)s)")
    parser.add_argument(
        "--port", type=int, help="port of the console and the API (default: config.ini's, 8080; 0 = any)"
    )
    parser.add_argument(
        "--acs-port", type=int, help="port of the gRPC stream (default: config.ini's, or the one after --port; 0 = any)"
    )
    parser.add_argument("--host", help=f"address of the console and the API (default: config.ini's, {LOOPBACK})")


def run(args: argparse.Namespace) -> int:
    """Run until SIGINT or SIGTERM."""
    return asyncio.run(_run(args))


async def _run(args: argparse.Namespace) -> int:
    stop = stop_event()
    with contextlib.suppress(StoppedEarly):
        async with running(args, say=say, stop=stop) as system:
            say(f"console  {system.url}/   (token in {system.token_file})")
            if system.acs:
                say(f"events   {system.acs}   (gRPC zool.acs.v1: zool acs watch)")
            say("Ctrl-C stops everything.")
            await stop.wait()
            say("stopping …")
    return 0


def stop_event() -> asyncio.Event:
    """Set by SIGINT or SIGTERM."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def say(line: str) -> None:
    """One line for the person in front of it."""
    print(line, file=sys.stderr, flush=True)


def read_config(path: Path | None) -> tuple[str, ApiSettings]:
    """Check the whole file before anything starts; raises `SettingsError`."""
    if path is None:
        ini = ""
    else:
        try:
            ini = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(
                section="config.ini", key="", value=str(path), allowed=f"can't be read: {error}"
            ) from None
    check_sections(ini, SECTIONS)
    for name, kind in SECTIONS.items():
        load(kind, name, ini=ini)
    api = load(ApiSettings, "api", ini=ini)
    check_acs(api)
    check_oidc(api)
    return ini, api


@contextlib.asynccontextmanager
async def running(
    args: argparse.Namespace, *, say: Callable[[str], None], stop: asyncio.Event, extra: tuple[Component, ...] = ()
) -> AsyncIterator[System]:
    """A system that is ready, with what is `extra`; stopped in order at the end.

    Raises `DeployError`, `SettingsError`, `StoppedEarly`.
    """
    _, api = read_config(args.config)
    host, port = args.host or api.host, api.port if args.port is None else args.port
    data_dir: Path = args.data_dir.absolute()
    nats_server = machine.find_nats_server()
    lock = machine.open_data_dir(data_dir)
    try:
        ports = machine.choose_ports(host, port, _acs(api, port, args.acs_port), kept=data_dir / "ports.json")
        layout = Layout(
            data_dir=data_dir,
            python=sys.executable,
            nats_server=nats_server,
            config=args.config.absolute() if args.config else None,
            api_host=host,
        )
        secrets = machine.passwords(data_dir)
        layout.secrets_dir.mkdir(mode=0o700, exist_ok=True)
        machine.write_private(layout.nats_conf, nats_conf(ports, data_dir, secrets))
        machine.write_private(data_dir / outlook.TARGETS_FILE, outlook.prometheus_targets(ports))
        machine.write_private(data_dir / outlook.GRAFANA_FILE, outlook.grafana_env(ports, secrets))
        token = machine.admin_token(layout.token_file)
        machine.secrets_key(layout.key_file)
        machine.raise_limits()
        supervisor = Supervisor((*components(layout, ports, secrets), *extra), logs=data_dir / "logs", say=say)
        scheme = "grpcs" if api.acs_tls_cert_file else "grpc"
        system = System(
            url=f"http://{shown(host)}:{ports.api}",
            acs="" if ports.acs is None else f"{scheme}://{shown(api.acs_host)}:{ports.acs}",
            token=token,
            token_file=layout.token_file,
            data_dir=data_dir,
            supervisor=supervisor,
        )
        say(f"zool starts on {data_dir}")
        try:
            await supervisor.start()
            await ready_or_stopped(supervisor, stop)
            yield system
        finally:
            await supervisor.stop()
    finally:
        os.close(lock)


def shown(host: str) -> str:
    """An address that can be opened from here."""
    return LOOPBACK if host in {"0.0.0.0", "::"} else host


def _acs(api: ApiSettings, port: int, asked: int | None) -> tuple[str, int] | None:
    if not api.acs_enabled:
        return None
    return api.acs_host, acs_port(api, port) if asked is None else asked


async def ready_or_stopped(supervisor: Supervisor, stop: asyncio.Event) -> None:
    """Wait until all is ready; raises `ComponentFailed`, or `StoppedEarly` where `stop` is set before."""
    ready = asyncio.create_task(supervisor.ready())
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({ready, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not ready.done():
            raise StoppedEarly
        await ready
    finally:
        ready.cancel()
        stopping.cancel()

"""`zool doctor`: look at everything, change nothing. Edge (argv, environment)."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
import urllib.request
from pathlib import Path

import msgspec

from api.config import ApiSettings, acs_port
from deploy.doctor import checks, host, probe_host, probe_site, site
from deploy.doctor.checks import Check, Said
from deploy.errors import BrokerAway, BrokerRefused
from deploy.language import language_of
from deploy.up import machine
from deploy.up.command import DATA_DIR, read_config
from deploy.up.plan import LOOPBACK, Layout, Ports, components
from ingest.config import IngestSettings
from ingest.settings import SettingsError, load


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked at."""

    data_dir: Path
    config: Path | None = None
    port: int | None = None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `zool doctor` understands."""
    parser.add_argument("--data-dir", type=Path, default=DATA_DIR, help="folder of all data (default: %(default)s)")
    parser.add_argument("--config", type=Path, help="config.ini that the site is started with")
    parser.add_argument("--port", type=int, help="port of the console and the API, where it is not config.ini's")
    parser.add_argument("--json", action="store_true", help="JSON instead of text")


def run(args: argparse.Namespace) -> int:
    """0 = nothing is broken (there may be warnings), 1 = something is."""
    found = look(Asked(data_dir=args.data_dir.absolute(), config=args.config, port=args.port))
    language = language_of(os.environ)
    if args.json:
        print(json.dumps(checks.report(found, language), ensure_ascii=False, indent=1))
    else:
        print("\n".join(checks.lines(found, language)))
    return 1 if checks.failed(found) else 0


def look(asked: Asked) -> list[Check]:
    """Everything, in the order in which it is told."""
    pid = machine.holder(asked.data_dir)
    ini, api, config_check = _config(asked.config)
    running = _running(asked, pid)
    return [
        *host.python((sys.version_info.major, sys.version_info.minor), probe_host.missing_packages()),
        *host.programs(*probe_host.faults_of_programs()),
        *host.processor(probe_host.computer()),
        host.cards(probe_host.cards()),
        *_decoders(ini),
        config_check,
        *_ports(asked, api, pid),
        *host.disk(probe_host.disk(asked.data_dir), running.growth_bytes),
        *host.clock(probe_host.clock(), running.clocks_us),
        *_secrets(asked.data_dir, api),
        *site.models(probe_site.models(asked.data_dir)),
        site.running(pid),
        *running.checks,
    ]


class _Running(msgspec.Struct, frozen=True, kw_only=True):
    checks: list[Check] = []
    clocks_us: dict[str, int] = {}
    growth_bytes: int = 0


def _config(path: Path | None) -> tuple[str, ApiSettings, Check]:
    try:
        ini, api = read_config(path)
    except SettingsError as error:
        return "", ApiSettings(), site.configuration(str(path), str(error))
    return ini, api, site.configuration(str(path or ""), "")


def _decoders(ini: str) -> list[Check]:
    wanted = load(IngestSettings, "ingest", ini=ini).hardware_decode
    return host.decoders(*probe_host.decoders(host.DECODERS), wanted)


def _ports(asked: Asked, api: ApiSettings, pid: int | None) -> list[Check]:
    port = api.port if asked.port is None else asked.port
    wanted = [("port-api", api.host, port)]
    if api.acs_enabled:
        wanted.append(("port-acs", api.acs_host, acs_port(api, port)))
    return [
        host.port(name, f"{address}:{number}", probe_host.listener(address, number, pid))
        for name, address, number in wanted
        if number
    ]


def _secrets(data_dir: Path, api: ApiSettings) -> list[Check]:
    named = tuple(Path(name) for name in (api.oidc_client_secret_file, api.acs_tls_key_file) if name)
    key = data_dir / "secrets.key"
    return [*site.privacy(probe_site.private(data_dir, named)), *site.key(str(key), probe_site.fault_of_key(key))]


def _running(asked: Asked, pid: int | None) -> _Running:
    """Of a site that runs: its components, its streams, its clocks."""
    ports = machine.kept_ports(asked.data_dir)
    if pid is None or ports is None:
        return _Running(checks=[checks.skipped("health", site.SKIPPED), checks.skipped("streams", site.SKIPPED)])
    try:
        passwords = json.loads((asked.data_dir / "passwords.json").read_text())
        layout = Layout(data_dir=asked.data_dir, python=sys.executable, nats_server="nats-server", config=asked.config)
        parts = components(layout, ports, passwords)
    except (OSError, ValueError, LookupError) as error:
        return _Running(checks=[_unreadable(asked.data_dir, error)])
    found = site.parts(probe_site.parts(parts, asked.data_dir / "logs"))
    clocks = _store_clock(ports, passwords["clickhouse"])
    try:
        told = asyncio.run(probe_site.broker(f"nats://{LOOPBACK}:{ports.nats}", "api", passwords["api"]))
    except (BrokerAway, BrokerRefused) as error:
        todo = Said("see logs/nats.log", "смотрите logs/nats.log")
        away = checks.fail("streams", Said(str(error), str(error)), "nats", todo)
        return _Running(checks=[*found, away], clocks_us=clocks)
    streams, ahead_us, faulty, heard = told
    return _Running(
        checks=[*found, *site.streams(streams), site.camera_clocks(faulty, heard)],
        clocks_us=clocks | {"nats": ahead_us},
        growth_bytes=site.growth_bytes(streams),
    )


def _unreadable(data_dir: Path, error: Exception) -> Check:
    said = Said(f"can't be read: {error}", f"не читается: {error}")
    todo = Said("stop zool and start it again: it makes the file anew", "перезапустите zool: файл будет создан заново")
    return checks.fail("secrets", said, str(data_dir / "passwords.json"), todo)


def _store_clock(ports: Ports, password: str) -> dict[str, int]:
    url = f"http://{LOOPBACK}:{ports.clickhouse}/?query=SELECT%20toUnixTimestamp64Micro(now64(6))"
    asked = urllib.request.Request(url, headers={"X-ClickHouse-User": "zool", "X-ClickHouse-Key": password})
    before_us = time.time_ns() // 1000
    try:
        with urllib.request.urlopen(asked, timeout=probe_site.ANSWER_S_MAX) as answer:  # noqa: S310 - as above
            told_us = int(answer.read())
    except (OSError, ValueError):
        return {}
    after_us = time.time_ns() // 1000
    return {"clickhouse": told_us - before_us if told_us < before_us else max(0, told_us - after_us)}

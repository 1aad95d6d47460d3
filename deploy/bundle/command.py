"""`zool support-bundle FILE`: versions, settings, health, metrics, last lines, streams, schema.

Edge (files, HTTP, NATS).

What leaves the site stands in `members`; every text goes through `masked`. Buckets, messages and rows are not read:
what cameras saw and who people are is not in it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import importlib.metadata
import json
import os
import platform
import sys
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from pathlib import Path

from deploy.backup import servers
from deploy.backup.tables import House
from deploy.broker import Broker
from deploy.bundle.masking import masked
from deploy.doctor import checks
from deploy.doctor.command import Asked, look
from deploy.errors import DeployError, FileUnusable
from deploy.language import language_of
from deploy.up import machine
from deploy.up.command import DATA_DIR, say
from deploy.up.plan import LOOPBACK

LOG_LINES = 1000
ANSWER_S_MAX = 5.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `zool support-bundle` understands."""
    parser.add_argument("file", type=Path, help="the zip file to write")
    parser.add_argument("--data-dir", type=Path, default=DATA_DIR, help="folder of all data (default: %(default)s)")
    parser.add_argument("--config", type=Path, help="config.ini that the site is started with")


def run(args: argparse.Namespace) -> int:
    """Write it; 0 also where parts of the site don't answer, which the bundle then says."""
    data_dir, file = args.data_dir.absolute(), args.file
    secrets = known_secrets(data_dir)
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise FileUnusable(file, f"can't be written: {error.strerror}") from None
    with os.fdopen(handle, "wb") as raw, zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, make in members(data_dir, args.config).items():
            try:
                text = make()
            except (DeployError, OSError, ValueError, LookupError) as error:
                text = f"not to be had: {error}"
            bundle.writestr(name, masked(text, secrets))
            say(f"  {name}")
    russian = language_of(os.environ) == "ru"
    say(
        "Секретов, снимков и данных о людях внутри нет; просмотрите перед отправкой."
        if russian
        else "No secrets, pictures or people are inside; look through it before it leaves."
    )
    return 0


def members(data_dir: Path, config: Path | None) -> dict[str, Callable[[], str]]:
    """Every member, and how it is made."""
    logs = {f"logs/{path.name}": _last(path) for path in sorted((data_dir / "logs").glob("*.log"))}
    ports = machine.kept_ports(data_dir) if machine.holder(data_dir) is not None else None
    faces = dict(ports.faces) if ports is not None else {}
    asked = {
        f"{kind}/{name}.txt": _asked(port, path)
        for name, port in faces.items()
        for kind, path in (("health", "/health/ready"), ("metrics", "/metrics"))
    }
    if ports is not None:
        asked["metrics/triton.txt"] = _asked(ports.triton_metrics, "/metrics")
    return {
        "versions.json": versions,
        "doctor.json": lambda: _json(checks.report(look(Asked(data_dir=data_dir, config=config)), "en")),
        "config.ini": lambda: config.read_text(encoding="utf-8") if config else "; none given: defaults\n",
        "files.txt": lambda: _listed(data_dir),
        "streams.json": lambda: asyncio.run(_streams(data_dir)),
        "schema.sql": lambda: asyncio.run(_schema(data_dir)),
        **asked,
        **logs,
    }


def known_secrets(data_dir: Path) -> list[str]:
    """Every secret of a data folder, to be found in texts."""
    found: list[str] = []
    with contextlib.suppress(OSError, ValueError):
        found += json.loads((data_dir / "passwords.json").read_text()).values()
    for path in (data_dir / "admin.token", data_dir / "secrets.key", *sorted((data_dir / "secrets").glob("*"))):
        with contextlib.suppress(OSError, UnicodeDecodeError):
            found += [line.strip() for line in path.read_text().splitlines()]
    return [one for one in found if one]


def versions() -> str:
    """Of what runs and what it runs on."""
    packages = {one.name: one.version for one in importlib.metadata.distributions()}
    return _json(
        {
            "zool": importlib.metadata.version("zool"),
            "python": sys.version,
            "system": platform.platform(),
            "packages": dict(sorted(packages.items())),
        }
    )


def _json(told: object) -> str:
    return json.dumps(told, ensure_ascii=False, indent=1) + "\n"


def _last(path: Path) -> Callable[[], str]:
    return lambda: "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_LINES:]) + "\n"


def _asked(port: int, path: str) -> Callable[[], str]:
    def ask() -> str:
        try:
            with urllib.request.urlopen(f"http://{LOOPBACK}:{port}{path}", timeout=ANSWER_S_MAX) as answer:
                return str(answer.read().decode(errors="replace"))
        except urllib.error.HTTPError as error:  # not ready: the body says why
            return error.read().decode(errors="replace")

    return ask


def _listed(data_dir: Path) -> str:
    lines = []
    for path in sorted(data_dir.rglob("*")):
        inside = path.relative_to(data_dir)
        if len(inside.parts) <= 3:
            told = path.lstat()
            lines.append(f"{told.st_mode & 0o7777:04o} {told.st_size:>12} {inside}")
    return "\n".join(lines) + "\n"


async def _streams(data_dir: Path) -> str:
    """Configuration, state and readers of every stream; no message, no key of a bucket."""
    async with servers.reached(data_dir, os.environ, say) as found:
        nats = found.nats
        async with Broker.open(nats.url, nats.user, nats.password) as broker:
            told = []
            for name in await broker.names():
                info = await broker.api(f"STREAM.INFO.{name}")
                readers = await broker.readers(name)
                told.append({"config": info["config"], "state": info["state"], "readers": readers})
    return _json(told)


async def _schema(data_dir: Path) -> str:
    """How tables are made, and how many rows they hold; no row."""
    async with servers.reached(data_dir, os.environ, say) as found:
        with contextlib.closing(House(found.clickhouse)) as house:
            names = house.rows(f"SELECT name FROM system.tables WHERE database = '{house.database}' ORDER BY name")  # noqa: S608 - a checked name
            texts = [f"-- engine {house.version()}, schema {house.schema()}"]
            for name in (one["name"] for one in names):
                made = house.rows(f"SHOW CREATE TABLE {house.database}.{name}")[0]["statement"]
                texts.append(f"-- {house.count(name)} rows\n{made};\n")
    return "\n".join(texts)

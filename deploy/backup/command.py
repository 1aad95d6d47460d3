"""`zool backup FILE`: everything that a site knows into one file, while it runs. Edge (argv, environment, files)."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import importlib.metadata
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from deploy.backup import archive, servers, streams
from deploy.backup.manifest import (
    BUCKET_PREFIX,
    FORMAT,
    LEFT_OUT,
    PICTURES,
    SECRETS,
    Manifest,
    StreamPart,
    TablePart,
    order,
    stream_chunk,
    table_chunk,
)
from deploy.backup.tables import House
from deploy.broker import Broker
from deploy.language import language_of
from deploy.up.command import DATA_DIR, say

Say = Callable[[str], None]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `zool backup` understands."""
    parser.add_argument("file", type=Path, help="the file to write")
    parser.add_argument(
        "--data-dir", type=Path, default=DATA_DIR,
        help="folder of all data (default: %(default)s); ZOOL_NATS_URL and ZOOL_CLICKHOUSE_HOST name other servers",
    )  # fmt: skip
    parser.add_argument("--without-pictures", action="store_true", help="leave out crops and photos")
    parser.add_argument(
        "--with-secrets", action="store_true",
        help="also the key of sealed credentials, secrets of deliveries and the administrator's token",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """0 = the file is whole; anything else leaves none behind."""
    manifest = asyncio.run(
        take(
            args.file,
            args.data_dir.absolute(),
            pictures=not args.without_pictures,
            secrets=args.with_secrets,
            say=say,
        )
    )
    russian = language_of(os.environ) == "ru"
    size = args.file.stat().st_size / 1e6
    if not manifest.secrets:
        say(
            "Ключа учётных данных камер в файле нет: храните secrets.key отдельно."
            if russian
            else "The key of cameras' credentials is not inside: keep secrets.key apart from it."
        )
    say(f"{args.file}: {size:.1f} MB, {len(manifest.members)} {'частей' if russian else 'members'}")
    return 0


async def take(file: Path, data_dir: Path, *, pictures: bool, secrets: bool, say: Say) -> Manifest:
    """Copy everything into a new file; raises `DeployError`."""
    left_out = (*sorted(BUCKET_PREFIX + name for name in LEFT_OUT), *(() if pictures else sorted(PICTURES)))
    with archive.writing(file) as writer:
        async with servers.reached(data_dir, os.environ, say) as found:
            nats = found.nats
            async with Broker.open(nats.url, nats.user, nats.password) as broker:
                copied = [
                    await _stream(writer, broker, name, say) for name in order(await broker.names(), pictures=pictures)
                ]
                told = {"nats": str(broker.client.connected_server_version)}
            with contextlib.closing(House(found.clickhouse)) as house:
                told["clickhouse"], schema = house.version(), house.schema()
                tables = _tables(writer, house, pictures=pictures, say=say)
        manifest = Manifest(
            format=FORMAT, zool=importlib.metadata.version("zool"),
            made_at=datetime.now(UTC).isoformat(timespec="seconds"), schema=schema,
            streams=tuple(copied), tables=tables, files=_files(writer, data_dir, secrets=secrets),
            left_out=left_out, secrets=secrets, servers=told, members=dict(writer.members),
        )  # fmt: skip
        writer.close(manifest)
    return manifest


async def _stream(writer: archive.Writer, broker: Broker, name: str, say: Say) -> StreamPart:
    one, number, size = await streams.snapshot(broker, name), 0, 0
    async for chunk in one.chunks:
        writer.add(stream_chunk(name, number), chunk)
        number, size = number + 1, size + len(chunk)
    say(f"  {name:<24} {one.state.get('messages', 0):>9}  {size / 1e6:8.1f} MB")
    return one.part(number)


def _tables(writer: archive.Writer, house: House, *, pictures: bool, say: Say) -> tuple[TablePart, ...]:
    found = []
    for table in house.tables():
        if not pictures and table.name in PICTURES:
            continue
        number, size = 0, 0
        for piece in house.pieces(table):
            writer.add(table_chunk(table.name, number), piece)
            number, size = number + 1, size + len(piece)
        say(f"  {table.name:<24} {house.count(table.name):>9}  {size / 1e6:8.1f} MB")
        found.append(TablePart(name=table.name, columns=table.columns, chunks=number))
    return tuple(found)


def _files(writer: archive.Writer, data_dir: Path, *, secrets: bool) -> tuple[str, ...]:
    """Imported models, and with `secrets` what only the site's owner may have."""
    paths = [path for path in sorted((data_dir / "models").rglob("*")) if path.is_file() and path.name[0] != "."]
    if secrets:
        paths += [data_dir / name for name in SECRETS if (data_dir / name).is_file()]
        paths += [path for path in sorted((data_dir / "secrets").glob("*")) if path.is_file()]
    names = tuple(str(path.relative_to(data_dir)) for path in paths)
    for name, path in zip(names, paths, strict=True):
        writer.add_file(f"files/{name}", path)
    return names

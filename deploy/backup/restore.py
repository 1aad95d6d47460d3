"""`zool restore FILE`: put a backup back where there is nothing. Edge (argv, environment, files).

Into a folder it goes by way of another one beside it, which takes its name when everything is there: an interrupted
restore leaves nothing that could be started. Into servers that the environment names it goes directly; what an
interrupted one left there is named by the next.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from deploy.backup import archive, servers, streams
from deploy.backup.manifest import Manifest, StreamPart, refusal
from deploy.backup.tables import House
from deploy.broker import Broker
from deploy.errors import ArchiveUnusable, DataDirUnusable, TargetNotEmpty
from deploy.language import language_of
from deploy.up.command import DATA_DIR, say
from postprocess.__main__ import schema
from postprocess.config import StoreSettings
from postprocess.ddl import migrations

Say = Callable[[str], None]
UNFINISHED = ".restoring"
_FOR_EVER = StoreSettings(events_days=3650, events_unmatched_days=3650, photos_days=3650, looks_days=3650)
"""Nothing goes while rows come in; `store` sets what is configured at its start."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `zool restore` understands."""
    parser.add_argument("file", type=Path, help="a file that `zool backup` wrote")
    parser.add_argument(
        "--data-dir", type=Path, default=DATA_DIR,
        help="folder to make (default: %(default)s); ZOOL_NATS_URL and ZOOL_CLICKHOUSE_HOST name servers instead",
    )  # fmt: skip
    parser.add_argument("--check", action="store_true", help="only read the file and hold it against its sums")


def run(args: argparse.Namespace) -> int:
    """0 = everything is there."""
    manifest = archive.checked(args.file)
    if reason := refusal(manifest, schema=migrations()[-1].number):
        raise ArchiveUnusable(args.file, reason)
    russian = language_of(os.environ) == "ru"
    say(f"{args.file}: zool {manifest.zool}, {manifest.made_at}, {'целый' if russian else 'whole'}")
    if args.check:
        return 0
    asyncio.run(put_back(args.file, manifest, args.data_dir.absolute(), say))
    if not manifest.secrets:
        say(
            "Положите сохранённый secrets.key в папку данных до запуска: без него учётные данные камер не открыть."
            if russian
            else "Put the kept secrets.key into the data folder before the start: without it credentials stay sealed."
        )
    return 0


async def put_back(file: Path, manifest: Manifest, data_dir: Path, say: Say) -> None:
    """Fill servers and folder of a checked file; raises `DeployError`."""
    if (found := servers.named(os.environ)) is not None:
        await _fill(file, manifest, found, None, say)
        return
    _refuse_filled(data_dir)
    draft = data_dir.with_name(data_dir.name + UNFINISHED)
    shutil.rmtree(draft, ignore_errors=True)
    async with servers.started(draft, say) as own:
        await _fill(file, manifest, own, draft, say)
    _name(draft, data_dir)
    say(f"  {data_dir}")


def _name(draft: Path, data_dir: Path) -> None:
    for name in ("nats.conf", "lock"):
        (draft / name).unlink(missing_ok=True)
    shutil.rmtree(draft / "logs", ignore_errors=True)
    draft.replace(data_dir)  # an empty folder gives way


def _refuse_filled(data_dir: Path) -> None:
    try:
        left = sorted(path.name for path in data_dir.iterdir()) if data_dir.exists() else []
    except OSError as error:
        raise DataDirUnusable(data_dir, error.strerror or str(error)) from None
    if left:
        raise TargetNotEmpty(str(data_dir), ", ".join(left[:3]))


async def _fill(file: Path, manifest: Manifest, found: servers.Servers, folder: Path | None, say: Say) -> None:
    with contextlib.closing(House(found.clickhouse)) as house:
        nats = found.nats
        async with Broker.open(nats.url, nats.user, nats.password) as broker:
            await _refuse_taken(broker, house, manifest)
            await schema(found.clickhouse, _FOR_EVER, upto=manifest.schema)
            with archive.reading(file) as members:
                await _Filling(broker, house, manifest, folder, say).all(members)
        await schema(found.clickhouse, _FOR_EVER)


async def _refuse_taken(broker: Broker, house: House, manifest: Manifest) -> None:
    if taken := await streams.taken(broker, [one.name for one in manifest.streams]):
        raise TargetNotEmpty(broker.url, f"there are streams: {', '.join(taken[:3])}")
    if house.schema() and (filled := house.filled()):
        raise TargetNotEmpty(house.where, f"there are rows in {', '.join(filled[:3])}")


class _Filling:
    """Members as they come, each to its place."""

    def __init__(self, broker: Broker, house: House, manifest: Manifest, folder: Path | None, say: Say) -> None:
        self._broker, self._house, self._folder, self._say = broker, house, folder, say
        self._streams = {one.name: one for one in manifest.streams}
        self._columns = {one.name: one.columns for one in manifest.tables}
        self._open: tuple[StreamPart, streams.Restore] | None = None

    async def all(self, members: Iterable[tuple[str, bytes]]) -> None:
        """Everything of a file."""
        told = ""
        for name, data in members:
            kind, _, rest = name.partition("/")
            part = rest.partition("/")[0]
            if kind in {"nats", "clickhouse"} and part != told:
                told = part
                self._say(f"  {part}")
            if kind == "nats":
                await self._stream(part, data)
                continue
            await self._close()
            if kind == "clickhouse":
                self._house.fill(part, self._columns[part], data)
            elif kind == "files" and self._folder is not None:
                self._file(self._folder / rest, data)
        await self._close()

    async def _stream(self, name: str, chunk: bytes) -> None:
        if self._open is None or self._open[0].name != name:
            await self._close()
            part = self._streams[name]
            self._open = part, streams.Restore(self._broker, part)
            await self._open[1].begin()
        await self._open[1].put(chunk)

    async def _close(self) -> None:
        if self._open is not None:
            await self._open[1].end()
            self._open = None

    @staticmethod
    def _file(path: Path, data: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(data)

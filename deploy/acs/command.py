"""`zool acs`: a running system as an access-control system has it, over gRPC: its events, and its doors.

Edge (argv, files, standard output).
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import ipaddress
import os
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from api.acs.v1 import acs_pb2 as pb
from deploy.acs.barrier import Barrier
from deploy.acs.client import Target, Watch
from deploy.acs.doors import DoorClient
from deploy.acs.keep import CursorFile, Journal, Keeper, Nowhere
from deploy.acs.lines import as_json, as_text
from deploy.acs.simulate import Simulator
from deploy.errors import AcsRefused, FileUnusable, PlaintextRefused

ADDRESS = "127.0.0.1:8081"
TOKEN_FILE = Path("var/zool/admin.token")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `zool acs` understands."""
    acts = parser.add_subparsers(dest="act", required=True, metavar="ACT")
    words = "print events as they come, until Ctrl-C; goes on after the server was away"
    watch = acts.add_parser("watch", help=words, description=words)
    _add_target(watch)
    watch.add_argument("--kind", action="append", default=[], help="only this kind, as vehicle_entry; may be repeated")
    watch.add_argument("--camera", action="append", default=[], help="only this camera's id; may be repeated")
    watch.add_argument("--oldest", action="store_true", help="without a cursor: begin with the oldest event kept")
    watch.add_argument("--json", action="store_true", help="one JSON object per line, with its cursor")
    keep = watch.add_mutually_exclusive_group()
    keep.add_argument(
        "--cursor-file", type=Path, metavar="FILE",
        help="go on behind the cursor in FILE, and keep it there after each line: each event at least once",
    )  # fmt: skip
    keep.add_argument(
        "--journal", type=Path, metavar="FILE",
        help="append JSON lines to FILE, and go on behind its last: each event stands there exactly once",
    )  # fmt: skip
    words = "stand for a controller of doors: barriers that open, a reader on standard input, offline lists, a journal"
    simulated = acts.add_parser("simulate", help=words, description=words)
    _add_target(simulated)
    simulated.add_argument("--door", action="append", default=[], help="only this door's id; may be repeated")
    simulated.add_argument(
        "--pass-s", type=float, default=1.5, help="until a vehicle is through (default: %(default)s)"
    )
    simulated.add_argument("--open-s", type=float, default=4.0, help="how long it waits (default: %(default)s)")
    simulated.add_argument(
        "--nobody", action="store_true", help="nobody goes through: barriers shut again by themselves"
    )
    simulated.add_argument(
        "--journal", type=Path, metavar="FILE", help="append JSON lines to FILE, and go on behind its last"
    )
    simulated.add_argument("--lists", type=Path, metavar="FILE", help="keep offline lists in FILE over a restart")


def _add_target(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--address", default=ADDRESS, help="host:port of the gRPC server (default: %(default)s)")
    parser.add_argument("--token-file", type=Path, default=TOKEN_FILE, help="file with a token (default: %(default)s)")
    parser.add_argument("--tls", action="store_true", help="speak TLS, trusting the certificates of this system")
    parser.add_argument(
        "--ca-file", type=Path, metavar="FILE", help="speak TLS, trusting the certificates in FILE (PEM)"
    )
    parser.add_argument("--plaintext", action="store_true", help="send the token without TLS beyond this machine")
    parser.add_argument(
        "--cert-file", type=Path, metavar="FILE", help="this client's certificate (PEM), with --key-file"
    )
    parser.add_argument("--key-file", type=Path, metavar="FILE", help="its key (PEM)")


def run(args: argparse.Namespace) -> int:
    """Until Ctrl-C; 1 when the server refuses, or nobody reads the output any more."""
    if args.act == "simulate":
        return _simulate(args)
    wanted = pb.StreamEventsRequest(
        kinds=args.kind, cameras=args.camera, start=pb.START_OLDEST if args.oldest else pb.START_NEW
    )
    line = as_json if args.json or args.journal else as_text
    try:
        asyncio.run(Watch(_target(args), wanted, _keeper(args), say=_say).run(line))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nothing is left to be flushed into it
        return 1
    return 0


def _simulate(args: argparse.Namespace) -> int:
    keeper: Keeper = Journal(args.journal) if args.journal else Nowhere(_show)

    def note(fields: dict[str, object]) -> None:
        keeper.take(
            keeper.cursor, msgspec.json.encode({"at_us": time.time_ns() // 1000, **fields, "cursor": keeper.cursor})
        )

    async def simulate() -> None:
        async with DoorClient(_target(args), tuple(args.door), keeper, say=_say) as client:
            barrier = functools.partial(Barrier, pass_s=args.pass_s, open_s=args.open_s, comes=not args.nobody)
            await Simulator(client, tuple(args.door), make=barrier, note=note, lists=args.lists).run(_lines())

    try:
        asyncio.run(simulate())
    except* AcsRefused as refused:
        raise refused.exceptions[0] from None
    return 0


async def _lines() -> AsyncIterator[str]:
    """What is typed or piped in, line by line; nothing where standard input is neither."""
    reader = asyncio.StreamReader()
    try:
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    except (PermissionError, ValueError):
        return
    while line := await reader.readline():
        yield line.decode(errors="replace")


def _target(args: argparse.Namespace) -> Target:
    scheme, found, rest = args.address.rpartition("://")
    tls = args.tls or args.ca_file is not None or (bool(found) and scheme == "grpcs")
    if not (tls or args.plaintext or is_loopback(rest)):
        raise PlaintextRefused(rest)
    try:
        token = args.token_file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise FileUnusable(args.token_file, f"can't be read: {error}") from None
    return Target(
        address=rest, token=token, tls=tls, ca_file=args.ca_file, cert_file=args.cert_file, key_file=args.key_file
    )


def is_loopback(address: str) -> bool:
    """Whether host:port is on this machine."""
    host = address.rpartition(":")[0].strip("[]")
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _keeper(args: argparse.Namespace) -> Keeper:
    if args.journal:
        return Journal(args.journal)
    return CursorFile(args.cursor_file, _show) if args.cursor_file else Nowhere(_show)


def _show(line: bytes) -> None:
    sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()


def _say(line: str) -> None:
    print(f"zool acs: {line}", file=sys.stderr, flush=True)

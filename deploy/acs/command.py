"""`zool acs watch`: the events of a running system as an access-control system gets them, over gRPC.

Edge (argv, files, standard output).
"""

from __future__ import annotations

import argparse
import asyncio
import ipaddress
import os
import sys
from pathlib import Path

from api.acs.v1 import acs_pb2 as pb
from deploy.acs.client import Target, Watch
from deploy.acs.keep import CursorFile, Journal, Keeper, Nowhere
from deploy.acs.lines import as_json, as_text
from deploy.errors import FileUnusable, PlaintextRefused

ADDRESS = "127.0.0.1:8081"
TOKEN_FILE = Path("var/zool/admin.token")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `zool acs` understands."""
    acts = parser.add_subparsers(dest="act", required=True, metavar="ACT")
    words = "print events as they come, until Ctrl-C; goes on after the server was away"
    watch = acts.add_parser("watch", help=words, description=words)
    watch.add_argument("--address", default=ADDRESS, help="host:port of the gRPC stream (default: %(default)s)")
    watch.add_argument("--token-file", type=Path, default=TOKEN_FILE, help="file with a token (default: %(default)s)")
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
    watch.add_argument("--tls", action="store_true", help="speak TLS, trusting the certificates of this system")
    watch.add_argument(
        "--ca-file", type=Path, metavar="FILE", help="speak TLS, trusting the certificates in FILE (PEM)"
    )
    watch.add_argument("--plaintext", action="store_true", help="send the token without TLS beyond this machine")


def run(args: argparse.Namespace) -> int:
    """Watch until Ctrl-C; 1 when the server refuses, or nobody reads the output any more."""
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


def _target(args: argparse.Namespace) -> Target:
    scheme, found, rest = args.address.rpartition("://")
    tls = args.tls or args.ca_file is not None or (bool(found) and scheme == "grpcs")
    if not (tls or args.plaintext or is_loopback(rest)):
        raise PlaintextRefused(rest)
    try:
        token = args.token_file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise FileUnusable(args.token_file, f"can't be read: {error}") from None
    return Target(address=rest, token=token, tls=tls, ca_file=args.ca_file)


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
    print(f"zool acs watch: {line}", file=sys.stderr, flush=True)

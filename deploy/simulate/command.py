"""Edge: `zool simulate`, the command. Reads its arguments and the environment, prints, serves until it is stopped."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from pathlib import Path

import msgspec

from deploy.simulate.auth import Credentials
from deploy.simulate.errors import PasswordMissingError, SimulateError
from deploy.simulate.faults import KINDS, read
from deploy.simulate.server import CameraServer, CameraStatus, ServerSettings, Source

DEFAULT_PORT = 8554
_EXIT_USAGE = 2
_ENDED_POLL_S = 1.0


class Announcement(msgspec.Struct, frozen=True, kw_only=True):
    """The line of `--json` for one camera. `started_at`: Unix time in seconds of picture 0 of loop 0."""

    name: str
    url: str
    started_at: float
    duration_s: float
    fps: float
    width: int
    height: int
    codec: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `zool simulate` understands."""
    parser.description = (
        "Serve video files over RTSP as live cameras, without re-encoding (H.264 and H.265; TCP and UDP)."
    )
    parser.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="video file; its camera is /<file name without suffix>"
    )
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: %(default)s, this machine only)"
    )
    parser.add_argument(
        "--port", type=_port, default=DEFAULT_PORT, help="RTSP port, 0 for any free one (default: %(default)s)"
    )
    parser.add_argument(
        "--copies", type=_positive, default=1, metavar="N", help="cameras per file: /<name>-1 … /<name>-N"
    )
    parser.add_argument(
        "--loop", action="store_true", help="start again at the end; without it a camera ends with its file"
    )
    parser.add_argument(
        "--spread", action="store_true", help="with --loop: cameras begin spread over their clips, not all at the start"
    )
    parser.add_argument(
        "--user", default="", help="ask clients for this user (Digest); the password comes from --password-env"
    )
    parser.add_argument(
        "--password-env", default="", metavar="VAR", help="environment variable that holds the password"
    )
    parser.add_argument(
        "--fault", action="append", default=[], dest="faults", metavar="[CAMERA:]KIND[=VALUE][@START[+DURATION]]",
        help=f"what is wrong, and when (seconds from the start); more than once. Kinds: {', '.join(KINDS)}",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print one line of JSON per camera instead of the table")


def run(args: argparse.Namespace) -> int:
    """Serve until Ctrl-C, SIGTERM, or the end of the last camera; 2 if that cannot begin."""
    try:
        settings = ServerSettings(
            loop=args.loop,
            spread=args.loop and args.spread,
            credentials=_credentials(args),
            faults=tuple(read(text) for text in args.faults),
        )
        sources = [Source(path=path, copies=args.copies) for path in args.files]
        asyncio.run(_serve(CameraServer(sources, host=args.host, port=args.port, settings=settings), as_json=args.json))
    except SimulateError as error:
        print(f"zool simulate: {error}", file=sys.stderr)
        return _EXIT_USAGE
    return 0


async def _serve(server: CameraServer, *, as_json: bool) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    async with server:
        for camera in server.status():
            print(_json_line(camera) if as_json else _line(camera), flush=True)
        if not as_json:
            print("Cameras are live; Ctrl-C stops. / Камеры в эфире; Ctrl-C — остановить.", flush=True)
        while not stopped.is_set() and not all(camera.ended and not camera.clients for camera in server.status()):
            await _wait(stopped, _ENDED_POLL_S)


async def _wait(stopped: asyncio.Event, timeout_s: float) -> None:
    try:
        await asyncio.wait_for(stopped.wait(), timeout_s)
    except TimeoutError:
        return


def _json_line(camera: CameraStatus) -> str:
    return msgspec.json.encode(msgspec.convert(camera, Announcement, from_attributes=True)).decode()


def _line(camera: CameraStatus) -> str:
    codec = {"h264": "H.264", "hevc": "H.265"}[camera.codec]
    return f"{camera.url}  {camera.width}×{camera.height} {camera.fps:g} fps {codec}, {camera.duration_s:.1f} s"


def _credentials(args: argparse.Namespace) -> Credentials | None:
    if not args.user:
        return None
    password = os.environ.get(args.password_env, "") if args.password_env else ""
    if not password:
        raise PasswordMissingError(args.password_env)
    return Credentials(user=args.user, password=password)


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{text} is no port; allowed: 0 to 65535")
    return port


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is no number of cameras; allowed: 1 and more")
    return number

"""`zool capacity`: what machine so many cameras need, or the model beside a measurement. Edge (files)."""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import get_args

import msgspec

from deploy.capacity.against import compared, site_of
from deploy.capacity.model import Activity, Codec, Need, Site, need
from deploy.errors import FileUnusable

SIZES = (10, 30, 100, 1000)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what it understands."""
    plain = Site(cameras=1)
    parser.add_argument("--cameras", type=int, nargs="+", default=list(SIZES), metavar="N", help="default: 10 to 1000")
    parser.add_argument("--codec", choices=get_args(Codec), default=plain.codec)
    parser.add_argument("--width", type=int, default=plain.width)
    parser.add_argument("--height", type=int, default=plain.height)
    parser.add_argument("--fps", type=float, default=plain.fps)
    parser.add_argument("--looks", type=float, default=plain.looks_per_s, help="looks a second and camera")
    parser.add_argument("--activity", choices=get_args(Activity), default=plain.activity)
    parser.add_argument("--passages", type=float, metavar="N", help="an hour and camera; default: by the activity")
    parser.add_argument("--bitrate", type=float, default=plain.bitrate_mbit_s, metavar="MBIT", help="of each stream")
    parser.add_argument("--photos-days", type=int, default=plain.photos_days)
    parser.add_argument("--looks-days", type=int, default=plain.looks_days)
    parser.add_argument("--card", action="store_true", help="looks run on a card: give --look-ms and --batch")
    parser.add_argument("--look-ms", type=float, default=plain.look_ms, help="of a look, or of a card's whole batch")
    parser.add_argument("--batch", type=int, default=plain.batch, help="looks that a card takes at once")
    parser.add_argument("--against", type=Path, metavar="FILE", help="what zool bench streams --json printed")
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")


def run(args: argparse.Namespace) -> int:
    """Print it."""
    if args.against is not None:
        return _against(args.against)
    sites = [
        Site(
            cameras=max(1, cameras),
            codec=args.codec,
            width=args.width,
            height=args.height,
            fps=args.fps,
            looks_per_s=args.looks,
            activity=args.activity,
            passages_per_hour=args.passages,
            bitrate_mbit_s=args.bitrate,
            photos_days=args.photos_days,
            looks_days=args.looks_days,
            look_ms=args.look_ms,
            batch=max(1, args.batch),
            on_card=args.card,
        )
        for cameras in args.cameras
    ]
    if args.json:
        print(json.dumps([msgspec.to_builtins(site) | msgspec.to_builtins(need(site)) for site in sites]))
    else:
        print(table(sites))
    return 0


def table(sites: list[Site]) -> str:
    """Markdown, a row for each size."""
    detector = "instances of a card" if sites and sites[0].on_card else "of these for the detector"
    head = (
        "cameras", "cores", detector, "looks a second", "wait before it, ms", "from cameras, Mbit/s",
        "into Triton, Mbit/s", "memory, GB", "rows a day, million", "disk, GB a camera-day", "disk kept, GB",
    )  # fmt: skip
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(_cells(site, need(site))) + " |" for site in sites]
    return "\n".join(lines)


def _cells(site: Site, found: Need) -> tuple[str, ...]:
    wait = "∞" if math.isinf(found.wait_ms) else f"{found.wait_ms:.0f}"
    return (
        str(site.cameras), str(max(1, math.ceil(found.cores))), str(found.servers), f"{found.looks_per_s:.0f}", wait,
        f"{found.streams_mbit_s:.0f}", f"{found.triton_mbit_s:.0f}", f"{found.memory_gb:.1f}",
        f"{found.rows_per_day / 1e6:.1f}", f"{found.disk_gb_per_camera_day:.2f}", f"{found.disk_gb:.0f}",
    )  # fmt: skip


def _against(path: Path) -> int:
    try:
        result = json.loads(path.read_bytes())
        rows, site = compared(result), site_of(result)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FileUnusable(path, f"is not what zool bench streams --json prints: {error}") from None
    print(f"{site.cameras} cameras, {site.activity}, {site.looked_per_s:.2f} looks a second reach the detector")
    print("| | model | measured | error |\n|---|---|---|---|")
    for row in rows:
        print(f"| {row.what} | {row.model:.1f} | {row.measured:.1f} | {100 * row.error:+.0f} % |")
    return 0

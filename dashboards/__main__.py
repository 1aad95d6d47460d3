"""`zool dashboards`, or `python -m dashboards`: writes the boards as JSON; draws a preview of one."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

BOARDS = Path(__file__).parent / "boards"


def main(argv: Sequence[str] | None = None) -> int:
    """Run; returns 0, 1 (it did not work) or 2 (asked in a way that can't work)."""
    parser = argparse.ArgumentParser(prog="zool dashboards", description="Grafana boards as code.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    build = commands.add_parser("build", help="write the boards as JSON")
    build.add_argument("--out", type=Path, default=BOARDS, help="folder to write into (default: %(default)s)")
    build.add_argument(
        "--zool-url", default="http://127.0.0.1:8080", help="where browsers find the console (default: %(default)s)"
    )
    args = parser.parse_args(argv)
    return _build(args)


def _build(args: argparse.Namespace) -> int:
    try:
        from dashboards.build import write  # noqa: PLC0415 - the builder is a development dependency
    except ModuleNotFoundError as error:
        sys.stderr.write(
            f"zool: {error.name} is missing: install the dependency group `boards` (uv sync --group boards)\n"
        )
        return 1
    for path in write(args.out, zool_url=args.zool_url):
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())

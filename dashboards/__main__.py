"""`zool dashboards`, or `python -m dashboards`: writes the boards as JSON, and the page of all metrics."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

BOARDS = Path(__file__).parent / "boards"
RULES = Path(__file__).parent / "alerts" / "zool.yaml"
METRICS = Path(__file__).parent / "METRICS.md"


def main(argv: Sequence[str] | None = None) -> int:
    """Run; returns 0, 1 (it did not work) or 2 (asked in a way that can't work)."""
    parser = argparse.ArgumentParser(prog="zool dashboards", description="Grafana boards as code.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    build = commands.add_parser("build", help="write the boards as JSON, and the alert rules")
    build.add_argument("--out", type=Path, default=BOARDS, help="folder to write into (default: %(default)s)")
    build.add_argument(
        "--zool-url", default="http://127.0.0.1:8080", help="where browsers find the console (default: %(default)s)"
    )
    listed = commands.add_parser("metrics", help="write METRICS.md: every metric and what to do when it moves")
    listed.add_argument("--out", type=Path, default=METRICS, help="file to write (default: %(default)s)")
    build.add_argument("--rules", type=Path, default=RULES, help="file of the alert rules (default: %(default)s)")
    build.add_argument(
        "--runbook-url", default="dashboards/RUNBOOK.md", help="address of RUNBOOK.md in alerts (default: %(default)s)"
    )
    asked = commands.add_parser("sql", help="print what the panels of a board ask ClickHouse, as JSON")
    asked.add_argument("--board", type=Path, default=BOARDS / "gate.en.json", help="its file (default: %(default)s)")
    asked.add_argument(
        "--days", type=float, default=1.0, help="of the chosen time, up to --until (default: %(default)s)"
    )
    asked.add_argument("--until", type=float, help="seconds since 1970 UTC (default: now)")
    args = parser.parse_args(argv)
    return {"sql": _sql, "metrics": _metrics, "build": _build}[args.command](args)


def _metrics(args: argparse.Namespace) -> int:
    from dashboards.metrics import page  # noqa: PLC0415 - each command loads its own

    args.out.write_text(page(), encoding="utf-8")
    print(args.out)
    return 0


def _sql(args: argparse.Namespace) -> int:
    """One object: title of the panel → its query, every variable at All."""
    from dashboards.preview.board import read_board, sql_targets  # noqa: PLC0415 - each command loads its own
    from dashboards.preview.macros import ALL, Chosen, Span, filled  # noqa: PLC0415

    until = datetime.fromtimestamp(args.until, UTC) if args.until else datetime.now(UTC)
    since = until - timedelta(days=args.days)
    board = read_board(args.board)
    span = Span(since=since, until=until, interval_s=max(60, round(args.days * 86_400 / 1000)))
    variables = {one["name"]: Chosen(values=(_stands_at(one, ALL),)) for one in board["templating"]["list"]}
    asked = {panel["title"]: filled(text, span, variables) for panel, text in sql_targets(board)}
    print(json.dumps(asked, ensure_ascii=False))
    return 0


def _stands_at(variable: dict[str, Any], everything: str) -> str:
    """The value of a fixed variable; All of a question."""
    return everything if variable["type"] == "query" else str(variable.get("current", {}).get("value", ""))


def _build(args: argparse.Namespace) -> int:
    try:
        from dashboards.build import rules, write  # noqa: PLC0415 - the builder is a development dependency
    except ModuleNotFoundError as error:
        sys.stderr.write(
            f"zool: {error.name} is missing: install the dependency group `boards` (uv sync --group boards)\n"
        )
        return 1
    for path in write(args.out, zool_url=args.zool_url):
        print(path)
    args.rules.write_text(rules(runbook_url=args.runbook_url), encoding="utf-8")
    print(args.rules)
    return 0


if __name__ == "__main__":
    sys.exit(main())

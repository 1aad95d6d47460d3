"""`python -m model_repository.defects --data DIR`: fit on the good pictures of surfaces and measure on the others."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from model_repository.defects import evaluate
from model_repository.defects.errors import ReportToolsMissing
from model_repository.defects.evaluate import SurfaceReport
from model_repository.errors import ModelError
from model_repository.evaluation.task import Figure


def main(argv: Sequence[str] | None = None) -> int:
    """Evaluate; returns the exit code (2: refused, with the reason on stderr)."""
    parser = argparse.ArgumentParser(prog="python -m model_repository.defects", description=evaluate.__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--plots", type=Path, metavar="DIR", help="also draw roc.png and maps.jpg (group report)")
    parser.add_argument("--title", default="", help="what stands over the plots")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    options = parser.parse_args(argv)
    try:
        return _run(options)
    except ModelError as error:
        print(f"zool models: {error}", file=sys.stderr)
        return 2


def _run(options: argparse.Namespace) -> int:
    folders = evaluate.surfaces(options.data)
    found = [evaluate.fit_and_measure(folder) for folder in folders]
    reports = [report for report, _ in found]
    if options.plots:
        try:
            from model_repository.defects import report as plots  # noqa: PLC0415 - only the group `report` has it
        except ModuleNotFoundError as error:
            raise ReportToolsMissing(error.name or str(error)) from error
        plots.roc(reports, options.plots / "roc.png", options.title)
        plots.maps(
            [(f, fit) for f, (_, fit) in zip(folders, found, strict=True)], options.plots / "maps.jpg", options.title
        )
    print(msgspec.json.encode({"surfaces": reports}).decode() if options.json else _table(reports))
    return 0


def _table(reports: list[SurfaceReport]) -> str:
    lines = [
        "| surface | flaw | AUC (95 %) | found at the limit | worst tile is on the flaw | pictures |",
        "|---|---|---|---|---|---|",
    ]
    for report in reports:
        for kind in report.kinds:
            where = _text(kind.located)
            lines.append(
                f"| {report.surface} | {kind.flaw} | {_text(kind.auc)} | {_text(kind.found)} | {where} "
                f"| {kind.found.n} |"
            )
        alarms = report.false_alarms
        lines.append(
            f"| {report.surface} | all | {_text(report.all_flaws)} | false alarms {_text(alarms)} | | {alarms.n} good |"
        )
    return "\n".join(lines)


def _text(figure: Figure) -> str:
    if figure.value is None or figure.low is None or figure.high is None:
        return "–"
    return f"{figure.value:.2f} ({figure.low:.2f}–{figure.high:.2f})"


if __name__ == "__main__":
    sys.exit(main())

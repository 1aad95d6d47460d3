"""`zool eval events`: the rules of every function over made-up scenes with known events. Edge (argv, standard output).

Rules
- What errs is made up, too: boxes are missed and shaken, tracks break, change owners and double, boxes stand where
  nothing is. So the figures are those of the rules, not of any model.
- Scenes are drawn so that what happens in them is beyond doubt: nobody stops on a rim or stays about as long as a
  limit.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from deploy.truth.noise import QUIET, Noise
from deploy.truth.suites import SUITES, Score, measure
from postprocess.functions.registry import load

TARGET = 0.99


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `zool eval` understands."""
    what = parser.add_subparsers(dest="what", required=True, metavar="WHAT")
    events = what.add_parser("events", help="precision and recall of the rules over made-up scenes")
    events.add_argument("--scenes", type=int, default=60, help="per suite (default: %(default)s)")
    events.add_argument("--seed", type=int, default=1000, help="of the first scene (default: %(default)s)")
    events.add_argument("--suite", action="append", choices=sorted(SUITES), help="only these; may be repeated")
    events.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Measure and print; 0 whatever the figures are."""
    functions, found = load(), dict[str, dict[str, Score]]()
    for name in args.suite or SUITES:
        if sys.stderr.isatty():
            print(f"{name} …", end="\r", file=sys.stderr, flush=True)
        seeds = range(args.seed, args.seed + args.scenes)
        found[name] = {
            "true boxes": measure(SUITES[name], functions, seeds, QUIET),
            "with errors": measure(SUITES[name], functions, seeds, Noise()),
        }
    print(json.dumps(as_json(found), ensure_ascii=False) if args.json else "\n".join(as_lines(found)))
    return 0


def as_json(found: dict[str, dict[str, Score]]) -> dict[str, Any]:
    """Sums of what was measured with errors, and every suite by itself."""
    total = sum((scores["with errors"] for scores in found.values()), Score(expected=0, matched=0, extra=0))
    return _figures(total) | {
        "per_kind": {name: {how: _figures(score) for how, score in scores.items()} for name, scores in found.items()}
    }


def _figures(score: Score) -> dict[str, Any]:
    return {
        "precision": round(score.precision, 4),
        "recall": round(score.recall, 4),
        "expected": score.expected,
        "matched": score.matched,
        "extra": score.extra,
    }


def as_lines(found: dict[str, dict[str, Score]]) -> list[str]:
    """A table; what lies below the target is marked."""
    lines = [f"{'suite':<18}{'boxes':<14}{'expected':>9}{'matched':>9}{'extra':>7}{'precision':>11}{'recall':>9}"]
    for name, scores in found.items():
        for how, score in scores.items():
            mark = "" if min(score.precision, score.recall) >= TARGET else f"  below {TARGET:g}"
            lines.append(
                f"{name:<18}{how:<14}{score.expected:>9}{score.matched:>9}{score.extra:>7}"
                f"{score.precision:>11.4f}{score.recall:>9.4f}{mark}"
            )
    return lines

"""`zool eval`: what events are worth, by three measures, and their tables in MODELS.md. Edge (argv, files, clock).

Rules
- `events` alone measures the rules: what errs is made up, too (boxes are missed and shaken, tracks break, change owners
  and double, boxes stand where nothing is). So these figures are those of the rules, not of any model.
- `events --chain` measures everything from pictures to events, on rendered clips that no model has learned from.
- `events --real` does the same on real clips, whose events people have counted (`real/*.json`).
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from deploy.errors import FileUnusable
from deploy.truth import figures
from deploy.truth.cases import Clip
from deploy.truth.figures import Measure, Measured, Row
from deploy.truth.noise import QUIET, Noise
from deploy.truth.suites import SUITES, T0_US, measure
from postprocess.functions.registry import Registry, load

REAL = Path(__file__).with_name("real")
RESULTS = Path(__file__).with_name("results")
TRIALS = Path("data/trials")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `zool eval` understands."""
    what = parser.add_subparsers(dest="what", required=True, metavar="WHAT")
    events = what.add_parser("events", help="precision and recall of events")
    how = events.add_mutually_exclusive_group()
    how.add_argument("--chain", action="store_true", help="the whole chain over rendered clips (group train)")
    how.add_argument("--real", action="store_true", help="the whole chain over real clips, see --data")
    events.add_argument("--scenes", type=int, default=60, help="of the rules, per suite (default: %(default)s)")
    events.add_argument("--seed", type=int, default=1000, help="of the first scene (default: %(default)s)")
    events.add_argument("--suite", action="append", choices=sorted(SUITES), help="only these; may be repeated")
    events.add_argument("--trials", type=Path, default=TRIALS, help="rendered clips (default: %(default)s)")
    events.add_argument("--variants", type=int, default=3, help="rendered clips of each situation (%(default)s)")
    events.add_argument("--clip", action="append", default=[], help="only these clips; may be repeated")
    events.add_argument("--data", type=Path, help="folder of the real clips")
    events.add_argument("--each", action="store_true", help="tell what was missed and what was too much, clip by clip")
    events.add_argument("--json", action="store_true", help="print one JSON object")
    events.add_argument("--keep", type=Path, metavar="DIR", help="keep what was measured, for `report`")
    events.add_argument("--data-dir", type=Path, default=Path(os.environ.get("ZOOL_DATA_DIR", "data")))
    report = what.add_parser("report", help="write the tables of events in MODELS.md from what was kept")
    report.add_argument("--out", type=Path, default=Path("MODELS.md"), help="default: %(default)s")


def run(args: argparse.Namespace) -> int:
    """Measure and print; 0 whatever the figures are. Raises `DeployError`."""
    if args.what == "report":
        args.out.write_text(figures.filled(args.out.read_text(encoding="utf-8"), kept(RESULTS)), encoding="utf-8")
        return 0
    functions = load()
    found = _clips(args, functions) if args.chain or args.real else _rules(args, functions)
    print(json.dumps(figures.as_json(found), ensure_ascii=False) if args.json else "\n".join(figures.as_lines(found)))
    if args.keep is not None:
        keep(args.keep, found)
    return 0


def _tell(line: str) -> None:
    if sys.stderr.isatty():
        print(f"\x1b[K{line} …", end="\r", file=sys.stderr, flush=True)


def _rules(args: argparse.Namespace, functions: Registry) -> Measured:
    rows: list[Row] = []
    seeds = range(args.seed, args.seed + args.scenes)
    for name in args.suite or SUITES:
        _tell(name)
        for how, noise in (("true boxes", QUIET), ("with errors", Noise())):
            rows.append(Row(kind=name, how=how, score=measure(SUITES[name], functions, seeds, noise)))
    on = f"{args.scenes} made-up scenes per suite, from seed {args.seed}"
    return _measured("rules", rows, on, "")


def _clips(args: argparse.Namespace, functions: Registry) -> Measured:
    from deploy.truth import trials  # noqa: PLC0415 - the rules alone need neither PyAV nor Triton

    clips = real(args.data, args.clip) if args.real else trials.rendered(args.trials, args.variants, args.clip)
    model, outcomes = trials.measure(clips, functions, args.data_dir, _tell)
    if args.each:
        for each in outcomes:
            _explain(each, lambda line: print(line, file=sys.stderr))
    rows = [
        Row(kind=each.case.name, how=Path(each.clip).stem if args.real else "", score=each.held.score)
        for each in outcomes
    ]
    weights = f"{model.name} ({model.sha256[:12]})"
    if args.real:
        return _measured("real", rows, f"{len(clips)} real clips", weights, " --real --data DIR")
    return _measured("chain", rows, f"{len(clips)} rendered clips", weights, f" --chain --variants {args.variants}")


def _measured(name: Measure, rows: list[Row], on: str, weights: str, words: str = "") -> Measured:
    return Measured(
        measure=name,
        weights=weights,
        rows=figures.by_kind(rows),
        date=dt.datetime.now(dt.UTC).date().isoformat(),
        command=f"zool eval events{words}",
        on=on,
    )


def real(folder: Path | None, only: list[str]) -> list[tuple[Path, Clip]]:
    """The real clips that somebody has counted; raises `FileUnusable` where the folder does not hold them."""
    if folder is None:
        raise FileUnusable(REAL, "names clips, but not where they lie: say so with --data DIR")
    clips = [msgspec.json.decode(path.read_bytes(), type=Clip) for path in sorted(REAL.glob("*.json"))]
    found = [(folder / clip.file, clip) for clip in clips if not only or clip.file in only]
    for file, _ in found:
        if not file.is_file():
            raise FileUnusable(file, "is not there: the clips are not part of the repository, say where they lie")
    return found


def _explain(outcome: object, tell: Callable[[str], None]) -> None:
    """What differs, a line each."""
    from deploy.truth.trials import Outcome  # noqa: PLC0415 - as above

    assert isinstance(outcome, Outcome)  # noqa: S101 - for the type checker
    head = f"{outcome.clip} {outcome.case.name}:"
    for one in outcome.held.missed:
        tell(f"{head} missed {one.kind} {one.direction} {'+'.join(one.missing)} at {one.at_s:.1f}-{one.until_s:.1f} s")
    for event in outcome.held.extra:
        at_s = (event.opened_at_us - T0_US) / 1e6
        tell(f"{head} extra {event.kind} {event.direction} {'+'.join(event.missing)} at {at_s:.1f} s, {event.track}")


def keep(folder: Path, found: Measured) -> None:
    """One file for each measure and detector."""
    folder.mkdir(parents=True, exist_ok=True)
    name = ".".join(word for word in (found.measure, found.weights.split(" ")[0]) if word)
    text = msgspec.json.format(msgspec.json.encode(found), indent=1)
    (folder / f"{name}.json").write_bytes(text + b"\n")


def kept(folder: Path) -> list[Measured]:
    """All that was kept."""
    return [msgspec.json.decode(path.read_bytes(), type=Measured) for path in sorted(folder.glob("*.json"))]

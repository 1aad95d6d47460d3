"""`zool models train --task`: a training as a job, in a process of its own. Edge (processes, files, clock).

    <data-dir>/models/jobs/<name>/   spec.json, progress.jsonl, checkpoint.npz, plots/, package/, report.json

The process is niced, its threads and memory are bounded, and it is told nothing but the path of its spec; what is
served is not touched. The trainer (`trainer`) teaches the last layers, by NumPy and ONNX Runtime alone.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from model_repository import registry, store
from model_repository.card import Weights
from model_repository.learning.contract import Epoch, JobReport, JobSpec
from model_repository.learning.errors import JobFailed, JobUnusable, PackageUnsuited

TRAINER = "model_repository.learning.trainer"
THREAD_NAMES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
SPEC_FILE, REPORT_FILE = "spec.json", "report.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `train --task` understands."""
    learns = [task.name for task in registry.TASKS if task.name in LEARNS]
    parser.add_argument("--task", required=True, choices=learns)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="written by export-dataset")
    parser.add_argument("--from", dest="base", default="", metavar="PACKAGE", help="default: the live weights")
    parser.add_argument("--name", default="", help="of the new weights; default: of the old ones with a number")
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--patience", type=int, default=8, help="epochs without a better figure (default: %(default)s)")
    parser.add_argument("--rate", type=float, default=0.02)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--nice", type=int, default=15)
    parser.add_argument("--memory-mb", type=int, default=0, help="limit of the process; 0 = none")
    parser.add_argument("--resume", action="store_true", help="go on with the job of that name")
    parser.add_argument("--json", action="store_true", help="print the report as one JSON object")
    default = Path(os.environ.get("ZOOL_DATA_DIR", "data"))
    parser.add_argument("--data-dir", type=Path, default=default, help="default: %(default)s")


LEARNS = frozenset({"detector"})
"""Tasks that a trainer here can go on with; those of the other starters begin anew (`zool models train NAME`)."""


def run(options: argparse.Namespace) -> int:
    """Start the job, show how it goes, print its report."""
    spec = spec_of(options)
    folder = Path(spec.out)
    report = finished(spec, folder, _shown if not options.json else lambda _: None)
    print(msgspec.json.encode(report).decode() if options.json else as_text(report))
    return 0


def finished(spec: JobSpec, folder: Path, tell: Callable[[Epoch], None]) -> JobReport:
    """Run the process of a job to its end. Raises JobFailed."""
    folder.mkdir(parents=True, exist_ok=True)
    written = folder / SPEC_FILE
    written.write_bytes(msgspec.json.format(msgspec.json.encode(spec), indent=1) + b"\n")
    environ = os.environ | dict.fromkeys(THREAD_NAMES, str(spec.threads))
    with (folder / "job.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", TRAINER, str(written)],
            env=environ, stdout=subprocess.PIPE, stderr=log, text=True,
        )  # fmt: skip
        assert process.stdout is not None  # noqa: S101 - asked for above
        with process, process.stdout as told:
            for line in told:
                if line.startswith("{"):
                    tell(msgspec.json.decode(line, type=Epoch))
    if process.returncode:
        words = (folder / "job.log").read_text("utf-8", errors="replace").strip().splitlines()
        raise JobFailed(folder, process.returncode, words[-1] if words else "")
    return msgspec.json.decode((folder / REPORT_FILE).read_bytes(), type=JobReport)


def spec_of(options: argparse.Namespace) -> JobSpec:
    """The spec that the options ask for. Raises JobUnusable, PackageUnsuited."""
    base = base_weights(options.task, options.base, options.data_dir)
    jobs = options.data_dir / "models" / "jobs"
    name = options.name or next_name(base.card.name, {path.name for path in jobs.glob("*")})
    folder = jobs / name
    if not store.SLOT_NAME.fullmatch(name):
        raise JobUnusable(folder, "its name has to be 1 to 40 of a-z, 0-9, _ and -, a letter or digit first")
    if folder.exists() and not options.resume:
        raise JobUnusable(folder, "there is a job of that name; `--resume` goes on with it, `--name` makes another")
    if options.resume and not (folder / SPEC_FILE).exists():
        raise JobUnusable(folder, "there is no job of that name to go on with")
    return JobSpec(
        task=options.task, data=str(options.data.resolve()), base=str(base.path.resolve()),
        out=str(folder.resolve()), name=name, epochs_max=options.epochs,
        patience=options.patience, rate=options.rate, seed=options.seed, threads=max(1, options.threads),
        nice=options.nice, memory_mb_max=options.memory_mb,
    )  # fmt: skip


def base_weights(task: str, name: str, data_directory: Path) -> Weights:
    """The weights of that name, else the live ones."""
    if not name:
        return store.deployed(task, data_directory)
    known = [weights for weights, _ in store.known(task, data_directory)]
    found = [weights for weights in known if weights.card.name == name]
    if not found:
        names = ", ".join(weights.card.name for weights in known)
        raise PackageUnsuited(name, f"there are no such weights for {task}; there are: {names}")
    return found[0]


def next_name(base: str, taken: set[str]) -> str:
    """`<base>-r<number>`, the next one that is free."""
    stem, dash, number = base.rpartition("-r")
    plain = stem if dash and number.isdecimal() else base
    free = next(n for n in range(1, len(taken) + 2) if f"{plain}-r{n}" not in taken)
    return f"{plain}-r{free}"


def as_text(report: JobReport) -> str:
    """For the terminal: the new weights beside those that they began with."""
    moved = report.after - report.before
    return "\n".join(
        [
            f"{report.name}, from {report.base.name} {report.base.version}, on {report.dataset[:12]}",
            f"  {report.figure:24} before {report.before:.4f}   after {report.after:.4f}   {moved:+.4f}",
            f"  best of {len(report.epochs) - 1} epochs: {report.best_epoch}; {report.stopped}",
            f"  {report.weights}",
            f"next: zool models deploy {report.name}" if moved > 0 else "no better than before: nothing to deploy",
        ]
    )


def _shown(epoch: Epoch) -> None:
    print(f"  epoch {epoch.epoch:3}  loss {epoch.loss:.4f}  val {epoch.val:.4f}  {epoch.seconds:.1f} s", flush=True)

"""`zool models deploy`, `rollback`, `history`, `clean`. Edge (argv)."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from model_repository import store, triton
from model_repository.errors import DataUnusable
from model_repository.learning import candidate, export, history, rollout
from model_repository.learning.control import Control
from model_repository.learning.gate import Bounds, Verdict
from model_repository.learning.shadow import Frame
from model_repository.learning.source import Source


def add_commands(commands: Any, with_common: Callable[[argparse.ArgumentParser, object], None]) -> None:
    """Declare the commands; `with_common` adds --data-dir."""
    command = commands.add_parser(
        "deploy", help="gate, shadow, switch, watch: a new version goes live, or says why not"
    )
    command.add_argument("name", help="of a job (`train --task`) or of imported weights")
    command.add_argument("--data", type=Path, required=True, metavar="DIR", help="the site's labelled set")
    command.add_argument("--looks", type=int, default=60, help="of the shadow run (default: %(default)s)")
    command.add_argument("--watch", type=float, default=300.0, metavar="SECONDS", help="default: %(default)s")
    command.add_argument("--gate-only", action="store_true", help="judge, and change nothing")
    command.add_argument("--pictures-min", type=int, default=Bounds().pictures_min, help="default: %(default)s")
    command.add_argument("--objects-min", type=int, default=Bounds().objects_min, help="default: %(default)s")
    command.add_argument("--api", default=export.API, metavar="URL", help="gives the live frames")
    command.add_argument("--token-file", type=Path, help="default: admin.token in the data directory")
    command.add_argument("--plaintext", action="store_true", help="send the token without TLS beyond this machine")
    with_common(command, deploy)

    with_common(commands.add_parser("rollback", help="make the version before the live one again, at once"), rollback)
    with_common(commands.add_parser("history", help="what went live, was refused, went back, and why"), told)
    command = commands.add_parser("clean", help="remove old versions that trainings made")
    command.add_argument("--keep", type=int, default=history.KEEP, help="that were live last (default: %(default)s)")
    with_common(command, clean)


def deploy(options: argparse.Namespace) -> int:
    """Raises CandidateUnknown, GateRefused, ControlRefused; 1 where the version went back."""
    weights = candidate.find(rollout.TASK, options.name, options.data_dir)
    bounds = Bounds(pictures_min=options.pictures_min, objects_min=options.objects_min)
    verdict = rollout.admit(weights, options.data, options.data_dir, bounds)
    print(as_text(verdict))
    if options.gate_only:
        return 0
    weights = rollout.kept(weights, options.data_dir)
    control = running(options.data_dir)
    if control is None:
        before = store.deployed(rollout.TASK, options.data_dir).card.name
        store.use(rollout.TASK, weights.card.name, options.data_dir)
        made = weights.card
        history.add(rollout.TASK, options.data_dir, "deployed", name=made.name, version=made.version,
                    sha256=made.sha256, before=before)  # fmt: skip
        print(f"no Triton runs on {options.data_dir}: {made.name} is served from its next start on, without a shadow")
        return 0
    plan = rollout.Plan(
        data_directory=options.data_dir, looks=options.looks, watch_s=options.watch, expected=verdict.expected
    )
    with control:
        reason = rollout.go_live(control, weights, _frames(options), plan)
    print(f"went back: {reason}" if reason else f"{weights.card.name} stays live")
    return 1 if reason else 0


def rollback(options: argparse.Namespace) -> int:
    """Raises NothingToRollBack, ControlRefused."""
    control = running(options.data_dir)
    if control is None:
        rollout.roll_back(options.data_dir, None)
        return 0
    with control:
        rollout.roll_back(options.data_dir, control)
    return 0


def told(options: argparse.Namespace) -> int:
    """The history of the detector."""
    for each in history.read(rollout.TASK, options.data_dir):
        why = f": {'; '.join(each.reasons)}" if each.reasons else ""
        print(f"{each.at}  {each.action:11} {each.name} {each.version} (before: {each.before or '-'}){why}")
    return 0


def clean(options: argparse.Namespace) -> int:
    """Remove what the rule says."""
    for name in history.clean(rollout.TASK, options.data_dir, options.keep):
        print(f"{name} is gone")
    return 0


def running(data_directory: Path) -> Control | None:
    """The control of the Triton that serves a data directory; None where none runs."""
    path = triton.control_file(data_directory / "triton")
    if not path.exists():
        return None
    control = Control(data_directory)
    with control:
        alive = control.answers()
    return control if alive else None


def as_text(verdict: Verdict) -> str:
    """For the terminal: both versions beside each other."""
    live, new = verdict.live, verdict.candidate
    both = f"{new.model.name} {new.model.version} beside {live.model.name} {live.model.version}"
    lines = [f"{both}, {verdict.pictures} pictures"]
    lines += [
        f"  {each.name:16} {_number(each.live)} → {_number(each.candidate)}  {each.difference:+.3f} "
        f"({each.low:+.3f} to {each.high:+.3f}), n {each.n}"
        for each in verdict.figures
    ]
    lines.append(f"  {'latency':16} {live.latency_ms:.1f} → {new.latency_ms:.1f} ms")
    lines.append(f"  {'memory':16} {live.memory_mb:.0f} → {new.memory_mb:.0f} MB")
    return "\n".join([*lines, *(f"  note: {each}" for each in verdict.notes)])


def _number(value: float | None) -> str:
    return "  -  " if value is None else f"{value:.3f}"


def _frames(options: argparse.Namespace) -> Iterator[Frame]:
    path = options.token_file or options.data_dir / "admin.token"
    try:
        token = path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise DataUnusable(path, "no token can be read there; name one with --token-file") from error
    return Source(options.api, token, plaintext=options.plaintext).frames()

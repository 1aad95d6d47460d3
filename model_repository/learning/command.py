"""Command lines of the learning loop, under `zool models`. Edge (argv)."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from model_repository.learning import deploy, export, job

WithCommon = Callable[[argparse.ArgumentParser, object], None]


def add_commands(commands: Any, with_common: WithCommon) -> None:
    """Declare them beside the others; `with_common` adds --data-dir."""
    command = commands.add_parser("export-dataset", help="what people said of events, as a data set with its origins")
    export.add_arguments(command)
    with_common(command, export.run)
    deploy.add_commands(commands, with_common)


def job_options(words: list[str]) -> argparse.Namespace:
    """What `train --task …` was told; without --task it is a starter that is trained."""
    parser = argparse.ArgumentParser(prog="zool models train", description="Go on from feedback, as a job.")
    job.add_arguments(parser)
    parser.set_defaults(command=job.run)
    return parser.parse_args(words)

"""`zool models build --target gpu` and `zool models plan`. Edge: looks for cards."""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path

from model_repository.gpu import devices, plans
from model_repository.gpu.errors import NoGpu
from model_repository.target import CPU, GPUS_MAX, Target


def add_target(command: argparse.ArgumentParser) -> None:
    """Options of `build`."""
    command.add_argument("--target", choices=["cpu", "gpu"], default="cpu")
    command.add_argument(
        "--gpus", type=gpus, default="auto", metavar="N", help="gpu: number of cards, 0 for ONNX Runtime"
    )
    command.add_argument("--instances", type=int, default=2, metavar="N", help="gpu: of each network on each card")
    command.add_argument("--batch", type=int, default=8, metavar="N", help="gpu: pictures per batch at most")


def target_of(options: argparse.Namespace) -> Target:
    """What was asked for. Raises NoGpu where the cards are to be counted and there are none."""
    if options.target == "cpu":
        return CPU
    number = options.gpus
    if number == "auto":
        number = len(devices.found())
        if not number:
            raise NoGpu
    return Target(name="gpu", gpus=number, instances=max(1, options.instances), batch=max(1, options.batch))


def gpus(text: str) -> int | str:
    """A number of cards, or auto."""
    if text == "auto":
        return text
    if not text.isdigit() or int(text) > GPUS_MAX:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of GPUs: give auto or 0 to {GPUS_MAX}")
    return int(text)


def add_plan(command: argparse.ArgumentParser) -> None:
    """Options of `plan`."""
    command.add_argument("--repository", type=Path, required=True, help="built with --target gpu")
    command.add_argument("--fp32", action="store_true", help="full precision instead of half")
    command.add_argument(
        "--check", action="store_true", help="build nothing; refuse plans that are not of this machine"
    )
    command.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Build the plans where they are served, or check them."""
    there = devices.found()
    plans.refuse_unfit(plans.gpus_of(options.repository), 0, there)
    engine = importlib.import_module("model_repository.gpu.engines").located()
    if options.check:
        plans.verify(options.repository, engine, there, fp16=not options.fp32)
        print(f"{options.repository}: every plan is of this machine")
        return 0
    built = plans.build(options.repository, engine, there, fp16=not options.fp32)
    print(f"{options.repository}: {', '.join(built) or 'every plan is up to date'}")
    return 0

"""Train the starter detector: `python -m model_repository.train.detector --data DIR --out DIR --minutes 25`.

Rules
- The budget is time, not epochs: learning rate and picture sizes follow the part of it that is spent, so that a busy
  machine gets fewer steps and still a finished training.
- State is written every CHECKPOINT_S and at the end, under its name only when whole; `--resume` goes on from there.
- What is exported is the moving average of the weights.
"""

from __future__ import annotations

import argparse
import copy
import math
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from model_repository.train import detector_eval
from model_repository.train.detector_assign import Truth
from model_repository.train.detector_export import NAME, export, write_card
from model_repository.train.detector_feed import Batch, Feed, feeding
from model_repository.train.detector_frames import read
from model_repository.train.detector_loss import Losses, loss
from model_repository.train.detector_network import Detector, Exported

DATA = Path(".work/data/detector")
STATE = Path(".work/train/detector/state.pt")
RATE = 2e-3
RATE_END = 0.02
WARM_UP = 0.03
DECAY = 0.02
AVERAGE = 0.999
GRADIENT_MAX = 10.0
CHECKPOINT_S = 90.0
REPORT_STEPS = 100


class Training(NamedTuple):
    """Everything that changes while training."""

    detector: Detector
    average: Detector
    optimiser: torch.optim.Optimizer


def rate_at(progress: float) -> float:
    """Part of the full learning rate at a progress of 0..1: a short ramp, then a cosine."""
    if progress < WARM_UP:
        return max(progress / WARM_UP, 0.05)
    turn = min((progress - WARM_UP) / (1 - WARM_UP), 1.0)
    return RATE_END + (1 - RATE_END) * (1 + math.cos(math.pi * turn)) / 2


def fresh(rate: float) -> Training:
    """An untrained detector with its optimiser; weights of convolutions decay, biases and norms do not."""
    detector = Detector().to(memory_format=torch.channels_last)
    decayed = [each for each in detector.parameters() if each.ndim > 1]
    others = [each for each in detector.parameters() if each.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": DECAY}, {"params": others, "weight_decay": 0.0}]
    average = copy.deepcopy(detector).eval()
    average.requires_grad_(requires_grad=False)
    return Training(detector, average, torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.99), fused=True))


def tensors(batch: Batch) -> tuple[Tensor, Truth]:
    """A batch as torch wants it: pictures [N, 3, H, W] in 0..1, channels last."""
    pictures = torch.from_numpy(batch.pictures).permute(0, 3, 1, 2).float().div_(255)
    truth = Truth(torch.from_numpy(batch.boxes), torch.from_numpy(batch.classes), torch.from_numpy(batch.present))
    return pictures.contiguous(memory_format=torch.channels_last), truth


def step(training: Training, batch: Batch, rate: float, count: int) -> Losses:
    """One step of the optimiser and of the moving average."""
    pictures, truth = tensors(batch)
    with torch.autocast("cpu", torch.bfloat16):
        answers = training.detector(pictures)
    parts = loss(answers, truth)
    training.optimiser.zero_grad(set_to_none=True)
    parts.total.backward()
    nn.utils.clip_grad_norm_(training.detector.parameters(), GRADIENT_MAX)
    for group in training.optimiser.param_groups:
        group["lr"] = rate
    training.optimiser.step()
    follow(training.average, training.detector, min(AVERAGE, (1 + count) / (10 + count)))
    return Losses(*(part.detach() for part in parts))


@torch.no_grad()
def follow(average: nn.Module, now: nn.Module, keep: float) -> None:
    """Move the average towards the present weights; counters are copied."""
    for mine, theirs in zip(average.state_dict().values(), now.state_dict().values(), strict=True):
        if mine.is_floating_point():
            mine.lerp_(theirs, 1 - keep)
        else:
            mine.copy_(theirs)


def save(path: Path, training: Training, count: int, spent_s: float) -> None:
    """Write the state so that it is whole or not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    state = {
        "detector": training.detector.state_dict(),
        "average": training.average.state_dict(),
        "optimiser": training.optimiser.state_dict(),
        "count": count,
        "spent_s": spent_s,
    }
    torch.save(state, part)
    part.replace(path)


def load(path: Path, training: Training) -> tuple[int, float]:
    """Take up a written state: steps done, seconds spent."""
    state: dict[str, Any] = torch.load(path, weights_only=True)
    training.detector.load_state_dict(state["detector"])
    training.average.load_state_dict(state["average"])
    training.optimiser.load_state_dict(state["optimiser"])
    return int(state["count"]), float(state["spent_s"])


def warm_start(path: Path, training: Training) -> None:
    """Begin from the averaged weights of another training."""
    weights = torch.load(path, weights_only=True)["average"]
    training.detector.load_state_dict(weights)
    training.average.load_state_dict(weights)


def fit(training: Training, feed: Feed, asked: argparse.Namespace, count: int, spent_s: float) -> tuple[int, float]:
    """Train until the budget is spent; returns steps and seconds."""
    budget_s, began, saved = asked.minutes * 60.0, time.monotonic() - spent_s, time.monotonic()
    seen = 0
    while (spent_s := time.monotonic() - began) < budget_s:
        progress = spent_s / budget_s
        feed.progress.value = asked.begin + (1 - asked.begin) * progress
        batch = feed.take()
        parts = step(training, batch, asked.rate * rate_at(progress), count)
        count, seen = count + 1, seen + len(batch.pictures)
        if not math.isfinite(float(parts.total)):
            raise FloatingPointError(f"the loss is {float(parts.total)} at step {count}: lower --rate")
        if count % REPORT_STEPS == 0 or count == 1:
            words = " ".join(f"{name} {float(part):.3f}" for name, part in parts._asdict().items())
            left = (budget_s - spent_s) / 60
            print(f"step {count} {words} | {seen} pictures | {left:.1f} min left", flush=True)
        if time.monotonic() - saved > CHECKPOINT_S:
            save(asked.state, training, count, spent_s)
            saved = time.monotonic()
    save(asked.state, training, count, spent_s)
    return count, spent_s


def deliver(training: Training, asked: argparse.Namespace, count: int, command: str) -> None:
    """Evaluate the average, export it, write its card."""
    network = Exported(training.average.eval())

    def ask(pictures: detector_eval.Floats) -> detector_eval.Floats:
        with torch.no_grad():
            return network(torch.from_numpy(pictures)).numpy()

    held_out = read(asked.data, validation=True)
    figures = detector_eval.figures(detector_eval.evaluate(ask, held_out)) if len(held_out) else {}
    asked.out.mkdir(parents=True, exist_ok=True)
    path = asked.out / f"{NAME}.onnx"
    export(training.average, path)
    write_card(path, asked.version, figures | {"steps": count, "held_out_pictures": len(held_out)}, command)
    print(f"{path} ({path.stat().st_size / 1e6:.1f} MB) {figures}", flush=True)


def said(asked: argparse.Namespace) -> str:
    """The command for the card: what shapes the weights, without the paths of one machine."""
    words = f"--minutes {asked.minutes:g} --rate {asked.rate:g} --seed {asked.seed}"
    return f"python -m model_repository.train.detector --out model_repository/weights {words}" + (
        " --start STATE" if asked.start else ""
    )


def main(arguments: list[str]) -> int:
    """Train the starter detector on rendered pictures."""
    parser = argparse.ArgumentParser(prog="detector", description=main.__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="folder of shards (see detector_frames)")
    parser.add_argument("--out", type=Path, required=True, help="folder for the .onnx and its .json")
    parser.add_argument("--minutes", type=float, default=25.0)
    parser.add_argument("--resume", action="store_true", help="go on from --state")
    parser.add_argument("--start", type=Path, help="begin from the weights of this state")
    parser.add_argument("--begin", type=float, default=0.0, help="part of the picture sizes' schedule to leave out")
    parser.add_argument("--state", type=Path, default=STATE)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rate", type=float, default=RATE)
    parser.add_argument("--threads", type=int, default=1, help="more than one only on a quiet machine")
    parser.add_argument("--version", default="1")
    asked = parser.parse_args(arguments)
    torch.manual_seed(asked.seed)
    torch.set_num_threads(asked.threads)
    training, count, spent_s = fresh(asked.rate), 0, 0.0
    if asked.start:
        warm_start(asked.start, training)
    if asked.resume and asked.state.exists():
        count, spent_s = load(asked.state, training)
    with feeding(asked.data, asked.seed + count) as feed:
        count, _ = fit(training, feed, asked, count, spent_s)
    deliver(training, asked, count, said(asked))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

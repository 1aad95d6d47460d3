"""What every training run of this folder shares: time budget, progress, checkpoints, averaged weights, export, cards.

Only files under `model_repository/train` may import torch.
"""

import hashlib
import json
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec
import torch
from torch import nn

_GAP_S_MAX: Final = 60.0
WORK_DIR: Final = Path(".work") / "train"
"""Checkpoints live inside the working tree, ignored by git."""


class Budget:
    """How much training time there is, and how much of it earlier runs of the same checkpoint have used.

    A process that was stopped for a while, or a machine that slept, has not trained: of a longer gap between two looks
    only `_GAP_S_MAX` counts.
    """

    def __init__(self, minutes: float, used_s: float = 0.0) -> None:
        """Start counting now."""
        self._total_s = minutes * 60
        self._used_s = used_s
        self._seen_s = time.monotonic()

    @property
    def used_s(self) -> float:
        """Seconds of training so far."""
        now_s = time.monotonic()
        self._used_s += min(now_s - self._seen_s, _GAP_S_MAX)
        self._seen_s = now_s
        return self._used_s

    @property
    def part(self) -> float:
        """From 0 at the start to 1 at the end."""
        return min(1.0, self.used_s / self._total_s)

    @property
    def left_s(self) -> float:
        """Seconds left, never below zero."""
        return max(0.0, self._total_s - self.used_s)


def say(text: str) -> None:
    """Print one progress line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def progress(name: str, step: int, budget: Budget, **figures: float) -> None:
    """Print where training stands and when it ends."""
    shown = " ".join(f"{key} {value:.4g}" for key, value in figures.items())
    say(f"{name}: {budget.part:4.0%} step {step} {shown}, {budget.left_s / 60:.1f} min left")


def prepare_cpu(threads: int) -> None:
    """Cap torch's threads: the machine has other work too."""
    torch.set_num_threads(threads)
    torch.manual_seed(7)


class Averaged:
    """The running mean of a network's weights; steadier than the last step's."""

    def __init__(self, net: nn.Module, decay: float = 0.998) -> None:
        """Start from the present weights."""
        self._decay = decay
        self.state = {key: value.detach().clone().float() for key, value in net.state_dict().items()}

    def update(self, net: nn.Module, step: int) -> None:
        """Move a little towards the present weights, faster at the start."""
        rate = 1 - min(self._decay, (1 + step) / (20 + step))
        for key, value in net.state_dict().items():
            self.state[key].lerp_(value.detach().float(), rate)

    @contextmanager
    def applied(self, net: nn.Module) -> Iterator[None]:
        """Run a block with the averaged weights, then put the trained ones back."""
        kept = {key: value.detach().clone() for key, value in net.state_dict().items()}
        net.load_state_dict(self.state)
        net.eval()
        try:
            yield
        finally:
            net.load_state_dict(kept)
            net.train()


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write the checkpoint whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    partial.replace(path)


def load_checkpoint(path: Path) -> dict[str, Any] | None:
    """Return the last checkpoint, None when there is none."""
    if not path.exists():
        return None
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return state


def export_onnx(net: nn.Module, example: torch.Tensor, path: Path, names: tuple[str, str]) -> str:
    """Write a network of one output with a free batch dimension and return the file's SHA-256."""
    return export_onnx_outputs(net, example, path, names[0], names[1:])


def export_onnx_outputs(
    net: nn.Module, example: torch.Tensor, path: Path, source: str, targets: tuple[str, ...]
) -> str:
    """Write a network of any outputs with a free batch dimension and return the file's SHA-256."""
    path.parent.mkdir(parents=True, exist_ok=True)
    net.eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the older exporter needs no further package
        torch.onnx.export(
            net,
            (example,),
            str(path),
            input_names=[source],
            output_names=list(targets),
            dynamic_axes={name: {0: "n"} for name in (source, *targets)},
            opset_version=17,
            dynamo=False,
        )
    return hashlib.sha256(path.read_bytes()).hexdigest()


class TrainedCard(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in the JSON beside trained weights: a `card.WeightsCard` and what people want to know besides."""

    name: str
    task: str
    version: str
    input: dict[str, Any]
    output: dict[str, Any]
    starter: bool = True
    false_accepts: tuple[tuple[float, float], ...] = ()
    input_width: int = 0
    input_height: int = 0
    anchor: str = "top_left"
    fill: int = 114
    head: str = ""
    colour: str = ""
    subtract: float = 0.0
    divide: float = 255.0
    score_min: float = 0.0
    labels: list[str] = msgspec.field(default_factory=list)
    classes: list[str] = msgspec.field(default_factory=list)
    items: list[dict[str, Any]] = msgspec.field(default_factory=list)
    embedding_size: int = 0
    alphabet: str = ""
    licence: str = "Apache-2.0"
    trained_on: str = "rendered plates only (synthetic)"
    sha256: str = ""
    figures: dict[str, Any] = msgspec.field(default_factory=dict)
    command: str = ""


def write_card(path: Path, card: TrainedCard) -> None:
    """Write the card beside the weights."""
    path.write_text(json.dumps(msgspec.to_builtins(card), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")

"""Train the starter for equipment: python -m model_repository.train.ppe --out DIR --minutes N.

A small multi-label classifier of person crops. For each item it answers two probabilities, "worn" and "missing"; where
the crop does not show the head or the trunk both are low, which reads as "cannot tell".
"""

import argparse
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import torch
from torch import nn
from torch.nn import functional

from model_repository.scenes.portraits import Portrait
from model_repository.train.people_crops import cut
from model_repository.train.people_shards import load_portraits, portrait_shards
from model_repository.train.small import PEOPLE_DIR, Residual, conv, planes, rate_at, spoiled
from model_repository.train.trainer import (
    WORK_DIR,
    Averaged,
    Budget,
    TrainedCard,
    export_onnx,
    load_checkpoint,
    prepare_cpu,
    progress,
    save_checkpoint,
    say,
    write_card,
)

NAME: Final = "starter-ppe"
VERSION: Final = "1"
WIDTH, HEIGHT = 96, 192
CLASSES: Final = ("helmet", "NO-helmet", "vest", "NO-vest")
SCORE_MIN: Final = 0.6
BATCH: Final = 48
HEAD_SEEN, TORSO_SEEN = 0.45, 0.35
"""From this visible share on one can tell."""
HEAD_PX_MIN = 7.0
_PEAK: Final = 3e-3


class PpeNet(nn.Module):
    """RGB crops [n, 3, 192, 96] of 0 to 1 to logits [n, 4]."""

    def __init__(self) -> None:
        """Halve four times; where on the crop something is matters, so the last map is not averaged."""
        super().__init__()
        self.body = nn.Sequential(
            conv(3, 16, 3, 2), conv(16, 24, 3, 2), Residual(24), conv(24, 48, 3, 2), Residual(48), conv(48, 64, 3, 2),
            Residual(64), conv(64, 16, 1),
        )  # fmt: skip
        self.head = nn.Sequential(
            nn.Flatten(), nn.Dropout(0.2), nn.Linear(16 * 12 * 6, 64), nn.ReLU(), nn.Linear(64, len(CLASSES))
        )

    def forward(self, crops: torch.Tensor) -> torch.Tensor:
        """Logits of the four classes."""
        answer: torch.Tensor = self.head(self.body(crops))
        return answer


class Probabilities(nn.Module):
    """The network as it is shipped: with the sigmoid."""

    def __init__(self, net: PpeNet) -> None:
        """Wrap a trained network."""
        super().__init__()
        self.net = net

    def forward(self, crops: torch.Tensor) -> torch.Tensor:
        """Probabilities [n, 4]."""
        return torch.sigmoid(self.net(crops))


def sample(rng: np.random.Generator, portrait: Portrait, *, plain: bool = False) -> tuple[Any, np.ndarray]:
    """A crop and what should be said of it, float32 [4]."""
    crop = cut(rng, portrait, (WIDTH, HEIGHT), upper=0.25)
    head = portrait.head_seen >= HEAD_SEEN and portrait.head_px * crop.scale >= HEAD_PX_MIN
    torso = portrait.torso_seen >= TORSO_SEEN
    wanted = [
        head and portrait.helmet,
        head and not portrait.helmet,
        torso and portrait.vest,
        torso and not portrait.vest,
    ]
    image = crop.image if plain else spoiled(rng, crop.image)
    if not plain and rng.random() < 0.06:
        return _beheaded(rng, image), np.array([0, 0, *wanted[2:]], np.float32)
    return image, np.array(wanted, np.float32)


def _beheaded(rng: np.random.Generator, image: Any) -> Any:
    """The upper part of a crop covered by something: nobody can tell what is on the head."""
    out = image.copy()
    out[: int(HEIGHT * 0.24)] = rng.integers(0, 256, 3)
    return out


class Training:
    """One run: network, optimiser, data and clock."""

    def __init__(self, work: Path, minutes: float) -> None:
        """Take up the checkpoint in `work` when there is one."""
        self.checkpoint = work / f"{NAME}.pt"
        shards, held = portrait_shards(work / PEOPLE_DIR)
        self.people = [each for shard in shards for each in load_portraits(shard)]
        self.held = load_portraits(held)
        self.net = PpeNet().to(memory_format=torch.channels_last)
        self.optimiser = torch.optim.AdamW(self.net.parameters(), lr=_PEAK, weight_decay=0.02)
        self.averaged = Averaged(self.net, 0.995)
        self.step, used_s = 0, 0.0
        if state := load_checkpoint(self.checkpoint):
            self.net.load_state_dict(state["net"])
            self.averaged.state = state["averaged"]
            self.step, used_s = int(state["step"]), float(state["used_s"])
        self.rng = np.random.default_rng([82, self.step])
        self.budget = Budget(minutes, used_s)
        say(f"{NAME}: {len(self.people)} portraits")

    def run(self) -> None:
        """Train until the time is used."""
        losses: list[float] = []
        while self.budget.left_s > 0:
            losses.append(self._learn())
            self.step += 1
            self.averaged.update(self.net, self.step)
            if self.step % 20 == 0:
                progress(NAME, self.step, self.budget, loss=float(np.mean(losses)))
                losses.clear()
            if self.step % 200 == 0:
                progress(f"{NAME} held out", self.step, self.budget, **self.report())
                self.save()
        self.save()

    def _learn(self) -> float:
        rate = rate_at(self.budget.part, _PEAK)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        chosen = self.rng.integers(len(self.people), size=BATCH)
        pairs = [sample(self.rng, self.people[int(index)]) for index in chosen]
        with torch.autocast("cpu", torch.bfloat16):
            crops = planes([image for image, _ in pairs], 0.0, 255.0).to(memory_format=torch.channels_last)
            answer = self.net(crops)
        wanted = torch.from_numpy(np.stack([each for _, each in pairs]))
        loss = functional.binary_cross_entropy_with_logits(answer.float(), wanted)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.net.parameters(), 5.0)
        self.optimiser.step()
        return float(loss.detach())

    def report(self) -> dict[str, float]:
        """Measure the averaged weights on held-out people."""
        with self.averaged.applied(self.net):
            return measure(Probabilities(self.net), self.held)

    def save(self) -> None:
        """Write the checkpoint."""
        save_checkpoint(
            self.checkpoint,
            {"net": self.net.state_dict(), "averaged": self.averaged.state, "step": self.step,
             "used_s": self.budget.used_s},
        )  # fmt: skip


@torch.inference_mode()
def measure(net: nn.Module, people: list[Portrait]) -> dict[str, float]:
    """For each item: share of right decisions, of "cannot tell" where one could, and of decisions where one cannot."""
    rng = np.random.default_rng(7)
    pairs = [sample(rng, each, plain=True) for each in people]
    scores = np.concatenate([net(planes([image], 0.0, 255.0)).numpy() for image, _ in pairs])
    wanted = np.stack([each for _, each in pairs])
    figures = {}
    for column, item in ((0, "helmet"), (2, "vest")):
        both, true = scores[:, column : column + 2], wanted[:, column : column + 2]
        told, could = both.max(axis=1) >= SCORE_MIN, true.any(axis=1)
        right = both.argmax(axis=1) == true.argmax(axis=1)
        figures[f"{item}_right"] = round(float(right[told & could].mean()), 4)
        figures[f"{item}_untold"] = round(float((~told)[could].mean()), 4)
        figures[f"{item}_told_blindly"] = round(float(told[~could].mean()) if (~could).any() else 0.0, 4)
    return figures


def export(training: Training, out: Path, command: str) -> None:
    """Write weights and card."""
    figures: dict[str, Any] = {"rendered_held_out": training.report(), "held_out": len(training.held)}
    figures |= {"steps": training.step, "parameters": sum(each.numel() for each in training.net.parameters())}
    with training.averaged.applied(training.net):
        net = Probabilities(training.net).to(memory_format=torch.contiguous_format)
        sha256 = export_onnx(net, torch.zeros(2, 3, HEIGHT, WIDTH), out / f"{NAME}.onnx", ("crops", "classes"))
    items: list[dict[str, Any]] = [{"name": "helmet", "worn": [0], "missing": [1], "place": "head"},
             {"name": "vest", "worn": [2], "missing": [3], "place": "trunk"}]  # fmt: skip
    card = TrainedCard(
        name=NAME, task="ppe", version=VERSION, sha256=sha256, input_width=WIDTH, input_height=HEIGHT, head="labels",
        colour="rgb", score_min=SCORE_MIN, labels=[each["name"] for each in items], classes=list(CLASSES),
        items=items,
        trained_on=f"rendered people only (synthetic): {len(training.people)} pictures",
        input={"name": "crops", "shape": ["n", 3, HEIGHT, WIDTH], "letterbox": "top left, grey 114"},
        output={"name": "classes", "shape": ["n", len(CLASSES)], "what": "probability of each class"},
        figures=figures, command=command,
    )  # fmt: skip
    write_card(out / f"{NAME}.json", card)
    say(f"{NAME}: wrote {out / NAME}.onnx")


def main() -> None:
    """Train, then export."""
    parser = argparse.ArgumentParser(prog="python -m model_repository.train.ppe", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder of the ONNX file and its card")
    parser.add_argument("--minutes", type=float, default=12.0, help="training time, counted over resumed runs")
    parser.add_argument("--work", type=Path, default=WORK_DIR, help="folder of the checkpoint and of the shards")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    prepare_cpu(options.threads)
    cv2.setNumThreads(1)
    training = Training(options.work, options.minutes)
    training.run()
    export(training, options.out, f"python -m model_repository.train.ppe --out DIR --minutes {options.minutes:g}")


if __name__ == "__main__":
    main()

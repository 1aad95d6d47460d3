"""Train the starter plate reader on rendered plates: python -m model_repository.train.plate_ocr --out DIR --minutes N.

A CTC network of eight convolutions and a 1x1 output.  The strip's mean and deviation are taken inside the graph, so
it eats uint8. Training starts easy and gets harder; from scratch on hard pictures CTC does not take off.
"""

import argparse
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader

from model_repository.plates.grammar import ALPHABET
from model_repository.plates.rectify import BOX_MARGIN, CORNER_MARGIN, STRIP_H_PX, STRIP_W_PX
from model_repository.train.plate_ocr_data import BATCH, BLANK, PlateStrips, Sample, held_out, to_batch
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

NAME: Final = "starter-plate-ocr"
VERSION: Final = "1"
STEPS: Final = 47
_SEED: Final = 20
_PEAK_RATE: Final = 2.5e-3
_EASY_LEVEL: Final = 0.1
_LEVEL_RISE: Final = 1 / 900
_LOSS_TO_RISE: Final = 0.35


def _conv(
    source: int, target: int, kernel: tuple[int, int], stride: tuple[int, int] = (1, 1), **more: Any
) -> nn.Module:
    padding = more.get("padding", (kernel[0] // 2, kernel[1] // 2))
    conv = nn.Conv2d(source, target, kernel, stride, padding, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(target), nn.ReLU(inplace=True))


class PlateNet(nn.Module):
    """uint8 strips [n, 48, 188] to class scores [n, 47, 23]; the last class is the blank."""

    def __init__(self) -> None:
        """0.6 M parameters."""
        super().__init__()
        self.body = nn.Sequential(
            _conv(1, 32, (3, 3), (2, 2)),
            _conv(32, 48, (3, 3), (2, 1)),
            _conv(48, 48, (3, 3)),
            _conv(48, 96, (3, 3), (2, 2)),
            _conv(96, 96, (3, 3)),
            _conv(96, 128, (3, 3), (2, 1)),
            _conv(128, 128, (3, 3)),
            _conv(128, 128, (3, 3), padding=(0, 1)),
        )
        self.head = nn.Conv2d(128, BLANK + 1, 1)

    def forward(self, strips: torch.Tensor) -> torch.Tensor:
        """Score every class at every step."""
        x = strips.unsqueeze(1).float()
        centred = x - x.mean((1, 2, 3), keepdim=True)
        deviation = torch.sqrt((centred * centred).mean((1, 2, 3), keepdim=True) + 4.0)
        scores: torch.Tensor = self.head(self.body(centred / deviation))
        return scores.squeeze(2).transpose(1, 2)


class PlateReader(nn.Module):
    """The network as it is shipped: probabilities come out."""

    def __init__(self, net: PlateNet) -> None:
        """Wrap a trained network."""
        super().__init__()
        self.net = net

    def forward(self, strips: torch.Tensor) -> torch.Tensor:
        """uint8 [n, 48, 188] to probabilities float32 [n, 47, 23]."""
        return torch.softmax(self.net(strips), dim=2)


def next_level(level: float, loss: float) -> float:
    """Return the next step's difficulty: it rises only while the network can follow."""
    return min(1.0, level + _LEVEL_RISE) if loss < _LOSS_TO_RISE else level


def rate_at(part: float) -> float:
    """Return the learning rate: a short rise, then a cosine down."""
    if part < 0.02:
        return _PEAK_RATE * (0.1 + 0.9 * part / 0.02)
    return float(_PEAK_RATE * (0.5 + 0.5 * np.cos(np.pi * (part - 0.02) / 0.98)) + 1e-5)


def greedy(scores: torch.Tensor) -> list[str]:
    """Read the best class of every step, runs joined and blanks dropped."""
    texts = []
    for row in scores.argmax(2).tolist():
        kept = [cls for cls, before in zip(row, [BLANK, *row[:-1]], strict=True) if cls not in (before, BLANK)]
        texts.append("".join(ALPHABET[cls] for cls in kept))
    return texts


@torch.inference_mode()
def exact_share(net: nn.Module, samples: list[Sample]) -> float:
    """Return the share of strips whose greedy text is exactly right."""
    right = 0
    for start in range(0, len(samples), BATCH):
        part = samples[start : start + BATCH]
        texts = greedy(net(to_batch(part)[0]))
        right += sum(text == wanted for text, (_, wanted) in zip(texts, part, strict=True))
    return right / len(samples)


class Training:
    """One run: network, optimiser, data and clock."""

    def __init__(self, work: Path, minutes: float, workers: int) -> None:
        """Take up the checkpoint in `work` when there is one."""
        self.checkpoint = work / f"{NAME}.pt"
        self.net = PlateNet().to(memory_format=torch.channels_last)
        self.optimiser = torch.optim.AdamW(self.net.parameters(), lr=_PEAK_RATE, weight_decay=0.01)
        self.averaged = Averaged(self.net)
        self.step = 0
        used_s, level = 0.0, _EASY_LEVEL
        if state := load_checkpoint(self.checkpoint):
            self.net.load_state_dict(state["net"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.averaged.state = state["averaged"]
            self.step, used_s = int(state["step"]), float(state["used_s"])
            level = float(state["level"])
            say(f"{NAME}: resumed at step {self.step}, {used_s / 60:.1f} minutes in")
        self.level = torch.full((1,), level).share_memory_()
        strips = PlateStrips(_SEED + self.step, self.level)
        # Spawned, not forked: a child forked after the codec's and OpenCV's threads have run waits for ever.
        self.loader = DataLoader(
            strips, batch_size=None, num_workers=workers, prefetch_factor=4, multiprocessing_context="spawn"
        )
        self.validation = held_out(_SEED, 512)
        self.budget = Budget(minutes, used_s)

    def run(self) -> None:
        """Train until the time is used."""
        losses: list[float] = []
        for batch in self.loader:
            losses.append(self._learn(*batch))
            self.step += 1
            self.averaged.update(self.net, self.step)
            if self.step % 50 == 0:
                progress(NAME, self.step, self.budget, loss=float(np.mean(losses)), level=float(self.level[0]))
                losses.clear()
            if self.step % 500 == 0:
                self.report()
                self.save()
            if self.budget.left_s == 0:
                break
        self.save()

    def _learn(self, strips: torch.Tensor, labels: torch.Tensor, lengths: torch.Tensor) -> float:
        for group in self.optimiser.param_groups:
            group["lr"] = rate_at(self.budget.part)
        with torch.autocast("cpu", torch.bfloat16):
            scores = self.net(strips)
        logs = functional.log_softmax(scores.float(), dim=2).transpose(0, 1)
        steps = torch.full((len(strips),), STEPS, dtype=torch.int64)
        loss = functional.ctc_loss(logs, labels, steps, lengths, blank=BLANK, zero_infinity=True)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.net.parameters(), 2.0)
        self.optimiser.step()
        value = float(loss.detach())
        self.level[0] = next_level(float(self.level[0]), value)
        return value

    def report(self) -> dict[str, float]:
        """Measure the averaged weights on the held-out sets."""
        with self.averaged.applied(self.net):
            figures = {name: round(exact_share(self.net, samples), 4) for name, samples in self.validation.items()}
        progress(NAME, self.step, self.budget, **figures)
        return figures

    def save(self) -> None:
        """Write the checkpoint."""
        state = {
            "net": self.net.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "averaged": self.averaged.state,
            "step": self.step,
            "used_s": self.budget.used_s,
            "level": float(self.level[0]),
        }
        save_checkpoint(self.checkpoint, state)


def card_of(figures: dict[str, Any], sha256: str, command: str) -> TrainedCard:
    """Describe the weights and how to feed them."""
    return TrainedCard(
        name=NAME,
        task="plate_ocr",
        version=VERSION,
        sha256=sha256,
        alphabet=ALPHABET,
        input_width=STRIP_W_PX,
        input_height=STRIP_H_PX,
        head="ctc",
        colour="gray",
        input={
            "name": "strips",
            "dtype": "uint8",
            "shape": ["n", STRIP_H_PX, STRIP_W_PX],
            "colour": "gray",
            "normalisation": "inside the graph: each strip's own mean and deviation",
            "corner_margin": CORNER_MARGIN,
            "box_margin": BOX_MARGIN,
            "two_rows": "upper row on the left half, lower row on the right half (plates/rectify.py, rows=2)",
        },
        output={"name": "probs", "dtype": "float32", "shape": ["n", STEPS, BLANK + 1], "blank": BLANK, "decode": "ctc"},
        figures=figures,
        command=command,
    )


def export(training: Training, out: Path, command: str) -> None:
    """Write weights and card."""
    figures: dict[str, Any] = {"greedy_exact_rendered": training.report(), "steps": training.step}
    figures["parameters"] = sum(parameter.numel() for parameter in training.net.parameters())
    with training.averaged.applied(training.net):
        example = torch.zeros(2, STRIP_H_PX, STRIP_W_PX, dtype=torch.uint8)
        reader = PlateReader(training.net).to(memory_format=torch.contiguous_format)
        sha256 = export_onnx(reader, example, out / f"{NAME}.onnx", ("strips", "probs"))
    write_card(out / f"{NAME}.json", card_of(figures, sha256, command))
    say(f"{NAME}: wrote {out / NAME}.onnx")


def main() -> None:
    """Train, then export."""
    parser = argparse.ArgumentParser(prog="python -m model_repository.train.plate_ocr", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder of the ONNX file and its card")
    parser.add_argument("--minutes", type=float, default=20.0, help="training time, counted over resumed runs")
    parser.add_argument("--work", type=Path, default=WORK_DIR, help="folder of the checkpoint")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1, help="processes that render")
    options = parser.parse_args()
    prepare_cpu(options.threads)
    training = Training(options.work, options.minutes, options.workers)
    training.run()
    export(training, options.out, f"python -m model_repository.train.plate_ocr --out DIR --minutes {options.minutes:g}")


if __name__ == "__main__":
    main()

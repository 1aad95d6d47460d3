"""Train the starter plate reader on rendered plates: python -m model_repository.train.plate_ocr --out DIR --minutes N.

A CTC network of eight convolutions, a wide depthwise one, and two answers: characters per step, and whose plate it
looks like.  The strip's mean and deviation are taken inside the graph, so it eats uint8. Training starts easy and gets
harder. The renderer knows where each character stands; until CTC has taken off, the classes per step are taught too.
"""

import argparse
import copy
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader

from model_repository.plates.grammar import ALPHABET
from model_repository.plates.nations import REGIONS
from model_repository.plates.rectify import BOX_MARGIN, CORNER_MARGIN, STRIP_H_PX, STRIP_W_PX
from model_repository.train.plate_ocr_data import (
    BATCH,
    BLANK,
    IGNORED,
    Batch,
    PlateStrips,
    Ring,
    Sample,
    held_out,
    to_batch,
)
from model_repository.train.plate_pictures import STEPS
from model_repository.train.plate_start import take_over
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
VERSION: Final = "3"
_SEED: Final = 40
_PEAK_RATE: Final = 2e-3
_EASY_LEVEL: Final = 0.1
_START_LEVEL: Final = 0.3
"""Where training begins with an earlier reader's layers."""
_LEVEL_RISE: Final = 1 / 700
_LOSS_TO_RISE: Final = 0.6
_REUSE: Final = 2
_RING_BATCHES: Final = 256
_ROUND: Final = 2
_AVERAGE_DECAY: Final = 0.985
"""Of the running mean, per round."""
_FRAMES_SHARE: Final = 2.0
_TAUGHT_MIN: Final = 0.04
_FRAMES_FADE: Final = 400
_REGION_SHARE: Final = 0.15


def _conv(
    source: int, target: int, kernel: tuple[int, int], stride: tuple[int, int] = (1, 1), **more: Any
) -> nn.Module:
    padding = more.get("padding", (kernel[0] // 2, kernel[1] // 2))
    conv = nn.Conv2d(source, target, kernel, stride, padding, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(target), nn.ReLU(inplace=True))


class PlateNet(nn.Module):
    """uint8 strips [n, 48, 188] to scores of the classes [n, 47, 37], the last one the blank, and of regions [n, 7]."""

    def __init__(self) -> None:
        """0.6 M parameters; nothing is frozen."""
        super().__init__()
        self.frozen = 0
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
        self.around = nn.Sequential(
            nn.Conv2d(128, 128, (1, 9), padding=(0, 4), groups=128, bias=False), nn.BatchNorm2d(128)
        )
        self.whole = nn.Sequential(nn.Linear(128, 48), nn.ReLU(inplace=True))
        self.shift = nn.Linear(48, 128)
        self.region = nn.Linear(48, len(REGIONS))
        self.head = nn.Conv2d(128, BLANK + 1, 1)

    def train(self, mode: bool = True) -> "PlateNet":  # noqa: FBT001, FBT002 - torch's own signature
        """Frozen layers keep the statistics that they have."""
        super().train(mode)
        self.body[: self.frozen].eval()
        return self

    def freeze(self, layers: int) -> None:
        """Learn no more in the first layers: what they see (edges, strokes) is the same on all plates."""
        self.frozen = layers
        for parameter in self.body[:layers].parameters():
            parameter.requires_grad = False
        self.train()

    def forward(self, strips: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Score every class at every step, and every region."""
        x = strips.unsqueeze(1).float()
        centred = x - x.mean((1, 2, 3), keepdim=True)
        deviation = torch.sqrt((centred * centred).mean((1, 2, 3), keepdim=True) + 4.0)
        local = self.body(centred / deviation)
        whole = self.whole(local.mean((2, 3)))
        seen = torch.relu(local + self.around(local) + self.shift(whole)[:, :, None, None])
        scores: torch.Tensor = self.head(seen)
        return scores.squeeze(2).transpose(1, 2), self.region(whole)


class PlateReader(nn.Module):
    """The network as it is shipped: probabilities come out, in one tensor."""

    def __init__(self, net: PlateNet) -> None:
        """Wrap a trained network."""
        super().__init__()
        self.net = net

    def forward(self, strips: torch.Tensor) -> torch.Tensor:
        """uint8 [n, 48, 188] to probabilities float32 [n, 48, 37]: 47 steps, then the regions and zeros."""
        scores, regions = self.net(strips)
        last = functional.pad(torch.softmax(regions, dim=1), (0, BLANK + 1 - len(REGIONS)))
        return torch.cat([torch.softmax(scores, dim=2), last.unsqueeze(1)], dim=1)


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
def exact_share(net: nn.Module, samples: list[Sample]) -> tuple[float, float]:
    """Return the share of strips whose greedy text is exactly right, and of those whose region is."""
    right, placed = 0, 0
    for start in range(0, len(samples), BATCH):
        part = samples[start : start + BATCH]
        scores, regions = net(to_batch(part)[0])
        right += sum(text == wanted.text for text, wanted in zip(greedy(scores), part, strict=True))
        placed += sum(at == wanted.region for at, wanted in zip(regions.argmax(1).tolist(), part, strict=True))
    return right / max(1, len(samples)), placed / max(1, len(samples))


class Learner:
    """One copy of the network with its optimiser; it learns in a thread of its own."""

    def __init__(self, state: dict[str, Any] | None, ring: Ring, start: PlateNet, frozen: int) -> None:
        """Start from a checkpoint's state, or else from a network."""
        self.net = copy.deepcopy(start).to(memory_format=torch.channels_last)
        self.net.freeze(frozen)
        self.optimiser = torch.optim.AdamW(self.net.parameters(), lr=_PEAK_RATE, weight_decay=0.01)
        self.ring = ring
        if state:
            self.net.load_state_dict(state["net"])
            self.optimiser.load_state_dict(state["optimiser"])

    def learn(self, batches: list[Batch], rate: float, taught: float) -> list[float]:
        """Learn from each new batch and from as many old strips as `_REUSE` says; returns the reading losses."""
        torch.set_num_threads(1)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        losses = []
        for batch in batches:
            self.ring.add(batch)
            losses += [self._step(self.ring.mixed() if again else batch, taught) for again in range(_REUSE)]
        return losses

    def _step(self, batch: Batch, taught: float) -> float:
        strips, labels, lengths, places, frames = batch
        with torch.autocast("cpu", torch.bfloat16):
            scores, regions = self.net(strips)
        logs = functional.log_softmax(scores.float(), dim=2).transpose(0, 1)
        steps = torch.full((len(strips),), STEPS, dtype=torch.int64)
        read = functional.ctc_loss(logs, labels, steps, lengths, blank=BLANK, zero_infinity=True)
        placed = functional.cross_entropy(regions.float(), places, ignore_index=IGNORED)
        loss = read + _REGION_SHARE * placed
        if taught > _TAUGHT_MIN:
            each = functional.cross_entropy(scores.float().transpose(1, 2), frames, ignore_index=IGNORED)
            loss = loss + taught * each
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.net.parameters(), 2.0)
        self.optimiser.step()
        return float(read.detach())


def average_weights(nets: list[nn.Module]) -> None:
    """Put the mean of all copies into each."""
    states = [net.state_dict() for net in nets]
    with torch.no_grad():
        for name, first in states[0].items():
            if first.is_floating_point():
                mean = torch.stack([state[name] for state in states]).mean(0)
                for state in states:
                    state[name].copy_(mean)


class Training:
    """One run: copies of the network, data and clock.

    On a busy machine two threads inside one step wait for each other most of the time. So each thread has a copy of the
    network, learns `_ROUND` batches by itself, and then the copies' weights are averaged.
    """

    def __init__(self, options: argparse.Namespace) -> None:
        """Take up the checkpoint in `options.work` when there is one."""
        threads = options.threads
        self.checkpoint = options.work / f"{NAME}.pt"
        state = load_checkpoint(self.checkpoint)
        self.step = int(state["step"]) if state else 0
        used_s, level = (float(state["used_s"]), float(state["level"])) if state else (0.0, _EASY_LEVEL)
        start = PlateNet()
        if options.start and not state:
            level = _START_LEVEL
            take_over(start, options.start, [sample.strip for sample in held_out(_SEED + 1, 160)["stills_ru"]])
        rings = [Ring(_RING_BATCHES // threads, np.random.default_rng([_SEED, self.step, k])) for k in range(threads)]
        self.learners = [Learner(state, ring, start, options.frozen) for ring in rings]
        self.net = self.learners[0].net
        average_weights([learner.net for learner in self.learners])
        self.averaged = Averaged(self.net, _AVERAGE_DECAY)
        if state:
            self.averaged.state = state["averaged"]
            say(f"{NAME}: resumed at step {self.step}, {used_s / 60:.1f} minutes in")
        self.level = torch.full((1,), level).share_memory_()
        strips = PlateStrips(_SEED + self.step, self.level)
        # Spawned, not forked: a child forked after the codec's and OpenCV's threads have run waits for ever.
        self.loader = DataLoader(
            strips, batch_size=None, num_workers=options.workers, prefetch_factor=8, multiprocessing_context="spawn"
        )
        self.validation = held_out(_SEED, 500)
        self.budget = Budget(options.minutes, used_s)

    def run(self) -> None:
        """Train until the time is used."""
        batches = iter(self.loader)
        rounds = 0
        with ThreadPoolExecutor(len(self.learners)) as pool:
            while self.budget.left_s > 0:
                taught = _FRAMES_SHARE * float(np.exp(-self.step / _FRAMES_FADE))
                rate = rate_at(self.budget.part)
                running = [
                    pool.submit(learner.learn, [next(batches) for _ in range(_ROUND)], rate, taught)
                    for learner in self.learners
                ]
                losses = [loss for each in running for loss in each.result()]
                average_weights([learner.net for learner in self.learners])
                rounds += 1
                self._after(rounds, losses)
        self.save()

    def _after(self, rounds: int, losses: list[float]) -> None:
        self.step += _ROUND * _REUSE
        self.averaged.update(self.net, rounds)
        loss = float(np.mean(losses))
        for _ in losses[:: len(self.learners)]:
            self.level[0] = next_level(float(self.level[0]), loss)
        if rounds % 10 == 0:
            progress(NAME, self.step, self.budget, loss=loss, level=float(self.level[0]))
        if rounds % 50 == 0:
            self.report()
            self.save()

    def report(self) -> dict[str, float]:
        """Measure the averaged weights on the held-out sets."""
        figures: dict[str, float] = {}
        with self.averaged.applied(self.net):
            placed = []
            for name, samples in self.validation.items():
                share, place = exact_share(self.net, samples)
                figures[name] = round(share, 4)
                placed += [place] * len(samples)
        figures["region"] = round(float(np.mean(placed)), 4)
        progress(NAME, self.step, self.budget, **figures)
        return figures

    def save(self) -> None:
        """Write the checkpoint."""
        state = {
            "net": self.net.state_dict(),
            "optimiser": self.learners[0].optimiser.state_dict(),
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
        labels=list(REGIONS),
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
        output={
            "name": "probs",
            "dtype": "float32",
            "shape": ["n", STEPS + 1, BLANK + 1],
            "blank": BLANK,
            "decode": "ctc",
            "last_row": "whose plate it looks like: the probabilities of the labels, then zeros",
        },
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
    parser.add_argument("--threads", type=int, default=1, help="copies of the network that learn side by side")
    parser.add_argument("--workers", type=int, default=1, help="processes that render")
    parser.add_argument("--start", type=Path, help="an earlier reader's ONNX file, whose layers are taken over")
    parser.add_argument("--frozen", type=int, default=0, help="so many of the first layers are not trained")
    options = parser.parse_args()
    prepare_cpu(1)
    training = Training(options)
    training.run()
    export(training, options.out, f"python -m model_repository.train.plate_ocr --out DIR --minutes {options.minutes:g}")


if __name__ == "__main__":
    main()

"""Train the starter face finder: python -m model_repository.train.face_detector --out DIR --minutes N.

A small fully convolutional network over the person crop, one level of stride 8 in the format of SCRFD: for each cell a
score, the distances to the four sides and the five points.
"""

import argparse
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from model_repository import face_heads
from model_repository.scenes.portraits import Portrait
from model_repository.train.people_crops import Crop, boxes_of, cut
from model_repository.train.people_shards import load_portraits, portrait_shards
from model_repository.train.small import PEOPLE_DIR, conv, planes, rate_at, spoiled
from model_repository.train.trainer import (
    WORK_DIR,
    Averaged,
    Budget,
    TrainedCard,
    export_onnx_outputs,
    load_checkpoint,
    prepare_cpu,
    progress,
    save_checkpoint,
    say,
    write_card,
)

NAME: Final = "starter-face-detector"
VERSION: Final = "1"
SIDE, STRIDE = 448, 8
"""What is shipped takes crops of this side: at 320 the eyes of somebody shown from head to foot are 12 px apart, and
the points lie off by a fifth of that; at 448 by a sixth, and a tenth more of the faces of the office clip is found."""
LEARNED_SIDE, WINDOW = 320, 192
"""The network is convolutional: it learns on windows of smaller crops, more of them for the same work."""
BATCH: Final = 24
SCORE_MIN: Final = 0.5
UNIT: Final = 4.0
"""Distances and points leave the last layer in this many strides."""
FACE_PX = (14.0, 190.0)
"""Heights of faces that are learned; others are left out of the loss."""
_PEAK: Final = 3e-3
_SUBTRACT, _DIVIDE = 127.5, 128.0
Floats = npt.NDArray[np.float32]


class FinderNet(nn.Module):
    """RGB crops [n, 3, h, w] of −1 to 1 to [n, 15, h / 8, w / 8]: a score's logit, 4 distances, 10 offsets."""

    def __init__(self) -> None:
        """Fine features at stride 8, wide ones at stride 16, joined at stride 8."""
        super().__init__()
        self.stem = nn.Sequential(conv(3, 16, 5, 4), conv(16, 32, 3, 2), conv(32, 32))
        self.deep = nn.Sequential(
            conv(32, 48, 3, 2), conv(48, 48), conv(48, 48, 3, 1, 2), conv(48, 48, 3, 1, 4), conv(48, 32, 1)
        )
        self.join = nn.Sequential(conv(64, 48), conv(48, 48))
        self.head = nn.Conv2d(48, 15, 1)
        nn.init.constant_(self.head.bias[:1], -4.5)  # most cells are empty: start from that

    def forward(self, crops: torch.Tensor) -> torch.Tensor:
        """Answer for every cell."""
        near = self.stem(crops)
        far = functional.interpolate(self.deep(near), scale_factor=2.0, mode="nearest")
        answer: torch.Tensor = self.head(self.join(torch.cat([near, far], 1)))
        return answer


class Finder(nn.Module):
    """The network as it is shipped: score, distances and points [n, cells, 1, 4 and 10] in strides."""

    def __init__(self, net: FinderNet) -> None:
        """Wrap a trained network."""
        super().__init__()
        self.net = net

    def forward(self, crops: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """SCRFD's three outputs of one stride."""
        cells = self.net(crops).flatten(2).transpose(1, 2)
        return torch.sigmoid(cells[..., :1]), cells[..., 1:5] * UNIT, cells[..., 5:] * UNIT


def cell_corners(side: int) -> Floats:
    """Upper left corners of a square's cells in pixels, float32 [cells, 2], row by row: the anchors of SCRFD."""
    ys, xs = np.mgrid[0 : side // STRIDE, 0 : side // STRIDE]
    return (np.stack([xs, ys], -1).reshape(-1, 2) * STRIDE).astype(np.float32)


def targets(faces: Floats, side: int) -> tuple[Floats, Floats]:
    """What each cell should say: float32 [cells] (1 face, 0 none, −1 not asked), and 14 numbers [cells, 14]."""
    corners = cell_corners(side)
    wanted, numbers = np.zeros(len(corners), np.float32), np.zeros((len(corners), 14), np.float32)
    for points, box in zip(faces, boxes_of(faces), strict=True):
        size = np.maximum(box[2:] - box[:2], 4.0)
        away = np.abs(corners - (box[:2] + box[2:]) / 2) / size
        near = (away < 0.55).all(axis=1)
        if not FACE_PX[0] <= size[1] <= FACE_PX[1]:
            wanted[near] = -1
            continue
        middle = (away < 0.2).all(axis=1)
        # A small face may lie between the corners: the nearest cell always speaks.
        middle[np.argmin(np.linalg.norm(away, axis=1))] = True
        wanted[near & (wanted == 0)] = -1
        wanted[middle] = 1
        distances = np.concatenate([corners - box[:2], box[2:] - corners], axis=1)
        offsets = (points[None] - corners[:, None]).reshape(-1, 10)
        numbers[middle] = (np.concatenate([distances, offsets], axis=1) / (STRIDE * UNIT))[middle]
    return wanted, numbers


def window(rng: np.random.Generator, crop: Crop) -> tuple[Any, Floats]:
    """A square window of the crop, somewhere around a face where there is one, and the faces in its pixels."""
    x = y = 0
    room = LEARNED_SIDE - WINDOW
    if len(crop.faces) and rng.random() < 0.85:
        middle = crop.faces[0].mean(axis=0)
        x, y = np.clip(middle - rng.uniform(0.25, 0.75, 2) * WINDOW, 0, room).astype(int)
    else:
        x, y = (int(value) for value in rng.integers(0, room + 1, 2))
    faces = crop.faces - np.array([x, y], np.float32)
    inside = ((faces.mean(axis=1) > -WINDOW / 4) & (faces.mean(axis=1) < WINDOW * 1.25)).all(axis=1)
    return np.ascontiguousarray(crop.image[y : y + WINDOW, x : x + WINDOW]), faces[inside]


def loss_of(answer: torch.Tensor, wanted: torch.Tensor, numbers: torch.Tensor) -> torch.Tensor:
    """Focal loss of the scores (Lin et al., 2017) and smooth distance of the numbers."""
    cells = answer.float().flatten(2).transpose(1, 2)
    asked, positive = wanted >= 0, wanted > 0
    logits, truth = cells[..., 0], wanted.clamp(min=0)
    plain = functional.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    sure = torch.sigmoid(logits)
    off = torch.where(positive, 1 - sure, sure)
    weight = torch.where(positive, 0.75, 0.25)
    count = positive.sum().clamp(min=1)
    score = (plain * weight * off.pow(2) * asked).sum() / count
    if not positive.any():
        return score
    distance = functional.smooth_l1_loss(cells[..., 1:][positive], numbers[positive], beta=0.05)
    return score + 4 * distance


class Training:
    """One run: network, optimiser, data and clock."""

    def __init__(self, work: Path, minutes: float) -> None:
        """Take up the checkpoint in `work` when there is one."""
        self.checkpoint = work / f"{NAME}.pt"
        shards, held = portrait_shards(work / PEOPLE_DIR)
        self.people = [each for shard in shards for each in load_portraits(shard)]
        self.held = load_portraits(held)
        self.net = FinderNet().to(memory_format=torch.channels_last)
        self.optimiser = torch.optim.AdamW(self.net.parameters(), lr=_PEAK, weight_decay=0.01)
        self.averaged = Averaged(self.net, 0.995)
        self.step, used_s = 0, 0.0
        if state := load_checkpoint(self.checkpoint):
            self.net.load_state_dict(state["net"])
            self.averaged.state = state["averaged"]
            self.step, used_s = int(state["step"]), float(state["used_s"])
        self.rng = np.random.default_rng([83, self.step])
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

    def _sample(self) -> tuple[Any, Floats, Floats]:
        portrait = self.people[int(self.rng.integers(len(self.people)))]
        image, faces = window(self.rng, cut(self.rng, portrait, (LEARNED_SIDE, LEARNED_SIDE), upper=0.45))
        return spoiled(self.rng, image), *targets(faces, WINDOW)

    def _learn(self) -> float:
        rate = rate_at(self.budget.part, _PEAK)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        batch = [self._sample() for _ in range(BATCH)]
        with torch.autocast("cpu", torch.bfloat16):
            crops = planes([image for image, *_ in batch], _SUBTRACT, _DIVIDE).to(memory_format=torch.channels_last)
            answer = self.net(crops)
        wanted, numbers = (torch.from_numpy(np.stack([each[column] for each in batch])) for column in (1, 2))
        loss = loss_of(answer, wanted, numbers)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.net.parameters(), 5.0)
        self.optimiser.step()
        return float(loss.detach())

    def report(self) -> dict[str, float]:
        """Measure the averaged weights on held-out people."""
        with self.averaged.applied(self.net):
            return measure(Finder(self.net), self.held)

    def save(self) -> None:
        """Write the checkpoint."""
        save_checkpoint(
            self.checkpoint,
            {"net": self.net.state_dict(), "averaged": self.averaged.state, "step": self.step,
             "used_s": self.budget.used_s},
        )  # fmt: skip


@torch.inference_mode()
def measure(finder: nn.Module, people: list[Portrait]) -> dict[str, float]:
    """Faces of whole crops found with their points within a tenth of the face's height, and crops with a false one."""
    rng = np.random.default_rng(7)
    found = faces = false = empty = 0
    errors = []
    for portrait in people:
        crop = cut(rng, portrait, (SIDE, SIDE), upper=0.3)
        answers = [each.numpy() for each in finder(planes([crop.image], _SUBTRACT, _DIVIDE))]
        rows = face_heads.faces(answers, "scrfd", (SIDE, SIDE), SCORE_MIN)
        best = face_heads.own_face(rows, crop.used)
        if not portrait.own_face:
            empty += not portrait.faces
            false += not portrait.faces and best is not None
            continue
        box = boxes_of(crop.faces[:1])[0]
        if not FACE_PX[0] <= box[3] - box[1] <= FACE_PX[1]:
            continue
        faces += 1
        if best is not None:
            off = float(np.linalg.norm(rows[best, 5:].reshape(5, 2) - crop.faces[0], axis=1).mean() / (box[3] - box[1]))
            errors.append(off)
            found += off < 0.1
    return {
        "found": round(found / max(1, faces), 4),
        "false": round(false / max(1, empty), 4),
        "point_error": round(float(np.median(errors)) if errors else -1.0, 4),
    }


def export(training: Training, out: Path, command: str) -> None:
    """Write weights and card."""
    figures: dict[str, Any] = {"rendered_held_out": training.report(), "held_out": len(training.held)}
    figures |= {"steps": training.step, "parameters": sum(each.numel() for each in training.net.parameters())}
    with training.averaged.applied(training.net):
        finder = Finder(training.net).to(memory_format=torch.contiguous_format)
        names = ("score_8", "bbox_8", "kps_8")
        sha256 = export_onnx_outputs(finder, torch.zeros(2, 3, SIDE, SIDE), out / f"{NAME}.onnx", "crops", names)
    card = TrainedCard(
        name=NAME, task="face_detector", version=VERSION, sha256=sha256, input_width=SIDE, input_height=SIDE,
        head="scrfd", colour="rgb", subtract=_SUBTRACT, divide=_DIVIDE, score_min=SCORE_MIN, labels=["face"],
        trained_on=f"rendered people only (synthetic): {len(training.people)} pictures",
        input={"name": "crops", "dtype": "float32", "shape": ["n", 3, SIDE, SIDE], "letterbox": "top left, grey 114"},
        output={name: ["n", (SIDE // STRIDE) ** 2, wide] for name, wide in zip(names, (1, 4, 10), strict=True)},
        figures=figures, command=command,
    )  # fmt: skip
    write_card(out / f"{NAME}.json", card)
    say(f"{NAME}: wrote {out / NAME}.onnx")


def main() -> None:
    """Train, then export."""
    parser = argparse.ArgumentParser(prog="python -m model_repository.train.face_detector", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder of the ONNX file and its card")
    parser.add_argument("--minutes", type=float, default=15.0, help="training time, counted over resumed runs")
    parser.add_argument("--work", type=Path, default=WORK_DIR, help="folder of the checkpoint and of the shards")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    prepare_cpu(options.threads)
    cv2.setNumThreads(1)
    training = Training(options.work, options.minutes)
    training.run()
    export(
        training, options.out, f"python -m model_repository.train.face_detector --out DIR --minutes {options.minutes:g}"
    )


if __name__ == "__main__":
    main()

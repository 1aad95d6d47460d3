"""Train the starter plate corner finder: python -m model_repository.train.plate_corners --out DIR --minutes N.

A small fully convolutional network over the vehicle crop: for each cell of a stride-8 grid a score and four corners.
Decoding is part of the graph, so its answer is in pixels of the crop.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from model_repository.train.plate_crops import PLATE_CROP_PX, Crop, patchwork, scene_crops, with_plate
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

NAME: Final = "starter-plate-corners"
VERSION: Final = "1"
STRIDE: Final = 8
GRID: Final = PLATE_CROP_PX // STRIDE
UNIT_PX: Final = 48.0
"""Corner offsets leave the network in this unit."""
WINDOW_PX: Final = 208
"""The network is convolutional: it learns on windows of the crop, four times as many for the same work."""
BATCH: Final = 32
SCORE_MIN: Final = 0.5
_SEED: Final = 40
_PEAK_RATE: Final = 3e-3

Batch = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


def _conv(source: int, target: int, kernel: int, stride: int = 1, dilation: int = 1) -> nn.Module:
    padding = (kernel // 2) * dilation
    conv = nn.Conv2d(source, target, kernel, stride, padding, dilation, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(target), nn.ReLU(inplace=True))


class CornerNet(nn.Module):
    """uint8 BGR crops [n, 416, 416, 3] to raw answers [n, 9, 52, 52]: a score's logit and eight offsets."""

    def __init__(self) -> None:
        """Fine features at stride 8, wide ones at stride 16, joined at stride 8."""
        super().__init__()
        self.stem = nn.Sequential(_conv(3, 16, 5, 4), _conv(16, 32, 3, 2), _conv(32, 32, 3))
        self.deep = nn.Sequential(
            _conv(32, 64, 3, 2), _conv(64, 64, 3), _conv(64, 64, 3, 1, 2), _conv(64, 64, 3, 1, 4), _conv(64, 32, 1)
        )
        self.join = nn.Sequential(_conv(64, 48, 3), _conv(48, 48, 3))
        self.head = nn.Conv2d(48, 9, 1)
        nn.init.constant_(self.head.bias[:1], -5.0)  # most cells are empty: start from that

    def forward(self, crops: torch.Tensor) -> torch.Tensor:
        """Answer for every cell."""
        x = crops.permute(0, 3, 1, 2).float() * (1 / 128) - 1
        near = self.stem(x)
        far = functional.interpolate(self.deep(near), scale_factor=2.0, mode="nearest")
        answer: torch.Tensor = self.head(self.join(torch.cat([near, far], 1)))
        return answer


def cell_centres(side_px: int = PLATE_CROP_PX) -> npt.NDArray[np.float32]:
    """Return the centres of a square's cells in pixels, float32 [cells, 2], row by row."""
    ys, xs = np.mgrid[0 : side_px // STRIDE, 0 : side_px // STRIDE]
    return ((np.stack([xs, ys], -1).reshape(-1, 2) + 0.5) * STRIDE).astype(np.float32)


class CornerFinder(nn.Module):
    """The network as it is shipped: [n, 2704, 9], score 0 to 1 and x1, y1 to x4, y4 in pixels of the crop."""

    def __init__(self, net: CornerNet) -> None:
        """Wrap a trained network."""
        super().__init__()
        self.net = net
        self.register_buffer("centres", torch.from_numpy(np.tile(cell_centres(), (1, 4))), persistent=False)

    def forward(self, crops: torch.Tensor) -> torch.Tensor:
        """Decode every cell."""
        cells = self.net(crops).flatten(2).transpose(1, 2)
        return torch.cat([torch.sigmoid(cells[..., :1]), cells[..., 1:] * UNIT_PX + self.centres], 2)


def target_of(crop: Crop) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return what each cell should say: float32 [cells] (1 plate, 0 none, -1 not asked) and the quad, float32 [8].

    Cells in the middle of the plate say it, those around them are not asked.
    """
    centres = cell_centres(crop.image.shape[0])
    wanted = np.zeros(len(centres), np.float32)
    if crop.quad is None:
        return wanted - float(crop.vague), np.zeros(8, np.float32)
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    matrix = cv2.getPerspectiveTransform(crop.quad, corners)
    away = np.abs(cv2.perspectiveTransform(centres[None], matrix)[0] - 0.5)
    wanted[(away[:, 0] < 0.55) & (away[:, 1] < 0.8)] = -1
    wanted[(away[:, 0] < 0.22) & (away[:, 1] < 0.4)] = 1
    # A flat plate may pass between the centres: the nearest cell always speaks.
    wanted[np.argmin(np.linalg.norm(centres - crop.quad.mean(axis=0), axis=1))] = 1
    return wanted, crop.quad.reshape(8)


def stack(crops: list[Crop]) -> Batch:
    """Stack crops to uint8 [n, side, side, 3], targets to [n, cells] and quads to [n, 8]."""
    targets = [target_of(crop) for crop in crops]
    images = torch.from_numpy(np.stack([crop.image for crop in crops]))
    return (
        images,
        torch.from_numpy(np.stack([t[0] for t in targets])),
        torch.from_numpy(np.stack([t[1] for t in targets])),
    )


def shaken(rng: np.random.Generator, crop: Crop) -> Crop:
    """Change light and place of a kept crop: every pass shows another picture."""
    gain, offset = float(rng.uniform(0.55, 1.3)), float(rng.uniform(-25, 25))
    image = crop.image
    if rng.random() < 0.8:
        image = np.asarray(cv2.convertScaleAbs(image, alpha=gain, beta=offset), np.uint8)
    zoom, turn = float(rng.uniform(0.6, 1.35)), float(np.clip(rng.normal(0, 4), -12, 12))
    matrix = cv2.getRotationMatrix2D((PLATE_CROP_PX / 2, PLATE_CROP_PX / 2), turn, zoom)
    matrix[:, 2] += rng.uniform(-50, 50, 2)
    size = (PLATE_CROP_PX, PLATE_CROP_PX)
    warped = cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR, borderValue=(114, 114, 114))
    image = np.asarray(warped, np.uint8)
    if rng.random() < 0.4:
        _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.uniform(25, 90))])
        image = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    if crop.quad is None:
        return Crop(image=image, quad=None, vague=crop.vague)
    quad = (crop.quad @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)
    width_px = float(np.linalg.norm(quad[1] - quad[0]))
    if quad.min() < 0 or quad.max() > PLATE_CROP_PX or width_px < 20:
        return Crop(image=image, quad=None, vague=True)
    return Crop(image=image, quad=quad)


def window(rng: np.random.Generator, crop: Crop) -> Crop:
    """Cut a window of `WINDOW_PX` that holds the plate whole, where there is one and it fits."""
    side = WINDOW_PX
    low, high = np.zeros(2), np.full(2, PLATE_CROP_PX - side, float)
    quad = crop.quad
    if quad is not None:
        low = np.maximum(low, quad.max(axis=0) + 2 - side)
        high = np.minimum(high, quad.min(axis=0) - 2)
    if np.any(high < low):
        return window(rng, Crop(image=crop.image, quad=None, vague=True))
    x, y = (int(value) for value in np.ceil(low + rng.random(2) * np.floor(high - low)))
    image = np.ascontiguousarray(crop.image[y : y + side, x : x + side])
    return Crop(image=image, quad=None if quad is None else (quad - [x, y]).astype(np.float32), vague=crop.vague)


class Crops(IterableDataset[Any]):
    """Batches without end: scenes and patchwork."""

    def __init__(self, seed: int, kept: list[Crop]) -> None:
        """`kept` are the crops of rendered scenes."""
        self._seed = seed
        self._kept = kept

    def __iter__(self) -> Iterator[Batch]:
        """Yield batches of windows."""
        cv2.setNumThreads(1)
        torch.set_num_threads(1)
        info = get_worker_info()
        rng = np.random.default_rng([self._seed, info.id if info else 0])
        bare = [crop for crop in self._kept if crop.quad is None and not crop.vague]
        seen = [crop for crop in self._kept if crop.quad is not None]
        while True:
            yield stack([window(rng, _drawn(rng, seen, bare)) for _ in range(BATCH)])


def _drawn(rng: np.random.Generator, seen: list[Crop], bare: list[Crop]) -> Crop:
    """A vehicle of a scene with its plate, one with a plate stuck on or with none, or a patchwork one."""
    pick = rng.random()
    if pick < 0.2 or not seen or not bare:
        return patchwork(rng)
    if pick < 0.55:
        return shaken(rng, seen[int(rng.integers(len(seen)))])
    crop = bare[int(rng.integers(len(bare)))]
    return shaken(rng, crop if pick < 0.65 else with_plate(rng, crop.image))


def kept_crops(path: Path, seed: int, count: int) -> list[Crop]:
    """Return the crops of `count` scenes, rendered once and then read from `path`."""
    if not path.exists():
        say(f"{NAME}: rendering {count} scenes")
        crops = list(scene_crops(seed, count))
        quads = np.array([np.zeros((4, 2), np.float32) if crop.quad is None else crop.quad for crop in crops])
        path.parent.mkdir(parents=True, exist_ok=True)
        state = np.array([2 if crop.quad is not None else int(crop.vague) for crop in crops])
        np.savez_compressed(path, images=np.stack([crop.image for crop in crops]), quads=quads, state=state)
    return loaded(path)


def loaded(path: Path) -> list[Crop]:
    """Crops as `plate_sites` and this file keep them."""
    data = np.load(path)
    return [
        Crop(image=image, quad=quad if state == 2 else None, vague=state == 1)
        for image, quad, state in zip(data["images"], data["quads"], data["state"], strict=True)
    ]


def loss_of(answer: torch.Tensor, wanted: torch.Tensor, quads: torch.Tensor, centres: torch.Tensor) -> torch.Tensor:
    """Focal loss of the scores and the corners' distance in plate heights."""
    cells = answer.float().flatten(2).transpose(1, 2)
    logits, asked = cells[..., 0], wanted >= 0
    truth = wanted.clamp(min=0)
    entropy = functional.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    sure = torch.sigmoid(logits)
    missed = torch.where(truth > 0, 1 - sure, sure)
    found = wanted > 0
    count = found.sum().clamp(min=1)
    score = (entropy * missed**2 * asked).sum() / count
    owner = found.nonzero()[:, 0]
    corners = cells[..., 1:][found] * UNIT_PX + centres.expand(len(cells), -1, -1)[found]
    own = quads[owner]
    height_px = torch.linalg.vector_norm((own[:, 6:] - own[:, :2]), dim=1).clamp(min=6.0)
    off = functional.smooth_l1_loss(corners / height_px[:, None], own / height_px[:, None], reduction="none", beta=0.1)
    return score + 2.0 * off.mean(1).sum() / count


def rate_at(part: float) -> float:
    """Return the learning rate: a short rise, then a cosine down."""
    if part < 0.03:
        return _PEAK_RATE * (0.1 + 0.9 * part / 0.03)
    return float(_PEAK_RATE * (0.5 + 0.5 * np.cos(np.pi * (part - 0.03) / 0.97)) + 1e-5)


class Training:
    """One run: network, optimiser, data and clock."""

    def __init__(self, work: Path, minutes: float, scenes: int) -> None:
        """Take up the checkpoint in `work` when there is one."""
        self.checkpoint = work / f"{NAME}.pt"
        self.net = CornerNet().to(memory_format=torch.channels_last)
        self.optimiser = torch.optim.AdamW(self.net.parameters(), lr=_PEAK_RATE, weight_decay=0.01)
        self.averaged = Averaged(self.net, 0.995)
        self.centres = torch.from_numpy(np.tile(cell_centres(WINDOW_PX), (1, 4)))
        self.step, used_s = 0, 0.0
        if state := load_checkpoint(self.checkpoint):
            self.net.load_state_dict(state["net"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.averaged.state = state["averaged"]
            self.step, used_s = int(state["step"]), float(state["used_s"])
        kept = kept_crops(work / f"plate-crops-{scenes}.npz", _SEED, scenes) if scenes else []
        for shard in sorted(work.glob("plate-sites-*.npz")):
            kept += loaded(shard)
        held = kept_crops(work / "plate-crops-held.npz", _SEED + 1, max(20, scenes // 8)) if scenes else []
        rng = np.random.default_rng([_SEED, 77])
        self.validation = {"patchwork": [patchwork(rng) for _ in range(160)], "scenes": held}
        crops = Crops(_SEED + self.step, kept)
        self.loader = DataLoader(
            crops, batch_size=None, num_workers=1, prefetch_factor=4, multiprocessing_context="spawn"
        )
        self.budget = Budget(minutes, used_s)

    def run(self) -> None:
        """Train until the time is used."""
        losses: list[float] = []
        for batch in self.loader:
            losses.append(self._learn(*batch))
            self.step += 1
            self.averaged.update(self.net, self.step)
            if self.step % 50 == 0:
                progress(NAME, self.step, self.budget, loss=float(np.mean(losses)))
                losses.clear()
            if self.step % 500 == 0:
                self.report()
                self.save()
            if self.budget.left_s == 0:
                break
        self.save()

    def _learn(self, images: torch.Tensor, wanted: torch.Tensor, quads: torch.Tensor) -> float:
        for group in self.optimiser.param_groups:
            group["lr"] = rate_at(self.budget.part)
        with torch.autocast("cpu", torch.bfloat16):
            answer = self.net(images)
        loss = loss_of(answer, wanted, quads, self.centres)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.net.parameters(), 5.0)
        self.optimiser.step()
        return float(loss.detach())

    def report(self) -> dict[str, dict[str, float]]:
        """Measure the averaged weights on the held-out crops."""
        figures = {}
        with self.averaged.applied(self.net):
            for name, crops in self.validation.items():
                figures[name] = measure(CornerFinder(self.net), crops)
                progress(f"{NAME} {name}", self.step, self.budget, **figures[name])
        return figures

    def save(self) -> None:
        """Write the checkpoint."""
        state = {
            "net": self.net.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "averaged": self.averaged.state,
            "step": self.step,
            "used_s": self.budget.used_s,
        }
        save_checkpoint(self.checkpoint, state)


@torch.inference_mode()
def measure(finder: nn.Module, crops: list[Crop], score_min: float = SCORE_MIN) -> dict[str, float]:
    """Return shares: plates found with all corners within a quarter of the height, and empty crops with a false one."""
    found, false, plates, empty, errors = 0, 0, 0, 0, []
    for crop in crops:
        cells = finder(torch.from_numpy(crop.image[None]))[0].numpy()
        best = cells[int(cells[:, 0].argmax())]
        if crop.quad is None:
            empty += int(not crop.vague)
            false += int(not crop.vague and bool(best[0] >= score_min))
            continue
        plates += 1
        off = np.linalg.norm(best[1:].reshape(4, 2) - crop.quad, axis=1)
        height_px = float(np.linalg.norm(crop.quad[3] - crop.quad[0]))
        if best[0] >= score_min and off.max() < 0.25 * max(height_px, 8.0):
            found += 1
            errors.append(float(off.mean()))
    return {
        "found": round(found / max(1, plates), 4),
        "false": round(false / max(1, empty), 4),
        "corner_error_px": round(float(np.mean(errors)) if errors else -1.0, 2),
    }


def export(training: Training, out: Path, command: str) -> None:
    """Write weights and card."""
    figures: dict[str, Any] = {"rendered": training.report(), "steps": training.step}
    figures["parameters"] = sum(parameter.numel() for parameter in training.net.parameters())
    with training.averaged.applied(training.net):
        finder = CornerFinder(training.net).to(memory_format=torch.contiguous_format)
        example = torch.zeros(2, PLATE_CROP_PX, PLATE_CROP_PX, 3, dtype=torch.uint8)
        sha256 = export_onnx(finder, example, out / f"{NAME}.onnx", ("crops", "cells"))
    card = TrainedCard(
        name=NAME,
        task="plate_corners",
        version=VERSION,
        sha256=sha256,
        input_width=PLATE_CROP_PX,
        input_height=PLATE_CROP_PX,
        head="plate_corners",
        colour="bgr",
        score_min=SCORE_MIN,
        input={
            "name": "crops",
            "dtype": "uint8",
            "shape": ["n", PLATE_CROP_PX, PLATE_CROP_PX, 3],
            "colour": "BGR",
            "letterbox": "top left, grey 114, proportions kept",
            "normalisation": "inside the graph",
        },
        output={
            "name": "cells",
            "dtype": "float32",
            "shape": ["n", GRID * GRID, 9],
            "columns": "score 0 to 1; x, y of top left, top right, bottom right, bottom left in pixels of the crop",
        },
        figures=figures,
        command=command,
    )
    write_card(out / f"{NAME}.json", card)
    say(f"{NAME}: wrote {out / NAME}.onnx")


def main() -> None:
    """Train, then export."""
    parser = argparse.ArgumentParser(prog="python -m model_repository.train.plate_corners", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder of the ONNX file and its card")
    parser.add_argument("--minutes", type=float, default=15.0, help="training time, counted over resumed runs")
    parser.add_argument("--work", type=Path, default=WORK_DIR, help="folder of the checkpoint and of rendered scenes")
    parser.add_argument("--scenes", type=int, default=240, help="rendered scenes; 0 for patchwork alone")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    prepare_cpu(options.threads)
    training = Training(options.work, options.minutes, options.scenes)
    training.run()
    export(
        training, options.out, f"python -m model_repository.train.plate_corners --out DIR --minutes {options.minutes:g}"
    )


if __name__ == "__main__":
    main()

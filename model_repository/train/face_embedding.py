"""Train the starter face embedding: python -m model_repository.train.face_embedding --out DIR --minutes N.

It learns to tell rendered people apart (close-ups of `people_shards`), with the cosine margin of CosFace (Wang et al.,
2018). Held out are people of another seed, whom it has never seen.
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

from model_repository.face_align import TEMPLATE, TEMPLATE_SIDE_PX, aligned, similarity
from model_repository.train.small import PEOPLE_DIR, Image, Residual, conv, planes, rate_at, spoiled
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

NAME: Final = "starter-face-embedding"
VERSION: Final = "1"
SIZE: Final = 64
BATCH: Final = 64
SCALE, MARGIN = 24.0, 0.25
_PEAK: Final = 3e-3
_SUBTRACT, _DIVIDE = 127.5, 128.0


class FaceNet(nn.Module):
    """RGB faces [n, 3, 112, 112] of −1 to 1 to embeddings [n, 64], not yet of unit length."""

    def __init__(self) -> None:
        """Halve four times, then average."""
        super().__init__()
        self.body = nn.Sequential(
            conv(3, 16, 3, 2), conv(16, 32, 3, 2), Residual(32), conv(32, 64, 3, 2), Residual(64), conv(64, 96, 3, 2),
            Residual(96),
        )  # fmt: skip
        # Where in the face something is matters: one weight per place and channel, not a mean over all.
        self.place = nn.Conv2d(96, 96, 7, groups=96, bias=False)
        self.head = nn.Sequential(
            nn.BatchNorm2d(96), nn.Flatten(), nn.Linear(96, SIZE, bias=False), nn.BatchNorm1d(SIZE)
        )

    def forward(self, faces: torch.Tensor) -> torch.Tensor:
        """Embed."""
        answer: torch.Tensor = self.head(self.place(self.body(faces)))
        return answer


class Faces:
    """Close-ups of one or more shards, their people numbered through."""

    def __init__(self, paths: list[Path]) -> None:
        """Read the shards."""
        images, points, who, people = [], [], [], 0
        for path in paths:
            with np.load(path) as data:
                images.append(data["images"])
                points.append(data["points"])
                who.append(data["who"] + people)
            people = int(who[-1].max()) + 1
        self.images, self.points, self.who = np.concatenate(images), np.concatenate(points), np.concatenate(who)
        self.people = people

    def upright(self, index: int, rng: np.random.Generator | None = None) -> Image:
        """A face as the ensemble would cut it out; with `rng` with the errors of a finder and of a camera."""
        points, picture = self.points[index], self.images[index]
        if rng is not None:
            apart = float(np.linalg.norm(points[0] - points[1])) + 8
            points = points + rng.normal(0, 0.045 * apart, points.shape).astype(np.float32)
            picture = spoiled(rng, picture)
        matrix = similarity(points, TEMPLATE)
        return aligned(picture, matrix if matrix is not None else np.eye(2, 3), TEMPLATE_SIDE_PX)


class Training:
    """One run: network, optimiser, data and clock."""

    def __init__(self, work: Path, minutes: float) -> None:
        """Take up the checkpoint in `work` when there is one."""
        self.checkpoint = work / f"{NAME}.pt"
        shards = sorted((work / PEOPLE_DIR).glob("closeups-*.npz"))
        self.faces = Faces(shards)
        self.held = Faces([work / PEOPLE_DIR / "held-closeups.npz"])
        self.net = FaceNet().to(memory_format=torch.channels_last)
        self.centres = nn.Parameter(torch.randn(self.faces.people, SIZE) * 0.1)
        self.optimiser = torch.optim.AdamW([*self.net.parameters(), self.centres], lr=_PEAK, weight_decay=0.02)
        self.averaged = Averaged(self.net, 0.995)
        self.step, used_s = 0, 0.0
        if state := load_checkpoint(self.checkpoint):
            self.net.load_state_dict(state["net"])
            self.averaged.state = state["averaged"]
            self.step, used_s = int(state["step"]), float(state["used_s"])
            if len(state["centres"]) == self.faces.people:
                self.centres.data.copy_(state["centres"])
        self.rng = np.random.default_rng([81, self.step])
        self.budget = Budget(minutes, used_s)
        say(f"{NAME}: {len(self.faces.who)} pictures of {self.faces.people} people")

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
        chosen = self.rng.integers(len(self.faces.who), size=BATCH)
        faces = [self.faces.upright(int(index), self.rng) for index in chosen]
        who = torch.from_numpy(self.faces.who[chosen].astype(np.int64))
        with torch.autocast("cpu", torch.bfloat16):
            embedded = self.net(planes(faces, _SUBTRACT, _DIVIDE).to(memory_format=torch.channels_last))
        cosines = functional.normalize(embedded.float()) @ functional.normalize(self.centres).T
        margin = functional.one_hot(who, self.faces.people) * MARGIN * min(1.0, self.step / 300)
        loss = functional.cross_entropy((cosines - margin) * SCALE, who)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.net.parameters(), 5.0)
        self.optimiser.step()
        return float(loss.detach())

    def report(self) -> dict[str, float]:
        """Measure the averaged weights on people whom they have never seen."""
        with self.averaged.applied(self.net):
            return measure(self.net, self.held)

    def save(self) -> None:
        """Write the checkpoint."""
        save_checkpoint(
            self.checkpoint,
            {"net": self.net.state_dict(), "averaged": self.averaged.state, "centres": self.centres.data.clone(),
             "step": self.step, "used_s": self.budget.used_s},
        )  # fmt: skip


@torch.inference_mode()
def embed(net: nn.Module, faces: Faces, seed: int = 5) -> npt.NDArray[np.float32]:
    """Unit embeddings [n, 64] of all pictures, with the finder's errors that `seed` draws."""
    rng = np.random.default_rng(seed)
    out = []
    for start in range(0, len(faces.who), 128):
        batch = [faces.upright(index, rng) for index in range(start, min(start + 128, len(faces.who)))]
        out.append(functional.normalize(net(planes(batch, _SUBTRACT, _DIVIDE))).numpy())
    return np.concatenate(out)


def measure(net: nn.Module, faces: Faces) -> dict[str, float]:
    """Pictures whose nearest other picture is of the same person; verification rate at one false in a thousand."""
    vectors = embed(net, faces)
    cosines = vectors @ vectors.T
    same = faces.who[:, None] == faces.who[None]
    np.fill_diagonal(cosines, -1)
    first = float(same[np.arange(len(cosines)), cosines.argmax(axis=1)].mean())
    upper = np.triu(np.ones_like(same), 1)
    limit = float(np.quantile(cosines[upper & ~same], 0.999))
    return {
        "nearest_is_same": round(first, 4),
        "verified_at_far_0.001": round(float((cosines[upper & same] > limit).mean()), 4),
        "cosine_at_far_0.001": round(limit, 4),
        "people": float(faces.people),
    }


def export(training: Training, out: Path, command: str) -> None:
    """Write weights and card."""
    figures: dict[str, Any] = {"rendered_people_never_seen": training.report(), "steps": training.step}
    figures["parameters"] = sum(parameter.numel() for parameter in training.net.parameters())
    with training.averaged.applied(training.net):
        net = training.net.to(memory_format=torch.contiguous_format)
        example = torch.zeros(2, 3, TEMPLATE_SIDE_PX, TEMPLATE_SIDE_PX)
        sha256 = export_onnx(net, example, out / f"{NAME}.onnx", ("faces", "embedding"))
    side = TEMPLATE_SIDE_PX
    card = TrainedCard(
        name=NAME, task="face_embedding", version=VERSION, sha256=sha256, input_width=side, input_height=side,
        head="embedding", colour="rgb", subtract=_SUBTRACT, divide=_DIVIDE, embedding_size=SIZE,
        trained_on=f"rendered faces only (synthetic): {training.faces.people} people",
        input={"name": "faces", "dtype": "float32", "shape": ["n", 3, side, side], "aligned": "ArcFace template"},
        output={"name": "embedding", "dtype": "float32", "shape": ["n", SIZE], "length": "any; cosine is meant"},
        figures=figures, command=command,
    )  # fmt: skip
    write_card(out / f"{NAME}.json", card)
    say(f"{NAME}: wrote {out / NAME}.onnx")


def main() -> None:
    """Train, then export."""
    parser = argparse.ArgumentParser(prog="python -m model_repository.train.face_embedding", description=__doc__)
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
        training,
        options.out,
        f"python -m model_repository.train.face_embedding --out DIR --minutes {options.minutes:g}",
    )


if __name__ == "__main__":
    main()

"""Fit the starter face embedding: python -m model_repository.train.face_embedding --out DIR.

Fixed filters and linear discriminants ("Fisherfaces", Belhumeur et al., 1997): edges and colours of the upright
face, pooled over cells, then the directions in which rendered people differ most in proportion to how much pictures of
the same one do. Fitted in closed form in a minute or two of one core; a convolutional network got nowhere in the same
time. Held out are people of another seed, whom it has never seen.
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
from model_repository.train.people_shards import close_up_shards
from model_repository.train.small import PEOPLE_DIR, Image, planes, spoiled
from model_repository.train.trainer import (
    WORK_DIR,
    TrainedCard,
    export_onnx,
    prepare_cpu,
    say,
    write_card,
)

NAME: Final = "starter-face-embedding"
VERSION: Final = "1"
SIZE: Final = 32
COMPONENTS: Final = 1200
SHRINKAGE: Final = 0.004
POINT_NOISE: Final = 0.045
"""How far the points of training lie off, in distances of the eyes (and 8 px)."""
_SUBTRACT, _DIVIDE = 127.5, 128.0

Floats = npt.NDArray[np.float32]


class Filters(nn.Module):
    """RGB faces [n, 3, 112, 112] of −1 to 1 to features [n, 2508]: edges in eight directions at two scales, colours."""

    def __init__(self) -> None:
        """Derivatives of Gaussians, fixed."""
        super().__init__()
        self.register_buffer("kernels", torch.from_numpy(np.stack([_edge(s, k) for s in (1.5, 3.0) for k in range(8)])))

    def forward(self, faces: torch.Tensor) -> torch.Tensor:
        """Features; independent of the brightness and the contrast of the whole."""
        inner = faces[:, :, 8:104, 12:100]
        grey = inner.mean(1, keepdim=True)
        edges = functional.avg_pool2d(torch.relu(functional.conv2d(grey, self.kernels, padding=9, stride=2)), 4)
        around = functional.avg_pool2d(edges.sum(1, keepdim=True), 5, 1, 2, count_include_pad=False)
        edges = torch.sqrt(edges / (around + 0.02) + 1e-4)
        colours = functional.avg_pool2d(inner, 8)
        level = colours.mean((1, 2, 3), keepdim=True)
        spread = torch.sqrt((grey - grey.mean((2, 3), keepdim=True)).square().mean((2, 3), keepdim=True)) + 0.05
        return torch.cat([edges.flatten(1), ((colours - level) / spread * 0.7).flatten(1)], 1)


class FaceNet(nn.Module):
    """RGB faces [n, 3, 112, 112] of −1 to 1 to embeddings [n, SIZE], not yet of unit length."""

    def __init__(self, mean: Floats, directions: Floats) -> None:
        """`mean` [2508] and `directions` [2508, SIZE] as `discriminants` gives them."""
        super().__init__()
        self.filters = Filters()
        self.linear = nn.Linear(*directions.shape)
        self.linear.weight.data.copy_(torch.from_numpy(directions.T))
        self.linear.bias.data.copy_(torch.from_numpy(-mean @ directions))

    def forward(self, faces: torch.Tensor) -> torch.Tensor:
        """Embed."""
        answer: torch.Tensor = self.linear(self.filters(faces))
        return answer


def _edge(sigma: float, direction: int) -> Floats:
    """The derivative of a Gaussian in one of eight directions, float32 [1, 19, 19]."""
    y, x = np.mgrid[-9:10, -9:10]
    bell = np.exp(-(x * x + y * y) / (2 * sigma * sigma)) * (np.maximum(np.abs(x), np.abs(y)) <= int(3 * sigma))
    angle = np.pi * direction / 4
    slope = (np.cos(angle) * x + np.sin(angle) * y) * bell
    return (slope / np.abs(slope).sum())[None].astype(np.float32)


def discriminants(features: Floats, who: npt.NDArray[np.integer]) -> tuple[Floats, Floats]:
    """Mean [f] and directions [f, SIZE] of Fisher's linear discriminants, in the first COMPONENTS principal ones."""
    mean = features.mean(axis=0)
    centred = features - mean
    people, number = np.unique(who, return_inverse=True)
    means = np.stack([centred[number == index].mean(axis=0) for index in range(len(people))])
    basis = np.linalg.eigh(centred.T @ centred / len(centred))[1][:, ::-1][:, :COMPONENTS]
    reduced, reduced_means = centred @ basis, means @ basis
    within = reduced - reduced_means[number]
    scatter = within.T @ within / len(within)
    scatter += SHRINKAGE * np.trace(scatter) / len(scatter) * np.eye(len(scatter), dtype=np.float32)
    whitening = np.linalg.inv(np.linalg.cholesky(scatter))
    between = whitening @ (reduced_means.T @ reduced_means / len(people)) @ whitening.T
    found = np.linalg.eigh(between)[1][:, ::-1][:, :SIZE]
    return mean, (basis @ whitening.T @ found).astype(np.float32)


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
            points = points + rng.normal(0, POINT_NOISE * apart, points.shape).astype(np.float32)
            picture = spoiled(rng, picture)
        matrix = similarity(points, TEMPLATE)
        return aligned(picture, matrix if matrix is not None else np.eye(2, 3), TEMPLATE_SIDE_PX)


@torch.inference_mode()
def features_of(faces: Faces, passes: int) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Features of all pictures, each spoiled in `passes` ways, and who is on them."""
    filters, out = Filters(), []
    for seed in range(passes):
        rng = np.random.default_rng([81, seed])
        for start in range(0, len(faces.who), 64):
            batch = [faces.upright(index, rng) for index in range(start, min(start + 64, len(faces.who)))]
            out.append(filters(planes(batch, _SUBTRACT, _DIVIDE)).numpy())
        say(f"{NAME}: pass {seed + 1} of {passes} over {len(faces.who)} pictures of {faces.people} people")
    return np.concatenate(out), np.tile(faces.who.astype(np.int64), passes)


@torch.inference_mode()
def embed(net: nn.Module, faces: Faces, seed: int = 5) -> npt.NDArray[np.float32]:
    """Unit embeddings [n, SIZE] of all pictures, with the finder's errors that `seed` draws."""
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


def export(net: FaceNet, faces: Faces, held: Faces, out: Path, command: str) -> None:
    """Write weights and card."""
    side = TEMPLATE_SIDE_PX
    figures: dict[str, Any] = {"rendered_people_never_seen": measure(net, held), "pictures": len(faces.who)}
    figures["parameters"] = sum(parameter.numel() for parameter in net.parameters())
    sha256 = export_onnx(net, torch.zeros(2, 3, side, side), out / f"{NAME}.onnx", ("faces", "embedding"))
    card = TrainedCard(
        name=NAME, task="face_embedding", version=VERSION, sha256=sha256, input_width=side, input_height=side,
        head="embedding", colour="rgb", subtract=_SUBTRACT, divide=_DIVIDE, embedding_size=SIZE,
        trained_on=f"rendered faces only (synthetic): {faces.people} people",
        input={"name": "faces", "dtype": "float32", "shape": ["n", 3, side, side], "aligned": "ArcFace template"},
        output={"name": "embedding", "dtype": "float32", "shape": ["n", SIZE], "length": "any; cosine is meant"},
        figures=figures, command=command,
        false_accepts=((0.001, figures["rendered_people_never_seen"]["cosine_at_far_0.001"]),),
    )  # fmt: skip
    write_card(out / f"{NAME}.json", card)
    say(f"{NAME}: wrote {out / NAME}.onnx: {figures}")


def main() -> None:
    """Fit, then export."""
    parser = argparse.ArgumentParser(prog="python -m model_repository.train.face_embedding", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder of the ONNX file and its card")
    parser.add_argument("--work", type=Path, default=WORK_DIR, help="folder of the shards of `people_shards`")
    parser.add_argument("--passes", type=int, default=2, help="how often each picture is spoiled anew")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    prepare_cpu(options.threads)
    cv2.setNumThreads(1)
    shards, held_out = close_up_shards(options.work / PEOPLE_DIR)
    faces, held = Faces(shards), Faces([held_out])
    net = FaceNet(*discriminants(*features_of(faces, options.passes)))
    export(
        net,
        faces,
        held,
        options.out,
        f"python -m model_repository.train.face_embedding --out DIR --passes {options.passes}",
    )


if __name__ == "__main__":
    main()

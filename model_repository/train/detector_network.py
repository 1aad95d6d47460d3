"""The starter detector's network: a small anchor-free one for three strides.

Pure (torch only): no files, no clock, no random numbers besides torch's own initialisation.

Rules
- Input: float RGB [N, 3, H, W] in 0..1, H and W multiples of 32. The shift to zero mean is inside.
- Every cell of every stride answers with four distances (left, top, right, bottom, in pixels of the input, from the
  centre of the cell) and one logit per class. No objectness, no anchors, no NMS.
- Only convolutions, batch norms, SiLU, nearest upsampling and max pools: they fold and fuse in every runtime.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

STRIDES = (8, 16, 32)
WIDTHS = (16, 16, 32, 64, 128)
NECK = 32
HEAD = 32
CLASSES = 6
DISTANCE_EXPONENT_MAX = 4.6
"""exp(4.6) is about 100 cells: more than a picture is wide at any stride, and far from overflow."""


class Answers(NamedTuple):
    """What the network says about every cell of all strides, stride 8 first, rows of a stride in reading order."""

    distances: Tensor  # float [N, A, 4] left, top, right, bottom in pixels of the input
    logits: Tensor  # float [N, A, classes]
    centres: Tensor  # float [A, 2] x, y of the cell's centre in pixels of the input
    strides: Tensor  # float [A]

    def boxes(self) -> Tensor:
        """Corners x1, y1, x2, y2 in pixels of the input, [N, A, 4]."""
        return torch.cat((self.centres - self.distances[..., :2], self.centres + self.distances[..., 2:]), dim=-1)


def conv(inward: int, outward: int, kernel: int = 1, stride: int = 1) -> nn.Sequential:
    """Convolution, batch norm, SiLU; the size stays (divided by the stride)."""
    return nn.Sequential(
        nn.Conv2d(inward, outward, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(outward, eps=1e-3, momentum=0.03),
        nn.SiLU(inplace=True),
    )


class Split(nn.Module):
    """A cross-stage block: half of the channels pass by, half go through residual pairs, everything is mixed again."""

    def __init__(self, inward: int, outward: int, *, depth: int = 1, residual: bool = True) -> None:
        super().__init__()
        half = outward // 2
        self.half = half
        self.enter = conv(inward, 2 * half)
        self.pairs = nn.ModuleList(nn.Sequential(conv(half, half, 3), conv(half, half, 3)) for _ in range(depth))
        self.leave = conv((2 + depth) * half, outward)
        self.residual = residual

    def forward(self, x: Tensor) -> Tensor:
        """Tensor [N, inward, H, W] to [N, outward, H, W]."""
        parts = list(self.enter(x).split(self.half, dim=1))
        for pair in self.pairs:
            last = parts[-1]
            parts.append(last + pair(last) if self.residual else pair(last))
        return self.leave(torch.cat(parts, dim=1))


class Pools(nn.Module):
    """Three max pools in a row, so that the last stage sees nearly the whole picture."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.enter = conv(width, width // 2)
        self.leave = conv(width * 2, width)

    def forward(self, x: Tensor) -> Tensor:
        """Tensor [N, width, H, W] to the same shape."""
        parts = [self.enter(x)]
        for _ in range(3):
            parts.append(F.max_pool2d(parts[-1], 5, 1, 2))
        return self.leave(torch.cat(parts, dim=1))


class Backbone(nn.Module):
    """Five halvings; returns the maps of strides 8, 16 and 32."""

    def __init__(self, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
        a, b, c, d, e = widths
        self.stem = nn.Sequential(conv(3, a, 3, 2), conv(a, b, 3, 2), Split(b, b))
        self.eighth = nn.Sequential(conv(b, c, 3, 2), Split(c, c))
        self.sixteenth = nn.Sequential(conv(c, d, 3, 2), Split(d, d, depth=2))
        self.last = nn.Sequential(conv(d, e, 3, 2), Split(e, e), Pools(e))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Picture [N, 3, H, W], already shifted, to three maps."""
        eighth = self.eighth(self.stem(x))
        sixteenth = self.sixteenth(eighth)
        return eighth, sixteenth, self.last(sixteenth)


class Neck(nn.Module):
    """Carries meaning down to the fine maps and place up to the coarse ones."""

    def __init__(self, widths: tuple[int, ...] = WIDTHS, width: int = NECK) -> None:
        super().__init__()
        _, _, c, d, e = widths
        self.narrow = conv(e, width)
        self.down_16 = Split(width + d, width, residual=False)
        self.down_8 = Split(width + c, width, residual=False)
        self.step_16 = conv(width, width, 3, 2)
        self.up_16 = Split(2 * width, width, residual=False)
        self.step_32 = conv(width, width, 3, 2)
        self.up_32 = Split(2 * width, width, residual=False)

    def forward(self, maps: tuple[Tensor, Tensor, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Three maps of the backbone to three maps of one width."""
        eighth, sixteenth, last = maps
        top = self.narrow(last)
        middle = self.down_16(torch.cat((F.interpolate(top, scale_factor=2.0), sixteenth), dim=1))
        fine = self.down_8(torch.cat((F.interpolate(middle, scale_factor=2.0), eighth), dim=1))
        middle = self.up_16(torch.cat((self.step_16(fine), middle), dim=1))
        top = self.up_32(torch.cat((self.step_32(middle), top), dim=1))
        return fine, middle, top


class Head(nn.Module):
    """Distances and class logits of one stride, each with a small branch of its own."""

    def __init__(self, stride: int, classes: int, width: int = NECK, inner: int = HEAD) -> None:
        super().__init__()
        self.stride = stride
        self.place = nn.Sequential(conv(width, inner, 3), nn.Conv2d(inner, 4, 1))
        self.kind = nn.Sequential(conv(width, inner, 3), nn.Conv2d(inner, classes, 1))
        nn.init.constant_(self.place[-1].bias, math.log(3.0))
        # A cell holds an object rarely: start there, so that the first steps are not spent on saying no.
        nn.init.constant_(self.kind[-1].bias, -math.log(60.0))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Map [N, width, h, w] to distances [N, h*w, 4] in pixels and logits [N, h*w, classes]."""
        place = self.place(x).flatten(2).transpose(1, 2).float()
        distances = torch.exp(place.clamp(max=DISTANCE_EXPONENT_MAX)) * self.stride
        return distances, self.kind(x).flatten(2).transpose(1, 2).float()


class Detector(nn.Module):
    """Backbone, neck and three heads."""

    def __init__(self, classes: int = CLASSES) -> None:
        super().__init__()
        self.backbone = Backbone()
        self.neck = Neck()
        self.heads = nn.ModuleList(Head(stride, classes) for stride in STRIDES)

    def forward(self, pictures: Tensor) -> Answers:
        """Pictures [N, 3, H, W] in 0..1 to the answers of every cell."""
        height, width = pictures.shape[-2:]
        maps = self.neck(self.backbone((pictures - 0.5) * 4.0))
        found = [head(each) for head, each in zip(self.heads, maps, strict=True)]
        centres, strides = cells(height, width)
        return Answers(
            distances=torch.cat([distances for distances, _ in found], dim=1),
            logits=torch.cat([logits for _, logits in found], dim=1),
            centres=centres.to(pictures.device),
            strides=strides.to(pictures.device),
        )


class Exported(nn.Module):
    """The network with the head that the serving side expects: [N, 4 + classes, A] of cx, cy, w, h and scores."""

    def __init__(self, detector: Detector) -> None:
        super().__init__()
        self.detector = detector

    def forward(self, pictures: Tensor) -> Tensor:
        """Pictures [N, 3, H, W] in 0..1 to `output0`."""
        answers = self.detector(pictures)
        near, far = answers.distances[..., :2], answers.distances[..., 2:]
        middles = answers.centres + (far - near) / 2
        return torch.cat((middles, near + far, answers.logits.sigmoid()), dim=-1).transpose(1, 2)


def cells(height: int, width: int) -> tuple[Tensor, Tensor]:
    """Centres [A, 2] in pixels and strides [A] of every cell of a picture of that size."""
    centres, strides = [], []
    for stride in STRIDES:
        ys = (torch.arange(height // stride, dtype=torch.float32) + 0.5) * stride
        xs = (torch.arange(width // stride, dtype=torch.float32) + 0.5) * stride
        grid_y, grid_x = torch.meshgrid(ys, xs, indexing="ij")
        centres.append(torch.stack((grid_x, grid_y), dim=-1).reshape(-1, 2))
        strides.append(torch.full((grid_x.numel(),), float(stride)))
    return torch.cat(centres), torch.cat(strides)

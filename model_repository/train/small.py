"""What the small networks of people have in common: blocks, a schedule, the turning of crops into tensors."""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import nn

Image = npt.NDArray[np.uint8]
PEOPLE_DIR: Final = "people"
"""Where the shards of `people_shards` lie inside the working folder."""


def conv(source: int, target: int, kernel: int = 3, stride: int = 1, dilation: int = 1) -> nn.Module:
    """Convolution, batch normalisation, ReLU; the size is kept, divided by the stride."""
    padding = (kernel // 2) * dilation
    layer = nn.Conv2d(source, target, kernel, stride, padding, dilation, bias=False)
    return nn.Sequential(layer, nn.BatchNorm2d(target), nn.ReLU(inplace=True))


class Residual(nn.Module):
    """Two convolutions and the way around them."""

    def __init__(self, width: int) -> None:
        """The width stays."""
        super().__init__()
        self.inner = nn.Sequential(
            conv(width, width), nn.Conv2d(width, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Add."""
        return torch.relu(x + self.inner(x))


def rate_at(part: float, peak: float) -> float:
    """The learning rate at a part (0 to 1) of the time: a short rise, then a cosine down."""
    if part < 0.04:
        return peak * (0.1 + 0.9 * part / 0.04)
    return float(peak * (0.5 + 0.5 * np.cos(np.pi * (part - 0.04) / 0.96)) + 1e-5)


def planes(images: list[Image], subtract: float, divide: float) -> torch.Tensor:
    """BGR pictures [H, W, 3] as the RGB tensor [N, 3, H, W] that a network takes."""
    stacked = np.stack(images)[..., ::-1].astype(np.float32)
    return torch.from_numpy(np.ascontiguousarray(((stacked - subtract) / divide).transpose(0, 3, 1, 2)))


def spoiled(rng: np.random.Generator, image: Image) -> Image:
    """Another exposure, fewer pixels, blur, noise and codec: every pass shows another picture."""
    gain, shift = float(rng.uniform(0.65, 1.35)), float(rng.uniform(-22, 22))
    image = np.asarray(cv2.convertScaleAbs(image, alpha=gain, beta=shift), np.uint8)
    height, width = image.shape[:2]
    if rng.random() < 0.5:
        small = float(rng.uniform(0.2, 0.9))
        size = (max(8, int(width * small)), max(8, int(height * small)))
        image = np.asarray(cv2.resize(cv2.resize(image, size, interpolation=cv2.INTER_AREA), (width, height)), np.uint8)
    if rng.random() < 0.25:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.5, 1.6))), np.uint8)
    if rng.random() < 0.4:
        noise = rng.normal(0, float(rng.uniform(1, 7)), image.shape)
        image = np.clip(image + noise, 0, 255).astype(np.uint8)
    if rng.random() < 0.4:
        _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(35, 92))])
        image = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    if rng.random() < 0.06:
        image = np.asarray(cv2.merge([cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)] * 3), np.uint8)
    return image

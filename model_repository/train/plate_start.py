"""Take the layers of an earlier reader over into a new network: what it has learned need not be learned again.

The exported graph has its batch normalisation folded into the convolutions. It is unfolded here with the statistics of
some strips, so that the network computes the same and can be trained on.
"""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import numpy_helper

from model_repository.card import read_card
from model_repository.plates.grammar import ALPHABET
from model_repository.plates.rectify import Strip


@torch.no_grad()
def take_over(net: Any, path: Path, strips: list[Strip]) -> None:
    """Fill `net.body` and the known classes of `net.head` from an ONNX file; its card says which classes those are.

    Raises ValueError where the layers are not alike.
    """
    layers = _convolutions(path)
    x = torch.from_numpy(np.stack(strips)).unsqueeze(1).float()
    centred = x - x.mean((1, 2, 3), keepdim=True)
    x = centred / torch.sqrt((centred * centred).mean((1, 2, 3), keepdim=True) + 4.0)
    if len(layers) <= len(net.body):
        raise ValueError(f"{path} has {len(layers)} convolutions, the network's body alone {len(net.body)}")
    for block, (weight, bias) in zip(net.body, layers, strict=False):
        conv, norm = block[0], block[1]
        if conv.weight.shape != weight.shape:
            raise ValueError(f"{path} has a layer {tuple(weight.shape)}, the network {tuple(conv.weight.shape)}")
        conv.weight.copy_(weight)
        _unfold(norm, conv(x), bias)
        x = torch.relu(conv(x) + bias[None, :, None, None])
    for parameter in net.around.parameters():
        parameter.zero_()
    net.shift.weight.zero_()
    net.shift.bias.zero_()
    _head(net.head, *layers[-1], read_card(path.with_suffix(".json")).alphabet)


def _convolutions(path: Path) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Weight and bias of every convolution, in the order in which they run."""
    graph = onnx.load(str(path)).graph
    held = {item.name: torch.from_numpy(numpy_helper.to_array(item).copy()) for item in graph.initializer}
    return [(held[node.input[1]], held[node.input[2]]) for node in graph.node if node.op_type == "Conv"]


def _unfold(norm: Any, made: torch.Tensor, bias: torch.Tensor) -> None:
    """Set the normalisation so that with these statistics it does nothing but add the bias."""
    mean, spread = made.mean((0, 2, 3)), made.var((0, 2, 3), unbiased=False)
    norm.running_mean.copy_(mean)
    norm.running_var.copy_(spread)
    norm.weight.copy_(torch.sqrt(spread + norm.eps))
    norm.bias.copy_(mean + bias)


def _head(head: Any, weight: torch.Tensor, bias: torch.Tensor, alphabet: str) -> None:
    """Put the rows of the known characters and of the blank into their places; new ones start unlikely."""
    head.weight.mul_(0.5)
    head.bias.fill_(-3.0)
    places = [*(ALPHABET.index(char) for char in alphabet), len(ALPHABET)]
    head.weight[places] = weight
    head.bias[places] = bias

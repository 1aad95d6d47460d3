"""Imports networks that know equipment: multi-label classifiers of a person's crop, and detectors of equipment.

Which is which shows in the answer: [N, classes] or boxes. Class names are mapped to items by `ppe_items`, or by the
user's `--items FILE`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec
import numpy as np

from model_repository import ppe_items
from model_repository.card import WeightsCard
from model_repository.errors import FileUnreadable, InputUnknown, ItemsUnknown, ItemsWrong, OneLabelOnly
from model_repository.imports import detector, onnx_file
from model_repository.imports.onnx_file import Opened
from model_repository.imports.request import Asked

CROP_USUAL = (96, 192)
"""Input size of a classifier that leaves it open."""


def examine(asked: Asked) -> WeightsCard:
    """The card of a network that knows equipment. Raises ImportRefused."""
    network = onnx_file.opened(asked.path)
    taken = network.one_input(("tensor(float)",))
    if taken.shape[1] != 3:
        raise InputUnknown(network.path, network.inputs)
    if _is_classifier(network):
        return _classifier(asked, network, (taken.shape[2], taken.shape[3]))
    found = detector.examine(asked)
    # A crop lies in the upper left corner of every ensemble that takes crops.
    return _with_items(msgspec.structs.replace(found, anchor="top_left"), asked)


def _is_classifier(network: Opened) -> bool:
    outputs = network.session.get_outputs()
    return len(outputs) == 1 and len(outputs[0].shape or ()) == 2


def _classifier(asked: Asked, network: Opened, sides: tuple[object, object]) -> WeightsCard:
    width, height = onnx_file.picture_size(network, sides, asked.size or CROP_USUAL, 1)
    answers = [network.answers(picture)[0].reshape(-1) for picture in _pictures(width, height)]
    classes = onnx_file.labels(network, answers[0].size, asked.labels)
    head: Literal["labels", "logits"] = "labels" if all(((a >= 0) & (a <= 1)).all() for a in answers) else "logits"
    if head == "labels" and len(classes) > 2 and all(abs(float(each.sum()) - 1) < 1e-3 for each in answers):
        raise OneLabelOnly(network.path, classes)
    card = WeightsCard(
        name=asked.token,
        task=asked.task,
        version=asked.version or network.metadata.get("version", ""),
        licence=asked.licence or network.metadata.get("license", ""),
        trained_on=onnx_file.trained_on(network.metadata),
        input_width=width,
        input_height=height,
        anchor="top_left",
        labels=classes,
        head=head,
        colour="bgr" if asked.colour == "bgr" else "rgb",
        subtract=asked.mean or 0.0,
        divide=asked.std or 255.0,
    )
    return _with_items(card, asked)


def _pictures(width: int, height: int) -> list[np.ndarray]:
    """Grey, black, white and noise."""
    flat = [np.full((1, 3, height, width), value, np.float32) for value in (0.45, 0.0, 1.0)]
    return [*flat, np.random.default_rng(1).uniform(0, 1, flat[0].shape).astype(np.float32)]


def _with_items(card: WeightsCard, asked: Asked) -> WeightsCard:
    """The card with items as its labels. Raises ItemsUnknown, ItemsWrong, FileUnreadable."""
    classes = card.labels
    if asked.items is None:
        mapping = ppe_items.inferred(classes)
    else:
        try:
            mapping = ppe_items.written(_read(asked.items), classes)
        except KeyError as error:
            raise ItemsWrong(asked.items, str(error.args[0]), classes) from error
    if not mapping.items:
        raise ItemsUnknown(asked.path, classes)
    names = tuple(item.name for item in mapping.items)
    return msgspec.structs.replace(card, labels=names, classes=classes, items=mapping.items, persons=mapping.persons)


def _read(path: Path) -> ppe_items.ItemsFile:
    try:
        return msgspec.toml.decode(path.read_bytes(), type=ppe_items.ItemsFile)
    except (OSError, msgspec.DecodeError) as error:
        raise FileUnreadable(path, str(error)) from error

"""Finds out what a network file is, so that it can be deployed: its head, input size and class names.

Rules of this file
- Reads files, writes none. Whatever is wrong with a file becomes an ImportRefused that says what to do.
- Only ONNX is read: it holds a graph and numbers, no code.
- Nothing is guessed that a wrong guess would hide: a head that fits no known one is refused.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
import onnx
import onnxruntime
from google.protobuf.message import DecodeError
from onnxruntime.capi import onnxruntime_pybind11_state as runtime_errors

from model_repository.card import WeightsCard
from model_repository.coco import COCO_LABELS
from model_repository.contract import DETECTOR
from model_repository.errors import (
    FileUnreadable,
    HeadUnknown,
    InputUnknown,
    LabelsNeeded,
    LabelsWrong,
    NeedsExport,
    TaskNotSupported,
)
from model_repository.heads import YOLOX_STRIDES

# protobuf, the checker and the runtime each raise kinds of their own, without a common root.
_REFUSALS: tuple[type[Exception], ...] = (
    DecodeError,
    onnx.checker.ValidationError,
    runtime_errors.EPFail,
    runtime_errors.Fail,
    runtime_errors.InvalidArgument,
    runtime_errors.InvalidGraph,
    runtime_errors.InvalidProtobuf,
    runtime_errors.NoSuchFile,
    runtime_errors.NotImplemented,
    runtime_errors.RuntimeException,
    RuntimeError,
    ValueError,
)

CHECKPOINTS = (".pt", ".pth", ".ckpt", ".pkl", ".safetensors")
LABELS_MAX = 1000

HeadKind = Literal["yolov8", "yolov5", "yolox", "end2end"]


class _Found(msgspec.Struct, frozen=True, kw_only=True):
    head: HeadKind
    classes: int  # 0: the shape does not say
    decoded_yolox: bool = False


def examine(path: Path, task: str, *, name: str = "", labels: Path | None = None, size: str = "") -> WeightsCard:
    """Write the card of a network that a user gave.

    `labels` is a file with one class name per line, `size` 'WIDTHxHEIGHT' for networks that leave their input open.
    Raises ImportRefused.
    """
    if task != DETECTOR:
        raise TaskNotSupported(task, (DETECTOR,))
    if path.suffix.lower() in CHECKPOINTS:
        raise NeedsExport(path)
    session = _session(path)
    metadata = session.get_modelmeta().custom_metadata_map
    width, height = _input_size(path, session, metadata, size)
    answer = _probe(path, session, (width, height))
    found = _head(path, answer, (width, height))
    yolox = found.head == "yolox" or found.decoded_yolox
    return WeightsCard(
        name=_token(name or path.stem),
        task=task,
        version=metadata.get("version", ""),
        licence=metadata.get("license", ""),
        trained_on=_trained_on(metadata),
        input_width=width,
        input_height=height,
        anchor="top_left" if yolox else "center",
        labels=_labels(path, found.classes, metadata, labels),
        head=found.head,
        # YOLOX is trained on BGR pictures of 0..255, padded at the right and at the bottom; all others on RGB of 0..1.
        colour="bgr" if yolox else "rgb",
        divide=1.0 if yolox else 255.0,
    )


def _session(path: Path) -> Any:
    try:
        onnx.checker.check_model(onnx.load(path), full_check=False)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except OSError as error:
        raise FileUnreadable(path, error.strerror or str(error)) from error
    except _REFUSALS as error:
        raise FileUnreadable(path, str(error).splitlines()[0][:200] if str(error) else type(error).__name__) from error


def _input_size(path: Path, session: Any, metadata: Mapping[str, str], size: str) -> tuple[int, int]:
    inputs = session.get_inputs()
    found = ", ".join(f"{each.type} {each.shape}" for each in inputs) or "nothing"
    if len(inputs) != 1 or inputs[0].type != "tensor(float)" or len(inputs[0].shape) != 4 or inputs[0].shape[1] != 3:
        raise InputUnknown(path, found)
    height, width = inputs[0].shape[2:]
    if not (isinstance(height, int) and isinstance(width, int)):
        asked = re.fullmatch(r"(\d+)[xX×](\d+)", size)
        if asked:
            width, height = int(asked[1]), int(asked[2])
        else:
            height, width = _metadata_size(metadata) or (0, 0)
    if min(height, width) <= 0 or height % 32 or width % 32 or max(height, width) > 4096:
        raise InputUnknown(path, found)
    return width, height


def _metadata_size(metadata: Mapping[str, str]) -> tuple[int, int] | None:
    numbers = [int(number) for number in re.findall(r"\d+", metadata.get("imgsz", ""))]
    return (numbers[0], numbers[-1]) if numbers else None


def _probe(path: Path, session: Any, size: tuple[int, int]) -> np.ndarray[Any, Any]:
    """The answer to a grey picture, batch axis in front."""
    picture = np.full((1, 3, size[1], size[0]), 114 / 255, np.float32)
    outputs = session.get_outputs()
    try:
        answers = session.run(None, {session.get_inputs()[0].name: picture})
    except _REFUSALS as error:
        raise InputUnknown(path, f"a picture of {size[0]}x{size[1]} with an error: {str(error)[:200]}") from error
    answer = np.asarray(answers[0])
    if len(outputs) != 1 or answer.ndim != 3 or answer.shape[0] != 1 or answer.dtype != np.float32:
        raise HeadUnknown(path, ", ".join(f"{np.asarray(each).dtype} {list(np.shape(each))}" for each in answers))
    return answer


def _head(path: Path, answer: np.ndarray[Any, Any], size: tuple[int, int]) -> _Found:
    _, rows, columns = answer.shape
    cells = sum((size[0] // stride) * (size[1] // stride) for stride in YOLOX_STRIDES)
    if columns == cells and rows > 4:
        return _Found(head="yolov8", classes=rows - 4)
    if rows == 3 * cells and columns > 5:
        return _Found(head="yolov5", classes=columns - 5)
    if rows == cells and columns > 5:
        # Raw centres are offsets inside a cell; decoded ones span the picture.
        if np.abs(answer[0, :, 0]).max() < size[0] / 4:
            return _Found(head="yolox", classes=columns - 5)
        return _Found(head="yolov5", classes=columns - 5, decoded_yolox=True)
    if columns == 6 and rows <= 1000:
        return _Found(head="end2end", classes=0)
    raise HeadUnknown(path, f"float32 {list(answer.shape)}")


def _labels(path: Path, classes: int, metadata: Mapping[str, str], given: Path | None) -> tuple[str, ...]:
    if given is not None:
        labels, source = _read_labels(given), str(given)
    elif "names" in metadata:
        labels, source = _metadata_names(metadata["names"]), f"the metadata of {path}"
    elif classes == len(COCO_LABELS):
        return COCO_LABELS
    else:
        raise LabelsNeeded(path, classes)
    if classes and len(labels) != classes:
        raise LabelsWrong(source, len(labels), classes)
    return labels


def _read_labels(path: Path) -> tuple[str, ...]:
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise FileUnreadable(path, str(error)) from error
    return tuple(line.strip() for line in lines if line.strip())[:LABELS_MAX]


def _metadata_names(text: str) -> tuple[str, ...]:
    """Class names as ultralytics writes them: the text of a Python dict or list."""
    try:
        names = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return ()
    if isinstance(names, dict):
        names = [names[key] for key in sorted(names)]
    return tuple(str(name) for name in names)[:LABELS_MAX] if isinstance(names, list) else ()


def _trained_on(metadata: Mapping[str, str]) -> str:
    return str(metadata.get("description", ""))[:200]


def _token(name: str) -> str:
    """A folder name: letters, digits, dot, dash and underscore."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip(".-") or "network"

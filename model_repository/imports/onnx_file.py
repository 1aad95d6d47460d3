"""What every importer of ONNX networks needs: open, feed a grey picture, look at the answer.

Rules of this file
- Reads files, writes none. Whatever is wrong with a file becomes an ImportRefused that says what to do.
- Only ONNX is opened: it holds a graph and numbers, no code.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
from google.protobuf.message import DecodeError
from onnxruntime.capi import onnxruntime_pybind11_state as runtime_errors

from model_repository.errors import FileUnreadable, InputUnknown, LabelsNeeded, LabelsWrong

# protobuf, the checker and the runtime each raise kinds of their own, without a common root.
REFUSALS: tuple[type[Exception], ...] = (
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

LABELS_MAX = 1000
SIDE_MAX_PX = 4096

Answer = npt.NDArray[np.float32]


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """A network that ONNX Runtime can run."""

    path: Path
    session: Any
    metadata: Mapping[str, str]

    @property
    def inputs(self) -> str:
        """Type and shape of every input, in words."""
        return ", ".join(f"{each.type} {each.shape}" for each in self.session.get_inputs()) or "nothing"

    def one_input(self, kinds: tuple[str, ...], expected: str = "", rank: int = 4) -> Any:
        """The only input, when it is a tensor of that rank and of one of those types. Raises InputUnknown."""
        inputs = self.session.get_inputs()
        if len(inputs) != 1 or inputs[0].type not in kinds or len(inputs[0].shape) != rank:
            raise InputUnknown(self.path, self.inputs, expected)
        return inputs[0]

    def answers(self, picture: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
        """All outputs for one picture, batch axis in front. Raises InputUnknown where it can't be run."""
        try:
            return [np.asarray(each) for each in self.session.run(None, {self.session.get_inputs()[0].name: picture})]
        except REFUSALS as error:
            size = "x".join(map(str, picture.shape))
            raise InputUnknown(self.path, f"a picture of {size} with an error: {str(error)[:200]}") from error


def opened(path: Path) -> Opened:
    """Check and load a network. Raises FileUnreadable."""
    try:
        onnx.checker.check_model(onnx.load(path), full_check=False)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except OSError as error:
        raise FileUnreadable(path, error.strerror or str(error)) from error
    except REFUSALS as error:
        raise FileUnreadable(path, str(error).splitlines()[0][:200] if str(error) else type(error).__name__) from error
    return Opened(path=path, session=session, metadata=session.get_modelmeta().custom_metadata_map)


def picture_size(
    network: Opened, sides: tuple[Any, Any], asked: tuple[int, int] | None, multiple: int
) -> tuple[int, int]:
    """Width and height of the input: fixed by the file (`sides`: height, width), else asked, else in the metadata.

    Raises InputUnknown for an open size that nobody names, or one that is no multiple of `multiple`.
    """
    height, width = sides
    if not (isinstance(height, int) and isinstance(width, int)):
        height, width = asked[::-1] if asked else _metadata_size(network.metadata) or (0, 0)
    if min(height, width) <= 0 or height % multiple or width % multiple or max(height, width) > SIDE_MAX_PX:
        raise InputUnknown(network.path, network.inputs)
    return width, height


def labels(network: Opened, classes: int, given: Path | None, known: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Class names from the user's file, else from the network's metadata, else `known` where their number fits.

    `classes` 0: the answer does not say how many there are. Raises LabelsNeeded, LabelsWrong, FileUnreadable.
    """
    if given is not None:
        found, source = _read_labels(given), str(given)
    elif "names" in network.metadata:
        found, source = _metadata_names(network.metadata["names"]), f"the metadata of {network.path}"
    elif known and classes == len(known):
        return known
    else:
        raise LabelsNeeded(network.path, classes)
    if classes and len(found) != classes:
        raise LabelsWrong(source, len(found), classes)
    return found


def names_given(network: Opened, given: Path | None) -> int:
    """How many class names there are before anybody looked at the answer; 0: none."""
    if given is not None:
        return len(_read_labels(given))
    return len(_metadata_names(network.metadata.get("names", "")))


def trained_on(metadata: Mapping[str, str]) -> str:
    """What the file says about itself."""
    return str(metadata.get("description", ""))[:200]


def version(metadata: Mapping[str, str]) -> str:
    """The version that a file gives itself. What ultralytics writes there is the version of its own package."""
    return "" if metadata.get("author") == "Ultralytics" else str(metadata.get("version", ""))


def _metadata_size(metadata: Mapping[str, str]) -> tuple[int, int] | None:
    numbers = [int(number) for number in re.findall(r"\d+", metadata.get("imgsz", ""))]
    return (numbers[0], numbers[-1]) if numbers else None


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

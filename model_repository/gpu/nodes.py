"""A small writer of ONNX nodes: what is put in front of a network and behind it. Pure.

Rules of this file
- Only operators whose form did not change from opset 11 on, and that TensorRT has: the graph keeps the network's opset.
- Every new tensor and node is named `zool_…`, so that nothing of the network is hit.
- The batch is the first axis and open everywhere; a 0 in a shape keeps it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

OPSET_MIN = 11
END = np.iinfo(np.int64).max


class Writer:
    """Collects nodes and constants; every method returns the name of a tensor."""

    def __init__(self) -> None:
        """Nothing is written yet."""
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self._count = 0

    def add(self, kind: str, *inputs: str, outputs: int = 1, **attributes: Any) -> list[str]:
        """Any operator; returns the names of its outputs."""
        self._count += 1
        names = [f"zool_{self._count}_{kind.lower()}_{index}" for index in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), names, name=names[0], **attributes))
        return names

    def one(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """An operator with one output."""
        return self.add(kind, *inputs, **attributes)[0]

    def constant(self, values: npt.ArrayLike, dtype: type = np.float32) -> str:
        """A constant tensor."""
        self._count += 1
        name = f"zool_{self._count}_constant"
        self.constants.append(numpy_helper.from_array(np.asarray(values, dtype), name))
        return name

    def reshape(self, tensor: str, *shape: int) -> str:
        """A 0 keeps the axis, a -1 takes what is left."""
        return self.one("Reshape", tensor, self.constant(shape, np.int64))

    def cut(self, tensor: str, axis: int, start: int, end: int | None = None) -> str:
        """A slice along one axis."""
        limits = [self.constant([each], np.int64) for each in (start, END if end is None else end, axis)]
        return self.one("Slice", tensor, *limits)

    def floats(self, tensor: str) -> str:
        """As float32."""
        return self.one("Cast", tensor, to=onnx.TensorProto.FLOAT)

    def top(self, tensor: str, count: int, axis: int) -> tuple[str, str]:
        """The largest values along an axis, in order, and where they were (int64)."""
        values, places = self.add("TopK", tensor, self.constant([count], np.int64), outputs=2, axis=axis)
        return values, places

    def concat(self, *tensors: str, axis: int) -> str:
        """Along one axis."""
        return self.one("Concat", *tensors, axis=axis)

    def renamed(self, tensor: str, name: str) -> None:
        """The tensor under a name that others expect."""
        self.nodes.append(helper.make_node("Identity", [tensor], [name], name=f"zool_{name}"))

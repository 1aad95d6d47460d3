"""Fakes for what needs a card, named as such.

`FakeTensorRt` stands for TensorRT behind `gpu.plans.Engine`; a "plan" of it is the graph with a mark in front.
`without_tensorrt` turns the plans of a rendered GPU repository into Python steps that run the very same graphs by ONNX
Runtime, because the wheel's Triton has no TensorRT backend: everything else of the repository is served as it is.
"""

from __future__ import annotations

from pathlib import Path

import onnx

from model_repository.gpu.devices import Device
from model_repository.gpu.errors import PlanFailed
from model_repository.gpu.plans import TENSORRT, Profile

CARD = Device(name="Fake A2", memory_mib=16384, free_mib=16000, compute="8.6", driver="570.1")


class FakeTensorRt:
    """Passes the suite of the real one; builds nothing that a card could run."""

    def __init__(self, version: str = "10.16.1") -> None:
        self.version = version
        self.built: list[str] = []

    def plan(self, graph: Path, profile: Profile) -> bytes:
        """A mark and the graph; a broken graph is refused."""
        try:
            onnx.checker.check_model(onnx.load(graph))
        except Exception as error:
            raise PlanFailed(graph.parent.parent.name, str(error)[:100]) from error
        self.built.append(graph.parent.parent.name)
        return f"fake plan {profile.batch_max} {profile.fp16} ".encode() + graph.read_bytes()


RUNNER = '''"""Stands for a TensorRT plan in tests: the same graph by ONNX Runtime."""

from pathlib import Path

import numpy as np
import onnxruntime

from model_repository.serving.step import Step


class TritonPythonModel(Step):
    def start(self, directory: Path) -> None:
        self._session = onnxruntime.InferenceSession(directory / "1" / "model.onnx", providers=["CPUExecutionProvider"])
        self._in, self._out = self._session.get_inputs()[0].name, self._session.get_outputs()[0].name

    def answer(self, batch):
        whole = np.concatenate([arrays[self._in] for arrays in batch])
        answers = self._session.run(None, {self._in: whole})[0]
        ends = np.cumsum([len(arrays[self._in]) for arrays in batch])[:-1]
        return [{self._out: np.ascontiguousarray(part)} for part in np.split(answers, ends)]
'''


def without_tensorrt(repository: Path) -> int:
    """Replace every plan; returns how many there were."""
    replaced = 0
    for config in sorted(repository.glob("*/config.pbtxt")):
        text = config.read_text("utf-8")
        if TENSORRT not in text:
            continue
        lines = [
            "instance_group [ { count: 1 kind: KIND_CPU } ]" if line.startswith("instance_group") else line
            for line in text.replace(TENSORRT, 'backend: "python"').splitlines()
        ]
        config.write_text("\n".join(lines) + "\n", "utf-8")
        (config.parent / "1" / "model.py").write_text(RUNNER, "utf-8")
        replaced += 1
    return replaced
